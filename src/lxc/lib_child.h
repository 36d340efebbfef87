/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work that must be done in another namespace is done by a short-lived child: a program with many
 * threads cannot enter one, and should not. */
#pragma once
#include "lxc/lib.h"

/* What the child does; what it appends to `out` arrives at the parent's. */
typedef int lib_work(void *context, struct str *out, struct err *e);

/* Run it; 0, or -errno with the child's error. out may be NULL. */
int lib_in_child(lib_work *work, void *context, struct str *out, struct err *e);

/* For the child: a pidfd of the container's init, checked to be it; *pid may be NULL. */
int lib_open_init(const struct lxc_container *c, pid_t *pid, struct err *e);

/* For the child: enter these namespaces of the container (CLONE_NEW*), an ordinary user its user
 * namespace before. */
int lib_join(const struct lxc_container *c, int flags, struct err *e);
