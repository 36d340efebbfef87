/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdicts of the two policies and of a user's lists, through an interpreter, and what the
 * wall shows. The language is tested in test_seccomp_policy.c, the interpreter itself in
 * test_seccomp_reach.c, kept filters in test_seccomp_cache.c, and what the kernel makes of a
 * filter in test_seccomp_live.c. */
#include "seccomp_expected.h"
#include "seccomp_help.h"

enum { X32 = 0x40000000 };

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
	unsigned wrong = 0;

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
	/* A library that is younger than the table knows more names; the verdict is the same. */
	for (int i = 0; i < SECCOMP_NUMBERS; i++)
		wrong += !named[i] && !as_expected(f, i, ABSENT);
	ok(!wrong, "%s: every other number fails with ENOSYS", policy);
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
		   got.denied >= want.denied,
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
	{ "socket",
	  { 2, 10 | 02000000, 768 },
	  EAFNOSUPPORT,
	  EAFNOSUPPORT,
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
		      SPEC_OF("seccomp.policy=app", "seccomp.families=packet",
			      "seccomp.families=40", "seccomp.netlink=netfilter",
			      "seccomp.netlink=NETLINK_AUDIT"),
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

/* --- the wall -------------------------------------------------------------------------- */

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

/* The summary reads the policy, the count runs the filter: they must agree. */
static void test_summary(const struct sock_fprog *filter)
{
	struct seccomp_count n = seccomp_reach(filter, seccomp_native_arch());
	autostr want = { 0 };
	struct err e = ERR_NONE;
	autostr app = { 0 };
	autostr none = { 0 };
	autospec s;

	spec_init(&s);
	key_set(&s, "seccomp.policy", "app", "test", &e);
	wall_seccomp.summary(&s, &app);
	str_addf(&want,
		 "seccomp: %u of %u system calls, %u of them by their arguments, native ABI only",
		 n.allowed + n.conditional, n.allowed + n.conditional + n.denied, n.conditional);
	is_str(str_text(&app), str_text(&want), "the summary counts what the filter lets through");
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
	test_observe();
	test_check();
	test_summary(&app);
	return done();
}
