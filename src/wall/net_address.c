/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses and routes, inside and on the host: rtnetlink(7). */
#include "wall/net_port.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/nl.h"

/* --- inside ------------------------------------------------------------------------------------- */

static void put_address(struct nl_batch *b, const struct net_port *p, const struct net_address *a)
{
	struct ifaddrmsg head = { .ifa_family = (uint8_t)a->family,
				  .ifa_prefixlen = a->length,
				  .ifa_scope = RT_SCOPE_UNIVERSE,
				  .ifa_index = (uint32_t)p->inside_index };

	nl_request(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head),
		   "give %s an address of /%u", p->inside, (unsigned)a->length);
	nl_put(b, IFA_LOCAL, a->address, net_address_size(a->family));
	nl_put(b, IFA_ADDRESS, a->address, net_address_size(a->family));
	if (a->has_broadcast)
		nl_put(b, IFA_BROADCAST, &a->broadcast, sizeof(a->broadcast));
	/* Nobody else can have it, behind the guard; and nothing could be sent from it for a second. */
	if (a->family == AF_INET6)
		nl_put_u32(b, IFA_FLAGS, IFA_F_NODAD);
}

static bool same_network(const struct net_address *a, const struct net_address *b)
{
	size_t whole = a->length / 8;
	uint8_t rest = (uint8_t)(0xff00U >> (a->length % 8));

	if (a->family != b->family || memcmp(a->address, b->address, whole))
		return false;
	return !(a->length % 8) || !((a->address[whole] ^ b->address[whole]) & rest);
}

static bool on_link(const struct net_port *p, const struct net_address *gateway)
{
	static const uint8_t link_local[] = { 0xfe, 0x80 };

	if (gateway->family == AF_INET6 && !memcmp(gateway->address, link_local, 2))
		return true;
	for (size_t i = 0; i < p->n; i++)
		if (same_network(&p->address[i], gateway))
			return true;
	return false;
}

static void put_default(struct nl_batch *b, const struct net_port *p, int family)
{
	size_t i = family == AF_INET ? 0 : 1;
	enum net_gateway kind = p->gateway[i].kind;
	const struct net_address *gateway = &p->gateway[i].address;
	struct rtmsg head = { .rtm_family = (uint8_t)family,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST,
			      .rtm_scope = RT_SCOPE_UNIVERSE };

	if (kind == NET_GATEWAY_NONE)
		return;
	if (kind == NET_GATEWAY_DEV)
		head.rtm_scope = RT_SCOPE_LINK;
	else if (!on_link(p, gateway))
		head.rtm_flags = RTNH_F_ONLINK;
	nl_request(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head),
		   "set the default route of %s over %s", family == AF_INET ? "IPv4" : "IPv6",
		   p->inside);
	if (kind != NET_GATEWAY_DEV)
		nl_put(b, RTA_GATEWAY, gateway->address, net_address_size(family));
	nl_put_u32(b, RTA_OIF, (uint32_t)p->inside_index);
}

/* Devices that are made here have these from the beginning. */
static void put_lent(struct nl_batch *b, const struct net_port *p)
{
	struct ifinfomsg head = { .ifi_index = p->inside_index };

	nl_request(b, RTM_SETLINK, 0, &head, sizeof(head), "set up %s", p->inside);
	if (p->d->hwaddr)
		nl_put(b, IFLA_ADDRESS, p->mac, sizeof(p->mac));
	if (p->d->mtu)
		nl_put_u32(b, IFLA_MTU, p->d->mtu);
}

int net_address_set(struct run *r, const struct net_port *p, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = p->inside_index,
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	struct nl_batch b;

	nl_begin(&b);
	if (p->d->kind == NET_PHYS && (p->d->hwaddr || p->d->mtu))
		put_lent(&b, p);
	for (size_t i = 0; i < p->n; i++)
		put_address(&b, p, &p->address[i]);
	if (p->d->up) {
		nl_request(&b, RTM_SETLINK, 0, &head, sizeof(head), "bring up %s", p->inside);
		put_default(&b, p, AF_INET);
		put_default(&b, p, AF_INET6);
	}
	return b.n ? nl_send(r->net.inside, &b, e) : 0;
}

/* --- on the host ---------------------------------------------------------------------------------- */

/* A network behind the container. On a bridge it is reached through the container's own address. */
static void put_route(struct nl_batch *b, const struct net_port *p, const struct net_address *to,
		      bool add)
{
	bool router = p->d->veth_mode == NET_VETH_ROUTER;
	const struct net_address *via = NULL;
	struct rtmsg head = { .rtm_family = (uint8_t)to->family,
			      .rtm_dst_len = to->length,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST };

	for (size_t i = 0; i < p->n && !router && !via; i++)
		if (p->address[i].family == to->family)
			via = &p->address[i];
	head.rtm_scope = via || to->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	nl_request(b, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &head,
		   sizeof(head), "a route of /%u to the container", (unsigned)to->length);
	nl_put(b, RTA_DST, to->address, net_address_size(to->family));
	if (via)
		nl_put(b, RTA_GATEWAY, via->address, net_address_size(via->family));
	nl_put_u32(b, RTA_OIF, (uint32_t)(router ? p->host_index : p->link));
}

static int put_routes(struct nl_batch *b, const struct net_port *p, const struct list *list,
		      int family, bool add, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < list->n && ret == 0; i++) {
		struct net_address to;

		ret = net_parse_route(list->item[i], family, &to, e);
		if (ret == 0)
			put_route(b, p, &to, add);
	}
	return ret;
}

/* The host answers for `address` on interface `index` (ARP and NDP proxy). */
static void put_proxy(struct nl_batch *b, const struct net_address *address, int index, bool add)
{
	struct ndmsg head = { .ndm_family = (uint8_t)address->family,
			      .ndm_ifindex = index,
			      .ndm_flags = NTF_PROXY };

	nl_request(b, add ? RTM_NEWNEIGH : RTM_DELNEIGH, add ? NLM_F_CREATE : 0, &head,
		   sizeof(head), "a proxy for the neighbours of the container");
	nl_put(b, NDA_DST, address->address, net_address_size(address->family));
}

/* Router mode: every address of the container is one route, and the container's gateway is a name for
 * the host. What lies on the host's end goes with it. */
static void put_router(struct nl_batch *b, const struct net_port *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct net_address one = p->address[i];

		one.length = one.family == AF_INET ? 32 : 128;
		put_route(b, p, &one, true);
	}
	for (size_t i = 0; i < 2; i++)
		if (p->gateway[i].kind == NET_GATEWAY_ADDRESS)
			put_proxy(b, &p->gateway[i].address, p->host_index, true);
}

int net_routes_change(struct run *r, const struct net_port *p, bool add, struct err *e)
{
	const struct net_device *d = p->d;
	bool router = d->kind == NET_VETH && d->veth_mode == NET_VETH_ROUTER;
	struct nl_batch b;
	int ret = 0;

	nl_begin(&b);
	if (router && add)
		put_router(&b, p);
	if (d->kind == NET_VETH && (add || !router))
		ret = put_routes(&b, p, &d->route4, AF_INET, add, e);
	if (ret == 0 && d->kind == NET_VETH && (add || !router))
		ret = put_routes(&b, p, &d->route6, AF_INET6, add, e);
	for (size_t i = 0; d->l2proxy && i < p->n; i++)
		put_proxy(&b, &p->address[i], p->link, add);
	if (ret < 0 || !b.n)
		return ret;
	return nl_send(r->net.host, &b, e);
}
