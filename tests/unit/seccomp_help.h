/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making filters and asking them, for the unit tests of seccomp. */
#pragma once
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tap.h"
#include "wall/seccomp.h"
#include "wall/seccomp_compile.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_policy.h"
#include "wall/seccomp_reach.h"

/* The table of walls is as short as the test. */
const struct wall *const walls[] = { &wall_seccomp, NULL };

static inline void filter_free(struct sock_fprog *f)
{
	free(f->filter);
	*f = (struct sock_fprog){ 0 };
}

#define autofilter __attribute__((cleanup(filter_free))) struct sock_fprog

/* --- making filters -------------------------------------------------------------------- */

/* Compile a spec that is given as "key=value" words. */
static inline int make(struct sock_fprog *out, const char *const *settings, int cache,
		       struct err *e)
{
	struct run r = { .cache = cache };
	autospec s;
	int ret = 0;

	spec_init(&s);
	for (; ret == 0 && *settings; settings++) {
		autofree char *copy = strdup(*settings);
		char *value = strchr(copy, '=');

		*value++ = '\0';
		ret = key_set(&s, copy, value, "test", e);
	}
	r.spec = &s;
	if (ret == 0)
		ret = seccomp_compile(&r, e);
	*out = r.filter;
	return ret;
}

#define SPEC_OF(...) ((const char *const[]){ __VA_ARGS__, NULL })

static inline bool compiled(struct sock_fprog *out, const char *const *settings, const char *what)
{
	struct err e = ERR_NONE;
	int ret = make(out, settings, -EBADF, &e);

	if (!ok(ret == 0 && out->len, "%s compiles", what))
		printf("#   %s\n", e.text);
	return ret == 0;
}

/* Compile a text. */
static inline bool text_compiled(struct sock_fprog *out, const char *text)
{
	struct err e = ERR_NONE;
	autopolicy p = { 0 };
	int ret = seccomp_policy_parse(&p, "text", text, strlen(text), &e);

	if (ret == 0)
		ret = seccomp_compile_policy(&p, false, out, &e);
	if (ret < 0)
		printf("#   %s\n", e.text);
	return ret == 0;
}

/* What happens to a call: 0 = made, an errno, or -1 = something else. */
static inline int verdict_by(const struct sock_fprog *f, uint32_t arch, int number, uint64_t a,
			     uint64_t b, uint64_t c)
{
	struct seccomp_data call = { .nr = number, .arch = arch, .args = { a, b, c } };
	uint32_t action;

	if (!f->len || seccomp_run(f, &call, &action) < 0)
		return -1;
	if (action == SECCOMP_RET_ALLOW)
		return 0;
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		return (int)(action & SECCOMP_RET_DATA);
	return -1;
}

static inline int verdict(const struct sock_fprog *f, const char *name, uint64_t a, uint64_t b,
			  uint64_t c)
{
	return verdict_by(f, seccomp_native_arch(), seccomp_number(name), a, b, c);
}

static inline bool same_filter(const struct sock_fprog *a, const struct sock_fprog *b)
{
	return a->len && a->len == b->len &&
	       !memcmp(a->filter, b->filter, a->len * sizeof(*a->filter));
}

/* --- programs by hand ------------------------------------------------------------------ */

/* clang-format off */
#define PROGRAM(...)                                                                               \
	(&(struct sock_fprog){ .len = sizeof((struct sock_filter[]){ __VA_ARGS__ }) /              \
				      sizeof(struct sock_filter),                                  \
			       .filter = (struct sock_filter[]){ __VA_ARGS__ } })
#define RET(action) BPF_STMT(BPF_RET | BPF_K, action)
#define LD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define JEQ(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
/* clang-format on */
