/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A walk along the walls, from the inside: says who it is, then tries what a hostile program
 * would try and names the wall that refused. Static, so that it runs in any root file system.
 *
 *	ward run -v -v ./tour:/run/tour:ro,exec host -- /run/tour
 *
 * It is safe to run anywhere: every attempt is chosen so that it changes nothing where it is
 * let through, or is undone. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWUSER
#define CLONE_NEWUSER 0x10000000
#endif

/* --- who we are ------------------------------------------------------------------------ */

/* The rest of the "Name:" line of /proc/self/status. */
static void status_field(const char *name, char *out, size_t size)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(name);
	char line[512];

	snprintf(out, size, "?");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(out, size, "%s", line + len + 1 + strspn(line + len + 1, " \t"));
	}
	if (f)
		fclose(f);
}

/* The uid the host sees, from /proc/self/uid_map; -1 when it is not mapped. */
static long host_uid(void)
{
	FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count, me = getuid();
	long found = -1;

	while (f && fscanf(f, "%lu %lu %lu", &inside, &outside, &count) == 3) {
		if (me >= inside && me - inside < count)
			found = (long)(outside + (me - inside));
	}
	if (f)
		fclose(f);
	return found;
}

static bool filtered(void)
{
	char mode[64];

	status_field("Seccomp", mode, sizeof(mode));
	return !strcmp(mode, "2");
}

static int count_processes(void)
{
	char path[32];
	int n = 0;

	for (int pid = 1; pid < 1000; pid++) {
		snprintf(path, sizeof(path), "/proc/%d", pid);
		n += !access(path, F_OK);
	}
	return n;
}

static void introduce(void)
{
	char effective[64], bounding[64], nnp[64], host[65] = "?";
	bool none;

	status_field("CapEff", effective, sizeof(effective));
	status_field("CapBnd", bounding, sizeof(bounding));
	status_field("NoNewPrivs", nnp, sizeof(nnp));
	gethostname(host, sizeof(host));
	none = strspn(effective, "0") == strlen(effective);

	printf("\nHello from behind the walls. This is what I am:\n\n");
	printf("  user          %u here, %ld on the host\n", getuid(), host_uid());
	printf("  capabilities  %s; can be gained: %s; no_new_privs %s\n",
	       none ? "none" : effective,
	       strspn(bounding, "0") == strlen(bounding) ? "none" : bounding,
	       !strcmp(nnp, "1") ? "on" : "off");
	printf("  processes     I am %d, and I see %d in all\n", getpid(), count_processes());
	printf("  host name     %s\n", host);
	printf("  system calls  %s\n", filtered() ? "only those on a list" : "all");
}

/* --- what we try: each returns 0 when it was let through, else errno ------------------- */

static int result(long r)
{
	return r < 0 ? errno : 0;
}

static int try_mount(void)
{
	int r = result(syscall(SYS_mount, "tour", "/tmp", "tmpfs", 0, NULL));

	if (!r)
		syscall(SYS_umount2, "/tmp", 0);
	return r;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_write_root(void)
{
	int r = try_open("/tour.tmp", O_WRONLY | O_CREAT | O_EXCL);

	if (!r)
		unlink("/tour.tmp");
	return r;
}

static int try_write_usr(void)
{
	int r = try_open("/usr/tour.tmp", O_WRONLY | O_CREAT | O_EXCL);

	if (!r)
		unlink("/usr/tour.tmp");
	return r;
}

static int try_disk(void)
{
	int r = result(mknod("/tmp/tour.disk", S_IFBLK | 0600, makedev(8, 0)));

	if (!r)
		unlink("/tmp/tour.disk");
	return r;
}

/* A masked file can be opened, and is empty. */
static int try_kmem(void)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC), r;
	char byte;

	if (fd < 0)
		return errno;
	r = read(fd, &byte, 1) == 1 ? 0 : ENODATA;
	close(fd);
	return r;
}

static int try_sysrq(void)
{
	return try_open("/proc/sysrq-trigger", O_WRONLY);
}

static int try_panic(void)
{
	return try_open("/proc/sys/kernel/panic", O_WRONLY);
}

/* A copy of /bin/true in the one place we may write to. */
static int try_run_own_file(void)
{
	static const char program[] = "#!/tour\n";
	int fd = open("/tmp/tour.program", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	int r;

	if (fd < 0 || write(fd, program, sizeof(program) - 1) < 0)
		return errno;
	close(fd);
	r = access("/tmp/tour.program", X_OK) < 0 ? errno : 0;
	unlink("/tmp/tour.program");
	return r;
}

static int try_become_root(void)
{
	return getuid() ? result(setresuid(0, 0, 0)) : EALREADY;
}

static int try_ptrace(void)
{
	pid_t child = fork();
	int r;

	if (child < 0)
		return errno;
	if (!child) {
		pause();
		_exit(0);
	}
	r = result(ptrace(PTRACE_SEIZE, child, 0, 0));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return r;
}

static int try_user_namespace(void)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return errno;
	if (!child)
		_exit(result(syscall(SYS_unshare, CLONE_NEWUSER)));
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static int try_raw_socket(void)
{
	return result(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static int try_vsock(void)
{
	return result(socket(40, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return errno;
	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr); /* for documentation, RFC 5737 */
	r = result(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	close(fd);
	return r;
}

static int try_keys(void)
{
	return result(syscall(SYS_keyctl, 0 /* GET_KEYRING_ID */, -3 /* session */, 0));
}

static int try_io_uring(void)
{
	char parameters[256] = { 0 };

	return result(syscall(SYS_io_uring_setup, 1, parameters));
}

static int try_bpf(void)
{
	char attributes[128] = { 0 };

	return result(syscall(SYS_bpf, 0, attributes, sizeof(attributes)));
}

static int try_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.exclude_kernel = 1 };

	return result(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int try_module(void)
{
	return result(syscall(SYS_finit_module, -1, "", 0));
}

static int try_reboot(void)
{
	return result(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			      LINUX_REBOOT_CMD_CAD_OFF, NULL));
}

static int fork_until_refused(int most, int *made)
{
	int refused = 0;

	setpgid(0, 0);
	for (*made = 0; *made < most && !refused; ++*made) {
		pid_t pid = fork();

		if (!pid) {
			pause();
			_exit(0);
		}
		if (pid < 0)
			refused = errno;
	}
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return refused;
}

/* In a child with a process group of its own, which is ended as a whole. */
static int try_fork_bomb(void)
{
	pid_t child = fork();
	int status, made;

	if (child < 0)
		return errno;
	if (!child)
		_exit(fork_until_refused(5000, &made));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int try_inotify(void)
{
	static int fds[1024];
	int n = 0, r = 0;

	for (; n < 1024 && !r; n++) {
		fds[n] = inotify_init1(IN_CLOEXEC);
		if (fds[n] < 0)
			r = errno;
	}
	while (n-- > 0)
		close(fds[n]);
	return r;
}

/* --- the tour -------------------------------------------------------------------------- */

/* Which wall answers with which errno. SECCOMP stands for the filter where there is one, and
 * for the missing capability where there is none. */
#define SECCOMP "seccomp: not on the list of system calls"
#define CAPS "caps: I have no such capability"
#define READ_ONLY "rootfs: nothing here can be written"
#define PROC_READ_ONLY "proc: mounted read-only"
#define IDMAP "idmap: it belongs to the host's root"
#define ABSENT "(this kernel does not have it)"
#define FAMILY "seccomp: not on the list of networks"

struct answer {
	int number;
	const char *wall;
};

static const struct attempt {
	const char *what;
	int (*try)(void);
	struct answer answer[4];
} attempts[] = {
	{ "mount a file system", try_mount, { { EPERM, SECCOMP } } },
	{ "write to /", try_write_root, { { EROFS, READ_ONLY }, { EACCES, IDMAP } } },
	{ "write to /usr", try_write_usr, { { EROFS, READ_ONLY }, { EACCES, IDMAP } } },
	{ "run a file from /tmp", try_run_own_file, { { EACCES, "mount: noexec" } } },
	{ "make a node for the disk", try_disk, { { EPERM, SECCOMP } } },
	{ "read the kernel's memory",
	  try_kmem,
	  { { ENODATA, "proc: masked" }, { EACCES, "proc: masked" }, { EPERM, CAPS }, { ENOENT, ABSENT } } },
	{ "press the SysRq key",
	  try_sysrq,
	  { { EROFS, PROC_READ_ONLY }, { EACCES, "proc: masked" }, { ENOENT, ABSENT } } },
	{ "change a kernel setting", try_panic, { { EROFS, PROC_READ_ONLY }, { EACCES, IDMAP } } },
	{ "become root", try_become_root, { { EALREADY, "already" }, { EPERM, CAPS }, { EINVAL, "idmap: there is none" } } },
	{ "debug another process", try_ptrace, { { EPERM, SECCOMP } } },
	{ "make a user namespace",
	  try_user_namespace,
	  { { EPERM, SECCOMP }, { ENOSYS, SECCOMP }, { ENOSPC, "ucount: max_user_namespaces" } } },
	{ "open a raw socket", try_raw_socket, { { EPERM, CAPS }, { EAFNOSUPPORT, FAMILY } } },
	{ "talk to the hypervisor", try_vsock, { { EAFNOSUPPORT, FAMILY }, { ENODEV, ABSENT } } },
	{ "reach the network", try_connect, { { ENETUNREACH, "ns: a network of my own" } } },
	{ "use the kernel's keys", try_keys, { { EPERM, SECCOMP }, { ENOSYS, SECCOMP } } },
	{ "use io_uring", try_io_uring, { { EPERM, SECCOMP }, { ENOSYS, SECCOMP } } },
	{ "load a BPF program", try_bpf, { { EPERM, SECCOMP }, { ENOSYS, SECCOMP } } },
	{ "watch performance counters", try_perf, { { EPERM, SECCOMP }, { ENOSYS, SECCOMP } } },
	{ "load a kernel module", try_module, { { EPERM, SECCOMP }, { ENOSYS, ABSENT } } },
	{ "forbid Ctrl-Alt-Del",
	  try_reboot,
	  { { EPERM, SECCOMP }, { EINVAL, "ns: processes of my own" } } },
	{ "fork without end", try_fork_bomb, { { EAGAIN, "cgroup: pids.max, or rlimit: nproc" } } },
	{ "take all inotify instances",
	  try_inotify,
	  { { EMFILE, "ucount: max_inotify_instances" } } },
};

static const char *errno_word(int number)
{
	static const struct answer words[] = {
		{ EPERM, "EPERM" },
		{ EACCES, "EACCES" },
		{ EROFS, "EROFS" },
		{ ENOENT, "ENOENT" },
		{ ENOSYS, "ENOSYS" },
		{ ENOSPC, "ENOSPC" },
		{ EAGAIN, "EAGAIN" },
		{ EINVAL, "EINVAL" },
		{ EMFILE, "EMFILE" },
		{ ENETUNREACH, "ENETUNREACH" },
		{ ENODEV, "ENODEV" },
		{ ENODATA, "empty" },
		{ EALREADY, "I am" },
		{ EAFNOSUPPORT, "EAFNOSUPPORT" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].number == number)
			return words[i].wall;
	}
	return strerror(number);
}

static const char *wall_of(const struct attempt *a, int number)
{
	for (size_t i = 0; i < sizeof(a->answer) / sizeof(a->answer[0]); i++) {
		const char *wall = a->answer[i].wall;

		if (!wall || a->answer[i].number != number)
			continue;
		return !strncmp(wall, SECCOMP, strlen(SECCOMP)) && !filtered() ? CAPS : wall;
	}
	return "(another reason)";
}

int main(void)
{
	size_t n = sizeof(attempts) / sizeof(attempts[0]), refused = 0;

	introduce();
	printf("\nWhat I tried                   answer         wall\n");
	for (size_t i = 0; i < n; i++) {
		int r = attempts[i].try();

		fflush(stdout);
		refused += r != 0;
		if (r)
			printf("  %-28s %-14s %s\n", attempts[i].what, errno_word(r),
			       wall_of(&attempts[i], r));
		else
			printf("  %-28s let through\n", attempts[i].what);
	}
	printf("\n%zu of %zu attempts were refused.\n\n", refused, n);
	return 0;
}
