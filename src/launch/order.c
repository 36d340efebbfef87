/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which a container comes to be: one table, two processes.
 *
 * The monitor (host side) and init (inside) walk the same table and run their own rows; rows
 * whose name begins with > send a message, rows with < wait for it. On failure, and at the end
 * of the container, the monitor runs the undo of its rows in reverse. */
#include "launch/control.h"
#include "launch/init.h"
#include "launch/keeper.h"
#include "launch/launch.h"
#include "launch/lower.h"
#include "launch/outer.h"
#include "launch/posture.h"
#include "launch/stdio.h"

#include "base/mem.h"
#include "wall/apparmor.h"
#include "wall/caps.h"
#include "wall/cgroup.h"
#include "wall/cred.h"
#include "wall/dev.h"
#include "wall/device.h"
#include "wall/idmap.h"
#include "wall/keyring.h"
#include "wall/landlock.h"
#include "wall/mount.h"
#include "wall/net.h"
#include "wall/net_user.h"
#include "wall/ns.h"
#include "wall/proc.h"
#include "wall/rlimit.h"
#include "wall/rootfs.h"
#include "wall/seccomp.h"
#include "wall/selinux.h"
#include "wall/stage.h"
#include "wall/time.h"
#include "wall/ucount.h"
#include "wall/uts.h"

#define M .side = MONITOR
#define I .side = INIT

/* clang-format off */
static const struct row rows[] = {
	/* All that can fail without a process fails first. */
	{ M, "prepare", "user.outer", outer_enter, NULL, NEED_ROOTLESS,
	  .why = "every later row is then as for root" },
	{ M, NULL, "store.claim", launch_claim, launch_drop,
	  .why = "one owner per name, and a place that names what to clean up" },
	{ M, NULL, "stdio.prepare", stdio_prepare, stdio_close,
	  .why = "init must never hold the caller's terminal or sockets" },
	{ M, NULL, "idmap.take", idmap_take, idmap_release, NEED_USERNS,
	  .why = "the ids decide who owns what is made from here on",
	  .lost = "ids that nobody else on the host has" },
	{ M, NULL, "state.creating", launch_state, NULL,
	  .why = "a killed monitor's remains are found through it" },
	{ M, NULL, "net.prepare", net_prepare, net_forget, NEED_NET,
	  .why = "names and addresses are written down before anything is made" },
	{ M, NULL, "net.texts", net_texts, NULL, NEED_NET_FILES },
	{ M, NULL, "cgroup.create", cgroup_create, cgroup_remove, NEED_CGROUP,
	  .why = "the v2 directory, into which init is cloned" },
	{ M, NULL, "seccomp.compile", seccomp_compile, NULL, NEED_FILTER,
	  .why = "bytes, so that init needs no library",
	  .lost = "the filter of system calls" },
	{ M, NULL, "ns.join", ns_join, NULL,
	  .why = "a new user namespace has no power over given namespaces, so the clone is born in them" },
	{ M, NULL, "time.unshare", time_unshare, NULL,
	  .why = "clocks are set before the first process enters the namespace" },

	/* The mount tree is built by the host side: what it attaches, the payload cannot undo. */
	{ M, "spawn", "stage.enter", stage_enter, launch_leave,
	  .why = "init starts in it, and copies it when it is complete" },
	{ M, NULL, "spawn", spawn, spawn_kill,
	  .why = "before the mounts: they are id-mapped through its user namespace" },
	{ I, NULL, "init.bind", init_bind, .why = "a killed monitor leaves no container" },
	{ I, NULL, "ns.join_user", ns_join_user, NULL, NEED_JOIN_USER,
	  .why = "it owns the namespaces that come next" },
	{ I, NULL, "ns.unshare", ns_unshare,
	  .why = "the slow network namespace is made beside the monitor's work" },
	{ M, NULL, "ns.return", ns_return, NULL, NEED_ROOT, .why = "the clone is done" },
	{ M, NULL, "time.return", time_return, NULL, NEED_ROOT, .why = "the clone is done" },
	{ M, NULL, "cgroup.limit", cgroup_limit, NULL, NEED_CGROUP,
	  .why = "before init runs anything that is not ours; beside its unshare",
	  .lost = "limits of memory, processes, cpu and io (delegate a cgroup to have them)" },
	{ M, NULL, "idmap.write", idmap_write, NULL, NEED_USERNS,
	  .why = "only a process outside may write a range" },
	{ M, NULL, "rlimit.set", rlimit_set, .why = "from outside; inherited by all that init starts" },
	{ M, NULL, "rlimit.oom", rlimit_oom, .why = "from outside, like rlimit.set" },
	{ M, NULL, "> mapped", send_mapped },

	{ I, "enter", "< mapped", wait_mapped },
	{ I, NULL, "cgroup.join", cgroup_join, NULL, NEED_CGROUP,
	  .why = "itself: moving another process would wait for an RCU grace period" },
	{ I, NULL, "ns.cgroup", ns_cgroup, .why = "its roots are the cgroups it is in at that moment" },
	{ I, NULL, "idmap.root", idmap_root, NULL, NEED_USERNS,
	  .why = "what is set up next asks for root of the user namespace" },
	{ I, NULL, "init.bind", init_bind, .why = "changing credentials cleared the parent-death signal" },
	{ I, NULL, "keyring.new", keyring_new, NULL, NEED_KEYRING,
	  .why = "the caller's session keyring is inherited until then",
	  .lost = "the caller's keys stay out of reach" },
	{ I, NULL, "uts.set", uts_set },
	{ I, NULL, "net.loopback", net_loopback, NULL, NEED_NEW_NET },
	{ I, NULL, "net.inside", net_inside, NULL, NEED_NET,
	  .why = "what devices begin with, before there are any" },
	{ I, NULL, "proc.sysctl", proc_sysctl, .why = "as root of the namespaces they belong to" },
	{ I, NULL, "> entered", send_entered },

	{ M, "mount", "rootfs.stage", rootfs_stage },
	{ M, NULL, "cred.resolve", cred_resolve, .why = "names are the container's, in its own /etc/passwd" },
	{ M, NULL, "dev.stage", dev_stage, dev_ttys_close },
	{ M, NULL, "proc.masks", proc_masks, .why = "a quarry for masks, which /dev/mqueue will cover" },
	{ M, NULL, "mount.open", mount_open, mount_close, .why = "while paths of the host can be named" },
	{ M, NULL, "device.load", device_load, NULL, NEED_CGROUP,
	  .why = "before init runs anything that is not ours, and while it makes its network namespace",
	  .lost = "the list of devices that may be opened" },
	{ M, NULL, "state.save", launch_save, .why = "while init makes its network namespace" },
	{ M, NULL, "stage.pivot", stage_pivot, NULL, NEED_ROOT,
	  .why = "while init is still busy: it then copies the container and nothing else" },
	{ M, NULL, "< entered", wait_entered },
	{ M, NULL, "net.user", net_user_start, net_user_stop, NEED_NET_USER,
	  .why = "slow, so as early as there is a network namespace; the host's programs can still be named" },
	{ M, NULL, "net.make", net_make, net_unmake, NEED_NET,
	  .why = "slow, so a child does it while we mount" },
	{ M, NULL, "net.made", net_made, NULL, NEED_ROOTLESS | NEED_NET, .why = "before it is verified" },
	{ M, NULL, "verify.entered", posture_entered, NULL, NEED_ROOTLESS,
	  .why = "while our own /proc can still be named" },
	{ M, NULL, "proc.stage", proc_stage,
	  .why = "instances show the namespaces of init, which it must have entered" },
	{ M, NULL, "stage.pivot", stage_pivot, NULL, NEED_ROOTLESS,
	  .why = "only now: a user namespace may mount /proc only where it sees one" },
	{ M, NULL, "mount.stage", mount_stage, .why = "volumes may lie on top of /proc, /sys and /dev" },
	{ M, NULL, "proc.mask", proc_mask, .why = "after everything that could lie over a masked path" },
	{ M, NULL, "net.files", net_files, NULL, NEED_NET_FILES, .why = "as proc.mask, over files of the image" },
	{ M, NULL, "dev.seal", dev_seal, .why = "nothing more is made in it" },
	{ M, NULL, "rootfs.seal", rootfs_seal, .why = "nothing more is made in it" },
	{ M, NULL, "net.user.wait", net_user_wait, NULL, NEED_NET_USER,
	  .why = "pasta has made its own namespaces, which ucount.set would forbid" },
	{ M, NULL, "> staged", send_staged },
	{ M, NULL, "stage.leave", stage_leave, NULL, NEED_ROOT,
	  .why = "or we keep the container's mounts alive (a user namespace offers no way back)" },
	{ M, NULL, "stage.close", stage_close },
	{ M, NULL, "net.made", net_made, NULL, NEED_ROOT | NEED_NET, .why = "while init seals itself" },
	{ M, NULL, "net.up", net_up, NULL, NEED_NET, .why = "scripts of the host, now that we see it again" },
	{ M, NULL, "control.listen", control_listen, .why = "while init seals itself" },
	{ M, NULL, "verify.entered", posture_entered, NULL, NEED_ROOT,
	  .why = "while init seals itself" },
	{ M, NULL, "< mounted", wait_mounted },
	{ M, NULL, "verify.mounted", posture_mounted, .why = "while init seals itself" },

	{ I, "root", "ucount.set", ucount_set, NULL, NEED_USERNS | NEED_NO_NET_USER,
	  .why = "while the monitor mounts; only the mount namespace is still to be made",
	  .lost = "limits of inotify, namespaces and fanotify" },
	{ I, NULL, "< staged", wait_staged },
	{ I, NULL, "ucount.set", ucount_set, NULL, NEED_USERNS | NEED_NET_USER,
	  .why = "only now: pasta's namespaces are counted in ours" },
	{ I, NULL, "ns.mount", ns_mount, .why = "copying into a namespace of our user namespace locks every mount" },

	{ I, NULL, "> mounted", send_mounted },

	{ I, "seal", "apparmor.exec", apparmor_exec,
	  .why = "before no_new_privs forbids transitions and the host's /proc is closed" },
	{ I, NULL, "selinux.exec", selinux_exec, .why = "like apparmor.exec" },
	{ I, NULL, "init.stdio", init_stdio },
	{ I, NULL, "init.close", init_close, .why = "a host descriptor would be a way out (CVE-2024-21626)" },
	{ I, NULL, "init.scrub", init_scrub, .why = "pid 1 keeps this memory: the caller's environment must not be in it" },
	{ I, NULL, "init.sched", init_sched, .why = "a caller's real-time priority is not the container's" },
	{ I, NULL, "init.cwd", init_cwd, .why = "with no host descriptor left to lead it astray" },
	{ I, NULL, "caps.bound", caps_bound, .why = "needs CAP_SETPCAP: before the uid change" },
	{ I, NULL, "cred.user", cred_user },
	{ I, NULL, "init.bind", init_bind, .why = "changing credentials cleared the parent-death signal" },
	{ I, NULL, "caps.set", caps_set },
	{ I, NULL, "caps.nnp", caps_nnp },
	{ I, NULL, "landlock.apply", landlock_apply, NULL, NEED_LANDLOCK, .why = "needs no_new_privs",
	  .lost = "the second wall around what may be written" },
	{ I, NULL, "seccomp.load", seccomp_load, NULL, NEED_FILTER,
	  .why = "last: it may forbid every call above",
	  .lost = "the filter of system calls" },
	{ I, NULL, "init.show", init_show, NULL, NEED_ROOTLESS,
	  .why = "an ordinary user may otherwise neither verify nor enter his own container" },
	{ I, NULL, "> sealed", send_sealed },

	{ M, "verify", "< sealed", wait_sealed },
	{ M, NULL, "verify.sealed", posture_sealed, .why = "what could not be built must not run" },
	{ M, NULL, "verify.tell", posture_tell, .why = "before the program's own words" },
	{ M, NULL, "> go", send_go },

	{ I, "start", "init.reaper", init_reaper, NULL, NEED_REAPER,
	  .why = "sealed like the payload, it forwards signals and reaps orphans",
	  .lost = "default signals for the program, which is pid 1 itself" },
	{ I, NULL, "< go", wait_go },
	{ I, NULL, "init.terminal", init_terminal, NULL, NEED_TERMINAL },
	{ I, NULL, "exec", init_exec, .why = "the socket closes on exec: end of file means it worked" },
	{ M, NULL, "net.keeper", keeper_start, keeper_end, NEED_NET_KEEPER,
	  .why = "the lowered monitor could not take away what a namespace's end leaves" },
	{ M, NULL, "net.close", net_close, NULL, NEED_NET,
	  .why = "our sockets would keep the container's network namespace" },
	{ M, NULL, "state.running", launch_running },
	{ M, NULL, "monitor.lower", lower_monitor, .why = "nothing that needs privilege is left to do" },
	{ M, NULL, "stage.drop", stage_drop, .why = "when nobody waits for us: the kernel takes its time" },
	{ M, NULL, "< exec", wait_exec },
};
/* clang-format on */

const struct order order_start = { rows, ARRAY_SIZE(rows) };
