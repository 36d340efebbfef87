/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor's socket: RUN/containers/NAME/control, SOCK_SEQPACKET, a path in a directory that
 * only its owner may enter (never an abstract name: CVE-2020-15257). */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "wall/run.h"

enum control_op {
	CONTROL_STOP, /* arg: seconds until the kill, -1: stop.timeout; answered when it has ended */
	CONTROL_KILL, /* arg: signal, passed on */
	CONTROL_FREEZE,
	CONTROL_THAW,
	CONTROL_WAIT, /* answered when it has ended */
	CONTROL_OPS
};

struct control_request {
	uint32_t op;
	int32_t arg;
};

struct control_reply {
	int32_t code;	/* 0, or a positive errno: text says why */
	int32_t status; /* STOP and WAIT: exit status, 128 + signal */
	char text[ERR_TEXT_MAX];
};

/* Monitor. */
int control_listen(struct run *r, struct err *e);

/* Client: one request to the monitor of `name`. Returns 0 with *reply, or -errno. */
int control_call(const struct store *s, const char *name, const struct control_request *request,
		 struct control_reply *reply, struct err *e);
