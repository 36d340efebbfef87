/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usernic/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"

#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/* --- before anything ------------------------------------------------------------------- */

static void close_others(int keep)
{
	unsigned after = 3;

	if (keep > 3 && sys_close_range(3, (unsigned)keep - 1, 0) < 0)
		_exit(126);
	if (keep >= 3)
		after = (unsigned)keep + 1;
	if (sys_close_range(after, ~0U, 0) < 0)
		_exit(126);
}

void seal_begin(int keep)
{
	sigset_t all;
	int null = open("/dev/null", O_RDWR);

	clearenv();
	umask(077);
	alarm(0);
	/* A descriptor that is closed would be the next file that we open, and be written to. */
	while (null >= 0 && null < 3)
		null = open("/dev/null", O_RDWR);
	if (null < 0 || chdir("/") < 0)
		_exit(126);
	close_others(keep);
	sigfillset(&all);
	sigdelset(&all, SIGALRM);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* --- before work ----------------------------------------------------------------------- */

static int lower_ids(struct err *e)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become root alone");
	return 0;
}

static int lower_caps(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap) < 0)
			return err_sys(e, "give up capabilities");
	data[0].effective = data[0].permitted = 1U << CAP_NET_ADMIN;
	data[CAP_BPF / 32].effective |= 1U << CAP_BPF % 32;
	data[CAP_BPF / 32].permitted |= 1U << CAP_BPF % 32;
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "give up capabilities");
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_sys(e, "set no_new_privs") : 0;
}

#ifdef __x86_64__
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH 0 /* the filter is left out */
#endif

static const unsigned short calls[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pwrite64, SYS_pread64, SYS_lseek, SYS_close,
	SYS_fstat, SYS_newfstatat, SYS_fstatfs, SYS_openat, SYS_openat2, SYS_mkdirat, SYS_ftruncate,
	SYS_fcntl, SYS_ioctl, SYS_socket, SYS_sendto, SYS_sendmsg, SYS_recvfrom, SYS_recvmsg,
	SYS_setsockopt, SYS_bpf, SYS_getrandom, SYS_getpid, SYS_setitimer, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_prlimit64, SYS_brk, SYS_mmap, SYS_munmap,
	SYS_mprotect, SYS_mremap, SYS_madvise, SYS_futex, SYS_exit, SYS_exit_group,
#ifdef __x86_64__
	SYS_open, SYS_mkdir, SYS_alarm, SYS_getrlimit,
#endif
};

static int lower_calls(struct err *e)
{
	struct sock_filter code[4 + 2 * ARRAY_SIZE(calls) + 1] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };
	size_t n = 4;

	if (!NATIVE_ARCH)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_sys(e, "filter our system calls");
	return 0;
}

int seal_end(struct err *e)
{
	int ret = lower_ids(e);

	if (ret == 0)
		ret = lower_caps(e);
	return ret < 0 ? ret : lower_calls(e);
}
