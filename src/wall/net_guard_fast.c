/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard's program, its short way: a plain TCP or UDP packet of the port's first address,
 * in the linear part of its buffer, passes without a call. It lets through nothing that the whole
 * program would not; whatever is not so plain goes there. Fragments need no look: all but those to
 * or from the ports of DHCP pass there too. */
#include "wall/net_guard_writer.h"

enum { DATA = BPF_REG_7, END = BPF_REG_8, THE_PORT = BPF_REG_9 };
enum { IP4_LEAST = ETH_HLEN + 20 + 8, IP6_LEAST = NET6 + 8 };

/* BPF_REG_1 = what lies `at` bytes behind the beginning. */
static void look(struct writer *w, uint8_t size, int at)
{
	emit(w, bpf_get(size, BPF_REG_1, DATA, (size_t)at));
}

static void differ_port(struct writer *w, uint8_t size, int at, size_t member)
{
	look(w, size, at);
	emit(w, bpf_get(size, BPF_REG_2, THE_PORT, member));
	emit(w, bpf_alu_reg(BPF_XOR, BPF_REG_1, BPF_REG_2));
	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_1));
}

/* Fewer bytes in the linear part: the whole program. */
static void need(struct writer *w, int size, int whole)
{
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_1, DATA));
	emit(w, bpf_alu(BPF_ADD, BPF_REG_1, size));
	jump(w, bpf_if_reg(BPF_JGT, BPF_REG_1, END), whole);
}

/* Ports, `at` bytes behind the beginning, are no DHCP's. */
static void pass_udp(struct writer *w, int at, uint16_t server, uint16_t client, int whole)
{
	for (int i = 0; i < 4; i += 2) {
		look(w, BPF_H, at + i);
		jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(server)), whole);
		jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(client)), whole);
	}
	go(w, w->accept);
}

static void write_fast6(struct writer *w, int whole)
{
	enum { SOURCE = ETH_HLEN + 8 };
	size_t own = offsetof(struct guard_port, address6[1]);

	need(w, IP6_LEAST, whole);
	look(w, BPF_B, ETH_HLEN);
	emit(w, bpf_alu(BPF_RSH, BPF_REG_1, 4));
	emit(w, bpf_alu(BPF_XOR, BPF_REG_1, 6));
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_5, BPF_REG_1));
	for (int i = 0; i < 16; i += 4)
		differ_port(w, BPF_W, SOURCE + i, own + (size_t)i);
	unless_same(w, whole);
	look(w, BPF_B, ETH_HLEN + 6);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, IPPROTO_TCP), w->accept);
	jump(w, bpf_if(BPF_JNE, BPF_REG_1, IPPROTO_UDP), whole);
	pass_udp(w, NET6, 547, 546, whole);
}

void guard_write_fast(struct writer *w, int whole)
{
	int ip6 = label(w);

	take_context(w, DATA, offsetof(struct __sk_buff, data));
	take_context(w, END, offsetof(struct __sk_buff, data_end));
	take_port(w, THE_PORT);
	need(w, IP4_LEAST, whole);
	begin_compare(w);
	differ_port(w, BPF_W, 6, offsetof(struct guard_port, mac));
	differ_port(w, BPF_H, 10, offsetof(struct guard_port, mac) + 4);
	unless_same(w, whole);
	look(w, BPF_H, 12);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, htons(ETH_P_IPV6)), ip6);
	emit(w, bpf_alu(BPF_XOR, BPF_REG_1, htons(ETH_P_IP)));
	emit(w, bpf_alu_reg(BPF_MOV, BPF_REG_5, BPF_REG_1));
	look(w, BPF_B, ETH_HLEN);
	emit(w, bpf_alu(BPF_XOR, BPF_REG_1, 0x45));
	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_1));
	differ_port(w, BPF_W, ETH_HLEN + 12, offsetof(struct guard_port, address4[0]));
	emit(w, bpf_get(BPF_W, BPF_REG_1, THE_PORT, offsetof(struct guard_port, none4)));
	emit(w, bpf_alu_reg(BPF_OR, BPF_REG_5, BPF_REG_1));
	unless_same(w, whole);
	look(w, BPF_B, ETH_HLEN + 9);
	jump(w, bpf_if(BPF_JEQ, BPF_REG_1, IPPROTO_TCP), w->accept);
	jump(w, bpf_if(BPF_JNE, BPF_REG_1, IPPROTO_UDP), whole);
	pass_udp(w, ETH_HLEN + 20, 67, 68, whole);
	here(w, ip6);
	write_fast6(w, whole);
}
