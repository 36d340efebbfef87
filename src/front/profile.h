/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles: the defaults, as files in the configuration syntax, embedded in the program.
 * Nothing is secure by a hidden initialiser: what a profile does not say is not set. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "spec/spec.h"

/* The profile of a file that sets everything itself, as spec/dump.h writes it. */
#define PROFILE_NONE "none"

/* Names of the embedded profiles, in the order of documentation; NULL behind the last. */
const char *profile_name(size_t index);

/* The text of an embedded profile, or NULL. *len receives its length. */
const char *profile_text(const char *name, size_t *len);

/* The error for a name that is no profile, with the nearest one; always negative. */
int profile_unknown(const char *name, const char *where, struct err *e);

/* Make `s`, which is initialised, hold exactly what the profile says: whatever was set before
 * is dropped. `where` is who asked for it: "FILE:LINE", or "--profile", which files cannot
 * change any more. */
int profile_apply(struct spec *s, const char *name, const char *where, struct err *e);

/* True as long as nothing but a profile has set a key. */
bool profile_is_fresh(const struct spec *s);

/* True when the command line has chosen the profile. */
bool profile_is_pinned(const struct spec *s);
