/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of --net. */
#pragma once
#include "base/err.h"
#include "spec/spec.h"

/* Add the device that "KIND[,KEY=VALUE...]" describes to s, as its next; the words are those of the option
 * --net. The first replaces what a profile has. Returns 0 or -errno with e set. */
int net_words_apply(struct spec *s, const char *words, const char *where, struct err *e);

/* The same for a container that is there already: nothing is replaced, and it must be a device. */
int net_words_add(struct spec *s, const char *words, const char *where, struct err *e);

/* The number that the next device gets. */
uint32_t net_words_next(const struct spec *s);
