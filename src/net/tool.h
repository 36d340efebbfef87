/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs and settings of the host that networks need. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* The path of a program in the system's directories (the caller's PATH decides nothing), or NULL. */
const char *tool_find(const char *name, char *path, size_t size);

/* Run path with argv (argv[0] included, NULL at the end) and nothing of the caller's environment. input:
 * for its standard input, or NULL. out: what it printed, or NULL. Its last words on standard error
 * are in e when it fails. Returns its exit status, or -errno with e set. */
int tool_run(const char *path, const char *const *argv, const char *input, struct str *out,
	     struct err *e);

/* As tool_run(), and any status but 0 is -EIO with e set. */
int tool_must(const char *path, const char *const *argv, const char *input, struct str *out,
	      struct err *e);

/* A file below /proc/sys/net as a number, -1 when it cannot be read; and written, 0 or -errno. */
int64_t sysctl_get(const char *path);
int sysctl_put(const char *path, const char *value);
