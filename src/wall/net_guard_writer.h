/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words in which the program of the port guard is written: only its parts include this
 * (net_guard_program.c, net_guard_ip6.c, net_guard_limit.c).
 *
 * Headers are copied to the stack with bpf_skb_load_bytes(), which sees through every shape of
 * packet buffer and fails on a short one; a failure drops. The linear part of a buffer is chosen by
 * the sender, so direct access would need a second path for the rare shapes. */
#pragma once
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#include "base/mem.h"
#include "wall/net_guard_inner.h"

/* Registers that live from part to part. */
enum {
	CONTEXT = BPF_REG_6,
	OFFSET = BPF_REG_7,   /* of the header in question, from the start of the frame */
	PROTOCOL = BPF_REG_8, /* its number */
	FRAGMENT = BPF_REG_9, /* not 0: a fragment without the header of the upper layer */
	FRAME_POINTER = BPF_REG_10
};

/* The stack. The frame begins 2 bytes past an 8-byte boundary, so that addresses are aligned. */
enum {
	FRAME = -94,
	MAC_SOURCE = FRAME + 6,
	ETHER_TYPE = FRAME + 12,
	NET = FRAME + ETH_HLEN, /* ARP, IPv4 (20 bytes) or IPv6 (40 bytes) */
	NEXT = NET + 40,	/* the header behind it, 32 bytes */
	PORT = FRAME - 10,	/* pointer to the struct guard_port */
	KEY = PORT - 40		/* struct guard_flow */
};

enum {
	IP4_FRAGMENT = NET + 6,
	IP4_PROTOCOL = NET + 9,
	IP4_SOURCE = NET + 12,
	IP4_TARGET = NET + 16,
	IP6_PAYLOAD = NET + 4,
	IP6_NEXT = NET + 6,
	IP6_SOURCE = NET + 8,
	IP6_TARGET = NET + 24,
	ARP_OPERATION = NET + 6,
	ARP_MAC = NET + 8
};

/* Every frame that may pass is at least this long: Ethernet and a bare IPv4 header. */
enum { FRAME_LEAST = ETH_HLEN + 20, NET6 = ETH_HLEN + 40 };

#define BIT(n) ((uint64_t)1 << (n))

struct writer {
	struct bpf_code *c;
	const struct guard_job *job;
	int accept; /* whatever the flow */
	int flow;   /* an IP packet that is in order: OFFSET, PROTOCOL and FRAGMENT are known */
	int drop, drop_flow, drop_rate;
};

/* The short way to w->accept; what is not that plain goes to `whole`. */
void guard_write_fast(struct writer *w, int whole);

/* An IPv6 packet, behind the Ethernet header: judge it and go. */
void guard_write_ip6(struct writer *w);

/* At w->flow: is it a flow that was seen, or may it be new? Falls through to w->accept. */
void guard_write_flow_limit(struct writer *w);

/* At w->accept: is there room in the rate? Falls through, or goes to `pass` when there is no
 * limit. */
void guard_write_rate_limit(struct writer *w, int pass);

/* --- small pieces --------------------------------------------------------------------------- */

static inline uint16_t load16(const uint8_t *bytes)
{
	uint16_t number;

	memcpy(&number, bytes, sizeof(number));
	return number;
}

static inline uint32_t load32(const uint8_t *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return number;
}

static inline void emit(struct writer *w, struct bpf_insn insn)
{
	bpf_emit(w->c, insn);
}

static inline void jump(struct writer *w, struct bpf_insn insn, int label)
{
	bpf_jump(w->c, insn, label);
}

static inline void go(struct writer *w, int label)
{
	bpf_jump(w->c, bpf_always(), label);
}

static inline int label(struct writer *w)
{
	return bpf_label(w->c);
}

static inline void here(struct writer *w, int label)
{
	bpf_here(w->c, label);
}

static inline void number64(struct writer *w, uint8_t reg, uint64_t number)
{
	bpf_wide(w->c, reg, 0, (uint32_t)number, (uint32_t)(number >> 32));
}

/* reg = what lies on the stack at `at`. */
static inline void take(struct writer *w, uint8_t size, uint8_t reg, int at)
{
	emit(w, bpf_get(size, reg, FRAME_POINTER, (size_t)at));
}

/* reg = a member of struct __sk_buff. */
static inline void take_context(struct writer *w, uint8_t reg, size_t member)
{
	emit(w, bpf_get(BPF_W, reg, CONTEXT, member));
}

static inline void take_port(struct writer *w, uint8_t reg)
{
	take(w, BPF_DW, reg, PORT);
}

/* Comparisons are collected in BPF_REG_5 and cost one jump together: jumps are what the kernel's
 * verifier spends its time on. begin_compare(), differ*() ..., unless_same(). */
static inline void begin_compare(struct writer *w)
{
	emit(w, bpf_alu(BPF_MOV, BPF_REG_5, 0));
}

static inline void differ32(struct writer *w, int at, const uint8_t *bytes)
{
	take(w, BPF_W, BPF_REG_1, at);
	emit(w, bpf_alu32(BPF_XOR, BPF_REG_1, load32(bytes)));
	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_1));
}

static inline void differ16(struct writer *w, int at, const uint8_t *bytes)
{
	take(w, BPF_H, BPF_REG_1, at);
	emit(w, bpf_alu32(BPF_XOR, BPF_REG_1, load16(bytes)));
	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_1));
}

/* From the port's own MAC address. */
static inline void differ_mac(struct writer *w, int at)
{
	static const struct {
		uint8_t size;
		int offset;
	} pieces[] = { { BPF_W, 0 }, { BPF_H, 4 } };

	take_port(w, BPF_REG_3);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		int offset = pieces[i].offset;

		take(w, pieces[i].size, BPF_REG_1, at + offset);
		emit(w, bpf_get(pieces[i].size, BPF_REG_2, BPF_REG_3,
				offsetof(struct guard_port, mac) + (size_t)offset));
		emit(w, bpf_alu_reg(BPF_XOR, BPF_REG_1, BPF_REG_2));
		emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_1));
	}
}

static inline void unless_same(struct writer *w, int otherwise)
{
	jump(w, bpf_if(BPF_JNE, BPF_REG_5, 0), otherwise);
}

/* Copy `size` bytes of the frame to the stack at `to`, from OFFSET + from (or from `from` alone).
 * A shorter frame is dropped. */
static inline void copy_from(struct writer *w, bool offset, int from, int to, int size)
{
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_1, CONTEXT));
	emit(w,
	     offset ? bpf_alu_reg(BPF_MOV, BPF_REG_2, OFFSET) : bpf_alu(BPF_MOV, BPF_REG_2, from));
	if (offset && from)
		emit(w, bpf_alu(BPF_ADD, BPF_REG_2, from));
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_3, FRAME_POINTER));
	emit(w, bpf_alu(BPF_ADD, BPF_REG_3, to));
	emit(w, bpf_alu(BPF_MOV, BPF_REG_4, size));
	emit(w, bpf_call(BPF_FUNC_skb_load_bytes));
	jump(w, bpf_if(BPF_JNE, BPF_REG_0, 0), w->drop);
}

static inline void copy_at(struct writer *w, int from, int to, int size)
{
	copy_from(w, false, from, to, size);
}

/* The header in question to NEXT. */
static inline void copy_next(struct writer *w, int size)
{
	copy_from(w, true, 0, NEXT, size);
}

/* Go to `yes` when the number in reg, below 64, is in the set; fall through when not. */
static inline void if_in(struct writer *w, uint8_t reg, uint64_t set, int yes)
{
	int no = label(w);

	jump(w, bpf_if(BPF_JGT, reg, 63), no);
	number64(w, BPF_REG_2, set);
	emit(w, bpf_alu_reg(BPF_RSH, BPF_REG_2, reg));
	jump(w, bpf_if(BPF_JSET, BPF_REG_2, 1), yes);
	here(w, no);
}

/* Is BPF_REG_1, and what lies at `at`, an IPv4 address of the port? Falls through when not. `any`:
 * any single host's is. */
static inline void if_own4(struct writer *w, int at, bool any, int yes)
{
	int no = label(w);

	take_port(w, BPF_REG_3);
	emit(w, bpf_get(BPF_W, BPF_REG_2, BPF_REG_3, offsetof(struct guard_port, none4)));
	jump(w, bpf_if(BPF_JNE, BPF_REG_2, 0), no);
	/* One at least: the verifier refuses what can never be reached. */
	for (size_t i = 0; i == 0 || i < w->job->slots4; i++) {
		emit(w, bpf_get(BPF_W, BPF_REG_2, BPF_REG_3,
				offsetof(struct guard_port, address4[0]) + 4 * i));
		jump(w, bpf_if_reg(BPF_JEQ, BPF_REG_1, BPF_REG_2), yes);
	}
	here(w, no);
	if (!any)
		return;
	no = label(w);
	take(w, BPF_B, BPF_REG_2, at);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_2, 0), no);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_2, 127), no);
	jump(w, bpf_if(BPF_JLT, BPF_REG_2, 224), yes);
	here(w, no);
}

/* The same for the IPv6 address on the stack, which BPF_REG_1 and BPF_REG_2 hold behind it. */
static inline void if_own6(struct writer *w, int at, bool any, int yes)
{
	int no = label(w);

	take(w, BPF_DW, BPF_REG_1, at);
	take(w, BPF_DW, BPF_REG_2, at + 8);
	take_port(w, BPF_REG_5);
	for (size_t i = 0; i < w->job->slots6; i++) {
		size_t place = offsetof(struct guard_port, address6[0]) + 16 * i;

		emit(w, bpf_get(BPF_DW, BPF_REG_3, BPF_REG_5, place));
		emit(w, bpf_alu_reg(BPF_XOR, BPF_REG_3, BPF_REG_1));
		emit(w, bpf_get(BPF_DW, BPF_REG_4, BPF_REG_5, place + 8));
		emit(w, bpf_alu_reg(BPF_XOR, BPF_REG_4, BPF_REG_2));
		emit(w, bpf_alu_reg(BPF_OR, BPF_REG_3, BPF_REG_4));
		jump(w, bpf_if(BPF_JEQ, BPF_REG_3, 0), yes);
	}
	if (!any)
		return;
	take(w, BPF_B, BPF_REG_3, at);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_3, 0), no);
	/* fe80::/10 is made of the MAC address, ff00::/8 is nobody's. */
	jump(w, bpf_if(BPF_JLT, BPF_REG_3, 0xfe), yes);
	here(w, no);
}

/* Upper layers without anything to look at. The protocols of routers (PIM, OSPF, VRRP ...), headers
 * that hide others and numbers that nobody knows are not among them. */
#define PLAIN                                                                                      \
	(BIT(IPPROTO_IPIP) | BIT(IPPROTO_TCP) | BIT(IPPROTO_DCCP) | BIT(IPPROTO_IPV6) |            \
	 BIT(IPPROTO_GRE) | BIT(IPPROTO_ESP) | BIT(IPPROTO_NONE))

static inline void plain_or_drop(struct writer *w, uint64_t set)
{
	if_in(w, PROTOCOL, set, w->flow);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_SCTP), w->flow);
	go(w, w->drop);
}

/* Neither is one a DHCP server, by the port that it sends from or to. */
static inline void write_udp(struct writer *w, uint16_t server, uint16_t client)
{
	copy_next(w, 8);
	take(w, BPF_H, BPF_REG_1, NEXT);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(server)), w->drop);
	take(w, BPF_H, BPF_REG_1, NEXT + 2);
	/* A client listens there and does not care from which port a server sends. */
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(client)), w->drop);
}
