/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host and domain name: uts_namespaces(7). */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_uts;

/* Init: name the machine, in its own uts namespace, as root of the user namespace that owns it.
 * Returns 0 or a negative errno with e set. */
int uts_set(struct run *r, struct err *e);
