/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Landlock: a file system sandbox that a process puts on itself, landlock(7). */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_landlock;

/* The version of Landlock that this kernel offers; 0 = none, or switched off at boot. */
int landlock_abi(void);

/* Init: from now on, nothing can be written but beneath what is mounted writable. After
 * pivot_root(2) and every other mount (a domain forbids all mounts), after no_new_privs (or it
 * needs CAP_SYS_ADMIN), before seccomp. Opens the spec's mount targets in the container's own
 * root, as the payload sees them. Allocates nothing. Returns 0 or a negative errno with e set. */
int landlock_apply(struct run *r, struct err *e);
