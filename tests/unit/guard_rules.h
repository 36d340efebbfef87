/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the port guard says about a packet, written a second time and simply: the reference that the
 * eBPF program is compared with. */
#pragma once
#include <stdbool.h>

#include "guard_packets.h"

struct view {
	const uint8_t *at;
	size_t n;
};

static uint32_t view_number(struct view v, size_t at, size_t size)
{
	uint32_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | v.at[at + i];
	return number;
}

static bool view_is(struct view v, size_t at, const char *word)
{
	struct packet want;

	packet_make(&want, word);
	return at + want.n <= v.n && !memcmp(v.at + at, want.byte, want.n);
}

static struct view view_from(struct view v, size_t at)
{
	at = at < v.n ? at : v.n;
	return (struct view){ v.at + at, v.n - at };
}

static bool is_own4(struct view v, size_t at)
{
	return view_is(v, at, "ip") || view_is(v, at, "ip2");
}

static bool is_own6(struct view v, size_t at)
{
	return view_is(v, at, "ll") || view_is(v, at, "g") || view_is(v, at, "g2");
}

static bool is_plain(uint32_t protocol)
{
	static const uint8_t plain[] = { 4, 6, 33, 41, 47, 50, 59, 132 };

	return memchr(plain, (int)protocol, sizeof(plain)) != NULL;
}

static bool good_arp(struct view v)
{
	uint32_t operation;

	if (v.n < 28 || !view_is(v, 0, "0001 0800 06 04") || !view_is(v, 8, "me"))
		return false;
	operation = view_number(v, 6, 2);
	if (operation == 1 && view_is(v, 14, "any4"))
		return true;
	return (operation == 1 || operation == 2) && is_own4(v, 14);
}

static bool good_dhcp4(struct view udp, bool fragment)
{
	struct view m = view_from(udp, 8);

	return !fragment && m.n >= 34 && view_is(m, 0, "01 01 06 00") && view_is(m, 24, "any4") &&
	       view_is(m, 28, "me");
}

static bool good_udp4(struct view v, bool fragment)
{
	if (v.n < 8 || view_number(v, 0, 2) == 67 || view_number(v, 2, 2) == 68)
		return false;
	return view_number(v, 2, 2) != 67 || good_dhcp4(v, fragment);
}

static bool good_igmp(struct view v, bool fragment)
{
	return !fragment && v.n && memchr("\x12\x16\x17\x22", v.at[0], 4);
}

static bool good_ip4(struct view v)
{
	uint32_t protocol, fragment;
	struct view next;

	if (v.n < 20 || v.at[0] < 0x45 || v.at[0] > 0x4f)
		return false;
	protocol = v.at[9];
	fragment = view_number(v, 6, 2) & 0x3fff;
	next = view_from(v, (size_t)(v.at[0] & 15) * 4);
	if (!is_own4(v, 12))
		return view_is(v, 12, "any4") && view_is(v, 16, "all4") && protocol == 17 &&
		       next.n >= 8 && view_is(next, 0, "0044 0043") &&
		       good_dhcp4(next, fragment != 0);
	if (protocol == 2)
		return good_igmp(next, fragment != 0);
	if (protocol == 17 && !(fragment & 0x1fff))
		return good_udp4(next, fragment != 0);
	if (protocol == 1 && !(fragment & 0x1fff))
		return next.n && next.at[0] != 5 && next.at[0] != 9;
	return protocol == 17 || protocol == 1 || is_plain(protocol);
}

static bool good_nd(struct view v, size_t at, size_t end)
{
	for (int i = 0; at != end; i++) {
		size_t size;

		if (i == 3 || at + 8 > v.n || !v.at[at + 1])
			return false;
		size = (size_t)v.at[at + 1] * 8;
		if ((v.at[at] == 1 || v.at[at] == 2) && (size != 8 || !view_is(v, at + 2, "me")))
			return false;
		at += size;
	}
	return true;
}

static bool is_message(uint8_t type)
{
	return (type >= 1 && type <= 4) || type == 128 || type == 129;
}

/* v is the whole packet: options of neighbour discovery end where its header says. */
static bool good_icmp6(struct view v, size_t at, bool fragment)
{
	size_t end = 40 + view_number(v, 4, 2);
	struct view m = view_from(v, at);

	if (m.n < 4)
		return false;
	if (is_message(m.at[0]))
		return true;
	if (fragment)
		return false;
	switch (m.at[0]) {
	case 131:
	case 132:
	case 143:
		return true;
	case 133:
		return good_nd(v, at + 8, end);
	case 135:
		return good_nd(v, at + 24, end);
	case 136:
		return m.n >= 24 && is_own6(m, 8) && good_nd(v, at + 24, end);
	default:
		return false;
	}
}

static bool good_udp6(struct view v)
{
	return v.n >= 8 && view_number(v, 0, 2) != 547 && view_number(v, 2, 2) != 546;
}

static bool good_unspecified6(struct view v)
{
	struct view next = view_from(v, 40);

	if (v.at[6] == 58)
		return next.n >= 24 && next.at[0] == 135 && is_own6(next, 8) &&
		       good_nd(v, 64, 40 + view_number(v, 4, 2));
	return v.at[6] == 0 && next.n >= 9 && view_is(next, 0, "3a 00") &&
	       (next.at[8] == 131 || next.at[8] == 143);
}

static bool good_fragment6(struct view v, size_t at)
{
	struct view f = view_from(v, at);
	uint8_t protocol;

	if (f.n < 8)
		return false;
	protocol = f.at[0];
	if (view_number(f, 2, 2) & 0xfff8)
		return protocol == 17 || protocol == 58 || is_plain(protocol);
	if (protocol == 17)
		return good_udp6(view_from(f, 8));
	return protocol == 58 ? good_icmp6(v, at + 8, true) : is_plain(protocol);
}

static bool good_ip6(struct view v)
{
	size_t at = 40;
	uint8_t protocol;

	if (v.n < 40 || v.at[0] >> 4 != 6)
		return false;
	if (!is_own6(v, 8))
		return view_is(v, 8, "any6") && good_unspecified6(v);
	protocol = v.at[6];
	for (int i = 0; i < 4; i++) {
		if (protocol != 43 && protocol != 60 && !(protocol == 0 && i == 0))
			break;
		if (at + 2 > v.n)
			return false;
		protocol = v.at[at];
		at += 8 * ((size_t)v.at[at + 1] + 1);
	}
	if (protocol == 44)
		return good_fragment6(v, at);
	if (protocol == 17)
		return good_udp6(view_from(v, at));
	return protocol == 58 ? good_icmp6(v, at, false) : is_plain(protocol);
}

/* Would a port with the words me, ip, ip2, g and g2 let it pass? */
static bool packet_is_good(const struct packet *p)
{
	struct view frame = { p->byte, p->n }, net = view_from(frame, 14);

	if (frame.n < 34 || !view_is(frame, 6, "me"))
		return false;
	switch (view_number(frame, 12, 2)) {
	case 0x0800:
		return good_ip4(net);
	case 0x0806:
		return good_arp(net);
	case 0x86dd:
		return good_ip6(net);
	default:
		return false;
	}
}
