/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Session keyring: keyrings(7). */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_keyring;

/* Init, and every process that enters the container later: leave the caller's session keyring for
 * a new, empty one, when the spec asks for it. After becoming root of the user namespace, whose
 * id then owns it and is charged for it. Returns 0 or a negative errno with e set. */
int keyring_new(struct run *r, struct err *e);
