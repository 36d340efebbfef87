/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading back what was built. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "wall/run.h"

/* Monitor: read the walls back from the kernel and compare. A difference ends the start. In three
 * parts, each as soon as it cannot change any more, so that most of it costs no time: init goes on
 * meanwhile, and waits only for the last. What was seen is kept in r->seen. */
int posture_entered(struct run *r, struct err *e);
int posture_mounted(struct run *r, struct err *e);
int posture_sealed(struct run *r, struct err *e);

/* Monitor: tell r->verified. */
int posture_tell(struct run *r, struct err *e);

/* The same for a process that entered a running container: what is its own (capabilities, filter),
 * not what it shares with init and what the container may have changed since (mounts). */
int posture_verify_process(struct run *r, struct err *e);

/* Fill `seen` from process `pid`. cg may be NULL. */
int posture_observe(const struct host *h, int proc, pid_t pid, const struct run_cgroup *cg,
		    struct spec *seen, struct err *e);

/* One line per wall: what holds. */
void posture_summary(const struct spec *seen, struct str *out);
