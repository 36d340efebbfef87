/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packet filter of all networks: one table `inet ward` for nft(8), replaced in one transaction.
 *
 * Stops: the host's services being reached, other networks and link-local addresses (the metadata
 * services of clouds) being reached, anything coming in that was not published, and one container
 * filling the table of connections for all. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/inner.h"

/* --- the text ------------------------------------------------------------------------ */

static const char head[] =
	"	set flows4 { type ipv4_addr; size 65535; flags dynamic; }\n"
	"	set flows6 { type ipv6_addr; size 65535; flags dynamic; }\n"
	"	set asks4 { type ipv4_addr; size 65535; flags dynamic; timeout 1m; }\n"
	"	set asks6 { type ipv6_addr; size 65535; flags dynamic; timeout 1m; }\n"
	"	map port4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"	map port6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	"	map host4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"	map host6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	/* Published ports: for who comes from outside. The host itself goes through the relay, and
	 * containers are not outside. */
	"	chain prerouting {\n"
	"		type nat hook prerouting priority dstnat - 5; policy accept;\n"
	"		iifname @bridges return\n"
	"		fib daddr type != local return\n"
	"		meta l4proto != { tcp, udp } return\n"
	"		dnat ip to ip daddr . meta l4proto . th dport map @host4\n"
	"		dnat ip6 to ip6 daddr . meta l4proto . th dport map @host6\n"
	"		meta nfproto ipv4 dnat ip to meta l4proto . th dport map @port4\n"
	"		meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @port6\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter - 5; policy accept;\n"
	"		iifname @bridges jump leave\n"
	"		oifname @bridges jump arrive\n"
	/* What forwards only because of us forwards for us alone. */
	"		meta nfproto ipv4 iifname @opened4 ct state != { established, related } "
	"ct status ! dnat drop\n"
	"		meta nfproto ipv6 iifname @opened6 ct state != { established, related } "
	"ct status ! dnat drop\n"
	"	}\n"
	"	chain arrive {\n"
	"		ct state { established, related } accept\n"
	"		ct status dnat accept\n"
	"		drop\n"
	"	}\n"
	"	chain input {\n"
	"		type filter hook input priority filter - 5; policy accept;\n"
	"		iifname @bridges jump host\n"
	"	}\n"
	/* What a container may want of the host: its lease, names, an echo, neighbours. */
	"	chain host {\n"
	"		ct state { established, related } accept\n"
	"		icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept\n"
	"		jump flows\n"
	"		meta nfproto ipv4 udp sport 68 udp dport 67 accept\n"
	"		meta nfproto ipv6 udp sport 546 udp dport 547 accept\n"
	"		fib daddr . iif type != local drop\n"
	"		icmp type echo-request accept\n"
	"		icmpv6 type echo-request accept\n"
	"		udp dport 53 update @asks4 { ip saddr limit rate over 200/second burst 400 packets } drop\n"
	"		udp dport 53 update @asks6 { ip6 saddr limit rate over 200/second burst 400 packets } drop\n"
	"		meta l4proto { tcp, udp } th dport 53 accept\n"
	"		iifname . meta l4proto . th dport @allowed accept\n"
	"		drop\n"
	"	}\n";

static void set_of_names(const char *name, const struct list *items, struct str *out)
{
	str_addf(out, "	set %s { type ifname;", name);
	for (size_t i = 0; i < items->n; i++)
		str_addf(out, "%s \"%s\"", i ? "," : " elements = {", items->item[i]);
	str_add(out, items->n ? " }; }\n" : " }\n");
}

static void bridges_set(const struct filter_input *in, struct str *out)
{
	str_add(out, "	set bridges { type ifname; elements = {");
	for (size_t i = 0; i < in->n; i++)
		str_addf(out, "%s \"%s\"", i ? "," : "", in->net[i].bridge);
	str_add(out, " }; }\n");
}

static void allowed_set(const struct filter_input *in, struct str *out)
{
	const char *between = " elements = {";

	str_add(out, "	set allowed { type ifname . inet_proto . inet_service;");
	for (size_t i = 0; i < in->n; i++)
		for (size_t k = 0; k < in->net[i].n_allow; k++) {
			const struct net_allow *a = &in->net[i].allow[k];

			str_addf(out, "%s \"%s\" . %s . %u", between, in->net[i].bridge,
				 a->protocol == IPPROTO_TCP ? "tcp" : "udp", a->port);
			between = ",";
		}
	str_add(out, between[0] == ',' ? " }; }\n" : " }\n");
}

static void flows_chain(const struct filter_input *in, struct str *out)
{
	str_add(out, "	chain flows {\n");
	for (size_t i = 0; i < in->n; i++) {
		const struct net_config *c = &in->net[i];
		uint32_t most = c->connections ? c->connections : in->connections;

		str_addf(out,
			 "		iifname \"%s\" ct state new add @flows4 { ip saddr ct count over "
			 "%u } drop\n"
			 "		iifname \"%s\" ct state new add @flows6 { ip6 saddr ct count over "
			 "%u } drop\n",
			 c->bridge, most, c->bridge, most);
	}
	str_add(out, "	}\n");
}

/* What leaves the containers of any network for somewhere else. */
static void leave_chain(const struct filter_input *in, struct str *out)
{
	str_add(out, "	chain leave {\n"
		     "		ct state invalid drop\n");
	/* The bridge's own business, seen here only with bridge-nf-call-iptables. */
	for (size_t i = 0; i < in->n; i++)
		if (in->net[i].shared)
			str_addf(out, "		iifname \"%s\" oifname \"%s\" accept\n",
				 in->net[i].bridge, in->net[i].bridge);
	str_add(out, "		oifname @bridges drop\n"
		     "		ip daddr { 127.0.0.0/8, 169.254.0.0/16 } drop\n"
		     "		ip6 daddr { ::1, fe80::/10 } drop\n"
		     "		ct state { established, related } accept\n"
		     "		fib saddr . iif oif 0 drop\n"
		     "		jump flows\n"
		     "		accept\n"
		     "	}\n");
}

static void postrouting_chain(const struct filter_input *in, struct str *out)
{
	str_add(out, "	chain postrouting {\n"
		     "		type nat hook postrouting priority srcnat - 5; policy accept;\n");
	for (size_t i = 0; i < in->n; i++) {
		const struct net_config *c = &in->net[i];
		char text[INET6_ADDRSTRLEN];

		if (c->nat && c->length4)
			str_addf(out, "		ip saddr %s/%u oifname != @bridges masquerade\n",
				 inet_ntop(AF_INET, &c->address4, text, sizeof(text)), c->length4);
		if (c->nat && c->length6)
			str_addf(out, "		ip6 saddr %s/%u oifname != @bridges masquerade\n",
				 inet_ntop(AF_INET6, &c->address6, text, sizeof(text)), c->length6);
	}
	str_add(out, "	}\n");
}

void filter_text(const struct filter_input *in, struct str *out)
{
	/* Declared before it is deleted: deleting what is not there would be an error. */
	str_add(out, "table inet " NET_TABLE "\ndelete table inet " NET_TABLE "\n");
	if (!in->n)
		return;
	str_add(out, "table inet " NET_TABLE " {\n");
	bridges_set(in, out);
	set_of_names("opened4", in->opened4, out);
	set_of_names("opened6", in->opened6, out);
	allowed_set(in, out);
	str_add(out, head);
	flows_chain(in, out);
	leave_chain(in, out);
	postrouting_chain(in, out);
	str_add(out, "}\n");
	str_add(out, in->elements);
}

/* --- loading ------------------------------------------------------------------------- */

/* A network is up when it says so in RUN. */
static bool is_up(const struct store *s, const char *name)
{
	char path[NET_NAME_MAX + 16];
	struct stat st;

	snprintf(path, sizeof(path), NET_FOLDER "/%s/up", name);
	return fstatat(s->run, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int read_networks(const struct store *s, const char *also, const char *without,
			 struct net_config *net, size_t max, size_t *n, struct err *e)
{
	autolist names = { 0 };
	int ret = net_run_names(s, &names, e);

	for (size_t i = 0; i < names.n && ret == 0; i++) {
		const char *name = names.item[i];

		if ((without && !strcmp(name, without)) ||
		    (!(also && !strcmp(name, also)) && !is_up(s, name)))
			continue;
		if (*n == max)
			return err_msg(e, E2BIG, "at most %zu networks can be up at once", max);
		ret = net_config_read(s, name, &net[*n], e);
		*n += ret == 0;
	}
	return ret;
}

/* What one container may have of the connections that the host can track. */
static uint32_t share_of_connections(void)
{
	int64_t max = sysctl_get("netfilter/nf_conntrack_max");

	return max >= 512 ? (uint32_t)(max / 8) : 64;
}

int filter_load(const struct store *s, const char *also, const char *without, struct err *e)
{
	enum { NETWORKS_MAX = 64 };
	autofree struct net_config *net = calloc(NETWORKS_MAX, sizeof(*net));
	autolist opened4 = { 0 }, opened6 = { 0 };
	autostr elements = { 0 }, text = { 0 };
	struct filter_input in = { .net = net, .opened4 = &opened4, .opened6 = &opened6,
				   .connections = share_of_connections() };
	const char *argv[] = { "nft", "-f", "-", NULL };
	char path[64];
	int ret;

	if (!net)
		return err_mem(e);
	ret = read_networks(s, also, without, net, NETWORKS_MAX, &in.n, e);
	if (ret == 0)
		ret = forward_opened(s, AF_INET, &opened4, e);
	if (ret == 0)
		ret = forward_opened(s, AF_INET6, &opened6, e);
	if (ret == 0)
		ret = publish_elements(s, &elements, e);
	if (ret < 0)
		return ret;
	in.elements = str_text(&elements);
	filter_text(&in, &text);
	if (text.failed)
		return err_mem(e);
	if (!tool_find("nft", path, sizeof(path)))
		return err_msg(
			e, ENOENT,
			"a network needs nft(8) for its packet filter, and it is not installed; "
			"install the package nftables");
	ret = tool_must(path, argv, str_text(&text), NULL, e);
	return ret < 0 ? err_add(e, "load the packet filter of the networks") : 0;
}
