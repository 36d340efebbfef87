/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One managed bridge: made by netlink, its sysctls set before it is up. bridge(8),
 * Documentation/networking/ip-sysctl.rst */
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/nl.h"
#include "net/inner.h"

/* --- looking ------------------------------------------------------------------------- */

static int seen(const struct nlmsghdr *m, void *ctx)
{
	const struct ifinfomsg *link = NLMSG_DATA(m);
	const struct rtattr *attr[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];
	struct bridge *b = ctx;
	const char *name, *kind;
	const void *mac;

	if (m->nlmsg_type != RTM_NEWLINK)
		return 0;
	nl_attributes(m, sizeof(*link), attr, IFLA_LINKINFO);
	nl_nested(attr[IFLA_LINKINFO], info, IFLA_INFO_KIND);
	name = nl_text(attr[IFLA_IFNAME]);
	kind = nl_text(info[IFLA_INFO_KIND]);
	mac = nl_data(attr[IFLA_ADDRESS], sizeof(b->mac));
	b->index = link->ifi_index;
	b->up = link->ifi_flags & IFF_UP;
	b->mtu = nl_number(attr[IFLA_MTU]);
	b->is_bridge = kind && !strcmp(kind, "bridge");
	if (name)
		snprintf(b->name, sizeof(b->name), "%s", name);
	if (mac)
		memcpy(b->mac, mac, sizeof(b->mac));
	return 0;
}

int bridge_look(int nl, const char *name, int index, struct bridge *out, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = name ? 0 : index };
	struct nl_batch b;
	int ret;

	*out = (struct bridge){ 0 };
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "look at the bridge %s",
		   name ? name : "");
	if (name)
		nl_put_text(&b, IFLA_IFNAME, name);
	nl_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	ret = nl_ask(nl, &b, seen, out, e);
	if (ret == 0 && !out->index)
		return err_msg(e, ENODEV, "there is no interface %s", name ? name : "");
	return ret;
}

struct count {
	int index, n;
};

static int count_port(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[IFLA_MASTER + 1];
	struct count *c = ctx;

	if (m->nlmsg_type != RTM_NEWLINK)
		return 0;
	nl_attributes(m, sizeof(struct ifinfomsg), attr, IFLA_MASTER);
	c->n += (int)nl_number(attr[IFLA_MASTER]) == c->index;
	return 0;
}

int bridge_ports(int nl, int index, struct err *e)
{
	struct ifinfomsg head = { 0 };
	struct count c = { .index = index };
	struct nl_batch b;
	int ret;

	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head), "list the ports of a bridge");
	nl_put_u32(&b, IFLA_MASTER, (uint32_t)index);
	ret = nl_ask(nl, &b, count_port, &c, e);
	return ret < 0 ? ret : c.n;
}

/* --- making -------------------------------------------------------------------------- */

/* No spanning tree, no part in multicast, nothing for link-local protocols (LLDP, BPDU) to pass. */
static void put_bridge(struct nl_batch *b)
{
	size_t info = nl_nest(b, IFLA_LINKINFO), data;

	nl_put_text(b, IFLA_INFO_KIND, "bridge");
	data = nl_nest(b, IFLA_INFO_DATA);
	nl_put_u32(b, IFLA_BR_STP_STATE, 0);
	nl_put_u32(b, IFLA_BR_FORWARD_DELAY, 0);
	nl_put_u16(b, IFLA_BR_GROUP_FWD_MASK, 0);
	nl_put_u8(b, IFLA_BR_MCAST_QUERIER, 0);
	/* Without snooping there is no table of groups that a container could fill. */
	nl_put_u8(b, IFLA_BR_MCAST_SNOOPING, 0);
	nl_nest_end(b, data);
	nl_nest_end(b, info);
}

static int create(int nl, const struct net_config *c, uint32_t mtu, struct err *e)
{
	struct ifinfomsg head = { 0 };
	struct nl_batch b;

	nl_begin(&b);
	nl_request(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head),
		   "make the bridge %s", c->bridge);
	nl_put_text(&b, IFLA_IFNAME, c->bridge);
	nl_put(&b, IFLA_ADDRESS, c->mac, sizeof(c->mac));
	nl_put_u32(&b, IFLA_MTU, mtu);
	put_bridge(&b);
	return nl_send(nl, &b, e);
}

static int set_sysctls(const char *bridge, struct err *e)
{
	static const struct {
		const char *family, *name, *value;
	} rows[] = {
		/* Nobody behind the bridge tells the host where its routers are, or where to go. */
		{ "ipv6", "accept_ra", "0" },
		{ "ipv6", "autoconf", "0" },
		{ "ipv6", "accept_redirects", "0" },
		{ "ipv6", "router_solicitations", "0" },
		/* Its addresses are its own: looking for duplicates would keep it silent for a second
		 * each time that a first container comes. */
		{ "ipv6", "accept_dad", "0" },
		{ "ipv4", "accept_redirects", "0" },
		{ "ipv4", "send_redirects", "0" },
		{ "ipv4", "accept_source_route", "0" },
		/* A packet comes from where its sender would be answered. */
		{ "ipv4", "rp_filter", "1" },
		/* 127.0.0.0/8 is the host's alone. */
		{ "ipv4", "route_localnet", "0" },
		/* ARP answers for the addresses of the bridge, not for all of the host. */
		{ "ipv4", "arp_ignore", "1" },
	};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int ret;

		snprintf(path, sizeof(path), "%s/conf/%s/%s", rows[i].family, bridge, rows[i].name);
		ret = sysctl_put(path, rows[i].value);
		/* A host without IPv6 has no files for it. */
		if (ret == 0 || (ret == -ENOENT && rows[i].family[3] == '6'))
			continue;
		errno = -ret;
		return err_sys(e, "set net/%s to %s", path, rows[i].value);
	}
	return 0;
}

static void put_address(struct nl_batch *b, const struct bridge *br, int family,
			const void *address, size_t size, uint8_t length)
{
	struct ifaddrmsg head = { .ifa_family = (uint8_t)family,
				  .ifa_prefixlen = length,
				  .ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
				  .ifa_index = (uint32_t)br->index };

	nl_request(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head),
		   "give the bridge %s its IPv%d address", br->name, family == AF_INET ? 4 : 6);
	nl_put(b, IFA_LOCAL, address, size);
	nl_put(b, IFA_ADDRESS, address, size);
}

static int bring_up(int nl, const struct net_config *c, uint32_t mtu, const struct bridge *br,
		    struct err *e)
{
	struct ifinfomsg head = { .ifi_index = br->index,
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	struct nl_batch b;

	nl_begin(&b);
	if (c->length4)
		put_address(&b, br, AF_INET, &c->address4, sizeof(c->address4), c->length4);
	if (c->length6)
		put_address(&b, br, AF_INET6, &c->address6, sizeof(c->address6), c->length6);
	nl_request(&b, RTM_NEWLINK, 0, &head, sizeof(head), "bring up the bridge %s", br->name);
	nl_put_u32(&b, IFLA_MTU, mtu);
	return nl_send(nl, &b, e);
}

static int make_known(int nl, const struct net_config *c, uint32_t mtu, struct bridge *out,
		      struct err *e)
{
	int ret = bridge_look(nl, c->bridge, 0, out, e);

	if (ret < 0)
		return ret;
	if (!out->is_bridge || memcmp(out->mac, c->mac, sizeof(c->mac))) {
		err_msg(e, EEXIST, "an interface %s exists that is not the bridge of network %s",
			c->bridge, c->name);
		return err_hint(e, "remove it, or give the network another bridge "
				   "(ward net create --bridge)");
	}
	ret = set_sysctls(c->bridge, e);
	if (ret == 0)
		ret = bring_up(nl, c, mtu, out, e);
	out->mtu = mtu;
	out->up = true;
	return ret;
}

int bridge_make(int nl, const struct net_config *c, uint32_t mtu, struct bridge *out, bool *made,
		struct err *e)
{
	struct err ignored = ERR_NONE;
	int ret = create(nl, c, mtu, e);

	*made = ret == 0;
	if (ret == -EOPNOTSUPP)
		return err_hint(e,
				"the kernel has no bridges: modprobe bridge, or CONFIG_BRIDGE=y");
	if (ret < 0 && ret != -EEXIST)
		return ret;
	ret = make_known(nl, c, mtu, out, e);
	if (ret < 0 && *made && out->index)
		bridge_remove(nl, out->index, &ignored);
	return ret;
}

int bridge_remove(int nl, int index, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = index };
	struct nl_batch b;

	nl_begin(&b);
	nl_request(&b, RTM_DELLINK, 0, &head, sizeof(head), "remove a bridge");
	return nl_send(nl, &b, e);
}
