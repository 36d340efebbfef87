/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts per user namespace: namespaces(7), /proc/sys/user. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_ucount;

/* Init: write the counts into its own new user namespace, through the host's procfs (r->proc).
 * As that namespace's root, before capabilities are dropped (CAP_SYS_RESOURCE) and after the
 * last user namespace that ward itself makes below it. Reads every value back. Allocates
 * nothing. Returns 0 or a negative errno with e set. */
int ucount_set(struct run *r, struct err *e);
