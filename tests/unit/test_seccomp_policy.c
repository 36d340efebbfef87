/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of policies: what it means, what it refuses, and that the compiled filter follows
 * it. */
#include "seccomp_help.h"

/* --- the language ---------------------------------------------------------------------- */

static const struct {
	const char *text, *message;
} text_errors[] = {
	{ "alow read\n", "text:1: 'alow' is no statement" },
	{ "# one\n\nallow reed\n",
	  "text:3: system call 'reed' is not known; did you mean 'read'?" },
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
	{ "@files = read\ninclude app\n", "text:2: app.policy:" },
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

		if (!ok(ret == -EINVAL && e.code == EINVAL &&
				strstr(e.text, text_errors[i].message),
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
	is_int(verdict(&layer, "read", 0, 0, 0), EACCES,
	       "the outer text outranks, before the include");
	is_int(verdict(&layer, "bpf", 0, 0, 0), 0, "and after it");
	is_int(verdict(&layer, "mount", 0, 0, 0), 0, "the included text outranks what it includes");
	is_int(verdict(&layer, "openat", 0, 0, 0), 0,
	       "the innermost text counts where nobody else speaks");
	is_int(verdict_by(&layer, AUDIT_ARCH_X86_64, 500, 0, 0, 0), EPERM,
	       "the default is the outer one's");
}

/* The compiler compares what it made with the policy's own reading before it hands it out: a
 * policy that compiles is followed. */
static void test_random_policies(void)
{
	static const char *const calls[] = {
		"read", "ioctl", "socket", "futex", "clone", "mq_open"
	};
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
					str_addf(&text, " %s",
						 values[mask == 2 ? 0 : random() % 6]);
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
	static const char *const names[] = { "read",  "write", "openat", "close", "ioctl",
					     "futex", "clone", "execve", "statx", "mmap" };

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
	struct seccomp_data call = { .nr = 0,
				     .arch = seccomp_native_arch(),
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

/* Behind socketcall(2) of the i386 ABI lies socket(2), whose policy it would evade. */
static void test_multiplexers(void)
{
	static const struct {
		const char *text;
		int socketcall;
		const char *what;
	} cases[] = {
		{ "default allow\ndeny EPERM socket if 0 in AF_ALG\n", ENOSYS,
		  "socketcall is closed although the default allows" },
		{ "default allow\nallow socketcall\n", 0, "unless the policy names it" },
		{ "default EPERM\nallow socket\n", ENOSYS, "allowing socket does not open it" },
		{ "default EPERM\ndeny EACCES socketcall\n", EACCES, "its error can be chosen" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		autofilter f = { 0 };
		autopolicy p = { 0 };
		const char *text = cases[i].text;

		if (seccomp_policy_parse(&p, "text", text, strlen(text), &e) < 0 ||
		    seccomp_compile_policy(&p, true, &f, &e) < 0)
			printf("#   %s\n", e.text);
		is_int(verdict_by(&f, AUDIT_ARCH_I386, 102, 1, 0, 0), cases[i].socketcall,
		       cases[i].what);
	}
}

int main(void)
{
	walls_init();
	test_text_errors();
	test_text_bounds();
	test_language();
	test_random_policies();
	test_long_policies();
	if (seccomp_foreign_arch() == AUDIT_ARCH_I386)
		test_multiplexers();
	else
		skip("the i386 ABI", "this machine does not have it");
	return done();
}
