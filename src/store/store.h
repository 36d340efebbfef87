/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where ward keeps what it must remember: one directory per container, guarded by a lock.
 *
 *	RUN/containers/NAME	while it lives: "lock", "state", sockets; gone after a reboot
 *	RUN/cache		compiled seccomp filters
 *	LIB/containers/NAME	the definition of a created container: "config"
 *	LIB/ids			which container has which ids (store/range.h)
 *
 * RUN and LIB are /run/ward and /var/lib/ward for root; for another user ward/ in
 * $XDG_RUNTIME_DIR (or /run/user/UID) and in $XDG_DATA_HOME (or ~/.local/share).
 *
 * One owner per name: who holds flock(2) on RUN/containers/NAME/lock owns the container. The
 * kernel releases the lock when the last copy of the descriptor is closed, so a killed owner
 * leaves a directory whose lock is free: that is how its remains are found. A process that
 * must not keep the container alive (init, a payload) has to close its copy. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define STORE_NAME_MAX 64  /* of a container's name, path_is_name() */
#define STORE_PATH_MAX 512 /* of RUN and LIB */

struct store {
	int run, lib; /* descriptors of the two directories */
	char run_path[STORE_PATH_MAX];
	char lib_path[STORE_PATH_MAX];
	bool rootless;
};

/* Open RUN and LIB, making what is missing with mode 0700. Both must belong to the caller,
 * must not be symbolic links nor writable by others, and no directory above them may be one
 * in which a stranger could exchange them. Call it before entering another user namespace:
 * the caller's uid decides. $WARD_RUN_DIR and $WARD_LIB_DIR (absolute paths) override; the
 * environment is ignored in a program that gained privilege by exec (getauxval(3), AT_SECURE).
 * Returns 0 or -errno with e set; on failure nothing is left open. */
int store_open(struct store *s, struct err *e);
void store_close(struct store *s);

/* The state directory of one container, owned. dir and lock may be moved out with take_fd();
 * what is left is then harmless to drop. */
struct claim {
	int dir;
	int lock;
	char name[STORE_NAME_MAX + 1];
	char path[STORE_PATH_MAX + STORE_NAME_MAX + 16];
};

#define CLAIM_NONE ((struct claim){ .dir = -EBADF, .lock = -EBADF })

/* Become the owner of container `name`. Returns
 *	0	owned; the directory holds nothing but the lock
 *	-ESTALE	owned too, but an earlier owner died: the directory still names what it left.
 *		Clean that up, store_drop() and claim again. e is set.
 *	-EBUSY	somebody else owns it
 *	-errno	anything else; e is set, nothing is owned */
int store_claim(const struct store *s, const char *name, struct claim *c, struct err *e);

/* Remove the state directory and give the name back; the lock goes last. Files and empty
 * directories are removed, never the contents of a directory: that may be a mount that is
 * somebody's data. What stays is warned about and makes the name stale. Idempotent. */
void store_drop(struct claim *c);

/* Close our descriptors of a claim and change nothing: for the child of a fork(2), which shares
 * the lock with its parent, and for remains that could not be cleaned up. */
void store_forget(struct claim *c);

/* Take every container whose owner died, call clean() for it and drop it. When clean() returns
 * a negative number the remains stay for the next time. It must bear a directory without a
 * "state": the owner may have died early. Returns how many were dropped, or
 * -errno when the directory of states cannot be read. */
int store_gc(const struct store *s, int (*clean)(const struct claim *c, void *ctx), void *ctx);

/* True while somebody owns `name` (for store_gc(): its cleaner counts). */
bool store_running(const struct store *s, const char *name);

/* The state directory of `name` for reading (a descriptor), or -ENOENT with e set. */
int store_state_dir(const struct store *s, const char *name, struct err *e);

struct store_entry {
	const char *name;
	bool running; /* has an owner */
	bool stale;   /* has a state directory, but no owner */
	bool defined; /* has a definition */
};

/* Visit every container that lives or is defined, by name in the order of strcmp(3). visit()
 * returns 0 to go on; anything else ends the walk and is returned. */
int store_each(const struct store *s, int (*visit)(const struct store_entry *entry, void *ctx),
	       void *ctx, struct err *e);

/* A random name for a container that was given none: 12 hexadecimal digits. That it is free
 * is for store_claim() to say. out: STORE_NAME_MAX + 1 bytes. */
int store_name(const struct store *s, char *out, struct err *e);

/* RUN/cache as a descriptor, made when missing. */
int store_cache(const struct store *s, struct err *e);

/* The definition of a created container: text, kept across reboots (flushed to the disk).
 * store_define() refuses to overwrite one (-EEXIST); store_undefine() of none is -ENOENT. */
int store_define(const struct store *s, const char *name, const char *text, size_t len,
		 struct err *e);
int store_undefine(const struct store *s, const char *name, struct err *e);

/* Replace the definition that is there, whole or not at all; -ENOENT when there is none. */
int store_redefine(const struct store *s, const char *name, const char *text, size_t len,
		   struct err *e);

/* Give a defined container that does not run another name, with its log. -EBUSY when one of the two
 * runs or is being started, -EEXIST when the new name is taken. */
int store_rename(const struct store *s, const char *from, const char *to, struct err *e);
int store_definition_read(const struct store *s, const char *name, struct str *out, struct err *e);
