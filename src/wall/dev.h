/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev: a handful of harmless nodes, terminals and shared memory of its own. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_dev;

/* Monitor: /dev with its nodes, /dev/pts, /dev/shm and, with a terminal, /dev/console. */
int dev_stage(struct run *r, struct err *e);

/* Monitor, after the volumes: nothing more can be made in /dev where the root is read-only. */
int dev_seal(struct run *r, struct err *e);

/* A pair of pty ends from the devpts instance `pts`: TIOCGPTPEER, never by name.
 * proc: the host's /proc. Returns the master, or -errno. */
int dev_pty(int proc, int pts, int *slave, struct err *e);
