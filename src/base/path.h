/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way into a tree that somebody else controls.
 *
 * Every path below a container's root is resolved by path_open(), once, into a
 * descriptor; what follows works on the descriptor. Resolution happens inside the
 * given root: symbolic links are followed as the container would see them, and
 * neither "..", absolute links nor /proc magic links lead out
 * (openat2(2), RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* How a path below a root may be walked. */
enum path_walk {
	PATH_FOLLOW,	  /* symbolic links followed inside the root */
	PATH_NO_SYMLINKS, /* a symbolic link anywhere is refused with ELOOP */
};

/* Open `path` below the directory `root`. flags as open(2), O_CLOEXEC is added.
 * Returns a descriptor or -errno. */
int path_open(int root, const char *path, int flags, mode_t mode, enum path_walk walk);

/* Open the place `path` below `root` as an O_PATH descriptor, making missing directories on
 * the way (mode 0755). The last component is made as a directory, or as an empty file when
 * `as_file`. Nothing existing is changed. Returns a descriptor, or -errno with e set. */
int path_make(int root, const char *path, bool as_file, enum path_walk walk, struct err *e);

/* A container, gate or file name that is safe as one path component and in messages:
 * [A-Za-z0-9][A-Za-z0-9_.-]{0,63}. */
bool path_is_name(const char *name);
