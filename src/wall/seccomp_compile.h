/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a policy as data to the instructions that the kernel loads. */
#pragma once
#include <linux/filter.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "wall/seccomp_rules.h"

/* Compile `p` into out->filter, a malloc'ed array of out->len instructions. Calls by an ABI that
 * is not this machine's own fail with ENOSYS; with `foreign_abi` the 32-bit one is filtered by
 * the same policy. The result is run through the interpreter (seccomp_reach.h) and compared with
 * the policy before it is handed out. Returns 0 or -errno. */
int seccomp_compile_policy(const struct seccomp_policy *p, bool foreign_abi, struct sock_fprog *out,
			   struct err *e);

/* Append what else decides the result: the architecture and the library's version, a line. */
void seccomp_compile_version(struct str *out);
