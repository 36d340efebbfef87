/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of host ids that no other container has.
 *
 * Two containers with common ids could signal each other, read each other's files and use up
 * each other's quotas (keys, for one). So every container gets slots of a pool of ids, and the
 * file LIB/ids says who has which. A slot that was given back is taken again last, and not
 * within a minute, unless there is no other: files, keys and shared memory of its last owner
 * may still exist.
 *
 * The owner must hold its store_claim() before it takes a range, and until it has given it
 * back: an owner without a claim is dead, and range_sweep() frees what it had. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define RANGE_SLOTS_MAX 65536
#define RANGE_NO_USER ((uid_t)-1)

/* Where ranges come from: `slots` times `size` ids from `base` (uids) and `gid_base` (gids). */
struct range_pool {
	uint32_t base, gid_base;
	uint32_t size; /* of a slot, the least that is given out */
	uint32_t slots;
	uint32_t count;	     /* all ids that may be mapped: slots * size, and a rest */
	uint32_t quarantine; /* seconds a slot that was given back rests */
	uid_t user; /* whose lines in /etc/subuid and /etc/subgid these are, or RANGE_NO_USER */
	char user_name[64];
	const char *etc; /* directory of passwd, group, subuid and subgid */
};

/* ids base .. base + count - 1, and gids likewise. count 0 = none. */
struct range {
	uint32_t base, gid_base, count;
};

/* Root's pool: 4094 slots of 65536 ids from 0x70000000 (1879048192). That is behind the ids of
 * systemd-nspawn (to 0x6fffffff) and all that Debian gives out, and ends before systemd's ids
 * of foreign images (0x7ffe0000) and 2^31. Inside a user namespace that lacks these ids: what
 * /etc/subuid and /etc/subgid give to root there. 0 or -errno with e set. */
int range_pool_root(struct range_pool *pool, struct err *e);

/* The pool of an ordinary user: its longest line in /etc/subuid and in /etc/subgid. A slot has
 * 65536 ids if there are two such, else 8192: with the 65536 ids that useradd(8) gives, one
 * container with all of them would leave none to a second, and to share is not an option. 8192
 * hold every account that a distribution's packages make.
 * Returns 0, -ENOENT when the user has no such line, -ENOSPC when it is too short, or another
 * -errno; e is set. */
int range_pool_user(uid_t uid, struct range_pool *pool, struct err *e);

/* The same with another directory than /etc. `etc` must outlive the pool. */
int range_pool_user_in(const char *etc, uid_t uid, struct range_pool *pool, struct err *e);

/* Give `owner` a range of `want` ids (0 = one slot); more than a slot has are neighbouring
 * slots. Slots that overlap an account, another user's subordinate ids, 0 or 65534 are passed
 * over. dir: LIB. Returns 0, -ENOSPC when no range is free, -EUCLEAN when the file is damaged
 * (nothing is ever guessed then), or another -errno; e is set. After -ENOSPC a range_sweep()
 * may help. */
int range_take(int dir, const struct range_pool *pool, const char *owner, uint32_t want,
	       struct range *out, struct err *e);

/* Enter a range that was not taken but written by hand, as far as it lies in the pool.
 * -EBUSY with e set when another owner has one of its slots; slots of the same owner are kept. */
int range_reserve(int dir, const struct range_pool *pool, const char *owner,
		  const struct range *range, struct err *e);

/* Give back one range, or all that `owner` has. Having none is no error; a range that is
 * another owner's is -EPERM. 0 or -errno with e set. */
int range_release(int dir, const struct range *range, const char *owner, struct err *e);
int range_release_owner(int dir, const char *owner, struct err *e);

/* Give back the ranges of owners that are not alive. Returns how many slots became free, or
 * -errno with e set. alive() is called under the lock of the file: it must not take ranges. */
int range_sweep(int dir, bool (*alive)(const char *owner, void *ctx), void *ctx, struct err *e);

/* Refuse a range that overlaps an account, a subordinate range of somebody else than the
 * caller, 0, 65534 or the invalid id 4294967295. -EADDRINUSE (or -ERANGE) with e naming what it
 * overlaps and where that is written. */
int range_conflict(const struct range *range, struct err *e);
int range_conflict_in(const char *etc, uid_t user, const struct range *range, struct err *e);
