/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network of a container as the kernel shows it. Of the wall net; net_traffic() is for `ward info` and
 * `ward top` too. */
#pragma once
#include <linux/if_link.h>
#include <net/if.h>
#include <stdint.h>

#include "base/nl.h"
#include "wall/wall.h"

int net_observe(const struct look *l, struct spec *seen, struct err *e);
int net_verify(const struct run *r, const struct look *l, const struct spec *seen, struct err *e);

/* A few words on one device that was seen: "veth eth0 10.0.3.2/24 on ward0, guarded". */
void net_look_words(const struct net_device *d, struct str *out);

/* One interface of an answer to RTM_GETLINK: its attributes up to NET_LOOK_ATTRS, what it is, and its name
 * with nothing in it that a terminal obeys. False for what is no device of a container's (loopback, and
 * what kernels put into every namespace: sit0, tunl0 ...). */
enum { NET_LOOK_ATTRS = IFLA_STATS64 };
bool net_look_device(const struct nlmsghdr *m, const struct rtattr **attr, enum net_kind *kind,
		     char name[IFNAMSIZ]);

/* A netlink socket in the network namespace of the process /proc/PID (a descriptor). It keeps that
 * namespace until it is closed. rootless: its user namespace is entered first. */
int net_enter(int process, bool rootless, struct err *e);

/* Open r->net.inside anew, by the host's root, in r->net.ns. The socket that init has opened may do
 * everything inside, but nothing between that namespace and ours: a lent device could not come back. */
int net_reenter(struct run *r, struct err *e);

/* What went through one device, as the container sees it. */
struct net_traffic {
	char name[IFNAMSIZ];
	uint64_t in_bytes, in_packets, in_dropped;
	uint64_t out_bytes, out_packets, out_dropped;
};

/* Fill at most `max`; returns how many there are, or -errno. inside: net_enter(). */
int net_traffic(int inside, struct net_traffic *out, size_t max, struct err *e);
