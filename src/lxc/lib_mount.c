/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts put into a running container: a detached mount is made here, and attached inside. No
 * directory has to be shared for that, as LXC's shmounts. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "lxc/lib_child.h"

#ifndef UMOUNT_NOFOLLOW
#define UMOUNT_NOFOLLOW 8
#endif

struct injection {
	struct lxc_container *c;
	const char *source, *target, *type, *data;
	unsigned long flags;
};

static const struct {
	unsigned long flag;
	uint64_t attr;
} attrs[] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY }, { MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ MS_NODEV, MOUNT_ATTR_NODEV },	  { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ MS_NOATIME, MOUNT_ATTR_NOATIME },
};

static uint64_t attributes(unsigned long flags)
{
	uint64_t all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++)
		all |= flags & attrs[i].flag ? attrs[i].attr : 0;
	/* Where silence is secure, nothing that is put in raises anybody's rights. */
	return lib_is_secure() ? all | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV : all;
}

static int bind_tree(const struct injection *i, struct err *e)
{
	struct mount_attr want = { .attr_set = attributes(i->flags) };
	unsigned recursive = i->flags & MS_REC ? AT_RECURSIVE : 0;
	autoclose int tree = sys_open_tree(AT_FDCWD, i->source,
					   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);

	if (tree < 0)
		return err_sys(e, "take %s", i->source);
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH | recursive, &want) < 0)
		return err_sys(e, "set the options of %s", i->source);
	return take_fd(tree);
}

/* The words of mount(2)'s data, one by one. */
static int configure(int fs, const struct injection *i, struct err *e)
{
	autofree char *copy = strdup(i->data ? i->data : "");
	char *word, *rest = copy;

	if (i->source && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", i->source, 0) < 0)
		return err_sys(e, "mount %s", i->source);
	while (rest && (word = strsep(&rest, ","))) {
		char *value = strchr(word, '=');

		if (!*word)
			continue;
		if (value)
			*value++ = '\0';
		if (sys_fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, word, value, 0) < 0)
			return err_sys(e, "mount option %s", word);
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "mount a file system of type %s", i->type);
	return 0;
}

static int new_tree(const struct injection *i, struct err *e)
{
	autoclose int fs = sys_fsopen(i->type ? i->type : "", FSOPEN_CLOEXEC);
	int ret, tree;

	if (fs < 0)
		return err_sys(e, "mount a file system of type %s", i->type ? i->type : "(none)");
	ret = configure(fs, i, e);
	if (ret < 0)
		return ret;
	tree = sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes(i->flags));
	return tree < 0 ? err_sys(e, "mount a file system of type %s", i->type) : tree;
}

static int inject(void *context, struct str *out, struct err *e)
{
	const struct injection *i = context;
	autoclose int tree = i->flags & MS_BIND ? bind_tree(i, e) : new_tree(i, e);
	autoclose int root = -EBADF, target = -EBADF;

	(void)out;
	if (tree < 0)
		return tree;
	if (lib_join(i->c, CLONE_NEWNS, e) < 0)
		return -e->code;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	target = root < 0 ? err_sys(e, "open the container's root") :
			    path_make(root, i->target, false, PATH_FOLLOW, e);
	if (target < 0)
		return target;
	if (sys_move_mount(tree, "", target, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "mount on %s in the container", i->target);
	return 0;
}

static int take_out(void *context, struct str *out, struct err *e)
{
	const struct injection *i = context;

	(void)out;
	if (lib_join(i->c, CLONE_NEWNS, e) < 0)
		return -e->code;
	/* The root is the container's by now: its links lead nowhere else. */
	if (sys_umount2(i->target, (int)i->flags | UMOUNT_NOFOLLOW) < 0)
		return err_sys(e, "unmount %s in the container", i->target);
	return 0;
}

static int run(const struct injection *i, lib_work *work, const struct lxc_mount *mnt)
{
	struct err e = ERR_NONE;
	int ret = 0;

	if (!mnt || mnt->version != LXC_MOUNT_API_V1 || !i->target)
		ret = err_msg(&e, EINVAL, "a version of the mount interface that is not known");
	if (ret == 0)
		ret = lib_in_child(work, (void *)i, NULL, &e);
	if (ret < 0)
		lib_fail(i->c, &e);
	return ret;
}

static int mount_in(struct lxc_container *c, const char *source, const char *target,
		    const char *filesystemtype, unsigned long mountflags, const void *data,
		    struct lxc_mount *mnt)
{
	struct injection i = { c, source, target, filesystemtype, data, mountflags };

	return run(&i, inject, mnt);
}

static int umount_in(struct lxc_container *c, const char *target, unsigned long mountflags,
		     struct lxc_mount *mnt)
{
	struct injection i = { .c = c, .target = target, .flags = mountflags };

	return run(&i, take_out, mnt);
}

void lib_mount_members(struct lxc_container *c)
{
	c->mount = mount_in;
	c->umount = umount_in;
}
