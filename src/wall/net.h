/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespace's inside. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_net;

/* Init: bring the loopback interface up. */
int net_loopback(struct run *r, struct err *e);
