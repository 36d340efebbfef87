/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the leases: RUN/net/NAME/leases, records of 128 bytes under flock(2), each written at once.
 * What outlives a reboot is in LIB/net/NAME/leases too, a line per lease. */
#pragma once
#include "net/inner.h"

/* The first record of the file is its head. */
struct lease_record {
	char owner[STORE_NAME_MAX + 1]; /* "" = an empty place; the head: MAGIC */
	uint8_t live, kept;
	uint8_t mac[6];
	uint8_t pad;
	struct in_addr address4;
	struct in6_addr address6;
	uint32_t device;
	uint64_t released; /* when, by the head's count; the head: the count */
	uint8_t spare[16];
};
_Static_assert(sizeof(struct lease_record) == 128, "a record never crosses a page");

struct leases {
	int fd;
	struct lease_record *item; /* item[0] is the head */
	size_t n;
};

/* Open and lock the leases of network `name` and read them all; behind the last is an empty place, for
 * who comes. make: false: -ENOENT when nobody had a lease since the machine was started. */
int leases_open(const struct store *s, const char *name, bool make, struct leases *l,
		struct err *e);
void leases_close(struct leases *l);
#define autoleases __attribute__((cleanup(leases_close))) struct leases

/* Write one record back. -1 with errno set, for leases_fail(). */
int leases_write(struct leases *l, const struct lease_record *r);

/* Write to LIB what is kept. */
int leases_keep(const struct store *s, const char *name, const struct leases *l, struct err *e);

/* The error in errno: "what RUN/net/NAME/leases: reason". */
int leases_fail(const struct store *s, const char *name, const char *what, struct err *e);
