/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usernic/nics.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

#define NICS_FOLDER "/run/lxc"
#define NICS_FILE "/run/lxc/nics"

enum { FILE_MAX = 1 << 20, WAIT_SECONDS = 10 };

/* --- files of root --------------------------------------------------------------------- */

/* What somebody else can write does not count. */
static int is_roots(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", path);
	if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return err_msg(e, EPERM, "%s can be written by others than root", path);
	return 0;
}

static int read_config(struct str *out, struct err *e)
{
	autoclose int fd = open(USERNET_FILE, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int ret;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, "open " USERNET_FILE);
	ret = is_roots(fd, USERNET_FILE, e);
	if (ret < 0)
		return ret;
	errno = -file_read_fd(fd, FILE_MAX, out);
	return errno ? err_sys(e, "read " USERNET_FILE) : 0;
}

static int open_nics(struct err *e)
{
	autoclose int dir = -EBADF, fd = -EBADF;
	int ret;

	if (mkdir(NICS_FOLDER, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "make " NICS_FOLDER);
	dir = open(NICS_FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open " NICS_FOLDER);
	ret = is_roots(dir, NICS_FOLDER, e);
	if (ret < 0)
		return ret;
	fd = openat(dir, "nics", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return err_sys(e, "open " NICS_FILE);
	ret = is_roots(fd, NICS_FILE, e);
	return ret < 0 ? ret : take_fd(fd);
}

static void nothing(int sig)
{
	(void)sig;
}

/* As LXC locks it: fcntl(2), the whole file. */
static int lock(int fd, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct sigaction wake = { .sa_handler = nothing }; /* no SA_RESTART */
	int ret;

	sigaction(SIGALRM, &wake, NULL);
	alarm(WAIT_SECONDS);
	ret = fcntl(fd, F_SETLKW, &whole);
	alarm(0);
	if (ret < 0 && errno == EINTR)
		return err_msg(e, EBUSY, NICS_FILE " is locked by somebody else");
	return ret < 0 ? err_sys(e, "lock " NICS_FILE) : 0;
}

/* In place, because who waits for the lock waits on this very file. What is written never grows by
 * more than a line, and a limit of the caller's must not cut it. */
static int rewrite(struct nics *n, const struct str *text, struct err *e)
{
	const char *data = str_text(text);

	if (text->failed)
		return err_mem(e);
	for (size_t at = 0; at < text->len;) {
		ssize_t done = pwrite(n->fd, data + at, text->len - at, (off_t)at);

		if (done < 0)
			return err_sys(e, "write " NICS_FILE);
		at += (size_t)done;
	}
	if (ftruncate(n->fd, (off_t)text->len) < 0)
		return err_sys(e, "write " NICS_FILE);
	return 0;
}

static bool is_there(const char *interface, void *ctx)
{
	(void)ctx;
	return if_nametoindex(interface) != 0;
}

static int replace(struct nics *n, bool (*keep)(const char *interface, void *ctx), void *ctx,
		   struct err *e)
{
	struct str kept = { 0 };
	int ret;

	usernet_cull(str_text(&n->text), n->text.len, keep, ctx, &kept);
	ret = kept.len == n->text.len ? 0 : rewrite(n, &kept, e);
	str_free(&n->text);
	n->text = kept;
	return ret;
}

int nics_open(struct nics *n, struct err *e)
{
	struct rlimit size;
	int ret;

	*n = (struct nics){ .fd = open_nics(e) };
	if (n->fd < 0)
		return n->fd;
	/* The caller's limit is ours, and could leave half a line. */
	if (getrlimit(RLIMIT_FSIZE, &size) < 0 || size.rlim_cur < 2 * FILE_MAX)
		return err_msg(e, EFBIG, "the limit of file sizes is too low (ulimit -f)");
	ret = lock(n->fd, e);
	if (ret < 0)
		return ret;
	errno = -file_read_fd(n->fd, FILE_MAX, &n->text);
	if (errno)
		return err_sys(e, "read " NICS_FILE);
	return replace(n, is_there, NULL, e);
}

void nics_close(struct nics *n)
{
	fd_close(&n->fd);
	str_free(&n->text);
}

/* --- what is granted ------------------------------------------------------------------- */

struct grant {
	const struct nics *n;
	const struct caller *c;
	struct usernet_line *out;
	bool full; /* a line is his, but all of it is taken */
};

static int consider(const struct usernet_line *line, void *ctx)
{
	struct grant *g = ctx;

	if (strcmp(line->type, g->out->type) || strcmp(line->bridge, g->out->bridge) ||
	    !caller_is(g->c, line->owner))
		return 0;
	memcpy(g->out->owner, line->owner, sizeof(line->owner));
	if (usernet_taken(str_text(&g->n->text), g->n->text.len, g->out) < usernet_count(line))
		return 1;
	g->full = true;
	return 0;
}

int nics_grant(const struct nics *n, const struct caller *c, const char *bridge,
	       struct usernet_line *out, struct err *e)
{
	struct grant g = { .n = n, .c = c, .out = out };
	autostr config = { 0 };
	int ret;

	*out = (struct usernet_line){ .type = "veth" };
	snprintf(out->bridge, sizeof(out->bridge), "%s", bridge);
	ret = read_config(&config, e);
	if (ret < 0)
		return ret;
	if (usernet_parse(str_text(&config), config.len, consider, &g) > 0)
		return 0;
	if (g.full)
		return err_msg(e, EDQUOT,
			       "all ports of %s that " USERNET_FILE " grants you are taken",
			       bridge);
	err_msg(e, EPERM, USERNET_FILE " grants you no port of %s", bridge);
	return err_hint(e, "its administrator would have to add the line '%s veth %s 1'", c->name,
			bridge);
}

struct search {
	const struct caller *c;
	const char *bridge, *interface;
};

static int find(const struct usernet_line *line, void *ctx)
{
	const struct search *s = ctx;

	return !strcmp(line->type, "veth") && !strcmp(line->bridge, s->bridge) &&
	       !strcmp(line->last, s->interface) && caller_is(s->c, line->owner);
}

bool nics_is_his(const struct nics *n, const struct caller *c, const char *bridge,
		 const char *interface)
{
	struct search s = { c, bridge, interface };

	return usernet_parse(str_text(&n->text), n->text.len, find, &s) > 0;
}

/* --- changes --------------------------------------------------------------------------- */

int nics_add(struct nics *n, const struct usernet_line *line, struct err *e)
{
	usernet_write(line, &n->text);
	if (n->text.len > FILE_MAX)
		return err_msg(e, EFBIG, NICS_FILE " is full");
	return rewrite(n, &n->text, e);
}

static bool is_other(const char *interface, void *ctx)
{
	return strcmp(interface, ctx) != 0;
}

int nics_remove(struct nics *n, const char *interface, struct err *e)
{
	return replace(n, is_other, (void *)interface, e);
}
