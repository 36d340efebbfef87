/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AppArmor: the profile that confines the payload. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_apparmor;

/* Init: the next exec enters spec.lsm.apparmor. Before no_new_privs, after which only a narrower
 * profile could be entered. Writes through the host's procfs (r->proc), never the container's.
 * Returns 0 or a negative errno with e set. */
int apparmor_exec(struct run *r, struct err *e);
