/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who calls the set-user-ID program, and what is his. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { CALLER_GROUPS = 64, CALLER_GROUP_NAME = 64 };

struct caller {
	uid_t uid;
	gid_t gid;
	char name[64]; /* of /etc/passwd; the uid when it has none */
	size_t n_groups;
	char group[CALLER_GROUPS][CALLER_GROUP_NAME]; /* names, of /etc/group */
};

/* From the real ids; -EPERM when we are not root in effect. Name service modules are not asked: no
 * foreign code in a set-user-ID program. */
int caller_read(struct caller *c, struct err *e);

/* True when a line of lxc-usernet for `owner` is for this caller. */
bool caller_is(const struct caller *c, const char *owner);

/* The network namespace that the caller means by `text`: a pid, /proc/self/fd/N for a descriptor
 * that he gave us (`given`, see caller_given()), or another path of a namespace file. It is opened
 * with his rights alone, and only taken if a user namespace owns it that he made himself. Whatever
 * is wrong with it, the error is the same, so that nothing is told about files or processes
 * (CVE-2017-5985, CVE-2018-6556, CVE-2022-47952). Returns a descriptor or -EPERM. */
int caller_netns(const struct caller *c, const char *text, int given, struct err *e);

/* N of "/proc/self/fd/N", at least 3; -1 when text is something else. */
int caller_given(const char *text);
