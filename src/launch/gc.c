/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "front/conf.h"
#include "launch/keeper.h"
#include "net/network.h"
#include "store/range.h"
#include "store/state.h"
#include "wall/cgroup.h"
#include "wall/net.h"

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

/* What the dead container's devices left. Its configuration may be missing, or not yet written. */
static void clean_network(const struct store *store, const struct claim *c)
{
	struct err ignored = ERR_NONE;
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct run *r = calloc(1, sizeof(*r));
	struct host host = { 0 };
	autospec spec;

	spec_init(&spec);
	if (r && faccessat(c->dir, "config", F_OK, 0) == 0)
		conf_read(&spec, c->dir, "config", &ignored);
	if (r && !spec.name)
		spec.name = strdup(c->name);
	keeper_wait(c->dir);
	if (r && spec.name) {
		run_init(r, &spec, &host);
		r->store = (struct store *)(uintptr_t)store;
		r->claim.dir = c->dir;
		r->proc = proc;
		net_undo(r);
		net_close(r, &ignored);
	}
	lease_release(store, c->name, false, &ignored);
	free(r);
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
	clean_network(store, c);
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

	network_gc(s);
	if (n > 0)
		log_note("cleaned up after %d container%s whose monitor was killed", n,
			 n > 1 ? "s" : "");
}
