/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program that every packet of a container passes, where the container cannot reach it. Strict
 * and in one order: whose frame, which protocol, whose address, then what a neighbour or the host
 * could be misled with. What is not understood is dropped. */
#include "wall/net_guard_writer.h"

/* --- frame, ARP ------------------------------------------------------------------------------- */

static void write_frame(struct writer *w, int arp, int ip6)
{
	copy_at(w, 0, FRAME, FRAME_LEAST);
	begin_compare(w);
	differ_mac(w, MAC_SOURCE);
	unless_same(w, w->drop);
	take(w, BPF_H, BPF_REG_1, ETHER_TYPE);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(ETH_P_IPV6)), ip6);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(ETH_P_ARP)), arp);
	jump(w, bpf_if(BPF_JNE, BPF_REG_1, htons(ETH_P_IP)), w->drop);
}

/* A request or a reply of our own. 0.0.0.0 asks whether an address is free (RFC 5227). */
static void write_arp(struct writer *w)
{
	static const uint8_t kind[] = { 0, 1, 8, 0, 6, 4 }, request[] = { 0, 1 };

	copy_at(w, ETH_HLEN, NET, 28);
	begin_compare(w);
	differ32(w, NET, kind);
	differ16(w, NET + 4, kind + 4);
	differ_mac(w, ARP_MAC);
	take(w, BPF_H, BPF_REG_3, ARP_OPERATION);
	emit(w, bpf_swap(BPF_REG_3, 16));
	emit(w, bpf_alu(BPF_SUB, BPF_REG_3, 1)); /* 1 and 2 */
	emit(w, bpf_alu(BPF_RSH, BPF_REG_3, 1));
	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_3));
	unless_same(w, w->drop);
	/* On the stack once more, where a word is aligned. */
	copy_at(w, ETH_HLEN + 14, NEXT, 4);
	take(w, BPF_W, BPF_REG_1, NEXT);
	if_own4(w, NEXT, w->job->any_arp, w->accept);
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_5, BPF_REG_1));
	differ16(w, ARP_OPERATION, request);
	unless_same(w, w->drop);
	go(w, w->accept);
}

/* --- IPv4 ------------------------------------------------------------------------------------- */

/* To a DHCP server: a request for this port's own hardware address, or a container could take all
 * leases of a network. BOOTP, RFC 2131. */
static void write_dhcp4(struct writer *w)
{
	static const uint8_t request[] = { 1, 1, 6, 0 }, none[4]; /* op, htype, hlen, hops */

	jump(w, bpf_if(BPF_JNE, FRAGMENT, 0), w->drop);
	copy_from(w, true, 8, NEXT, 4);
	copy_from(w, true, 8 + 24, NEXT + 4, 10); /* giaddr, chaddr */
	begin_compare(w);
	differ32(w, NEXT, request);
	differ32(w, NEXT + 4, none);
	differ_mac(w, NEXT + 8);
	unless_same(w, w->drop);
	go(w, w->flow);
}

static void write_icmp4(struct writer *w)
{
	enum { REDIRECT = 5, ROUTER = 9 };

	copy_next(w, 1);
	take(w, BPF_B, BPF_REG_1, NEXT);
	if_in(w, BPF_REG_1, BIT(REDIRECT) | BIT(ROUTER), w->drop);
	go(w, w->flow);
}

/* Who asks who listens is a router to every bridge that snoops; a container may only answer. */
static void write_igmp(struct writer *w)
{
	jump(w, bpf_if(BPF_JNE, FRAGMENT, 0), w->drop);
	copy_next(w, 1);
	take(w, BPF_B, BPF_REG_1, NEXT);
	if_in(w, BPF_REG_1, BIT(0x12) | BIT(0x16) | BIT(0x17) | BIT(0x22), w->accept);
	go(w, w->drop);
}

/* 0.0.0.0, in BPF_REG_1, is for who has no address yet, to ask for one. */
static void write_unspecified4(struct writer *w, int dhcp)
{
	static const uint8_t everybody[] = { 255, 255, 255, 255 }, ports[] = { 0, 68, 0, 67 };

	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_5, BPF_REG_1));
	differ32(w, IP4_TARGET, everybody);
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_1, PROTOCOL));
	emit(w, bpf_alu(BPF_XOR, BPF_REG_1, IPPROTO_UDP));
	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_1));
	unless_same(w, w->drop);
	copy_next(w, 8);
	begin_compare(w);
	differ32(w, NEXT, ports);
	unless_same(w, w->drop);
	go(w, dhcp);
}

/* Version, header length, protocol and fragment into the registers. */
static void write_header4(struct writer *w)
{
	take(w, BPF_B, OFFSET, NET);
	emit(w, bpf_alu(BPF_SUB, OFFSET, 0x45));
	jump(w, bpf_if(BPF_JGT, OFFSET, 10), w->drop);
	emit(w, bpf_alu(BPF_LSH, OFFSET, 2));
	emit(w, bpf_alu(BPF_ADD, OFFSET, FRAME_LEAST));
	take(w, BPF_B, PROTOCOL, IP4_PROTOCOL);
	take(w, BPF_H, FRAGMENT, IP4_FRAGMENT);
	emit(w, bpf_swap(FRAGMENT, 16));
	emit(w, bpf_alu(BPF_AND, FRAGMENT, 0x3fff)); /* more of them, and where */
}

static void write_ip4(struct writer *w)
{
	int own = label(w), icmp = label(w), igmp = label(w), other = label(w), dhcp = label(w);

	write_header4(w);
	take(w, BPF_W, BPF_REG_1, IP4_SOURCE);
	if_own4(w, IP4_SOURCE, w->job->any4, own);
	write_unspecified4(w, dhcp);
	here(w, own);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_TCP), w->flow);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_IGMP), igmp);
	/* What a later fragment continues was judged in the first. */
	jump(w, bpf_if(BPF_JSET, FRAGMENT, 0x1fff), other);
	jump(w, bpf_if(BPF_JEQ, PROTOCOL, IPPROTO_ICMP), icmp);
	jump(w, bpf_if(BPF_JNE, PROTOCOL, IPPROTO_UDP), other);
	write_udp(w, 67, 68);
	jump(w, bpf_if(BPF_JNE, BPF_REG_1, htons(67)), w->flow);
	here(w, dhcp);
	write_dhcp4(w);
	here(w, icmp);
	write_icmp4(w);
	here(w, igmp);
	write_igmp(w);
	here(w, other);
	plain_or_drop(w, PLAIN | BIT(IPPROTO_UDP) | BIT(IPPROTO_ICMP));
}

/* --- the whole -------------------------------------------------------------------------------- */

/* TCX_NEXT, TC_ACT_UNSPEC: programs of others on the same device have their say. */
enum { PASS = -1, DROP = 2 };

static void write_drop(struct writer *w, int label, size_t counter)
{
	here(w, label);
	take_port(w, BPF_REG_1);
	emit(w, bpf_alu(BPF_MOV, BPF_REG_2, 1));
	emit(w, bpf_add_atomic(BPF_REG_1, (int16_t)(offsetof(struct guard_port, dropped) + counter),
			       BPF_REG_2));
	emit(w, bpf_alu(BPF_MOV, BPF_REG_0, DROP));
	emit(w, bpf_leave());
}

/* The port's place: the only value of the map, or the one where the number of the interface points.
 * An array, since the kernel's compiler writes its lookup into the program. */
static void write_port(struct writer *w)
{
	int found = label(w), nobody = label(w);

	emit(w, bpf_alu_reg(BPF_MOV, CONTEXT, BPF_REG_1));
	if (!w->job->shared) {
		bpf_wide(w->c, BPF_REG_0, BPF_PSEUDO_MAP_VALUE, (uint32_t)w->job->ports, 0);
	} else {
		take_context(w, BPF_REG_7, offsetof(struct __sk_buff, ifindex));
		emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_1, BPF_REG_7));
		emit(w, bpf_alu(BPF_AND, BPF_REG_1, GUARD_PORTS - 1));
		emit(w, bpf_put(BPF_W, FRAME_POINTER, KEY, BPF_REG_1));
		bpf_wide(w->c, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)w->job->ports, 0);
		emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_2, FRAME_POINTER));
		emit(w, bpf_alu(BPF_ADD, BPF_REG_2, KEY));
		emit(w, bpf_call(BPF_FUNC_map_lookup_elem));
		jump(w, bpf_if(BPF_JEQ, BPF_REG_0, 0), nobody);
		emit(w, bpf_get(BPF_W, BPF_REG_1, BPF_REG_0, offsetof(struct guard_port, index)));
		jump(w, bpf_if_reg(BPF_JEQ, BPF_REG_1, BPF_REG_7), found);
		here(w, nobody);
		emit(w, bpf_alu(BPF_MOV, BPF_REG_0, DROP));
		emit(w, bpf_leave());
	}
	here(w, found);
	emit(w, bpf_put(BPF_DW, FRAME_POINTER, PORT, BPF_REG_0));
}

static void write_filter(struct writer *w)
{
	bool limited = w->job->flows >= 0;
	int arp = label(w), ip6 = label(w), whole = label(w);

	w->drop = label(w);
	w->flow = limited ? label(w) : w->accept;
	/* A tag that the kernel has already taken off the frame. */
	take_context(w, BPF_REG_1, offsetof(struct __sk_buff, vlan_present));
	jump(w, bpf_if(BPF_JNE, BPF_REG_1, 0), w->drop);
	if (!limited)
		guard_write_fast(w, whole);
	here(w, whole);
	write_frame(w, arp, ip6);
	write_ip4(w);
	here(w, ip6);
	guard_write_ip6(w);
	here(w, arp);
	write_arp(w);
	write_drop(w, w->drop, offsetof(struct guard_counters, dropped_packets));
	if (!limited)
		return;
	w->drop_flow = label(w);
	write_drop(w, w->drop_flow, offsetof(struct guard_counters, dropped_flows));
	here(w, w->flow);
	guard_write_flow_limit(w);
}

void guard_program(struct bpf_code *c, const struct guard_job *job)
{
	struct writer w = { .c = c, .job = job };
	int pass = bpf_label(c);

	w.accept = bpf_label(c);
	w.drop_rate = bpf_label(c);
	write_port(&w);
	if (job->filter)
		write_filter(&w);
	here(&w, w.accept);
	guard_write_rate_limit(&w, pass);
	here(&w, pass);
	emit(&w, bpf_alu(BPF_MOV, BPF_REG_0, PASS));
	emit(&w, bpf_leave());
	write_drop(&w, w.drop_rate, offsetof(struct guard_counters, dropped_rate));
}
