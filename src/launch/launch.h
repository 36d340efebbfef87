/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a container: the table order[] (order.c), walked by two processes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "wall/run.h"

enum side { MONITOR, INIT };

/* Which starts a row belongs to; every bit set must hold. */
enum need {
	NEED_ROOT = 1 << 0, /* not in an outer user namespace */
	NEED_ROOTLESS = 1 << 1,
	NEED_USERNS = 1 << 2,	 /* a new user namespace */
	NEED_JOIN_USER = 1 << 3, /* a given user namespace */
	NEED_CGROUP = 1 << 4,	 /* some hierarchy can be written */
	NEED_LANDLOCK = 1 << 5,	 /* asked for, and the kernel has it */
	NEED_NEW_NET = 1 << 6,
	NEED_TERMINAL = 1 << 7,
	NEED_REAPER = 1 << 8,
	NEED_KEYRING = 1 << 9,
	NEED_FILTER = 1 << 10,
	NEED_NET = 1 << 11,	 /* network devices that are made over netlink */
	NEED_NET_USER = 1 << 12, /* one of the kind user */
	NEED_NO_NET_USER = 1 << 15,
	NEED_NET_FILES = 1 << 13,  /* resolv.conf and hosts */
	NEED_NET_KEEPER = 1 << 14, /* something only root can take away at the end */
};

struct row {
	enum side side;
	const char *phase; /* set on the first row of a phase */
	const char *name;  /* the same word in errors, `ward plan`, ps and tests */
	int (*step)(struct run *r, struct err *e);
	void (*undo)(struct run *r);
	unsigned need;
	const char *why;  /* why here */
	const char *lost; /* what a start without this row lacks; NULL: nothing */
};

/* A table of rows. r->order says which one a run follows. */
struct order {
	const struct row *rows;
	size_t n;
};

extern const struct order order_start;	/* a new container: order.c */
extern const struct order order_attach; /* one more process in a running one: attach.c */
extern const struct order order_enter;	/* a function of the caller's in a running one: enter.c */

/* True when the row runs for this spec on this host. */
bool row_wanted(const struct row *row, const struct spec *s, const struct host *h);

/* Run the monitor's rows. On success the payload is running and r holds what belongs to it; on
 * failure everything was undone and e says why. Returns 0 or -errno. */
int launch(struct run *r, struct err *e);

/* Undo the monitor's rows in reverse: at the end of a container, as on failure. */
void launch_undo(struct run *r);

/* Rows of the monitor that are about the start as a whole. */
int launch_claim(struct run *r, struct err *e);
void launch_drop(struct run *r);
int launch_state(struct run *r, struct err *e);
int launch_save(struct run *r, struct err *e);
int launch_running(struct run *r, struct err *e);
void launch_leave(struct run *r);

/* Walk init's rows; called in the clone, never returns. */
_Noreturn void launch_init(struct run *r);
