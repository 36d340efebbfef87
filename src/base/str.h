/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing text, lists of strings, and strict number parsing. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A growing, always terminated text. Zero is an empty one. A failed allocation is
 * remembered in .failed and checked once, when the text is used. */
struct str {
	char *text; /* never NULL after the first append; see str_text() */
	size_t len;
	size_t room;
	bool failed;
};

void str_free(struct str *s);
#define autostr __attribute__((cleanup(str_free))) struct str

void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const char *text, size_t n);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_addu(struct str *s, uint64_t number); /* in decimal; printf is slow */
const char *str_text(const struct str *s);

/* A list of owned strings. Zero is an empty one. */
struct list {
	char **item;
	size_t n;
};

int list_add(struct list *l, const char *text); /* 0 or -ENOMEM */
void list_clear(struct list *l);
bool list_has(const struct list *l, const char *text);

/* Whole-string decimal (or 0x, 0 prefixed octal when base is 0) number within [min, max].
 * Returns 0, -EINVAL when text is not exactly a number, -ERANGE when out of bounds. */
int str_u64(const char *text, int base, uint64_t min, uint64_t max, uint64_t *out);
int str_i64(const char *text, int64_t min, int64_t max, int64_t *out);

/* A size: number with an optional suffix K, M, G or T (powers of 1024; "KiB" and "KB" too),
 * or "max"/"unlimited" for UINT64_MAX. 0, -EINVAL or -ERANGE. */
int str_size(const char *text, uint64_t *out);

bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* True when text holds a byte below 0x20 or 0x7f: such text is refused in names and paths. */
bool str_has_control(const char *text);

/* The word of words[0..n) that is nearest to text (edit distance at most 2 + len/4), or NULL:
 * for "did you mean". */
const char *str_nearest(const char *text, const char *const *words, size_t n);
