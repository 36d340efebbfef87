/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a seccomp filter lets through, found by interpreting its instructions: the exact answer,
 * whoever wrote the filter. Knows the instructions that seccomp(2) accepts. No side effects. */
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/* Run `filter` on one call. *action receives what the kernel would do: SECCOMP_RET_* and its
 * data. Returns 0, or -EINVAL for a program that the kernel would not load. */
int seccomp_run(const struct sock_fprog *filter, const struct seccomp_data *call, uint32_t *action);

enum seccomp_reach {
	SECCOMP_DENIED,	     /* whatever the arguments are */
	SECCOMP_ALLOWED,     /* whatever the arguments are */
	SECCOMP_CONDITIONAL, /* the arguments, a tracer or a supervisor decide */
};

/* Can system call `number` of architecture `arch` (AUDIT_ARCH_*) be made? All arguments and the
 * caller's address are taken as unknown and every path is followed; *action (may be NULL)
 * receives the action of one path that denies it, 0 when there is none. A program that cannot be
 * followed to its end counts as conditional. */
enum seccomp_reach seccomp_reach_call(const struct sock_fprog *filter, uint32_t arch, int number,
				      uint32_t *action);

struct seccomp_count {
	unsigned allowed, denied, conditional;
};

/* Count over all system calls that are known by name on `arch` (wall/seccomp_names.h). */
struct seccomp_count seccomp_reach(const struct sock_fprog *filter, uint32_t arch);
