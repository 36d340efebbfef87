/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SELinux: the context of the payload. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_selinux;

/* Init: the next exec runs in the context spec.lsm.selinux. Before no_new_privs, after which the
 * policy must allow nnp_transition. Writes through the host's procfs (r->proc).
 * Returns 0 or a negative errno with e set. */
int selinux_exec(struct run *r, struct err *e);
