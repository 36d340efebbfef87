/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gates: exceptions that the administrator grants on purpose, by the name of what is wanted.
 * A gate opens everything that belongs together (capability, device, system calls, mounts), so
 * that nobody has to add four keys and forget one. They are rows in gates.conf. */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"

struct gate {
	char *name;
	char *arg;		  /* kind of argument: "port", "path" ...; NULL = takes none */
	char *doc;		  /* what it is for */
	char *cost;		  /* what it lets the container do to the host */
	struct list keys, values; /* the lines it sets; %s stands for the argument */
};

struct gates {
	struct gate *item;
	size_t n;
};

/* Read the embedded table, for listing it. */
int gates_load(struct gates *g, struct err *e);
void gates_free(struct gates *g);
#define autogates __attribute__((cleanup(gates_free))) struct gates

/* Apply the gate written as "NAME" or "NAME:ARG" to `s` and remember it in s->gates. `where` is
 * who asked for it. Opening a gate twice is the same as once. */
int gate_open(struct spec *s, const char *written, const char *where, struct err *e);

/* How the gate is written: "tun", "port:N". */
void gate_usage(const struct gate *g, struct str *out);
