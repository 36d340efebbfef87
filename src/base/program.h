/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running another program of the host. */
#pragma once
#include <sys/types.h>

/* Start argv[0] with its own words and environment: signals as a program expects them (ours are
 * blocked and ignored as an event loop wants them), standard input empty, and standard output where
 * errors go, since ours may be a container's. An argv[0] without a slash is looked for in $PATH.
 * *pid is to be waited for. Returns 0 or -errno: posix_spawn(3). */
int program_start(char **argv, char **env, pid_t *pid);
