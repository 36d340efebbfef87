/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

static const char *const names[] = { "standard input", "standard output", "standard error" };

static int open_null(int i, struct err *e)
{
	int fd = open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open /dev/null") : fd;
}

static int relay_pipe(struct run *r, int i, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe for %s", names[i]);
	r->stdio[i] = ends[i == 0 ? 0 : 1];
	r->relay[i] = ends[i == 0 ? 1 : 0];
	/* The monitor must not hang on a payload that does not read, or does not write. */
	if (fcntl(r->relay[i], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "set up the pipe for %s", names[i]);
	return 0;
}

/* Where we write what comes out of a relay. A terminal that is stopped blocks its writer, whatever
 * poll(2) said; opened again it has flags of its own. Done now, while we may open anything. */
static int open_sink(struct run *r, int i, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "self/fd/%d", i);
	if (isatty(i))
		r->sink[i] = openat(r->proc, path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->sink[i] < 0)
		r->sink[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
	return r->sink[i] < 0 ? err_sys(e, "duplicate %s", names[i]) : 0;
}

/* A pipe opened again is the same pipe with flags of its own. */
static int reopen(const struct run *r, int i)
{
	char path[32];
	int flags = fcntl(i, F_GETFL);
	int fd;

	if (flags < 0)
		return -errno;
	snprintf(path, sizeof(path), "self/fd/%d", i);
	/* O_NONBLOCK: opening a pipe whose other end is gone must not wait for a new one. */
	fd = openat(r->proc, path,
		    (flags & (O_ACCMODE | O_APPEND)) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0)
		fcntl(fd, F_SETFL, flags & O_APPEND);
	return fd < 0 ? -errno : fd;
}

static int prepare_one(struct run *r, int i, struct err *e)
{
	struct stat st;

	if (fstat(i, &st) < 0) {
		r->stdio[i] = open_null(i, e);
		return r->stdio[i] < 0 ? r->stdio[i] : 0;
	}
	if (S_ISDIR(st.st_mode))
		return err_msg(e, EISDIR, "%s is a directory: a container must not get one",
			       names[i]);
	if (S_ISREG(st.st_mode)) {
		r->stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		return r->stdio[i] < 0 ? err_sys(e, "duplicate %s", names[i]) : 0;
	}
	if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))) {
		r->stdio[i] = reopen(r, i);
		if (r->stdio[i] >= 0)
			return 0;
	}
	if (i > 0 && open_sink(r, i, e) < 0)
		return -e->code;
	return relay_pipe(r, i, e);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Detached: nothing to read, one pipe for both outputs, so that the log keeps their order. */
static int prepare_detached(struct run *r, struct err *e)
{
	int ret;

	r->stdio[0] = open_null(0, e);
	if (r->stdio[0] < 0)
		return r->stdio[0];
	ret = relay_pipe(r, 1, e);
	if (ret < 0)
		return ret;
	r->stdio[2] = fcntl(r->stdio[1], F_DUPFD_CLOEXEC, 3);
	return r->stdio[2] < 0 ? err_sys(e, "duplicate the pipe for %s", names[2]) : 0;
}

int stdio_prepare(struct run *r, struct err *e)
{
	int ret = 0;

	if (r->spec->process.terminal)
		return r->detached ? 0 : open_sink(r, 1, e);
	if (r->detached)
		return prepare_detached(r, e);
	for (int i = 0; i < 2 && ret == 0; i++)
		ret = prepare_one(r, i, e);
	if (ret < 0)
		return ret;
	/* `2>&1` stays one stream. */
	if (!same_file(1, 2))
		return prepare_one(r, 2, e);
	r->stdio[2] = fcntl(r->stdio[1], F_DUPFD_CLOEXEC, 3);
	return r->stdio[2] < 0 ? err_sys(e, "duplicate %s", names[1]) : 0;
}

void stdio_close(struct run *r)
{
	for (int i = 0; i < 3; i++) {
		fd_close(&r->stdio[i]);
		fd_close(&r->relay[i]);
		fd_close(&r->sink[i]);
	}
}

int stdio_own(struct run *r, struct err *e)
{
	int64_t uid = run_outside(&r->uid_map, r->identity.uid);

	for (int i = 0; i < 3; i++)
		if (r->relay[i] >= 0 && uid >= 0 && fchown(r->stdio[i], (uid_t)uid, (gid_t)-1) < 0)
			return err_sys(e, "give the pipe for %s to the payload", names[i]);
	return 0;
}
