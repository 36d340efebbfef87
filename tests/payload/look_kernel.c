/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes of system calls: namespaces, other processes, keys, and what only an administrator
 * should reach. Arguments are chosen so that a call that is let through changes nothing. */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/sys.h"

#define NONE(argc, argv) ((void)(argc), (void)(argv))

/* --- namespaces ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	int flag;
} ns_flags[] = {
	{ "user", CLONE_NEWUSER },     { "mnt", CLONE_NEWNS },	  { "pid", CLONE_NEWPID },
	{ "net", CLONE_NEWNET },       { "ipc", CLONE_NEWIPC },	  { "uts", CLONE_NEWUTS },
	{ "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME }, { "files", CLONE_FILES },
};

static int flags_of(int argc, char **argv)
{
	int flags = 0;

	for (int i = 0; i < argc; i++) {
		for (size_t j = 0; j < sizeof(ns_flags) / sizeof(ns_flags[0]); j++) {
			if (!strcmp(ns_flags[j].name, argv[i]))
				flags |= ns_flags[j].flag;
		}
	}
	return flags;
}

static int do_unshare(int argc, char **argv)
{
	return errno_of(unshare(flags_of(argc, argv)));
}

/* The oldest way in: the flags of clone(2). */
static int do_clone(int argc, char **argv)
{
	long pid = syscall(SYS_clone, flags_of(argc, argv) | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static int do_clone3(int argc, char **argv)
{
	struct clone_args args = { .flags = (uint64_t)flags_of(argc, argv),
				   .exit_signal = SIGCHLD };
	long pid = sys_clone3(&args);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static int do_setns(int argc, char **argv)
{
	int fd = open(argc ? argv[0] : "/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : errno_of(setns(fd, 0));
}

static int do_sethostname(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(sethostname(argv[0], strlen(argv[0])));
}

/* --- other processes ------------------------------------------------------------------- */

static int do_ptrace(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(ptrace(PTRACE_SEIZE, (pid_t)number(argv[0]), 0, 0));
}

/* A debugger inside the container, on its own child. */
static int do_ptrace_child(int argc, char **argv)
{
	pid_t pid = fork();
	int result;

	NONE(argc, argv);
	if (pid < 0)
		return errno;
	if (!pid) {
		pause();
		_exit(0);
	}
	result = errno_of(ptrace(PTRACE_SEIZE, pid, 0, 0));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return result;
}

static int do_process_vm(int argc, char **argv)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { &byte, 1 };
	pid_t pid = argc ? (pid_t)number(argv[0]) : getpid();

	return errno_of(process_vm_readv(pid, &mine, 1, &theirs, 1, 0));
}

static int do_kill(int argc, char **argv)
{
	return errno_of(kill((pid_t)number(argv[0]), argc > 1 ? (int)number(argv[1]) : 0));
}

static int do_pidfd_getfd(int argc, char **argv)
{
	int pidfd = sys_pidfd_open((pid_t)number(argv[0]));

	NONE(argc, argv);
	return pidfd < 0 ? errno : errno_of(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

static int do_kcmp(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0));
}

/* --- keys ------------------------------------------------------------------------------ */

static int do_keyctl(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
}

static int do_add_key(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_add_key, "user", argv[0], argv[1], strlen(argv[1]),
				KEY_SPEC_SESSION_KEYRING));
}

/* Print a key of the session keyring: a secret of whoever started us, if it is still his. */
static int do_read_key(int argc, char **argv)
{
	char value[256];
	long key, n;

	NONE(argc, argv);
	key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", argv[0], 0);
	if (key < 0)
		return errno;
	n = syscall(SYS_keyctl, KEYCTL_READ, key, value, sizeof(value));
	if (n < 0)
		return errno;
	printf("%.*s\n", (int)n, value);
	return 0;
}

/* Join a new session keyring, put a secret into it, exec: what a careless caller does. */
static int do_with_key(int argc, char **argv)
{
	NONE(argc, argv);
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) < 0)
		return errno;
	if (syscall(SYS_add_key, "user", argv[0], argv[1], strlen(argv[1]),
		    KEY_SPEC_SESSION_KEYRING) < 0)
		return errno;
	execv(argv[2], argv + 2);
	return errno;
}

static int do_request_key(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_request_key, "user", "look:none", NULL, 0));
}

/* --- large kernel interfaces ----------------------------------------------------------- */

static int do_io_uring(int argc, char **argv)
{
	char params[256] = { 0 };

	NONE(argc, argv);
	return errno_of(syscall(SYS_io_uring_setup, 1, params));
}

static int do_perf(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	NONE(argc, argv);
	return errno_of(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

/* A command that does not exist: EINVAL when it is let through, EPERM when it is not. A real
 * one would be refused by the sysctl kernel.unprivileged_bpf_disabled with EPERM too. */
static int do_bpf(int argc, char **argv)
{
	union bpf_attr attr;

	NONE(argc, argv);
	memset(&attr, 0, sizeof(attr));
	return errno_of(syscall(SYS_bpf, 9999, &attr, sizeof(attr)));
}

static int do_userfaultfd(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
}

static int do_fanotify(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, 0));
}

static int do_vmsplice(int argc, char **argv)
{
	int pipes[2];
	char byte = 0;
	struct iovec one = { &byte, 1 };

	NONE(argc, argv);
	if (pipe(pipes) < 0)
		return errno;
	return errno_of(vmsplice(pipes[1], &one, 1, 0));
}

static int do_modify_ldt(int argc, char **argv)
{
	NONE(argc, argv);
#ifdef SYS_modify_ldt
	char ldt[16];

	return errno_of(syscall(SYS_modify_ldt, 0, ldt, sizeof(ldt)));
#else
	return ENOSYS;
#endif
}

static int do_personality(int argc, char **argv)
{
	unsigned long want = argc ? (unsigned long)number(argv[0]) : READ_IMPLIES_EXEC;

	return errno_of(personality(want));
}

static int do_mempolicy(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_set_mempolicy, 0, NULL, 0));
}

static int do_seccomp(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_seccomp, 2 /* GET_ACTION_AVAIL */, 0, &(uint32_t){ 0 }));
}

/* --- the machine ----------------------------------------------------------------------- */

/* An impossible tick: EPERM when forbidden, EINVAL when it would have been allowed. */
static int do_clock(int argc, char **argv)
{
	struct timex tx = { .modes = ADJ_TICK, .tick = 1 };

	NONE(argc, argv);
	return errno_of(adjtimex(&tx));
}

static int do_clock_settime(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_clock_settime, 0, NULL));
}

static int do_reboot_cad(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
				LINUX_REBOOT_CMD_CAD_OFF, NULL));
}

static int do_kexec(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static int do_module(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_init_module, NULL, 0, NULL));
}

static int do_finit_module(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_finit_module, -1, "", 0));
}

static int do_swapon(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_swapon, "/nothing", 0));
}

static int do_acct(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_acct, "/nothing"));
}

static int do_quotactl(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_quotactl, 0x80000700, "/dev/none", 0, NULL));
}

static int do_syslog(int argc, char **argv)
{
	char buffer[16];

	NONE(argc, argv);
	return errno_of(syscall(SYS_syslog, 3 /* READ_ALL */, buffer, sizeof(buffer)));
}

static int do_iopl(int argc, char **argv)
{
	NONE(argc, argv);
#ifdef SYS_iopl
	return errno_of(syscall(SYS_iopl, 3));
#else
	return ENOSYS;
#endif
}

static int do_vhangup(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_vhangup));
}

static int do_syscall(int argc, char **argv)
{
	long a[4] = { 0 };

	for (int i = 1; i < argc && i < 5; i++)
		a[i - 1] = number(argv[i]);
	return errno_of(syscall(number(argv[0]), a[0], a[1], a[2], a[3]));
}

/* --- priorities and credentials -------------------------------------------------------- */

static int do_nice(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(setpriority(PRIO_PROCESS, 0, -5));
}

static int do_fifo(int argc, char **argv)
{
	struct sched_param param = { .sched_priority = 1 };

	NONE(argc, argv);
	return errno_of(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param));
}

static int do_mlock(int argc, char **argv)
{
	size_t size = (size_t)(argc ? number(argv[0]) : 64 << 20);
	void *memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? errno : errno_of(mlock(memory, size));
}

static int do_setuid(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(
		setresuid((uid_t)number(argv[0]), (uid_t)number(argv[0]), (uid_t)number(argv[0])));
}

static int do_setgroups(int argc, char **argv)
{
	gid_t group = (gid_t)number(argv[0]);

	NONE(argc, argv);
	return errno_of(syscall(SYS_setgroups, 1, &group));
}

/* Ask for every capability back. */
static int do_capset(int argc, char **argv)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct all[2] = {
		{ .effective = ~0U, .permitted = ~0U },
		{ .effective = 0x1ff, .permitted = 0x1ff },
	};

	NONE(argc, argv);
	return errno_of(syscall(SYS_capset, &head, all));
}

static int do_nnp_clear(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static int do_dumpable(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* --- terminal -------------------------------------------------------------------------- */

/* Push a character into the input of our terminal's reader. */
static int do_tiocsti(int argc, char **argv)
{
	int fd = argc ? open(argv[0], O_RDWR | O_NOCTTY | O_CLOEXEC) : 0;

	return fd < 0 ? errno : errno_of(ioctl(fd, TIOCSTI, "#"));
}

/* With garbage above bit 31, which the kernel ignores: a filter that compares 64 bits misses. */
static int do_tiocsti_high(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, "#"));
}

static int do_tioclinux(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(ioctl(0, TIOCLINUX, "\3"));
}

/* --- another ABI ----------------------------------------------------------------------- */

/* getpid through the 32-bit entry: a filter that knows only native numbers is walked around. */
static int do_int80(int argc, char **argv)
{
	NONE(argc, argv);
#ifdef __x86_64__
	long result = 20; /* getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? (int)-result : 0;
#else
	return ENOSYS;
#endif
}

static int do_x32(int argc, char **argv)
{
	NONE(argc, argv);
	return errno_of(syscall(0x40000000 | SYS_getpid));
}

const struct probe probes_kernel[] = {
	TRY("unshare", 1, do_unshare, "KIND...", "user mnt pid net ipc uts cgroup time files"),
	TRY("clone", 1, do_clone, "KIND...", "the same by clone(2)"),
	TRY("clone3", 0, do_clone3, "[KIND...]", "the same by clone3(2)"),
	TRY("setns", 0, do_setns, "[PATH]", "join a namespace"),
	TRY("sethostname", 1, do_sethostname, "NAME", "change the host name"),
	TRY("ptrace", 1, do_ptrace, "PID", "PTRACE_SEIZE"),
	TRY("ptrace-child", 0, do_ptrace_child, "", "debug a child of our own"),
	TRY("process-vm", 0, do_process_vm, "[PID]", "read another process's memory"),
	TRY("kill", 1, do_kill, "PID [SIGNAL]", "send a signal, 0 to ask only"),
	TRY("pidfd-getfd", 1, do_pidfd_getfd, "PID", "steal a descriptor"),
	TRY("kcmp", 0, do_kcmp, "", "compare kernel pointers"),
	TRY("keyctl", 0, do_keyctl, "", "ask for the session keyring"),
	TRY("add-key", 2, do_add_key, "NAME VALUE", "put a key into the session keyring"),
	SHOW("read-key", 1, do_read_key, "NAME", "print a key of the session keyring"),
	SHOW("with-key", 3, do_with_key, "NAME VALUE PROGRAM", "exec with a key in the session"),
	TRY("request-key", 0, do_request_key, "", "may call a helper of the host"),
	TRY("io_uring", 0, do_io_uring, "", "io_uring_setup"),
	TRY("perf", 0, do_perf, "", "perf_event_open on ourselves"),
	TRY("bpf", 0, do_bpf, "", "EPERM = forbidden, EINVAL = let through"),
	TRY("userfaultfd", 0, do_userfaultfd, "", "user mode only"),
	TRY("fanotify", 0, do_fanotify, "", "an unprivileged group"),
	TRY("vmsplice", 0, do_vmsplice, "", "give a page to a pipe"),
	TRY("modify-ldt", 0, do_modify_ldt, "", "read the local descriptor table"),
	TRY("personality", 0, do_personality, "[FLAGS]", "READ_IMPLIES_EXEC"),
	TRY("mempolicy", 0, do_mempolicy, "", "set_mempolicy"),
	TRY("seccomp", 0, do_seccomp, "", "ask what seccomp can do"),
	TRY("clock", 0, do_clock, "", "EPERM = forbidden, EINVAL = allowed; changes nothing"),
	TRY("clock-settime", 0, do_clock_settime, "", "without a time"),
	TRY("reboot-cad", 0, do_reboot_cad, "", "forbid Ctrl-Alt-Del"),
	TRY("kexec", 0, do_kexec, "", "load no kernel"),
	TRY("module", 0, do_module, "", "load no module"),
	TRY("finit-module", 0, do_finit_module, "", "the same from no descriptor"),
	TRY("swapon", 0, do_swapon, "", "of nothing"),
	TRY("acct", 0, do_acct, "", "process accounting to nothing"),
	TRY("quotactl", 0, do_quotactl, "", "of no device"),
	TRY("syslog", 0, do_syslog, "", "read the kernel's log"),
	TRY("iopl", 0, do_iopl, "", "I/O ports"),
	TRY("vhangup", 0, do_vhangup, "", "hang up the terminal"),
	TRY("syscall", 1, do_syscall, "NUMBER [ARG...]", "any, by number"),
	TRY("nice", 0, do_nice, "", "a better priority"),
	TRY("fifo", 0, do_fifo, "", "real time scheduling"),
	TRY("mlock", 0, do_mlock, "[BYTES]", "lock memory"),
	TRY("setuid", 1, do_setuid, "UID", "become another user"),
	TRY("setgroups", 1, do_setgroups, "GID", "change the groups"),
	TRY("capset", 0, do_capset, "", "ask for every capability"),
	TRY("nnp-clear", 0, do_nnp_clear, "", "clear no_new_privs"),
	TRY("dumpable", 0, do_dumpable, "", "become dumpable"),
	TRY("tiocsti", 0, do_tiocsti, "[TTY]", "type for the terminal's owner"),
	TRY("tiocsti-high", 0, do_tiocsti_high, "", "with garbage above bit 31"),
	TRY("tioclinux", 0, do_tioclinux, "", "paste into a virtual console"),
	TRY("int80", 0, do_int80, "", "a call through the 32-bit entry"),
	TRY("x32", 0, do_x32, "", "a call with the x32 bit"),
	{ 0 },
};
