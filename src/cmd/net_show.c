/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward net ls, info, leases. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/net.h"
#include "net/lease.h"
#include "store/store.h"

struct args {
	bool json;
};

static const struct opt opts[] = {
	{ .name = "json", .take = opt_true, .at = offsetof(struct args, json), .doc = "print JSON" },
	{ 0 }
};

void net_show4(struct in_addr address, uint8_t length, struct str *out)
{
	char text[INET_ADDRSTRLEN];

	if (length)
		str_addf(out, "%s/%u", inet_ntop(AF_INET, &address, text, sizeof(text)), length);
}

void net_show6(const struct in6_addr *address, uint8_t length, struct str *out)
{
	char text[INET6_ADDRSTRLEN];

	if (length)
		str_addf(out, "%s/%u", inet_ntop(AF_INET6, address, text, sizeof(text)), length);
}

/* What a showing subcommand is given: everything to print goes into one of the two. */
struct showing {
	const struct store *store;
	struct str *out;
	struct json_out *json; /* NULL: text */
};

static int leases_visit(const struct lease_entry *entry, void *ctx);

/* --- one network --------------------------------------------------------------------- */

static void config_json(const struct net_config *c, const struct network *up, struct json_out *j)
{
	autostr four = { 0 }, six = { 0 };

	net_show4(c->address4, c->length4, &four);
	net_show6(&c->address6, c->length6, &six);
	json_put_string(j, "name", c->name);
	json_put_string(j, "bridge", c->bridge);
	json_put_bool(j, "up", up->index != 0);
	json_put_string(j, "subnet4", four.len ? four.text : NULL);
	json_put_string(j, "subnet6", six.len ? six.text : NULL);
	json_put_bool(j, "shared", c->shared);
	json_put_bool(j, "nat", c->nat);
	json_put_bool(j, "rebind", c->rebind);
	json_put_u64(j, "mtu", up->mtu ? up->mtu : c->mtu);
	json_put_u64(j, "connections", c->connections);
	json_put_u64(j, "addresses", net_config_hosts(c->length4));
	json_open_array(j, "allow_host");
	for (size_t i = 0; i < c->n_allow; i++) {
		autostr port = { 0 };

		str_addf(&port, "%s:%u", c->allow[i].protocol == IPPROTO_TCP ? "tcp" : "udp",
			 c->allow[i].port);
		json_put_string(j, NULL, str_text(&port));
	}
	json_close(j);
}

static int ls_one(const struct showing *s, const char *name, struct err *e)
{
	struct network up = { 0 };
	struct net_config c;
	autostr four = { 0 }, six = { 0 };
	int ret = net_config_read(s->store, name, &c, e);

	if (ret < 0)
		return ret;
	network_is_up(s->store, name, &up);
	if (s->json) {
		json_open_object(s->json, NULL);
		config_json(&c, &up, s->json);
		json_close(s->json);
		return 0;
	}
	net_show4(c.address4, c.length4, &four);
	net_show6(&c.address6, c.length6, &six);
	str_addf(s->out, "%-15s %-15s %-5s %-9s %-19s %s\n", c.name, c.bridge,
		 up.index ? "up" : "down", c.shared ? "shared" : "isolated", str_text(&four),
		 str_text(&six));
	return 0;
}

static int ls_all(const struct showing *s, int argc, char **argv, struct err *e)
{
	struct list names = { 0 };
	int ret;

	(void)argv;
	if (argc)
		return err_msg(e, EINVAL, "ls takes no operands");
	ret = net_config_names(s->store, &names, e);
	if (s->json)
		json_open_array(s->json, NULL);
	else
		str_addf(s->out, "%-15s %-15s %-5s %-9s %-19s %s\n", "NAME", "BRIDGE", "STATE",
			 "PORTS", "IPV4", "IPV6");
	for (size_t i = 0; i < names.n && ret == 0; i++)
		ret = ls_one(s, names.item[i], e);
	if (s->json)
		json_close(s->json);
	list_clear(&names);
	return ret;
}

static int info_one(const struct showing *s, int argc, char **argv, struct err *e)
{
	const char *name = argc ? argv[0] : NETWORK_DEFAULT;
	struct network up = { 0 };
	struct net_config c;
	int ret = argc > 1 ? err_msg(e, EINVAL, "one network at a time") :
			     net_config_check_name(name, e);

	if (ret == 0)
		ret = net_config_read(s->store, name, &c, e);
	if (ret < 0)
		return ret;
	network_is_up(s->store, name, &up);
	if (s->json) {
		json_open_object(s->json, NULL);
		config_json(&c, &up, s->json);
		json_open_array(s->json, "leases");
		ret = lease_each(s->store, name, leases_visit, (void *)s, e);
		json_close(s->json);
		json_close(s->json);
		return ret;
	}
	str_addf(s->out, "name=%s\nup=%s\n", c.name, up.index ? "yes" : "no");
	net_config_write(&c, s->out);
	return 0;
}

/* --- leases -------------------------------------------------------------------------- */

static int leases_visit(const struct lease_entry *entry, void *ctx)
{
	const struct showing *s = ctx;
	const uint8_t *m = entry->lease.mac;
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN], mac[18];

	inet_ntop(AF_INET, &entry->lease.address4, four, sizeof(four));
	inet_ntop(AF_INET6, &entry->lease.address6, six, sizeof(six));
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
	if (!s->json) {
		str_addf(s->out, "%-24s %6u %-8s %-17s %-15s %s\n", entry->owner, entry->device,
			 entry->live ? "running" : "kept", mac, four, six);
		return 0;
	}
	json_open_object(s->json, NULL);
	json_put_string(s->json, "container", entry->owner);
	json_put_u64(s->json, "device", entry->device);
	json_put_bool(s->json, "running", entry->live);
	json_put_bool(s->json, "kept", entry->kept);
	json_put_string(s->json, "mac", mac);
	json_put_string(s->json, "address4", entry->lease.address4.s_addr ? four : NULL);
	json_put_string(s->json, "address6",
			IN6_IS_ADDR_UNSPECIFIED(&entry->lease.address6) ? NULL : six);
	json_close(s->json);
	return 0;
}

static int leases_all(const struct showing *s, int argc, char **argv, struct err *e)
{
	const char *name = argc ? argv[0] : NETWORK_DEFAULT;
	struct net_config c;
	int ret = argc > 1 ? err_msg(e, EINVAL, "one network at a time") :
			     net_config_check_name(name, e);

	if (ret == 0)
		ret = net_config_read(s->store, name, &c, e);
	if (ret < 0)
		return ret;
	if (s->json)
		json_open_array(s->json, NULL);
	else
		str_addf(s->out, "%-24s %6s %-8s %-17s %-15s %s\n", "CONTAINER", "DEVICE", "STATE",
			 "MAC", "IPV4", "IPV6");
	ret = lease_each(s->store, name, leases_visit, (void *)s, e);
	if (s->json)
		json_close(s->json);
	return ret;
}

/* --- the three commands -------------------------------------------------------------- */

static int show(const struct cmd *c, int argc, char **argv,
		int (*all)(const struct showing *s, int argc, char **argv, struct err *e))
{
	struct args a = { 0 };
	struct err e = ERR_NONE;
	struct json_out json;
	struct store store;
	autostr out = { 0 };
	struct showing s = { .store = &store, .out = &out };
	int first, status, ret;

	if (!cmd_parse(c, argc, argv, &a, &first, &status))
		return status;
	if (store_open(&store, &e) < 0)
		return cmd_fail(&e, CMD_FAILED);
	network_gc(&store);
	if (a.json) {
		s.json = &json;
		json_start(&json, &out, JSON_INDENT);
	}
	ret = all(&s, argc - first, argv + first, &e);
	if (ret == 0 && a.json && json_finish(&json) < 0)
		ret = err_mem(&e);
	store_close(&store);
	return ret < 0 ? cmd_fail(&e, CMD_FAILED) : cmd_print(&out);
}

static int ls_run(int argc, char **argv)
{
	return show(&cmd_net_ls, argc, argv, ls_all);
}

static int info_run(int argc, char **argv)
{
	return show(&cmd_net_info, argc, argv, info_one);
}

static int leases_run(int argc, char **argv)
{
	return show(&cmd_net_leases, argc, argv, leases_all);
}

const struct cmd cmd_net_ls = {
	.name = "net ls",
	.args = "",
	.summary = "list the networks",
	.opts = opts,
	.run = ls_run,
};

const struct cmd cmd_net_info = {
	.name = "net info",
	.args = "[NAME]",
	.summary = "print how a network is defined",
	.opts = opts,
	.run = info_run,
};

const struct cmd cmd_net_leases = {
	.name = "net leases",
	.args = "[NAME]",
	.summary = "list which container has which address",
	.opts = opts,
	.run = leases_run,
};
