/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the monitor gives up when the container runs. */
#pragma once
#include "base/err.h"
#include "wall/run.h"

/* The one function that says what a monitor keeps: CAP_KILL (signals to the container's ids) and
 * CAP_DAC_OVERRIDE (to remove a cgroup), the files it must still change (its state, the log, the id store, its cgroups) by Landlock,
 * and the system calls of its event loop by seccomp. Everything else is gone. */
int lower_monitor(struct run *r, struct err *e);
