/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A function of the calling program, run in a container that runs already: attach() of liblxc. The
 * table order_enter; attach.c has its steps. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "wall/run.h"

struct enter {
	/* What is left to do in the process that has entered and is sealed; its result is the exit
	 * status. */
	int (*function)(void *context);
	void *context;
	int fds[3];	     /* become 0, 1, 2; negative: as they are */
	bool keep_fds;	     /* whatever else the caller has open stays so */
	bool set_groups;     /* else those of the container's /etc/group for the user */
	const gid_t *groups; /* as seen inside */
	size_t n_groups;
	pid_t *made;  /* receives the process, which the caller must wait for even when it failed */
	bool foreign; /* not a container of ward's: r->target, r->pid and r->cg are filled in */
};
