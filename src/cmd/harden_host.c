/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward harden-host: settings of the host's network that containers could use against it, and what mends
 * them. Reads and prints; changes nothing. Documentation/networking/ip-sysctl.rst, bridge(8). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "net/config.h"
#include "net/tool.h"

struct args {
	bool json;
};

static const struct opt opts[] = {
	{ .name = "json", .take = opt_true, .at = offsetof(struct args, json), .doc = "print JSON" },
	{ 0 }
};

/* --- the report ---------------------------------------------------------------------- */

struct report {
	struct str *text;
	struct json_out *json; /* NULL: text */
	struct str sysctls;    /* lines for sysctl.d */
	size_t weak;
};

/* One thing looked at. why, mend: only when it is weak. */
static void tell(struct report *r, bool good, const char *name, const char *value, const char *why,
		 const char *mend)
{
	r->weak += !good;
	if (r->json) {
		json_open_object(r->json, NULL);
		json_put_string(r->json, "name", name);
		json_put_string(r->json, "value", value);
		json_put_string(r->json, "state", good ? "ok" : "weak");
		json_put_string(r->json, "why", good ? NULL : why);
		json_put_string(r->json, "mend", good ? NULL : mend);
		json_close(r->json);
		return;
	}
	str_addf(r->text, "%-5s %s = %s\n", good ? "ok" : "weak", name, value);
	if (good)
		return;
	str_add(r->text, "      ");
	opt_wrap(why, 6, r->text);
	str_addf(r->text, "\n      %s\n", mend);
}

/* --- sysctls ------------------------------------------------------------------------- */

struct device {
	const char *name;
	bool inside;	     /* faces containers: a bridge, a port of one, or a veth */
	bool router_is_told; /* its default route came from a router advertisement */
};

static bool any(const struct device *d)
{
	(void)d;
	return true;
}

static bool faces_containers(const struct device *d)
{
	return d->inside;
}

/* Where the host lives on advertisements they are not to be switched off. */
static bool needs_no_ra(const struct device *d)
{
	return !d->router_is_told;
}

static const struct row {
	const char *path; /* %s: the interface; without it: one for the host */
	int64_t min, max; /* that are good */
	bool (*concerns)(const struct device *d);
	int64_t value; /* that mends */
	const char *why;
} rows[] = {
	{ "ipv4/conf/all/forwarding", 0, 0, NULL, 0,
	  "the host forwards between all its networks; off if nothing needs it: routers, Docker and libvirt "
	  "do, ward's networks do not" },
	{ "ipv6/conf/all/forwarding", 0, 0, NULL, 0,
	  "the same for IPv6; a host that forwards also ignores router advertisements" },
	{ "bridge/bridge-nf-call-iptables", 0, 0, NULL, 0,
	  "frames between two ports of a bridge go through iptables, whose rules were written for routed "
	  "packets; Kubernetes wants it so" },
	{ "bridge/bridge-nf-call-ip6tables", 0, 0, NULL, 0, "the same for ip6tables" },
	{ "bridge/bridge-nf-call-arptables", 0, 0, NULL, 0, "the same for arptables" },
	{ "ipv6/conf/default/accept_ra", 0, 0, NULL, 0,
	  "interfaces that are made from now on, those of containers among them, believe whoever says "
	  "that he is a router" },
	{ "ipv4/conf/default/rp_filter", 1, 2, NULL, 1,
	  "interfaces that are made from now on accept packets with forged sources" },
	{ "ipv6/conf/%s/accept_ra", 0, 0, needs_no_ra, 0,
	  "whoever is behind it can become the host's router: a container gets all the host's traffic" },
	{ "ipv6/conf/%s/accept_redirects", 0, 0, faces_containers, 0,
	  "a container can lead the host's packets elsewhere" },
	{ "ipv4/conf/%s/rp_filter", 1, 2, faces_containers, 1,
	  "packets with forged sources are accepted from containers" },
	{ "ipv4/conf/%s/route_localnet", 0, 0, any, 0,
	  "services that listen on 127.0.0.1 can be reached from outside" },
};

/* rp_filter: the larger of the interface's and all's counts; route_localnet likewise. */
static int64_t effective(const char *path, int64_t value)
{
	int64_t all = -1;

	if (strstr(path, "rp_filter"))
		all = sysctl_get("ipv4/conf/all/rp_filter");
	else if (strstr(path, "route_localnet"))
		all = sysctl_get("ipv4/conf/all/route_localnet");
	return all > value ? all : value;
}

static void look_sysctl(struct report *r, const struct row *row, const char *path)
{
	int64_t value = sysctl_get(path);
	char name[128], text[24];
	autostr mend = { 0 };
	bool good;

	if (value < 0)
		return; /* the kernel has none, nothing to say */
	value = effective(path, value);
	good = value >= row->min && value <= row->max;
	/* sysctl(8) takes slashes too, and an interface's name may hold dots. */
	snprintf(name, sizeof(name), "net/%s", path);
	snprintf(text, sizeof(text), "%lld", (long long)value);
	str_addf(&mend, "sysctl -w %s=%lld", name, (long long)row->value);
	tell(r, good, name, text, row->why, str_text(&mend));
	if (!good)
		str_addf(&r->sysctls, "%s = %lld\n", name, (long long)row->value);
}

/* --- interfaces ---------------------------------------------------------------------- */

static bool has(const char *interface, const char *what)
{
	char path[96];
	struct stat st;

	snprintf(path, sizeof(path), "/sys/class/net/%.32s/%s", interface, what);
	return stat(path, &st) == 0;
}

static int64_t number(const char *interface, const char *what)
{
	char path[96];
	autostr text = { 0 };
	int64_t value;

	snprintf(path, sizeof(path), "/sys/class/net/%.32s/%s", interface, what);
	if (file_read(AT_FDCWD, path, 32, &text) < 0 || !text.len)
		return -1;
	text.text[strcspn(text.text, "\n")] = '\0';
	return str_i64(text.text, INT32_MIN, INT32_MAX, &value) < 0 ? -1 : value;
}

/* It is linked with another interface, and neither is hardware. */
static bool is_veth(const char *interface)
{
	return !has(interface, "device") &&
	       number(interface, "iflink") != number(interface, "ifindex");
}

/* "... RTF_DEFAULT | RTF_ADDRCONF" in the routing table, proc_net(5): flags 0x10000 and 0x40000. */
static bool lives_on_ra(const char *interface)
{
	autostr text = { 0 };

	if (file_read(AT_FDCWD, "/proc/net/ipv6_route", 1 << 20, &text) < 0)
		return false;
	for (const char *p = str_text(&text); *p; p += strcspn(p, "\n"), p += *p == '\n') {
		char device[33];
		unsigned flags;

		if (sscanf(p, "%*s %*s %*s %*s %*s %*s %*s %*s %x %32s", &flags, device) == 2 &&
		    !strcmp(device, interface) && (flags & 0x50000) == 0x50000)
			return true;
	}
	return false;
}

static void look_interface(struct report *r, const char *name)
{
	struct device d = { .inside = has(name, "bridge") || is_veth(name),
			    .router_is_told = lives_on_ra(name) };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[96];

		if (!rows[i].concerns || !rows[i].concerns(&d))
			continue;
		snprintf(path, sizeof(path), rows[i].path, name);
		look_sysctl(r, &rows[i], path);
	}
}

/* --- bridges ------------------------------------------------------------------------- */

/* Containers of a shared network are meant to reach each other. */
static bool meant_shared(const char *bridge)
{
	struct err e = ERR_NONE;
	struct list names = { 0 };
	struct net_config c;
	struct store s;
	bool shared = false;

	if (store_open(&s, &e) < 0)
		return false;
	net_config_names(&s, &names, &e);
	for (size_t i = 0; i < names.n; i++)
		if (net_config_read(&s, names.item[i], &c, &e) == 0 && !strcmp(c.bridge, bridge))
			shared = c.shared;
	list_clear(&names);
	store_close(&s);
	return shared;
}

static void look_port(struct report *r, const char *bridge, const char *port, bool shared)
{
	char name[64], mend[96];
	bool isolated;

	if (has(port, "device") || number(port, "brport/isolated") < 0)
		return;
	isolated = number(port, "brport/isolated") == 1;
	snprintf(name, sizeof(name), "%.16s port %.16s isolated", bridge, port);
	snprintf(mend, sizeof(mend), "bridge link set dev %.32s isolated on", port);
	tell(r, isolated || shared, name,
	     isolated ? "1" :
	     shared   ? "0 (a shared network)" :
			"0",
	     "the container behind it reaches the others on this bridge below IP, where no firewall "
	     "rule for addresses counts",
	     mend);
}

static void look_bridge(struct report *r, const char *bridge)
{
	bool shared = meant_shared(bridge);
	autoclosedir DIR *d = NULL;
	struct dirent *entry;
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/net/%.32s/brif", bridge);
	d = opendir(path);
	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			look_port(r, bridge, entry->d_name, shared);
}

static int look(struct report *r, struct err *e)
{
	autoclosedir DIR *d = opendir("/sys/class/net");
	struct dirent *entry;

	if (!d)
		return err_sys(e, "list the interfaces in /sys/class/net");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!rows[i].concerns)
			look_sysctl(r, &rows[i], rows[i].path);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "lo"))
			continue;
		/* What comes in by a port of a bridge is the bridge's, and so are the settings that count. */
		if (!has(entry->d_name, "brport"))
			look_interface(r, entry->d_name);
		if (has(entry->d_name, "bridge"))
			look_bridge(r, entry->d_name);
	}
	return 0;
}

/* --- the command --------------------------------------------------------------------- */

static int report_json(struct report *r, struct err *e)
{
	struct json_out j;
	int ret;

	r->json = &j;
	json_start(&j, r->text, JSON_INDENT);
	json_open_object(&j, NULL);
	json_open_array(&j, "findings");
	ret = look(r, e);
	json_close(&j);
	json_put_u64(&j, "weak", r->weak);
	json_put_string(&j, "sysctl_d", str_text(&r->sysctls));
	json_close(&j);
	return ret == 0 && json_finish(&j) < 0 ? err_mem(e) : ret;
}

static int report_text(struct report *r, struct err *e)
{
	int ret = look(r, e);

	if (r->sysctls.len)
		str_addf(r->text, "\n# /etc/sysctl.d/60-ward-harden.conf, for every boot:\n%s",
			 r->sysctls.text);
	str_addf(r->text, "\n%zu weak. Nothing was changed.\n", r->weak);
	return ret;
}

static int run(int argc, char **argv)
{
	struct args a = { 0 };
	struct err e = ERR_NONE;
	autostr out = { 0 };
	struct report r = { .text = &out };
	int first, status, ret;

	if (!cmd_parse(&cmd_harden_host, argc, argv, &a, &first, &status))
		return status;
	if (first < argc)
		return cmd_refused(&cmd_harden_host,
				   err_msg(&e, EINVAL, "harden-host takes no operands"), &e);
	ret = a.json ? report_json(&r, &e) : report_text(&r, &e);
	str_free(&r.sysctls);
	return ret < 0 ? cmd_fail(&e, CMD_FAILED) : cmd_print(&out);
}

const struct cmd cmd_harden_host = {
	.name = "harden-host",
	.args = "",
	.summary = "print what of the host's network settings containers could use, and what mends it",
	.details = "It changes nothing. Forwarding, router advertisements, redirects, reverse path "
		   "filters, route_localnet, iptables on bridges, and the isolation of bridge ports "
		   "with containers are looked at.",
	.opts = opts,
	.run = run,
};
