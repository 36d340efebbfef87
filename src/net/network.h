/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of the host that ward manages: one bridge each, with addresses, NAT, leases and names.
 *
 *	LIB/net/NAME/config	a definition; the network "default" (bridge ward0) defines itself
 *	LIB/net/NAME/leases	which container has which address: kept as long as it is defined
 *	RUN/net/NAME/		while it is up: how it was made, leases, the name server's files
 *
 * Everything here is done by root of the host, before the container exists or after its end. */
#pragma once
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define NETWORK_DEFAULT "default"
#define NETWORK_BRIDGE "ward0" /* of that one */

struct network {
	char name[16];
	char bridge[IFNAMSIZ];
	int index; /* of the bridge's interface */
	uint32_t mtu;
	struct in_addr address4; /* the bridge's own; 0.0.0.0 = no IPv4 */
	uint8_t length4;
	struct in6_addr address6; /* :: = no IPv6 */
	uint8_t length6;
	bool shared; /* its containers reach each other; else ports are isolated */
};

/* Make sure that the network is up: definition, bridge with its sysctls, packet filter, name server.
 * Cheap when it is. Idempotent, safe against itself. 0 or -errno with e set, nothing half-made. */
int network_up(const struct store *s, const char *name, struct network *out, struct err *e);

/* The same without believing that anything is there: for `ward net up`. */
int network_mend(const struct store *s, const char *name, struct network *out, struct err *e);

/* Take down what network_up() made: -EBUSY while interfaces are in its bridge, unless force. */
int network_down(const struct store *s, const char *name, bool force, struct err *e);

/* Take down what was left half-made or half-removed by a process that was killed. For launch/gc.c: one
 * system call when there is nothing to do. */
void network_gc(const struct store *s);

/* Define a network; choose4, choose6: with addresses that are free. -EEXIST, -EADDRINUSE. */
struct net_config;
int network_create(const struct store *s, struct net_config *c, bool choose4, bool choose6,
		   struct err *e);
int network_remove(const struct store *s, const char *name, bool force, struct err *e);

/* Is its bridge there? For `ward net ls`; changes nothing. */
bool network_is_up(const struct store *s, const char *name, struct network *out);

/* One container's place in a network. */
struct lease {
	uint8_t mac[6];
	struct in_addr address4;
	struct in6_addr address6;
};

/* Give `owner` (a container that the caller has claimed) its lease in `n`. What is not zero in *want
 * is asked for: -EADDRINUSE when another owner has it. An owner gets what he had before, else what
 * was free for longest; -ENOSPC when all are taken. `kept`: the owner is defined, and keeps it after
 * lease_release(). His name is published to the name server. device: the container's index of it. */
int lease_take(const struct store *s, const struct network *n, const char *owner, uint32_t device,
	       bool kept, const struct lease *want, struct lease *out, struct err *e);

/* The owner has ended: his names go, and all leases that are not kept. `forget`: kept ones too. */
int lease_release(const struct store *s, const char *owner, bool forget, struct err *e);

/* Lead ports of the host to a container: "[ADDRESS:]PORT:PORT[/tcp|/udp]", ranges as A-B:C-D. */
enum { PUBLISH_MAX = 256 }; /* of a container */
struct publish {
	struct in6_addr host; /* :: = every address; IPv4 is mapped */
	uint16_t from, to, count;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
};
int publish_parse(const char *text, struct publish *out,
		  struct err *e); /* no side effects, fuzzed */

/* Lead n ports to the container. -EADDRINUSE when one is taken by another container or a program of the
 * host. The relay that holds them ends with the calling process, which therefore has to live as long as
 * the container. publish_remove() needs no program either; it bears what was never added. */
int publish_add(const struct store *s, const char *owner, const struct lease *to,
		const struct publish *ports, size_t n, struct err *e);
int publish_remove(const struct store *s, const char *owner, struct err *e);
