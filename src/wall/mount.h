/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes and tmpfs: what the administrator puts into the root. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_mount;

/* Monitor, while the host's paths can be named: every volume of the spec as a detached mount. */
int mount_open(struct run *r, struct err *e);
void mount_close(struct run *r);

/* Monitor: attach every volume of the spec on the stage, in the order written. */
int mount_stage(struct run *r, struct err *e);
