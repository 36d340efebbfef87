/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/durable.h"

#define IDS_FILE "ids"
#define IDS_MAGIC "wardids1" /* 8 bytes, without the NUL */

_Static_assert(sizeof(struct ids_record) == 128 && sizeof(struct ids_header) == 128,
	       "a record never crosses a page, so that no kill can tear it");

/* FNV-1a over the words of a record but its checksum: against damage, not against an attacker,
 * who would have to be the owner of the directory. */
static uint32_t ids_check(const void *data, size_t skip)
{
	uint32_t hash = 2166136261U, word[32];

	memcpy(word, data, sizeof(word));
	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		if (i != skip / sizeof(word[0]))
			hash = (hash ^ word[i]) * 16777619U;
	return hash;
}

static uint32_t ids_check_record(const struct ids_record *r)
{
	return ids_check(r, offsetof(struct ids_record, check));
}

static uint32_t ids_check_header(const struct ids_header *h)
{
	return ids_check(h, offsetof(struct ids_header, check));
}

/* --- errors ------------------------------------------------------------------------------- */

/* The file's path, for messages only. */
static void ids_path(const struct ids *ids, char *path, size_t size)
{
	char link[32], dir[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", ids->dir);
	n = readlink(link, dir, sizeof(dir) - 1);
	snprintf(path, size, "%.*s%s" IDS_FILE, n > 0 ? (int)n : 0, dir, n > 0 ? "/" : "");
}

static int ids_fail(const struct ids *ids, const char *what, struct err *e)
{
	int code = errno;
	char path[300];

	ids_path(ids, path, sizeof(path));
	errno = code;
	return err_sys(e, "%s %s", what, path);
}

/* Giving out ids from a guess could give two containers the same ones. */
static int ids_damaged(const struct ids *ids, const char *what, struct err *e)
{
	char path[300];

	ids_path(ids, path, sizeof(path));
	err_msg(e, EUCLEAN, "%s is damaged (%s), so no ids are given out", path, what);
	return err_hint(e, "stop all containers and remove the file; it is made anew");
}

/* --- open --------------------------------------------------------------------------------- */

static int ids_make(const struct ids *ids, const struct range_pool *pool, enum durable_how how,
		    struct err *e)
{
	struct ids_header h = {
		.base = pool->base,
		.gid_base = pool->gid_base,
		.size = pool->size,
		.slots = pool->slots,
	};
	int ret;

	memcpy(h.magic, IDS_MAGIC, sizeof(h.magic));
	h.check = ids_check_header(&h);
	ret = durable_write(ids->dir, IDS_FILE, &h, sizeof(h), how);
	if (ret == 0 || (ret == -EEXIST && how == DURABLE_NEW))
		return 0;
	errno = -ret;
	return ids_fail(ids, "make", e);
}

/* Returns 1 when the locked file is the one that has the name, 0 when it was replaced. */
static int ids_lock(struct ids *ids, struct err *e)
{
	struct stat mine, named;

	while (flock(ids->fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return ids_fail(ids, "lock", e);
	if (fstat(ids->fd, &mine) < 0)
		return ids_fail(ids, "look at", e);
	if (fstatat(ids->dir, IDS_FILE, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : ids_fail(ids, "look at", e);
	return mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

static int ids_read_header(struct ids *ids, struct err *e)
{
	struct ids_header *h = &ids->header;
	ssize_t n = pread(ids->fd, h, sizeof(*h), 0);

	if (n < 0)
		return ids_fail(ids, "read", e);
	if (n != (ssize_t)sizeof(*h))
		return ids_damaged(ids, "it is too short", e);
	if (memcmp(h->magic, IDS_MAGIC, sizeof(h->magic)))
		return ids_damaged(ids, "it is no file of ids, or one of another version", e);
	if (h->check != ids_check_header(h))
		return ids_damaged(ids, "its header has a wrong checksum", e);
	if (h->size == 0 || h->slots == 0 || h->slots > RANGE_SLOTS_MAX || h->used > h->slots ||
	    h->cursor >= h->slots)
		return ids_damaged(ids, "its header makes no sense", e);
	return 0;
}

static int ids_count_taken(struct ids *ids, uint32_t *taken, struct err *e)
{
	struct ids_record record;

	*taken = 0;
	for (uint32_t slot = 0; slot < ids->header.used; slot++) {
		int ret = ids_get(ids, slot, &record, e);

		if (ret < 0)
			return ret;
		*taken += record.taken;
	}
	return 0;
}

/* The pool is not the one of the file any more: the range in /etc/subuid was changed, say. */
static int ids_change_pool(struct ids *ids, const struct range_pool *pool, struct err *e)
{
	const struct ids_header *h = &ids->header;
	uint32_t taken;
	int ret = ids_count_taken(ids, &taken, e);

	if (ret < 0)
		return ret;
	if (taken == 0)
		return ids_make(ids, pool, DURABLE_REPLACE, e);
	err_msg(e, EBUSY,
		"take ids from %u on (%u times %u): %u ranges of the earlier pool from %u on "
		"(%u times %u) are still taken",
		pool->base, pool->slots, pool->size, taken, h->base, h->slots, h->size);
	return err_hint(e, "stop the containers that have them");
}

static bool ids_is_for(const struct ids *ids, const struct range_pool *pool)
{
	const struct ids_header *h = &ids->header;

	return h->base == pool->base && h->gid_base == pool->gid_base && h->size == pool->size &&
	       h->slots == pool->slots;
}

/* One attempt: 1 = open, locked and of this pool, 0 = again. */
static int ids_try(struct ids *ids, const struct range_pool *pool, struct err *e)
{
	int ret;

	fd_close(&ids->fd);
	ids->n = 0;
	ids->fd = openat(ids->dir, IDS_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (ids->fd < 0 && errno == ENOENT)
		return pool ? ids_make(ids, pool, DURABLE_NEW, e) : -ENOENT;
	if (ids->fd < 0)
		return ids_fail(ids, "open", e);
	ret = ids_lock(ids, e);
	if (ret <= 0)
		return ret;
	ret = ids_read_header(ids, e);
	if (ret < 0)
		return ret;
	return !pool || ids_is_for(ids, pool) ? 1 : ids_change_pool(ids, pool, e);
}

int ids_open(struct ids *ids, int dir, const struct range_pool *pool, struct err *e)
{
	int ret = 0;

	ids->fd = -EBADF;
	ids->dir = dir;
	for (int i = 0; i < 100 && ret == 0; i++)
		ret = ids_try(ids, pool, e);
	if (ret == 0)
		ret = err_msg(e, EAGAIN,
			      "open the store of ids: it is being replaced all the time");
	if (ret < 0)
		ids_close(ids);
	return ret < 0 ? ret : 0;
}

void ids_close(struct ids *ids)
{
	fd_close(&ids->fd);
}

/* --- records ------------------------------------------------------------------------------ */

static off_t ids_at(uint32_t slot)
{
	return (off_t)(sizeof(struct ids_header) + (size_t)slot * sizeof(struct ids_record));
}

static bool ids_record_good(const struct ids_record *r)
{
	static const struct ids_record never;

	/* Passed over when a range of several slots was taken behind it. */
	if (!memcmp(r, &never, sizeof(never)))
		return true;
	return r->check == ids_check_record(r) && r->taken <= 1 &&
	       memchr(r->owner, '\0', sizeof(r->owner));
}

/* Read the window of records that begins with `slot`. */
static int ids_fill(struct ids *ids, uint32_t slot, struct err *e)
{
	uint32_t n = ids->header.used - slot;
	ssize_t got;

	n = n < IDS_WINDOW ? n : IDS_WINDOW;
	ids->n = 0;
	got = pread(ids->fd, ids->window, n * sizeof(ids->window[0]), ids_at(slot));
	if (got < 0)
		return ids_fail(ids, "read", e);
	if ((size_t)got != n * sizeof(ids->window[0]))
		return ids_damaged(ids, "its end is missing", e);
	for (uint32_t i = 0; i < n; i++) {
		char what[64];

		if (ids_record_good(&ids->window[i]))
			continue;
		snprintf(what, sizeof(what), "the record of slot %u has a wrong checksum",
			 slot + i);
		return ids_damaged(ids, what, e);
	}
	ids->first = slot;
	ids->n = n;
	return 0;
}

int ids_get(struct ids *ids, uint32_t slot, struct ids_record *record, struct err *e)
{
	int ret;

	*record = (struct ids_record){ 0 };
	if (slot >= ids->header.used)
		return 0;
	if (slot < ids->first || slot - ids->first >= ids->n) {
		ret = ids_fill(ids, slot, e);
		if (ret < 0)
			return ret;
	}
	*record = ids->window[slot - ids->first];
	return 0;
}

static int ids_write(struct ids *ids, const void *data, size_t size, off_t at, struct err *e)
{
	ssize_t n = pwrite(ids->fd, data, size, at);

	if (n == (ssize_t)size)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	return ids_fail(ids, "write", e);
}

int ids_put(struct ids *ids, uint32_t slot, bool taken, const char *owner, struct err *e)
{
	struct ids_record record = { .taken = taken };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	record.since = now.tv_sec;
	snprintf(record.owner, sizeof(record.owner), "%s", owner);
	record.check = ids_check_record(&record);
	if (slot >= ids->first && slot - ids->first < ids->n)
		ids->window[slot - ids->first] = record;
	return ids_write(ids, &record, sizeof(record), ids_at(slot), e);
}

int ids_put_header(struct ids *ids, struct err *e)
{
	ids->header.check = ids_check_header(&ids->header);
	return ids_write(ids, &ids->header, sizeof(ids->header), 0, e);
}
