/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories of networks in RUN and LIB, and what is stored in LIB. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "net/inner.h"
#include "store/durable.h"

enum { CONFIG_MAX = 1 << 16 };

/* --- directories --------------------------------------------------------------------- */

static int open_sub(int dir, const char *name, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);

	if (fd < 0 && errno == ENOENT && make && (mkdirat(dir, name, 0700) == 0 || errno == EEXIST))
		fd = openat(dir, name, flags);
	return fd < 0 ? -errno : fd;
}

static int open_folder(int top, const char *top_path, const char *name, bool make, struct err *e)
{
	autoclose int all = open_sub(top, NET_FOLDER, make);
	int fd;

	if (all >= 0 && !name)
		return take_fd(all);
	fd = all < 0 ? all : open_sub(all, name, make);
	if (fd >= 0)
		return fd;
	errno = -fd;
	err_sys(e, "open %s/" NET_FOLDER "%s%s", top_path, name ? "/" : "", name ? name : "");
	if (fd == -EROFS || fd == -ENOSPC)
		err_hint(e, "set WARD_RUN_DIR and WARD_LIB_DIR to directories that can be written");
	return fd;
}

int net_run_dir(const struct store *s, const char *name, bool make, struct err *e)
{
	return open_folder(s->run, s->run_path, name, make, e);
}

int net_lib_dir(const struct store *s, const char *name, bool make, struct err *e)
{
	return open_folder(s->lib, s->lib_path, name, make, e);
}

int net_lock(int dir, const char *name, bool wait, struct err *e)
{
	autoclose int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0)
		return err_sys(e, "open the lock of the networks");
	do
		ret = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
	while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return err_sys(e, "take the lock of the networks");
	return take_fd(fd);
}

void net_held_drop(struct net_held *h)
{
	fd_close(&h->lock);
	fd_close(&h->all);
}

int net_hold(const struct store *s, bool wait, struct net_held *h, struct err *e)
{
	*h = (struct net_held){ .all = net_run_dir(s, NULL, true, e), .lock = -EBADF };
	if (h->all < 0)
		return h->all;
	h->lock = net_lock(h->all, NET_LOCK, wait, e);
	return h->lock < 0 ? h->lock : 0;
}

int net_only_root(const struct store *s, const char *name, struct err *e)
{
	if (!s->rootless)
		return 0;
	err_msg(e, EPERM, "network %s is the host's, and only root may use it", name);
	return err_hint(e, "an ordinary user's containers have --net user");
}

static int folder_names(int folder, struct list *names)
{
	autoclosedir DIR *d = fdopendir(folder);
	struct dirent *entry;
	int ret = 0;

	if (!d) {
		ret = -errno;
		fd_close(&folder);
		return ret;
	}
	while (ret == 0 && (entry = readdir(d)))
		if (path_is_name(entry->d_name))
			ret = list_add(names, entry->d_name);
	return ret;
}

int net_run_names(const struct store *s, struct list *names, struct err *e)
{
	int dir = net_run_dir(s, NULL, false, e);

	if (dir == -ENOENT)
		return 0;
	return dir < 0 ? dir : folder_names(dir, names) < 0 ? err_mem(e) : 0;
}

/* Files, and directories one level deep at a time: ours hold nothing else. */
static int empty(int parent, const char *name, unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		fd_close(&fd);
		return -errno;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    unlinkat(fd, entry->d_name, 0) < 0 && depth)
			empty(fd, entry->d_name, depth - 1);
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int net_run_remove(const struct store *s, const char *name, struct err *e)
{
	autoclose int all = net_run_dir(s, NULL, false, e);
	int ret = all < 0 ? all : empty(all, name, 2);

	if (ret == 0 || ret == -ENOENT)
		return 0;
	errno = -ret;
	return err_sys(e, "remove %s/" NET_FOLDER "/%s", s->run_path, name);
}

/* --- definitions --------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Without those that have no definition: their making, or their removal, was cut off. */
int net_config_names(const struct store *s, struct list *names, struct err *e)
{
	autolist all = { 0 };
	autoclose int lib = net_lib_dir(s, NULL, false, e);
	int dir = lib < 0 ? lib : openat(lib, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lib == -ENOENT)
		return 0;
	if (lib < 0)
		return lib;
	if (folder_names(dir, &all) < 0)
		return err_mem(e);
	if (all.n)
		qsort(all.item, all.n, sizeof(*all.item), compare);
	for (size_t i = 0; i < all.n; i++) {
		char path[STORE_NAME_MAX + 8];

		snprintf(path, sizeof(path), "%.64s/config", all.item[i]);
		if (faccessat(lib, path, F_OK, 0) == 0 && list_add(names, all.item[i]) < 0)
			return err_mem(e);
	}
	return 0;
}

int net_config_read(const struct store *s, const char *name, struct net_config *c, struct err *e)
{
	autoclose int dir = net_lib_dir(s, name, false, e);
	autostr text = { 0 };
	int ret = dir < 0 ? dir : file_read(dir, "config", CONFIG_MAX, &text);

	*c = (struct net_config){ .nat = true };
	if (ret == -ENOENT)
		return err_msg(e, ENOENT, "there is no network %s", name);
	if (dir < 0)
		return ret;
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s/" NET_FOLDER "/%s/config", s->lib_path, name);
	}
	snprintf(c->name, sizeof(c->name), "%s", name);
	ret = net_config_parse(str_text(&text), text.len, c, e);
	return ret < 0 ? err_add(e, "%s/" NET_FOLDER "/%s/config", s->lib_path, name) : 0;
}

int net_config_save(const struct store *s, const struct net_config *c, struct err *e)
{
	autoclose int dir = net_lib_dir(s, c->name, true, e);
	autostr text = { 0 };
	int ret;

	if (dir < 0)
		return dir;
	net_config_write(c, &text);
	ret = text.failed ? -ENOMEM :
			    durable_write(dir, "config", text.text, text.len, DURABLE_NEW);
	if (ret == -EEXIST)
		return err_msg(e, EEXIST, "network %s exists already", c->name);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "write %s/" NET_FOLDER "/%s/config", s->lib_path, c->name);
}

int net_config_remove(const struct store *s, const char *name, struct err *e)
{
	autoclose int all = net_lib_dir(s, NULL, false, e);
	autoclose int dir = all < 0 ? all : net_lib_dir(s, name, false, e);
	int ret;

	if (dir == -ENOENT)
		return err_msg(e, ENOENT, "there is no network %s", name);
	if (dir < 0)
		return dir;
	/* The definition goes first: what a crash leaves then is no network any more. */
	if (unlinkat(dir, "config", 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove the definition of network %s", name);
	ret = empty(all, name, 0);
	if (ret == 0 || ret == -ENOENT)
		return 0;
	errno = -ret;
	return err_sys(e, "remove %s/" NET_FOLDER "/%s", s->lib_path, name);
}
