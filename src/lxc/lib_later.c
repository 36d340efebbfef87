/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ward does not have yet: copies, snapshots, checkpoints. They fail and say so. */
#include <errno.h>
#include <stdint.h>

#include "lxc/lib.h"

static int missing(struct lxc_container *c, const char *what)
{
	struct err e = ERR_NONE;

	err_msg(&e, ENOSYS, "%s: this version of ward's liblxc cannot", what);
	lib_fail(c, &e);
	return -1;
}

static struct lxc_container *clone_container(struct lxc_container *c, const char *newname,
					     const char *lxcpath, int flags, const char *bdevtype,
					     const char *bdevdata, uint64_t newsize,
					     char **hookargs)
{
	(void)newname;
	(void)lxcpath;
	(void)flags;
	(void)bdevtype;
	(void)bdevdata;
	(void)newsize;
	(void)hookargs;
	missing(c, "copy a container");
	return NULL;
}

static int snapshot(struct lxc_container *c, const char *commentfile)
{
	(void)commentfile;
	return missing(c, "take a snapshot");
}

static int snapshot_list(struct lxc_container *c, struct lxc_snapshot **snapshots)
{
	(void)snapshots;
	return missing(c, "list snapshots");
}

static bool snapshot_restore(struct lxc_container *c, const char *snapname, const char *newname)
{
	(void)snapname;
	(void)newname;
	return missing(c, "restore a snapshot") == 0;
}

static bool snapshot_destroy(struct lxc_container *c, const char *snapname)
{
	(void)snapname;
	return missing(c, "remove a snapshot") == 0;
}

static bool snapshot_destroy_all(struct lxc_container *c)
{
	return missing(c, "remove snapshots") == 0;
}

static bool checkpoint(struct lxc_container *c, char *directory, bool stop, bool verbose)
{
	(void)directory;
	(void)stop;
	(void)verbose;
	return missing(c, "checkpoint a container") == 0;
}

static bool restore(struct lxc_container *c, char *directory, bool verbose)
{
	(void)directory;
	(void)verbose;
	return missing(c, "restore a checkpoint") == 0;
}

static int migrate(struct lxc_container *c, unsigned int cmd, struct migrate_opts *opts,
		   unsigned int size)
{
	(void)cmd;
	(void)opts;
	(void)size;
	missing(c, "migrate a container");
	return -ENOSYS;
}

/* No specification of ward's has a notifying filter yet. */
static int seccomp_notify_fd(struct lxc_container *c)
{
	missing(c, "hand over a seccomp notify descriptor");
	return -ENOSYS;
}

void lib_later_members(struct lxc_container *c)
{
	c->clone = clone_container;
	c->snapshot = snapshot;
	c->snapshot_list = snapshot_list;
	c->snapshot_restore = snapshot_restore;
	c->snapshot_destroy = snapshot_destroy;
	c->snapshot_destroy_all = snapshot_destroy_all;
	c->checkpoint = checkpoint;
	c->restore = restore;
	c->migrate = migrate;
	c->seccomp_notify_fd = seccomp_notify_fd;
	c->seccomp_notify_fd_active = seccomp_notify_fd;
}
