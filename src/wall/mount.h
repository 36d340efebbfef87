/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes and tmpfs: what the administrator puts into the root. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_mount;

/* Monitor: attach every volume of the spec on the stage, in the order written. */
int mount_stage(struct run *r, struct err *e);
