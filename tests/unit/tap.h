/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test Anything Protocol for the unit tests: a check is a line with a sentence.
 *
 *	int main(void)
 *	{
 *		ok(str_size("1K", &n) == 0 && n == 1024, "a suffix multiplies");
 *		skip("the part that needs root", "not root");
 *		return done();
 *	}
 */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_failed;

#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, what)                                                                    \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		if (!ok(got_ && !strcmp(got_, want_), "%s", what))                                 \
			printf("#   got '%s', wanted '%s'\n", got_ ? got_ : "(null)", want_);      \
	} while (0)
#define is_int(got, want, what)                                                                    \
	do {                                                                                       \
		long long got_ = (got), want_ = (want);                                            \
		if (!ok(got_ == want_, "%s", what))                                                \
			printf("#   got %lld, wanted %lld\n", got_, want_);                        \
	} while (0)

static inline bool __attribute__((format(printf, 4, 5)))
tap_ok(bool good, const char *file, int line, const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	printf("%s %d - ", good ? "ok" : "not ok", ++tap_n);
	vprintf(fmt, ap);
	printf("\n");
	__builtin_va_end(ap);
	if (!good) {
		tap_failed++;
		printf("#   at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

/* A test that cannot run here says why; it is counted apart. */
static inline void skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_n, what, why);
	fflush(stdout);
}

static inline int done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed ? 1 : 0;
}
