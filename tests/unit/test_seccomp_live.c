/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel makes of the filters: each call is made in a child without a filter (the
 * control: it must get through to the kernel), and in children with one. Every call is harmless
 * where it is allowed: it concerns the child alone, or has arguments that cannot succeed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/sys.h"
#include "wall/seccomp.h"
#include "wall/seccomp_names.h"

#include "tap.h"

const struct wall *const walls[] = { &wall_seccomp, NULL };

static char directory[] = "/tmp/test-seccomp-live-XXXXXX";

/* --- children -------------------------------------------------------------------------- */

/* A container as far as this wall goes; without a policy no filter is loaded. */
struct container {
	struct spec spec;
	struct run run;
};

static bool container_make(struct container *c, const char *policy, bool foreign_abi)
{
	struct err e = ERR_NONE;
	int ret;

	spec_init(&c->spec);
	c->run = (struct run){ .spec = &c->spec, .cache = -EBADF };
	key_set(&c->spec, "seccomp.policy", policy, "test", &e);
	key_set(&c->spec, "seccomp.foreign_abi", foreign_abi ? "true" : "false", "test", &e);
	ret = seccomp_compile(&c->run, &e);
	if (ret < 0)
		printf("# %s\n", e.text);
	return ret == 0;
}

static void container_free(struct container *c)
{
	free(c->run.filter.filter);
	spec_free(&c->spec);
}

enum { LOST = -1000, CRASHED = -2000 };

/* Run probe() in a child, behind the filter of `c` if not NULL. Returns what probe() does, or
 * CRASHED when a signal ended it. */
static int in_child(struct container *c, int (*probe)(void))
{
	int result = LOST, pipes[2], status;
	struct err e = ERR_NONE;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return LOST;
	pid = fork();
	if (pid == 0) {
		if (c &&
		    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_load(&c->run, &e) < 0))
			_exit(1);
		result = probe();
		_exit(write(pipes[1], &result, sizeof(result)) != sizeof(result));
	}
	close(pipes[1]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		result = CRASHED;
	else if (read(pipes[0], &result, sizeof(result)) != sizeof(result))
		result = LOST;
	close(pipes[0]);
	return result;
}

/* errno of a system call: 0 = it succeeded. */
static int failure(long ret)
{
	return ret < 0 ? errno : 0;
}

/* --- probes ---------------------------------------------------------------------------- */

static int personality_weak(void)
{
	return failure(syscall(SYS_personality, 0x0400000UL)); /* READ_IMPLIES_EXEC */
}

static int personality_ask(void)
{
	return failure(syscall(SYS_personality, 0xffffffffUL));
}

/* A child of the child, which ends at once. */
static int clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return failure(pid);
}

static int clone_plain(void)
{
	return clone_with(0);
}

static int clone_user(void)
{
	return clone_with(CLONE_NEWUSER);
}

static int clone_uts(void)
{
	return clone_with(CLONE_NEWUTS);
}

static int unshare_user(void)
{
	return failure(syscall(SYS_unshare, CLONE_NEWUSER));
}

static int unshare_uts(void)
{
	return failure(syscall(SYS_unshare, CLONE_NEWUTS));
}

static int clone3_short(void)
{
	return failure(syscall(SYS_clone3, NULL, 0)); /* EINVAL: too short */
}

static int io_uring(void)
{
	return failure(syscall(425, 1, NULL)); /* EFAULT */
}

static int keyctl_ask(void)
{
	return failure(syscall(SYS_keyctl, 0, -3, 0)); /* the session keyring's number */
}

static int add_key(void)
{
	return failure(syscall(SYS_add_key, NULL, NULL, NULL, 0, 0)); /* EFAULT */
}

static int null_ioctl(unsigned long request)
{
	autoclose int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return failure(syscall(SYS_ioctl, fd, request, NULL)); /* ENOTTY */
}

static int tiocsti(void)
{
	return null_ioctl(TIOCSTI);
}

static int tiocsti_high(void)
{
	return null_ioctl(TIOCSTI | 1UL << 32);
}

static int tioclinux_high(void)
{
	return null_ioctl(TIOCLINUX | 0xdeadbeefUL << 32);
}

static int tcgets(void)
{
	return null_ioctl(TCGETS);
}

static int userfaultfd(void)
{
	return failure(syscall(SYS_userfaultfd, 0xffff)); /* EINVAL */
}

static int vmsplice_bad(void)
{
	return failure(syscall(SYS_vmsplice, -1, NULL, 0, 0)); /* EBADF */
}

static int bpf_bad(void)
{
	return failure(syscall(SYS_bpf, 9999, NULL, 0)); /* EINVAL */
}

static int perf_bad(void)
{
	return failure(syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0)); /* EFAULT */
}

static int ptrace_traceme(void)
{
	return failure(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int mount_bad(void)
{
	return failure(sys_mount(NULL, NULL, NULL, 0, NULL)); /* EFAULT */
}

static int fsopen_bad(void)
{
	return failure(sys_fsopen(NULL, 0)); /* EFAULT */
}

static int swapoff_bad(void)
{
	return failure(syscall(SYS_swapoff, "/nonexistent")); /* ENOENT */
}

static int open_by_handle_bad(void)
{
	return failure(syscall(SYS_open_by_handle_at, -1, NULL, 0)); /* EFAULT */
}

static int kcmp_self(void)
{
	return failure(syscall(SYS_kcmp, getpid(), getpid(), 1 /* KCMP_VM */, 0, 0));
}

static int unknown_call(void)
{
	return failure(syscall(9999));
}

static int make_node(mode_t mode, dev_t dev)
{
	autoclose int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = failure(syscall(SYS_mknodat, dir, "node", mode, dev));

	unlinkat(dir, "node", 0);
	return ret;
}

static int mknod_device(void)
{
	return make_node(S_IFCHR | 0600, 0x103);
}

static int mknod_fifo(void)
{
	return make_node(S_IFIFO | 0600, 0);
}

static int iptables_option(void)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char table[1] = { 0 };

	return failure(setsockopt(fd, 0, 64, table, sizeof(table)));
}

static int reuse_option(void)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	return failure(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
}

static int packet_by_type(void)
{
	autoclose int fd = socket(AF_INET, SOCK_PACKET | SOCK_CLOEXEC, 0);

	return failure(fd);
}

static void *thread_main(void *arg)
{
	return arg;
}

/* glibc tries clone3 first and takes clone when that is not there. */
static int thread(void)
{
	pthread_t t;
	void *value = NULL;
	int ret = pthread_create(&t, NULL, thread_main, directory);

	return ret ? ret : pthread_join(t, &value) || value != directory;
}

static int program(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "read x < /proc/self/stat && test -n \"$x\"", NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

enum { ANY = -1 /* whatever the kernel says, but neither EPERM nor ENOSYS */ };

static const struct {
	const char *what;
	int (*probe)(void);
	int control, app, system;
} probes[] = {
	{ "personality(READ_IMPLIES_EXEC)", personality_weak, 0, EPERM, EPERM },
	{ "personality(0xffffffff)", personality_ask, 0, 0, 0 },
	{ "clone as fork does", clone_plain, 0, 0, 0 },
	{ "clone(CLONE_NEWUSER)", clone_user, 0, EPERM, EPERM },
	{ "clone(CLONE_NEWUTS)", clone_uts, 0, EPERM, 0 },
	{ "unshare(CLONE_NEWUSER)", unshare_user, 0, EPERM, EPERM },
	{ "unshare(CLONE_NEWUTS)", unshare_uts, 0, EPERM, 0 },
	{ "clone3", clone3_short, EINVAL, ENOSYS, ENOSYS },
	{ "io_uring_setup", io_uring, EFAULT, EPERM, EPERM },
	{ "keyctl", keyctl_ask, 0, EPERM, ENOSYS },
	{ "add_key", add_key, EFAULT, EPERM, ENOSYS },
	{ "ioctl(TIOCSTI)", tiocsti, ENOTTY, EPERM, EPERM },
	{ "ioctl(TIOCSTI with bit 32)", tiocsti_high, ENOTTY, EPERM, EPERM },
	{ "ioctl(TIOCLINUX with high bits)", tioclinux_high, ENOTTY, EPERM, EPERM },
	{ "ioctl(TCGETS)", tcgets, ENOTTY, ENOTTY, ENOTTY },
	{ "userfaultfd", userfaultfd, EINVAL, EPERM, EPERM },
	{ "vmsplice", vmsplice_bad, EBADF, EPERM, EPERM },
	{ "bpf", bpf_bad, ANY, EPERM, EPERM },
	{ "perf_event_open", perf_bad, EFAULT, EPERM, EPERM },
	{ "ptrace(PTRACE_TRACEME)", ptrace_traceme, 0, EPERM, 0 },
	{ "mount", mount_bad, EFAULT, EPERM, EFAULT },
	{ "fsopen", fsopen_bad, EFAULT, ENOSYS, EFAULT },
	{ "swapoff", swapoff_bad, ENOENT, EPERM, EPERM },
	{ "open_by_handle_at", open_by_handle_bad, EFAULT, EPERM, EPERM },
	{ "kcmp", kcmp_self, 0, EPERM, EPERM },
	{ "a number without a call", unknown_call, ENOSYS, ENOSYS, ENOSYS },
	{ "mknodat of a device", mknod_device, 0, EPERM, 0 },
	{ "mknodat of a FIFO", mknod_fifo, 0, 0, 0 },
	{ "setsockopt(IPT_SO_SET_REPLACE)", iptables_option, ANY, EPERM, EPERM },
	{ "setsockopt(SO_REUSEADDR)", reuse_option, 0, 0, 0 },
	{ "socket(AF_INET, SOCK_PACKET)", packet_by_type, 0, EAFNOSUPPORT, EAFNOSUPPORT },
	{ "a thread of the C library", thread, 0, 0, 0 },
	{ "execution of a shell", program, 0, 0, 0 },
};

static bool control_holds(int got, int want)
{
	return want == ANY ? got >= 0 && got != EPERM && got != ENOSYS : got == want;
}

static void test_probes(struct container *app, struct container *system)
{
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		int control = in_child(NULL, probes[i].probe);
		int got, root;

		if (!control_holds(control, probes[i].control)) {
			printf("# %s: control got %d\n", probes[i].what, control);
			skip(probes[i].what, "not possible here even without a filter");
			continue;
		}
		got = in_child(app, probes[i].probe);
		root = in_child(system, probes[i].probe);
		if (!ok(got == probes[i].app && root == probes[i].system,
			"%s: %d without a filter, %d in app, %d in system", probes[i].what, control,
			probes[i].app, probes[i].system))
			printf("#   got %d in app, %d in system\n", got, root);
	}
}

/* --- sets of sockets ------------------------------------------------------------------- */

/* Which of `n` numbers open a socket, one bit for each. */
static uint64_t families_open(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };
	uint64_t bits = 0;

	for (int family = 0; family <= 45; family++) {
		for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
			int fd = socket(family, types[t] | SOCK_CLOEXEC, 0);

			if (fd < 0 && errno != EAFNOSUPPORT)
				bits |= 1ULL << family; /* reached the family */
			if (fd >= 0)
				bits |= 1ULL << family;
			fd_close(&fd);
		}
	}
	return bits;
}

static uint64_t netlinks_open(void)
{
	uint64_t bits = 0;

	for (int protocol = 0; protocol < 32; protocol++) {
		int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

		bits |= fd >= 0 || errno != EAFNOSUPPORT ? 1ULL << protocol : 0;
		fd_close(&fd);
	}
	return bits;
}

static uint64_t *shared;

static int families_probe(void)
{
	*shared = families_open();
	return 0;
}

static int netlinks_probe(void)
{
	*shared = netlinks_open();
	return 0;
}

static uint64_t set_in_child(struct container *c, int (*probe)(void))
{
	*shared = 0;
	return in_child(c, probe) == 0 ? *shared : 0;
}

static void test_sockets(struct container *app, struct container *system)
{
	const uint64_t families = 1ULL << 1 | 1ULL << 2 | 1ULL << 10 | 1ULL << 16;
	const uint64_t netlinks = 1ULL << 0 | 1ULL << 4 | 1ULL << 15 | 1ULL << 16;
	uint64_t bare;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return;
	bare = set_in_child(NULL, families_probe);
	ok(bare & ~families, "without a filter more families than four can be reached (0x%llx)",
	   (unsigned long long)bare);
	ok(set_in_child(app, families_probe) == (bare & families),
	   "in app the families of 0 to 45 are exactly unix, inet, inet6 and netlink");
	ok(set_in_child(system, families_probe) == (bare & families),
	   "in system they are the same");
	bare = set_in_child(NULL, netlinks_probe);
	ok(bare & ~netlinks, "without a filter more netlink protocols can be reached (0x%llx)",
	   (unsigned long long)bare);
	ok(set_in_child(app, netlinks_probe) == (bare & netlinks),
	   "in app they are exactly route, sock-diag, kobject-uevent and generic");
	ok(set_in_child(system, netlinks_probe) == (bare & netlinks),
	   "in system they are the same");
	munmap(shared, 4096);
}

/* --- the second ABI -------------------------------------------------------------------- */

#ifdef __x86_64__
/* An i386 system call from a 64-bit program. */
static int call32(uint32_t number, uint32_t a, uint32_t b, uint32_t c)
{
	int ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret < 0 ? -ret : 0;
}

static int getpid32(void)
{
	return call32(20, 0, 0, 0);
}

static int socket32_unix(void)
{
	return call32(359, AF_UNIX, SOCK_STREAM, 0);
}

static int socket32_vsock(void)
{
	return call32(359, 40, SOCK_STREAM, 0);
}

/* socketcall(SYS_SOCKET) takes its arguments from memory below 4 GiB. */
static int socketcall32(uint32_t family)
{
	uint32_t *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (args == MAP_FAILED)
		return -1;
	args[0] = family;
	args[1] = SOCK_STREAM;
	args[2] = 0;
	return call32(102, 1, (uint32_t)(uintptr_t)args, 0);
}

static int socketcall32_unix(void)
{
	return socketcall32(AF_UNIX);
}

static int socketcall32_vsock(void)
{
	return socketcall32(40);
}

static int clone32_user(void)
{
	int ret;

	/* The child must not return into this function's caller. */
	__asm__ volatile("int $0x80\n\t"
			 "test %%eax, %%eax\n\t"
			 "jnz 1f\n\t"
			 "mov $1, %%eax\n\t"
			 "xor %%ebx, %%ebx\n\t"
			 "int $0x80\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(120), "b"(CLONE_NEWUSER | SIGCHLD), "c"(0), "d"(0), "S"(0), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret < 0 ? -ret : 0;
}

static const struct {
	const char *what;
	int (*probe)(void);
	int app, both;
} foreign_probes[] = {
	{ "i386 getpid", getpid32, ENOSYS, 0 },
	{ "i386 socket(AF_UNIX)", socket32_unix, ENOSYS, 0 },
	{ "i386 socket(AF_VSOCK)", socket32_vsock, ENOSYS, EAFNOSUPPORT },
	{ "i386 socketcall(AF_UNIX)", socketcall32_unix, ENOSYS, EPERM },
	{ "i386 socketcall(AF_VSOCK)", socketcall32_vsock, ENOSYS, EPERM },
	{ "i386 clone(CLONE_NEWUSER)", clone32_user, ENOSYS, EPERM },
};

static void test_foreign(struct container *app, struct container *both)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign_probes); i++) {
		int control = in_child(NULL, foreign_probes[i].probe);
		int native, foreign;

		if (control != 0) {
			printf("# %s: control got %d\n", foreign_probes[i].what, control);
			skip(foreign_probes[i].what, "not possible here even without a filter");
			continue;
		}
		native = in_child(app, foreign_probes[i].probe);
		foreign = in_child(both, foreign_probes[i].probe);
		if (!ok(native == foreign_probes[i].app && foreign == foreign_probes[i].both,
			"%s: made without a filter, %d in app, %d with the foreign ABI",
			foreign_probes[i].what, foreign_probes[i].app, foreign_probes[i].both))
			printf("#   got %d, %d\n", native, foreign);
	}
}
#else
static void test_foreign(struct container *app, struct container *both)
{
	(void)app;
	(void)both;
	skip("the second ABI", "written for x86_64");
}
#endif

/* --- loading --------------------------------------------------------------------------- */

static struct container *loaded;

/* Without no_new_privs and without privilege. */
static int load_unprivileged(void)
{
	struct err e = ERR_NONE;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return -1;
	if (seccomp_load(&loaded->run, &e) != -EACCES)
		return -2;
	return strstr(e.text, "no_new_privs") ? 0 : -3;
}

static int load_optional(void)
{
	struct err e = ERR_NONE;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return -1;
	dup2(null, STDERR_FILENO); /* the warning is meant for somebody else */
	list_add(&loaded->spec.optional, "seccomp");
	return seccomp_load(&loaded->run, &e);
}

static int status_probe(void)
{
	char text[4096];
	autoclose int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strstr(text, "\nSeccomp:\t2\n") && strstr(text, "\nSeccomp_filters:\t1\n") ? 0 : 1;
}

static void test_load(struct container *app)
{
	loaded = app;
	is_int(in_child(NULL, load_unprivileged), 0,
	       "without no_new_privs and privilege loading fails and says what is missing");
	is_int(in_child(NULL, load_optional), 0,
	       "an optional wall that cannot be built is no error");
	is_int(in_child(app, status_probe), 0, "the kernel shows one filter in mode 2");
	is_int(in_child(NULL, status_probe), 1, "and none without it");
}

static int unknown_numbers(void)
{
	for (int number = 472; number < 600; number++)
		if (failure(syscall(number, -1, -1, -1, -1, -1, -1)) != ENOSYS)
			return number;
	return 0;
}

static void test_numbers(struct container *app)
{
	is_int(in_child(app, unknown_numbers), 0, "numbers beyond the last one are ENOSYS");
}

int main(void)
{
	struct container app, system, both;

	walls_init();
	if (!ok(container_make(&app, "app", false) && container_make(&system, "system", false),
		"the policies compile"))
		return done();
	if (!mkdtemp(directory))
		return 1;
	test_probes(&app, &system);
	test_sockets(&app, &system);
	if (seccomp_foreign_arch() &&
	    ok(container_make(&both, "app", true), "with a second ABI, too")) {
		test_foreign(&app, &both);
		container_free(&both);
	}
	test_load(&app);
	test_numbers(&app);
	container_free(&app);
	container_free(&system);
	rmdir(directory);
	return done();
}
