/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward check: the doctor. What ward uses of this host, what is lost where it is not there, and
 * how to get it. */
#include "cmd/check.h"

#include <errno.h>
#include <limits.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "launch/host.h"

#define SYSCTL(path_, min_, max_)                                                                  \
	.name = path_, .probe = check_sysctl, .of = path_, .min = min_, .max = max_

/* Root has what the kernel has; a user what his service manager passes on. */
#define DELEGATE                                                                                   \
	"where it is not delegated: systemctl edit user@.service, and in [Service] "               \
	"Delegate=pids memory cpu cpuset io; it counts from the next login"

static const struct check checks[] = {
	{ .name = "kernel", .probe = check_version,
	  .lost = "everything: ward builds on id-mapped mounts, clone into a cgroup and openat2",
	  .fix = "run Linux 5.15 or later" },
	{ .name = "user namespaces", .probe = check_userns,
	  .lost = "every profile but privileged: root inside would be root of the host",
	  .fix = "CONFIG_USER_NS=y; see the sysctls below; inside another container, ask its runtime" },
	{ .name = "namespaces", .probe = check_namespaces,
	  .lost = "a view of its own for the container",
	  .fix = "CONFIG_NAMESPACES=y and CONFIG_{PID,NET,IPC,UTS,CGROUP}_NS=y" },
	{ .name = "time namespace", .probe = check_time,
	  .lost = "clocks of its own: the container sees the host's uptime",
	  .fix = "CONFIG_TIME_NS=y" },
	{ .name = "mount api", .probe = check_mount_api, .lost = "every mount that ward makes",
	  .fix = "Linux 5.12 or later; a seccomp filter around ward may refuse it" },
	{ .name = "openat2", .probe = check_openat2,
	  .lost = "safe paths in a root file system that somebody else controls",
	  .fix = "a seccomp filter around ward refuses it: update that container engine" },
	{ .name = "clone3", .probe = check_clone3, .lost = "the clone itself",
	  .fix = "a seccomp filter around ward refuses it: update that container engine" },
	{ .name = "id-mapped mounts", .probe = check_idmap,
	  .lost = "one image for every range of ids: root file systems must belong to the ids that "
		  "the container has",
	  .fix = "run ward as root, with images on ext4, xfs or btrfs (from Linux 5.19 also erofs, from "
		 "6.3 also tmpfs)" },
	{ .name = "overlay", .probe = check_overlay, .lost = "root file systems made of layers",
	  .fix = "modprobe overlay, or CONFIG_OVERLAY_FS=y" },
	{ .name = "seccomp", .probe = check_seccomp, .lost = "the filter of system calls",
	  .fix = "CONFIG_SECCOMP_FILTER=y" },
	{ .name = "landlock", .probe = check_landlock,
	  .lost = "a second wall around what may be written",
	  .fix = "CONFIG_SECURITY_LANDLOCK=y, and landlock in the kernel's lsm= list" },
	{ .name = "security modules", .probe = check_lsm,
	  .lost = "mandatory access control: a wall that does not depend on ids and mounts",
	  .fix = "add apparmor or selinux to the kernel's lsm= list and load a policy" },

	{ .name = "cgroups", .probe = check_cgroups, .lost = "all limits but rlimits and counts",
	  .fix = "mount cgroup2 at /sys/fs/cgroup" },
	{ .name = "cgroup pids", .probe = check_controller, .of = "pids",
	  .lost = "pids.max: a fork bomb is stopped by rlimit.nproc only",
	  .fix = "CONFIG_CGROUP_PIDS=y; " DELEGATE },
	{ .name = "cgroup memory", .probe = check_controller, .of = "memory",
	  .lost = "memory.max and memory.swap: a container can use up the memory of the host",
	  .fix = "boot with cgroup_enable=memory; " DELEGATE },
	{ .name = "cgroup cpu", .probe = check_controller, .of = "cpu",
	  .lost = "cpu.weight and cpu.max",
	  .fix = "CONFIG_CGROUP_SCHED=y, CONFIG_CFS_BANDWIDTH=y; " DELEGATE },
	{ .name = "cgroup io", .probe = check_controller, .of = "io",
	  .lost = "io.weight and io.max", .fix = "CONFIG_BLK_CGROUP=y; " DELEGATE },
	{ .name = "cgroup cpuset", .probe = check_controller, .of = "cpuset",
	  .lost = "cpuset.cpus and cpuset.mems", .fix = "CONFIG_CPUSETS=y; " DELEGATE },
	{ .name = "swap accounting", .probe = check_swap,
	  .lost = "memory.swap: what memory.max forbids goes to the swap of the host instead",
	  .fix = "boot with swapaccount=1" },
	{ .name = "device rules", .probe = check_devices,
	  .lost = "device.rule: what may be opened is decided by the nodes in /dev alone",
	  .fix = "run ward as root; CONFIG_CGROUP_BPF=y, or the v1 controller devices" },
	{ .name = "delegation", .probe = check_delegation,
	  .lost = "limits by cgroup: rlimits and counts per user namespace remain",
	  .fix = "systemd-run --user --scope -p Delegate=yes ward ..., or Delegate=yes for "
		 "user@.service" },

	{ .name = "id ranges", .probe = check_ids,
	  .lost = "a range of ids: the container has a single one",
	  .fix = "usermod --add-subuids 100000-231071 --add-subgids 100000-231071 USER" },
	{ .name = "newuidmap", .probe = check_newuidmap,
	  .lost = "a range of ids: the container has a single one",
	  .fix = "install uidmap (newuidmap and newgidmap, set-user-id root)" },
	{ .name = "state directory", .probe = check_state_dir, .lost = "names, states and ids of "
								      "containers",
	  .fix = "log in with a session (XDG_RUNTIME_DIR), or set WARD_RUN_DIR and WARD_LIB_DIR" },

	{ .name = "kinds of network devices", .probe = check_links,
	  .lost = "the kinds that are missing; without bridge and veth the networks of `ward net`",
	  .fix = "modprobe bridge veth, or CONFIG_BRIDGE=y, CONFIG_VETH=y" },
	{ .name = "nft", .probe = check_program, .of = "nft",
	  .lost = "networks (`ward net`, --net veth): they do not come up without a packet filter",
	  .fix = "install the package nftables" },
	{ .name = "dnsmasq", .probe = check_program, .of = "dnsmasq",
	  .lost = "names and DHCP in networks; addresses and routes are there without it",
	  .fix = "install the package dnsmasq-base" },
	{ .name = "forwarding", .probe = check_forwarding, .lost = "nothing", .fix = "nothing" },
	{ .name = "other firewalls", .probe = check_firewalls,
	  .lost = "packets that ward's networks let pass and that chain does not know",
	  .fix = "in that chain: iifname \"ward0\" accept, and oifname \"ward0\" accept" },

	{ SYSCTL("user.max_user_namespaces", 64, LONG_MAX), .absent_is_bad = true,
	  .lost = "containers, beyond that number", .fix = "sysctl user.max_user_namespaces=15000" },
	{ SYSCTL("kernel.unprivileged_userns_clone", 1, 1), .users_only = true,
	  .lost = "containers of ordinary users", .fix = "sysctl kernel.unprivileged_userns_clone=1, or "
							 "run ward as root" },
	{ SYSCTL("kernel.apparmor_restrict_unprivileged_userns", 0, 0), .users_only = true,
	  .lost = "containers of ordinary users",
	  .fix = "an AppArmor profile for ward with the rule userns, or run ward as root" },
	{ .name = "kernel.core_pattern", .probe = check_core_pattern,
	  .lost = "a crash in a container starts a helper as root of the host, on data that the "
		  "container chose; ward's limit rlimit.core does not keep it from starting",
	  .fix = "sysctl kernel.core_pattern=core, unless the helper is made for it" },
	{ SYSCTL("dev.tty.legacy_tiocsti", 0, 0), .absent_is_bad = true,
	  .lost = "a program that is given your terminal can type into it (ward gives none of yours)",
	  .fix = "sysctl dev.tty.legacy_tiocsti=0 (Linux 6.2)" },
	{ SYSCTL("kernel.io_uring_disabled", 1, 2), .absent_is_bad = true,
	  .lost = "io_uring is open to every user of the host (in a container only behind its gate)",
	  .fix = "sysctl kernel.io_uring_disabled=2 (Linux 6.6)" },
	{ SYSCTL("kernel.unprivileged_bpf_disabled", 1, 2),
	  .lost = "the BPF verifier is open to every user of the host",
	  .fix = "sysctl kernel.unprivileged_bpf_disabled=2" },
	{ SYSCTL("kernel.perf_event_paranoid", 2, 4),
	  .lost = "every user can measure the kernel", .fix = "sysctl kernel.perf_event_paranoid=2" },
	{ SYSCTL("kernel.kptr_restrict", 1, 2),
	  .lost = "kernel addresses can be read, which exploits need",
	  .fix = "sysctl kernel.kptr_restrict=1" },
	{ SYSCTL("kernel.dmesg_restrict", 1, 1),
	  .lost = "every user can read the kernel's log", .fix = "sysctl kernel.dmesg_restrict=1" },
	{ SYSCTL("vm.unprivileged_userfaultfd", 0, 0),
	  .lost = "every user can stall the kernel at a page fault, which exploits need",
	  .fix = "sysctl vm.unprivileged_userfaultfd=0" },
	{ SYSCTL("fs.protected_symlinks", 1, 1),
	  .lost = "links in /tmp can lead programs of other users astray",
	  .fix = "sysctl fs.protected_symlinks=1" },
	{ SYSCTL("fs.protected_hardlinks", 1, 1),
	  .lost = "any user can keep links to set-user-id files that were updated",
	  .fix = "sysctl fs.protected_hardlinks=1" },
};

static const char *const state_words[] = {
	[CHECK_OK] = "ok", [CHECK_WARN] = "warn", [CHECK_MISSING] = "missing"
};

struct args {
	bool json;
};

static const struct opt opts[] = {
	{ .name = "json", .take = opt_true, .at = offsetof(struct args, json), .doc = "print JSON" },
	{ 0 }
};

/* --- reports ----------------------------------------------------------------------------- */

enum { STATE_COLUMN = 46, FOUND_COLUMN = 54 };

static void row_text(const struct check *c, enum check_state state, const char *found,
		     struct str *out)
{
	str_addf(out, "%-*s%-*s%s\n", STATE_COLUMN, c->name, FOUND_COLUMN - STATE_COLUMN,
		 state_words[state], found);
	if (state == CHECK_OK)
		return;
	str_add(out, "        lost: ");
	opt_wrap(c->lost, 14, out);
	str_add(out, "\n        fix:  ");
	opt_wrap(c->fix, 14, out);
	str_add(out, "\n");
}

static void row_json(const struct check *c, enum check_state state, const char *found,
		     struct json_out *j)
{
	json_open_object(j, NULL);
	json_put_string(j, "name", c->name);
	json_put_string(j, "state", state_words[state]);
	json_put_string(j, "found", found);
	json_put_string(j, "lost", state == CHECK_OK ? NULL : c->lost);
	json_put_string(j, "fix", state == CHECK_OK ? NULL : c->fix);
	json_close(j);
}

/* Every row once, into one of the two. */
static void all_rows(const struct host *h, struct json_out *j, struct str *text, size_t count[3])
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		autostr found = { 0 };
		enum check_state state = checks[i].probe(&checks[i], h, &found);

		count[state]++;
		if (j)
			row_json(&checks[i], state, str_text(&found), j);
		else
			row_text(&checks[i], state, str_text(&found), text);
	}
}

static void report_json(const struct host *h, size_t count[3], struct str *out)
{
	struct json_out j;

	json_start(&j, out, JSON_INDENT);
	json_open_object(&j, NULL);
	json_open_array(&j, "checks");
	all_rows(h, &j, NULL, count);
	json_close(&j);
	json_put_bool(&j, "usable", !count[CHECK_MISSING]);
	json_close(&j);
	out->failed |= json_finish(&j) < 0;
}

static void report_text(const struct host *h, size_t count[3], struct str *out)
{
	all_rows(h, NULL, out, count);
	str_addf(out, "\nward can%s run here%s: %zu ok, %zu warnings, %zu missing\n",
		 count[CHECK_MISSING] ? "not" : "", h->privileged ? "" : " for this user",
		 count[CHECK_OK], count[CHECK_WARN], count[CHECK_MISSING]);
}

static int check_run(int argc, char **argv)
{
	struct host h = { 0 };
	struct args args = { 0 };
	struct err e = ERR_NONE;
	size_t count[3] = { 0 };
	autostr out = { 0 };
	int first, status;

	if (!cmd_parse(&cmd_check, argc, argv, &args, &first, &status))
		return status;
	if (first < argc)
		return cmd_refused(&cmd_check, err_msg(&e, EINVAL, "check takes no operands"), &e);
	host_look(&h, &e); /* what it refuses, the first row says */
	(args.json ? report_json : report_text)(&h, count, &out);
	status = cmd_print(&out);
	return status == CMD_OK && count[CHECK_MISSING] ? CMD_FAILED : status;
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "say what this machine offers, what is lost where it does not, and how to mend it",
	.details = "Each line is ok, warn (ward runs, something is lost) or missing (ward cannot "
		   "run). The exit status is 0 if ward can run.",
	.opts = opts,
	.run = check_run,
};
