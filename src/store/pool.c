/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where ranges come from, and which ones nobody may have. */
#include "store/range.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "store/account.h"

/* --- pools -------------------------------------------------------------------------------- */

struct longest {
	uid_t uid;
	const char *user;
	uint32_t first;
	uint64_t count;
};

static int pool_visit(const struct account *a, void *ctx)
{
	struct longest *l = ctx;
	uint64_t count = (uint64_t)a->last - a->first + 1;

	/* newuidmap(1) would let nothing from a line through that leads beyond the last id. */
	if (a->cut || a->last == UINT32_MAX || !account_is_of(a, l->uid, l->user))
		return 0;
	if (count > l->count) {
		l->first = a->first;
		l->count = count;
	}
	return 0;
}

static int pool_find(const char *etc, enum account_file file, struct longest *l, struct err *e)
{
	int ret = account_read(etc, file, pool_visit, l, e);

	if (ret < 0 || l->count)
		return ret;
	err_msg(e, ENOENT, "find ids for containers: %s%suid %u has no line in %s/%s", l->user,
		l->user[0] ? ", " : "", (unsigned)l->uid, etc, account_file_name(file));
	return err_hint(e,
			"add '%u:FIRST:65536' to subuid and subgid there, with ids that are nobody "
			"else's (usermod --add-subuids, --add-subgids)",
			(unsigned)l->uid);
}

int range_pool_user_in(const char *etc, uid_t uid, struct range_pool *pool, struct err *e)
{
	struct longest uids = { .uid = uid, .user = pool->user_name };
	struct longest gids = { .uid = uid, .user = pool->user_name };
	uint64_t slots;
	int ret;

	*pool = (struct range_pool){ .etc = etc, .user = uid, .quarantine = 60 };
	ret = account_user_name(etc, uid, pool->user_name, sizeof(pool->user_name), e);
	if (ret == 0)
		ret = pool_find(etc, ACCOUNT_SUBUID, &uids, e);
	if (ret == 0)
		ret = pool_find(etc, ACCOUNT_SUBGID, &gids, e);
	if (ret < 0)
		return ret;
	pool->base = uids.first;
	pool->gid_base = gids.first;
	pool->count = (uint32_t)(uids.count < gids.count ? uids.count : gids.count);
	pool->size = pool->count >= 2 * 65536 ? 65536 : 8192;
	slots = pool->count / pool->size;
	pool->slots = slots < RANGE_SLOTS_MAX ? (uint32_t)slots : RANGE_SLOTS_MAX;
	if (pool->slots)
		return 0;
	return err_msg(e, ENOSPC,
		       "find ids for containers: the longest lines of user %s in %s/subuid "
		       "and %s/subgid have fewer than %u ids; make them longer",
		       pool->user_name, etc, etc, pool->size);
}

int range_pool_user(uid_t uid, struct range_pool *pool, struct err *e)
{
	return range_pool_user_in("/etc", uid, pool, e);
}

/* True when this user namespace has all ids of the pool (user_namespaces(7)): the initial one
 * has them, a container that ward runs in may not. */
static bool pool_is_mapped(uint32_t base, const struct range_pool *pool, const char *file)
{
	uint64_t end = base + (uint64_t)pool->size * pool->slots;
	autostr text = { 0 };
	const char *line;
	int n = 0;

	/* Unreadable: then writing the map will say what is wrong. */
	if (file_read(AT_FDCWD, file, 65536, &text) < 0)
		return true;
	for (line = str_text(&text); *line; line += n) {
		uint64_t first, count;

		n = 0;
		if (sscanf(line, "%" SCNu64 " %*u %" SCNu64 "%n", &first, &count, &n) != 2 || !n)
			break;
		if (first <= base && end <= first + count)
			return true;
	}
	return false;
}

static bool pool_is_here(const struct range_pool *pool)
{
	return pool_is_mapped(pool->base, pool, "/proc/self/uid_map") &&
	       pool_is_mapped(pool->gid_base, pool, "/proc/self/gid_map");
}

int range_pool_root(struct range_pool *pool, struct err *e)
{
	int ret;

	*pool = (struct range_pool){
		.base = 0x70000000,
		.gid_base = 0x70000000,
		.size = 65536,
		.slots = 4094,
		.count = 4094 * 65536,
		.quarantine = 60,
		.user = RANGE_NO_USER,
		.etc = "/etc",
	};
	if (pool_is_here(pool))
		return 0;
	ret = range_pool_user(0, pool, e);
	if (ret == 0 && !pool_is_here(pool))
		ret = err_msg(e, EINVAL,
			      "find ids for containers: /etc/subuid and /etc/subgid give ids "
			      "to root that do not exist in this user namespace");
	else if (ret < 0)
		err_hint(e, "this user namespace lacks the ids that ward takes for root elsewhere");
	return ret;
}

/* --- explicit maps ------------------------------------------------------------------------ */

struct conflict {
	const struct range *range;
	const char *etc;
	uid_t user;
	char user_name[64];
	struct err *e;
};

static int conflict_report(const struct conflict *c, bool gid, uint32_t first, uint32_t last,
			   const char *what)
{
	uint32_t base = gid ? c->range->gid_base : c->range->base;
	uint64_t end = (uint64_t)base + c->range->count - 1;
	char whose[32] = "";

	if (last < base || first > end)
		return 0;
	if (first == last)
		snprintf(whose, sizeof(whose), "%u", first);
	else
		snprintf(whose, sizeof(whose), "%u to %u", first, last);
	err_msg(c->e, EADDRINUSE, "%s %u to %llu of the host include %s, %s", gid ? "gids" : "uids",
		base, (unsigned long long)end, whose, what);
	err_clean(c->e);
	return -EADDRINUSE;
}

static int conflict_visit(const struct account *a, void *ctx)
{
	const struct conflict *c = ctx;
	char what[256];

	if (account_is_sub(a->file) && account_is_of(a, c->user, c->user_name))
		return 0;
	snprintf(what, sizeof(what), "which %.60s/%s gives to %.*s", c->etc,
		 account_file_name(a->file), (int)(a->name_len < 100 ? a->name_len : 100), a->name);
	return conflict_report(c, account_is_gid(a->file), a->first, a->last, what);
}

int range_conflict_in(const char *etc, uid_t user, const struct range *range, struct err *e)
{
	struct conflict c = { .range = range, .etc = etc, .user = user, .e = e };
	uint32_t highest = range->base > range->gid_base ? range->base : range->gid_base;
	int ret;

	if (range->count == 0 || (uint64_t)highest + range->count > UINT32_MAX)
		return err_msg(e, ERANGE,
			       "%u ids from %u on are no range: ids go from 0 to 4294967294",
			       range->count, highest);
	ret = account_user_name(etc, user, c.user_name, sizeof(c.user_name), e);
	for (int gid = 0; gid < 2 && ret == 0; gid++) {
		ret = conflict_report(&c, gid, 0, 0, "root of the host");
		if (ret == 0)
			ret = conflict_report(&c, gid, ACCOUNT_OVERFLOW, ACCOUNT_OVERFLOW,
					      "the owner of all that has no owner (nobody)");
	}
	for (int file = 0; file < ACCOUNT_FILES && ret == 0; file++)
		ret = account_read(etc, (enum account_file)file, conflict_visit, &c, e);
	return ret;
}

int range_conflict(const struct range *range, struct err *e)
{
	return range_conflict_in("/etc", getuid(), range, e);
}
