/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cleaning up after owners that were killed. */
#pragma once
#include "store/store.h"

/* For store_gc(): kill what still runs, remove its cgroups, free its ids. ctx is the store.
 * Returns 0 or -errno (then the remains stay for the next time). */
int gc_clean(const struct claim *c, void *ctx);

/* Clean up after every owner that died; at the start of every command. */
void gc_run(struct store *s);
