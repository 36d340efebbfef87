/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/range.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/path.h"
#include "store/account.h"
#include "store/ids.h"

/* --- arguments --------------------------------------------------------------------------- */

static int pool_check(const struct range_pool *pool, struct err *e)
{
	uint64_t count = (uint64_t)pool->size * pool->slots;

	/* The last 32-bit id is -1, which the kernel takes for "none". */
	if (pool->size == 0 || pool->slots == 0 || pool->slots > RANGE_SLOTS_MAX ||
	    pool->base + count > UINT32_MAX || pool->gid_base + count > UINT32_MAX)
		return err_msg(e, EINVAL,
			       "a pool of %u times %u ids from %u and %u is not possible",
			       pool->slots, pool->size, pool->base, pool->gid_base);
	return 0;
}

static int range_check_owner(const char *owner, struct err *e)
{
	if (path_is_name(owner))
		return 0;
	return err_msg(e, EINVAL, "the owner of a range must be the name of a container");
}

/* --- slots that must not be given out ----------------------------------------------------- */

struct refused {
	const struct range_pool *pool;
	uint32_t n;
	char example[128]; /* who was in the way first */
	unsigned char bit[RANGE_SLOTS_MAX / 8];
};

static bool refused_has(const struct refused *r, uint32_t slot)
{
	return r->bit[slot / 8] & (1U << slot % 8);
}

/* Mark the slots that overlap first..last; true when there were some. */
static bool refused_mark(struct refused *r, bool gid, uint32_t first, uint32_t last)
{
	const struct range_pool *pool = r->pool;
	uint32_t base = gid ? pool->gid_base : pool->base;
	uint32_t end = base + pool->size * pool->slots - 1;

	if (last < base || first > end)
		return false;
	first = first < base ? 0 : (first - base) / pool->size;
	last = last > end ? pool->slots - 1 : (last - base) / pool->size;
	for (uint32_t slot = first; slot <= last; slot++) {
		r->n += !refused_has(r, slot);
		r->bit[slot / 8] |= (unsigned char)(1U << slot % 8);
	}
	return true;
}

static int refused_visit(const struct account *a, void *ctx)
{
	struct refused *r = ctx;
	const struct range_pool *pool = r->pool;

	if (account_is_sub(a->file) && pool->user != RANGE_NO_USER &&
	    account_is_of(a, pool->user, pool->user_name))
		return 0;
	if (refused_mark(r, account_is_gid(a->file), a->first, a->last) && !r->example[0])
		snprintf(r->example, sizeof(r->example), "%.*s in %.60s/%s",
			 (int)(a->name_len < 40 ? a->name_len : 40), a->name, pool->etc,
			 account_file_name(a->file));
	return 0;
}

static int refused_fill(struct refused *r, const struct range_pool *pool, struct err *e)
{
	int ret = 0;

	r->pool = pool;
	r->n = 0;
	r->example[0] = '\0';
	memset(r->bit, 0, (pool->slots + 7) / 8);
	for (int gid = 0; gid < 2; gid++) {
		refused_mark(r, gid, 0, 0);
		refused_mark(r, gid, ACCOUNT_OVERFLOW, ACCOUNT_OVERFLOW);
	}
	for (int file = 0; file < ACCOUNT_FILES && ret == 0; file++)
		ret = account_read(pool->etc, (enum account_file)file, refused_visit, r, e);
	return ret;
}

/* --- take --------------------------------------------------------------------------------- */

struct search {
	uint32_t n;    /* neighbouring slots wanted */
	uint32_t slot; /* the first of them */
	bool found;
	int64_t since; /* when the last of them was given back; 0 = never taken */
	int64_t now;
	uint32_t taken; /* slots that others have, for the message */
};

/* Remember a run of free slots if it has rested longer than the best so far. True when it has
 * rested long enough to end the search. A time in the future is a clock that was set back: it
 * counts as just now. */
static bool search_offer(struct search *s, const struct range_pool *pool, uint32_t slot,
			 int64_t since)
{
	if (!s->found || since < s->since) {
		s->found = true;
		s->slot = slot;
		s->since = since;
	}
	return since == 0 || (since <= s->now && s->now - since >= (int64_t)pool->quarantine);
}

/* From the cursor on, once around. A run may begin before the cursor and end behind it, so the
 * search goes n - 1 slots further than once around. */
static int search_run(struct ids *ids, const struct refused *refused, struct search *s,
		      struct err *e)
{
	const struct range_pool *pool = refused->pool;
	uint32_t run = 0, slot = ids->header.cursor;
	int64_t since = 0;

	for (uint64_t i = 0; i < (uint64_t)pool->slots + s->n - 1; i++, slot++) {
		struct ids_record record;
		int ret;

		if (slot == pool->slots)
			slot = run = 0;
		ret = ids_get(ids, slot, &record, e);
		if (ret < 0)
			return ret;
		s->taken += i < pool->slots && record.taken;
		if (record.taken || refused_has(refused, slot)) {
			run = 0;
			continue;
		}
		since = run && since > record.since ? since : record.since;
		if (++run < s->n)
			continue;
		run = 0;
		if (search_offer(s, pool, slot - (s->n - 1), since))
			break;
	}
	return 0;
}

static int take_exhausted(const struct refused *refused, const struct search *s, struct err *e)
{
	const struct range_pool *pool = refused->pool;

	err_msg(e, ENOSPC,
		"find ids for the container: of %u ranges of %u ids from %u on, %u are taken "
		"by containers",
		pool->slots, pool->size, pool->base, s->taken);
	if (refused->n)
		err_hint(e, "%u may not be used because of %s", refused->n,
			 refused->example[0] ? refused->example : "root or nobody");
	if (s->n > 1)
		err_hint(e, "this container wants %u neighbouring ones", s->n);
	if (pool->user == RANGE_NO_USER)
		return err_hint(e, "stop containers, or give this one a map of its own");
	return err_hint(e, "stop containers, or give %s a longer line in %s/subuid and %s/subgid",
			pool->user_name[0] ? pool->user_name : "the user", pool->etc, pool->etc);
}

/* Records first, header last: a slot is the owner's before anybody can believe it free. */
static int take_write(struct ids *ids, const struct search *s, const char *owner, struct err *e)
{
	uint32_t end = s->slot + s->n;
	struct err ignored = ERR_NONE;
	uint32_t slot;
	int ret = 0;

	for (slot = s->slot; slot < end && ret == 0; slot++)
		ret = ids_put(ids, slot, true, owner, e);
	if (ret == 0) {
		ids->header.cursor = end % ids->header.slots;
		if (ids->header.used < end)
			ids->header.used = end;
		ret = ids_put_header(ids, e);
	}
	/* The disk is full, say: what was entered is taken back as far as that works. */
	while (ret < 0 && slot-- > s->slot)
		ids_put(ids, slot, false, owner, &ignored);
	return ret;
}

int range_take(int dir, const struct range_pool *pool, const char *owner, uint32_t want,
	       struct range *out, struct err *e)
{
	autoids ids = { .fd = -EBADF };
	struct refused refused;
	struct search s = { 0 };
	struct timespec now;
	int ret = pool_check(pool, e);

	if (ret == 0)
		ret = range_check_owner(owner, e);
	if (ret == 0)
		ret = refused_fill(&refused, pool, e);
	if (ret == 0)
		ret = ids_open(&ids, dir, pool, e);
	if (ret < 0)
		return ret;
	want = want ? want : pool->size;
	s.n = want / pool->size + (want % pool->size != 0);
	clock_gettime(CLOCK_REALTIME, &now);
	s.now = now.tv_sec;
	if (s.n <= pool->slots)
		ret = search_run(&ids, &refused, &s, e);
	if (ret == 0 && !s.found)
		ret = take_exhausted(&refused, &s, e);
	if (ret == 0)
		ret = take_write(&ids, &s, owner, e);
	if (ret < 0)
		return ret;
	*out = (struct range){
		.base = pool->base + s.slot * pool->size,
		.gid_base = pool->gid_base + s.slot * pool->size,
		.count = want,
	};
	return 0;
}

/* --- reserve and release ------------------------------------------------------------------ */

/* Slots first..last of the file that the ids base .. base + count - 1 touch; false for none. */
static bool slots_of(const struct ids_header *h, bool gid, const struct range *range,
		     uint32_t *first, uint32_t *last)
{
	uint64_t base = gid ? range->gid_base : range->base;
	uint64_t pool = gid ? h->gid_base : h->base;
	uint64_t end = base + range->count, pool_end = pool + (uint64_t)h->size * h->slots;

	if (range->count == 0 || end <= pool || base >= pool_end)
		return false;
	*first = base < pool ? 0 : (uint32_t)((base - pool) / h->size);
	*last = end > pool_end ? h->slots - 1 : (uint32_t)((end - 1 - pool) / h->size);
	return true;
}

/* What is to be done with the slots of a range; two rounds, so that nothing is changed when one
 * of the slots is another owner's. */
static int slots_change(struct ids *ids, const struct range *range, const char *owner, bool take,
			bool write, struct err *e)
{
	uint32_t first = 0, last = 0;

	for (int gid = 0; gid < 2; gid++) {
		if (!slots_of(&ids->header, gid, range, &first, &last))
			continue;
		for (uint32_t slot = first; slot <= last; slot++) {
			struct ids_record record;
			int ret = ids_get(ids, slot, &record, e);

			if (ret < 0)
				return ret;
			if (record.taken && strcmp(record.owner, owner))
				return err_msg(e, take ? EBUSY : EPERM,
					       "ids %u to %u belong to container %s and not to %s",
					       range->base, range->base + range->count - 1,
					       record.owner, owner);
			if (write && record.taken != take)
				ret = ids_put(ids, slot, take, owner, e);
			if (ret < 0)
				return ret;
			if (write && take && ids->header.used <= slot)
				ids->header.used = slot + 1;
		}
	}
	return write && take ? ids_put_header(ids, e) : 0;
}

int range_reserve(int dir, const struct range_pool *pool, const char *owner,
		  const struct range *range, struct err *e)
{
	autoids ids = { .fd = -EBADF };
	int ret = pool_check(pool, e);

	if (ret == 0)
		ret = range_check_owner(owner, e);
	if (ret == 0)
		ret = ids_open(&ids, dir, pool, e);
	if (ret == 0)
		ret = slots_change(&ids, range, owner, true, false, e);
	return ret < 0 ? ret : slots_change(&ids, range, owner, true, true, e);
}

int range_release(int dir, const struct range *range, const char *owner, struct err *e)
{
	autoids ids = { .fd = -EBADF };
	int ret = ids_open(&ids, dir, NULL, e);

	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = slots_change(&ids, range, owner, false, false, e);
	return ret < 0 ? ret : slots_change(&ids, range, owner, false, true, e);
}

static bool owner_is_other(const char *owner, void *ctx)
{
	return strcmp(owner, ctx) != 0;
}

int range_release_owner(int dir, const char *owner, struct err *e)
{
	int ret = range_sweep(dir, owner_is_other, (void *)(uintptr_t)owner, e);

	return ret < 0 ? ret : 0;
}

int range_sweep(int dir, bool (*alive)(const char *owner, void *ctx), void *ctx, struct err *e)
{
	autoids ids = { .fd = -EBADF };
	int ret = ids_open(&ids, dir, NULL, e);
	int freed = 0;

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	for (uint32_t slot = 0; slot < ids.header.used && ret == 0; slot++) {
		struct ids_record record;

		ret = ids_get(&ids, slot, &record, e);
		if (ret < 0 || !record.taken || alive(record.owner, ctx))
			continue;
		ret = ids_put(&ids, slot, false, record.owner, e);
		freed += ret == 0;
	}
	return ret < 0 ? ret : freed;
}
