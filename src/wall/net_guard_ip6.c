/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard's program, IPv6: own source, then a bounded walk to the upper layer. */
#include "wall/net_guard_writer.h"

/* Bounds of the walks. */
enum { HEADERS_MAX = 4, ND_OPTIONS_MAX = 3 };

/* Go to `upper` unless this is a header of the chain; else go on behind it. */
static void write_extension(struct writer *w, uint64_t headers, int upper)
{
	int extension = label(w);

	if_in(w, PROTOCOL, headers, extension);
	go(w, upper);
	here(w, extension);
	copy_next(w, 2);
	take(w, BPF_B, PROTOCOL, NEXT);
	take(w, BPF_B, BPF_REG_1, NEXT + 1);
	emit(w, bpf_alu(BPF_ADD, BPF_REG_1, 1));
	emit(w, bpf_alu(BPF_LSH, BPF_REG_1, 3));
	emit(w, bpf_alu_reg(BPF_ADD, OFFSET, BPF_REG_1));
}

/* Walk to the upper layer (RFC 8200, 4.1): OFFSET and PROTOCOL are its. A chain that is longer ends
 * at the protocols that are not known. */
static void write_chain(struct writer *w)
{
	enum { HOP_BY_HOP = 0 };
	uint64_t headers = BIT(IPPROTO_ROUTING) | BIT(IPPROTO_DSTOPTS);
	int upper = label(w);

	for (int i = 0; i < HEADERS_MAX; i++)
		write_extension(w, i == 0 ? headers | BIT(HOP_BY_HOP) : headers, upper);
	here(w, upper);
}

/* Messages of ICMPv6 that are no neighbour discovery, its type in BPF_REG_1: errors and echo. */
static void if_message(struct writer *w, int yes)
{
	if_in(w, BPF_REG_1, BIT(1) | BIT(2) | BIT(3) | BIT(4), yes);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 128), yes);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 129), yes);
}

/* The first fragment must hold the whole chain (RFC 7112), and here nothing of the chain behind the
 * fragment header, or the rest could hide in the second. Neighbour discovery is never in fragments
 * (RFC 6980). */
static void write_fragment(struct writer *w, int udp)
{
	int first = label(w), icmp = label(w);

	copy_next(w, 8);
	take(w, BPF_B, PROTOCOL, NEXT);
	take(w, BPF_H, FRAGMENT, NEXT + 2);
	emit(w, bpf_swap(FRAGMENT, 16));
	emit(w, bpf_alu(BPF_AND, FRAGMENT, 0xfff8));
	jump(w, bpf_if(BPF_JEQ, FRAGMENT, 0), first);
	plain_or_drop(w, PLAIN | BIT(IPPROTO_UDP) | BIT(IPPROTO_ICMPV6));
	here(w, first);
	emit(w, bpf_alu(BPF_ADD, OFFSET, 8));
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_UDP), udp);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_ICMPV6), icmp);
	plain_or_drop(w, PLAIN);
	here(w, icmp);
	copy_next(w, 4);
	take(w, BPF_B, BPF_REG_1, NEXT);
	if_message(w, w->flow);
	go(w, w->drop);
}

/* Options of neighbour discovery from OFFSET to the end of the packet. An address of the link layer
 * is the port's own, or neighbours would send to somebody else. RFC 4861, 4.6. */
static void write_nd_options(struct writer *w)
{
	enum { SOURCE = 1, TARGET = 2, TYPE = NEXT + 2, UNITS = TYPE + 1, MAC = TYPE + 2 };
	enum { END = PROTOCOL };

	take(w, BPF_H, END, IP6_PAYLOAD);
	emit(w, bpf_swap(END, 16));
	emit(w, bpf_alu(BPF_ADD, END, NET6));
	for (int i = 0; i < ND_OPTIONS_MAX; i++) {
		int next = label(w);

		jump(w, bpf_if_reg(BPF_JEQ, OFFSET, END), w->accept);
		copy_from(w, true, 0, TYPE, 8);
		take(w, BPF_B, BPF_REG_2, UNITS);
		emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_5, BPF_REG_2));
		jump(w, bpf_if(BPF_JEQ, BPF_REG_2, 0), w->drop);
		emit(w, bpf_alu(BPF_LSH, BPF_REG_2, 3));
		emit(w, bpf_alu_reg(BPF_ADD, OFFSET, BPF_REG_2));
		take(w, BPF_B, BPF_REG_1, TYPE);
		emit(w, bpf_alu(BPF_SUB, BPF_REG_1, SOURCE));
		jump(w, bpf_if(BPF_JGT, BPF_REG_1, TARGET - SOURCE), next);
		emit(w, bpf_alu(BPF_XOR, BPF_REG_5, 1));
		differ_mac(w, MAC);
		unless_same(w, w->drop);
		here(w, next);
	}
	jump(w, bpf_if_reg(BPF_JNE, OFFSET, END), w->drop);
	go(w, w->accept);
}

/* From ::, it asks whether an address of its own is free, or says which groups it listens to. */
static void write_unspecified6(struct writer *w, int own_target)
{
	static const uint8_t hop_by_hop[] = { IPPROTO_ICMPV6, 0 };
	int report = label(w);

	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_1, BPF_REG_2));
	jump(w, bpf_if(BPF_JNE, BPF_REG_1, 0), w->drop);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_HOPOPTS), report);
	jump(w, bpf_if(BPF_JNE, PROTOCOL, IPPROTO_ICMPV6), w->drop);
	copy_next(w, 24);
	take(w, BPF_B, BPF_REG_1, NEXT);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 135), own_target);
	go(w, w->drop);
	here(w, report);
	copy_next(w, 9);
	begin_compare(w);
	differ16(w, NEXT, hop_by_hop);
	unless_same(w, w->drop);
	take(w, BPF_B, BPF_REG_1, NEXT + 8);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 131), w->accept);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 143), w->accept);
	go(w, w->drop);
}

/* 134 and 137 make routes, 130 and 151 make who sends them a router of multicast: dropped. */
static void write_icmp6(struct writer *w, int own_target)
{
	int options = label(w), solicit = label(w), router = label(w), target = label(w);

	copy_next(w, 4);
	take(w, BPF_B, BPF_REG_1, NEXT);
	if_message(w, w->flow);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 135), solicit);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 136), target);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, 133), router);
	/* Reports of listeners: 131, 132, 143. */
	emit(w, bpf_alu(BPF_SUB, BPF_REG_1, 131));
	if_in(w, BPF_REG_1, BIT(0) | BIT(1) | BIT(12), w->accept);
	go(w, w->drop);
	here(w, target);
	copy_next(w, 24);
	here(w, own_target);
	if_own6(w, NEXT + 8, w->job->any_nd, solicit);
	go(w, w->drop);
	here(w, solicit);
	emit(w, bpf_alu(BPF_ADD, OFFSET, 24));
	go(w, options);
	here(w, router);
	emit(w, bpf_alu(BPF_ADD, OFFSET, 8));
	here(w, options);
	write_nd_options(w);
}

void guard_write_ip6(struct writer *w)
{
	int own = label(w), udp = label(w), icmp = label(w), fragment = label(w),
	    own_target = label(w);

	copy_at(w, FRAME_LEAST, FRAME + FRAME_LEAST, NET6 - FRAME_LEAST);
	take(w, BPF_B, BPF_REG_1, NET);
	emit(w, bpf_alu(BPF_RSH, BPF_REG_1, 4));
	jump(w, bpf_if(BPF_JNE, BPF_REG_1, 6), w->drop);
	take(w, BPF_B, PROTOCOL, IP6_NEXT);
	emit(w, bpf_alu(BPF_MOV, OFFSET, NET6));
	emit(w, bpf_alu(BPF_MOV, FRAGMENT, 0));
	if_own6(w, IP6_SOURCE, w->job->any6, own);
	write_unspecified6(w, own_target);
	here(w, own);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_TCP), w->flow);
	write_chain(w);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_ICMPV6), icmp);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_FRAGMENT), fragment);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_UDP), udp);
	plain_or_drop(w, PLAIN);
	here(w, fragment);
	write_fragment(w, udp);
	here(w, udp);
	write_udp(w, 547, 546);
	go(w, w->flow);
	here(w, icmp);
	write_icmp6(w, own_target);
}
