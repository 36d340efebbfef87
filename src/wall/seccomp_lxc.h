/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System call policies in LXC's own language, lxc.seccomp.profile of lxc.container.conf(5):
 *
 *	2                                        version; 1 is a list of numbers that are allowed
 *	denylist                                 or allowlist, and what happens to calls not named
 *	reject_force_umount                      umount2(MNT_FORCE) fails with EACCES
 *	[all]                                    or one architecture: [x86_64], [x86], [arm64] ...
 *	kexec_load errno 1                       kill, trap, allow, errno N
 *	ioctl errno 1 [1,0x5412,SCMP_CMP_EQ]     only if all conditions on arguments hold
 *
 * Such a policy is laid before ward's own, so that a call must pass both. Parsing has no side
 * effects. */
#pragma once
#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { SECCOMP_LXC_CONDITIONS = 6, SECCOMP_LXC_RULES = 2048 };

enum seccomp_lxc_op {
	LXC_OP_NE,
	LXC_OP_LT,
	LXC_OP_LE,
	LXC_OP_EQ,
	LXC_OP_GE,
	LXC_OP_GT,
	LXC_OP_MASKED_EQ,
};

/* All 64 bits of the argument count, as LXC compares them. */
struct seccomp_lxc_condition {
	unsigned arg;
	enum seccomp_lxc_op op;
	uint64_t value, mask;
};

struct seccomp_lxc_rule {
	char *name; /* of the system call; NULL: `number` of the machine's own ABI (version 1) */
	int number;
	uint32_t arch;	 /* SCMP_ARCH_* of the section; 0: all */
	uint32_t action; /* SECCOMP_RET_* */
	size_t n;
	struct seccomp_lxc_condition condition[SECCOMP_LXC_CONDITIONS];
};

struct seccomp_lxc {
	uint32_t otherwise; /* SECCOMP_RET_*: calls without a rule */
	uint32_t plain;	    /* rules without an action */
	struct seccomp_lxc_rule *rule;
	size_t n, room;
	struct list unknown; /* "NAME:LINE: ..." for each name that libseccomp does not know */
};

void seccomp_lxc_free(struct seccomp_lxc *p);
#define autolxcpolicy __attribute__((cleanup(seccomp_lxc_free))) struct seccomp_lxc

/* Read a policy into the empty `p`; every error begins with "NAME:LINE: ". `notify` is refused:
 * nobody would answer. 0 or -errno. */
int seccomp_lxc_parse(struct seccomp_lxc *p, const char *name, const char *text, size_t len,
		      struct err *e);

/* Put the policy before the filter `own` (len 0: everything is allowed). out->filter is malloc'ed.
 * 0 or -errno. */
int seccomp_lxc_compile(const struct seccomp_lxc *p, const struct sock_fprog *own,
			struct sock_fprog *out, struct err *e);
