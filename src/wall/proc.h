/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's own file systems: /proc, /sys, /dev/mqueue and /sys/fs/cgroup, with masks. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_proc;

/* Monitor, after dev_stage(): a tmpfs with the empty file and directory that masks are made of. */
int proc_masks(struct run *r, struct err *e);

/* Monitor: instances that belong to init's namespaces, attached on the stage. */
int proc_stage(struct run *r, struct err *e);

/* Monitor: mask and make read-only what the spec lists. */
int proc_mask(struct run *r, struct err *e);

/* Init: write the spec's sysctls through the host's /proc, while it can still be seen. */
int proc_sysctl(struct run *r, struct err *e);
