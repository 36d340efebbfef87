/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running pasta(1) for a container: a part of wall/net_user.c. */
#pragma once
#include "base/err.h"
#include "spec/spec.h"
#include "wall/run.h"

/* Begin: r->net_user is then the pidfd of its minder, and r->net_report where that one writes one
 * struct err when it has succeeded (code 0) or failed. argv[0] is "pasta"; the network namespace is
 * its standard input. 0 or -errno with e set. */
int pasta_start(struct run *r, const struct net_device *d, char **argv, struct err *e);
