/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/wall.h"

#include "spec/common_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

enum { WALLS_MAX = 32, SHOWN_MAX = 120 };

/* --- for the walls --------------------------------------------------------------------- */

bool look_field(const struct look *l, const char *name, char *out, size_t size)
{
	size_t n = strlen(name), len;
	const char *line = str_text(&l->status);

	/* The kernel escapes line breaks in the one field that a process chooses (its name), so
	 * that nothing but the kernel begins a line. */
	while (strncmp(line, name, n) || line[n] != ':') {
		line = strchr(line, '\n');
		if (!line)
			return false;
		line++;
	}
	line += n + 1;
	line += strspn(line, " \t");
	len = strcspn(line, "\n");
	if (len >= size)
		return false;
	memcpy(out, line, len);
	out[len] = '\0';
	return true;
}

bool wall_asked(const struct spec *s, const char *key)
{
	const char *origin = key_origin(s, key);

	return strcmp(origin, "built-in") && !str_starts(origin, "profile ");
}

bool wall_optional(const struct spec *s, const char *wall)
{
	return list_has(&s->optional, wall);
}

int wall_open_proc(int proc, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NOCTTY),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	autoclose int fd = -EBADF;
	struct statfs fs;

	/* A file bound over attr/exec would swallow a label and report success. */
	if (!str_starts(path, "sys/"))
		how.resolve |= RESOLVE_NO_XDEV;
	do
		fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC ? take_fd(fd) : -EXDEV;
}

int wall_write_proc(int proc, const char *path, const char *text)
{
	autoclose int fd = wall_open_proc(proc, path, O_WRONLY);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

/* The start of the n-th field (from 0) of a line, or NULL. */
static const char *line_field(const char *line, int n)
{
	for (; *line && *line != '\n'; line++) {
		if (n == 0)
			return line;
		if (*line == ' ')
			n--;
	}
	return NULL;
}

bool look_mount(const struct look *l, const char *point, char *options, size_t size)
{
	size_t len = strlen(point);
	bool found = false;

	/* Mounts are listed in the order in which they were made: the last one is on top. */
	for (const char *line = str_text(&l->mountinfo), *end; *line; line = end + 1) {
		const char *at = line_field(line, 4);

		end = strchrnul(line, '\n');
		if (!*end)
			end--;
		if (!at || strncmp(at, point, len) || at[len] != ' ')
			continue;
		at += len + 1;
		snprintf(options, size, ",%.*s,", (int)strcspn(at, " \n"), at);
		found = true;
	}
	return found;
}

/* "net:[4026531840]"; stat(2) would make the kernel make an inode first. */
static ssize_t ns_name(int proc, const char *kind, char *out, size_t size)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "ns/%s", kind);
	n = readlinkat(proc, path, out, size);
	return n < 0 ? -errno : n;
}

int look_shares(const struct look *l, const char *kind, bool *shared)
{
	char theirs[48], ours[48];
	ssize_t n = ns_name(l->proc, kind, theirs, sizeof(theirs));
	ssize_t m = ns_name(l->self, kind, ours, sizeof(ours));

	if (n < 0 || m < 0)
		return n < 0 ? (int)n : (int)m;
	*shared = n == m && !memcmp(theirs, ours, (size_t)n);
	return 0;
}

/* --- all walls ------------------------------------------------------------------------- */

void walls_init(void)
{
	static struct key_table tables[WALLS_MAX + 1];
	size_t n = 0;

	tables[0] = common_keys;
	for (; walls[n] && n < WALLS_MAX; n++)
		tables[n + 1] = (struct key_table){ .keys = walls[n]->keys, .n = walls[n]->n_keys };
	key_register(tables, n + 1);
}

/* A misspelt wall would leave the one that was meant mandatory: say so. */
static int check_optional(const struct spec *s, struct err *e)
{
	const char *names[WALLS_MAX];
	size_t n = 0;

	for (; walls[n] && n < WALLS_MAX; n++)
		names[n] = walls[n]->name;
	for (size_t i = 0; i < s->optional.n; i++) {
		const char *name = s->optional.item[i], *nearest;
		size_t known = 0;

		while (known < n && strcmp(names[known], name))
			known++;
		if (known < n)
			continue;
		err_msg(e, EINVAL, "%s: optional: there is no wall '%s'", key_origin(s, "optional"),
			name);
		nearest = str_nearest(name, names, n);
		return nearest ? err_hint(e, "did you mean '%s'?", nearest) : -e->code;
	}
	return 0;
}

int walls_check(struct spec *s, const struct host *h, struct err *e)
{
	int ret = check_optional(s, e);

	for (size_t i = 0; walls[i] && ret == 0; i++) {
		if (walls[i]->check)
			ret = walls[i]->check(s, h, e);
		if (ret < 0)
			err_add(e, "wall %s", walls[i]->name);
	}
	return ret;
}

static int observe(const struct wall *w, const struct look *l, struct spec *seen, struct err *e)
{
	int ret = w->observe ? w->observe(l, seen, e) : 0;

	return ret < 0 ? err_add(e, "look at wall %s", w->name) : 0;
}

int walls_observe(const struct look *l, struct spec *seen, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; walls[i] && ret == 0; i++)
		ret = observe(walls[i], l, seen, e);
	return ret;
}

/* Lists are shown on one line and cut. */
static const char *shown(struct str *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->text[i] == '\n')
			text->text[i] = ' ';
	return text->len ? text->text : "nothing";
}

static int verify_key(const struct key *k, const struct spec *asked, const struct spec *seen,
		      struct err *e)
{
	autostr want = { 0 };
	autostr have = { 0 };

	key_get(asked, k, &want);
	key_get(seen, k, &have);
	if (want.failed || have.failed)
		return err_mem(e);
	if (!want.len || !strcmp(str_text(&want), str_text(&have)))
		return 0;
	return err_msg(e, EPROTO, "%s: asked %.*s (%s), the kernel shows %.*s", k->name, SHOWN_MAX,
		       shown(&want), key_origin(asked, k->name), SHOWN_MAX, shown(&have));
}

/* What is not there: the end of the start, or a warning where the spec allows it. */
static int missing(const struct spec *asked, const struct wall *w, struct err *e)
{
	err_add(e, "wall %s", w->name);
	if (!wall_optional(asked, w->name))
		return -e->code;
	log_warn("%s; started without, because it is optional", e->text);
	*e = ERR_NONE;
	return 0;
}

static int compare(const struct wall *w, const struct spec *asked, const struct spec *seen,
		   struct err *e)
{
	for (size_t i = 0; i < w->n_keys; i++) {
		const struct key *k = &w->keys[i];

		if (!(k->flags & KEY_SEEN) || verify_key(k, asked, seen, e) == 0)
			continue;
		if (missing(asked, w, e) < 0)
			return -e->code;
	}
	return 0;
}

int walls_compare(const struct spec *asked, const struct spec *seen, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; walls[i] && ret == 0; i++)
		ret = compare(walls[i], asked, seen, e);
	return ret;
}

int walls_verify(const struct run *r, const struct look *l, enum settled when, struct spec *seen,
		 struct err *e)
{
	for (size_t i = 0; walls[i]; i++) {
		const struct wall *w = walls[i];
		int ret;

		if ((w->traces && l->host->rootless ? SETTLED_SEALED : w->settled) != when)
			continue;
		ret = observe(w, l, seen, e);
		if (ret == 0)
			ret = compare(w, r->spec, seen, e);
		if (ret == 0 && w->verify && w->verify(r, l, seen, e) < 0)
			ret = missing(r->spec, w, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Copy one row, line by line where it has many. */
static int assume_key(const struct key *k, const struct spec *asked, struct spec *seen,
		      struct err *e)
{
	void *field = (char *)seen + k->at;
	autostr text = { 0 };
	char *line, *rest;
	int ret = 0;

	key_get(asked, k, &text);
	if (text.failed)
		return err_mem(e);
	rest = text.text;
	while (ret == 0 && rest && (line = k->type->many ? strsep(&rest, "\n") : take_ptr(rest)))
		if (*line)
			ret = k->type->set(k, field, line, e);
	return ret;
}

int walls_assume(const struct spec *asked, struct spec *seen, struct err *e)
{
	autospec empty;
	int ret;

	spec_init(&empty);
	for (size_t i = 0; i < key_count_all(); i++) {
		const struct key *k = key_at(i);

		if (k->flags & KEY_SEEN || !key_equal(k, seen, &empty))
			continue;
		ret = assume_key(k, asked, seen, e);
		if (ret < 0)
			return err_add(e, "%s", k->name);
	}
	return 0;
}
