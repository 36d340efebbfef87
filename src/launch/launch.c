/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "launch/gc.h"
#include "launch/inject.h"
#include "launch/sync.h"
#include "spec/dump.h"
#include "store/state.h"
#include "wall/cgroup.h"
#include "wall/net.h"
#include "wall/ns.h"
#include "wall/seccomp.h"
#include "wall/stage.h"
#include "wall/time.h"

/* --- which rows ------------------------------------------------------------------------ */

static unsigned needs_met(const struct spec *s, const struct host *h)
{
	unsigned met = 0;

	met |= h->rootless ? NEED_ROOTLESS : NEED_ROOT;
	met |= s->ns[NS_USER].how == NS_NEW ? NEED_USERNS : 0;
	met |= s->ns[NS_USER].how == NS_JOIN ? NEED_JOIN_USER : 0;
	met |= h->cgroup_usable ? NEED_CGROUP : 0;
	met |= s->landlock && h->landlock_abi > 0 ? NEED_LANDLOCK : 0;
	met |= s->ns[NS_NET].how == NS_NEW ? NEED_NEW_NET : 0;
	met |= net_has_made(s) ? NEED_NET : 0;
	met |= net_user_device(s) ? NEED_NET_USER : NEED_NO_NET_USER;
	met |= net_wants_files(s) ? NEED_NET_FILES : 0;
	met |= net_needs_keeper(s) ? NEED_NET_KEEPER : 0;
	met |= s->process.terminal ? NEED_TERMINAL : 0;
	met |= s->process.reaper ? NEED_REAPER : 0;
	met |= s->keyring ? NEED_KEYRING : 0;
	met |= s->seccomp.lxc || strcmp(s->seccomp.policy ? s->seccomp.policy : "none", "none") ?
		       NEED_FILTER :
		       0;
	return met;
}

bool row_wanted(const struct row *row, const struct spec *s, const struct host *h)
{
	return (row->need & ~needs_met(s, h)) == 0;
}

/* --- monitor --------------------------------------------------------------------------- */

int launch_claim(struct run *r, struct err *e)
{
	int ret = store_claim(r->store, r->spec->name, &r->claim, e);

	if (ret == -ESTALE) {
		ret = gc_clean(&r->claim, r->store);
		if (ret < 0) {
			/* The state still names the remains: keep it for the next time. */
			store_forget(&r->claim);
			return err_add(e, "clean up after the last owner");
		}
		store_drop(&r->claim);
		ret = store_claim(r->store, r->spec->name, &r->claim, e);
	}
	return ret;
}

void launch_drop(struct run *r)
{
	store_drop(&r->claim);
}

static int state_save(struct run *r, enum state_id id, struct err *e)
{
	struct state state;
	int ret;

	state_init(&state);
	state.id = id;
	state.monitor = getpid();
	if (!r->start_time)
		r->start_time = state_start_time(r->proc, state.monitor);
	state.monitor_start_time = r->start_time;
	state.created = state.started = time(NULL);
	state.range_base = r->range.base;
	state.range_gid_base = r->range.gid_base;
	state.range_count = r->range.count;
	state.dev = r->dev_number;
	snprintf(state.profile, sizeof(state.profile), "%s",
		 r->spec->profile ? r->spec->profile : "");
	snprintf(state.lxcpath, sizeof(state.lxcpath), "%s", r->lxcpath ? r->lxcpath : "");
	snprintf(state.cgroup_parent, sizeof(state.cgroup_parent), "%s",
		 r->spec->cgroup.parent ? r->spec->cgroup.parent : r->cg.base);
	if (r->pid > 0) {
		state.pid = r->pid;
		state.start_time = state_start_time(r->proc, r->pid);
	}
	ret = state_write(r->claim.dir, &state, e);
	return ret < 0 ? err_add(e, "remember the container's state") : 0;
}

int launch_state(struct run *r, struct err *e)
{
	if (!r->host->privileged && !r->spec->cgroup.parent)
		cgroup_place(r);
	return state_save(r, STATE_CREATING, e);
}

/* What `exec`, `info` and the cleaning up after a killed monitor will need to know. */
int launch_save(struct run *r, struct err *e)
{
	autostr text = { 0 };
	int ret;

	dump_write(r->spec, true, &text);
	if (text.failed)
		return err_mem(e);
	ret = file_replace(r->claim.dir, "config", str_text(&text), text.len, 0600);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "remember the container's configuration");
	}
	return seccomp_save(r, r->claim.dir, e);
}

int launch_running(struct run *r, struct err *e)
{
	return state_save(r, STATE_RUNNING, e);
}

/* Undo of stage.enter: the monitor must not stay on the stage when a start failed. */
void launch_leave(struct run *r)
{
	struct err ignored = ERR_NONE;

	stage_leave(r, &ignored);
	/* An ordinary user cannot leave the stage, and a mount point cannot be removed. */
	for (int i = 0; r->host->rootless && i < 8; i++)
		if (sys_umount2(r->claim.path, MNT_DETACH) < 0)
			break;
	stage_drop(r, &ignored);
	stage_close(r, &ignored);
	time_return(r, &ignored);
	ns_return(r, &ignored);
}

void launch_undo(struct run *r)
{
	while (r->started > 0) {
		const struct row *row = &r->order->rows[--r->started];

		if (row->side == MONITOR && row->undo && row_wanted(row, r->spec, r->host))
			row->undo(r);
	}
}

/* --debug: every row with the microseconds since the first, so that a slow one shows. */
static void trace(struct run *r, const struct row *row)
{
	struct timespec now;
	int64_t usec;

	if (log_level < LOG_DEBUG)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	usec = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	if (!r->begin_usec)
		r->begin_usec = usec;
	log_debug("%6lld us  %-7s %s", (long long)(usec - r->begin_usec),
		  row->side == MONITOR ? "monitor" : "init", row->name);
}

/* "init is gone" says little; how it ended says more. */
static void explain_death(struct run *r, const struct row *row, struct err *e)
{
	siginfo_t info = { 0 };

	if (e->code != ECONNRESET || r->pidfd < 0)
		return;
	sys_pidfd_send_signal(r->pidfd, SIGKILL);
	if (waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED | WNOWAIT) < 0)
		return;
	err_msg(e, ECONNRESET, "the container's init died during its set-up, before `%s` (%s %d)",
		row->name, info.si_code == CLD_EXITED ? "exit status" : "signal", info.si_status);
	if (info.si_code == CLD_KILLED && info.si_status == SIGKILL)
		err_hint(e, "if nobody killed it, memory.max or pids.max is too small");
}

int launch(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->order->n; i++) {
		const struct row *row = &r->order->rows[i];
		int ret;

		if (row->side != MONITOR || !row_wanted(row, r->spec, r->host))
			continue;
		/* Before the step: a step that fails half-way is undone too. */
		r->started = i + 1;
		trace(r, row);
		ret = inject(MONITOR, row->name, e);
		if (ret == 0)
			ret = row->step(r, e);
		if (ret == 0)
			continue;
		/* What init said is the cause, whatever we stumbled over. */
		sync_pending(r->sync, e);
		explain_death(r, row, e);
		launch_undo(r);
		return -e->code;
	}
	return 0;
}

/* --- init ------------------------------------------------------------------------------ */

_Noreturn void launch_init(struct run *r)
{
	struct err e = ERR_NONE, unheard = ERR_NONE;
	char comm[16];

	/* r->next: the fork beside pid 1 goes on where it was made. */
	while (r->next < r->order->n) {
		const struct row *row = &r->order->rows[r->next++];

		if (row->side != INIT || !row_wanted(row, r->spec, r->host))
			continue;
		if (row->phase) {
			/* `ps` shows where a start hangs. */
			snprintf(comm, sizeof(comm), "ward:[%s]", row->phase);
			prctl(PR_SET_NAME, comm);
		}
		trace(r, row);
		if (inject(INIT, row->name, &e) == 0 && row->step(r, &e) == 0)
			continue;
		sync_send(r->sync, MSG_ERROR, &e, NULL, 0, &unheard);
		break;
	}
	_exit(125);
}
