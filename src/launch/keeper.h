/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper: a child of the monitor that outlives it, to do what the lowered monitor no longer may.
 *
 * Most containers have none. It is needed for what the end of a network namespace does not take with it:
 * a device that was lent, routes and proxies on the link, published ports, script.down. It sleeps on a
 * pipe whose other end only the monitor has, so it also notices when that one is killed. Nothing that
 * the container can write to reaches it. */
#pragma once
#include "base/err.h"
#include "wall/run.h"

#define KEEPER_LOCK "keeper" /* in the state directory: held until everything is taken away */

/* Monitor, the last thing before it is lowered. */
int keeper_start(struct run *r, struct err *e);

/* Let it do its work, and wait for its end. */
void keeper_end(struct run *r);

/* One more, for the only device of r->spec, which a command has put into the running container r->target.
 * It is nobody's child afterwards, and begins when the container's init has ended. `record` is a
 * file with its line in the state directory; emptied by then, there is nothing to do. */
int keeper_start_for(struct run *r, const char *record, struct err *e);

/* Somebody else is going to clean up after a killed monitor: wait until its keeper has ended. */
void keeper_wait(int dir);
