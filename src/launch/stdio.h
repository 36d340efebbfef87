/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container gets as standard input, output and error. */
#pragma once
#include "base/err.h"
#include "wall/run.h"

/* Monitor: prepare r->stdio (init's ends) and r->relay (ours).
 *
 * A container never gets the caller's open file description where it could do something with
 * it that outlives or exceeds its use: O_NONBLOCK set on a shared description hangs the
 * caller's shell, a terminal takes TIOCSTI, a directory is a way out. So terminals, sockets and
 * devices are replaced by pipes which the monitor copies, pipes are opened anew, and only
 * regular files are passed as they are, because their offset is shared on purpose. */
int stdio_prepare(struct run *r, struct err *e);
void stdio_close(struct run *r);

/* Monitor: relay pipes belong to the payload, so that it can open /dev/stdout again. */
int stdio_own(struct run *r, struct err *e);
