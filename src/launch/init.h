/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps that belong to no wall: the two processes themselves. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "wall/run.h"

/* Monitor. */
int spawn(struct run *r, struct err *e);		       /* clone3: init, by descriptor */
int spawn_clone(struct run *r, uint64_t flags, struct err *e); /* the same with CLONE_* flags */
void spawn_kill(struct run *r);				       /* undo: kill and reap */
int send_mapped(struct run *r, struct err *e);
int wait_entered(struct run *r, struct err *e);
int send_staged(struct run *r, struct err *e);
int wait_mounted(struct run *r, struct err *e);
int wait_sealed(struct run *r, struct err *e);
int send_go(struct run *r, struct err *e);
int wait_exec(struct run *r, struct err *e);

/* Init. */
int init_bind(struct run *r, struct err *e); /* die with the monitor */
int wait_mapped(struct run *r, struct err *e);
int send_entered(struct run *r, struct err *e);
int wait_staged(struct run *r, struct err *e);
int send_mounted(struct run *r, struct err *e);
int init_stdio(struct run *r, struct err *e); /* 0, 1, 2 are what the monitor prepared */
int init_close(struct run *r, struct err *e); /* nothing else survives */
int init_scrub(struct run *r, struct err *e); /* forget the caller's arguments and environment */
int init_sched(struct run *r, struct err *e); /* ordinary scheduling, no better than others */
int init_cwd(struct run *r, struct err *e);
int send_sealed(struct run *r, struct err *e);
int wait_go(struct run *r, struct err *e);
int init_show(struct run *r, struct err *e);	 /* /proc/PID is readable for the user */
int init_reaper(struct run *r, struct err *e);	 /* fork; the parent stays as pid 1 */
int init_terminal(struct run *r, struct err *e); /* own session, console as its terminal */
int init_exec(struct run *r, struct err *e);
