/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a container: a directory, its storage, a template that fills it. While that goes on there
 * is a locked file "partial"; one that nobody has locked marks remains. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lxc/lib.h"
#include "lxc/lib_create.h"

/* --- partial -------------------------------------------------------------------------------------- */

static struct flock whole_lock(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static int partial_make(struct lxc_container *c, struct err *e)
{
	struct flock lock = whole_lock();
	autoclose int fd = -EBADF;
	autostr path = { 0 };

	lib_path(c, "partial", &path);
	fd = open(str_text(&path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return err_sys(e, "make %s", str_text(&path));
	return take_fd(fd);
}

static void partial_end(struct lxc_container *c, int *fd)
{
	autostr path = { 0 };

	lib_path(c, "partial", &path);
	unlink(str_text(&path));
	fd_close(fd);
}

bool lib_is_partial(struct lxc_container *c)
{
	struct flock lock = whole_lock();
	autoclose int fd = -EBADF;
	autostr path = { 0 };

	lib_path(c, "partial", &path);
	fd = open(str_text(&path), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

/* --- the configuration ------------------------------------------------------------------------------ */

/* A host without a default configuration is no reason not to make containers. */
static int begin_config(struct lxc_container *c, struct err *e)
{
	const char *path = lxc_get_global_config_item("lxc.default_config");

	if (c->lxc_conf)
		return 0;
	if (path && access(path, F_OK) == 0 && !c->load_config(c, path))
		lib_log(c, LIB_WARN, "the default configuration %s is not used", path);
	return lib_config_make(c) ? 0 : err_mem(e);
}

/* Where the root file system lies: "overlay" has a writable directory above it. */
static int set_rootfs(struct lxc_container *c, const char *type, const char *dir, struct err *e)
{
	autostr value = { 0 };
	bool overlay = !strcmp(type, "overlay") || !strcmp(type, "overlayfs");

	if (overlay)
		str_addf(&value, "overlay:%s:%s/%s/overlay/delta", dir, c->config_path, c->name);
	else
		str_addf(&value, "dir:%s", dir);
	if (!c->set_config_item(c, "lxc.rootfs.path", str_text(&value)))
		return err_msg(e, EINVAL, "%s",
			       c->error_string ? c->error_string : "lxc.rootfs.path");
	return 0;
}

static int make_dir(const char *path, mode_t mode, struct err *e)
{
	return mkdir(path, mode) < 0 && errno != EEXIST ?
		       err_sys(e, "make the directory %s", path) :
		       0;
}

static int make_overlay(struct lxc_container *c, struct err *e)
{
	autostr top = { 0 }, delta = { 0 };
	int ret;

	lib_path(c, "overlay", &top);
	lib_path(c, "overlay/delta", &delta);
	ret = make_dir(str_text(&top), 0755, e);
	return ret < 0 ? ret : make_dir(str_text(&delta), 0755, e);
}

static int make_storage(struct lxc_container *c, const char *type, const struct bdev_specs *specs,
			struct str *rootfs, struct err *e)
{
	int ret = 0;

	if (!type || !strcmp(type, "best") || !strcmp(type, "none"))
		type = "dir";
	if (strcmp(type, "dir") && strcmp(type, "overlay") && strcmp(type, "overlayfs"))
		return err_msg(
			e, ENOSYS,
			"this version of ward keeps containers in directories (dir, overlay), "
			"not as '%s'",
			type);
	if (specs && specs->dir && !strcmp(type, "dir"))
		str_add(rootfs, specs->dir);
	else
		lib_path(c, "rootfs", rootfs);
	ret = make_dir(str_text(rootfs), 0755, e);
	if (ret == 0 && type[0] == 'o')
		ret = make_overlay(c, e);
	if (ret == 0)
		ret = set_rootfs(c, type, str_text(rootfs), e);
	return ret < 0 ? ret : lib_give_to_container(c, str_text(rootfs), e);
}

/* What LXC's tools write above a configuration, for people. */
static int add_header(struct lxc_container *c, const char *template, char *const argv[],
		      struct err *e)
{
	autostr text = { 0 }, old = { 0 };
	int ret = file_read(AT_FDCWD, c->configfile, LXC_FILE_MAX, &old);

	if (ret < 0)
		return err_msg(e, -ret, "read %s: %s", c->configfile, strerror(-ret));
	str_addf(&text, "# Template used to create this container: %s\n", template);
	str_add(&text, "# Parameters passed to the template:");
	for (; argv && *argv; argv++)
		if (!str_has_control(*argv))
			str_addf(&text, " %s", *argv);
	str_add(&text,
		"\n# For additional config options, please look at lxc.container.conf(5)\n\n");
	str_addn(&text, str_text(&old), old.len);
	return lib_write(c->configfile, &text, e);
}

static bool has_rootfs(struct lxc_container *c)
{
	const char *path = c->lxc_conf ? lxc_conf_value(lib_config(c), "lxc.rootfs.path") : NULL;
	autostr own = { 0 };

	lib_path(c, "rootfs", &own);
	if (path && !strncmp(path, "dir:", 4))
		path += 4;
	return access(str_text(&own), F_OK) == 0 ||
	       (path && path[0] == '/' && access(path, F_OK) == 0);
}

/* --- create --------------------------------------------------------------------------------------- */

struct wishes {
	const char *template, *type;
	const struct bdev_specs *specs;
	bool quiet;
	char *const *argv;
};

static int fill(struct lxc_container *c, const struct wishes *w, struct err *e)
{
	autofree char *program = lib_template(w->template, e);
	autostr rootfs = { 0 };
	int ret;

	if (!program)
		return -e->code;
	ret = make_storage(c, w->type, w->specs, &rootfs, e);
	if (ret == 0 && !c->save_config(c, NULL))
		ret = err_msg(e, EIO, "%s", c->error_string);
	if (ret == 0)
		ret = lib_run_template(c, program, str_text(&rootfs), w->argv, w->quiet, e);
	if (ret == 0)
		ret = add_header(c, program, w->argv, e);
	if (ret < 0)
		return ret;
	/* What the template wrote counts. */
	c->clear_config(c);
	return c->load_config(c, NULL) ? 0 : err_msg(e, EINVAL, "%s", c->error_string);
}

static int create_checked(struct lxc_container *c, const struct wishes *w, struct err *e)
{
	autostr dir = { 0 };
	int ret, partial;

	/* A configuration alone is a container that is to be made. */
	if (w->template ? has_rootfs(c) : c->is_defined(c))
		return err_msg(e, EEXIST, "container %s exists already", c->name);
	ret = begin_config(c, e);
	if (ret < 0)
		return ret;
	if (!w->template)
		return c->save_config(c, NULL) ? 0 : err_msg(e, EIO, "%s", c->error_string);
	lib_path(c, NULL, &dir);
	ret = lib_make_path(c->config_path, 0755);
	if (ret < 0)
		return err_msg(e, -ret, "make the directory %s: %s", c->config_path,
			       strerror(-ret));
	ret = make_dir(str_text(&dir), 0770, e);
	if (ret < 0)
		return ret;
	partial = partial_make(c, e);
	if (partial < 0)
		return partial;
	ret = fill(c, w, e);
	if (ret < 0)
		lib_remove(c, &(struct err){ 0 });
	partial_end(c, &partial);
	return ret;
}

static bool create(struct lxc_container *c, const char *t, const char *bdevtype,
		   struct bdev_specs *specs, int flags, char *const argv[])
{
	struct wishes w = { t, bdevtype, specs, flags & LXC_CREATE_QUIET, argv };
	struct err e = ERR_NONE;

	return create_checked(c, &w, &e) == 0 || lib_fail(c, &e);
}

static bool createl(struct lxc_container *c, const char *t, const char *bdevtype,
		    struct bdev_specs *specs, int flags, ...)
{
	autofree char **argv = NULL;
	va_list args;

	va_start(args, flags);
	argv = lib_arguments(NULL, args);
	va_end(args);
	return argv && create(c, t, bdevtype, specs, flags, argv);
}

void lib_create_members(struct lxc_container *c)
{
	c->create = create;
	c->createl = createl;
}
