/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own binary, out of reach of a container. */
#pragma once
#include "base/err.h"

/* Go on as a sealed copy of ourselves in memory, unless we are one already: executes the program
 * again with `argv` and does not return then. For containers in which somebody has the right to
 * change our file on disk: /proc/PID/exe of init, or an image whose interpreter is /proc/self/exe,
 * leads to it (CVE-2019-5736). Returns 0 when we are the copy, or -errno. */
int reexec_sealed(char **argv, struct err *e);
