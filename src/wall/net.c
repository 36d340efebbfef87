/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: talking to anybody. The container's network namespace holds a loopback interface and
 * nothing else. Interfaces: netdevice(7).
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

static bool own_network(const struct spec *s)
{
	return s->ns[NS_NET].how != NS_HOST;
}

static const struct rule rules[] = {
	{ "net.own", own_network, "the host's network cannot be reached",
	  "the host's network is shared: its local services can be reached" },
};

static void net_summary(const struct spec *seen, struct str *out)
{
	str_add(out, own_network(seen) ? "loopback only" : "the host's network");
}

const struct wall wall_net = {
	.name = "net",
	.stops = "talking to anybody",
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = net_summary,
};
