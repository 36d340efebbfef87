/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file LIB/ids: one record per slot of an id pool, under flock(2).
 *
 * Fixed-size records in this machine's byte order, written one by one in place, each with its
 * own checksum. A slot that was never taken has no record: the header says how many slots have
 * one. Nothing is flushed to the disk after the file is made: after a power cut no container
 * lives, so that a lost record loses nothing. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/range.h"

enum { IDS_OWNER_MAX = 111, IDS_WINDOW = 32 };

struct ids_record {
	uint32_t check;
	uint32_t taken; /* 1 = owner has it, 0 = owner had it last */
	int64_t since;	/* CLOCK_REALTIME seconds of taking or releasing */
	char owner[IDS_OWNER_MAX + 1];
};

struct ids_header {
	char magic[8];
	uint32_t check;
	uint32_t base, gid_base, size, slots; /* the pool that the slots belong to */
	uint32_t cursor; /* where the next search begins: a released slot comes last */
	uint32_t used;	 /* slots from here on were never taken */
	uint32_t spare[23];
};

/* The file, open and locked. */
struct ids {
	int fd;
	int dir; /* not owned */
	struct ids_header header;
	uint32_t first, n; /* slots that are in window[] */
	struct ids_record window[IDS_WINDOW];
};

/* Lock the file in `dir`. With a pool the file is made when missing, and made anew when it was
 * for another pool and nothing is taken from that. Without one a missing file is -ENOENT, e
 * unset. Returns 0 or -errno with e set. */
int ids_open(struct ids *ids, int dir, const struct range_pool *pool, struct err *e);
void ids_close(struct ids *ids);
#define autoids __attribute__((cleanup(ids_close))) struct ids

/* Read or write the record of one slot. 0 or -errno with e set. */
int ids_get(struct ids *ids, uint32_t slot, struct ids_record *record, struct err *e);
int ids_put(struct ids *ids, uint32_t slot, bool taken, const char *owner, struct err *e);

/* Write the header's cursor and used. */
int ids_put_header(struct ids *ids, struct err *e);
