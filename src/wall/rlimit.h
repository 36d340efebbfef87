/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resource limits of processes: getrlimit(2). */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_rlimit;

/* Monitor: set what the spec asks on init (r->pid), with prlimit(2). Init must still have our own
 * user ids: before it becomes root of its user namespace. A limit counts from that moment: few
 * open files would also stop init's own setup. Returns 0 or a negative errno with e set. */
int rlimit_set(struct run *r, struct err *e);

/* Monitor: init's place in the line of the OOM killer, process.oom_score_adj. */
int rlimit_oom(struct run *r, struct err *e);

/* The same for ourselves, for a clone to inherit. */
int rlimit_oom_own(struct run *r, struct err *e);
