/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types of the keys net.N.*: text that is read before it is kept, and numbers with the kernel's words. */
#pragma once
#include "spec/key.h"

/* .of of the types of text: the address of what reads the value. */
typedef int net_reads(const char *value, struct err *e);
extern net_reads *const net_interface_of;
extern net_reads *const net_mac_of;
extern net_reads *const net_address4_of;
extern net_reads *const net_address6_of;
extern net_reads *const net_route4_of;
extern net_reads *const net_route6_of;
extern net_reads *const net_gateway4_of;
extern net_reads *const net_gateway6_of;
extern net_reads *const net_vlan_of;
extern net_reads *const net_vlans_of;
extern net_reads *const net_network_of;

/* .of of net_key_mode: the kernel's numbers by the words that ip-link(8) has for them; the first is the
 * default. */
struct net_mode {
	const char *word;
	uint32_t value;
};

extern const struct key_type net_key_on;	/* bool; cleared it is true */
extern const struct key_type net_key_interface; /* char * */
extern const struct key_type net_key_network;	/* char * */
extern const struct key_type net_key_mac;	/* char * */
extern const struct key_type net_key_gateway;	/* char * */
extern const struct key_type net_key_vlan;	/* char * */
extern const struct key_type net_key_addresses; /* struct list */
extern const struct key_type net_key_routes;	/* struct list */
extern const struct key_type net_key_vlans;	/* struct list */
extern const struct key_type net_key_number;	/* uint32_t; 0 = not set; .of = struct key_bounds */
extern const struct key_type net_key_mode;	/* uint32_t */
extern const struct key_type net_key_rate;	/* uint64_t, bits per second; LIMIT_MAX = any */
extern const struct key_type net_key_flows; /* uint64_t; LIMIT_MAX = any; .of = struct key_bounds */
extern const struct key_type net_key_publish; /* struct list */
