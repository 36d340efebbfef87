/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-checkconfig: does this kernel have what containers need? Asked of the kernel that runs, not of
 * a file that says how it was once configured. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "lxc/tool.h"

/* --- questions --------------------------------------------------------------------------------- */

static bool has_file(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool has_line(const char *file, const char *word)
{
	autostr text = { 0 };

	return file_read(AT_FDCWD, file, 1 << 20, &text) == 0 && strstr(str_text(&text), word);
}

static bool has_filesystem(const char *name)
{
	autostr line = { 0 };

	str_addf(&line, "\t%s\n", name);
	return has_line("/proc/filesystems", str_text(&line));
}

static bool has_controller(const char *name)
{
	autostr v1 = { 0 };

	str_addf(&v1, "\n%s\t", name);
	return has_line("/proc/cgroups", str_text(&v1)) ||
	       has_line("/sys/fs/cgroup/cgroup.controllers", name);
}

/* Make an interface of this kind in a network namespace that ends with the child. */
static bool has_link(const char *kind)
{
	struct err e = ERR_NONE;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct ifinfomsg head = { 0 };
		struct nl_batch b;
		size_t info;
		int nl;

		if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(1);
		nl = nl_open(NETLINK_ROUTE, &e);
		nl_begin(&b);
		nl_request(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head),
			   "make a %s", kind);
		/* What needs a link below it answers EINVAL; what is not there, EOPNOTSUPP. */
		nl_put_u32(&b, IFLA_LINK, 1);
		info = nl_nest(&b, IFLA_LINKINFO);
		nl_put_text(&b, IFLA_INFO_KIND, kind);
		nl_nest_end(&b, info);
		_exit(nl >= 0 && nl_send(nl, &b, &e) == -EOPNOTSUPP);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

static bool has_lsm(const char *name)
{
	return has_line("/sys/kernel/security/lsm", name);
}

static bool has_namespace(const char *name)
{
	autostr path = { 0 };

	str_addf(&path, "/proc/self/ns/%s", name);
	return has_file(str_text(&path));
}

/* --- answers ----------------------------------------------------------------------------------- */

static const struct check {
	const char *section; /* of the first row of one */
	const char *label;
	bool (*has)(const char *what);
	const char *what;
	bool required;
} checks[] = {
	{ "Namespaces", "Mount namespace", has_namespace, "mnt", true },
	{ NULL, "Utsname namespace", has_namespace, "uts", true },
	{ NULL, "Ipc namespace", has_namespace, "ipc", true },
	{ NULL, "Pid namespace", has_namespace, "pid", true },
	{ NULL, "User namespace", has_namespace, "user", true },
	{ NULL, "Network namespace", has_namespace, "net", true },
	{ NULL, "Cgroup namespace", has_namespace, "cgroup", true },
	{ NULL, "Time namespace", has_namespace, "time", false },
	{ "Control groups", "Cgroup v2", has_filesystem, "cgroup2", false },
	{ NULL, "Cgroup v1", has_filesystem, "cgroup", false },
	{ NULL, "Cgroup cpu", has_controller, "cpu", true },
	{ NULL, "Cgroup cpuset", has_controller, "cpuset", false },
	{ NULL, "Cgroup memory", has_controller, "memory", true },
	{ NULL, "Cgroup pids", has_controller, "pids", true },
	{ "Misc", "Seccomp filter", has_file, "/proc/sys/kernel/seccomp/actions_avail", true },
	{ NULL, "Veth pair device", has_link, "veth", true },
	{ NULL, "Bridges", has_link, "bridge", true },
	{ NULL, "Macvlan", has_link, "macvlan", false },
	{ NULL, "Ipvlan", has_link, "ipvlan", false },
	{ NULL, "Vlan", has_link, "vlan", false },
	{ NULL, "Overlay file system", has_filesystem, "overlay", false },
	{ NULL, "Fuse file system", has_filesystem, "fuse", false },
	{ NULL, "Packet filter", has_file, "/proc/net/netfilter", false },
	{ NULL, "Landlock", has_lsm, "landlock", false },
	{ "Checkpoint/Restore", "Children of a process", has_file, "/proc/self/task", false },
	{ NULL, "Pages since a checkpoint", has_file, "/proc/self/clear_refs", false },
};

static void say(const struct check *c, bool has, bool color, struct str *out)
{
	const char *word = has ? "enabled" : c->required ? "required" : "missing";
	const char *paint = has ? "\033[1;32m" : c->required ? "\033[1;31m" : "\033[1;33m";

	if (c->section)
		str_addf(out, "\n--- %s ---\n", c->section);
	str_addf(out, "%s: %s%s%s\n", c->label, color ? paint : "", word,
		 color ? "\033[0;39m" : "");
}

static int checkconfig_run(void *args, int argc, char **argv)
{
	struct tool_args *a = args;
	autostr text = { 0 };
	struct json_out j;
	struct utsname kernel;

	(void)argc;
	(void)argv;
	uname(&kernel);
	json_start(&j, &text, JSON_INDENT);
	if (a->json)
		json_open_object(&j, NULL);
	else
		str_addf(&text, "LXC version %s\nKernel %s\n", lxc_get_version(), kernel.release);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (a->json)
			json_put_bool(&j, checks[i].label, checks[i].has(checks[i].what));
		else
			say(&checks[i], checks[i].has(checks[i].what), isatty(STDOUT_FILENO),
			    &text);
	}
	if (a->json) {
		json_close(&j);
		return tool_print_json(a, &j, &text);
	}
	str_add(&text, "\n`ward check` says what is lost without each, and how to mend it.\n");
	return tool_print(a, &text);
}

const struct tool tool_checkconfig = {
	.name = "lxc-checkconfig",
	.doc = "Say which of the kernel's features that containers need are there.",
	.size = sizeof(struct tool_args),
	.lists = true,
	.run = checkconfig_run,
};
