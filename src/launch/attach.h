/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One more process in a running container: the table order_attach. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "wall/run.h"

/* Fill `spec` with the configuration that container `name` was started with, and `r` with its
 * init. The spec may then be changed (command, user, environment) before launch(). */
int attach_find(struct run *r, const char *name, struct spec *spec, struct err *e);

/* Steps that others take too, after attach_find(): the id maps as the kernel has them, and the root
 * directory of the container's init. */
int attach_ids(struct run *r, struct err *e);
int attach_root(struct run *r, struct err *e);

/* Steps that order_enter has too: enter.c. */
int attach_thawed(struct run *r, struct err *e);
int attach_outer(struct run *r, struct err *e);
int attach_cgroup(struct run *r, struct err *e);
int attach_filter(struct run *r, struct err *e);
int attach_terminal(struct run *r, struct err *e);
int attach_enter(struct run *r, struct err *e);
