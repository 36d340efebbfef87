/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor: one small process per running container. */
#pragma once
#include <stdbool.h>

#include <stdint.h>

#include "base/err.h"
#include "launch/control.h"
#include "store/state.h"
#include "wall/run.h"

struct monitor;

/* What a front door adds to the loop: descriptors of its own, and a word about every change. The
 * functions run when the monitor has given up its rights (launch/lower.c). */
struct guest {
	void *ctx;
	bool console; /* detached: what comes out of the console is the guest's to read */
	/* The loop is about to begin: the container runs. */
	void (*begin)(void *ctx, struct monitor *m);
	/* Descriptor number `slot` is ready. */
	void (*ready)(void *ctx, uint32_t slot, uint32_t events);
	void (*state)(void *ctx, enum state_id id);
	/* The container has ended, but its console can still be read. */
	void (*drain)(void *ctx);
	/* It has ended (as waitid(2) says), and nothing of it is left. */
	void (*end)(void *ctx, int code, int status);
};

/* For guests: watch `fd` as number `slot` (EPOLL* events), and stop it. 0 or -errno. */
int monitor_watch(struct monitor *m, int fd, uint32_t events, uint32_t slot);
void monitor_unwatch(struct monitor *m, int fd);

/* For guests: what a request of the control socket would do, without waiting for the end. */
int monitor_do(struct monitor *m, enum control_op op, int arg, struct err *e);

/* Watch a launched container until it has ended, then undo everything that belongs to it.
 * Signals of the caller are passed on; the console or the relay pipes are copied; requests of
 * the control socket are served. *status receives the payload's exit status, or 128 + signal.
 * log_dir: where the output of a detached container is kept. guest: may be NULL. Returns 0 or
 * -errno. */
int monitor_run(struct run *r, int log_dir, const struct guest *guest, int *status, struct err *e);

/* Block the signals that monitor_run() will take, before the launch, so that none is lost. */
void monitor_block_signals(void);
