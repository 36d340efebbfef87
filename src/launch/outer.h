/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rootless: one outer user namespace, in which every later row is as for root. */
#pragma once
#include "base/err.h"
#include "wall/run.h"

/* Monitor: enter a user namespace in which id 0 is the caller and the caller's subordinate ids
 * follow from 1 (through newuidmap(1), newgidmap(1)); without subordinate ids, only id 0. */
int outer_enter(struct run *r, struct err *e);
