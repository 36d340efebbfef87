/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor reads what the container writes (its output, its terminal) and lives as long as
 * it does. Should it ever be taken over, this is what the attacker gets:
 *
 *	user ids	root's own (it owns the files below), with two capabilities: CAP_KILL,
 *			which signals to the container's processes need, and CAP_DAC_OVERRIDE,
 *			without which not even root may remove a cgroup below a hierarchy's root
 *			(that directory's mode is 0555)
 *	files		RUN/containers, LIB/containers, LIB/ids, the container's cgroups and the
 *			leases of the networks it is on;
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
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "wall/cgroup.h"
#include "wall/net_port.h"

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

/* The networks it is on, to give back its leases. */
static int allow_networks(const struct run *r, int rules, struct err *e)
{
	autoclose int all = openat(r->store->run, "net", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret = 0;

	if (all >= 0)
		ret = allow_below(rules, all, LANDLOCK_ACCESS_FS_READ_DIR, e);
	for (size_t i = 0; i < r->net.n && ret == 0; i++) {
		autoclose int one = -EBADF;

		if (!r->net.port[i].managed)
			continue;
		one = openat(all, r->net.port[i].network.name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (one < 0)
			return err_sys(e, "open the state of the network %s",
				       r->net.port[i].network.name);
		ret = allow_below(rules, one, FILES_STATE, e);
	}
	return ret;
}

/* The parent of the container's directory, in which that one is to be removed; or what is above the
 * directories that were made for cgroup.parent. Only empty ones can be. */
static int allow_cgroups(const struct run *r, int rules, struct err *e)
{
	int ret = 0;

	for (int i = 0; i < CG_HIERARCHIES && ret == 0; i++) {
		autoclose int parent = -EBADF;

		if (r->cg.dir[i] < 0)
			continue;
		parent = cgroup_top_open(&r->cg, (enum cg_hierarchy)i);
		if (parent < 0) {
			errno = -parent;
			return err_sys(e, "open the parent of the container's cgroup");
		}
		ret = allow_below(rules, r->cg.dir[i], FILES_STATE, e);
		if (ret == 0)
			ret = allow_below(rules, parent, LANDLOCK_ACCESS_FS_REMOVE_DIR, e);
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
	if (ret == 0 && r->net.n)
		ret = allow_networks(r, rules, e);
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

enum { WORDS = 32, WORD_BITS = 32 }; /* room for numbers up to 1023; half of it are there */

struct filter {
	struct sock_filter code[16 + 3 * WORDS];
	size_t n;
};

static void emit(struct filter *f, unsigned short code, uint32_t k, uint8_t jt, uint8_t jf)
{
	f->code[f->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void load(struct filter *f, size_t offset)
{
	emit(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* A set of bits in 32-bit words: what the kernel takes for its translation into machine code grows
 * with the filter, and a comparison for each number would be three times as long. */
static void emit_set(struct filter *f, const uint32_t set[WORDS])
{
	size_t first, words = 0;

	/* M[0]: the bit in the word; the accumulator: which word. */
	load(f, offsetof(struct seccomp_data, nr));
	emit(f, BPF_ALU | BPF_AND | BPF_K, WORD_BITS - 1, 0, 0);
	emit(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	emit(f, BPF_LD | BPF_IMM, 1, 0, 0);
	emit(f, BPF_ALU | BPF_LSH | BPF_X, 0, 0, 0);
	emit(f, BPF_ST, 0, 0, 0);
	load(f, offsetof(struct seccomp_data, nr));
	emit(f, BPF_ALU | BPF_RSH | BPF_K, 5, 0, 0);
	first = f->n;
	for (uint32_t w = 0; w < WORDS; w++)
		if (set[w])
			emit(f, BPF_JMP | BPF_JEQ | BPF_K, w, 0, 0);
	words = f->n - first;
	emit(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	for (size_t i = 0; i < words; i++) {
		size_t rest = 2 * (words - i - 1);

		f->code[first + i].jt = (uint8_t)(f->n - (first + i) - 1);
		emit(f, BPF_LD | BPF_MEM, 0, 0, 0);
		emit(f, BPF_JMP | BPF_JSET | BPF_K, set[f->code[first + i].k], (uint8_t)(rest + 1),
		     (uint8_t)rest);
	}
	emit(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	emit(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static int lower_calls(struct err *e)
{
	uint32_t set[WORDS] = { 0 };
	struct filter f = { .n = 0 };
	struct sock_fprog program = { .filter = f.code };

	if (!NATIVE_ARCH)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		set[calls[i] / WORD_BITS] |= 1U << calls[i] % WORD_BITS;
	load(&f, offsetof(struct seccomp_data, arch));
	emit(&f, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit(&f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	emit_set(&f, set);
	program.len = (unsigned short)f.n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_sys(e, "filter the monitor's system calls");
	return 0;
}

int lower_monitor(struct run *r, struct err *e)
{
	int ret;

	cgroup_count(&r->cg, r->spec->cgroup.parent);
	ret = lower_caps(e);
	if (ret == 0)
		ret = lower_files(r, e);
	return ret < 0 ? ret : lower_calls(e);
}
