/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stage: a mount namespace that belongs to the host side, in which the monitor builds the
 * container's whole mount tree before init copies it.
 *
 * Who attaches a mount decides whether the payload can undo it. A payload with CAP_SYS_ADMIN in
 * its own user namespace clears read-only from, and unmounts, what its own side attached; what
 * the host side attached before init's unshare(CLONE_NEWNS) is locked: EPERM and EINVAL. So
 * every mount of a container goes through here, also /proc and the masks over it.
 *
 * Not a wall: the tools of the walls rootfs, mount, dev and proc. All run in the monitor. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wall/run.h"

/* Leave for a mount namespace of our own in which nothing we mount is seen by the host, while
 * the host's unmounts still reach us; and come back. */
int stage_enter(struct run *r, struct err *e);
int stage_leave(struct run *r, struct err *e);

/* Let go of the stage itself. Whoever is the last to do so waits for the kernel to take the mounts
 * apart: that must be us and not init, which has somebody waiting for it. */
int stage_drop(struct run *r, struct err *e);

/* Close what only the building needed. */
int stage_close(struct run *r, struct err *e);

/* Make the staged root the root of the stage and drop the host's tree from it: what init copies
 * is then the container and nothing else. No path of the host can be named afterwards. */
int stage_pivot(struct run *r, struct err *e);

/* Open `path` in the staged root, making a directory or empty file where nothing is.
 * Returns an O_PATH descriptor or -errno. */
int stage_target(const struct run *r, const char *path, bool as_file, struct err *e);

/* A detached copy of the mount at `fd` (with everything mounted below it if `recursive`).
 * Returns a descriptor or -errno. */
int stage_clone(int fd, bool recursive, const char *what, struct err *e);

struct stage_attr {
	uint64_t attr; /* MOUNT_ATTR_* to set */
	int userns;    /* id-map through this user namespace; -EBADF: do not */
	bool slave;    /* stay subscribed to the host's mounts below it */
	bool recursive;
};

/* Set the attributes of a detached mount; its propagation becomes private unless slave. */
int stage_setattr(int tree, const struct stage_attr *want, const char *what, struct err *e);

/* Attach the detached mount `tree` on the O_PATH descriptor `target`. */
int stage_attach(int tree, int target, const char *what, struct err *e);

/* A user namespace that maps one owner on disk to the program inside (r->identity), for the id-mapped
 * mount of a volume that is his. Returns a descriptor or -errno. */
int stage_owner(const struct run *r, uint32_t uid, uint32_t gid, struct err *e);

/* One option of a file system for stage_fs(): a text, or a descriptor (which is never 0), or a flag. */
struct stage_opt {
	const char *key, *value;
	int fd;
};

/* A new detached file system instance with mount attributes `attr`. Returns a descriptor. */
int stage_fs(const char *type, const struct stage_opt *opts, size_t n, uint64_t attr,
	     struct err *e);

/* A detached tmpfs whose root belongs to the container's root; its limits cannot be changed
 * from inside, because the instance belongs to the host's user namespace (tmpfs(5)). */
int stage_tmpfs(const struct run *r, uint64_t size, uint64_t inodes, unsigned mode, uint64_t attr,
		struct err *e);

/* Make files as the container's root (in trees of our own, where it owns the root), and stop.
 * Only the file system ids change; capabilities stay. */
void stage_as_container(const struct run *r);
void stage_as_self(void);

/* Host id of the container's root for things the monitor makes, in the monitor's own ids. */
uint32_t stage_root_uid(const struct run *r);
uint32_t stage_root_gid(const struct run *r);
