/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that goes into a container for attach(). */
#pragma once
#include "lxc/lib.h"

/* Bits of attach_flags that only our own tools set. */
enum { LIB_ATTACH_KEEP_ENV_STATED = 0x08000000 };

struct lib_visit {
	struct lxc_container *c;
	const lxc_attach_options_t *options;
	lxc_attach_exec_t function;
	void *payload;
	char *environment, *runtime, *arch; /* of the running configuration; NULL = unset */
	bool secure;
};

/* How it went. */
struct lib_arrival {
	struct err err;
	pid_t pid; /* of the process inside; 0 = there is none */
};

/* In the fork: enter, say how it went through `sock` (with the terminal's master end, when one was
 * wanted), and end. */
_Noreturn void lib_enter(struct lib_visit *v, int sock);

/* Fill `run` for a container of somebody else's monitor. */
struct container;
struct spec;
/* No filter, no labels. */
int lib_unconfine(struct spec *s, struct err *e);
int lib_foreign(const struct lib_visit *v, struct container *c, struct spec *s, struct err *e);

/* Connect a terminal with the caller's until process `pid` has ended (which is left to be waited
 * for): lib_console.c. */
void lib_converse(int in, int out, int master, pid_t pid);
