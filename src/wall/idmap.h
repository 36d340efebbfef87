/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user namespace's ids: a range that no other container has. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_idmap;

/* Monitor: take a free range from the store; give it back. */
int idmap_take(struct run *r, struct err *e);
void idmap_release(struct run *r);

/* Monitor, after the clone: write setgroups, uid_map and gid_map, and keep the user namespace
 * for id-mapped mounts. */
int idmap_write(struct run *r, struct err *e);

/* Init: become root of the user namespace. */
int idmap_root(struct run *r, struct err *e);
