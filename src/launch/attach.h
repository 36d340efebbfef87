/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One more process in a running container: the table order_attach. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "wall/run.h"

/* Fill `spec` with the configuration that container `name` was started with, and `r` with its
 * init. The spec may then be changed (command, user, environment) before launch(). */
int attach_find(struct run *r, const char *name, struct spec *spec, struct err *e);
