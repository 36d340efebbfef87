/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walls are those of attach.c, and so is their order. What differs: the process is a child of
 * whoever called (CLONE_PARENT), so that he can wait for it, and it does not die with the
 * process that made it, which ends as soon as the walls are verified. */
#include "launch/enter.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/sys.h"
#include "launch/attach.h"
#include "launch/init.h"
#include "launch/launch.h"
#include "launch/posture.h"
#include "launch/stdio.h"
#include "wall/apparmor.h"
#include "wall/caps.h"
#include "wall/cgroup.h"
#include "wall/cred.h"
#include "wall/idmap.h"
#include "wall/keyring.h"
#include "wall/landlock.h"
#include "wall/ns.h"
#include "wall/rlimit.h"
#include "wall/seccomp.h"
#include "wall/selinux.h"

/* --- steps: monitor -------------------------------------------------------------------- */

/* The state that is asked for is in ward's store. */
static int enter_thawed(struct run *r, struct err *e)
{
	return r->enter->foreign ? 0 : attach_thawed(r, e);
}

static int enter_user(struct run *r, struct err *e)
{
	const struct enter *enter = r->enter;
	int ret = cred_resolve(r, e);

	if (ret < 0 || !enter->set_groups)
		return ret;
	if (enter->n_groups > ARRAY_SIZE(r->identity.groups))
		return err_msg(e, EINVAL, "more than %zu groups", ARRAY_SIZE(r->identity.groups));
	for (size_t i = 0; i < enter->n_groups; i++)
		r->identity.groups[i] = enter->groups[i];
	r->identity.n_groups = (uint32_t)enter->n_groups;
	return 0;
}

static int enter_cgroup(struct run *r, struct err *e)
{
	return r->enter->foreign ? 0 : attach_cgroup(r, e);
}

static int enter_filter(struct run *r, struct err *e)
{
	return r->enter->foreign ? seccomp_compile(r, e) : attach_filter(r, e);
}

/* Pid and time namespaces apply to children, so the clone is born in them. */
static int enter_spawn(struct run *r, struct err *e)
{
	prctl(PR_SET_DUMPABLE, 0);
	if (r->spec->ns[NS_PID].how != NS_HOST && setns(r->target, CLONE_NEWPID) < 0)
		return err_sys(e, "enter the container's pid namespace");
	if (r->spec->ns[NS_TIME].how == NS_NEW)
		(void)!setns(r->target, CLONE_NEWTIME);
	if (spawn_clone(r, CLONE_PARENT, e) < 0)
		return -e->code;
	*r->enter->made = r->pid;
	return 0;
}

/* --- steps: the entering process ------------------------------------------------------- */

static int enter_stdio(struct run *r, struct err *e)
{
	for (int i = 0; i < 3; i++) {
		int from = r->spec->process.terminal ? r->terminal : r->enter->fds[i];

		if (from >= 0 && from != i && dup2(from, i) < 0)
			return err_sys(e, "set up standard input and output");
	}
	return 0;
}

/* The function may want what its program has open; what we opened is for nobody inside. */
static int enter_close(struct run *r, struct err *e)
{
	int *const ours[] = { &r->proc,	  &r->cache,  &r->target, &r->root,  &r->pts, &r->console,
			      &r->pidfd, &r->terminal, &r->claim.dir, &r->claim.lock };

	if (!r->enter->keep_fds)
		return init_close(r, e);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		fd_close(ours[i]);
	cgroup_close(&r->cg);
	fd_close(&r->store->run);
	fd_close(&r->store->lib);
	return 0;
}

static int enter_run(struct run *r, struct err *e)
{
	(void)e;
	/* Everything was inherited with CLOEXEC but this: no program that is executed may speak to
	 * who made us. */
	fd_close(&r->sync);
	_exit(r->enter->function(r->enter->context));
}

#define M .side = MONITOR
#define I .side = INIT

/* clang-format off */
static const struct row rows[] = {
	{ M, "prepare", "attach.thawed", enter_thawed },
	{ M, NULL, "attach.outer", attach_outer, NULL, NEED_ROOTLESS,
	  .why = "every later row is then as for root" },
	{ M, NULL, "attach.ids", attach_ids, NULL, .why = "as the kernel has them" },
	{ M, NULL, "attach.root", attach_root, NULL, .why = "names are the container's" },
	{ M, NULL, "enter.user", enter_user },
	{ M, NULL, "attach.cgroup", enter_cgroup, NULL, NEED_CGROUP },
	{ M, NULL, "attach.filter", enter_filter, NULL, NEED_FILTER },
	{ M, NULL, "attach.terminal", attach_terminal, NULL, NEED_TERMINAL },
	{ M, "spawn", "enter.spawn", enter_spawn, spawn_kill },
	{ I, NULL, "cgroup.join", cgroup_join, NULL, NEED_CGROUP, .why = "limits first" },
	{ M, NULL, "rlimit.set", rlimit_set },
	{ M, NULL, "rlimit.oom", rlimit_oom, NULL, NEED_ROOT },
	{ M, NULL, "> staged", send_staged },
	{ I, "enter", "< staged", wait_staged },
	{ I, NULL, "attach.enter", attach_enter, .why = "all namespaces at once, the user namespace first" },
	{ I, NULL, "idmap.root", idmap_root, NULL, NEED_USERNS },
	{ I, NULL, "keyring.new", keyring_new, NULL, NEED_KEYRING },
	{ I, "seal", "apparmor.exec", apparmor_exec },
	{ I, NULL, "selinux.exec", selinux_exec },
	{ I, NULL, "enter.stdio", enter_stdio },
	{ I, NULL, "enter.close", enter_close },
	{ I, NULL, "init.sched", init_sched },
	{ I, NULL, "init.cwd", init_cwd },
	{ I, NULL, "caps.bound", caps_bound },
	{ I, NULL, "cred.user", cred_user },
	{ I, NULL, "caps.set", caps_set },
	{ I, NULL, "caps.nnp", caps_nnp },
	{ I, NULL, "landlock.apply", landlock_apply, NULL, NEED_LANDLOCK },
	{ I, NULL, "seccomp.load", seccomp_load, NULL, NEED_FILTER },
	{ I, NULL, "> sealed", send_sealed },
	{ M, "verify", "< sealed", wait_sealed },
	{ M, NULL, "verify.process", posture_verify_process },
	{ M, NULL, "> go", send_go },
	{ I, "start", "< go", wait_go },
	{ I, NULL, "init.terminal", init_terminal, NULL, NEED_TERMINAL },
	{ I, NULL, "enter.run", enter_run },
};
/* clang-format on */

const struct order order_enter = { rows, ARRAY_SIZE(rows) };
