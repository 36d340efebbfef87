/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard's program, loaded, and asked about packets (BPF_PROG_TEST_RUN). */
#pragma once
#include <errno.h>

#include "base/fd.h"
#include "guard_packets.h"
#include "spec/spec.h"
#include "wall/net_guard_inner.h"

static inline struct guard example(void)
{
	struct guard g = { .filter = true,
			   .n4 = 2,
			   .n6 = 2,
			   .flows = LIMIT_MAX,
			   .rate_in = LIMIT_MAX,
			   .rate_out = LIMIT_MAX };
	struct packet p;

	packet_make(&p, "me ip ip2 g g2");
	memcpy(g.mac, p.byte, 6);
	memcpy(g.address4, p.byte + 6, 8);
	memcpy(g.address6, p.byte + 14, 32);
	return g;
}

static inline int map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = n;
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

static inline int map_entry(enum bpf_cmd cmd, int fd, uint32_t key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	return sys_bpf(cmd, &attr);
}

/* A loaded program with its port; under number 1 (lo) when shared. */
struct asked {
	int program, ports, flows;
	uint32_t key;
};

static inline struct asked ask_begin(const struct guard *g, bool shared)
{
	struct asked a = { .key = shared, .flows = -EBADF };
	struct bpf_code code = { 0 };
	struct guard_port port;
	struct guard_job job = { .filter = g->filter,
				 .shared = shared,
				 .any4 = g->any4,
				 .any6 = g->any6,
				 .any_arp = g->any4 && !g->n4,
				 .any_nd = g->any6 && !g->n6,
				 .slots4 = shared ? 4 : g->n4,
				 .slots6 = shared ? 5 : g->n6 + 1 };

	a.ports = map(BPF_MAP_TYPE_ARRAY, 4, sizeof(port), shared ? GUARD_PORTS : 1);
	guard_port_fill(&port, g, 1);
	map_entry(BPF_MAP_UPDATE_ELEM, a.ports, a.key, &port);
	if (g->flows != LIMIT_MAX)
		a.flows = map(BPF_MAP_TYPE_LRU_HASH, sizeof(struct guard_flow), 4, 1024);
	job.ports = a.ports;
	job.flows = a.flows;
	guard_program(&code, &job);
	a.program = bpf_load(&code, BPF_PROG_TYPE_SCHED_CLS, GUARD_NAME);
	bpf_code_free(&code);
	return a;
}

static inline void ask_end(struct asked *a)
{
	fd_close(&a->program);
	fd_close(&a->ports);
	fd_close(&a->flows);
}

static inline struct guard_counters ask_counters(const struct asked *a)
{
	struct guard_port port = { 0 };

	map_entry(BPF_MAP_LOOKUP_ELEM, a->ports, a->key, &port);
	return port.dropped;
}

/* -1: pass on (TC_ACT_UNSPEC), 2: drop (TC_ACT_SHOT); anything else is no answer. */
static inline int answer(const struct asked *a, const struct packet *p)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)a->program;
	attr.test.data_in = (uintptr_t)p->byte;
	attr.test.data_size_in = (uint32_t)p->n;
	if (sys_bpf(BPF_PROG_TEST_RUN, &attr) < 0)
		return -1000 - errno;
	return (int)attr.test.retval;
}

static inline bool passes(const struct asked *a, const char *text)
{
	struct packet p;

	packet_make(&p, text);
	return answer(a, &p) == -1;
}

/* --- packets ---------------------------------------------------------------------------------- */

#define ETH(type) "you me " type " "
#define ARP(operation, mac, ip) "all me 0806 0001 0800 06 04 " operation " " mac " " ip " 00*6 ip9 "
#define IP4_(flags, protocol, from, to)                                                            \
	ETH("0800") "45 00 0040 0000 " flags " 40 " protocol " 0000 " from " " to " "
#define IP4(protocol, from, to) IP4_("0000", protocol, from, to)
#define UDP(from, to) from " " to " 0010 0000 "
#define BOOTP(mac) "01 01 06 00 00*20 any4 " mac " 00*10 "
#define IP6_(payload, next, from, to)                                                              \
	ETH("86dd") "60 000000 " payload " " next " ff " from " " to " "
#define IP6(next, from, to) IP6_("0018", next, from, to)
#define ND(type, target) type " 00 0000 00000000 " target " "
#define HOP(next) next " 00 0502 0000 0100 "
#define OPTION(next) next " 00 0104 00000000 "
#define FIRST(next) next " 00 0001 00000001 "
#define LATER(next) next " 00 0011 00000001 "
