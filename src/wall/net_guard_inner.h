/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of the port guard: only net_guard*.c, net_rate.c and their test include this. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bpf.h"
#include "wall/net_guard.h"

#define GUARD_NAME "ward_guard"

/* What the program knows of one port, in a map. A bucket is one number: the time (CLOCK_MONOTONIC,
 * ns) at which everything that was let through is paid for; it is deep as far as that may lie in
 * the future. Unused places of the lists repeat the first, so that the program need not count. */
struct guard_port {
	struct guard_counters dropped;
	uint64_t flow_price, flow_depth, flow_paid; /* ns for each new flow */
	uint64_t rate_price, rate_depth,
		rate_paid; /* ns for each byte, << GUARD_PRICE_BITS; 0 = free */
	uint32_t index;	   /* of the interface, where the map is shared */
	uint32_t none4;	   /* no IPv4 address at all */
	uint8_t mac[6];
	bool filter; /* not only rates: for guard_look() */
	struct in_addr address4[GUARD_ADDRESSES];
	struct in6_addr address6[GUARD_ADDRESSES + 1]; /* the link-local one first */
};

enum { GUARD_PRICE_BITS = 16 };

/* Places of the map that the ports of a bridge share: by the number of the interface, modulo
 * this. */
enum { GUARD_PORTS = 256 };

/* A flow, as it stands in the map of flows that were seen; least recently used goes first. */
struct guard_flow {
	uint32_t source[4], target[4]; /* IPv4: the first word */
	uint32_t ports;		       /* both; ICMP: type, code and identifier */
	uint32_t protocol;
};

/* What one program does. */
struct guard_job {
	bool filter;
	bool shared;	 /* ports are found by the interface's number, else there is one */
	bool any4, any6; /* as in struct guard */
	bool any_arp, any_nd;
	size_t slots4, slots6; /* places of the lists that are looked at */
	int ports;	       /* map of struct guard_port */
	int flows; /* map of struct guard_flow, where new flows are limited; else below 0 */
};

/* Write the program, to be loaded as BPF_PROG_TYPE_SCHED_CLS. Errors come from bpf_load(). */
void guard_program(struct bpf_code *c, const struct guard_job *job);

/* The port's entry. */
void guard_port_fill(struct guard_port *port, const struct guard *g, int index);

/* The map in which a guard keeps its ports: descriptor, -ENOENT when the program is no guard. A
 * port is in place (number of its interface) % entries. */
int guard_map(int program, uint32_t *entries);

/* --- net_guard_hook.c ------------------------------------------------------------------------- */

/* Put a program on a hook of the interface: chain 0 is visited, others are not. -EEXIST when the
 * handle is taken there. */
int guard_classifier_put(int nl, int index, uint32_t hook, uint32_t chain, uint32_t handle,
			 int program, struct err *e);
/* The program that was put there: descriptor, -ENOENT or -errno. */
int guard_classifier_program(int nl, int index, uint32_t hook, uint32_t chain, uint32_t handle);

/* The same on the way out, where only the host's CAP_NET_ADMIN reaches. -EOPNOTSUPP: an old
 * kernel. */
int guard_tcx_put(int nl, int index, int program);
int guard_tcx_program(int nl, int index);
int guard_tcx_remove(int nl, int index);
