/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's system call policies: read, compiled, and run on calls. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tap.h"
#include "wall/seccomp_lxc.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_reach.h"

static struct err e;

static int parse(struct seccomp_lxc *p, const char *text)
{
	e = ERR_NONE;
	return seccomp_lxc_parse(p, "p", text, strlen(text), &e);
}

/* What `filter` does with a call of the machine's own ABI. */
static uint32_t answer(const struct sock_fprog *filter, uint32_t arch, int number, unsigned arg,
		       uint64_t value)
{
	struct seccomp_data call = { .nr = number, .arch = arch };
	uint32_t action = 0xdead;

	call.args[arg] = value;
	return seccomp_run(filter, &call, &action) == 0 ? action : 0xbad;
}

/* --- one policy, one call ---------------------------------------------------------------- */

#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_THREAD
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

static const struct {
	const char *text, *call;
	unsigned arg;
	uint64_t value;
	uint32_t want;
} calls[] = {
	{ "2\ndenylist\nmknod errno 1\n", "mknod", 0, 0, ERRNO(1) },
	{ "2\ndenylist\nmknod errno 1\n", "mknodat", 0, 0, ALLOW },
	{ "2\nblacklist\nmknod\n", "mknod", 0, 0, KILL },
	{ "2\nblacklist\nmknod errno 0\n", "mknod", 0, 0, ERRNO(0) },
	{ "2\ndenylist errno 5\nmknod allow\n", "getpid", 0, 0, ERRNO(5) },
	{ "2\ndenylist errno 5\nmknod allow\n", "mknod", 0, 0, ALLOW },
	{ "2\nallowlist\nread\nwrite\n", "read", 0, 0, ALLOW },
	{ "2\nallowlist\nread\nwrite\n", "getpid", 0, 0, KILL },
	{ "2\nwhitelist trap\nread\n", "getpid", 0, 0, SECCOMP_RET_TRAP },
	{ "2\nallowlist\nread errno 9\n", "read", 0, 0, ERRNO(9) },
	{ "2\r\ndenylist\r\n# a comment\r\n[all]\r\nmknod errno 1 # why\r\n", "mknod", 0, 0, ERRNO(1) },
	{ "2\ndenylist\n[x86_64]\nmknod errno 1\n[arm64]\nmkdir errno 1\n", "mknod", 0, 0, ERRNO(1) },
	{ "2\ndenylist\n[x86_64]\nmknod errno 1\n[ARM64]\nmkdir errno 1\n", "mkdir", 0, 0, ALLOW },
	{ "2\ndenylist\n[x86]\nmknod errno 1\n", "mknod", 0, 0, ALLOW },
	{ "2\ndenylist\nreject_force_umount\n", "umount2", 1, 1, ERRNO(EACCES) },
	{ "2\ndenylist\nreject_force_umount\n", "umount2", 1, 3, ERRNO(EACCES) },
	{ "2\ndenylist\nreject_force_umount # x\n", "umount2", 1, 2, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,0x5412,SCMP_CMP_EQ]\n", "ioctl", 1, 0x5412, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,0x5412,==]\n", "ioctl", 1, 0x5413, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,0x5412,SCMP_CMP_EQ]\n", "ioctl", 1, 0x100005412, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,0x100005412,SCMP_CMP_EQ]\n", "ioctl", 1, 0x100005412, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,!=]\n", "ioctl", 1, 5, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,5,!=]\n", "ioctl", 1, 0x100000005, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,!=]\n", "ioctl", 1, 6, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,<]\n", "ioctl", 1, 4, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,<]\n", "ioctl", 1, 5, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,5,<]\n", "ioctl", 1, 0x100000001, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,0x200000005,<]\n", "ioctl", 1, 0x1ffffffff, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,<=]\n", "ioctl", 1, 5, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,<=]\n", "ioctl", 1, 6, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,5,>]\n", "ioctl", 1, 5, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,5,>]\n", "ioctl", 1, 6, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,>]\n", "ioctl", 1, 0x100000000, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,0x200000005,>]\n", "ioctl", 1, 0x1ffffffff, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [1,5,>=]\n", "ioctl", 1, 5, ERRNO(1) },
	{ "2\ndenylist\nioctl errno 1 [1,5,>=]\n", "ioctl", 1, 4, ALLOW },
	{ "2\ndenylist\nmknod errno 0 [1,24576,SCMP_CMP_MASKED_EQ,61440]\n", "mknod", 1, 24576 | 0644, ERRNO(0) },
	{ "2\ndenylist\nmknod errno 0 [1,24576,&=,61440]\n", "mknod", 1, 32768, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [0,1,==][1,5,==]\n", "ioctl", 1, 5, ALLOW },
	{ "2\ndenylist\nioctl errno 1 [0,0,==] [1,5,==]\n", "ioctl", 1, 5, ERRNO(1) },
	/* Rules with conditions come before one without. */
	{ "2\ndenylist\nioctl errno 1\nioctl errno 2 [1,5,==]\n", "ioctl", 1, 5, ERRNO(2) },
	{ "2\ndenylist\nioctl errno 1\nioctl errno 2 [1,5,==]\n", "ioctl", 1, 6, ERRNO(1) },
	{ "1\nallowlist\n0\n1\n", "read", 0, 0, ALLOW },
	{ "1\nwhitelist\n0\n1\n", "getpid", 0, 0, KILL },
};

static void test_calls(void)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct sock_fprog none = { 0 }, filter = { 0 };
		autolxcpolicy p = { 0 };
		uint32_t got = 0xbad;

		if (parse(&p, calls[i].text) == 0 && seccomp_lxc_compile(&p, &none, &filter, &e) == 0)
			got = answer(&filter, seccomp_native_arch(), seccomp_number(calls[i].call),
				     calls[i].arg, calls[i].value);
		free(filter.filter);
		if (got == calls[i].want)
			continue;
		bad++;
		printf("# %s(%u: %llx) under %s: %x, not %x; %s\n", calls[i].call, calls[i].arg,
		       (unsigned long long)calls[i].value, calls[i].text, got, calls[i].want, e.text);
	}
	ok(bad == 0, "%zu calls get the answer that their policy has", ARRAY_SIZE(calls));
}

/* --- other ABIs, and the filter behind --------------------------------------------------- */

static void test_abis(void)
{
	struct sock_fprog none = { 0 }, filter = { 0 }, list = { 0 };
	autolxcpolicy p = { 0 }, allow = { 0 };
	int x32 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X32, "mknod");
	int i386 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "mknod");

	if (seccomp_native_arch() != AUDIT_ARCH_X86_64) {
		skip("32-bit ABIs", "written for x86_64");
		return;
	}
	parse(&p, "2\ndenylist\n[all]\nmknod errno 1\n[x86]\nsocket errno 2\n");
	seccomp_lxc_compile(&p, &none, &filter, &e);
	ok(answer(&filter, AUDIT_ARCH_I386, i386, 0, 0) == ERRNO(1), "[all] holds for i386");
	ok(answer(&filter, AUDIT_ARCH_X86_64, x32, 0, 0) == ERRNO(1), "and for x32");
	ok(answer(&filter, AUDIT_ARCH_I386, 359, 0, 0) == ERRNO(2), "[x86] holds for i386");
	ok(answer(&filter, AUDIT_ARCH_X86_64, seccomp_number("socket"), 0, 0) == ALLOW,
	   "and for nothing else");
	ok(answer(&filter, AUDIT_ARCH_I386, 102, 1, 0) == ERRNO(ENOSYS),
	   "socketcall is no way around a rule for socket");
	ok(answer(&filter, AUDIT_ARCH_I386, 117, 1, 0) == ALLOW,
	   "ipc hides no call that has a rule");
	parse(&allow, "2\nallowlist\nread\n");
	seccomp_lxc_compile(&allow, &none, &list, &e);
	ok(answer(&list, AUDIT_ARCH_AARCH64, 0, 0, 0) == KILL,
	   "an ABI that the machine does not have gets what unnamed calls get");
	free(filter.filter);
	free(list.filter);
}

static void test_own(void)
{
	/* ward's: getpid is refused with 7, all else is allowed. */
	static struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0 },
		{ BPF_RET | BPF_K, 0, 0, ERRNO(7) },
		{ BPF_RET | BPF_K, 0, 0, ALLOW },
	};
	struct sock_fprog own = { ARRAY_SIZE(code), code }, filter = { 0 };
	uint32_t arch = seccomp_native_arch();
	autolxcpolicy p = { 0 };

	code[1].k = (uint32_t)seccomp_number("getpid");
	parse(&p, "2\ndenylist\nmknod errno 1\ngetpid allow\n");
	ok(seccomp_lxc_compile(&p, &own, &filter, &e) == 0, "a policy before a filter (%s)",
	   e.text);
	ok(answer(&filter, arch, seccomp_number("mknod"), 0, 0) == ERRNO(1), "the policy refuses");
	ok(answer(&filter, arch, seccomp_number("getpid"), 0, 0) == ERRNO(7),
	   "what it allows, the filter may refuse");
	ok(answer(&filter, arch, seccomp_number("read"), 0, 0) == ALLOW, "both allow");
	free(filter.filter);
}

/* --- wrong ------------------------------------------------------------------------------- */

static void test_wrong(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "p:1: a policy begins" },
		{ "2\n", "p:2: a policy begins" },
		{ "3\ndenylist\n", "p:1: '3': the first line" },
		{ "2\nmaybelist\n", "p:2: 'maybelist': the second line" },
		{ "1\ndenylist\n", "p:2: 'denylist': the second line is allowlist" },
		{ "1\nallowlist\nread\n", "p:3: 'read' is not the number" },
		{ "2\ndenylist\n[z80]\n", "p:3: '[z80]' is no architecture" },
		{ "2\ndenylist\nmknod deny\n", "p:3: 'deny' is none of kill" },
		{ "2\ndenylist\nmknod errno\n", "p:3: 'errno' is none of kill" },
		{ "2\ndenylist\nmknod errno x\n", "p:3: 'x' is not the number" },
		{ "2\ndenylist\nmknod errno 5000\n", "p:3: '5000' is not the number" },
		{ "2\ndenylist\nmknod errno 1 kill\n", "p:3: more than one action" },
		{ "2\ndenylist\nmknod notify\n", "p:3: notify: " },
		{ "2\ndenylist\nmknod kill [1,2]\n", "p:3: a condition is" },
		{ "2\ndenylist\nmknod kill [6,2,==]\n", "p:3: a condition is" },
		{ "2\ndenylist\nmknod kill [1,2,=]\n", "p:3: a condition is" },
		{ "2\ndenylist\nmknod kill [1,2,==\n", "p:3: a condition ends" },
		{ "2\ndenylist\nmknod kill [1,2,==] x\n", "p:3: what follows" },
		{ "2\ndenylist\nmknod kill [1,2,==,3,4]\n", "p:3: a condition is" },
	};
	autolxcpolicy unknown = { 0 };
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autolxcpolicy p = { 0 };

		if (parse(&p, bad[i].text) < 0 && str_starts(e.text, bad[i].says))
			continue;
		printf("# %s: %s\n", bad[i].text, e.text);
		wrong++;
	}
	ok(wrong == 0, "%zu errors say where and what", ARRAY_SIZE(bad));
	ok(seccomp_lxc_parse(&unknown, "p", "2\ndeny\0list\n", 12, &e) == -EINVAL,
	   "a NUL is refused");
	seccomp_lxc_free(&unknown);
	ok(parse(&unknown, "2\ndenylist\nmknodd errno 1\nmkdir errno 1\n") == 0 && unknown.n == 1 &&
		   unknown.unknown.n == 1 && strstr(unknown.unknown.item[0], "'mknod'"),
	   "an unknown call is left out, and said");
}

/* --- the one that everybody has ----------------------------------------------------------- */

static void test_stock(void)
{
	static const char path[] = "/usr/share/lxc/config/common.seccomp";
	struct sock_fprog none = { 0 }, filter = { 0 };
	uint32_t arch = seccomp_native_arch();
	autolxcpolicy p = { 0 };
	autostr text = { 0 };

	if (file_read(AT_FDCWD, path, 65536, &text) < 0) {
		skip(path, "Debian's package lxc is not installed");
		return;
	}
	ok(parse(&p, text.text) == 0 && p.n == 6 && !p.unknown.n, "%s is read (%s)", path, e.text);
	ok(seccomp_lxc_compile(&p, &none, &filter, &e) == 0 &&
		   answer(&filter, arch, seccomp_number("init_module"), 0, 0) == ERRNO(1) &&
		   answer(&filter, arch, seccomp_number("umount2"), 1, 1) == ERRNO(EACCES) &&
		   answer(&filter, arch, seccomp_number("umount2"), 1, 0) == ALLOW &&
		   answer(&filter, arch, seccomp_number("mount"), 0, 0) == ALLOW,
	   "and does what it says");
	free(filter.filter);
}

int main(void)
{
	test_calls();
	test_abis();
	test_own();
	test_wrong();
	test_stock();
	return done();
}
