/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entering process is the dangerous moment of a running container: what is inside can see
 * it while it still has the host's rights (CVE-2016-8649, CVE-2016-9962, CVE-2019-5736). So it
 * is not dumpable from the start (nobody inside may trace it or look at its descriptors), it
 * joins the user namespace together with all others in one setns(2), closes everything, and
 * seals itself exactly as init did. Nothing is executed before, and nothing is read from inside
 * but through path_open(). */
#include "launch/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "front/conf.h"
#include "launch/init.h"
#include "launch/launch.h"
#include "launch/lower.h"
#include "launch/posture.h"
#include "launch/stdio.h"
#include "launch/sync.h"
#include "store/state.h"
#include "wall/apparmor.h"
#include "wall/caps.h"
#include "wall/cgroup.h"
#include "wall/cred.h"
#include "wall/dev.h"
#include "wall/idmap.h"
#include "wall/keyring.h"
#include "wall/landlock.h"
#include "wall/ns.h"
#include "wall/rlimit.h"
#include "wall/seccomp.h"
#include "wall/selinux.h"

/* --- finding the container ------------------------------------------------------------- */

static int open_init(struct run *r, const char *name, struct err *e)
{
	struct state state;
	int ret = state_read(r->claim.dir, &state, e);

	if (ret < 0)
		return err_add(e, "container %s", name);
	if (state.id != STATE_RUNNING && state.id != STATE_PAUSED)
		return err_msg(e, ESRCH, "container %s is %s", name, state_name(state.id));
	r->target = sys_pidfd_open(state.pid);
	/* The number alone may be somebody else's by now; asked after the descriptor is held. */
	if (r->target < 0 || !state_same_process(r->proc, state.pid, state.start_time))
		return err_msg(e, ESRCH, "container %s is not running", name);
	r->pid = state.pid;
	return 0;
}

int attach_find(struct run *r, const char *name, struct spec *spec, struct err *e)
{
	int ret;

	r->claim.dir = store_state_dir(r->store, name, e);
	if (r->claim.dir < 0)
		return err_msg(e, ESRCH, "container %s is not running", name);
	ret = open_init(r, name, e);
	if (ret == 0)
		ret = conf_read(spec, r->claim.dir, "config", e);
	if (ret < 0)
		return ret;
	spec->name = strdup(name);
	list_clear(&spec->process.args);
	return spec->name ? 0 : err_mem(e);
}

/* --- steps: monitor -------------------------------------------------------------------- */

static int read_map(struct run *r, const char *file, const char *key, struct spec *seen,
		    struct err *e)
{
	autostr text = { 0 };
	char path[64], *line, *rest;
	int ret;

	snprintf(path, sizeof(path), "%d/%s", (int)r->pid, file);
	ret = file_read(r->proc, path, 65536, &text);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s of the container", file);
	}
	for (rest = text.text; ret == 0 && rest && (line = strsep(&rest, "\n"));)
		if (*line)
			ret = key_set(seen, key, line, file, e);
	return ret;
}

/* In a frozen cgroup the new process would not even reach the point where it can say so. */
int attach_thawed(struct run *r, struct err *e)
{
	struct state state;
	int ret = state_read(r->claim.dir, &state, e);

	if (ret == 0 && state.id == STATE_PAUSED)
		ret = err_msg(e, EBUSY, "container %s is %s: thaw it first", r->spec->name,
			      state_name(state.id));
	return ret;
}

/* An ordinary user has rights over his containers only in the outer user namespace, in which
 * their monitor lives. */
int attach_outer(struct run *r, struct err *e)
{
	autoclose int ns = -EBADF;
	struct state state;
	char path[32];
	int ret = state_read(r->claim.dir, &state, e);

	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%d/ns/user", (int)state.monitor);
	ns = openat(r->proc, path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || !state_same_process(r->proc, state.monitor, state.monitor_start_time))
		return err_msg(e, ESRCH, "the container's monitor is gone");
	if (setns(ns, CLONE_NEWUSER) < 0)
		return err_sys(e, "enter the container's outer user namespace");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become root of the outer user namespace");
	return 0;
}

/* The ids as the kernel has them: the store's record could be older than the container. The host's
 * own user namespace maps every id to itself, as no map does. */
int attach_ids(struct run *r, struct err *e)
{
	struct spec *seen;
	int ret;

	if (r->spec->ns[NS_USER].how == NS_HOST)
		return 0;
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		return err_mem(e);
	spec_init(seen);
	ret = read_map(r, "uid_map", "idmap.uid", seen, e);
	if (ret == 0)
		ret = read_map(r, "gid_map", "idmap.gid", seen, e);
	if (ret == 0) {
		r->uid_map = seen->idmap.uid;
		r->gid_map = seen->idmap.gid;
		seen->idmap.uid = seen->idmap.gid = (struct id_map){ 0 };
	}
	spec_free(seen);
	free(seen);
	return ret;
}

/* The root as the container sees it, for user names; everything below goes through path_open. */
int attach_root(struct run *r, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/root", (int)r->pid);
	r->root = openat(r->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->root < 0 ? err_sys(e, "open the container's root") : 0;
}

/* A pty of the container's own devpts. What lies at /dev/pts is the container's choice, so it is
 * proven to be a devpts before a byte goes there. */
int attach_terminal(struct run *r, struct err *e)
{
	struct statfs fs;

	r->pts = path_open(r->root, "dev/pts", O_PATH | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	if (r->pts < 0 || fstatfs(r->pts, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_msg(e, ENOTTY,
			       "the container has no devpts at /dev/pts: run without -t");
	r->console = dev_pty(r->proc, r->pts, &r->terminal, e);
	if (r->console < 0)
		return r->console;
	if (run_outside(&r->uid_map, r->identity.uid) >= 0 &&
	    fchown(r->terminal, (uid_t)run_outside(&r->uid_map, r->identity.uid), (gid_t)-1) < 0)
		return err_sys(e, "give the terminal to the payload's user");
	return 0;
}

int attach_cgroup(struct run *r, struct err *e)
{
	return cgroup_reopen(r, r->spec->name, e);
}

int attach_filter(struct run *r, struct err *e)
{
	return seccomp_restore(r, r->claim.dir, e);
}

/* Pid and time namespaces apply to children, so the clone is born in them. */
static int attach_spawn(struct run *r, struct err *e)
{
	prctl(PR_SET_DUMPABLE, 0);
	if (setns(r->target, CLONE_NEWPID) < 0)
		return err_sys(e, "enter the container's pid namespace");
	/* Only where the container has one: setns refuses our own (EINVAL on kernels without). */
	if (r->spec->ns[NS_TIME].how == NS_NEW)
		(void)!setns(r->target, CLONE_NEWTIME);
	return spawn_clone(r, 0, e);
}

/* --- steps: the entering process ------------------------------------------------------- */

int attach_enter(struct run *r, struct err *e)
{
	static const enum ns_kind kinds[] = {
		NS_USER, NS_MOUNT, NS_NET, NS_IPC, NS_UTS, NS_CGROUP
	};
	uint64_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (r->spec->ns[kinds[i]].how != NS_HOST)
			flags |= ns_flag(kinds[i]);
	if (setns(r->target, (int)flags) < 0)
		return err_sys(e, "enter the container's namespaces");
	return 0;
}

#define M .side = MONITOR
#define I .side = INIT

/* clang-format off */
static const struct row rows[] = {
	{ M, "prepare", "attach.thawed", attach_thawed },
	{ M, NULL, "attach.oom", rlimit_oom_own, NULL, NEED_ROOTLESS,
	  .why = "the clone inherits it: an ordinary user may not write it of one that cannot be traced" },
	{ M, NULL, "attach.outer", attach_outer, NULL, NEED_ROOTLESS,
	  .why = "every later row is then as for root" },
	{ M, NULL, "stdio.prepare", stdio_prepare, stdio_close },
	{ M, NULL, "attach.ids", attach_ids, NULL, .why = "as the kernel has them" },
	{ M, NULL, "attach.root", attach_root, NULL, .why = "names are the container's" },
	{ M, NULL, "cred.resolve", cred_resolve },
	{ M, NULL, "attach.cgroup", attach_cgroup, NULL, NEED_CGROUP },
	{ M, NULL, "attach.filter", attach_filter, NULL, NEED_FILTER,
	  .why = "the very bytes that init loaded, not the policy as it is today" },
	{ M, NULL, "attach.terminal", attach_terminal, NULL, NEED_TERMINAL },
	{ M, "spawn", "attach.spawn", attach_spawn, spawn_kill },
	{ I, NULL, "init.bind", init_bind },
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
	{ I, NULL, "init.stdio", init_stdio },
	{ I, NULL, "init.close", init_close },
	{ I, NULL, "init.scrub", init_scrub },
	{ I, NULL, "init.sched", init_sched },
	{ I, NULL, "init.cwd", init_cwd },
	{ I, NULL, "caps.bound", caps_bound },
	{ I, NULL, "cred.user", cred_user },
	{ I, NULL, "init.bind", init_bind, .why = "changing credentials cleared the parent-death signal" },
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
	{ I, NULL, "exec", init_exec },
	{ M, NULL, "monitor.lower", lower_monitor },
	{ M, NULL, "< exec", wait_exec },
};
/* clang-format on */

const struct order order_attach = { rows, ARRAY_SIZE(rows) };
