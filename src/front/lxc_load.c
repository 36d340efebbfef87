/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading LXC's configuration: lines, files, and what they include. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "front/lxc_key.h"

/* One text being read, and the chain of files that include it. */
struct source {
	struct lxc_config *c;
	const char *where;
	const struct source *parent;
	unsigned depth;
	bool files; /* lxc.include may open some */
	dev_t device;
	ino_t inode;
};

static int source_file(struct lxc_config *c, const char *path, const struct source *parent,
		       struct err *e);

/* --- lines ------------------------------------------------------------------------------ */

static int include_directory(struct source *s, const char *path, struct err *e)
{
	struct dirent **found = NULL;
	/* Sorted, as LXC's own README in such a directory promises (its code takes them as they
	 * come). */
	int n = scandir(path, &found, NULL, alphasort), ret = 0;

	if (n < 0)
		return err_sys(e, "read the directory %s", path);
	for (int i = 0; i < n; i++) {
		autofree char *file = NULL;
		const char *name = found[i]->d_name;

		if (ret == 0 && strlen(name) > strlen(".conf") && str_ends(name, ".conf")) {
			const char *slash = str_ends(path, "/") ? "" : "/";

			ret = asprintf(&file, "%s%s%s", path, slash, name) < 0 ?
				      err_mem(e) :
				      source_file(s->c, file, s, e);
		}
		free(found[i]);
	}
	free(found);
	return ret;
}

static int source_include(struct source *s, const char *path, struct err *e)
{
	struct stat st;
	bool is_there = stat(path, &st) == 0;

	if (!s->files)
		return err_msg(e, EINVAL, "a file can only be included by a file");
	if (s->depth >= LXC_DEPTH_MAX)
		return err_msg(e, ELOOP, "more than %d files deep", LXC_DEPTH_MAX);
	/* A directory of additions may be missing, a file may not. */
	if (!is_there && errno == ENOENT && str_ends(path, "/"))
		return 0;
	if (is_there && S_ISDIR(st.st_mode))
		return include_directory(s, path, e);
	return source_file(s->c, path, s, e);
}

/* LXC replaces the random digits in the text that it keeps, so that the address stays the same
 * once it was saved. */
static void complete_line(char *line)
{
	char *key = line + strspn(line, " \t"), *equals = strchr(line, '=');

	if (!equals || !str_starts(key, "lxc.net"))
		return;
	for (char *end = equals; end > key; end--) {
		if (end[-1] == ' ' || end[-1] == '\t')
			continue;
		if (end - key > 7 && !strncmp(end - 7, ".hwaddr", 7))
			lxc_complete_hwaddr(equals + 1);
		return;
	}
}

static int take_line(void *context, char *line, unsigned number, struct err *e)
{
	struct source *s = context;
	autofree char *where = NULL;
	char *key, *value;
	int ret;

	if (!s->parent) {
		complete_line(line);
		str_addf(&s->c->text, "%s\n", line);
	}
	line = lxc_text_trim(line);
	/* To LXC a line of another program's is none of its business; so that one of ours is. */
	if (!str_starts(line, "lxc.") && !str_starts(line, "ward."))
		return 0;
	if (asprintf(&where, "%s:%u", s->where, number) < 0)
		return err_mem(e);
	if (!lxc_text_split(line, &key, &value))
		return err_msg(e, EINVAL, "%s: a line is 'key = value', but there is no '='",
			       where);
	if (strcmp(key, "lxc.include"))
		return lxc_conf_assign(s->c, key, value, where, e);
	if (!*value)
		return 0;
	ret = source_include(s, value, e);
	/* Of a long chain the inner end says what is wrong, and must not be cut off. */
	return ret < 0 && strlen(e->text) < ERR_TEXT_MAX / 2 ?
		       err_add(e, "%s: lxc.include", where) :
		       ret;
}

static int source_text(struct source *s, const char *text, size_t len, struct err *e)
{
	int ret = lxc_text_walk(text, len, take_line, s, e);

	return ret == 0 && s->c->text.failed ? err_mem(e) : ret;
}

int lxc_conf_parse(struct lxc_config *c, const char *text, size_t len, const char *where,
		   struct err *e)
{
	struct source s = { .c = c, .where = where };

	return source_text(&s, text, len, e);
}

/* --- files ------------------------------------------------------------------------------ */

static int check_file(struct source *s, int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", s->where);
	if (!S_ISREG(st.st_mode) && (s->parent || !S_ISFIFO(st.st_mode)))
		return err_msg(e, EINVAL, "%s is not a regular file", s->where);
	if (st.st_size > LXC_FILE_MAX)
		return err_msg(e, EFBIG, "%s is larger than 1 MiB", s->where);
	if (++s->c->files > LXC_FILES_MAX)
		return err_msg(e, EMFILE, "%s: more than %d files for one container", s->where,
			       LXC_FILES_MAX);
	for (const struct source *p = s->parent; p; p = p->parent)
		if (p->device == st.st_dev && p->inode == st.st_ino)
			return err_msg(e, ELOOP, "%s includes itself", s->where);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	/* Opened so as not to wait for a writer; what the shell's <(...) makes has one. */
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
		return err_sys(e, "look at %s", s->where);
	return 0;
}

static int source_file(struct lxc_config *c, const char *path, const struct source *parent,
		       struct err *e)
{
	struct source s = { .c = c, .where = path, .parent = parent, .files = true };
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	autostr text = { 0 };
	int ret;

	s.depth = parent ? parent->depth + 1 : 0;
	if (fd < 0)
		return err_sys(e, "open %s", path);
	ret = check_file(&s, fd, e);
	if (ret < 0)
		return ret;
	ret = file_read_fd(fd, LXC_FILE_MAX, &text);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s", path);
	}
	return source_text(&s, str_text(&text), text.len, e);
}

int lxc_conf_load(struct lxc_config *c, const char *path, struct err *e)
{
	return source_file(c, path, NULL, e);
}

int lxc_conf_include(struct lxc_config *c, const char *path, struct err *e)
{
	struct source s = { .c = c, .where = "lxc.include", .files = true };

	return source_include(&s, path, e);
}
