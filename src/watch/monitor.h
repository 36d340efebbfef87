/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor: one small process per running container. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "wall/run.h"

/* Watch a launched container until it has ended, then undo everything that belongs to it.
 * Signals of the caller are passed on; the console or the relay pipes are copied; requests of
 * the control socket are served. *status receives the payload's exit status, or 128 + signal.
 * log_dir: where the output of a detached container is kept. Returns 0 or -errno. */
int monitor_run(struct run *r, int log_dir, int *status, struct err *e);

/* Block the signals that monitor_run() will take, before the launch, so that none is lost. */
void monitor_block_signals(void);
