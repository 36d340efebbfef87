/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Offsets of the monotonic and boot-time clocks: time_namespaces(7). */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_time;

/* Monitor, before the clone: make the time namespace that the next child is born in and write its
 * offsets; it belongs to our user namespace, so the container cannot change it. Our own time is
 * remembered in r->host_ns[NS_TIME]. The clone must not share memory (CLONE_VM), or the child
 * stays outside. Does nothing unless ns.time is new. */
int time_unshare(struct run *r, struct err *e);

/* Monitor, after the clone and on failure: later children are born in our own time again. May be
 * called twice. The caller must have one thread (setns(2)). */
int time_return(struct run *r, struct err *e);
