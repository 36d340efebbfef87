/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiled filters in files.
 *
 * Such a file holds a key (everything that the filter was made from), the instructions and their
 * checksum. It is believed only when it is a regular file of our own user that nobody else may
 * write, and when its key is the one that is asked for, byte for byte: neither a collision of file
 * names nor a foreign or damaged file can load a wrong filter. */
#pragma once
#include <linux/filter.h>

#include "base/str.h"

/* Read the filter for `key` from the file `path` below the directory `dir`; symbolic links are
 * refused. out->filter is malloc'ed. Returns 0, -ENOENT when there is no file, -ESTALE when it is
 * not to be believed, or another negative errno. */
int seccomp_cache_read(int dir, const char *path, const struct str *key, struct sock_fprog *out);

/* Write it, mode 0600, under a temporary name that is renamed. `path` is one component. */
int seccomp_cache_write(int dir, const char *path, const struct str *key,
			const struct sock_fprog *filter);

/* The same in the cache directory `cache`, below seccomp/, by a name made from the key; -EBADF is
 * no cache. A filter that cannot be kept is no error: it is made again. */
int seccomp_cache_get(int cache, const struct str *key, struct sock_fprog *out);
void seccomp_cache_put(int cache, const struct str *key, const struct sock_fprog *filter);
