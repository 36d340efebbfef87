/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing and renaming. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lxc/hook.h"
#include "lxc/lib_create.h"
#include "lxc/program.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* --- a tree --------------------------------------------------------------------------------------- */

enum { DEPTH_MAX = 64 };

struct tree {
	int top;
	dev_t dev;
	unsigned moved; /* directories that were too deep and lie below the top now */
};

static int remove_below(struct tree *t, int dir, int depth);

static int remove_entry(struct tree *t, int dir, const char *name, int depth)
{
	autoclose int below = -EBADF;
	char up[32];
	struct stat st;
	int ret;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0 || fstat(below, &st) < 0)
		return -errno;
	if (st.st_dev != t->dev)
		return -EXDEV;
	/* Who filled the container decides how deep it is; he must not use up our descriptors. */
	if (depth >= DEPTH_MAX) {
		snprintf(up, sizeof(up), ".ward-deep-%u", t->moved++);
		return renameat(dir, name, t->top, up) < 0 ? -errno : 0;
	}
	ret = remove_below(t, below, depth + 1);
	return ret == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : ret;
}

/* Everything below a directory that lies on the same file system; never through a link. Levels are
 * walked by descriptor, so nobody inside can exchange one on the way. */
static int remove_below(struct tree *t, int dir, int depth)
{
	autoclosedir DIR *d = fdopendir(fcntl(dir, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry;
	int ret = 0;

	if (!d)
		return -errno;
	while (ret == 0 && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = remove_entry(t, dir, entry->d_name, depth);
	return ret;
}

static int remove_tree(const char *path)
{
	autoclose int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct tree t = { .top = dir };
	struct stat st;
	unsigned before;
	int ret;

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(dir, &st) < 0)
		return -errno;
	t.dev = st.st_dev;
	do {
		before = t.moved;
		ret = remove_below(&t, dir, 0);
	} while (ret == 0 && t.moved != before);
	return ret == 0 && rmdir(path) < 0 ? -errno : ret;
}

static int explain(int ret, const char *path, struct err *e)
{
	if (ret == -EXDEV) {
		err_msg(e, EXDEV, "remove %s: something is mounted in it", path);
		return err_hint(e, "unmount it first");
	}
	errno = -ret;
	return ret < 0 ? err_sys(e, "remove %s", path) : 0;
}

/* The root file system of --dir lies elsewhere. */
static int remove_rootfs(struct lxc_container *c, struct err *e)
{
	const char *value = c->lxc_conf ? lxc_conf_value(lib_config(c), "lxc.rootfs.path") : NULL;
	const char *managed = c->lxc_conf ? lxc_conf_value(lib_config(c), "lxc.rootfs.managed") :
					    NULL;

	if (!value || (managed && !strcmp(managed, "0")))
		return 0;
	if (!strncmp(value, "dir:", 4))
		value += 4;
	if (value[0] != '/')
		return 0;
	/* An ordinary user may remove what ids of his own wrote only as their root. */
	if (geteuid() != 0) {
		int ret = lib_run_mapped(c, (const char *const[]){ "rm", "-rf", "--one-file-system",
								   value, NULL }, e);

		if (ret != -ENODATA)
			return ret;
		*e = ERR_NONE;
	}
	return explain(remove_tree(value), value, e);
}

int lib_remove(struct lxc_container *c, struct err *e)
{
	autostr dir = { 0 };
	int ret = remove_rootfs(c, e);

	lib_path(c, NULL, &dir);
	/* The configuration goes last: what is left after a failure can still be destroyed. */
	return ret < 0 ? ret : explain(remove_tree(str_text(&dir)), str_text(&dir), e);
}

/* --- members -------------------------------------------------------------------------------------- */

static bool has_entries(struct lxc_container *c, const char *below)
{
	autostr path = { 0 };
	autoclosedir DIR *dir = NULL;
	struct dirent *entry;

	lib_path(c, below, &path);
	dir = opendir(str_text(&path));
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}

static bool has_clones(struct lxc_container *c)
{
	autostr path = { 0 };
	struct stat st;

	lib_path(c, "lxc_snapshots", &path);
	return stat(str_text(&path), &st) == 0 && st.st_size > 0;
}

static int may_remove(struct lxc_container *c, struct err *e)
{
	if (!c->is_defined(c))
		return err_msg(e, ENOENT, "there is no container %s in %s", c->name,
			       c->config_path);
	if (lib_state(c) != LXC_STOPPED)
		return err_msg(e, EBUSY, "container %s is running: stop it first", c->name);
	if (has_entries(c, "snaps"))
		return err_msg(e, EBUSY, "container %s has snapshots", c->name);
	if (has_clones(c))
		return err_msg(e, EBUSY, "container %s has clones that share its files", c->name);
	return 0;
}

static int run_hooks(struct lxc_container *c, struct err *e)
{
	struct lxc_hook h = { .config = lib_config(c), .name = c->name,
			      .config_file = c->configfile };

	return h.config ? lxc_hook_run(&h, "destroy", e) : 0;
}

int lib_destroy_now(struct lxc_container *c, struct err *e)
{
	int ret = run_hooks(c, e);

	if (ret == 0)
		ret = lib_remove(c, e);
	if (ret == 0 && c->slock->path)
		unlink(c->slock->path);
	return ret;
}

static bool destroy(struct lxc_container *c)
{
	struct err e = ERR_NONE;
	int ret = lib_disk_lock(c, &e);

	if (ret < 0)
		return lib_fail(c, &e);
	ret = may_remove(c, &e);
	if (ret == 0)
		ret = lib_destroy_now(c, &e);
	lib_disk_unlock(c);
	return ret == 0 || lib_fail(c, &e);
}

/* --- rename --------------------------------------------------------------------------------------- */

/* Every mention of the old directory is one of the new. */
static int move_paths(const char *file, const char *from, const char *to, struct err *e)
{
	autostr text = { 0 }, out = { 0 };
	size_t n = strlen(from);
	int ret = file_read(AT_FDCWD, file, LXC_FILE_MAX, &text);

	for (const char *p = ret == 0 ? str_text(&text) : ""; *p;) {
		const char *found = strstr(p, from);
		bool whole = found && (found[n] == '/' || strchr(" \t\n:", found[n]));

		if (!found) {
			str_add(&out, p);
			break;
		}
		str_addn(&out, p, (size_t)(found - p));
		str_add(&out, whole ? to : from);
		p = found + n;
	}
	if (ret == 0)
		return lib_write(file, &out, e);
	return err_msg(e, -ret, "read %s: %s", file, strerror(-ret));
}

static int rename_checked(struct lxc_container *c, const char *newname, struct err *e)
{
	struct lxc_container *other = lxc_container_new(newname, c->config_path);
	autostr from = { 0 }, to = { 0 };
	int ret = may_remove(c, e);

	lib_path(c, NULL, &from);
	if (ret == 0 && !other)
		ret = err_msg(e, EINVAL, "'%s' is not a container's name", newname);
	if (ret == 0) {
		lib_path(other, NULL, &to);
		/* Never over something that is there. */
		if (syscall(SYS_renameat2, AT_FDCWD, str_text(&from), AT_FDCWD, str_text(&to),
			    RENAME_NOREPLACE) < 0)
			ret = err_sys(e, "rename %s to %s", str_text(&from), str_text(&to));
	}
	if (ret == 0)
		ret = move_paths(other->configfile, str_text(&from), str_text(&to), e);
	if (ret == 0) {
		lib_lock(c);
		free(c->name);
		c->name = strdup(newname);
		lib_unlock(c);
		ret = c->name ? 0 : err_mem(e);
	}
	if (other)
		lxc_container_put(other);
	return ret;
}

static bool rename_container(struct lxc_container *c, const char *newname)
{
	struct err e = ERR_NONE;
	autofree char *path = strdup(c->config_path);
	int ret = newname && path ? lib_disk_lock(c, &e) : -EINVAL;

	if (ret < 0)
		return e.code ? lib_fail(c, &e) : false;
	ret = rename_checked(c, newname, &e);
	lib_disk_unlock(c);
	/* The lock and the configuration are those of the new name. */
	return ret == 0 ? c->set_config_path(c, path) : lib_fail(c, &e);
}

void lib_destroy_members(struct lxc_container *c)
{
	c->destroy = destroy;
	c->destroy_with_snapshots = destroy;
	c->rename = rename_container;
}
