/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One error: what was attempted, why not, and where the setting came from.
 *
 * Fixed size and without pointers, so that it can be sent over the sync socket
 * and needs no memory to be made. A function that can fail takes a struct err *
 * as last argument and returns 0 or a negative errno; it fills the error exactly
 * when it returns a negative number. Callers add context on the way up:
 *
 *	return err_sys(e, "make %s read-only", path);       the origin, from errno
 *	return err_msg(e, EINVAL, "memory.max: '%s' is not a size", text);
 *	return err_add(e, "container %s", name);            "container x: make /proc ..."
 */
#pragma once

#define ERR_TEXT_MAX 512

struct err {
	int code; /* positive errno; 0 = no error */
	char text[ERR_TEXT_MAX];
};

#define ERR_NONE ((struct err){ 0 })

/* Each returns -code, never 0, so that `return err_sys(...)` ends a failing function. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_msg(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put context in front of an error that is already set; returns -e->code. */
int err_add(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append a sentence that says how to mend it; returns -e->code. */
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory, the one error without further words. */
int err_mem(struct err *e);

/* Make text from the other side of a socket, or from a container, safe to print:
 * terminate it and replace control characters by '?'. */
void err_clean(struct err *e);
