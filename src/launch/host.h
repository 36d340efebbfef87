/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this host and this caller allow. */
#pragma once
#include "base/err.h"
#include "wall/run.h"

/* Fill `h`: privileges, subordinate ids, Landlock, cgroups. Refuses kernels below 5.15. */
int host_look(struct host *h, struct err *e);
