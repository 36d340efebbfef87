/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a running container. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "wall/run.h"

/* After attach_find(): give the container the host's device `path` (a node below /dev), or take it
 * away: the node and the rule that lets it be opened. Until the container ends; what is open stays
 * open. Returns 0 or -errno, and then nothing was changed, or it was taken away half: then it cannot
 * be opened any more. */
int plug_device(struct run *r, const char *path, bool add, struct err *e);
