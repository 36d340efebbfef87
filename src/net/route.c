/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What leads where on this host: its uplinks, and addresses that nobody uses. rtnetlink(7) */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/nl.h"
#include "net/inner.h"

/* --- uplinks ------------------------------------------------------------------------- */

static void add_index(struct uplinks *up, int index)
{
	for (size_t i = 0; i < up->n; i++)
		if (up->item[i].index == index)
			return;
	if (index && up->n < UPLINKS_MAX)
		up->item[up->n++].index = index;
}

static int add_route(const struct nlmsghdr *m, void *ctx)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	const struct rtattr *attr[RTA_MULTIPATH + 1];

	if (m->nlmsg_type != RTM_NEWROUTE || route->rtm_type != RTN_UNICAST ||
	    (route->rtm_flags & RTM_F_CLONED))
		return 0;
	nl_attributes(m, sizeof(*route), attr, RTA_MULTIPATH);
	if (attr[RTA_MULTIPATH]) {
		const struct rtnexthop *hop = RTA_DATA(attr[RTA_MULTIPATH]);
		int left = (int)RTA_PAYLOAD(attr[RTA_MULTIPATH]);

		for (; RTNH_OK(hop, left); left -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
			add_index(ctx, hop->rtnh_ifindex);
	} else if (attr[RTA_GATEWAY] || route->rtm_dst_len == 0) {
		add_index(ctx, (int)nl_number(attr[RTA_OIF]));
	}
	return 0;
}

static int dump_routes(int nl, int family, int (*each)(const struct nlmsghdr *m, void *ctx),
		       void *ctx, struct err *e)
{
	struct rtmsg head = { .rtm_family = (unsigned char)family };
	struct nl_batch b;

	nl_begin(&b);
	nl_request(&b, RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head),
		   "list the routes of the host");
	return nl_ask(nl, &b, each, ctx, e);
}

int route_uplinks(int nl, struct uplinks *out, struct err *e)
{
	size_t kept = 0;
	int ret = dump_routes(nl, AF_INET, add_route, out, e);

	if (ret == 0)
		ret = dump_routes(nl, AF_INET6, add_route, out, e);
	for (size_t i = 0; i < out->n && ret == 0; i++) {
		struct bridge link;

		/* One that vanished meanwhile is none. */
		if (bridge_look(nl, NULL, out->item[i].index, &link, e) < 0 ||
		    !strcmp(link.name, "lo"))
			continue;
		out->item[kept] = (struct uplink){ .index = link.index, .mtu = link.mtu };
		snprintf(out->item[kept++].name, IFNAMSIZ, "%s", link.name);
	}
	out->n = kept;
	return ret;
}

static int note_oif(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[RTA_OIF + 1];

	if (m->nlmsg_type != RTM_NEWROUTE)
		return 0;
	nl_attributes(m, sizeof(struct rtmsg), attr, RTA_OIF);
	*(uint32_t *)ctx = nl_number(attr[RTA_OIF]);
	return 0;
}

uint32_t route_world(int nl, int family)
{
	/* Addresses that are given to nobody, so only a default route leads there. */
	static const uint8_t world4[4] = { 192, 88, 99, 1 };
	static const uint8_t world6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct rtmsg head = { .rtm_family = (unsigned char)family,
			      .rtm_dst_len = family == AF_INET ? 32 : 128 };
	struct err none = ERR_NONE;
	uint32_t index = 0;
	struct nl_batch b;

	nl_begin(&b);
	nl_request(&b, RTM_GETROUTE, 0, &head, sizeof(head), "ask for a route");
	if (family == AF_INET)
		nl_put(&b, RTA_DST, world4, sizeof(world4));
	else
		nl_put(&b, RTA_DST, world6, sizeof(world6));
	return nl_ask(nl, &b, note_oif, &index, &none) < 0 ? 0 : index;
}

/* --- free addresses ------------------------------------------------------------------ */

struct subnet {
	uint32_t from, to; /* in the host's order */
};

struct used {
	struct subnet *item;
	size_t n, room;
	bool failed;
	const char *except; /* a bridge whose own routes do not count */
	int except_index;
};

static struct subnet subnet_of(uint32_t address, uint8_t length)
{
	uint32_t mask = length ? ~0U << (32 - length) : 0;

	return (struct subnet){ address & mask, address | ~mask };
}

static void add_used(struct used *u, struct subnet s)
{
	struct subnet *grown;

	if (u->n == u->room) {
		u->room = u->room ? 2 * u->room : 32;
		grown = reallocarray(u->item, u->room, sizeof(*u->item));
		if (!grown) {
			u->failed = true;
			return;
		}
		u->item = grown;
	}
	u->item[u->n++] = s;
}

static int use_route(const struct nlmsghdr *m, void *ctx)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	const struct rtattr *attr[RTA_OIF + 1];
	struct used *u = ctx;
	const void *to;

	if (m->nlmsg_type != RTM_NEWROUTE || route->rtm_dst_len == 0)
		return 0;
	nl_attributes(m, sizeof(*route), attr, RTA_OIF);
	to = nl_data(attr[RTA_DST], sizeof(uint32_t));
	if (to && (!u->except_index || (int)nl_number(attr[RTA_OIF]) != u->except_index)) {
		uint32_t address;

		memcpy(&address, to, sizeof(address));
		add_used(u, subnet_of(ntohl(address), route->rtm_dst_len));
	}
	return u->failed ? -ENOMEM : 0;
}

static int use_networks(const struct store *s, const char *but, struct used *u, struct err *e)
{
	autolist names = { 0 };
	int ret = net_config_names(s, &names, e);

	for (size_t i = 0; i < names.n && ret == 0; i++) {
		struct net_config c;

		if (strcmp(names.item[i], but) && net_config_read(s, names.item[i], &c, e) == 0 &&
		    c.length4)
			add_used(u, subnet_of(ntohl(c.address4.s_addr), c.length4));
	}
	return ret;
}

/* The table "local" is in the dump: addresses of interfaces that are down are not, so a route that
 * comes back later may still overlap; then it is the longer one that wins. */
static int look_used(int nl, const struct store *s, const struct net_config *c, struct used *u,
		     struct err *e)
{
	int ret;

	u->except_index = c->bridge[0] ? nl_index(nl, c->bridge, e) : 0;
	if (u->except_index < 0)
		u->except_index = 0;
	ret = dump_routes(nl, AF_INET, use_route, u, e);
	if (ret == 0)
		ret = use_networks(s, c->name, u, e);
	return ret == 0 && u->failed ? err_mem(e) : ret;
}

static bool is_free(const struct used *u, struct subnet s)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->item[i].from <= s.to && s.from <= u->item[i].to)
			return false;
	return true;
}

/* A /22, from the middle of 10.0.0.0/8 first, because companies begin to count at its start. The first
 * candidate is taken by chance, or two hosts that a VPN joins later would have chosen the same. */
static bool pick(const struct used *u, struct net_config *c)
{
	static const struct subnet pools[] = {
		{ 0x0a400000, 0x0abfffff }, /* 10.64.0.0 */
		{ 0x0a000000, 0x0affffff }, /* 10.0.0.0/8 */
		{ 0xac100000, 0xac1fffff }, /* 172.16.0.0/12 */
		{ 0xc0a80000, 0xc0a8ffff }, /* 192.168.0.0/16 */
	};
	enum { LENGTH = 22, SIZE = 1 << (32 - LENGTH) };
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), 0) < 0)
		chance = 0;
	for (size_t p = 0; p < ARRAY_SIZE(pools); p++) {
		uint32_t n = (pools[p].to - pools[p].from + 1) / SIZE;

		for (uint32_t i = 0; i < n; i++) {
			uint32_t base = pools[p].from + (chance + i) % n * SIZE;

			if (!is_free(u, subnet_of(base, LENGTH)))
				continue;
			c->address4.s_addr = htonl(base + 1);
			c->length4 = LENGTH;
			return true;
		}
	}
	return false;
}

/* RFC 4193, 3.2.2: fd, 40 bits of chance, subnet 0. */
static int pick6(struct net_config *c, struct err *e)
{
	uint8_t *b = c->address6.s6_addr;

	memset(b, 0, 16);
	b[0] = 0xfd;
	if (getrandom(b + 1, 5, 0) != 5)
		return err_sys(e, "read random numbers");
	b[15] = 1;
	c->length6 = 64;
	return 0;
}

int route_choose(int nl, const struct store *s, struct net_config *c, bool want4, bool want6,
		 struct err *e)
{
	struct used u = { .n = 0 };
	int ret = 0;

	if (want4) {
		ret = look_used(nl, s, c, &u, e);
		if (ret == 0 && !pick(&u, c))
			ret = err_msg(
				e, EADDRNOTAVAIL,
				"every private IPv4 subnet is in use on this host; choose one "
				"for network %s (ward net create --subnet4)",
				c->name);
		free(u.item);
	}
	return ret == 0 && want6 ? pick6(c, e) : ret;
}

int route_is_free(int nl, const struct store *s, const struct net_config *c, struct err *e)
{
	char text[INET_ADDRSTRLEN];
	struct used u = { .n = 0 };
	bool is;
	int ret;

	if (!c->length4)
		return 0;
	ret = look_used(nl, s, c, &u, e);
	is = ret == 0 && is_free(&u, subnet_of(ntohl(c->address4.s_addr), c->length4));
	free(u.item);
	if (ret < 0 || is)
		return ret;
	inet_ntop(AF_INET, &c->address4, text, sizeof(text));
	return err_msg(
		e, EADDRINUSE,
		"subnet4 %s/%u of network %s overlaps a route, an address or another network "
		"of this host",
		text, c->length4, c->name);
}
