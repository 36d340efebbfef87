/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One container from a filled spec to its exit status: what `run` and `start` have in common. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "spec/spec.h"
#include "store/store.h"
#include "wall/run.h"

struct guest;

struct container {
	struct host host;
	struct store store;
	struct run run;
	bool detach;  /* return when it runs; the monitor goes on by itself */
	bool defined; /* its log is kept beside its definition */
	bool checked; /* the spec is */
	bool verbose; /* print what holds it */
	char **argv;  /* of main() */
	/* The LXC front door: container_run() is the monitor itself, also when detached. */
	const struct guest *guest;
	const char *lxcpath; /* where its definition lies */
	/* Told before the payload runs, with all rights; finds its context in the run. */
	int (*verified)(const struct run *r, struct err *e);
	void *verified_ctx;
};

/* What every command needs first: the host, the store, and no remains of killed owners. */
int container_open(struct container *c, struct err *e);
void container_close(struct container *c);

/* Give the spec a random name when it has none. */
int container_name(const struct container *c, struct spec *spec, struct err *e);

/* Before anything is done for it: when the payload of `spec` could have rights over our own binary
 * (an ordinary user's container, or one without a user namespace), go on as a sealed copy. */
int container_protect(const struct container *c, const struct spec *spec, struct err *e);

/* Write the definition of a container that is kept: what was asked for, before the check turns it
 * into what this host makes of it. The spec is checked afterwards. */
int container_define(struct container *c, struct spec *spec, struct err *e);

/* Check `spec` (it is const afterwards), start it, and watch it until it ends. *status receives
 * the payload's exit status; 0 when detached. Returns 0 or -errno; c->run.exec_failed tells a
 * program that could not be executed from a failure of ward's. */
int container_run(struct container *c, struct spec *spec, int *status, struct err *e);

/* Fill `spec` with what the running container `name` was started with (its command left out),
 * to be changed before container_exec() runs one more program in it. */
int container_find(struct container *c, const char *name, struct spec *spec, struct err *e);
int container_exec(struct container *c, int *status, struct err *e);

/* What looking at running containers needs (c->run.proc), without one of them. */
int container_look(struct container *c, struct err *e);

/* Let go of what container_find() or container_look() opened, when nothing is to be run. */
void container_lose(struct container *c);
