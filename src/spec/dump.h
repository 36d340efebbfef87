/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A spec as configuration text. */
#pragma once
#include <stdbool.h>

#include "base/str.h"
#include "spec/spec.h"

/* Append a whole configuration that conf_parse() turns into the same spec again, whatever the
 * spec held before: it begins with `profile = none`. With `origins` it also says who set each
 * key, and the parser believes it. Keys that are unset are left out. */
void dump_write(const struct spec *s, bool origins, struct str *out);
