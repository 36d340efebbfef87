/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard: what may leave a container's network device, and how fast.
 *
 * An eBPF program beside the device (net_guard_program.c) drops what is not from the container's
 * own MAC and IP addresses, or plays DHCP server, router or switch. docs/decisions/0014. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { GUARD_ADDRESSES = 16 };

/* Bits per second that can be asked for, and new flows per second. */
#define GUARD_RATE_LEAST UINT64_C(64000)
#define GUARD_RATE_MOST UINT64_C(1000000000000)
#define GUARD_FLOWS_MOST UINT64_C(1000000)

/* Everything that the filter of one port knows. */
struct guard {
	bool filter; /* false: only rates */
	uint8_t mac[6];
	/* Its addresses come from somebody else (DHCP, router advertisements of a network that is
	 * not ward's): every source address of a single host passes, the rest of the filter holds.
	 * ARP and neighbour discovery for other addresses pass only when there is none of that
	 * family below. */
	bool any4, any6;
	struct in_addr address4[GUARD_ADDRESSES];
	size_t n4;
	struct in6_addr address6[GUARD_ADDRESSES]; /* the link-local one is added by itself */
	size_t n6;
	uint64_t flows;		    /* new flows per second, LIMIT_MAX = any; needs the filter */
	uint64_t rate_in, rate_out; /* bits per second, LIMIT_MAX = any */
	/* GUARD_HOST_END: a bridge of ward's own on which the program may be kept for all its
	 * ports, so that a start need not load it: 0 = none. */
	int keeper;
};

/* Which side of a device sends what the container sends. */
enum guard_side {
	GUARD_HOST_END, /* the host's end of a veth: packets come in */
	GUARD_INSIDE,	/* the container's own device (macvlan, ipvlan, phys): packets go out */
	GUARD_PEER,	/* the container's end of a veth: only slowed down, see rate_out */
};

/* Can this be asked for? Rates and flows within bounds, addresses of single hosts. Without side
 * effects. 0 or -EINVAL with e set. */
int guard_check(const struct guard *g, struct err *e);

/* Put the guard on interface `index` of the namespace of the netlink socket `nl`, before it is up.
 *
 * rate_out of a veth wants both ends: what comes out of a container can only be dropped on the
 * host's end, which TCP bears badly, so its own end (GUARD_PEER) makes it wait before. Who may
 * remove that queue, root of the container with CAP_NET_ADMIN, harms himself. On GUARD_INSIDE a
 * rate_in is refused (-EOPNOTSUPP): nothing before the device could hold packets back.
 *
 * Everything it makes ends with the interface, so nothing is left when the monitor is killed. Needs
 * CAP_NET_ADMIN, CAP_BPF and CAP_SYS_ADMIN of the host. 0 or -errno with e set. */
int guard_attach(int nl, int index, enum guard_side side, const struct guard *g, struct err *e);

/* Take it off a device that outlives the container (phys, GUARD_INSIDE); nothing to take off is no
 * error. The device may be in another namespace and have another index than when it was put on. */
int guard_detach(int nl, int index, struct err *e);

struct guard_counters {
	uint64_t dropped_packets, dropped_flows, dropped_rate;
};

/* Is the guard there, and what has it refused? -ENOENT when it is not; -ENODATA when only a rate is
 * held (*out is filled). For verify and `info`. */
int guard_look(int nl, int index, enum guard_side side, struct guard_counters *out, struct err *e);
