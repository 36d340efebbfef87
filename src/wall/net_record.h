/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which network devices a container has: the file "net" in its state directory. */
#pragma once
#include "wall/net_port.h"

#define NET_RECORD "net"

struct net_recorded {
	uint32_t index;
	enum net_kind kind;
	char host[IFNAMSIZ], inside[IFNAMSIZ];
	int link;
	uint32_t mtu;
	uint8_t mac[6];
	char network[16]; /* "-" = none */
};

/* Written before anything is made. 0 or -errno with e set. */
int net_record_write(int dir, const struct net_port *port, size_t n, struct err *e);
int net_record_write_as(int dir, const char *name, const struct net_port *port, size_t n,
			struct err *e);

/* Drop the line of device `index`, and put another in its place (or none: add is NULL). */
int net_record_change(int dir, uint32_t index, const struct net_port *add, struct err *e);

/* No record is an empty one. *out is to be freed. */
int net_record_read(int dir, struct net_recorded **out, size_t *n, struct err *e);

/* The same from memory, without side effects (fuzzed). */
int net_record_parse(const char *text, struct net_recorded **out, size_t *n, struct err *e);
