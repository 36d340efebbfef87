/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices on their way: what the keys net.N.* come to on this host, and the steps that make them. Of
 * the wall net; the order of the steps is in net_make.c. All run in the monitor, or in a command that
 * changes the devices of a running container. */
#pragma once
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/network.h"
#include "wall/net_text.h"
#include "wall/run.h"

enum { NET_ADDRESSES = 16, NET_DEVICES_MAX = 32 };

struct net_port {
	const struct net_device *d;
	char host[IFNAMSIZ];   /* veth: our end; phys: what it was called; else the link */
	char inside[IFNAMSIZ]; /* in the container */
	int link;	/* index of the bridge, of the parent, or of the device itself (phys) */
	int host_index; /* veth: our end, once it is made */
	int inside_index;
	uint8_t mac[6], host_mac[6]; /* zero: left to the kernel */
	uint32_t mtu;		     /* 0: left to the kernel */
	uint32_t host_mtu;	     /* phys: what it had, as host_mac */
	bool managed;		     /* on one of ward's networks */
	bool isolated;
	struct network network;
	struct net_address address[NET_ADDRESSES];
	size_t n;
	struct {
		enum net_gateway kind;
		struct net_address address;
	} gateway[2]; /* IPv4, IPv6 */
};

/* --- net_host.c ------------------------------------------------------------------------------ */

/* An interface of the host. */
struct net_link {
	int index;
	uint32_t mtu;
	uint8_t mac[6];
	char name[IFNAMSIZ];
	char kind[16];	 /* "bridge", "veth" ...; empty: hardware */
	char alias[128]; /* ours say whose they are */
};

/* By name, or by index when name is NULL. -ENODEV; e is set. */
int net_link_look(int nl, const char *name, int index, struct net_link *out, struct err *e);

/* The first address of an interface of the host, as "auto" means it; -EADDRNOTAVAIL with e set. */
int net_link_address(int nl, int index, int family, struct net_address *out, struct err *e);

/* "ward NAME": how an interface of ours is marked, so that none is ever removed for its name alone. */
void net_alias(const char *owner, char out[128]);

/* Remove interface `name`, if it is marked as the owner's. */
int net_link_remove(int nl, const char *name, const char *owner, struct err *e);

/* --- net_plan.c ------------------------------------------------------------------------------ */

/* Decide everything about device d before anything is made: names, link, MAC, addresses. Brings its
 * network up and takes a lease of it. `before`: the ports that come before it. */
int net_plan(struct run *r, const struct net_device *d, const struct net_port *before, size_t n,
	     struct net_port *p, struct err *e);

/* Only the addresses that the keys name. */
int net_plan_addresses(struct net_port *p, struct err *e);

/* --- net_link.c ------------------------------------------------------------------------------ */

/* Make the device, down, its container's end in r->net.ns. p receives the indices. */
int net_link_make(struct run *r, struct net_port *p, struct err *e);

/* --- net_connect.c --------------------------------------------------------------------------- */

/* What must hold before anything may pass: sysctls of the host's end, bridge port, guard. Then up. */
int net_link_connect(struct run *r, struct net_port *p, struct err *e);

/* --- net_address.c --------------------------------------------------------------------------- */

/* Inside: addresses, up, routes. */
int net_address_set(struct run *r, const struct net_port *p, struct err *e);

/* On the host: routes to the container, proxies for its neighbours. `add`: or take them away. */
int net_routes_change(struct run *r, const struct net_port *p, bool add, struct err *e);
