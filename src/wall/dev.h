/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev: a handful of harmless nodes, terminals and shared memory of its own. */
#pragma once
#include <stdint.h>
#include <sys/stat.h>

#include "wall/wall.h"

extern const struct wall wall_dev;

/* Monitor: /dev with its nodes, /dev/pts, /dev/shm and, with a terminal, /dev/console. */
int dev_stage(struct run *r, struct err *e);

/* Monitor, after the volumes: nothing more can be made in /dev where the root is read-only. */
int dev_seal(struct run *r, struct err *e);

/* A running container (r->root, r->uid_map): make the node of the host's device `path`, which is `st`,
 * in its /dev, or take it away. `number` is the device number of the tmpfs that dev_stage() made: what
 * lies at /dev by now is the container's choice, and a node must not get onto a disk of the host.
 * dev_plug() returns 1 when the node was there already; dev_unplug() never minds that it is not. */
int dev_plug(const struct run *r, const char *path, const struct stat *st, uint64_t number,
	     struct err *e);
int dev_unplug(const struct run *r, const char *path, const struct stat *st, uint64_t number,
	       struct err *e);

/* Monitor: /dev/tty1 to /dev/ttyN, when the spec wants any: r->tty. */
int dev_ttys(struct run *r, struct err *e);
void dev_ttys_close(struct run *r);

/* A pair of pty ends from the devpts instance `pts`: TIOCGPTPEER, never by name.
 * proc: the host's /proc. Returns the master, or -errno. */
int dev_pty(int proc, int pts, int *slave, struct err *e);
