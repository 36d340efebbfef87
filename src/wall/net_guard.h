/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard: what may leave a container's network device. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { GUARD_ADDRESSES = 16 };

/* Everything that the filter of one port knows. */
struct guard {
	bool filter; /* false: only rates */
	uint8_t mac[6];
	struct in_addr address4[GUARD_ADDRESSES];
	size_t n4;
	struct in6_addr address6[GUARD_ADDRESSES]; /* the link-local one is added by itself */
	size_t n6;
	uint64_t flows;		    /* new flows per second, LIMIT_MAX = any */
	uint64_t rate_in, rate_out; /* bits per second, LIMIT_MAX = any */
};

/* Which side of a device sends what the container sends. */
enum guard_side {
	GUARD_HOST_END, /* the host's end of a veth: packets come in */
	GUARD_INSIDE,	/* the container's own device (macvlan, ipvlan, phys): packets go out */
};

/* Put the guard on interface `index` of the namespace of the netlink socket `nl`, before it is up.
 * Everything it makes ends with the interface, so nothing is left when the monitor is killed.
 * 0 or -errno with e set. */
int guard_attach(int nl, int index, enum guard_side side, const struct guard *g, struct err *e);

struct guard_counters {
	uint64_t dropped_packets, dropped_flows, dropped_rate;
};

/* Is the guard there, and what has it refused? -ENOENT when it is not. For verify and `info`. */
int guard_look(int nl, int index, enum guard_side side, struct guard_counters *out, struct err *e);
