/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the programs and files are that belong to the library. */
#pragma once
#include "base/err.h"

/* The path of a program of ours (to be freed), or NULL with e set: below LIBEXECDIR/ward, or in
 * $WARD_LXC_DIR, which is ignored in a program that gained rights by exec. */
char *lxc_program(const char *name, struct err *e);

/* The same for a file below DATADIR/lxc: "templates/lxc-busybox"; $WARD_LXC_SHARE. */
char *lxc_share(const char *path, struct err *e);
