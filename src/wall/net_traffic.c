/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Going into a running container's network namespace, and what went through its devices. */
#include "wall/net_look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/nl.h"

/* --- going there ---------------------------------------------------------------------------------- */

struct visit {
	int user, net; /* namespaces */
	int socket;
	struct err err;
};

static int visit_main(void *arg)
{
	struct visit *v = arg;

	if ((v->user >= 0 && setns(v->user, CLONE_NEWUSER) < 0) || setns(v->net, CLONE_NEWNET) < 0)
		err_sys(&v->err, "enter the container's network namespace");
	else
		v->socket = nl_open(NETLINK_ROUTE, &v->err);
	return 0;
}

/* Opened by a child that shares our memory and descriptors: nobody has to find the way back. */
static int visit(int user, int net, struct err *e)
{
	char stack[16 << 10] __attribute__((aligned(16)));
	struct visit v = { .user = user, .net = net, .socket = -EBADF, .err = ERR_NONE };
	pid_t pid;

	pid = clone(visit_main, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &v);
	if (pid < 0)
		return err_sys(e, "visit the container's network namespace");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (v.socket >= 0)
		return v.socket;
	*e = v.err;
	return e->code ? -e->code : err_msg(e, ECHILD, "visit the container's network namespace");
}

int net_enter(int process, bool rootless, struct err *e)
{
	autoclose int user = rootless ? openat(process, "ns/user", O_RDONLY | O_CLOEXEC) : -EBADF;
	autoclose int net = openat(process, "ns/net", O_RDONLY | O_CLOEXEC);

	if (net < 0 || (rootless && user < 0))
		return err_sys(e, "open the container's network namespace");
	return visit(user, net, e);
}

int net_reenter(struct run *r, struct err *e)
{
	fd_close(&r->net.inside);
	r->net.inside = visit(-EBADF, r->net.ns, e);
	return r->net.inside < 0 ? r->net.inside : 0;
}

/* --- counters ----------------------------------------------------------------------------------- */

struct counting {
	struct net_traffic *out;
	size_t n, max;
};

static int each_traffic(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[NET_LOOK_ATTRS + 1];
	struct rtnl_link_stats64 stats;
	struct counting *c = ctx;
	struct net_traffic *t = &c->out[c->n];
	enum net_kind kind;
	const void *raw;

	if (c->n >= c->max || !net_look_device(m, attr, &kind, t->name))
		return 0;
	/* The members that are of interest have been there from the beginning. */
	raw = nl_data(attr[IFLA_STATS64], offsetof(struct rtnl_link_stats64, multicast));
	if (!raw)
		return 0;
	memcpy(&stats, raw, offsetof(struct rtnl_link_stats64, multicast));
	t->in_bytes = stats.rx_bytes;
	t->in_packets = stats.rx_packets;
	t->in_dropped = stats.rx_dropped;
	t->out_bytes = stats.tx_bytes;
	t->out_packets = stats.tx_packets;
	t->out_dropped = stats.tx_dropped;
	c->n++;
	return 0;
}

int net_traffic(int inside, struct net_traffic *out, size_t max, struct err *e)
{
	struct ifinfomsg head = { 0 };
	struct counting c = { .out = out, .max = max };
	struct nl_batch b;
	int ret;

	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head), "read the counters inside");
	ret = nl_ask(inside, &b, each_traffic, &c, e);
	return ret < 0 ? ret : (int)c.n;
}
