/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor reads what the container writes (its output, its terminal) and lives as long as
 * it does. Should it ever be taken over, this is what the attacker gets:
 *
 *	user ids	root's own (it owns the files below), with two capabilities: CAP_KILL,
 *			which signals to the container's processes need, and CAP_DAC_OVERRIDE,
 *			without which not even root may remove a cgroup below a hierarchy's root
 *			(that directory's mode is 0555)
 *	files		RUN/containers, LIB/containers, LIB/ids and the container's cgroups;
 *			nothing else of the host can be read, written or executed
 *	system calls	those of an event loop; no exec, no clone, no socket, no mount, no ptrace
 *
 * Without Landlock in the kernel the second line is missing; `ward check` says so. */
#include "launch/lower.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* --- capabilities ---------------------------------------------------------------------- */

static int lower_caps(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[0].effective = data[0].permitted = 1U << CAP_KILL | 1U << CAP_DAC_OVERRIDE;
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "set no_new_privs");
	return 0;
}

/* --- files ----------------------------------------------------------------------------- */

/* Landlock rights of ABI 1, which every kernel with Landlock has: landlock(7). */
#define FILES_ALL ((1ULL << 13) - 1)
#define FILES_STATE                                                                                \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)

static int allow_below(int rules, int fd, uint64_t access, struct err *e)
{
	struct landlock_path_beneath_attr path = { .allowed_access = access, .parent_fd = fd };

	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &path, 0) < 0)
		return err_sys(e, "allow the monitor its files");
	return 0;
}

static int allow_store(const struct run *r, int rules, struct err *e)
{
	autoclose int states = openat(r->store->run, "containers",
				      O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (states < 0)
		return err_sys(e, "open the directory of states");
	ret = allow_below(rules, states, FILES_STATE, e);
	return ret < 0 ? ret : allow_below(rules, r->store->lib, FILES_STATE, e);
}

/* The parent of the container's directory, in which that one is to be removed. */
static int allow_cgroups(const struct run *r, int rules, struct err *e)
{
	int ret = 0;

	for (int i = 0; i < CG_HIERARCHIES && ret == 0; i++) {
		autoclose int parent = -EBADF;

		if (r->cg.dir[i] < 0)
			continue;
		parent = openat(r->cg.dir[i], "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0)
			return err_sys(e, "open the parent of the container's cgroup");
		ret = allow_below(rules, r->cg.dir[i], FILES_STATE, e);
		if (ret == 0)
			ret = allow_below(rules, parent,
					  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_READ_DIR, e);
	}
	return ret;
}

static int lower_files(const struct run *r, struct err *e)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = FILES_ALL };
	autoclose int rules = -EBADF;
	int ret;

	if (r->host->landlock_abi < 1)
		return 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (rules < 0)
		return err_sys(e, "make the monitor's Landlock rules");
	ret = allow_store(r, rules, e);
	if (ret == 0)
		ret = allow_cgroups(r, rules, e);
	if (ret == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		ret = err_sys(e, "restrict the monitor's files");
	return ret;
}

/* --- system calls ---------------------------------------------------------------------- */

#ifdef __x86_64__
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH 0 /* the filter is left out: see lower_calls() */
#endif

/* Written out rather than compiled by the library: eighty numbers, no arguments, and the
 * monitor's start is on the way of every container. */
static const unsigned short calls[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx,
	SYS_lseek, SYS_pread64, SYS_pwrite64, SYS_ppoll, SYS_epoll_pwait, SYS_epoll_ctl,
	SYS_timerfd_settime, SYS_openat, SYS_openat2, SYS_unlinkat, SYS_renameat, SYS_renameat2,
	SYS_getdents64, SYS_pidfd_send_signal, SYS_waitid, SYS_wait4, SYS_fcntl, SYS_ioctl,
	SYS_accept4, SYS_recvmsg, SYS_sendmsg, SYS_recvfrom, SYS_sendto, SYS_getsockopt, SYS_shutdown,
	SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_flock, SYS_faccessat, SYS_readlinkat, SYS_kill,
	SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_exit, SYS_exit_group, SYS_rt_sigprocmask,
	SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_mmap, SYS_munmap,
	SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk, SYS_futex, SYS_clock_gettime,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_getrandom, SYS_tgkill, SYS_sched_yield, SYS_fstatfs,
	SYS_dup3, SYS_fchmod, SYS_epoll_create1, SYS_signalfd4, SYS_timerfd_create,
#ifdef __x86_64__
	SYS_epoll_wait, SYS_poll, SYS_rmdir, SYS_unlink, SYS_rename, SYS_open, SYS_stat, SYS_lstat,
	SYS_readlink, SYS_access, SYS_time,
#endif
};

/* A filter that is being written; jumps to "allow" get their distance when its place is known. */
struct filter {
	struct sock_filter code[4 * ARRAY_SIZE(calls)];
	size_t n;
};

enum { TO_ALLOW = 255 };

static void emit(struct filter *f, unsigned short code, uint32_t k, uint8_t jt, uint8_t jf)
{
	f->code[f->n++] = (struct sock_filter){ code, jt, jf, k };
}

static int by_number(const void *a, const void *b)
{
	return *(const unsigned short *)a - *(const unsigned short *)b;
}

/* A binary tree over the sorted numbers: the kernel walks the filter for every number there is when
 * it is loaded, and a list of eighty would cost a tenth of a millisecond. */
static void emit_tree(struct filter *f, const unsigned short *nr, size_t n)
{
	size_t jump = f->n;

	if (n <= 4) {
		for (size_t i = 0; i < n; i++)
			emit(f, BPF_JMP | BPF_JEQ | BPF_K, nr[i], TO_ALLOW, 0);
		emit(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
		return;
	}
	emit(f, BPF_JMP | BPF_JGE | BPF_K, nr[n / 2], 0, 0);
	emit_tree(f, nr, n / 2);
	f->code[jump].jt = (uint8_t)(f->n - jump - 1);
	emit_tree(f, nr + n / 2, n - n / 2);
}

static int lower_calls(struct err *e)
{
	unsigned short sorted[ARRAY_SIZE(calls)];
	struct filter f = { .n = 0 };
	struct sock_fprog program = { .filter = f.code };

	if (!NATIVE_ARCH)
		return 0;
	memcpy(sorted, calls, sizeof(calls));
	qsort(sorted, ARRAY_SIZE(sorted), sizeof(*sorted), by_number);
	emit(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(&f, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit(&f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	emit(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_tree(&f, sorted, ARRAY_SIZE(sorted));
	for (size_t i = 0; i < f.n; i++)
		if (f.code[i].code == (BPF_JMP | BPF_JEQ | BPF_K) && f.code[i].jt == TO_ALLOW)
			f.code[i].jt = (uint8_t)(f.n - i - 1);
	emit(&f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	program.len = (unsigned short)f.n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_sys(e, "filter the monitor's system calls");
	return 0;
}

int lower_monitor(struct run *r, struct err *e)
{
	int ret = lower_caps(e);

	if (ret == 0)
		ret = lower_files(r, e);
	return ret < 0 ? ret : lower_calls(e);
}
