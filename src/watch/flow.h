/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying bytes from one descriptor to another without ever waiting for either. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct flow {
	int from, to; /* -EBADF: closed */
	size_t start, end;
	size_t written; /* in total */
	bool done;
	int error; /* why .to took no more; 0: it did, or its reader went away */
	bool lossy; /* what the sink does not take is thrown away: a full disk must not stop a program */
	char data[4096];
};

/* Move what can be moved now. Returns false when the flow has ended: its source is at its end
 * (or its sink is gone) and everything was delivered. The sink is then closed by the caller. */
bool flow_move(struct flow *f);

/* What the flow waits for: EPOLLIN on .from (room in the buffer) or EPOLLOUT on .to. */
bool flow_wants_read(const struct flow *f);
bool flow_wants_write(const struct flow *f);
