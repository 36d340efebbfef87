/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fault injection, only in builds for the tests. */
#include "launch/inject.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int inject(enum side side, const char *row, struct err *e)
{
	static char want[64]; /* init forgets its environment on the way */
	const char *asked = getenv("WARD_INJECT");
	char here[64];
	size_t n;

	n = (size_t)snprintf(here, sizeof(here), "%c:%s:", side == MONITOR ? 'M' : 'I', row);
	if (!want[0] && asked)
		snprintf(want, sizeof(want), "%s", asked);
	if (strncmp(want, here, n) != 0)
		return 0;
	if (!strcmp(want + n, "kill"))
		kill(getpid(), SIGKILL);
	/* pid 1 of a pid namespace does not die of its own SIGKILL. */
	if (!strcmp(want + n, "kill"))
		_exit(137);
	return err_msg(e, EIO, "injected failure before `%s`", row);
}
