/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "store/range.h"
#include "store/state.h"
#include "wall/cgroup.h"

/* Init normally died with its monitor (parent-death signal); a payload may have cleared that.
 * The pid alone could be somebody else's by now: its start time must match. */
static void kill_init(const struct state *state)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int pidfd = state->pid > 0 ? sys_pidfd_open(state->pid) : -EBADF;
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0 || proc < 0 || state_start_time(proc, state->pid) != state->start_time)
		return;
	sys_pidfd_send_signal(pidfd, SIGKILL);
	poll(&gone, 1, 2000);
}

int gc_clean(const struct claim *c, void *ctx)
{
	const struct store *store = ctx;
	struct state state;
	struct err e = ERR_NONE;
	int ret;

	ret = state_read(c->dir, &state, &e);
	if (ret < 0)
		state_init(&state);
	kill_init(&state);
	ret = cgroup_remove_named(state.cgroup_parent[0] ? state.cgroup_parent : NULL, c->name, &e);
	if (ret < 0) {
		log_warn("clean up after container %s: %s", c->name, e.text);
		return ret;
	}
	ret = range_release_owner(store->lib, c->name, &e);
	if (ret < 0)
		log_warn("clean up after container %s: %s", c->name, e.text);
	return ret;
}

void gc_run(struct store *s)
{
	int n = store_gc(s, gc_clean, s);

	if (n > 0)
		log_note("cleaned up after %d container%s whose monitor was killed", n,
			 n > 1 ? "s" : "");
}
