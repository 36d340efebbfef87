/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a network is meant to be: LIB/net/NAME/config, lines of key=value. */
#pragma once
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

enum { NET_NAME_MAX = 15, NET_ALLOW_MAX = 32 };

/* A port of the host that containers of the network may use. */
struct net_allow {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
};

struct net_config {
	char name[NET_NAME_MAX + 1];
	char bridge[IFNAMSIZ];
	uint32_t mtu;		 /* 0 = the uplink's */
	uint8_t mac[6];		 /* of the bridge: that it has it is how we know it for ours */
	struct in_addr address4; /* the bridge's own; 0.0.0.0 = no IPv4 */
	uint8_t length4;
	struct in6_addr address6; /* :: = no IPv6 */
	uint8_t length6;
	bool shared;	      /* containers reach each other, and each other's names */
	bool nat;	      /* their addresses are hidden behind the host's */
	bool rebind;	      /* names of the outside may lead to private addresses */
	uint32_t connections; /* tracked at once per container; 0 = nf_conntrack_max / 8 */
	struct net_allow allow[NET_ALLOW_MAX];
	size_t n_allow;
};

/* A network's name: a container's name (path_is_name()) of at most NET_NAME_MAX characters, and no name
 * that ward uses itself beside the networks. 0 or -EINVAL with e set. */
int net_config_check_name(const char *name, struct err *e);

/* Set one key from text, as a line of the file and an option of `ward net create` do. Keys: bridge,
 * mtu, mac, subnet4, subnet6, shared, nat, rebind, connections, allow-host (appends).
 * 0 or -EINVAL with e set. No side effects. */
int net_config_set(struct net_config *c, const char *key, const char *value, struct err *e);

/* Read the whole text; text need not be terminated. No side effects; fuzzed. */
int net_config_parse(const char *text, size_t len, struct net_config *c, struct err *e);
void net_config_write(const struct net_config *c, struct str *out);

/* The stored definition. -ENOENT when there is none (e is set). */
int net_config_read(const struct store *s, const char *name, struct net_config *c, struct err *e);

/* Store it, flushed to the disk; -EEXIST when there is one. */
int net_config_save(const struct store *s, const struct net_config *c, struct err *e);
int net_config_remove(const struct store *s, const char *name, struct err *e);

/* Names of the stored networks, in the order of strcmp(3). 0 or -errno with e set. */
int net_config_names(const struct store *s, struct list *names, struct err *e);

/* How many containers can have an address, at most 4093. length4: of the IPv4 subnet, 0 = none. */
uint32_t net_config_hosts(uint8_t length4);
