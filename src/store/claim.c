/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One owner per name: the lock of a state directory, and what is left when an owner dies. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "store/inner.h"

/* --- the lock ----------------------------------------------------------------------------- */

/* What the owner writes into its lock, at once. Empty: nobody has got that far. */
#define LOCK_OWNED "owned\n"
#define LOCK_CLEANING "cleaning\n"

enum lock_result {
	LOCK_TAKEN,  /* ours */
	LOCK_BUSY,   /* there is an owner */
	LOCK_LATER,  /* only somebody passing by: try again */
	LOCK_GONE,   /* the directory vanished under us: start again */
	LOCK_FAILED, /* errno */
};

/* Why the lock cannot be had. Whoever only looks holds it shared, for an instant, and does not
 * keep others from sharing; an owner does. */
static enum lock_result lock_why_busy(int lock)
{
	char text[16];
	ssize_t n;

	if (flock(lock, LOCK_SH | LOCK_NB) == 0)
		return flock(lock, LOCK_UN) < 0 ? LOCK_FAILED : LOCK_LATER;
	if (errno != EWOULDBLOCK)
		return LOCK_FAILED;
	n = pread(lock, text, sizeof(text), 0);
	if (n < 0)
		return LOCK_FAILED;
	return n == 0 || text[0] == LOCK_CLEANING[0] ? LOCK_LATER : LOCK_BUSY;
}

/* Between open(2) and flock(2) the previous owner may have removed the file and the name may
 * have become somebody else's: the lock counts only if it is the one that the name leads to. */
static enum lock_result lock_is_named(int all, const char *path, int lock, off_t *size)
{
	struct stat mine, named;

	if (fstat(lock, &mine) < 0)
		return LOCK_FAILED;
	if (fstatat(all, path, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? LOCK_GONE : LOCK_FAILED;
	*size = mine.st_size;
	return mine.st_dev == named.st_dev && mine.st_ino == named.st_ino ? LOCK_TAKEN : LOCK_GONE;
}

/* Lock the existing directory `name`. *size receives what the lock held: 0 when it never had
 * an owner. */
static enum lock_result lock_take(int all, const char *name, int flags, struct claim *c,
				  off_t *size)
{
	autoclose int dir = -EBADF, lock = -EBADF;
	char path[STORE_NAME_MAX + 8];
	enum lock_result result;

	dir = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? LOCK_GONE : LOCK_FAILED;
	lock = openat(dir, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
	if (lock < 0)
		return errno == ENOENT ? LOCK_GONE : LOCK_FAILED;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? lock_why_busy(lock) : LOCK_FAILED;
	snprintf(path, sizeof(path), "%s/lock", name);
	result = lock_is_named(all, path, lock, size);
	if (result != LOCK_TAKEN)
		return result;
	c->dir = take_fd(dir);
	c->lock = take_fd(lock);
	return LOCK_TAKEN;
}

/* The mark comes before anything else the owner makes: an unmarked lock means that there is
 * nothing to clean up. */
static int lock_mark(const struct claim *c, const char *mark)
{
	ssize_t n = pwrite(c->lock, mark, strlen(mark), 0);

	return n < 0 ? -errno : n == (ssize_t)strlen(mark) ? 0 : -ENOSPC;
}

/* --- claims ------------------------------------------------------------------------------- */

static void claim_name(const struct store *s, const char *name, struct claim *c)
{
	*c = CLAIM_NONE;
	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->path, sizeof(c->path), "%s/" STORE_CONTAINERS "/%s", s->run_path, c->name);
}

static void store_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Make the directory and lock it; waits up to two seconds for a clean-up to end. */
static enum lock_result claim_take(int all, struct claim *c, off_t *size)
{
	enum lock_result result = LOCK_FAILED;

	for (int i = 0; i < 2000; i++) {
		if (mkdirat(all, c->name, 0700) < 0 && errno != EEXIST)
			return LOCK_FAILED;
		result = lock_take(all, c->name, O_CREAT, c, size);
		if (result == LOCK_LATER)
			store_pause();
		else if (result != LOCK_GONE)
			return result;
	}
	return result;
}

int store_claim(const struct store *s, const char *name, struct claim *c, struct err *e)
{
	autoclose int all = -EBADF;
	off_t size = 0;
	int ret;

	*c = CLAIM_NONE;
	ret = store_check_name(name, e);
	if (ret < 0)
		return ret;
	claim_name(s, name, c);
	all = store_sub(s->run, STORE_CONTAINERS);
	if (all < 0) {
		errno = -all;
		return store_fail(e, "open the directory above", c->path);
	}
	switch (claim_take(all, c, &size)) {
	case LOCK_TAKEN:
		break;
	case LOCK_BUSY:
		return err_msg(e, EBUSY, "container %s is already running", name);
	case LOCK_LATER:
	case LOCK_GONE:
		return err_msg(e, EBUSY, "container %s is still being cleaned up; try again", name);
	case LOCK_FAILED:
		return store_fail(e, "take the state directory", c->path);
	}
	if (size > 0) {
		/* Others who want the name wait for the end of the caller's clean-up. */
		lock_mark(c, LOCK_CLEANING);
		return err_msg(e, ESTALE, "container %s ended without cleaning up; see %s", name,
			       c->path);
	}
	ret = lock_mark(c, LOCK_OWNED);
	if (ret == 0)
		return 0;
	errno = -ret;
	ret = store_fail(e, "write the lock in", c->path);
	store_drop(c);
	return ret;
}

void store_drop(struct claim *c)
{
	char up[STORE_NAME_MAX + 8];
	int ret;

	if (c->dir < 0 || c->lock < 0) {
		store_forget(c);
		return;
	}
	ret = store_empty(c->dir, "lock");
	if (ret == 0 && unlinkat(c->dir, "lock", 0) < 0)
		ret = -errno;
	/* From here on the name may have a new owner, in this directory or in a new one: rmdir(2)
	 * fails harmlessly on the first and an owner that lost an empty one makes it again. */
	snprintf(up, sizeof(up), "../%s", c->name);
	if (ret == 0)
		unlinkat(c->dir, up, AT_REMOVEDIR);
	else
		log_warn("%s cannot be removed: %s", c->path, strerror(-ret));
	store_forget(c);
}

void store_forget(struct claim *c)
{
	fd_close(&c->dir);
	fd_close(&c->lock);
}

/* --- remains ------------------------------------------------------------------------------ */

static bool gc_one(const struct store *s, int all, const char *name,
		   int (*clean)(const struct claim *c, void *ctx), void *ctx)
{
	struct claim c;
	off_t size = 0;

	claim_name(s, name, &c);
	switch (lock_take(all, name, 0, &c, &size)) {
	case LOCK_TAKEN:
		break;
	case LOCK_GONE:
		/* No lock at all: a start or an end that was cut off. When it is a start that is
		 * still going on, it notices and makes the directory again. */
		return unlinkat(all, name, AT_REMOVEDIR) == 0;
	case LOCK_BUSY:
	case LOCK_LATER:
	case LOCK_FAILED:
		return false;
	}
	if (size > 0) {
		/* If this fails, a store_claim() at this moment says "busy" instead of waiting. */
		lock_mark(&c, LOCK_CLEANING);
		if (clean(&c, ctx) < 0) {
			store_forget(&c);
			return false;
		}
	}
	store_drop(&c);
	return true;
}

int store_gc(const struct store *s, int (*clean)(const struct claim *c, void *ctx), void *ctx)
{
	autoclose int all = -EBADF;
	autolist names = { 0 };
	int ret = store_names(s->run, &names);
	int dropped = 0;

	if (ret < 0 || names.n == 0)
		return ret;
	all = openat(s->run, STORE_CONTAINERS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (all < 0)
		return -errno;
	for (size_t i = 0; i < names.n; i++)
		dropped += gc_one(s, all, names.item[i], clean, ctx);
	return dropped;
}

bool store_running(const struct store *s, const char *name)
{
	char path[STORE_NAME_MAX + 32];
	autoclose int lock = -EBADF;

	if (!path_is_name(name))
		return false;
	snprintf(path, sizeof(path), STORE_CONTAINERS "/%s/lock", name);
	lock = openat(s->run, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* Shared, and dropped at once by close(2): store_claim() knows not to mind. */
	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
