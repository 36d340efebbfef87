/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making the devices: rtnetlink(7), linux/if_link.h. */
#include "wall/net_port.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <string.h>

#include "base/nl.h"

/* --- making ----------------------------------------------------------------------------------- */

static void put_mac(struct nl_batch *b, const uint8_t mac[6])
{
	static const uint8_t none[6];

	if (memcmp(mac, none, sizeof(none)))
		nl_put(b, IFLA_ADDRESS, mac, sizeof(none));
}

static void put_common(struct nl_batch *b, const struct net_port *p, const char *name,
		       const uint8_t mac[6])
{
	nl_put_text(b, IFLA_IFNAME, name);
	put_mac(b, mac);
	if (p->mtu)
		nl_put_u32(b, IFLA_MTU, p->mtu);
	/* A veth otherwise gets one for each processor, of which it uses one. */
	if (p->d->kind == NET_VETH || p->d->rxqueues)
		nl_put_u32(b, IFLA_NUM_RX_QUEUES, p->d->rxqueues ? p->d->rxqueues : 1);
	if (p->d->kind == NET_VETH || p->d->txqueues)
		nl_put_u32(b, IFLA_NUM_TX_QUEUES, p->d->txqueues ? p->d->txqueues : 1);
}

/* The container's end is born in its namespace: moving a device waits for an RCU grace period. */
static void put_veth(struct nl_batch *b, const struct run *r, const struct net_port *p)
{
	struct ifinfomsg head = { 0 };
	size_t info, data, peer;

	put_common(b, p, p->host, p->host_mac);
	if (p->link && p->d->veth_mode == NET_VETH_BRIDGE)
		nl_put_u32(b, IFLA_MASTER, (uint32_t)p->link);
	info = nl_nest(b, IFLA_LINKINFO);
	nl_put_text(b, IFLA_INFO_KIND, "veth");
	data = nl_nest(b, IFLA_INFO_DATA);
	peer = nl_nest_head(b, VETH_INFO_PEER, &head, sizeof(head));
	put_common(b, p, p->inside, p->mac);
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)r->net.ns);
	nl_nest_end(b, peer);
	nl_nest_end(b, data);
	nl_nest_end(b, info);
}

static void put_data(struct nl_batch *b, const struct net_device *d)
{
	switch (d->kind) {
	case NET_MACVLAN:
		nl_put_u32(b, IFLA_MACVLAN_MODE, d->macvlan_mode);
		break;
	case NET_IPVLAN:
		nl_put_u16(b, IFLA_IPVLAN_MODE, (uint16_t)d->ipvlan_mode);
		nl_put_u16(b, IFLA_IPVLAN_FLAGS, (uint16_t)d->ipvlan_isolation);
		break;
	case NET_VLAN:
		nl_put_u16(b, IFLA_VLAN_ID, (uint16_t)d->vlan_id);
		break;
	case NET_AUTO:
	case NET_EMPTY:
	case NET_VETH:
	case NET_PHYS:
	case NET_USER:
		break;
	}
}

/* A device beside one of the host's: born in the container's namespace too. */
static void put_beside(struct nl_batch *b, const struct run *r, const struct net_port *p,
		       const char *kind)
{
	static const uint8_t none[6];
	size_t info, data;

	/* An ipvlan has the address of its parent. */
	put_common(b, p, p->inside, p->d->kind == NET_IPVLAN ? none : p->mac);
	nl_put_u32(b, IFLA_LINK, (uint32_t)p->link);
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)r->net.ns);
	info = nl_nest(b, IFLA_LINKINFO);
	nl_put_text(b, IFLA_INFO_KIND, kind);
	data = nl_nest(b, IFLA_INFO_DATA);
	put_data(b, p->d);
	nl_nest_end(b, data);
	nl_nest_end(b, info);
}

/* A device that is lent: down, renamed and gone in one message. */
static void put_lent(struct nl_batch *b, const struct run *r, const struct net_port *p)
{
	struct ifinfomsg head = { .ifi_index = p->link, .ifi_change = IFF_UP };

	nl_request(b, RTM_SETLINK, 0, &head, sizeof(head), "take down %s", p->host);
	nl_request(b, RTM_SETLINK, 0, &head, sizeof(head), "lend the container %s as %s", p->host,
		   p->inside);
	nl_put_text(b, IFLA_IFNAME, p->inside);
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)r->net.ns);
}

static void put_device(struct nl_batch *b, const struct run *r, const struct net_port *p,
		       const char *kind)
{
	struct ifinfomsg head = { 0 };

	nl_begin(b);
	if (p->d->kind == NET_PHYS) {
		put_lent(b, r, p);
		return;
	}
	nl_request(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head),
		   "make the %s device %s", kind, p->d->kind == NET_VETH ? p->host : p->inside);
	if (p->d->kind == NET_VETH)
		put_veth(b, r, p);
	else
		put_beside(b, r, p, kind);
}

/* The kernel takes its time over the end of a namespace, and a container that is started again at once
 * finds the device of its last life, under the name that it was given. */
static int remove_last_life(const struct run *r, const struct net_port *p, struct err *e)
{
	struct err why = *e;
	int ret = net_link_remove(r->net.host, p->host, r->spec->name, e);

	if (ret < 0)
		return ret;
	ret = nl_index(r->net.host, p->host, e);
	*e = ret == -ENODEV ? ERR_NONE : why;
	return -e->code;
}

static int make_device(struct run *r, struct net_port *p, const char *kind, struct err *e)
{
	struct nl_batch b;
	int ret;

	put_device(&b, r, p, kind);
	ret = nl_send(r->net.host, &b, e);
	if (ret == -EEXIST && p->d->kind == NET_VETH && p->d->pair &&
	    remove_last_life(r, p, e) == 0)
		ret = nl_send(r->net.host, &b, e);
	if (ret == -EOPNOTSUPP)
		return err_msg(e, EOPNOTSUPP, "this kernel has no network devices of kind %s",
			       kind);
	if (ret == -EEXIST)
		return err_msg(e, EEXIST, "there is an interface %s already%s",
			       p->d->kind == NET_VETH ? p->host : p->inside,
			       p->d->kind == NET_VETH ? "" : " inside");
	return ret;
}

int net_link_make(struct run *r, struct net_port *p, struct err *e)
{
	static const char *const kinds[] = {
		[NET_VETH] = "veth", [NET_MACVLAN] = "macvlan", [NET_IPVLAN] = "ipvlan",
		[NET_VLAN] = "vlan", [NET_PHYS] = "phys",
	};
	int ret = make_device(r, p, kinds[p->d->kind], e);

	if (ret < 0)
		return ret;
	if (p->d->kind == NET_VETH) {
		p->host_index = ret = nl_index(r->net.host, p->host, e);
		if (ret < 0)
			return ret;
	}
	p->inside_index = ret = nl_index(r->net.inside, p->inside, e);
	return ret < 0 ? ret : 0;
}
