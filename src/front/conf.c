/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "front/gate.h"
#include "front/profile.h"
#include "spec/key.h"

/* --- lines ------------------------------------------------------------------------------ */

/* "where:LINE", made anew for each line of a file. */
struct origin_text {
	char text[256];
	size_t prefix;
};

static void origin_start(struct origin_text *o, const char *where)
{
	/* A long path loses its head, not the name of the file. */
	size_t len = strlen(where), room = sizeof(o->text) - 16;

	if (len > room)
		where += len - room;
	o->prefix = strlen(where);
	memcpy(o->text, where, o->prefix);
	o->text[o->prefix++] = ':';
	o->text[o->prefix] = '\0';
}

/* By hand: profiles are read at every start, and snprintf() would be most of that work. */
static void origin_line(struct origin_text *o, unsigned line)
{
	char *end = o->text + o->prefix;
	unsigned scale = 1;

	while (line / scale >= 10)
		scale *= 10;
	for (; scale; scale /= 10)
		*end++ = (char)('0' + line / scale % 10);
	*end = '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cut blanks off both ends, in place; returns the new start. */
static char *trim(char *text)
{
	size_t n;

	while (is_blank(*text))
		text++;
	n = strlen(text);
	while (n && is_blank(text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

/* Outer quotes keep outer blanks; there are no escapes in them. "" is left to the key: for a word
 * of a command line it is the empty word. */
static char *unquote(char *value)
{
	size_t n = strlen(value);

	if (n <= 2 || value[0] != '"' || value[n - 1] != '"')
		return value;
	value[n - 1] = '\0';
	return value + 1;
}

/* Key names are short words; anything else is not repeated in a message. */
static bool is_key_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= 64 && !name[n];
}

static int conf_split(char *text, const char *origin, conf_line *line, void *context, struct err *e)
{
	char *equals = strchr(text, '=');
	size_t n = strlen(text);
	char *key;

	if (text[0] == '[' && text[n - 1] == ']') {
		text[n - 1] = '\0';
		return line(context, trim(text + 1), NULL, origin, e);
	}
	if (!equals)
		return err_msg(e, EINVAL, "%s: a line is 'key = value', but there is no '='",
			       origin);
	*equals = '\0';
	key = trim(text);
	if (!is_key_name(key))
		return err_msg(e, EINVAL,
			       "%s: what stands before '=' is not the name of a key; names are "
			       "made of lower-case letters, digits, '.', '_' and '-'",
			       origin);
	return line(context, key, unquote(trim(equals + 1)), origin, e);
}

int conf_walk(const char *text, size_t len, const char *where, conf_line *line, void *context,
	      struct err *e)
{
	autofree char *copy = malloc(len + 1);
	struct origin_text origin;
	unsigned number = 1;
	char *p, *next;

	if (!copy)
		return err_mem(e);
	memcpy(copy, text, len);
	copy[len] = '\0';
	origin_start(&origin, where);
	/* Some editors begin a file with a byte order mark. */
	p = str_starts(copy, "\xef\xbb\xbf") ? copy + 3 : copy;
	for (; p < copy + len; p = next, number++) {
		char *end = memchr(p, '\n', len - (size_t)(p - copy));
		int ret;

		if (!end)
			end = copy + len;
		next = end + 1;
		*end = '\0';
		origin_line(&origin, number);
		if (end - p > CONF_LINE_MAX)
			return err_msg(e, E2BIG, "%s: the line is longer than 64 KiB", origin.text);
		if (strlen(p) != (size_t)(end - p))
			return err_msg(e, EINVAL, "%s: the line holds a NUL byte", origin.text);
		p = trim(p);
		if (!*p || *p == '#')
			continue;
		ret = conf_split(p, origin.text, line, context, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- meaning ---------------------------------------------------------------------------- */

/* One text being read, and the chain of files that include it. */
struct conf {
	struct spec *spec;
	const char *where;
	const struct conf *parent;
	unsigned depth;
	int dir; /* of the file, for include; -EBADF for a text */
	dev_t device;
	ino_t inode;
	bool whole;	 /* it began with `profile = none` */
	struct str from; /* what the last `origin` said */
};

static int conf_read_as(struct spec *s, int dir, const char *path, const char *where,
			const struct conf *parent, struct err *e);

/* How the included file is called in messages: beside the file that includes it. */
static char *conf_beside(const char *where, const char *path)
{
	const char *slash = strrchr(where, '/');
	char *text = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&text, "%.*s/%s", (int)(slash - where), where, path) < 0)
		return NULL;
	return text;
}

static int conf_include(const struct conf *c, const char *path, const char *origin, struct err *e)
{
	autofree char *where = conf_beside(c->where, path);
	int ret;

	if (!where)
		return err_mem(e);
	if (!*path)
		return err_msg(e, EINVAL, "%s: include: no file is named", origin);
	if (c->dir < 0)
		return err_msg(e, EINVAL, "%s: include is only possible in a file", origin);
	if (c->depth >= CONF_DEPTH_MAX)
		return err_msg(e, ELOOP, "%s: include: more than %d files deep", origin,
			       CONF_DEPTH_MAX);
	ret = conf_read_as(c->spec, c->dir, path, where, c, e);
	return ret < 0 ? err_add(e, "%s: include", origin) : 0;
}

static int conf_profile(struct conf *c, const char *name, const char *origin, struct err *e)
{
	c->whole = !strcmp(name, PROFILE_NONE);
	/* The word on the command line is the last one, also where a file says otherwise. But
	 * a file that starts from nothing sets everything itself. */
	if (profile_is_pinned(c->spec) && c->whole)
		return err_msg(e, EINVAL, "%s: this is a whole configuration; leave out --profile",
			       origin);
	if (profile_is_pinned(c->spec))
		return 0;
	if (!profile_is_fresh(c->spec))
		return err_msg(e, EINVAL,
			       "%s: profile: it must come before any other key, because it sets "
			       "all of them",
			       origin);
	return profile_apply(c->spec, name, origin, e);
}

/* A saved specification repeats who set what, because walls ask: a profile's default may give
 * way where a person's word may not. Others speak for themselves only. */
static int conf_origin(struct conf *c, const char *from, const char *origin, struct err *e)
{
	if (!c->whole)
		return err_msg(e, EINVAL, "%s: origin: only a saved specification has it", origin);
	str_free(&c->from);
	str_add(&c->from, from);
	return c->from.failed ? err_mem(e) : 0;
}

/* A list appends, but a command is one thing: the words of a file come in place of those of a
 * profile, not behind them. */
static int conf_replace_args(const struct conf *c, const char *origin, struct err *e)
{
	if (!str_starts(key_origin(c->spec, "process.args"), "profile ") ||
	    str_starts(origin, "profile "))
		return 0;
	return key_set(c->spec, "process.args", "", origin, e);
}

static int conf_apply(void *context, const char *key, const char *value, const char *origin,
		      struct err *e)
{
	struct conf *c = context;

	if (!value)
		return err_msg(e, EINVAL, "%s: a configuration has no sections", origin);
	if (!strcmp(key, "include"))
		return conf_include(c, value, origin, e);
	if (!strcmp(key, "profile"))
		return conf_profile(c, value, origin, e);
	if (!strcmp(key, "allow"))
		return gate_open(c->spec, value, origin, e);
	if (!strcmp(key, "origin"))
		return conf_origin(c, value, origin, e);
	if (c->from.len)
		origin = c->from.text;
	if (!strcmp(key, "process.args") && conf_replace_args(c, origin, e) < 0)
		return -e->code;
	return key_set(c->spec, key, value, origin, e);
}

static int conf_text(struct conf *c, const char *text, size_t len, struct err *e)
{
	int ret = conf_walk(text, len, c->where, conf_apply, c, e);

	str_free(&c->from);
	return ret;
}

int conf_parse(struct spec *s, const char *text, size_t len, const char *where, struct err *e)
{
	struct conf c = { .spec = s, .where = where, .dir = -EBADF };

	return conf_text(&c, text, len, e);
}

/* --- files ------------------------------------------------------------------------------ */

/* The directory is opened first and the file below it, so that a later `include` means the
 * same directory even if the path changes meanwhile. */
static int conf_open(int dir, const char *path, int *parent, struct err *e)
{
	autofree char *copy = strdup(path);
	char *slash;
	int fd;

	if (!copy)
		return err_mem(e);
	slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy] = '\0';
	*parent = openat(dir, slash ? copy : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*parent < 0)
		return err_sys(e, "open %s", path);
	/* Never wait for the writer of a FIFO. */
	fd = openat(*parent, slash ? path + (slash - copy) + 1 : path,
		    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

static int conf_check_file(struct conf *c, int fd, const char *where, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", where);
	if (!S_ISREG(st.st_mode))
		return err_msg(e, EINVAL, "%s is not a regular file", where);
	if (st.st_size > CONF_FILE_MAX)
		return err_msg(e, EFBIG, "%s is larger than 1 MiB", where);
	for (const struct conf *p = c->parent; p; p = p->parent)
		if (p->device == st.st_dev && p->inode == st.st_ino)
			return err_msg(e, ELOOP, "%s includes itself", where);
	c->device = st.st_dev;
	c->inode = st.st_ino;
	return 0;
}

static int conf_read_as(struct spec *s, int dir, const char *path, const char *where,
			const struct conf *parent, struct err *e)
{
	struct conf c = { .spec = s, .where = where, .parent = parent };
	autoclose int own = -EBADF;
	autoclose int fd = -EBADF;
	autostr text = { 0 };
	int ret;

	c.depth = parent ? parent->depth + 1 : 0;
	fd = conf_open(dir, path, &own, e);
	if (fd < 0)
		return fd;
	c.dir = own;
	ret = conf_check_file(&c, fd, where, e);
	if (ret < 0)
		return ret;
	ret = file_read_fd(fd, CONF_FILE_MAX, &text);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s", where);
	}
	return conf_text(&c, str_text(&text), text.len, e);
}

int conf_read(struct spec *s, int dir, const char *path, struct err *e)
{
	return conf_read_as(s, dir, path, path, NULL, e);
}
