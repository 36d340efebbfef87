/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces: which ones are new, which are the host's, which are somebody else's. */
#pragma once
#include <stdint.h>

#include "wall/wall.h"

extern const struct wall wall_ns;

/* CLONE_NEW* flag of a kind. */
uint64_t ns_flag(enum ns_kind kind);

/* Monitor: enter the namespaces given by path, so that the clone is born in them
 * (a new user namespace has no power over them later); and come back after the clone. */
int ns_join(struct run *r, struct err *e);
int ns_return(struct run *r, struct err *e);

/* Init: enter the user namespace given by path. */
int ns_join_user(struct run *r, struct err *e);

/* Init: make the new ipc, uts and net namespaces. Done by init and not by the clone,
 * because the network namespace costs half a millisecond which then runs beside the monitor. */
int ns_unshare(struct run *r, struct err *e);

/* Init, when it is in its cgroups: their directories become the roots of its view. */
int ns_cgroup(struct run *r, struct err *e);

/* Init: copy the staged mounts into a mount namespace of its own: this is what locks them. */
int ns_mount(struct run *r, struct err *e);
