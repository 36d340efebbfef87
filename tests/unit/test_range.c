/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/account.h"
#include "store/ids.h"
#include "store/range.h"
#include "tap.h"

static char top[] = "/tmp/ward-test-range-XXXXXX";
static int dir = -EBADF; /* the library directory under test */
static struct err e;

/* --- helpers ------------------------------------------------------------------------------ */

static void write_file(const char *name, const char *text)
{
	autoclose int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	file_replace(at, name, text, strlen(text), 0600);
}

/* A machine with these four files. */
static void write_etc(const char *passwd, const char *group, const char *subuid, const char *subgid)
{
	write_file("passwd", passwd);
	write_file("group", group);
	write_file("subuid", subuid);
	write_file("subgid", subgid);
}

static void plain_etc(void)
{
	write_etc("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"
		  "alice:x:1000:1000::/home/alice:/bin/sh\n",
		  "root:x:0:\nalice:x:1000:\n", "alice:100000:65536\n", "alice:100000:65536\n");
}

static struct range_pool pool_of(uint32_t base, uint32_t size, uint32_t slots)
{
	return (struct range_pool){ .base = base,
				    .gid_base = base,
				    .size = size,
				    .slots = slots,
				    .count = size * slots,
				    .quarantine = 60,
				    .user = RANGE_NO_USER,
				    .etc = top };
}

static void fresh(void)
{
	unlinkat(dir, "ids", 0);
}

static int take(const struct range_pool *pool, const char *owner, uint32_t want, struct range *r)
{
	e = ERR_NONE;
	return range_take(dir, pool, owner, want, r, &e);
}

/* Pretend that a slot was given back `seconds` ago. */
static void age(uint32_t slot, int64_t seconds)
{
	autoids ids = { .fd = -EBADF };
	struct ids_record r;
	off_t at = 128 + (off_t)slot * 128;
	uint32_t hash = 2166136261U, word[32];

	ids_open(&ids, dir, NULL, &e);
	ids_get(&ids, slot, &r, &e);
	r.since = time(NULL) - seconds;
	memcpy(word, &r, sizeof(word));
	for (size_t i = 1; i < ARRAY_SIZE(word); i++)
		hash = (hash ^ word[i]) * 16777619U;
	r.check = hash;
	(void)!pwrite(ids.fd, &r, sizeof(r), at);
}

/* --- take and release --------------------------------------------------------------------- */

static void test_take(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 8);
	struct range a, b, c;

	fresh();
	ok(take(&pool, "a", 0, &a) == 0 && a.base == 0x70000000 && a.gid_base == a.base &&
		   a.count == 65536,
	   "the first range is the first slot");
	ok(take(&pool, "b", 1000, &b) == 0 && b.base == a.base + 65536 && b.count == 1000,
	   "a smaller one takes a slot of its own");
	ok(take(&pool, "c", 65537, &c) == 0 && c.base == a.base + 2 * 65536 && c.count == 65537,
	   "a larger one takes two");
	ok(range_release(dir, &b, "a", &e) == -EPERM && strstr(e.text, "container b"),
	   "another owner's range is not released");
	is_int(range_release(dir, &b, "b", &e), 0, "one's own is");
	is_int(range_release(dir, &b, "b", &e), 0, "twice is no error");
	is_int(take(&pool, "../x", 0, &b), -EINVAL, "an owner has a name");
	is_int(take(&pool, "d", 5 * 65536, &b), -ENOSPC, "five neighbours are not free");
	ok(strstr(e.text, "3 are taken") && strstr(e.text, "5 neighbouring"), "which is said");
	is_int(take(&pool, "d", UINT32_MAX, &b), -ENOSPC, "nor are all ids there are");
	ok(take(&pool, "d", 4 * 65536, &b) == 0 && b.base == a.base + 4 * 65536, "four are");
	ok(take(&pool, "e", 0, &b) == 0 && b.base == a.base + 65536,
	   "the one given back is taken again when it is the last");
	is_int(take(&pool, "f", 0, &b), -ENOSPC, "then the pool is exhausted");
	ok(strstr(e.text, "8 are taken") && strstr(e.text, "stop containers"), "with a remedy");
	is_int(range_release_owner(dir, "c", &e), 0, "all of one owner is released");
	ok(take(&pool, "g", 2 * 65536, &b) == 0 && b.base == c.base, "and can be taken");
	is_int(range_release_owner(dir, "nobody-has-this-name", &e), 0, "to have none is no error");
	fresh();
	is_int(range_release(dir, &a, "a", &e), 0, "nor is it without a file");
	is_int(range_release_owner(dir, "a", &e), 0, "for an owner likewise");
}

static void test_pool(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 2);
	struct range a;

	fresh();
	pool.gid_base = 200000;
	ok(take(&pool, "a", 0, &a) == 0 && a.base == 0x70000000 && a.gid_base == 200000,
	   "uids and gids may begin at different ids");
	ok(take(&pool, "b", 0, &a) == 0 && a.gid_base == 265536, "and go on side by side");
	pool.slots = 4;
	ok(take(&pool, "c", 0, &a) == -EBUSY && strstr(e.text, "2 ranges of the earlier pool"),
	   "a changed pool waits for the containers of the earlier one");
	range_release_owner(dir, "a", &e);
	range_release_owner(dir, "b", &e);
	ok(take(&pool, "c", 0, &a) == 0, "and is used when they are gone");
	pool = pool_of(4294900000U, 65536, 2);
	is_int(take(&pool, "a", 0, &a), -EINVAL, "a pool beyond the last id is refused");
	pool = pool_of(1000, 0, 2);
	is_int(take(&pool, "a", 0, &a), -EINVAL, "so is one without ids");
	pool = pool_of(1000, 1, RANGE_SLOTS_MAX + 1);
	is_int(take(&pool, "a", 0, &a), -EINVAL, "and one of too many slots");
}

static void test_quarantine(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 4);
	struct range r[4], again;
	const uint32_t base = pool.base;

	fresh();
	for (int i = 0; i < 4; i++)
		take(&pool, "a", 0, &r[i]);
	range_release(dir, &r[2], "a", &e);
	range_release(dir, &r[1], "a", &e);
	age(2, 30);
	age(1, 20);
	ok(take(&pool, "b", 0, &again) == 0 && again.base == base + 2 * 65536,
	   "when every free slot is in quarantine, the one that is longest is taken");
	range_release(dir, &again, "b", &e);
	range_release(dir, &r[0], "a", &e);
	age(0, 61);
	ok(take(&pool, "c", 0, &again) == 0 && again.base == base,
	   "one that has rested long enough goes before");
	range_release_owner(dir, "a", &e);
	age(1, -100000);
	age(2, 5);
	age(3, 7);
	ok(take(&pool, "d", 0, &again) == 0 && again.base == base + 3 * 65536,
	   "one of the future (the clock was set back) counts as just released");

	fresh();
	for (int i = 0; i < 40; i++) {
		take(&pool, "x", 0, &r[i % 4]);
		if (i < 4)
			ok(r[i].base == base + (uint32_t)i * 65536,
			   "a slot that was never taken goes before one just released (%d)", i);
		range_release(dir, &r[i % 4], "x", &e);
		age(i % 4, 1000 - i);
		if (r[i % 4].base != base + (uint32_t)(i % 4) * 65536)
			ok(false, "slots come around in turn");
	}
}

/* A run that begins before the cursor and ends behind it. */
static void test_wrap(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 5);
	struct range r[5], run;

	fresh();
	for (int i = 0; i < 5; i++)
		take(&pool, i == 1 || i == 2 ? "gap" : "a", 0, &r[i]);
	range_release(dir, &r[1], "gap", &e);
	age(1, 1000);
	take(&pool, "gap", 0, &run);
	range_release_owner(dir, "gap", &e);
	ok(take(&pool, "b", 2 * 65536, &run) == 0 && run.base == r[1].base,
	   "neighbours on both sides of the cursor are found");
	is_int(range_release_owner(dir, "a", &e), 0, "the rest is given back");
	is_int(take(&pool, "c", 3 * 65536, &run), -ENOSPC,
	       "the last and the first are no neighbours");
	ok(take(&pool, "c", 2 * 65536, &run) == 0 && run.base == r[3].base, "the last two are");
}

/* --- accounts ----------------------------------------------------------------------------- */

static void test_accounts(void)
{
	struct range_pool pool = pool_of(60000, 1000, 8);
	struct range r;

	fresh();
	write_etc("root:x:0:0:root:/root:/bin/sh\nbob:x:60999:1::/:/bin/sh\n",
		  "root:x:0:\nstaff:x:62000:\n", "carol:63500:2000\n", "dave:10:5\n");
	ok(take(&pool, "a", 0, &r) == 0 && r.base == 61000,
	   "a slot with a user in it is passed over");
	ok(take(&pool, "b", 0, &r) == 0 && r.base == 66000,
	   "so are those with a group, with subordinate ids and with nobody");
	ok(take(&pool, "c", 0, &r) == 0 && r.base == 67000, "only what nobody has is given out");
	ok(take(&pool, "d", 0, &r) == -ENOSPC && strstr(e.text, "bob in") &&
		   strstr(e.text, "5 may not be used"),
	   "who is in the way is told");
	pool = pool_of(0, 1000, 2);
	fresh();
	ok(take(&pool, "a", 0, &r) == 0 && r.base == 1000, "0 is never given out");
	write_etc("x:x:1500:1\n", "", "", "eve:500:100000\n");
	ok(take(&pool, "b", 0, &r) == -ENOSPC, "a range that covers the pool leaves nothing");
	pool = pool_of(100000, 1000, 2);
	fresh();
	write_etc("", "", "eve:4294967000:4294967295\nfrank:101000:18446744073709551615\n", "");
	ok(take(&pool, "a", 0, &r) == 0 && take(&pool, "b", 0, &r) == -ENOSPC &&
		   strstr(e.text, "frank"),
	   "a range that leads beyond the last id counts up to there");
	write_etc(
		"+::::::\n# comment\n\nx\n:x:1\nbad:x:12x:\nneg:x:-1:\nlong:x:99999999999999999999999999"
		"99999999999999:0\n",
		"+:::\n", "a:b:c\nx:1\n:5:5\nx:100000:0\n", "\n\n");
	pool = pool_of(100000, 1000, 1);
	fresh();
	is_int(take(&pool, "a", 0, &r), 0, "lines that give nobody ids are passed over");
	unlink("passwd");
	pool.etc = "/nonexistent-directory";
	pool.slots = 2;
	fresh();
	is_int(take(&pool, "a", 0, &r), 0, "files that do not exist have no lines");
	plain_etc();
}

static void test_own_lines(void)
{
	struct range_pool pool;
	struct range r;

	fresh();
	plain_etc();
	ok(range_pool_user_in(top, 1000, &pool, &e) == 0 && pool.base == 100000 &&
		   pool.gid_base == 100000 && pool.size == 8192 && pool.slots == 8 &&
		   pool.count == 65536,
	   "65536 subordinate ids are eight slots of 8192");
	ok(take(&pool, "a", 0, &r) == 0 && r.base == 100000 && r.count == 8192,
	   "the user's own lines are not in the way");
	write_etc("alice:x:1000:1000::/:/bin/sh\nmallory:x:1001:1::/:/bin/sh\n", "",
		  "alice:100000:65536\nmallory:108192:1\n",
		  "1000:100000:65536\n1001:116384:8192\n");
	ok(take(&pool, "b", 0, &r) == 0 && r.base == 124576,
	   "but another user's are, if they overlap, by name or number");
	fresh();
	write_etc("alice:x:1000:1000::/:/bin/sh\n", "",
		  "bob:1:9\nalice:100000:1000\nalice:0x40000:0x20000\n"
		  "1000:500000:65536\n",
		  "1000:700000:200000\n");
	ok(range_pool_user_in(top, 1000, &pool, &e) == 0 && pool.base == 0x40000 &&
		   pool.gid_base == 700000 && pool.size == 65536 && pool.slots == 2 &&
		   pool.count == 131072,
	   "of several lines the longest counts, by name or number, hexadecimal too");
	write_etc("alice:x:1000:1000::/:/bin/sh\n", "",
		  "alice:4294900000:100000\nalice:1000:7000\n", "alice:1000:7000\n");
	ok(range_pool_user_in(top, 1000, &pool, &e) == -ENOSPC && strstr(e.text, "8192"),
	   "a line beyond the last id does not count, and 7000 ids are too few");
	ok(range_pool_user_in(top, 1001, &pool, &e) == -ENOENT &&
		   strstr(e.text, "1001:FIRST:65536"),
	   "a user without a line is told what to add");
	write_etc("ali:x:1000:1000::/:/bin/sh\n", "",
		  "alice:100000:65536\nal:1:65536\n10000:1:65536\n", "");
	ok(range_pool_user_in(top, 1000, &pool, &e) == -ENOENT,
	   "a longer or shorter name is another");
	plain_etc();
}

static void test_root_pool(void)
{
	struct range_pool pool;

	if (geteuid()) {
		skip("the pool of root", "not root");
		return;
	}
	ok(range_pool_root(&pool, &e) == 0, "root has a pool");
	if (pool.user != RANGE_NO_USER) {
		skip("its bounds", "in a user namespace");
		return;
	}
	ok(pool.base == 0x70000000 && (uint64_t)pool.base + pool.size * pool.slots == 0x7ffe0000,
	   "between systemd's containers and systemd's foreign images");
}

/* In a user namespace that has only a few ids: 0 = told, 1 = not, 2 = cannot be tried. */
static int nested_pool(void)
{
	struct range_pool pool;
	autoclose int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned uid = geteuid();
	char map[64];

	if (unshare(CLONE_NEWUSER) < 0)
		return 2;
	snprintf(map, sizeof(map), "0 %u 1\n", uid);
	file_write(proc, "setgroups", "deny");
	if (file_write(proc, "uid_map", map) < 0)
		return 2;
	return range_pool_root(&pool, &e) < 0 && strstr(e.text, "this user namespace") ? 0 : 1;
}

static void test_nested_pool(void)
{
	int status = 1;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(nested_pool());
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip("the pool of a small user namespace", "it cannot be made");
	else
		ok(status == 0,
		   "root of a small user namespace is told that it has no ids to give");
}

static int conflict(uint32_t base, uint32_t gid_base, uint32_t count, uid_t user)
{
	struct range r = { base, gid_base, count };

	e = ERR_NONE;
	return range_conflict_in(top, user, &r, &e);
}

static void test_conflict(void)
{
	write_etc(
		"root:x:0:0::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n"
		"ev\x1bil:x:7000:7000\n",
		"staff:x:50:\n", "alice:100000:65536\nroot:300000:65536\n", "bob:200000:65536\n");
	is_int(conflict(1879048192, 1879048192, 65536, 0), 0, "ids of nobody conflict with nobody");
	ok(conflict(0, 1879048192, 1, 0) == -EADDRINUSE && strstr(e.text, "root of the host"),
	   "uid 0 is root");
	ok(conflict(1879048192, 0, 1, 0) == -EADDRINUSE && strstr(e.text, "gids"), "gid 0 too");
	ok(conflict(65000, 1879048192, 1000, 0) == -EADDRINUSE && strstr(e.text, "nobody"),
	   "65534 is nobody");
	ok(conflict(1001, 1879048192, 1, 0) == -EADDRINUSE && strstr(e.text, "bob") &&
		   strstr(e.text, "/passwd"),
	   "a user is named, with the file");
	ok(conflict(1879048192, 40, 20, 0) == -EADDRINUSE && strstr(e.text, "staff") &&
		   strstr(e.text, "/group"),
	   "so is a group");
	ok(conflict(165535, 1879048192, 10, 0) == -EADDRINUSE && strstr(e.text, "alice") &&
		   strstr(e.text, "/subuid"),
	   "so are subordinate ids");
	ok(conflict(1879048192, 199990, 20, 0) == -EADDRINUSE && strstr(e.text, "/subgid"),
	   "and subordinate gids");
	is_int(conflict(165536, 265536, 10, 0), 0, "the neighbours of ranges are free");
	is_int(conflict(100000, 1879048192, 65536, 1000), 0,
	       "one's own subordinate ids are one's own");
	is_int(conflict(300000, 300000, 65536, 0), 0, "root's, too");
	is_int(conflict(4294967295U, 5, 1, 0), -ERANGE, "the id -1 is none");
	is_int(conflict(5, 4294967290U, 6, 0), -ERANGE, "nor is what is beyond");
	is_int(conflict(5, 5, 0, 0), -ERANGE, "an empty range is none");
	ok(conflict(7000, 8000, 1, 0) == -EADDRINUSE && !strchr(e.text, 0x1b),
	   "a name is cleaned before it is shown");
	plain_etc();
}

static void test_reserve(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 4);
	struct range by_hand = { 0x70000000 + 65536 + 5, 0x70000000 + 2 * 65536, 10 }, r;

	fresh();
	is_int(range_reserve(dir, &pool, "hand", &by_hand, &e), 0, "a range by hand is entered");
	is_int(range_reserve(dir, &pool, "hand", &by_hand, &e), 0, "twice, for its owner");
	ok(range_reserve(dir, &pool, "other", &by_hand, &e) == -EBUSY && strstr(e.text, "hand"),
	   "for another it is refused");
	ok(take(&pool, "a", 0, &r) == 0 && r.base == 0x70000000 && take(&pool, "b", 0, &r) == 0 &&
		   r.base == 0x70000000 + 3 * 65536 && take(&pool, "c", 0, &r) == -ENOSPC,
	   "no slot that it touches with uids or gids is given out");
	is_int(range_release(dir, &by_hand, "hand", &e), 0, "it is released");
	ok(take(&pool, "c", 0, &r) == 0, "and its slots are free");
	by_hand = (struct range){ 100000, 100000, 65536 };
	is_int(range_reserve(dir, &pool, "far", &by_hand, &e), 0,
	       "one outside the pool needs no entry");
	by_hand = (struct range){ 0x6fffffff, 0x6fffffff, 2 };
	ok(range_reserve(dir, &pool, "edge", &by_hand, &e) == -EBUSY &&
		   strstr(e.text, "container a"),
	   "one that only reaches into it does");
}

/* --- damage ------------------------------------------------------------------------------- */

static bool damaged(const char *what)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 8);
	struct range r;

	return take(&pool, "x", 0, &r) == -EUCLEAN && strstr(e.text, what) &&
	       strstr(e.text, "/ids is damaged") && strstr(e.text, "remove the file");
}

static void three_taken(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 8);
	struct range r;

	fresh();
	for (int i = 0; i < 3; i++)
		take(&pool, "a", 0, &r);
	/* The search begins at the cursor: bring it back, so that it meets the records. */
	range_release_owner(dir, "a", &e);
	for (int i = 0; i < 8; i++)
		take(&pool, "b", 0, &r);
}

/* Change one byte. */
static void poke(off_t at)
{
	autoclose int fd = openat(dir, "ids", O_RDWR | O_CLOEXEC);
	char byte = 0;

	(void)!pread(fd, &byte, 1, at);
	byte ^= '\x5a';
	(void)!pwrite(fd, &byte, 1, at);
}

static void cut(off_t size)
{
	autoclose int fd = openat(dir, "ids", O_RDWR | O_CLOEXEC);

	(void)!ftruncate(fd, size);
}

static void test_damage(void)
{
	struct range r = { 0x70000000, 0x70000000, 65536 };
	int refused = 0;

	three_taken();
	cut(0);
	ok(damaged("too short"), "an empty file is no reason to start from zero");
	is_int(range_release(dir, &r, "a", &e), -EUCLEAN, "nothing is released in it either");
	three_taken();
	cut(100);
	ok(damaged("too short"), "nor is half a header");
	three_taken();
	cut(128 + 200);
	ok(damaged("end is missing"), "nor are missing records");
	three_taken();
	poke(0);
	ok(damaged("no file of ids"), "nor is another file");
	for (off_t at = 0; at < 128 + 8 * 128; at += 7) {
		three_taken();
		poke(at);
		refused += damaged("");
	}
	is_int(refused, (128 + 8 * 128 + 6) / 7, "no changed byte anywhere goes unnoticed");
	fresh();
	(void)!symlinkat("elsewhere", dir, "ids");
	ok(take(&(struct range_pool){ .base = 1000, .size = 1, .slots = 1, .etc = top }, "a", 0,
		&r) == -ELOOP,
	   "a symbolic link is not followed");
	fresh();
}

/* Whoever waits for the lock of a file that is then replaced must not use the old one. */
static void test_replaced(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 8);
	autoclose int old = -EBADF;
	struct range r;
	int status = 1;
	pid_t pid;

	fresh();
	take(&pool, "a", 0, &r);
	range_release(dir, &r, "a", &e);
	age(0, 1000);
	old = openat(dir, "ids", O_RDWR | O_CLOEXEC);
	flock(old, LOCK_EX);
	pid = fork();
	if (pid == 0) {
		fd_close(&old);
		_exit(take(&pool, "b", 0, &r) == 0 ? (int)((r.base - pool.base) / pool.size) : 99);
	}
	nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
	fresh();
	for (int i = 0; i < 5; i++)
		take(&pool, "c", 0, &r);
	fd_close(&old);
	waitpid(pid, &status, 0);
	is_int(WEXITSTATUS(status), 5,
	       "a file that was replaced while it was waited for is not used");
}

/* --- many at once ------------------------------------------------------------------------- */

enum { TAKERS = 20, EACH = 25 };

struct shared {
	atomic_int taken[TAKERS * EACH];
	atomic_int overlaps, failures;
};

static void taker(struct shared *sh, const struct range_pool *pool, int id)
{
	char owner[16];

	snprintf(owner, sizeof(owner), "t%d", id);
	for (int i = 0; i < EACH; i++) {
		struct range r;
		uint32_t slot;

		if (take(pool, owner, 0, &r) < 0) {
			atomic_fetch_add(&sh->failures, 1);
			continue;
		}
		slot = (r.base - pool->base) / pool->size;
		if (slot >= TAKERS * EACH || atomic_fetch_add(&sh->taken[slot], 1))
			atomic_fetch_add(&sh->overlaps, 1);
	}
}

static struct shared *share(void)
{
	return mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
}

static void test_many(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, TAKERS * EACH);
	struct shared *sh = share();
	struct range r;

	fresh();
	for (int i = 0; i < TAKERS; i++) {
		if (fork() == 0) {
			taker(sh, &pool, i);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	ok(sh->overlaps == 0 && sh->failures == 0,
	   "%d ranges taken by %d processes at once never overlap", TAKERS * EACH, TAKERS);
	is_int(take(&pool, "late", 0, &r), -ENOSPC, "and are the whole pool");
	munmap(sh, sizeof(*sh));
}

/* Owners take and give back, and are killed at any moment. What is taken must be taken by one
 * owner only, and by a sweep everything comes back. The slot's mark in shared memory is set by
 * the owner while it has the range; a killed owner leaves it and its record. */
static void churn(struct shared *sh, const struct range_pool *pool, const char *owner)
{
	srand((unsigned)getpid());
	for (;;) {
		struct range r;
		uint32_t slot;
		int was = 0;

		if (take(pool, owner, 1 + (uint32_t)rand() % (2 * pool->size), &r) < 0)
			continue;
		slot = (r.base - pool->base) / pool->size;
		if (!atomic_compare_exchange_strong(&sh->taken[slot], &was, (int)getpid()))
			atomic_fetch_add(&sh->overlaps, 1);
		sched_yield();
		atomic_store(&sh->taken[slot], 0);
		if (range_release(dir, &r, owner, &e) < 0)
			atomic_fetch_add(&sh->failures, 1);
	}
}

static bool is_alive(const char *owner, void *ctx)
{
	const pid_t *pids = ctx;
	int i = atoi(owner + 1);

	return pids[i] != 0;
}

static pid_t start_churn(struct shared *sh, const struct range_pool *pool, int i)
{
	char owner[16];
	pid_t pid = fork();

	snprintf(owner, sizeof(owner), "c%d", i);
	if (pid == 0)
		churn(sh, pool, owner);
	return pid;
}

static void test_killed(void)
{
	struct range_pool pool = pool_of(0x70000000, 65536, 64);
	struct shared *sh = share();
	pid_t pids[6];
	struct range r;
	int freed = 0, ret;

	fresh();
	/* Made before the killing begins: a kill while the file is made leaves its temporary one. */
	if (take(&pool, "first", 0, &r) == 0)
		range_release(dir, &r, "first", &e);
	for (int i = 0; i < 6; i++)
		pids[i] = start_churn(sh, &pool, i);
	for (int kills = 0; kills < 300; kills++) {
		int i = rand() % 6;

		nanosleep(&(struct timespec){ .tv_nsec = 500000 + rand() % 2000000 }, NULL);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		for (int slot = 0; slot < 64; slot++) {
			int dead = pids[i];

			atomic_compare_exchange_strong(&sh->taken[slot], &dead, 0);
		}
		pids[i] = 0;
		ret = range_sweep(dir, is_alive, pids, &e);
		if (ret < 0)
			atomic_fetch_add(&sh->failures, 1);
		freed += ret > 0 ? ret : 0;
		pids[i] = start_churn(sh, &pool, i);
	}
	for (int i = 0; i < 6; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		pids[i] = 0;
	}
	ok(sh->overlaps == 0 && sh->failures == 0,
	   "300 owners killed at any moment: no overlap, no damage");
	ok(freed > 0, "their %d slots were swept up", freed);
	range_sweep(dir, is_alive, pids, &e);
	ok(take(&pool, "all", 64 * 65536, &r) == 0, "in the end the whole pool is free");
	munmap(sh, sizeof(*sh));
}

/* --- parsing ------------------------------------------------------------------------------ */

static int check_account(const struct account *a, void *ctx)
{
	const char *const *bounds = ctx;

	if (a->name < bounds[0] || a->name + a->name_len > bounds[1] || a->name_len == 0 ||
	    a->last < a->first)
		return 1;
	return 0;
}

/* Random lines made of what matters to the parser; run it under the sanitizers. */
static void test_random_lines(void)
{
	static const char letters[] = "a:0195x -+\n\n\0:65536:";
	int bad = 0;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		size_t n = (size_t)rand() % 60;
		autofree char *text = malloc(n ? n : 1);
		const char *bounds[2] = { text, text + n };

		for (size_t k = 0; k < n; k++)
			text[k] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		for (int file = 0; file < ACCOUNT_FILES; file++)
			bad += account_parse(text, n, (enum account_file)file, check_account,
					     bounds);
	}
	is_int(bad, 0, "random lines give names inside the text and ranges in order");
}

/* --- cost --------------------------------------------------------------------------------- */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void show_cost(void)
{
	enum { TIMES = 500 };
	struct range_pool pool = pool_of(0x70000000, 65536, 4094);
	struct range r[TIMES];
	double start, take_us, release_us, full_us, sweep_us;
	pid_t none[6] = { 0 };

	fresh();
	pool.etc = "/etc";
	take(&pool, "c0", 0, &r[0]); /* makes the file, which is flushed to the disk */
	start = now_us();
	for (int i = 0; i < TIMES; i++)
		take(&pool, "c0", 0, &r[i]);
	take_us = now_us() - start;
	start = now_us();
	for (int i = 0; i < TIMES; i++)
		range_release(dir, &r[i], "c0", &e);
	release_us = now_us() - start;
	while (take(&pool, "c0", 0, &r[0]) == 0)
		;
	range_release(dir, &(struct range){ pool.base, pool.base, 1 }, "c0", &e);
	start = now_us();
	take(&pool, "c0", 0, &r[0]);
	full_us = now_us() - start;
	start = now_us();
	range_sweep(dir, is_alive, none, &e);
	sweep_us = now_us() - start;
	printf("# take %.1f us, release %.1f us, take of the last of 4094 %.0f us, sweep of 4094 %.0f us\n",
	       take_us / TIMES, release_us / TIMES, full_us, sweep_us);
}

int main(void)
{
	static const char *const files[] = {
		"passwd", "group", "subuid", "subgid", "lib/ids", "lib"
	};

	if (!mkdtemp(top) || chdir(top) < 0 || mkdir("lib", 0700) < 0)
		return 99;
	dir = open("lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	plain_etc();
	test_take();
	test_pool();
	test_quarantine();
	test_wrap();
	test_accounts();
	test_own_lines();
	test_root_pool();
	test_nested_pool();
	test_conflict();
	test_reserve();
	test_damage();
	test_replaced();
	test_many();
	test_killed();
	test_random_lines();
	show_cost();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		remove(files[i]);
	fd_close(&dir);
	return rmdir(top) < 0 ? 98 : done();
}
