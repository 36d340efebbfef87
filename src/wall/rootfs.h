/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root file system: what the payload sees as /. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_rootfs;

/* Monitor: assemble the root as a mount on the stage; r->root is its descriptor. */
int rootfs_stage(struct run *r, struct err *e);

/* Monitor: the parts of a root made of the host's own /usr. Only for rootfs.type = host. */
int rootfs_host(struct run *r, struct err *e);

/* Monitor, after everything is mounted: set the root's own flags. */
int rootfs_seal(struct run *r, struct err *e);
