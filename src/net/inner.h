/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. For the rest of the program: net/network.h, net/config.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "net/config.h"
#include "net/network.h"
#include "net/tool.h"
#include "store/store.h"

#define NET_FOLDER "net"	    /* in RUN and in LIB */
#define NET_PUBLISHED "-published"  /* RUN/net/-published/OWNER: no network can have such a name */
#define NET_SYSCTL "-sysctl"	    /* RUN/net/-sysctl: what forward.c changed */
#define NET_LOCK "-lock"	    /* RUN/net/-lock: who changes anything but leases */
#define NET_BUSY "-busy"	    /* RUN/net/-busy: the network that is being changed */
#define NET_TABLE "ward"	    /* the table of family inet */

#define autolist __attribute__((cleanup(list_clear))) struct list

/* --- folder.c: directories and locks ------------------------------------------------- */

/* RUN/net or RUN/net/NAME as a descriptor. make: when missing; else -ENOENT. e is set. */
int net_run_dir(const struct store *s, const char *name, bool make, struct err *e);
int net_lib_dir(const struct store *s, const char *name, bool make, struct err *e);

/* flock(2) on dir/name, made when missing; close it to unlock. Returns a descriptor or -errno. */
int net_lock(int dir, const char *name, bool wait, struct err *e);

/* RUN/net and the lock of all networks: who changes one holds it. wait: false: -EWOULDBLOCK. */
struct net_held {
	int all, lock;
};
#define NET_HELD_NONE ((struct net_held){ -EBADF, -EBADF })
int net_hold(const struct store *s, bool wait, struct net_held *h, struct err *e);
void net_held_drop(struct net_held *h);
#define autoheld __attribute__((cleanup(net_held_drop))) struct net_held

/* 0, or -EPERM with e set: an ordinary user has no networks of the host. */
int net_only_root(const struct store *s, const char *name, struct err *e);

/* The networks that have a directory in RUN, in no order. */
int net_run_names(const struct store *s, struct list *names, struct err *e);

/* Remove RUN/net/NAME and everything in it. */
int net_run_remove(const struct store *s, const char *name, struct err *e);

/* --- bridge.c ------------------------------------------------------------------------ */

struct bridge {
	int index;
	uint8_t mac[6];
	char name[IFNAMSIZ];
	uint32_t mtu;
	bool up, is_bridge;
};

/* By name, or by index when name is NULL. -ENODEV when there is none; e is set. */
int bridge_look(int nl, const char *name, int index, struct bridge *out, struct err *e);

/* Make the bridge, or mend what is there, and bring it up. -EEXIST when an interface of that name is
 * not ours. *made: it was not there. On failure what was made is removed. */
int bridge_make(int nl, const struct net_config *c, uint32_t mtu, struct bridge *out, bool *made,
		struct err *e);
int bridge_remove(int nl, int index, struct err *e);

/* The number of interfaces in the bridge, or -errno. */
int bridge_ports(int nl, int index, struct err *e);

/* --- route.c: what leads where on this host ------------------------------------------ */

struct uplink {
	int index;
	char name[IFNAMSIZ];
	uint32_t mtu;
};

enum { UPLINKS_MAX = 16 };

struct uplinks {
	struct uplink item[UPLINKS_MAX];
	size_t n;
};

/* The interfaces over which the host reaches more than its neighbours: those of routes with a gateway
 * and of default routes. */
int route_uplinks(int nl, struct uplinks *out, struct err *e);

/* Interface that a packet to the world leaves by; 0 = none. family: AF_INET, AF_INET6. */
uint32_t route_world(int nl, int family);

/* Fill the addresses that c has none of yet: IPv4 that overlaps nothing of this host, IPv6 as RFC 4193
 * wants it. */
int route_choose(int nl, const struct store *s, struct net_config *c, bool want4, bool want6,
		 struct err *e);

/* -EADDRINUSE with e set when the IPv4 subnet overlaps a route, an address or another network. */
int route_is_free(int nl, const struct store *s, const struct net_config *c, struct err *e);

/* --- forward.c: forwarding, and back ------------------------------------------------- */

/* Let packets between `bridge` and the uplinks be forwarded, and nothing else be less shut than
 * before. Remembers in RUN/net what it changed. */
int forward_open(const struct store *s, const struct uplinks *up, const char *bridge,
		 struct err *e);

/* Interfaces that forward only because of us. */
int forward_opened(const struct store *s, int family, struct list *names, struct err *e);

/* Put back what forward_open() changed. */
int forward_restore(const struct store *s, struct err *e);

/* --- filter.c, look.c: the packet filter --------------------------------------------- */

/* Load the table for all networks that are up, and `also` (may be NULL) but not `without` (may be
 * NULL). No network: the table goes. */
int filter_load(const struct store *s, const char *also, const char *without, struct err *e);

/* The text for nft(8): pure, for the tests. */
struct filter_input {
	const struct net_config *net;
	size_t n;
	const struct list *opened4, *opened6;
	const char *elements; /* lines for published ports */
	uint32_t connections; /* when a network says 0 */
};
void filter_text(const struct filter_input *in, struct str *out);

struct filter_seen {
	uint32_t generation; /* of the whole ruleset */
	uint64_t hash;	     /* of our rules, and of others' chains that could be in the way */
};

/* What the kernel has now. nf: a netlink socket of NETLINK_NETFILTER. */
int filter_generation(int nf, uint32_t *out, struct err *e);
int filter_look(int nf, struct filter_seen *out, struct err *e);

/* --- element.c: elements of the maps of published ports, without a program ----------- */

/* Add, or remove, `n` ports of the host that lead to `to`. Removing what is not there is no error. */
int element_change(int nf, bool add, const struct lease *to, const struct publish *p, size_t n,
		   struct err *e);

/* --- foreign.c: the firewalls of others ---------------------------------------------- */

/* Make them let pass what ours lets pass: idempotent. */
int foreign_open(const char *bridge, struct err *e);
void foreign_close(const char *bridge);

/* Changes when iptables-legacy, of which nftables knows nothing, came to be used. */
uint64_t foreign_hash(void);

/* --- names.c: the server for DHCP and DNS -------------------------------------------- */

#define NAMES_DOMAIN "ward"

struct names_server {
	pid_t pid; /* 0 = none */
	uint64_t start_time;
};

/* Start the server of a network unless it lives. No dnsmasq: a warning, and *out is none. */
int names_start(const struct store *s, const struct net_config *c, struct names_server *out,
		struct err *e);
bool names_alive(const struct names_server *server);
void names_stop(const struct names_server *server);

/* The server that RUN/net/NAME, open as dir, says is running; pid 0 = none. */
void names_running(int dir, struct names_server *out);

/* What the server tells about one lease. dir: RUN/net/NAME. */
int names_add(int dir, bool shared, const char *owner, uint32_t device, const struct lease *l,
	      struct err *e);
void names_remove(int dir, const char *owner, uint32_t device);

/* --- publish.c ----------------------------------------------------------------------- */

/* The elements of everything that is published, as lines for nft(8). */
int publish_elements(const struct store *s, struct str *out, struct err *e);

/* --- relay.c ------------------------------------------------------------------------- */

/* One port of the host, bound, and where it leads. */
struct relay_port {
	int socket;
	uint8_t protocol;
	struct sockaddr_in6 to; /* IPv4 is mapped */
};

/* Start a process of its own that carries what comes to the ports, until the caller ends or it is
 * killed. The sockets stay the caller's. *pid and *start_time name it. */
int relay_start(const struct relay_port *ports, size_t n, pid_t *pid, uint64_t *start_time,
		struct err *e);
