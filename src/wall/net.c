/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: talking to anybody, but through devices that were asked for; and, through these, taking
 * somebody else's address, reading his packets, and telling the host or a neighbour where to send
 * theirs. Interfaces: rtnetlink(7), netdevice(7).
 *
 *	net_keys.c	the keys; net_types.c and net_text.c what is written in them, net_check.c what
 *			they cannot mean
 *	net_plan.c	what they come to on this host, before anything is made; net_host.c looks at it
 *	net_make.c	the steps; net_maker.c the process that takes the slow ones
 *	net_link.c	making the devices, net_connect.c their ports, net_address.c addresses, routes
 *	net_files.c	resolv.conf and hosts; net_script.c programs that are told
 *	net_guard.c	what may leave a port; net_user.c the kind that needs no rights
 *	net_record.c	what was made, net_undo.c how it goes; net_look.c what is there
 *
 * Everything that must hold of a port is set before it is up: no router advertisement reaches the
 * host, no frame of a foreign address the bridge.
 *
 * Comes after the network namespace and the user namespace's root.
 * Lost without it (ns.net = host): every service of the host that listens on localhost or on an
 * abstract socket can be reached. */
#include "wall/net.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "wall/net_keys.h"
#include "wall/net_look.h"

/* --- which devices ---------------------------------------------------------------------- */

bool net_is_made(const struct net_device *d)
{
	return d->kind != NET_EMPTY && d->kind != NET_USER && d->kind != NET_AUTO;
}

bool net_has_made(const struct spec *s)
{
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (net_is_made(&s->net.devices.item[i]))
			return true;
	return false;
}

const struct net_device *net_user_device(const struct spec *s)
{
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (s->net.devices.item[i].kind == NET_USER)
			return &s->net.devices.item[i];
	return NULL;
}

/* --- steps: init ----------------------------------------------------------------------- */

int net_loopback(struct run *r, struct err *e)
{
	struct ifreq request = { .ifr_name = "lo" };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)r;
	/* A kernel without IPv4 still has the interface: any socket will do. */
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "net: open a socket to set up lo");
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return err_sys(e, "net: read the flags of lo");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(e, "net: bring up lo");
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool own_network(const struct spec *s)
{
	return s->ns[NS_NET].how != NS_HOST;
}

static bool all_guarded(const struct spec *s)
{
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (net_is_made(&s->net.devices.item[i]) && !s->net.devices.item[i].guard)
			return false;
	return true;
}

static bool all_isolated(const struct spec *s)
{
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (s->net.devices.item[i].kind == NET_VETH && !s->net.devices.item[i].isolated)
			return false;
	return true;
}

static const struct rule rules[] = {
	{ "net.own", own_network, "the host's network cannot be reached",
	  "the host's network is shared: its local services can be reached" },
	{ "net.guard", all_guarded, "no packet with a foreign address leaves it",
	  "a device has no guard: it can forge addresses and redirect its neighbours" },
	{ "net.isolated", all_isolated, "no neighbour on its bridge can be reached directly",
	  "a device shares its bridge with others: they reach each other directly" },
};

static void net_summary(const struct spec *seen, struct str *out)
{
	if (!own_network(seen))
		str_add(out, "the host's network");
	else if (!seen->net.devices.n)
		str_add(out, "loopback only");
	for (size_t i = 0; i < seen->net.devices.n; i++) {
		str_add(out, i ? "; " : "");
		net_look_words(&seen->net.devices.item[i], out);
	}
}

const struct wall wall_net = {
	.name = "net",
	.stops = "talking to anybody, and in the name of others",
	.keys = net_keys,
	.n_keys = ARRAY_SIZE(net_keys),
	.check = net_check,
	/* The last of its devices is there when the mounts are. */
	.settled = SETTLED_MOUNTED,
	.observe = net_observe,
	.verify = net_verify,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = net_summary,
};
