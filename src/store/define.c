/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions of created containers: LIB/containers/NAME/config. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "store/durable.h"
#include "store/inner.h"

#define DEFINITION_MAX (1 << 20)

static int define_fail(struct err *e, int ret, const char *what, const struct store *s,
		       const char *name)
{
	char path[STORE_PATH_MAX + STORE_NAME_MAX + 16];

	snprintf(path, sizeof(path), "%s/" STORE_CONTAINERS "/%s", s->lib_path, name);
	errno = -ret;
	return store_fail(e, what, path);
}

static int define_open(const struct store *s, const char *name)
{
	char path[STORE_NAME_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), STORE_CONTAINERS "/%s", name);
	fd = openat(s->lib, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The directory may exist already: a definition that was cut off, or one being removed, which
 * then takes the directory away from under us once. */
static int define_write(int all, const char *name, const char *text, size_t len)
{
	int ret = -ENOENT;

	for (int i = 0; i < 3 && ret == -ENOENT; i++) {
		autoclose int dir = store_sub(all, name);

		if (dir < 0)
			return dir;
		ret = durable_write(dir, "config", text, len, DURABLE_NEW);
	}
	if (ret == 0 && fsync(all) < 0 && errno != EINVAL)
		ret = -errno;
	return ret;
}

int store_define(const struct store *s, const char *name, const char *text, size_t len,
		 struct err *e)
{
	autoclose int all = -EBADF;
	int ret = store_check_name(name, e);

	if (ret < 0)
		return ret;
	if (len > DEFINITION_MAX)
		return err_msg(e, EFBIG, "the definition of container %s is larger than %d bytes",
			       name, DEFINITION_MAX);
	all = store_sub(s->lib, STORE_CONTAINERS);
	ret = all < 0 ? all : define_write(all, name, text, len);
	if (ret == -EEXIST)
		return err_msg(e, EEXIST, "container %s exists already", name);
	return ret < 0 ? define_fail(e, ret, "write the definition in", s, name) : 0;
}

int store_redefine(const struct store *s, const char *name, const char *text, size_t len,
		   struct err *e)
{
	autoclose int dir = -EBADF;
	int ret = store_check_name(name, e);

	if (ret < 0)
		return ret;
	if (len > DEFINITION_MAX)
		return err_msg(e, EFBIG, "the definition of container %s is larger than %d bytes",
			       name, DEFINITION_MAX);
	dir = define_open(s, name);
	if (dir == -ENOENT || (dir >= 0 && faccessat(dir, "config", F_OK, 0) < 0))
		return err_msg(e, ENOENT, "there is no container %s", name);
	ret = dir < 0 ? dir : durable_write(dir, "config", text, len, DURABLE_REPLACE);
	return ret < 0 ? define_fail(e, ret, "write the definition in", s, name) : 0;
}

static int rename_dir(const struct store *s, const char *from, const char *to, struct err *e)
{
	autoclose int all = store_sub(s->lib, STORE_CONTAINERS);
	char path[STORE_NAME_MAX + 16];

	if (all < 0)
		return define_fail(e, all, "open the directory above", s, from);
	snprintf(path, sizeof(path), "%s/config", from);
	if (faccessat(all, path, F_OK, 0) < 0)
		return err_msg(e, ENOENT, "there is no container %s", from);
	/* An empty directory, which a definition that was cut off leaves, is replaced; no other is. */
	if (renameat(all, from, all, to) == 0)
		return fsync(all) < 0 && errno != EINVAL ? define_fail(e, -errno, "flush", s, to) :
							   0;
	if (errno == EEXIST || errno == ENOTEMPTY)
		return err_msg(e, EEXIST, "container %s exists already", to);
	return define_fail(e, -errno, "rename", s, from);
}

/* Both names are claimed meanwhile, so that nobody starts under one of them. */
int store_rename(const struct store *s, const char *from, const char *to, struct err *e)
{
	struct claim old = CLAIM_NONE, new = CLAIM_NONE;
	int ret = store_claim(s, from, &old, e);

	if (ret < 0) {
		store_forget(&old);
		return ret;
	}
	ret = store_claim(s, to, &new, e);
	if (ret == 0)
		ret = rename_dir(s, from, to, e);
	if (ret == -ESTALE)
		store_forget(&new);
	store_drop(&new);
	store_drop(&old);
	return ret;
}

int store_undefine(const struct store *s, const char *name, struct err *e)
{
	autoclose int dir = -EBADF;
	char up[STORE_NAME_MAX + 8];
	int ret = store_check_name(name, e);

	if (ret < 0)
		return ret;
	dir = define_open(s, name);
	/* The definition goes first: what a crash leaves then is no container any more. */
	if (dir == -ENOENT || (dir >= 0 && unlinkat(dir, "config", 0) < 0 && errno == ENOENT))
		return err_msg(e, ENOENT, "there is no container %s", name);
	if (dir < 0)
		return define_fail(e, dir, "open", s, name);
	/* A "config" that is here now is of somebody who defined it anew meanwhile. */
	ret = store_empty(dir, "config");
	snprintf(up, sizeof(up), "../%s", name);
	if (ret == 0 && unlinkat(dir, up, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY)
		ret = -errno;
	return ret < 0 ? define_fail(e, ret, "remove", s, name) : 0;
}

int store_definition_read(const struct store *s, const char *name, struct str *out, struct err *e)
{
	autoclose int dir = -EBADF;
	int ret = store_check_name(name, e);

	if (ret < 0)
		return ret;
	dir = define_open(s, name);
	ret = dir < 0 ? dir : file_read(dir, "config", DEFINITION_MAX, out);
	if (ret == -ENOENT)
		return err_msg(e, ENOENT, "there is no container %s", name);
	return ret < 0 ? define_fail(e, ret, "read the definition in", s, name) : 0;
}
