/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network devices of a running container: what `ward net attach` and `ward net detach` do. */
#pragma once
#include "base/err.h"
#include "wall/run.h"

/* After attach_find(): make the device that `words` describe (those of --net) in the container. It is
 * written into the configuration that the container runs with, not into its definition. `name`
 * receives what it is called inside. Returns 0 or -errno, and then nothing was made. */
int plug_net(struct run *r, const char *words, char name[16], struct err *e);

/* Take away the device that is called `name` inside, or has that number. */
int unplug_net(struct run *r, const char *name, struct err *e);
