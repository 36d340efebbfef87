/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: capabilities(7), and no_new_privs. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_caps;

/* The steps are init's and allocate nothing. All return 0 or a negative errno with e set. */

/* Empty the bounding set of what is not wanted. Needs CAP_SETPCAP, so it comes before the user
 * is changed. When the payload keeps capabilities or securebits are asked, it also sets
 * PR_SET_KEEPCAPS: the permitted set then survives setresuid(2), and execve(2) forgets the flag
 * again (SECBIT_NO_SETUID_FIXUP would last). caps_set() must follow in every case. */
int caps_bound(struct run *r, struct err *e);

/* Install permitted, effective, inheritable and ambient sets and securebits; after the change of
 * user, which empties the ambient set. Afterwards seccomp(2) and landlock need no_new_privs or
 * CAP_SYS_ADMIN among the effective ones. */
int caps_set(struct run *r, struct err *e);

/* PR_SET_NO_NEW_PRIVS; after the LSM labels are set for exec. */
int caps_nnp(struct run *r, struct err *e);
