/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of making and removing a container. */
#pragma once
#include "lxc/lib.h"

/* True when a create() was cut off: the remains are nobody's. */
bool lib_is_partial(struct lxc_container *c);

/* The program of a template, to be freed: "busybox" is one of ours, "/path" is itself. */
char *lib_template(const char *name, struct err *e);

/* Run it: in the container's user namespace when the configuration has ids for one. */
int lib_run_template(struct lxc_container *c, const char *program, const char *rootfs,
		     char *const *argv, bool quiet, struct err *e);

/* Make a directory the container's root's, when the configuration says who that is. */
int lib_give_to_container(struct lxc_container *c, const char *path, struct err *e);

/* Run a program of the host as root of the container's user namespace. -ENODATA: the configuration
 * has no ids for one. */
int lib_run_mapped(struct lxc_container *c, const char *const *command, struct err *e);

/* mkdir -p. 0 or -errno. */
int lib_make_path(const char *path, mode_t mode);

/* destroy() without asking whether it runs: for its own monitor, at its end. */
int lib_destroy_now(struct lxc_container *c, struct err *e);

/* Remove the container's directory with everything in it, but nothing that is mounted there or
 * lies behind a symbolic link. */
int lib_remove(struct lxc_container *c, struct err *e);
