/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the payload is. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_cred;

/* Read "uid[:gid]" or "name[:group]" into `id`; names are looked up in etc/passwd and etc/group
 * below the directory `root`, which nobody trusts. Returns 0 or -errno with e set. */
int cred_resolve_user(int root, const char *user, struct identity *id, struct err *e);

/* Monitor: resolve the spec's user into r->identity. */
int cred_resolve(struct run *r, struct err *e);

/* Init: groups, gid, uid and umask. */
int cred_user(struct run *r, struct err *e);
