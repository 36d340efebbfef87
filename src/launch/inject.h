/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fault injection for the tests: inject.c in builds with -Dinject=true, else inject_none.c. */
#pragma once
#include "base/err.h"
#include "launch/launch.h"

/* When $WARD_INJECT is "M:ROW:kill", "I:ROW:kill" or "M:ROW:EIO": die or fail before ROW.
 * Returns 0 when nothing is to be done. */
int inject(enum side side, const char *row, struct err *e);
