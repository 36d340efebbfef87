/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system call filter without loading it: the language, the verdicts of the two policies
 * through an interpreter, the files that filters are kept in, and the wall's other duties. What
 * the kernel makes of a filter is tested in test_seccomp_live.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "wall/seccomp.h"
#include "wall/seccomp_cache.h"
#include "wall/seccomp_compile.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_policy.h"
#include "wall/seccomp_reach.h"

#include "seccomp_expected.h"
#include "tap.h"

const struct wall *const walls[] = { &wall_seccomp, NULL };

enum { X86_64 = (int)AUDIT_ARCH_X86_64, X32 = 0x40000000 };

static void filter_free(struct sock_fprog *f)
{
	free(f->filter);
	*f = (struct sock_fprog){ 0 };
}

#define autofilter __attribute__((cleanup(filter_free))) struct sock_fprog

/* --- making filters -------------------------------------------------------------------- */

/* Compile a spec that is given as "key=value" words. */
static int make(struct sock_fprog *out, const char *const *settings, int cache, struct err *e)
{
	struct run r = { .cache = cache };
	autospec s;
	int ret = 0;

	spec_init(&s);
	for (; ret == 0 && *settings; settings++) {
		autofree char *copy = strdup(*settings);
		char *value = strchr(copy, '=');

		*value++ = '\0';
		ret = key_set(&s, copy, value, "test", e);
	}
	r.spec = &s;
	if (ret == 0)
		ret = seccomp_compile(&r, e);
	*out = r.filter;
	return ret;
}

#define SPEC_OF(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool compiled(struct sock_fprog *out, const char *const *settings, const char *what)
{
	struct err e = ERR_NONE;
	int ret = make(out, settings, -EBADF, &e);

	if (!ok(ret == 0 && out->len, "%s compiles", what))
		printf("#   %s\n", e.text);
	return ret == 0;
}

/* Compile a text. */
static bool text_compiled(struct sock_fprog *out, const char *text)
{
	struct err e = ERR_NONE;
	autopolicy p = { 0 };
	int ret = seccomp_policy_parse(&p, "text", text, strlen(text), &e);

	if (ret == 0)
		ret = seccomp_compile_policy(&p, false, out, &e);
	if (ret < 0)
		printf("#   %s\n", e.text);
	return ret == 0;
}

/* What happens to a call: 0 = made, an errno, or -1 = something else. */
static int verdict_by(const struct sock_fprog *f, uint32_t arch, int number, uint64_t a,
		      uint64_t b, uint64_t c)
{
	struct seccomp_data call = { .nr = number, .arch = arch, .args = { a, b, c } };
	uint32_t action;

	if (!f->len || seccomp_run(f, &call, &action) < 0)
		return -1;
	if (action == SECCOMP_RET_ALLOW)
		return 0;
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		return (int)(action & SECCOMP_RET_DATA);
	return -1;
}

static int verdict(const struct sock_fprog *f, const char *name, uint64_t a, uint64_t b, uint64_t c)
{
	return verdict_by(f, seccomp_native_arch(), seccomp_number(name), a, b, c);
}

/* --- the table of all calls ------------------------------------------------------------ */

static bool as_expected(const struct sock_fprog *f, int number, enum expected_verdict want)
{
	uint32_t action;
	enum seccomp_reach got = seccomp_reach_call(f, AUDIT_ARCH_X86_64, number, &action);

	switch (want) {
	case ALLOW:
		return got == SECCOMP_ALLOWED;
	case ARGS:
		return got == SECCOMP_CONDITIONAL;
	case REFUSE:
		return got == SECCOMP_DENIED && action == (SECCOMP_RET_ERRNO | EPERM);
	case ABSENT:
		return got == SECCOMP_DENIED && action == (SECCOMP_RET_ERRNO | ENOSYS);
	}
	return false;
}

static void test_table(const struct sock_fprog *f, const char *policy, bool system)
{
	bool named[SECCOMP_NUMBERS] = { false };
	unsigned wrong = 0, unnamed = 0;
	char name[SECCOMP_NAME_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct expected *x = &expected[i];

		named[x->number] = true;
		if (seccomp_number(x->name) == x->number &&
		    as_expected(f, x->number, system ? x->system : x->app))
			continue;
		wrong++;
		printf("#   %s is not what the table says\n", x->name);
	}
	ok(!wrong, "%s: each of %zu system calls has the verdict of the table", policy,
	   ARRAY_SIZE(expected));
	for (int i = 0; i < SECCOMP_NUMBERS; i++) {
		if (!named[i] && !as_expected(f, i, ABSENT))
			wrong++;
		unnamed += seccomp_name(AUDIT_ARCH_X86_64, i, name) && !named[i];
	}
	ok(!wrong, "%s: every other number fails with ENOSYS", policy);
	ok(!unnamed, "%s: no system call with a name is missing from the table", policy);
}

static void test_count(const struct sock_fprog *f, bool system)
{
	struct seccomp_count got = seccomp_reach(f, AUDIT_ARCH_X86_64);
	struct seccomp_count want = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		enum expected_verdict v = system ? expected[i].system : expected[i].app;

		want.allowed += v == ALLOW;
		want.conditional += v == ARGS;
		want.denied += v == REFUSE || v == ABSENT;
	}
	ok(got.allowed == want.allowed && got.conditional == want.conditional &&
		   got.denied == want.denied,
	   "the count of reachable calls agrees with the table (%u, %u, %u)", got.allowed,
	   got.conditional, got.denied);
}

/* --- arguments ------------------------------------------------------------------------- */

#define NOISE 0xdeadbeef00000000ULL

static const struct {
	const char *call;
	uint64_t args[3];
	int app, system;
	const char *what;
} argument_cases[] = {
	{ "personality", { 0 }, 0, 0, "PER_LINUX" },
	{ "personality", { 8 }, 0, 0, "PER_LINUX32" },
	{ "personality", { 0x20000 }, 0, 0, "UNAME26" },
	{ "personality", { 0x20008 }, 0, 0, "PER_LINUX32 with UNAME26" },
	{ "personality", { 0xffffffff }, 0, 0, "the question for the personality" },
	{ "personality", { ~0ULL }, 0, 0, "the same, sign-extended" },
	{ "personality", { 0x0400000 }, EPERM, EPERM, "READ_IMPLIES_EXEC" },
	{ "personality", { 0x0040000 }, EPERM, EPERM, "ADDR_NO_RANDOMIZE" },
	{ "personality", { 0x0400000 | NOISE }, EPERM, EPERM, "READ_IMPLIES_EXEC and high bits" },
	{ "personality", { 1 }, EPERM, EPERM, "a neighbour of 0" },
	{ "personality", { 7 }, EPERM, EPERM, "the lower neighbour of 8" },
	{ "personality", { 9 }, EPERM, EPERM, "the upper neighbour of 8" },
	{ "personality", { 0xfffffffe }, EPERM, EPERM, "the neighbour of the question" },
	{ "clone", { 0x003d0f00 }, 0, 0, "the flags of a thread" },
	{ "clone", { 17 }, 0, 0, "the flags of fork" },
	{ "clone", { 17 | NOISE }, 0, 0, "the flags of fork and bits that the kernel ignores" },
	{ "clone", { 0x10000000 | 17 }, EPERM, EPERM, "CLONE_NEWUSER" },
	{ "clone", { 0x10000000 | 17 | NOISE }, EPERM, EPERM, "CLONE_NEWUSER and high bits" },
	{ "clone", { 0x00020000 | 17 }, EPERM, 0, "CLONE_NEWNS" },
	{ "clone", { 0x02000000 | 17 }, EPERM, 0, "CLONE_NEWCGROUP" },
	{ "clone", { 0x04000000 | 17 }, EPERM, 0, "CLONE_NEWUTS" },
	{ "clone", { 0x08000000 | 17 }, EPERM, 0, "CLONE_NEWIPC" },
	{ "clone", { 0x20000000 | 17 }, EPERM, 0, "CLONE_NEWPID" },
	{ "clone", { 0x40000000 | 17 }, EPERM, 0, "CLONE_NEWNET" },
	{ "clone", { 0x7e020000 | 17 }, EPERM, EPERM, "all namespaces" },
	{ "unshare", { 0x10000000 }, EPERM, EPERM, "CLONE_NEWUSER" },
	{ "unshare", { 0x10020000 }, EPERM, EPERM, "CLONE_NEWUSER with CLONE_NEWNS" },
	{ "unshare", { 0x00020000 }, EPERM, 0, "CLONE_NEWNS" },
	{ "ioctl", { 0, 0x5412 }, EPERM, EPERM, "TIOCSTI" },
	{ "ioctl", { 0, 0x5412 | 1ULL << 32 }, EPERM, EPERM, "TIOCSTI with bit 32" },
	{ "ioctl", { 0, 0x5412 | NOISE }, EPERM, EPERM, "TIOCSTI with many high bits" },
	{ "ioctl", { 0, 0x541c }, EPERM, EPERM, "TIOCLINUX" },
	{ "ioctl", { 0, 0x541c | 1ULL << 63 }, EPERM, EPERM, "TIOCLINUX with bit 63" },
	{ "ioctl", { 0, 0x5423 }, EPERM, 0, "TIOCSETD" },
	{ "ioctl", { 0, 0x5411 }, 0, 0, "the lower neighbour of TIOCSTI" },
	{ "ioctl", { 0, 0x5413 }, 0, 0, "the upper neighbour of TIOCSTI" },
	{ "ioctl", { 0x5412, 0x5401 }, 0, 0, "TIOCSTI in the wrong argument" },
	{ "socket", { 1, 1, 0 }, 0, 0, "AF_UNIX" },
	{ "socket", { 1 | NOISE, 1, 0 }, 0, 0, "AF_UNIX and bits that the kernel ignores" },
	{ "socket", { 2, 1, 6 }, 0, 0, "TCP" },
	{ "socket", { 2, 2 | 02004000, 17 }, 0, 0, "UDP, close-on-exec and non-blocking" },
	{ "socket", { 10, 3, 58 }, 0, 0, "a raw IPv6 socket" },
	{ "socket", { 2, 10, 768 }, EAFNOSUPPORT, EAFNOSUPPORT, "SOCK_PACKET of AF_INET" },
	{ "socket", { 2, 10 | 02000000, 768 }, EAFNOSUPPORT, EAFNOSUPPORT,
	  "SOCK_PACKET of AF_INET, close-on-exec" },
	{ "socket", { 2, 6, 33 }, EAFNOSUPPORT, EAFNOSUPPORT, "DCCP" },
	{ "socket", { 16, 3, 0 }, 0, 0, "NETLINK_ROUTE" },
	{ "socket", { 16, 3, 4 }, 0, 0, "NETLINK_SOCK_DIAG" },
	{ "socket", { 16, 3, 15 }, 0, 0, "NETLINK_KOBJECT_UEVENT" },
	{ "socket", { 16, 3, 16 }, 0, 0, "NETLINK_GENERIC" },
	{ "socket", { 16, 3, 16 | NOISE }, 0, 0, "NETLINK_GENERIC and high bits" },
	{ "socket", { 16, 3, 6 }, EAFNOSUPPORT, EAFNOSUPPORT, "NETLINK_XFRM" },
	{ "socket", { 16, 3, 9 }, EAFNOSUPPORT, EAFNOSUPPORT, "NETLINK_AUDIT" },
	{ "socket", { 16, 3, 9 | NOISE }, EAFNOSUPPORT, EAFNOSUPPORT, "NETLINK_AUDIT, high bits" },
	{ "socket", { 16, 3, 12 }, EAFNOSUPPORT, EAFNOSUPPORT, "NETLINK_NETFILTER" },
	{ "socket", { 16, 3, 17 }, EAFNOSUPPORT, EAFNOSUPPORT, "the protocol after the last one" },
	{ "socket", { 38, 5, 0 }, EAFNOSUPPORT, EAFNOSUPPORT, "AF_ALG" },
	{ "socket", { 40, 1, 0 }, EAFNOSUPPORT, EAFNOSUPPORT, "AF_VSOCK" },
	{ "socket", { 17, 3, 0 }, EAFNOSUPPORT, EAFNOSUPPORT, "AF_PACKET" },
	{ "socket", { 33, 2, 10 }, EAFNOSUPPORT, EAFNOSUPPORT, "AF_RXRPC" },
	{ "socketpair", { 1, 1, 0 }, 0, 0, "AF_UNIX" },
	{ "socketpair", { 16, 3, 6 }, EOPNOTSUPP, EOPNOTSUPP, "NETLINK_XFRM" },
	{ "socketpair", { 40, 1, 0 }, EOPNOTSUPP, EOPNOTSUPP, "AF_VSOCK" },
	{ "setsockopt", { 3, 1, 2 }, 0, 0, "SO_REUSEADDR" },
	{ "setsockopt", { 3, 1, 64 }, 0, 0, "option 64 of SOL_SOCKET" },
	{ "setsockopt", { 3, 0, 64 }, EPERM, EPERM, "IPT_SO_SET_REPLACE" },
	{ "setsockopt", { 3, NOISE, 64 | NOISE }, EPERM, EPERM, "IPT_SO_SET_REPLACE, high bits" },
	{ "setsockopt", { 3, 41, 64 }, EPERM, EPERM, "IP6T_SO_SET_REPLACE" },
	{ "setsockopt", { 3, 0, 96 }, EPERM, EPERM, "ARPT_SO_SET_REPLACE" },
	{ "setsockopt", { 3, 0, 128 }, EPERM, EPERM, "EBT_SO_SET_ENTRIES" },
	{ "setsockopt", { 3, 0, 63 }, 0, 0, "the option before the firewall's" },
	{ "setsockopt", { 3, 41, 66 }, 0, 0, "IPV6_RECVTCLASS" },
	{ "setsockopt", { 3, 6, 31 }, EPERM, EPERM, "TCP_ULP" },
	{ "setsockopt", { 3, 6, 1 }, 0, 0, "TCP_NODELAY" },
	{ "mknod", { 0, 0100644, 0 }, 0, 0, "a file" },
	{ "mknod", { 0, 0644, 0 }, 0, 0, "a file, without a type" },
	{ "mknod", { 0, 0010644, 0 }, 0, 0, "a FIFO" },
	{ "mknod", { 0, 0140644, 0 }, 0, 0, "a socket" },
	{ "mknod", { 0, 0020666, 0x103 }, EPERM, 0, "a character device" },
	{ "mknod", { 0, 0060666, 0x700 }, EPERM, 0, "a block device" },
	{ "mknod", { 0, 0020666 | NOISE, 0x103 }, EPERM, 0, "a device and high bits" },
	{ "mknodat", { 3, 0, 0020666 }, EPERM, 0, "a character device" },
	{ "mknodat", { 0020666, 0, 0010644 }, 0, 0, "a FIFO" },
};

static void test_arguments(const struct sock_fprog *app, const struct sock_fprog *system)
{
	for (size_t i = 0; i < ARRAY_SIZE(argument_cases); i++) {
		const uint64_t *a = argument_cases[i].args;
		const char *call = argument_cases[i].call;

		ok(verdict(app, call, a[0], a[1], a[2]) == argument_cases[i].app &&
			   verdict(system, call, a[0], a[1], a[2]) == argument_cases[i].system,
		   "%s with %s gets %d in app, %d in system", call, argument_cases[i].what,
		   argument_cases[i].app, argument_cases[i].system);
	}
}

/* --- other ABIs ------------------------------------------------------------------------ */

/* All numbers of an ABI, and those beside them. */
static unsigned let_through(const struct sock_fprog *f, uint32_t arch, int bit)
{
	unsigned n = 0;

	for (int i = 0; i < 2048; i++)
		n += seccomp_reach_call(f, arch, i | bit, NULL) != SECCOMP_DENIED;
	return n;
}

static void test_foreign(const struct sock_fprog *app)
{
	autofilter both = { 0 };

	ok(!let_through(app, AUDIT_ARCH_I386, 0), "no call of the i386 ABI gets through");
	ok(!let_through(app, AUDIT_ARCH_X86_64, X32), "no call of the x32 ABI gets through");
	ok(!let_through(app, AUDIT_ARCH_AARCH64, 0), "no call of another machine gets through");
	is_int(verdict_by(app, AUDIT_ARCH_I386, 3, 0, 0, 0), ENOSYS, "i386 read is ENOSYS");
	is_int(verdict_by(app, AUDIT_ARCH_X86_64, X32 | 0, 0, 0, 0), ENOSYS, "x32 read is ENOSYS");
	is_int(verdict_by(app, AUDIT_ARCH_X86_64, -1, 0, 0, 0), ENOSYS, "number -1 is ENOSYS");

	if (!compiled(&both, SPEC_OF("seccomp.policy=app", "seccomp.foreign_abi=true"),
		      "app with the foreign ABI"))
		return;
	test_table(&both, "app with the foreign ABI", false);
	ok(!let_through(&both, AUDIT_ARCH_X86_64, X32), "x32 stays closed beside i386");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 3, 0, 0, 0), 0, "i386 read is made");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 192, 0, 0, 0), 0, "i386 mmap2 is made");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 407, 0, 0, 0), 0,
	       "i386 clock_nanosleep_time64 is made");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 404, 0, 0, 0), EPERM,
	       "i386 clock_settime64 is refused");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 21, 0, 0, 0), EPERM, "i386 mount is refused");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 359, 1, 1, 0), 0, "i386 socket(AF_UNIX) is made");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 359, 40, 1, 0), EAFNOSUPPORT,
	       "i386 socket(AF_VSOCK) is refused");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 120, 0x10000011, 0, 0), EPERM,
	       "i386 clone(CLONE_NEWUSER) is refused");
	for (uint64_t i = 0; i <= 21; i++)
		if (verdict_by(&both, AUDIT_ARCH_I386, 102, i, 0, 0) != EPERM)
			ok(false, "i386 socketcall(%d) is refused", (int)i);
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 102, 1, 0, 0), EPERM,
	       "i386 socketcall is refused, whatever it calls");
	is_int(verdict_by(&both, AUDIT_ARCH_I386, 117, 21, 0, 0), EPERM, "i386 ipc is refused");
	ok(let_through(&both, AUDIT_ARCH_I386, 0) > 300, "the i386 ABI is usable");
}

/* --- the user's lists ------------------------------------------------------------------ */

/* How many of the families 0..45 socket() gets, but for netlink, whose protocol matters. */
static unsigned families_open(const struct sock_fprog *f)
{
	unsigned n = 0;

	for (uint64_t i = 0; i <= 45; i++)
		n += verdict(f, "socket", i, 1, 0) == 0;
	return n;
}

static void test_allow_and_deny(void)
{
	autofilter f = { 0 };

	if (!compiled(&f,
		      SPEC_OF("seccomp.policy=app", "seccomp.allow=@debug",
			      "seccomp.allow=io_uring_setup, personality", "seccomp.deny=read",
			      "seccomp.deny=process_vm_writev"),
		      "app with lists"))
		return;
	is_int(verdict(&f, "ptrace", 0, 0, 0), 0, "a member of an allowed set is made");
	is_int(verdict(&f, "kcmp", 0, 0, 0), 0, "another member, too");
	is_int(verdict(&f, "io_uring_setup", 0, 0, 0), 0, "an allowed call is made");
	is_int(verdict(&f, "io_uring_enter", 0, 0, 0), EPERM, "its neighbour is refused as before");
	is_int(verdict(&f, "personality", 0x400000, 0, 0), 0,
	       "allow lifts the conditions of the policy");
	is_int(verdict(&f, "read", 0, 0, 0), EPERM, "a denied call is refused");
	is_int(verdict(&f, "process_vm_writev", 0, 0, 0), EPERM, "deny outranks allow");
	is_int(verdict(&f, "write", 0, 0, 0), 0, "what no list names is as before");
}

static void test_sockets_added(const struct sock_fprog *app)
{
	autofilter f = { 0 };
	unsigned before = families_open(app);

	if (!compiled(&f,
		      SPEC_OF("seccomp.policy=app", "seccomp.families=packet", "seccomp.families=40",
			      "seccomp.netlink=netfilter", "seccomp.netlink=NETLINK_AUDIT"),
		      "app with more sockets"))
		return;
	is_int(before, 4, "app has sockets of four families");
	is_int(families_open(&f), 6, "two families more are open, and no third one");
	is_int(verdict(&f, "socket", 17, 3, 0), 0, "AF_PACKET is open by its name");
	is_int(verdict(&f, "socket", 40, 1, 0), 0, "AF_VSOCK is open by its number");
	is_int(verdict(&f, "socket", 38, 5, 0), EAFNOSUPPORT, "AF_ALG stays closed");
	is_int(verdict(&f, "socket", 16, 3, 12), 0, "NETLINK_NETFILTER is open");
	is_int(verdict(&f, "socket", 16, 3, 9), 0, "NETLINK_AUDIT is open");
	is_int(verdict(&f, "socket", 16, 3, 6), EAFNOSUPPORT, "NETLINK_XFRM stays closed");
	is_int(verdict(&f, "setsockopt", 3, 0, 64), 0,
	       "netfilter brings the firewall's older socket options along");
}

static void test_nesting(void)
{
	autofilter f = { 0 };

	if (!compiled(&f, SPEC_OF("seccomp.policy=system", "seccomp.allow=@nesting"),
		      "system with @nesting"))
		return;
	is_int(verdict(&f, "clone", 0x7e020000, 0, 0), 0, "nesting: clone has no conditions");
	is_int(verdict(&f, "unshare", 0x10000000, 0, 0), 0, "nesting: unshare has none either");
	is_int(verdict(&f, "clone3", 0, 0, 0), 0, "nesting: clone3 is made");
	is_int(verdict(&f, "setns", 0, 0, 0), 0, "nesting: setns is made");
	is_int(verdict(&f, "bpf", 0, 0, 0), EPERM, "nesting: bpf is refused as before");
}

/* The exact message of a wrong setting. */
static void test_settings_refused(void)
{
	static const struct {
		const char *setting, *text;
	} cases[] = {
		{ "seccomp.policy=sytem", "did you mean 'system'?" },
		{ "seccomp.policy=mine", "a file in this directory is written ./mine" },
		{ "seccomp.policy=/nonexistent/policy", "read /nonexistent/policy: No such file" },
		{ "seccomp.allow=opne", "did you mean 'open'?" },
		{ "seccomp.allow=@debgu", "did you mean '@debug'?" },
		{ "seccomp.deny=execvee", "did you mean 'execve'?" },
		{ "seccomp.families=pakcet", "'pakcet' is no address family" },
		{ "seccomp.families=256", "'256' is no address family" },
		{ "seccomp.families=netlink", "seccomp.netlink" },
		{ "seccomp.netlink=rout", "'rout' is no netlink protocol" },
		{ "seccomp.netlink=32", "'32' is no netlink protocol" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		autofilter f = { 0 };
		int ret = make(&f, SPEC_OF("seccomp.policy=app", cases[i].setting), -EBADF, &e);

		if (!ok(ret < 0 && strstr(e.text, cases[i].text) && str_starts(e.text, "test: "),
			"%s is refused with its origin and '%s'", cases[i].setting, cases[i].text))
			printf("#   %s\n", e.text);
	}
}

/* --- the language ---------------------------------------------------------------------- */

static const struct {
	const char *text, *message;
} text_errors[] = {
	{ "alow read\n", "text:1: 'alow' is no statement" },
	{ "# one\n\nallow reed\n", "text:3: system call 'reed' is not known; did you mean 'read'?" },
	{ "allow read\n\twrite\n\twrlte\n", "text:3: system call 'wrlte' is not known" },
	{ "allow\n", "text:1: expected names of system calls" },
	{ "allow\nallow read\n", "text:1: expected names of system calls" },
	{ "deny read\n", "text:1: expected an error such as EPERM or ENOSYS, not 'read'" },
	{ "deny EPERN read\n", "not 'EPERN'" },
	{ "default maybe\n", "text:1: expected an error" },
	{ "default EPERM read\n", "text:1: 'read' is too much here" },
	{ " allow read\n", "text:1: a statement begins at the left margin" },
	{ "allow @nothing\n", "text:1: there is no set '@nothing'" },
	{ "@ = read\n", "text:1: a set without a name" },
	{ "@mine read\n", "text:1: expected '=' after the name of a set, not 'read'" },
	{ "@mine =\n", "expected names of system calls" },
	{ "@mine = read\n@mine = write\n", "text:2: the set @mine exists already" },
	{ "@debug = read\n", "text:1: the set @debug exists already" },
	{ "allow @later\n@later = read\n", "text:1: there is no set '@later'" },
	{ "include nothing\n", "text:1: 'nothing' is no policy of ward's own" },
	{ "include sets\n", "'sets' is no policy of ward's own" },
	{ "include ../../etc/passwd\n", "is no policy of ward's own" },
	{ "include app system\n", "text:1: 'system' is too much here" },
	{ "allow read\ndeny EPERM read\n", "text:2: line 1 says something else about read" },
	{ "allow read if 0 in 1 else EPERM\nallow read\n", "text:2: line 1 says something else" },
	{ "allow socket if\n", "expected the number of an argument" },
	{ "allow socket if 6 in 1 else EPERM\n", "expected the number of an argument, 0 to 5" },
	{ "allow socket if 0 is 1 else EPERM\n", "expected 'in' after the argument, not 'is'" },
	{ "allow socket if 0 in else EPERM\n", "expected a value after 'in'" },
	{ "allow socket if 0 in 1\n", "expected 'else' and an error after the condition" },
	{ "allow socket if 0 in 1 else\n", "expected an error such as EPERM" },
	{ "allow socket if 0 in AF_UNX else EPERM\n", "'AF_UNX' is neither a number" },
	{ "allow socket if 0 in 0x100000000 else EPERM\n", "is neither a number of 32 bits" },
	{ "allow socket if 0 in -1 else EPERM\n", "'-1' is neither a number" },
	{ "allow socket if 0 in 1| else EPERM\n", "'' is neither a number" },
	{ "allow socket if 0 & 0 in 0 else EPERM\n", "a mask without bits" },
	{ "allow socket if 0 & 1 in 2 else EPERM\n", "outside of the mask 0x1 and is never met" },
	{ "allow socket if 0 in 1 and 0 in 2 else EPERM\n", "argument 0 is tested twice" },
	{ "allow socket if 0 in 1 and 1 in 1 and 2 in 1 and 3 in 1 else EPERM\n",
	  "more than 3 tests in one case" },
	{ "deny EPERM socket if 0 in 1 else EPERM\n", "'else' is too much here" },
	{ "allow rea\001d\n", "text:1: a character that is not printable ASCII" },
	{ "allow r\303\251ad\n", "a character that is not printable ASCII" },
};

static void test_text_errors(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_errors); i++) {
		const char *text = text_errors[i].text;
		struct err e = ERR_NONE;
		autopolicy p = { 0 };
		int ret = seccomp_policy_parse(&p, "text", text, strlen(text), &e);

		if (!ok(ret == -EINVAL && e.code == EINVAL && strstr(e.text, text_errors[i].message),
			"refused: %s", text_errors[i].message))
			printf("#   %d %s\n", ret, e.text);
	}
}

static void test_text_bounds(void)
{
	autostr text = { 0 };
	struct err e = ERR_NONE;
	autopolicy many = { 0 };
	autopolicy nul = { 0 };
	autopolicy huge = { 0 };

	str_add(&text, "allow socket if 0 in");
	for (int i = 0; i < 129; i++)
		str_addf(&text, " %d", i);
	str_add(&text, " else EPERM\n");
	ok(seccomp_policy_parse(&many, "text", text.text, text.len, &e) == -EINVAL &&
		   strstr(e.text, "more than 128"),
	   "too many values are refused");
	ok(seccomp_policy_parse(&nul, "text", "allow read\0write\n", 17, &e) == -EINVAL,
	   "a NUL byte is refused");
	ok(seccomp_policy_parse(&huge, "text", text.text, 1 << 20, &e) == -EINVAL &&
		   strstr(e.text, "at most"),
	   "a text that is too long is refused unread");
}

static void test_language(void)
{
	autofilter f = { 0 };
	autofilter list = { 0 };
	autofilter layer = { 0 };

	ok(text_compiled(&f, "# comment\n"
			     "@mine = getpid # why\n"
			     "\n"
			     "\tgetppid\n"
			     "# a comment at the margin does not end a statement\n"
			     "\tgettid\n"
			     "allow @mine read\r\n"
			     "allow @mine\n"
			     "deny EACCES kill tkill if 1 in 9 15\n"
			     "allow stat64 cacheflush\n"
			     "deny EBUSY write"),
	   "a text with everything compiles");
	is_int(verdict(&f, "gettid", 0, 0, 0), 0, "a set goes on over lines and comments");
	is_int(verdict(&f, "read", 0, 0, 0), 0, "a line may end in CR LF");
	is_int(verdict(&f, "kill", 1, 9, 0), EACCES, "a condition denies");
	is_int(verdict(&f, "tkill", 1, 15, 0), EACCES, "the same condition on another call");
	is_int(verdict(&f, "kill", 1, 1, 0), 0, "a condition that does not hold allows");
	is_int(verdict(&f, "write", 0, 0, 0), EBUSY, "the last line needs no end");
	is_int(verdict(&f, "getuid", 0, 0, 0), ENOSYS, "the default is ENOSYS");

	ok(text_compiled(&list, "default allow\ndeny EPERM mount\ndeny ENOSYS clone3\n"
				"deny EAFNOSUPPORT socket if 0 in AF_ALG AF_VSOCK\n"),
	   "a list of what is denied compiles");
	is_int(verdict(&list, "mount", 0, 0, 0), EPERM, "what it names is denied");
	is_int(verdict(&list, "clone3", 0, 0, 0), ENOSYS, "with the error that it names");
	is_int(verdict(&list, "socket", 38, 0, 0), EAFNOSUPPORT, "by arguments, too");
	is_int(verdict(&list, "socket", 1, 0, 0), 0, "and nothing else");
	is_int(verdict(&list, "bpf", 0, 0, 0), 0, "the rest is made");
	is_int(verdict_by(&list, AUDIT_ARCH_I386, 3, 0, 0, 0), ENOSYS,
	       "the foreign ABI is closed even then");

	ok(text_compiled(&layer, "deny EACCES read\ninclude system\nallow bpf\ndefault EPERM\n"),
	   "a text on top of another one compiles");
	is_int(verdict(&layer, "read", 0, 0, 0), EACCES, "the outer text outranks, before the include");
	is_int(verdict(&layer, "bpf", 0, 0, 0), 0, "and after it");
	is_int(verdict(&layer, "mount", 0, 0, 0), 0, "the included text outranks what it includes");
	is_int(verdict(&layer, "openat", 0, 0, 0), 0, "the innermost text counts where nobody else speaks");
	is_int(verdict_by(&layer, AUDIT_ARCH_X86_64, 500, 0, 0, 0), EPERM,
	       "the default is the outer one's");
}

/* The compiler compares what it made with the policy's own reading before it hands it out: a
 * policy that compiles is followed. */
static void test_random_policies(void)
{
	static const char *const calls[] = { "read", "ioctl", "socket", "futex", "clone", "mq_open" };
	static const char *const masks[] = { "", "& 0xff ", "& 0xf0f0 ", "& 0x80000001 " };
	static const char *const values[] = { "0", "1", "0x10", "0x11", "0x80", "0x81" };
	unsigned good = 0, n = 300;

	srandom(20240229);
	for (unsigned i = 0; i < n; i++) {
		autofilter f = { 0 };
		autostr text = { 0 };

		str_addf(&text, "default %s\n", random() % 3 ? "ENOSYS" : "allow");
		for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
			bool deny = random() & 1;

			str_addf(&text, "%s %s ", deny ? "deny EPERM" : "allow", calls[c]);
			for (long k = 0, cases = 1 + random() % 4; k < cases; k++) {
				long arg = random() % 3, mask = random() % 3;

				str_addf(&text, "%s %ld %sin", k ? "or" : "if", arg, masks[mask]);
				/* Only values within the mask are accepted. */
				for (long v = 1 + random() % 3; v > 0; v--)
					str_addf(&text, " %s", values[mask == 2 ? 0 : random() % 6]);
				for (long more = random() % 3; more > 0; more--)
					str_addf(&text, " and %ld & 0xff in %s", 2 + more,
						 values[random() % 6]);
				str_add(&text, " ");
			}
			str_addf(&text, "%s\n", deny ? "" : "else EACCES");
		}
		if (text_compiled(&f, str_text(&text)))
			good++;
		else
			printf("# %s", str_text(&text));
	}
	is_int(good, n, "300 random policies become filters that follow them");
}

/* Enough cases that conditional jumps, which see 255 instructions, need help. */
static void long_policy(struct str *text, unsigned calls, unsigned cases)
{
	static const char *const names[] = { "read", "write", "openat", "close", "ioctl", "futex",
					     "clone", "execve", "statx", "mmap" };

	for (unsigned c = 0; c < calls; c++) {
		str_addf(text, "deny EACCES %s", names[c]);
		for (unsigned i = 0; i < cases; i++)
			str_addf(text, " %s %u & 0xffff in %u and %u in %u", i ? "or" : "if", i % 3,
				 i + 7 * c, 3 + i % 2, i * 3);
		str_add(text, "\n");
	}
}

static void test_long_policies(void)
{
	autostr good = { 0 };
	autostr bad = { 0 };
	struct err e = ERR_NONE;
	autofilter f = { 0 };
	autofilter none = { 0 };
	autopolicy p = { 0 };
	struct seccomp_data call = { .nr = 0, .arch = seccomp_native_arch(),
				     .args = { 0, 100, 0, 0, 300 } };
	uint32_t action = 0;

	bool compiles;

	long_policy(&good, 5, 120);
	compiles = text_compiled(&f, str_text(&good));
	ok(compiles && f.len > 3000, "a policy of %u instructions is followed, too", f.len);
	/* The last tests of read, far from its verdict: case 100 on arguments 1 and 3. */
	call.args[3] = 300;
	ok(seccomp_run(&f, &call, &action) == 0 && action == (SECCOMP_RET_ERRNO | EACCES),
	   "its last cases are reached");
	call.args[3] = 301;
	ok(seccomp_run(&f, &call, &action) == 0 && action == SECCOMP_RET_ALLOW,
	   "and told from their neighbours");
	long_policy(&bad, 10, 120);
	ok(seccomp_policy_parse(&p, "text", bad.text, bad.len, &e) == 0 &&
		   seccomp_compile_policy(&p, false, &none, &e) == -E2BIG && !none.filter &&
		   strstr(e.text, "more than 4096 instructions"),
	   "a policy that does not fit into a filter is refused");
}

/* --- the interpreter ------------------------------------------------------------------- */

#define PROGRAM(...)                                                                               \
	(&(struct sock_fprog){                                                                     \
		.len = sizeof((struct sock_filter[]){ __VA_ARGS__ }) / sizeof(struct sock_filter), \
		.filter = (struct sock_filter[]){ __VA_ARGS__ } })
#define RET(action) BPF_STMT(BPF_RET | BPF_K, action)
#define LD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define JEQ(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)

static void test_interpreter(void)
{
	const struct sock_fprog *sums = PROGRAM(
		BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),
		BPF_STMT(BPF_LDX | BPF_MEM, 3), BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 16), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0));
	struct seccomp_data call = { .nr = 5, .arch = AUDIT_ARCH_X86_64 };
	uint32_t action = 0;

	ok(seccomp_run(sums, &call, &action) == 0 && action == (SECCOMP_RET_ERRNO | 42),
	   "arithmetic, memory and the index register: 7 * 7 - 7");
	ok(seccomp_run(PROGRAM(LD(0), JEQ(5, 5, 0), RET(SECCOMP_RET_ALLOW)), &call, &action) ==
		   -EINVAL,
	   "a jump past the end is an error");
	ok(seccomp_run(PROGRAM(LD(0)), &call, &action) == -EINVAL, "a missing return is an error");
	ok(seccomp_run(PROGRAM(LD(2), RET(0)), &call, &action) == -EINVAL,
	   "an unaligned load is an error");
	ok(seccomp_run(PROGRAM(LD(64), RET(0)), &call, &action) == -EINVAL,
	   "a load past struct seccomp_data is an error");
	ok(seccomp_run(PROGRAM(LD(60), RET(SECCOMP_RET_ALLOW)), &call, &action) == 0,
	   "the last word can be loaded");
	ok(seccomp_run(PROGRAM(BPF_STMT(BPF_ST, 16), RET(0)), &call, &action) == -EINVAL,
	   "a store past the scratch memory is an error");
	ok(seccomp_run(PROGRAM(BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(0)), &call, &action) ==
		   -EINVAL,
	   "a division by zero is an error");
	ok(seccomp_run(PROGRAM(BPF_STMT(0xffff, 0), RET(0)), &call, &action) == -EINVAL,
	   "an unknown instruction is an error");
}

static void test_reach(void)
{
	const uint32_t arch = AUDIT_ARCH_X86_64;
	struct sock_filter doubling[512 * 2 + 2];
	struct sock_fprog many = { .filter = doubling };
	uint32_t action;

	ok(seccomp_reach_call(PROGRAM(LD(0), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW), RET(0)), arch, 5,
			      NULL) == SECCOMP_ALLOWED,
	   "a call that is allowed by its number");
	ok(seccomp_reach_call(PROGRAM(LD(0), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW), RET(0)), arch, 6,
			      &action) == SECCOMP_DENIED && action == SECCOMP_RET_KILL_THREAD,
	   "a call that is not");
	ok(seccomp_reach_call(PROGRAM(LD(16), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW), RET(0)), arch, 5,
			      NULL) == SECCOMP_CONDITIONAL,
	   "a call whose argument decides");
	ok(seccomp_reach_call(PROGRAM(LD(16), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW),
				      RET(SECCOMP_RET_LOG)),
			      arch, 5, NULL) == SECCOMP_ALLOWED,
	   "a call that is allowed on every path");
	ok(seccomp_reach_call(PROGRAM(LD(16), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0),
				      JEQ(0, 0, 1), RET(SECCOMP_RET_ALLOW), RET(0)),
			      arch, 5, NULL) == SECCOMP_CONDITIONAL,
	   "what depends on an argument only in appearance is still called conditional");
	ok(seccomp_reach_call(PROGRAM(RET(SECCOMP_RET_USER_NOTIF)), arch, 5, NULL) ==
		   SECCOMP_CONDITIONAL,
	   "a supervisor may allow what it is asked");
	for (size_t i = 0; i < 512; i++) {
		doubling[2 * i] = (struct sock_filter)LD(16);
		doubling[2 * i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 0);
	}
	doubling[2 * 512] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
	many.len = 2 * 512 + 1;
	ok(seccomp_reach_call(&many, arch, 5, NULL) == SECCOMP_ALLOWED,
	   "jumps that lead to the same place do not double the work");
	for (size_t i = 0; i < 512; i++)
		doubling[2 * i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1);
	doubling[0] = (struct sock_filter)LD(16);
	ok(seccomp_reach_call(&many, arch, 5, NULL) == SECCOMP_CONDITIONAL,
	   "a program with too many paths is given up as conditional");
}

/* --- files ----------------------------------------------------------------------------- */

struct place {
	char path[64];
	int dir;
};

static bool place_make(struct place *p)
{
	strcpy(p->path, "/tmp/test-seccomp-XXXXXX");
	if (!mkdtemp(p->path))
		return false;
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dir >= 0;
}

/* What the tests made: at most one directory below. */
static void place_empty(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *d = fdopendir(copy);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || unlinkat(dir, entry->d_name, 0) == 0)
			continue;
		autoclose int below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (below >= 0)
			place_empty(below);
		unlinkat(dir, entry->d_name, AT_REMOVEDIR);
	}
}

static void place_remove(struct place *p)
{
	place_empty(p->dir);
	fd_close(&p->dir);
	rmdir(p->path);
}

static const struct str key_a = { .text = (char *)"key a", .len = 5 };
static const struct str key_b = { .text = (char *)"key b", .len = 5 };

static int read_back(int dir, const char *name, const struct str *key)
{
	autofilter f = { 0 };

	return seccomp_cache_read(dir, name, key, &f);
}

/* Overwrite `n` bytes at `offset`, counted from the end when negative. */
static void damage(int dir, const char *name, off_t offset)
{
	autoclose int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	char c;

	offset = lseek(fd, offset, offset < 0 ? SEEK_END : SEEK_SET);
	if (pread(fd, &c, 1, offset) == 1) {
		c ^= 0x20;
		(void)!pwrite(fd, &c, 1, offset);
	}
}

static void test_files(void)
{
	const struct sock_fprog *program = PROGRAM(RET(SECCOMP_RET_ALLOW), RET(0));
	struct place p;
	autofilter f = { 0 };
	struct stat st;

	if (!ok(place_make(&p), "a directory to keep filters in"))
		return;
	is_int(read_back(p.dir, "f", &key_a), -ENOENT, "a filter that was never kept is not there");
	is_int(seccomp_cache_write(p.dir, "f", &key_a, program), 0, "a filter can be kept");
	ok(seccomp_cache_read(p.dir, "f", &key_a, &f) == 0 && f.len == 2 &&
		   !memcmp(f.filter, program->filter, 2 * sizeof(*f.filter)),
	   "and comes back as it was");
	ok(fstatat(p.dir, "f", &st, 0) == 0 && (st.st_mode & 07777) == 0600, "its mode is 0600");
	is_int(read_back(p.dir, "f", &key_b), -ESTALE, "not for another key of the same length");
	is_int(read_back(p.dir, "f", &(struct str){ .text = (char *)"key a ", .len = 6 }), -ESTALE,
	       "not for a longer key");
	fchmodat(p.dir, "f", 0620, 0);
	is_int(read_back(p.dir, "f", &key_a), -ESTALE, "not when the group may write it");
	fchmodat(p.dir, "f", 0602, 0);
	is_int(read_back(p.dir, "f", &key_a), -ESTALE, "not when others may write it");
	fchmodat(p.dir, "f", 0644, 0);
	is_int(read_back(p.dir, "f", &key_a), 0, "but when others may read it");
	if (geteuid() == 0) {
		fchownat(p.dir, "f", 12345, 12345, 0);
		is_int(read_back(p.dir, "f", &key_a), -ESTALE, "not when it belongs to somebody else");
		fchownat(p.dir, "f", 0, 0, 0);
	} else {
		skip("a file of somebody else", "not root");
	}
	symlinkat("f", p.dir, "link");
	is_int(read_back(p.dir, "link", &key_a), -ELOOP, "not through a symbolic link");
	mkfifoat(p.dir, "fifo", 0600);
	is_int(read_back(p.dir, "fifo", &key_a), -ESTALE, "a FIFO is refused and not waited for");
	place_remove(&p);
}

static void test_damaged_files(void)
{
	const struct sock_fprog *program = PROGRAM(RET(SECCOMP_RET_ALLOW), RET(0));
	/* 8 magic, 4 key length, 4 instructions, 8 checksum, 5 key, 16 instructions */
	static const struct {
		off_t at;
		const char *what;
	} places[] = {
		{ 0, "magic" }, { 8, "length of the key" }, { 12, "number of instructions" },
		{ 16, "checksum" }, { 24, "key" }, { 29, "first instruction" },
		{ -1, "last instruction" },
	};
	struct place p;

	if (!place_make(&p))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		seccomp_cache_write(p.dir, "f", &key_a, program);
		damage(p.dir, "f", places[i].at);
		is_int(read_back(p.dir, "f", &key_a), -ESTALE, places[i].what);
	}
	for (off_t size = 0; size < 45; size++) {
		autoclose int fd = -EBADF;

		seccomp_cache_write(p.dir, "f", &key_a, program);
		fd = openat(p.dir, "f", O_RDWR | O_CLOEXEC);
		if (ftruncate(fd, size) < 0 || read_back(p.dir, "f", &key_a) != -ESTALE)
			ok(false, "a file cut to %d bytes is refused", (int)size);
	}
	is_int(read_back(p.dir, "f", &key_a), -ESTALE, "a file that was cut anywhere is refused");
	place_remove(&p);
}

/* The one file of the cache. */
static bool cached_name(int dir, char name[64])
{
	autoclosedir DIR *d = fdopendir(openat(dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	unsigned n = 0;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && ++n)
			snprintf(name, 64, "seccomp/%.40s", entry->d_name);
	return n == 1;
}

/* Put another program under the key of the cached file. */
static int replace_cached(int dir, const char *name, const struct sock_fprog *program)
{
	autostr text = { 0 };
	struct str key = { 0 };
	uint32_t key_len;

	if (file_read(dir, name, 1 << 20, &text) < 0 || text.len < 24)
		return -EIO;
	memcpy(&key_len, text.text + 8, sizeof(key_len));
	key.text = text.text + 24;
	key.len = key_len;
	if (text.len < 24 + key.len)
		return -EIO;
	autoclose int below = openat(dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return seccomp_cache_write(below, name + strlen("seccomp/"), &key, program);
}

static bool same_filter(const struct sock_fprog *a, const struct sock_fprog *b)
{
	return a->len && a->len == b->len &&
	       !memcmp(a->filter, b->filter, a->len * sizeof(*a->filter));
}

static void test_cache(void)
{
	const struct sock_fprog *other = PROGRAM(RET(SECCOMP_RET_ALLOW));
	struct err e = ERR_NONE;
	autofilter first = { 0 };
	autofilter hit = { 0 };
	autofilter miss = { 0 };
	autofilter healed = { 0 };
	autofilter again = { 0 };
	char name[64] = "";
	struct place p;

	if (!place_make(&p))
		return;
	ok(make(&first, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 && cached_name(p.dir, name),
	   "a compiled filter is kept in one file");
	ok(replace_cached(p.dir, name, other) == 0 &&
		   make(&hit, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 &&
		   same_filter(&hit, other),
	   "the next start takes what is in the file");
	ok(make(&miss, SPEC_OF("seccomp.policy=app", "seccomp.deny=read"), p.dir, &e) == 0 &&
		   verdict(&miss, "read", 0, 0, 0) == EPERM && miss.len > 1,
	   "a spec with another list does not");
	damage(p.dir, name, -1);
	ok(make(&healed, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 &&
		   same_filter(&healed, &first),
	   "a damaged file is replaced by a good one");
	ok(replace_cached(p.dir, name, other) == 0 && fchmodat(p.dir, name, 0666, 0) == 0 &&
		   make(&again, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 &&
		   same_filter(&again, &first),
	   "a file that anybody may write is not believed");
	place_remove(&p);
}

/* Two keys that share a file name: the second one must not get the first one's filter. */
static void test_collision(void)
{
	const struct sock_fprog *program = PROGRAM(RET(SECCOMP_RET_ALLOW), RET(0));
	autofilter f = { 0 };
	char name_a[64] = "";
	struct place p;

	if (!place_make(&p))
		return;
	seccomp_cache_put(p.dir, &key_a, program);
	ok(cached_name(p.dir, name_a), "the file of the first key is there");
	ok(seccomp_cache_get(p.dir, &key_a, &f) == 0, "and found by its key");
	autoclose int below = openat(p.dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	seccomp_cache_write(below, name_a + strlen("seccomp/"), &key_b, program);
	filter_free(&f);
	is_int(seccomp_cache_get(p.dir, &key_a, &f), -ESTALE,
	       "a file with the right name and the wrong key is not taken");
	for (int i = 0; i < 100; i++) {
		autostr key = { 0 };

		str_addf(&key, "key %d", i);
		seccomp_cache_put(p.dir, &key, program);
	}
	unsigned files = 0;
	autoclosedir DIR *d = fdopendir(openat(p.dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		files += entry->d_name[0] != '.';
	ok(files > 0 && files <= 64, "the cache does not grow without bound (%u files)", files);
	seccomp_cache_put(-EBADF, &key_a, program);
	is_int(seccomp_cache_get(-EBADF, &key_a, &f), -ENOENT, "no cache is no error");
	place_remove(&p);
}

static void put(int dir, const char *name, const char *text)
{
	file_replace(dir, name, text, strlen(text), 0600);
}

static void test_policy_file(void)
{
	autofilter one = { 0 };
	autofilter two = { 0 };
	autostr setting = { 0 };
	struct err e = ERR_NONE;
	struct place p;

	if (!place_make(&p))
		return;
	str_addf(&setting, "seccomp.policy=%s/my.policy", p.path);
	put(p.dir, "my.policy", "include app\ndeny EACCES chdir\n");
	ok(make(&one, SPEC_OF(str_text(&setting)), p.dir, &e) == 0 &&
		   verdict(&one, "chdir", 0, 0, 0) == EACCES,
	   "a policy can be a file");
	put(p.dir, "my.policy", "include app\ndeny EACCES fchdir\n");
	ok(make(&two, SPEC_OF(str_text(&setting)), p.dir, &e) == 0 &&
		   verdict(&two, "chdir", 0, 0, 0) == 0 && verdict(&two, "fchdir", 0, 0, 0) == EACCES,
	   "a changed file is not taken from the cache");
	put(p.dir, "my.policy", "include app\nalow chdir\n");
	ok(make(&two, SPEC_OF(str_text(&setting)), p.dir, &e) < 0 &&
		   strstr(e.text, "my.policy:2: 'alow' is no statement"),
	   "an error names the file and the line");
	place_remove(&p);
}

/* --- the wall -------------------------------------------------------------------------- */

static void test_save(const struct sock_fprog *app)
{
	struct run r = { .cache = -EBADF, .filter = *app };
	struct run later = { .cache = -EBADF };
	struct err e = ERR_NONE;
	autospec s;
	struct place p;

	spec_init(&s);
	key_set(&s, "seccomp.policy", "app", "test", &e);
	r.spec = later.spec = &s;
	if (!place_make(&p))
		return;
	ok(seccomp_restore(&later, p.dir, &e) < 0, "a filter that was not kept is an error");
	ok(seccomp_save(&r, p.dir, &e) == 0 && seccomp_restore(&later, p.dir, &e) == 0 &&
		   same_filter(&later.filter, app),
	   "a container's filter is kept for those who enter it later");
	filter_free(&later.filter);
	damage(p.dir, "seccomp", -1);
	ok(seccomp_restore(&later, p.dir, &e) == -ESTALE && strstr(e.text, "restart the container"),
	   "a damaged one is an error, not a start without");
	r.filter = (struct sock_fprog){ 0 };
	ok(seccomp_save(&r, p.dir, &e) < 0 && seccomp_load(&r, &e) < 0,
	   "without a filter nothing is kept and nothing loaded, and both say so");
	key_set(&s, "seccomp.policy", "none", "test", &e);
	ok(seccomp_compile(&r, &e) == 0 && !r.filter.filter && seccomp_save(&r, p.dir, &e) == 0 &&
		   seccomp_restore(&later, p.dir, &e) == 0 && seccomp_load(&r, &e) == 0,
	   "with the policy none every step succeeds without doing anything");
	place_remove(&p);
}

static int verify_text(const struct spec *asked, const char *status, struct spec *seen,
		       struct err *e)
{
	struct look l = { .proc = -EBADF, .self = -EBADF };
	struct run r = { .spec = asked, .cache = -EBADF };
	int ret;

	str_add(&l.status, status);
	spec_init(seen);
	ret = wall_seccomp.observe(&l, seen, e);
	if (ret == 0)
		ret = seccomp_verify(&r, &l, seen, e);
	str_free(&l.status);
	return ret;
}

static void test_observe(void)
{
	struct err e = ERR_NONE;
	autospec s;
	autospec seen = { 0 };
	autospec bare = { 0 };

	spec_init(&s);
	key_set(&s, "seccomp.policy", "app", "test", &e);
	ok(verify_text(&s, "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n", &seen, &e) == 0 &&
		   !seen.seccomp.policy && wall_seccomp.rules[0].holds(&seen),
	   "a process with a filter is as asked");
	ok(verify_text(&s, "Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t0\n", &bare, &e) == -EPROTO &&
		   strstr(e.text, "asked app (test)") && !strcmp(bare.seccomp.policy, "none") &&
		   !wall_seccomp.rules[0].holds(&bare),
	   "a process without one is not, and the message says who asked");
	spec_free(&bare);
	ok(verify_text(&s, "Name:\tx\n", &bare, &e) == -EPROTO, "a kernel without seccomp neither");
	spec_free(&bare);
	key_set(&s, "seccomp.policy", "none", "test", &e);
	ok(verify_text(&s, "Seccomp:\t0\n", &bare, &e) == 0, "none asks for nothing");
}

static void test_check(void)
{
	struct err e = ERR_NONE;
	struct host h = { 0 };
	autospec s;

	spec_init(&s);
	ok(wall_seccomp.check(&s, &h, &e) == -EINVAL && strstr(e.text, "say none"),
	   "to have no filter, one must say so");
	key_set(&s, "seccomp.policy", "none", "test", &e);
	ok(wall_seccomp.check(&s, &h, &e) == 0, "and may");
}

static void test_summary(void)
{
	struct err e = ERR_NONE;
	autostr app = { 0 };
	autostr none = { 0 };
	autospec s;

	spec_init(&s);
	key_set(&s, "seccomp.policy", "app", "test", &e);
	wall_seccomp.summary(&s, &app);
	is_str(str_text(&app),
	       "seccomp: 301 of 385 system calls, 8 of them by their arguments, native ABI only",
	       "the summary counts");
	key_set(&s, "seccomp.policy", "none", "test", &e);
	wall_seccomp.summary(&s, &none);
	is_str(str_text(&none), "seccomp: no filter, every system call", "or warns");
}

int main(void)
{
	autofilter app = { 0 };
	autofilter system = { 0 };

	walls_init();
	if (seccomp_native_arch() != AUDIT_ARCH_X86_64) {
		skip("the table of system calls", "it is written for x86_64");
		return done();
	}
	if (!compiled(&app, SPEC_OF("seccomp.policy=app"), "app") ||
	    !compiled(&system, SPEC_OF("seccomp.policy=system"), "system"))
		return done();
	test_table(&app, "app", false);
	test_table(&system, "system", true);
	test_count(&app, false);
	test_count(&system, true);
	test_arguments(&app, &system);
	test_foreign(&app);
	test_allow_and_deny();
	test_sockets_added(&app);
	test_nesting();
	test_settings_refused();
	test_text_errors();
	test_text_bounds();
	test_language();
	test_random_policies();
	test_long_policies();
	test_interpreter();
	test_reach();
	test_files();
	test_damaged_files();
	test_cache();
	test_collision();
	test_policy_file();
	test_save(&app);
	test_observe();
	test_check();
	test_summary();
	return done();
}
