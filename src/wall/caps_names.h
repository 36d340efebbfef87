/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities and securebits as text. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define CAP_BIT(cap) (1ULL << (cap))
enum { CAP_MAX = 63, CAPS_SHOWN = 160 };

/* The number of a capability: "net_admin", "CAP_NET_ADMIN" in any case, or "12". -1 = unknown. */
int caps_number(const char *word);

/* Every capability that the running kernel knows, asked with prctl(2). */
uint64_t caps_known(void);

/* The names of a set with blanks between, cut to what fits into out; needs no memory. Returns
 * out. Messages use CAPS_SHOWN bytes. */
const char *caps_names(uint64_t set, char *out, size_t size);

/* Append a set as the keys take it: "all", "none" or names. */
void caps_text(uint64_t set, struct str *out);

/* Read a set: "a b" replaces *set, "+a -b" changes it, "all -b" is the rest of all; blanks or
 * commas between. Returns 0, or -EINVAL with e set and *set unchanged. */
int caps_parse(const char *value, uint64_t *set, struct err *e);

/* SECBIT_* of linux/securebits.h as words: "noroot noroot-locked". */
int securebits_parse(const char *value, uint32_t *bits, struct err *e);
void securebits_text(uint32_t bits, struct str *out);
