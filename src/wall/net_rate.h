/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates of a port: only net_guard.c and net_rate.c include this. */
#pragma once
#include <stdint.h>

#include "base/err.h"

/* How many bytes may come at once at `rate` (bits per second). */
uint64_t rate_burst(uint64_t rate);

/* Slow down what leaves interface `index`, by a queue (tbf, tc-tbf(8)) that ends with it. */
int rate_shape(int nl, int index, uint64_t rate, struct err *e);
