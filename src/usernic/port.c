/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usernic/port.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/nl.h"
#include "wall/net_port.h"

enum { INSIDE_TRIES = 32 };

/* Whose it is, in the kernel's own record of the interface, which only root can change. No container
 * of ward has such a name. */
static void owner_mark(const struct port *p, char out[32])
{
	snprintf(out, 32, "@%u", (unsigned)p->uid);
}

/* --- looking --------------------------------------------------------------------------- */

struct other_end {
	int index, nsid;
};

static int see_other_end(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[IFLA_LINK_NETNSID + 1];
	struct other_end *o = ctx;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return 0;
	nl_attributes(m, sizeof(struct ifinfomsg), attr, IFLA_LINK_NETNSID);
	o->index = (int)nl_number(attr[IFLA_LINK]);
	o->nsid = attr[IFLA_LINK_NETNSID] ? (int)nl_number(attr[IFLA_LINK_NETNSID]) : -1;
	return 0;
}

static int look_other_end(const struct port *p, struct other_end *o, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = p->host_index };
	struct nl_batch b;

	*o = (struct other_end){ 0, -1 };
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "look at %s", p->host);
	return nl_ask(p->nl, &b, see_other_end, o, e);
}

static int see_nsid(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[NETNSA_NSID + 1];
	int *nsid = ctx;

	if (m->nlmsg_type != RTM_NEWNSID || m->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtgenmsg)))
		return 0;
	nl_attributes(m, NLMSG_ALIGN(sizeof(struct rtgenmsg)), attr, NETNSA_NSID);
	if (attr[NETNSA_NSID])
		*nsid = (int)nl_number(attr[NETNSA_NSID]);
	return 0;
}

/* The number under which our namespace knows the container's; -1: under none. */
static int look_nsid(const struct port *p, int *nsid, struct err *e)
{
	struct rtgenmsg head = { .rtgen_family = AF_UNSPEC };
	struct nl_batch b;

	*nsid = -1;
	nl_begin(&b);
	nl_request(&b, RTM_GETNSID, 0, &head, sizeof(head), "look for the namespace");
	nl_put_u32(&b, NETNSA_FD, (uint32_t)p->netns);
	return nl_ask(p->nl, &b, see_nsid, nsid, e);
}

/* --- making ---------------------------------------------------------------------------- */

int port_name(struct port *p, struct err *e)
{
	static const char letters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint8_t random[4];
	char tail[sizeof(random) + 1] = "";
	/* A uid may have ten digits, a name fifteen. */
	size_t n = p->uid < 1000000 ? 4 : 3;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(e, "get random bytes");
	for (size_t i = 0; i < n; i++)
		tail[i] = letters[random[i] % (sizeof(letters) - 1)];
	snprintf(p->host, sizeof(p->host), "%s%u_%s", n == 4 ? "veth" : "v", (unsigned)p->uid,
		 tail);
	return 0;
}

static void put_pair(struct nl_batch *b, const struct port *p, const struct net_port *n)
{
	struct ifinfomsg head = { 0 };
	size_t info, data, peer;

	nl_begin(b);
	nl_request(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head), "make %s",
		   p->host);
	nl_put_text(b, IFLA_IFNAME, p->host);
	nl_put(b, IFLA_ADDRESS, n->host_mac, sizeof(n->host_mac));
	nl_put_u32(b, IFLA_MTU, n->mtu);
	nl_put_u32(b, IFLA_MASTER, (uint32_t)n->link);
	info = nl_nest(b, IFLA_LINKINFO);
	nl_put_text(b, IFLA_INFO_KIND, "veth");
	data = nl_nest(b, IFLA_INFO_DATA);
	peer = nl_nest_head(b, VETH_INFO_PEER, &head, sizeof(head));
	nl_put_text(b, IFLA_IFNAME, n->inside);
	nl_put(b, IFLA_ADDRESS, n->mac, sizeof(n->mac));
	nl_put_u32(b, IFLA_MTU, n->mtu);
	nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)p->netns);
	nl_nest_end(b, peer);
	nl_nest_end(b, data);
	nl_nest_end(b, info);
}

static int make_pair(struct port *p, struct net_port *n, struct err *e)
{
	const char *number = strstr(p->inside, "%d");
	struct nl_batch b;
	int ret = -EEXIST;

	for (unsigned i = 0; ret == -EEXIST && i < (number ? INSIDE_TRIES : 1); i++) {
		if (number)
			snprintf(n->inside, sizeof(n->inside), "%.*s%u", (int)(number - p->inside),
				 p->inside, i);
		else
			snprintf(n->inside, sizeof(n->inside), "%s", p->inside);
		put_pair(&b, p, n);
		ret = nl_send(p->nl, &b, e);
	}
	return ret;
}

static int plan(const struct port *p, struct net_port *n, struct err *e)
{
	struct net_link bridge;
	int ret = net_link_look(p->nl, p->bridge, 0, &bridge, e);

	if (ret < 0)
		return ret;
	if (strcmp(bridge.kind, "bridge"))
		return err_msg(e, EINVAL, "%s is not a bridge of the kernel", p->bridge);
	if (getrandom(n->mac, sizeof(n->mac), 0) != sizeof(n->mac) ||
	    getrandom(n->host_mac, sizeof(n->host_mac), 0) != sizeof(n->host_mac))
		return err_sys(e, "get random bytes");
	n->mac[0] = (uint8_t)((n->mac[0] & 0xfc) | 0x02);
	/* High: a bridge without an address of its own takes the lowest of its ports. */
	n->host_mac[0] = 0xfe;
	n->link = bridge.index;
	n->mtu = bridge.mtu;
	snprintf(n->host, sizeof(n->host), "%s", p->host);
	return 0;
}

static void unmake(const struct port *p)
{
	struct ifinfomsg head = { .ifi_index = p->host_index };
	struct err ignored = ERR_NONE;
	struct nl_batch b;

	nl_begin(&b);
	nl_request(&b, RTM_DELLINK, 0, &head, sizeof(head), "remove %s", p->host);
	nl_send(p->nl, &b, &ignored);
}

int port_make(struct port *p, struct err *e)
{
	char mark[32];
	const struct host host = { .privileged = true };
	const struct spec spec = { .name = mark };
	const struct net_device d = { .kind = NET_VETH,
				      .up = true,
				      .guard = true,
				      .isolated = true,
				      .flows = LIMIT_MAX,
				      .rate_in = LIMIT_MAX,
				      .rate_out = LIMIT_MAX };
	struct net_port n = { .d = &d, .isolated = true };
	struct other_end other;
	struct run r;
	int ret = plan(p, &n, e);

	owner_mark(p, mark);
	if (ret == 0)
		ret = make_pair(p, &n, e);
	if (ret < 0)
		return ret;
	ret = nl_index(p->nl, p->host, e);
	if (ret < 0)
		return ret;
	p->host_index = n.host_index = ret;
	run_init(&r, &spec, &host);
	r.proc = p->proc;
	r.net.host = p->nl;
	ret = net_link_connect(&r, &n, e);
	if (ret == 0)
		ret = look_other_end(p, &other, e);
	if (ret < 0) {
		unmake(p);
		return ret;
	}
	p->inside_index = other.index;
	snprintf(p->inside, sizeof(p->inside), "%s", n.inside);
	return 0;
}

/* --- removing -------------------------------------------------------------------------- */

int port_remove(struct port *p)
{
	char mark[32], alias[128];
	struct err ignored = ERR_NONE;
	struct other_end other;
	struct net_link link;
	int nsid;

	owner_mark(p, mark);
	net_alias(mark, alias);
	if (net_link_look(p->nl, p->host, 0, &link, &ignored) < 0 || strcmp(link.kind, "veth") ||
	    strcmp(link.alias, alias))
		return -EPERM;
	p->host_index = link.index;
	if (look_other_end(p, &other, &ignored) < 0 || look_nsid(p, &nsid, &ignored) < 0 ||
	    nsid < 0 || other.nsid != nsid)
		return -EPERM;
	unmake(p);
	return 0;
}
