/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One port of a bridge, made and removed by root for somebody else. */
#pragma once
#include <net/if.h>
#include <sys/types.h>

#include "base/err.h"

struct port {
	int nl;	   /* netlink socket in our network namespace */
	int proc;  /* the host's /proc, O_PATH */
	int netns; /* the container's network namespace */
	uid_t uid; /* whose it is */
	const char *bridge;
	char host[IFNAMSIZ];   /* our end */
	char inside[IFNAMSIZ]; /* the container's */
	int host_index, inside_index;
};

/* A name for our end that is not in use: "vethUID_XXXX". */
int port_name(struct port *p, struct err *e);

/* Make the pair, its end p->inside in the container's namespace from the start, set up everything
 * that the ports of ward's own networks have (isolated, guarded, no address), and bring our end up.
 * On failure nothing is left. inside "eth%d" takes the first free number. */
int port_make(struct port *p, struct err *e);

/* Remove p->host if port_make() made it for p->uid and its other end is in p->netns; matched by
 * what the kernel says of it, then removed by its index. -EPERM, whatever is wrong. */
int port_remove(struct port *p);
