/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the end of a network namespace does not take with it. */
#include "wall/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/nl.h"
#include "wall/net_guard.h"
#include "wall/net_record.h"

bool net_needs_keeper(const struct spec *s)
{
	bool needed = s->net.publish.n > 0 && net_has_made(s);

	for (size_t i = 0; i < s->net.devices.n; i++) {
		const struct net_device *d = &s->net.devices.item[i];

		needed |= d->kind == NET_PHYS || d->script_down || d->l2proxy ||
			  (d->kind == NET_VETH && d->veth_mode == NET_VETH_BRIDGE &&
			   d->route4.n + d->route6.n > 0);
	}
	return needed;
}

static const struct net_device *device_of(const struct spec *s, uint32_t index)
{
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (s->net.devices.item[i].index == index)
			return &s->net.devices.item[i];
	return NULL;
}

/* --- a device that was lent -------------------------------------------------------------------------- */

static void put_home(struct nl_batch *b, int index, const struct net_recorded *was, int ns)
{
	struct ifinfomsg head = { .ifi_index = index, .ifi_change = IFF_UP };

	nl_begin(b);
	nl_request(b, RTM_SETLINK, 0, &head, sizeof(head), "take down %s", was->host);
	nl_put(b, IFLA_ADDRESS, was->mac, sizeof(was->mac));
	nl_put_u32(b, IFLA_MTU, was->mtu);
	nl_request(b, RTM_SETLINK, 0, &head, sizeof(head), "give %s back to the host", was->host);
	nl_put_text(b, IFLA_IFNAME, was->host);
	if (ns >= 0)
		nl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)ns);
}

/* From inside, while the namespace is there. */
static int fetch(struct run *r, const struct net_recorded *was, struct err *e)
{
	autoclose int ours = openat(r->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	int index = nl_index(r->net.inside, was->inside, e);
	struct nl_batch b;

	if (ours < 0)
		return err_sys(e, "open our network namespace");
	if (index < 0)
		return index;
	put_home(&b, index, was, ours);
	return nl_send(r->net.inside, &b, e);
}

/* When its namespace ended first, the kernel has put it among the host's, under the name it had inside or
 * one that was free. Its index stays where it can, its MAC address always. */
static int rename_back(struct run *r, const struct net_recorded *was, const struct net_device *d,
		       struct err *e)
{
	struct net_link link;
	struct nl_batch b;
	int ret = net_link_look(r->net.host, NULL, was->link, &link, e);

	bool same = ret == 0 && (!memcmp(link.mac, was->mac, sizeof(link.mac)) || (d && d->hwaddr));

	if (!same || !strcmp(link.name, was->host))
		return ret == -ENODEV ? 0 : ret;
	put_home(&b, link.index, was, -EBADF);
	return nl_send(r->net.host, &b, e);
}

static int give_back(struct run *r, const struct net_recorded *was, const struct net_device *d,
		     struct err *e)
{
	int ret = r->net.inside >= 0 ? fetch(r, was, e) : rename_back(r, was, d, e);
	int index = ret < 0 ? ret : nl_index(r->net.host, was->host, e);

	return index < 0 ? index : guard_detach(r->net.host, index, e);
}

static int remove_inside(struct run *r, const struct net_recorded *was, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = nl_index(r->net.inside, was->inside, e) };
	struct nl_batch b;

	if (head.ifi_index < 0)
		return head.ifi_index;
	nl_begin(&b);
	nl_request(&b, RTM_DELLINK, 0, &head, sizeof(head), "remove %s", was->inside);
	return nl_send(r->net.inside, &b, e);
}

/* --- all of it ----------------------------------------------------------------------------------------- */

static int run_down(struct run *r, const struct net_recorded *was, const struct net_device *d,
		    struct err *e)
{
	struct net_script script = { .d = d, .host = was->host };
	struct net_link link = { 0 };
	struct err ignored = ERR_NONE;

	if (was->link)
		net_link_look(r->net.host, NULL, was->link, &link, &ignored);
	script.link = *link.name ? link.name : d->link ? d->link : "";
	return net_script(r, &script, e);
}

/* What lies on the link, or on the bridge, and so outlives the device. */
static int undo_routes(struct run *r, const struct net_recorded *was, const struct net_device *d,
		       struct err *e)
{
	struct net_port p = { .d = d, .link = was->link };
	int ret = net_plan_addresses(&p, e);

	if (ret == 0)
		ret = net_routes_change(r, &p, false, e);
	/* Gone with its link, or never made. */
	return ret == -ESRCH || ret == -ENOENT || ret == -ENODEV ? 0 : ret;
}

static void said(struct err *e, int ret)
{
	if (ret < 0)
		log_warn("clean up the network: %s", e->text);
	*e = ERR_NONE;
}

static void undo_one(struct run *r, const struct net_recorded *was)
{
	const struct net_device *d = device_of(r->spec, was->index);
	struct err e = ERR_NONE;

	if (d && d->script_down)
		said(&e, run_down(r, was, d, &e));
	if (d)
		said(&e, undo_routes(r, was, d, &e));
	if (was->kind == NET_PHYS)
		said(&e, give_back(r, was, d, &e));
	else if (was->kind == NET_VETH)
		said(&e, net_link_remove(r->net.host, was->host, r->spec->name, &e));
}

/* A keeper does what was there when it was started; what a command has put in since then has its own. Of
 * a container that died before its configuration was written, everything. */
static bool is_ours(const struct run *r, const struct net_recorded *was)
{
	return !r->spec->net.devices.n || device_of(r->spec, was->index);
}

void net_undo(struct run *r)
{
	autofree struct net_recorded *was = NULL;
	struct err e = ERR_NONE;
	size_t n;

	if (net_record_read(r->claim.dir, &was, &n, &e) < 0)
		said(&e, -e.code);
	if (n && r->net.host < 0)
		r->net.host = nl_open(NETLINK_ROUTE, &e);
	for (size_t i = n; i > 0 && r->net.host >= 0; i--) {
		if (!is_ours(r, &was[i - 1]))
			continue;
		undo_one(r, &was[i - 1]);
		net_record_change(r->claim.dir, was[i - 1].index, NULL, &e);
	}
	if (n)
		said(&e, publish_remove(r->store, r->spec->name, &e));
}

int net_undo_device(struct run *r, const struct net_recorded *was, struct err *e)
{
	if (r->net.host < 0)
		r->net.host = nl_open(NETLINK_ROUTE, e);
	if (r->net.host < 0)
		return r->net.host;
	undo_one(r, was);
	/* What was made beside a device of the host is only inside. */
	if (was->kind != NET_VETH && was->kind != NET_PHYS && r->net.inside >= 0)
		return remove_inside(r, was, e);
	return 0;
}

/* By index: one that is only half made has no mark yet. */
void net_unmake_port(struct run *r, const struct net_port *p)
{
	bool veth = p->d->kind == NET_VETH;
	struct ifinfomsg head = { .ifi_index = veth ? p->host_index : p->inside_index };
	struct err ignored = ERR_NONE;
	struct nl_batch b;

	if (head.ifi_index <= 0 || p->d->kind == NET_PHYS)
		return;
	nl_begin(&b);
	nl_request(&b, RTM_DELLINK, 0, &head, sizeof(head), "remove %s", p->inside);
	nl_send(veth ? r->net.host : r->net.inside, &b, &ignored);
}

void net_unmake(struct run *r)
{
	/* Lowered, we can do nothing of this any more: launch/keeper.c. */
	net_maker_end(r);
	if (r->net.host < 0)
		return;
	net_undo(r);
	for (size_t i = 0; i < r->net.n; i++)
		net_unmake_port(r, &r->net.port[i]);
}
