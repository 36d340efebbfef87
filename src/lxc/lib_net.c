/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container's network, looked at from inside its namespace. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/nl.h"
#include "lxc/lib_child.h"

struct question {
	struct lxc_container *c;
	const char *interface, *family;
	int scope;
};

/* --- looking -------------------------------------------------------------------------------------- */

static int list_interfaces(void *context, struct str *out, struct err *e)
{
	struct question *q = context;
	struct if_nameindex *all;

	if (lib_join(q->c, CLONE_NEWNET, e) < 0)
		return -e->code;
	all = if_nameindex();
	if (!all)
		return err_sys(e, "list the interfaces of container %s", q->c->name);
	for (struct if_nameindex *i = all; i->if_index; i++)
		str_addf(out, "%s\n", i->if_name);
	if_freenameindex(all);
	return 0;
}

static bool is_wanted(const struct question *q, const struct ifaddrs *a)
{
	int family = a->ifa_addr ? a->ifa_addr->sa_family : AF_UNSPEC;

	if (family != AF_INET && family != AF_INET6)
		return false;
	if (q->family && strcmp(q->family, family == AF_INET ? "inet" : "inet6"))
		return false;
	if (q->interface ? strcmp(q->interface, a->ifa_name) : !strcmp("lo", a->ifa_name))
		return false;
	return family == AF_INET ||
	       ((const struct sockaddr_in6 *)a->ifa_addr)->sin6_scope_id == (unsigned)q->scope;
}

static int list_addresses(void *context, struct str *out, struct err *e)
{
	struct question *q = context;
	struct ifaddrs *all;

	if (lib_join(q->c, CLONE_NEWNET, e) < 0)
		return -e->code;
	if (getifaddrs(&all) < 0)
		return err_sys(e, "list the addresses of container %s", q->c->name);
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		const void *address;

		if (!is_wanted(q, a))
			continue;
		address = a->ifa_addr->sa_family == AF_INET ?
				  (void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr :
				  (void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr;
		if (inet_ntop(a->ifa_addr->sa_family, address, text, sizeof(text)))
			str_addf(out, "%s\n", text);
	}
	freeifaddrs(all);
	return 0;
}

/* Lines as an array that ends with NULL; NULL when there are none. */
static char **lines(struct str *text)
{
	char **all = NULL, *line, *rest = text->text;
	size_t n = 0;

	while (rest && (line = strsep(&rest, "\n"))) {
		char **grown = *line ? reallocarray(all, n + 2, sizeof(*all)) : NULL;

		if (!grown)
			continue;
		all = grown;
		all[n++] = strdup(line);
		all[n] = NULL;
	}
	return all;
}

static char **ask(struct question *q, lib_work *work)
{
	autostr text = { 0 };
	struct err e = ERR_NONE;

	if (lib_in_child(work, q, &text, &e) < 0) {
		lib_fail(q->c, &e);
		return NULL;
	}
	return lines(&text);
}

static char **get_interfaces(struct lxc_container *c)
{
	return ask(&(struct question){ .c = c }, list_interfaces);
}

static char **get_ips(struct lxc_container *c, const char *interface, const char *family, int scope)
{
	return ask(&(struct question){ c, interface, family, scope }, list_addresses);
}

/* --- moving ----------------------------------------------------------------------------------------- */

struct move {
	struct lxc_container *c;
	const char *name, *new_name;
	bool out;
};

static int send_device(int sock, int index, int ns, const struct move *m, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = index };
	struct nl_batch b;

	nl_begin(&b);
	nl_request(&b, RTM_NEWLINK, 0, &head, sizeof(head), "move %s", m->name);
	nl_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)ns);
	if (m->new_name)
		nl_put_text(&b, IFLA_IFNAME, m->new_name);
	return nl_send(sock, &b, e);
}

/* The device is named in the namespace it is in, and given to the other one by descriptor. */
static int move_device(void *context, struct str *out, struct err *e)
{
	const struct move *m = context;
	autoclose int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = -EBADF;
	autoclose int sock = -EBADF;
	char path[64];
	int index;

	(void)out;
	if (m->out) {
		if (lib_join(m->c, CLONE_NEWNET, e) < 0)
			return -e->code;
	} else {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)lib_init_pid(m->c));
		there = open(path, O_RDONLY | O_CLOEXEC);
	}
	sock = nl_open(NETLINK_ROUTE, e);
	if (sock < 0)
		return sock;
	index = nl_index(sock, m->name, e);
	if (index < 0)
		return index;
	if (here < 0 || (!m->out && there < 0))
		return err_sys(e, "open a network namespace");
	return send_device(sock, index, m->out ? here : there, m, e);
}

static bool move(struct lxc_container *c, const char *name, const char *new_name, bool out)
{
	struct move m = { c, name, new_name, out };
	struct err e = ERR_NONE;

	if (!name || lib_state(c) <= LXC_STOPPED)
		err_msg(&e, name ? ESRCH : EINVAL,
			"container %s: a device, and a container that runs, "
			"are needed",
			c->name);
	else if (lib_in_child(move_device, &m, NULL, &e) == 0)
		return true;
	return lib_fail(c, &e);
}

static bool attach_interface(struct lxc_container *c, const char *dev, const char *dst_dev)
{
	return move(c, dev, dst_dev ? dst_dev : dev, false);
}

static bool detach_interface(struct lxc_container *c, const char *dev, const char *dst_dev)
{
	return move(c, dev, dst_dev ? dst_dev : dev, true);
}

void lib_net_members(struct lxc_container *c)
{
	c->get_interfaces = get_interfaces;
	c->get_ips = get_ips;
	c->attach_interface = attach_interface;
	c->detach_interface = detach_interface;
}
