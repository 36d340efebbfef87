/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: seeing and touching the host's processes, mounts, network, IPC objects, names and
 * clocks. Interfaces: clone3(2), unshare(2), setns(2), namespaces(7).
 *
 * The user namespace comes first (it owns the others), the cgroup namespace after the process
 * is in its cgroup (its root is fixed at that moment), the mount namespace last of all: the
 * copy into a mount namespace that is owned by a different user namespace locks every mount
 * and every restrictive flag (mount_namespaces(7)), so everything must be staged before.
 *
 * Lost without it: with a host namespace the container shares that view with the host. */
#include "wall/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "store/state.h"

static const struct {
	const char *name; /* as in the keys and below /proc/PID/ns */
	const char *file;
	uint64_t flag;
} kinds[NS_KINDS] = {
	[NS_USER] = { "ns.user", "user", CLONE_NEWUSER },
	[NS_MOUNT] = { "ns.mount", "mnt", CLONE_NEWNS },
	[NS_PID] = { "ns.pid", "pid", CLONE_NEWPID },
	[NS_NET] = { "ns.net", "net", CLONE_NEWNET },
	[NS_IPC] = { "ns.ipc", "ipc", CLONE_NEWIPC },
	[NS_UTS] = { "ns.uts", "uts", CLONE_NEWUTS },
	[NS_CGROUP] = { "ns.cgroup", "cgroup", CLONE_NEWCGROUP },
	[NS_TIME] = { "ns.time", "time", CLONE_NEWTIME },
};

uint64_t ns_flag(enum ns_kind kind)
{
	return kinds[kind].flag;
}

/* --- keys ------------------------------------------------------------------------------ */

/* "container:NAME": the network of another container of ward's. */
static const char of_container[] = "container:";

static int ns_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct ns *ns = field;
	const char *container = value + strlen(of_container);
	char *path = NULL;

	if (str_starts(value, of_container) && k->at != SPEC(ns[NS_NET]))
		return err_msg(e, EINVAL, "only the network can be shared with another container");
	if (str_starts(value, of_container) && !path_is_name(container))
		return err_msg(e, EINVAL, "'%.64s' is not the name of a container", container);
	if (value[0] == '/' || str_starts(value, of_container)) {
		path = strdup(value);
		if (!path)
			return err_mem(e);
	} else if (strcmp(value, "new") && strcmp(value, "host")) {
		return err_msg(e, EINVAL, "'%s' is neither new, host nor the path of a namespace",
			       value);
	}
	free(ns->path);
	ns->path = path;
	ns->how = path ? NS_JOIN : strcmp(value, "new") ? NS_HOST : NS_NEW;
	return 0;
}

static void ns_get(const struct key *k, const void *field, struct str *out)
{
	const struct ns *ns = field;

	(void)k;
	switch (ns->how) {
	case NS_NEW:
		str_add(out, "new");
		break;
	case NS_HOST:
		str_add(out, "host");
		break;
	case NS_JOIN:
		str_add(out, ns->path);
		break;
	}
}

static void ns_clear(const struct key *k, void *field)
{
	struct ns *ns = field;

	(void)k;
	free(ns->path);
	*ns = (struct ns){ .how = NS_NEW };
}

static const struct key_type key_ns = {
	.name = "new, host or path", .set = ns_set, .get = ns_get, .clear = ns_clear
};

#define NS_ROW(kind, what)                                                                         \
	{                                                                                          \
		.name = "ns." what, .type = &key_ns, .at = SPEC(ns[kind]),                         \
		.metavar = "new|host|PATH",                                                        \
		.doc = what " namespace: new, host's, or the given one"                            \
	}

static const struct key keys[] = {
	NS_ROW(NS_USER, "user"),
	NS_ROW(NS_PID, "pid"),
	{ .name = "ns.net",
	  .type = &key_ns,
	  .at = SPEC(ns[NS_NET]),
	  .metavar = "new|host|PATH|container:NAME",
	  .doc = "net namespace: new, host's, the given one, or that of a running container" },
	NS_ROW(NS_IPC, "ipc"),
	NS_ROW(NS_UTS, "uts"),
	NS_ROW(NS_CGROUP, "cgroup"),
	NS_ROW(NS_TIME, "time"),
	NS_ROW(NS_MOUNT, "mount"),
};

/* --- check ----------------------------------------------------------------------------- */

static int ns_check(struct spec *s, const struct host *h, struct err *e)
{
	if (s->ns[NS_MOUNT].how != NS_NEW)
		return err_msg(e, EINVAL,
			       "%s: ns.mount: a container always has a mount namespace "
			       "of its own",
			       key_origin(s, "ns.mount"));
	if (s->ns[NS_USER].how == NS_HOST && !h->privileged)
		return err_msg(e, EPERM, "%s: ns.user = host needs root on the host",
			       key_origin(s, "ns.user"));
	return 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* A namespace file must be one: NSFS, and of the right kind (setns checks the kind). */
static int ns_enter_path(const char *path, uint64_t flag, const char *name, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return err_sys(e, "%s: open %s", name, path);
	if (setns(fd, (int)flag) < 0)
		return err_sys(e, "%s: enter the namespace %s", name, path);
	return 0;
}

/* The process is held by a descriptor before it is compared with the one that the container's state names:
 * its number cannot become somebody else's in between. */
static int ns_enter_container(const struct run *r, const char *name, struct err *e)
{
	autoclose int dir = store_state_dir(r->store, name, e);
	autoclose int init = -EBADF;
	struct state state;
	int ret = dir < 0 ? dir : state_read(dir, &state, e);

	if (ret < 0 || (state.id != STATE_RUNNING && state.id != STATE_PAUSED))
		return err_msg(e, ESRCH, "ns.net: container %s is not running", name);
	init = sys_pidfd_open(state.pid);
	if (init < 0 || !state_same_process(r->proc, state.pid, state.start_time))
		return err_msg(e, ESRCH, "ns.net: container %s is not running", name);
	if (setns(init, CLONE_NEWNET) < 0)
		return err_sys(e, "ns.net: enter the network of container %s", name);
	return 0;
}

/* Joining network, ipc, uts, pid or cgroup namespaces happens before the clone. */
static bool ns_joined_by_monitor(const struct spec *s, enum ns_kind kind)
{
	return s->ns[kind].how == NS_JOIN && kind != NS_USER && kind != NS_MOUNT;
}

int ns_join(struct run *r, struct err *e)
{
	char path[32];
	int ret;

	for (int i = 0; i < NS_KINDS; i++) {
		if (!ns_joined_by_monitor(r->spec, i))
			continue;
		snprintf(path, sizeof(path), "self/ns/%s", kinds[i].file);
		r->host_ns[i] = openat(r->proc, path, O_RDONLY | O_CLOEXEC);
		if (r->host_ns[i] < 0)
			return err_sys(e, "%s: remember the host's namespace", kinds[i].name);
		ret = str_starts(r->spec->ns[i].path, of_container) ?
			      ns_enter_container(r, r->spec->ns[i].path + strlen(of_container), e) :
			      ns_enter_path(r->spec->ns[i].path, kinds[i].flag, kinds[i].name, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int ns_return(struct run *r, struct err *e)
{
	for (int i = 0; i < NS_KINDS; i++) {
		if (i == NS_MOUNT || r->host_ns[i] < 0)
			continue;
		if (setns(r->host_ns[i], (int)kinds[i].flag) < 0)
			return err_sys(e, "%s: come back to the host's namespace", kinds[i].name);
		fd_close(&r->host_ns[i]);
	}
	return 0;
}

/* --- steps: init ----------------------------------------------------------------------- */

int ns_join_user(struct run *r, struct err *e)
{
	return ns_enter_path(r->spec->ns[NS_USER].path, CLONE_NEWUSER, "ns.user", e);
}

int ns_unshare(struct run *r, struct err *e)
{
	static const enum ns_kind late[] = { NS_NET, NS_IPC, NS_UTS };
	uint64_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		if (r->spec->ns[late[i]].how == NS_NEW)
			flags |= kinds[late[i]].flag;
	if (flags && unshare((int)flags) < 0)
		return err_sys(e, "make namespaces (%s%s%s )", flags & CLONE_NEWNET ? " net" : "",
			       flags & CLONE_NEWIPC ? " ipc" : "",
			       flags & CLONE_NEWUTS ? " uts" : "");
	return 0;
}

int ns_cgroup(struct run *r, struct err *e)
{
	if (r->spec->ns[NS_CGROUP].how == NS_NEW && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(e, "make a cgroup namespace");
	return 0;
}

int ns_mount(struct run *r, struct err *e)
{
	(void)r;
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "make a mount namespace");
	/* Our root was moved to the container's by the monitor's pivot_root; our working directory
	 * may still be one of the host's. */
	if (chdir("/") < 0)
		return err_sys(e, "enter the root file system");
	return 0;
}

/* --- observe --------------------------------------------------------------------------- */

static int ns_observe(const struct look *l, struct spec *seen, struct err *e)
{
	for (int i = 0; i < NS_KINDS; i++) {
		bool shared;
		int ret = look_shares(l, kinds[i].file, &shared);

		if (ret < 0) {
			errno = -ret;
			return err_sys(e, "compare the %s namespace of process %d with ours",
				       kinds[i].file, (int)l->pid);
		}
		seen->ns[i].how = shared ? NS_HOST : NS_NEW;
	}
	return 0;
}

/* A namespace asked to be new must not be the host's. (A joined one may be any.) */
static int ns_verify(const struct run *r, const struct look *l, const struct spec *seen,
		     struct err *e)
{
	(void)l;
	for (int i = 0; i < NS_KINDS; i++)
		if (r->spec->ns[i].how == NS_NEW && seen->ns[i].how != NS_NEW)
			return err_msg(e, EPROTO, "%s: asked new, the kernel shows the host's",
				       kinds[i].name);
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool own_user(const struct spec *s)
{
	return s->ns[NS_USER].how != NS_HOST;
}

static bool own_all(const struct spec *s)
{
	for (int i = 0; i < NS_KINDS; i++)
		if (i != NS_USER && s->ns[i].how == NS_HOST)
			return false;
	return true;
}

static const struct rule rules[] = {
	{ "ns.user", own_user, "root here is nobody on the host",
	  "no user namespace: root here is root on the host" },
	{ "ns.others", own_all, "no namespace is shared with the host",
	  "a namespace is shared with the host" },
};

static void ns_summary(const struct spec *seen, struct str *out)
{
	const char *between = "";

	str_add(out, "own ");
	for (int i = 0; i < NS_KINDS; i++) {
		if (seen->ns[i].how == NS_HOST)
			continue;
		str_addf(out, "%s%s", between, kinds[i].file);
		between = " ";
	}
	between = "; host's ";
	for (int i = 0; i < NS_KINDS; i++) {
		if (seen->ns[i].how != NS_HOST)
			continue;
		str_addf(out, "%s%s", between, kinds[i].file);
		between = " ";
	}
}

const struct wall wall_ns = {
	.name = "ns",
	.stops = "seeing and touching the host's processes, mounts, network, IPC and names",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = ns_check,
	.settled = SETTLED_MOUNTED,
	.traces = true,
	.observe = ns_observe,
	.verify = ns_verify,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = ns_summary,
};
