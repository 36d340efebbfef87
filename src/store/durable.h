/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that must survive a power cut: written, flushed, and only then given their name. */
#pragma once
#include <stddef.h>

enum durable_how {
	DURABLE_NEW,	 /* -EEXIST when the name is taken: never overwrites */
	DURABLE_REPLACE, /* takes the place of what is there */
};

/* Write `len` bytes as dir/name, mode 0600, whole or not at all. `dir` must be open for reading:
 * it is flushed too. A kill on the way may leave a file ".new-RANDOM". Returns 0 or -errno. */
int durable_write(int dir, const char *name, const void *data, size_t len, enum durable_how how);
