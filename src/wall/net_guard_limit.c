/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard's program: limits of new flows and of the rate. */
#include "wall/net_guard_writer.h"

static void zero(struct writer *w, int at, int size)
{
	for (int i = 0; i < size; i += 4)
		emit(w, bpf_put_number(BPF_W, FRAME_POINTER, (int16_t)(at + i), 0));
}

static void move_words(struct writer *w, int from, int to, int words)
{
	for (int i = 0; i < 4 * words; i += 4) {
		take(w, BPF_W, BPF_REG_1, from + i);
		emit(w, bpf_put(BPF_W, FRAME_POINTER, (int16_t)(to + i), BPF_REG_1));
	}
}

/* What tells the flows between two addresses apart, as far as connection tracking does. */
static void write_ports(struct writer *w, int known)
{
	enum { PORTS = KEY + (int)offsetof(struct guard_flow, ports) };
	int ports = label(w);

	jump(w, bpf_if(BPF_JNE, FRAGMENT, 0), known);
	if_in(w, PROTOCOL, BIT(IPPROTO_TCP) | BIT(IPPROTO_UDP) | BIT(IPPROTO_DCCP), ports);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_SCTP), ports);
	if_in(w, PROTOCOL, ~(BIT(IPPROTO_ICMP) | BIT(IPPROTO_ICMPV6)), known);
	/* Type, code and identifier. */
	copy_from(w, true, 0, PORTS, 2);
	copy_from(w, true, 4, PORTS + 2, 2);
	go(w, known);
	here(w, ports);
	copy_from(w, true, 0, PORTS, 4);
}

/* The key of the flow onto the stack. */
static void write_flow(struct writer *w)
{
	enum {
		SOURCE = KEY + (int)offsetof(struct guard_flow, source),
		TARGET = KEY + (int)offsetof(struct guard_flow, target),
		NUMBER = KEY + (int)offsetof(struct guard_flow, protocol)
	};
	int ip6 = label(w), both = label(w), known = label(w);

	zero(w, KEY, sizeof(struct guard_flow));
	take(w, BPF_H, BPF_REG_1, ETHER_TYPE);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(ETH_P_IPV6)), ip6);
	move_words(w, IP4_SOURCE, SOURCE, 1);
	move_words(w, IP4_TARGET, TARGET, 1);
	go(w, both);
	here(w, ip6);
	move_words(w, IP6_SOURCE, SOURCE, 4);
	move_words(w, IP6_TARGET, TARGET, 4);
	here(w, both);
	emit(w, bpf_put(BPF_W, FRAME_POINTER, NUMBER, PROTOCOL));
	write_ports(w, known);
	here(w, known);
}

/* Take the price in OFFSET (ns) out of the bucket at `place` of the port, `deep` (in BPF_REG_8).
 * Two processors that come at once may both find it full and pay once together; that can be had
 * only from a full bucket. */
static void write_bucket(struct writer *w, size_t place, int empty)
{
	int16_t at = (int16_t)place;
	int behind = label(w);

	emit(w, bpf_call(BPF_FUNC_ktime_get_ns));
	take_port(w, BPF_REG_1);
	emit(w, bpf_get(BPF_DW, BPF_REG_2, BPF_REG_1, place));
	jump(w, bpf_if_reg(BPF_JGT, BPF_REG_2, BPF_REG_0), behind);
	emit(w, bpf_put(BPF_DW, BPF_REG_1, at, BPF_REG_0));
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_2, BPF_REG_0));
	here(w, behind);
	emit(w, bpf_alu_reg(BPF_SUB, BPF_REG_2, BPF_REG_0));
	jump(w, bpf_if_reg(BPF_JGT, BPF_REG_2, BPF_REG_8), empty);
	emit(w, bpf_add_atomic(BPF_REG_1, at, OFFSET));
}

static void call_flows(struct writer *w, enum bpf_func_id function)
{
	bpf_wide(w->c, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)w->job->flows, 0);
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_2, FRAME_POINTER));
	emit(w, bpf_alu(BPF_ADD, BPF_REG_2, KEY));
	emit(w, bpf_call(function));
}

/* With the key on the stack: a flow that was seen passes, a new one pays. */
void guard_write_flow_limit(struct writer *w)
{
	write_flow(w);
	call_flows(w, BPF_FUNC_map_lookup_elem);
	jump(w, bpf_if(BPF_JNE, BPF_REG_0, 0), w->accept);
	take_port(w, BPF_REG_1);
	emit(w, bpf_get(BPF_DW, OFFSET, BPF_REG_1, offsetof(struct guard_port, flow_price)));
	emit(w, bpf_get(BPF_DW, BPF_REG_8, BPF_REG_1, offsetof(struct guard_port, flow_depth)));
	write_bucket(w, offsetof(struct guard_port, flow_paid), w->drop_flow);
	zero(w, NEXT, 4);
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_3, FRAME_POINTER));
	emit(w, bpf_alu(BPF_ADD, BPF_REG_3, NEXT));
	emit(w, bpf_alu(BPF_MOV, BPF_REG_4, BPF_ANY));
	call_flows(w, BPF_FUNC_map_update_elem);
}

void guard_write_rate_limit(struct writer *w, int pass)
{
	take_port(w, BPF_REG_1);
	emit(w, bpf_get(BPF_DW, BPF_REG_2, BPF_REG_1, offsetof(struct guard_port, rate_price)));
	jump(w, bpf_if(BPF_JEQ, BPF_REG_2, 0), pass);
	emit(w, bpf_get(BPF_DW, BPF_REG_8, BPF_REG_1, offsetof(struct guard_port, rate_depth)));
	take_context(w, OFFSET, offsetof(struct __sk_buff, len));
	emit(w, bpf_alu_reg(BPF_MUL, OFFSET, BPF_REG_2));
	emit(w, bpf_alu(BPF_RSH, OFFSET, GUARD_PRICE_BITS));
	write_bucket(w, offsetof(struct guard_port, rate_paid), w->drop_rate);
}
