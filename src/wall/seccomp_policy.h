/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system call policy as plain data, and the parser of its language.
 *
 * The language is documented at the top of policy/app.policy. Parsing has no side effects and
 * reads no files: an include means one of the policies inside the binary. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/embed.h"
#include "base/err.h"
#include "wall/seccomp_rules.h"

void seccomp_policy_free(struct seccomp_policy *p);
#define autopolicy __attribute__((cleanup(seccomp_policy_free))) struct seccomp_policy

/* Read a policy of `len` bytes into the empty `p`. `name` is for messages: every error begins
 * with "NAME:LINE: ". Returns 0, -EINVAL or -ENOMEM. */
int seccomp_policy_parse(struct seccomp_policy *p, const char *name, const char *text, size_t len,
			 struct err *e);

/* Read the policy inside the binary: "app" or "system". */
int seccomp_policy_builtin(struct seccomp_policy *p, const char *name, struct err *e);
bool seccomp_policy_is_builtin(const char *name);

/* Change a policy that was read: the user's lists. `word` is a system call or an @set; a family
 * or netlink protocol is a name or a number. Each outranks what was said before. Deny is EPERM. */
int seccomp_policy_allow(struct seccomp_policy *p, const char *word, struct err *e);
int seccomp_policy_deny(struct seccomp_policy *p, const char *word, struct err *e);
int seccomp_policy_family(struct seccomp_policy *p, const char *word, struct err *e);
int seccomp_policy_netlink(struct seccomp_policy *p, const char *word, struct err *e);

/* The verdict on one call. */
int seccomp_policy_verdict(const struct seccomp_policy *p, int number,
			   const uint64_t args[POLICY_ARGS]);

/* "system call 'opne' is not known; did you mean 'open'?" Returns -EINVAL. */
int seccomp_policy_unknown(const char *name, struct err *e);

/* The policies inside the binary, policy/NAME.policy, written by tools/embed.py. */
extern const struct embedded policy_files[];
