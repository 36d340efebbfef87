/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written in the keys net.N.*: addresses, routes, MAC patterns, rates, names. All without side
 * effects; fuzzed (tests/fuzz/fuzz_net.c). Each returns 0, or -EINVAL with e set. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* One address of either family. */
struct net_address {
	int family; /* AF_INET, AF_INET6 */
	uint8_t length;
	bool has_length;     /* it was written */
	bool has_broadcast;  /* IPv4: written, or computed where the length leaves room for one */
	uint8_t address[16]; /* in network order; 4 bytes of IPv4 */
	struct in_addr broadcast;
};

/* Bytes of an address of this family. */
size_t net_address_size(int family);

/* "ADDRESS[/LENGTH] [BROADCAST]", the broadcast for IPv4 only. Without a length the class of an IPv4
 * address decides, as LXC has it; IPv6 has 64. */
int net_parse_address(const char *text, int family, struct net_address *out, struct err *e);

/* "NETWORK/LENGTH": the length must be there, and nothing behind it in the address. */
int net_parse_route(const char *text, int family, struct net_address *out, struct err *e);

/* A gateway: an address without a length, or one of two words. */
enum net_gateway { NET_GATEWAY_NONE, NET_GATEWAY_ADDRESS, NET_GATEWAY_AUTO, NET_GATEWAY_DEV };
int net_parse_gateway(const char *text, int family, enum net_gateway *kind, struct net_address *out,
		      struct err *e);

/* "02:xx:xx:12:34:56", where x is any digit. net_fill_mac() takes the digits from `random` (6 bytes), and
 * keeps the address one of a single station. A pattern that is not one of those is refused. */
int net_parse_mac(const char *text, struct err *e);
void net_fill_mac(const char *pattern, const uint8_t random[6], uint8_t mac[6]);

/* A name that the kernel takes for an interface: dev_valid_name() in net/core/dev.c. */
int net_parse_name(const char *text, struct err *e);

/* Bits per second: a number with K, M, G or T (powers of 1000, as networks have it), "bit" behind it
 * if you like; or "max". */
int net_parse_rate(const char *text, uint64_t *out, struct err *e);

/* A VLAN: 1 to 4094. */
int net_parse_vlan(const char *text, uint16_t *out, struct err *e);
