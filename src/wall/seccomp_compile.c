/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libseccomp writes the instructions: it knows the numbers, word sizes and byte orders of its
 * fifteen architectures. Its rules are a set without an order, and rules that contradict each
 * other are merged by an order of its own. So each call gets either one rule without arguments,
 * or rules that all have the same verdict, plus one that always holds and gives the other
 * verdict: a comparison of the kind that libseccomp tries last (>=), on the argument that it looks
 * at last (the first). That it came out as meant is not believed but checked, every time. */
#include "wall/seccomp_compile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_policy.h"
#include "wall/seccomp_reach.h"

#ifdef __s390__
#error "clone(2) takes its flags as second argument here: the policies must say so first"
#endif

enum { X32_BIT = 0x40000000 };

static void context_release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

#define autocontext __attribute__((cleanup(context_release))) scmp_filter_ctx

static uint32_t action(int verdict)
{
	return verdict ? SCMP_ACT_ERRNO(verdict) : SCMP_ACT_ALLOW;
}

static int library_error(int ret, const char *what, struct err *e)
{
	const struct scmp_version *v = seccomp_version();

	errno = ret < 0 ? -ret : EIO;
	err_sys(e, "build the system call filter: %s (libseccomp %u.%u.%u)", what, v->major,
		v->minor, v->micro);
	return err_hint(e, "libseccomp 2.5 or newer is needed");
}

/* --- calls behind which other calls hide ----------------------------------------------- */

/* libseccomp adds rules for these by itself wherever a rule for socket(2) or semop(2) is added,
 * and those let through what the direct call would not. A rule of ours that comes first, and
 * without arguments, keeps them out. */
static const char *const multiplexers[] = { "socketcall", "ipc" };

static bool is_multiplexer(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++)
		if (seccomp_number(multiplexers[i]) == number)
			return true;
	return false;
}

/* What the policy says, but never silence: a rule equal to the default cannot be added. */
static int multiplexer_verdict(const struct seccomp_policy *p, int number)
{
	const struct policy_rule *r = rules_find(p, number);

	if (r && !r->cases.n && r->verdict != p->otherwise)
		return r->verdict;
	return p->otherwise == EPERM ? ENOSYS : EPERM;
}

static int add_multiplexers(const struct seccomp_policy *p, scmp_filter_ctx ctx, uint32_t arch,
			    struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++) {
		int number = seccomp_number(multiplexers[i]);
		int ret;

		if (seccomp_syscall_resolve_name_arch(arch, multiplexers[i]) < 0)
			continue;
		ret = seccomp_rule_add(ctx, action(multiplexer_verdict(p, number)), number, 0);
		if (ret < 0)
			return library_error(ret, multiplexers[i], e);
	}
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static int add_case(scmp_filter_ctx ctx, int number, int verdict, const struct policy_case *c)
{
	struct scmp_arg_cmp compare[POLICY_TESTS];

	for (size_t i = 0; i < c->n; i++)
		compare[i] = (struct scmp_arg_cmp){
			.arg = c->test[i].arg,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = c->test[i].mask,
			.datum_b = c->test[i].value,
		};
	return seccomp_rule_add_array(ctx, action(verdict), number, (unsigned)c->n, compare);
}

/* What holds when no case does. */
static int add_otherwise(scmp_filter_ctx ctx, int number, int verdict)
{
	struct scmp_arg_cmp compare = { .arg = 0, .op = SCMP_CMP_GE, .datum_a = 0 };

	return seccomp_rule_add_array(ctx, action(verdict), number, 1, &compare);
}

static int add_rule(const struct seccomp_policy *p, scmp_filter_ctx ctx,
		    const struct policy_rule *r)
{
	int ret = 0;

	if (!r->cases.n)
		return r->verdict == p->otherwise ? 0 :
			       seccomp_rule_add(ctx, action(r->verdict), r->number, 0);
	for (size_t i = 0; ret == 0 && i < r->cases.n && r->verdict != p->otherwise; i++)
		ret = add_case(ctx, r->number, r->verdict, &r->cases.item[i]);
	if (ret == 0 && r->otherwise != p->otherwise)
		ret = add_otherwise(ctx, r->number, r->otherwise);
	return ret;
}

static int add_rules(const struct seccomp_policy *p, scmp_filter_ctx ctx, bool native,
		     struct err *e)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rule[i];
		char name[SECCOMP_NAME_MAX] = "a rule";
		int ret;

		if (is_multiplexer(r->number) || (native && seccomp_elsewhere(r->number)))
			continue;
		ret = add_rule(p, ctx, r);
		/* A call too young for the library's table of the foreign ABI stays denied there,
		 * as long as that is what happens to calls without a rule. */
		if (ret == 0 || (!native && p->otherwise))
			continue;
		seccomp_name(seccomp_native_arch(), r->number, name);
		return library_error(ret, name, e);
	}
	return 0;
}

/* A filter for one architecture. */
static int build(const struct seccomp_policy *p, uint32_t arch, scmp_filter_ctx *out, struct err *e)
{
	bool native = arch == seccomp_native_arch();
	autocontext ctx = seccomp_init(action(p->otherwise));
	int ret;

	if (!ctx)
		return err_mem(e);
	ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, action(ENOSYS));
	/* 2: a binary tree over the numbers, three times as fast to load as a list. */
	if (ret == 0)
		ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (ret == 0 && !native)
		ret = seccomp_arch_add(ctx, arch);
	if (ret == 0 && !native)
		ret = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
	if (ret < 0)
		return library_error(ret, "set it up", e);
	ret = add_multiplexers(p, ctx, arch, e);
	if (ret == 0)
		ret = add_rules(p, ctx, native, e);
	if (ret == 0)
		*out = take_ptr(ctx);
	return ret;
}

/* --- bytes ----------------------------------------------------------------------------- */

static int read_all(int fd, void *to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)to + done, len - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int export(scmp_filter_ctx ctx, struct sock_fprog *out, struct err *e)
{
	autoclose int fd = memfd_create("seccomp", MFD_CLOEXEC);
	autofree struct sock_filter *filter = NULL;
	off_t size;
	int ret;

	if (fd < 0)
		return err_sys(e, "make room for the system call filter");
	ret = seccomp_export_bpf(ctx, fd);
	if (ret < 0)
		return library_error(ret, "write it out", e);
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size % (off_t)sizeof(*filter))
		return library_error(-EIO, "an odd size", e);
	if (size / (off_t)sizeof(*filter) > BPF_MAXINSNS)
		return err_msg(e, E2BIG, "the system call filter has more than %d instructions; "
					 "test fewer arguments", BPF_MAXINSNS);
	filter = malloc((size_t)size);
	if (!filter)
		return err_mem(e);
	ret = read_all(fd, filter, (size_t)size);
	if (ret < 0)
		return library_error(ret, "read it back", e);
	out->len = (unsigned short)((size_t)size / sizeof(*filter));
	out->filter = take_ptr(filter);
	return 0;
}

/* --- does it do what the policy says? -------------------------------------------------- */

struct check {
	const struct seccomp_policy *p;
	const struct sock_fprog *filter;
	uint32_t arch;
	int number;	 /* on that architecture */
	int policy_number; /* as the policy knows the call */
	struct err *e;
};

static int check_call(const struct check *c, const uint64_t args[POLICY_ARGS])
{
	struct seccomp_data call = { .nr = c->number, .arch = c->arch };
	char name[SECCOMP_NAME_MAX] = "an unknown call";
	uint32_t got;
	int want;

	memcpy(call.args, args, sizeof(call.args));
	want = is_multiplexer(c->policy_number) ?
		       multiplexer_verdict(c->p, c->policy_number) :
		       seccomp_policy_verdict(c->p, c->policy_number, args);
	if (seccomp_run(c->filter, &call, &got) == 0 && got == action(want))
		return 0;
	seccomp_name(c->arch, c->number, name);
	library_error(-EPROTO, "the result does not follow the policy", c->e);
	return err_add(c->e, "%s(0x%llx, 0x%llx, 0x%llx)", name, (unsigned long long)args[0],
		       (unsigned long long)args[1], (unsigned long long)args[2]);
}

/* The arguments of one case, each bit of each changed in turn, and with noise in what does not
 * count: the upper halves and the arguments that no test names. */
static int check_case(const struct check *c, const struct policy_case *k)
{
	const uint64_t noise = 0xa5a5a5a500000000ULL;
	uint64_t args[POLICY_ARGS] = { 0 };
	int ret;

	for (size_t i = 0; i < k->n; i++)
		args[k->test[i].arg] = k->test[i].value;
	ret = check_call(c, args);
	for (size_t i = 0; i < POLICY_ARGS; i++) {
		uint64_t value = args[i];

		for (unsigned bit = 0; ret == 0 && bit < 32; bit++) {
			args[i] = value ^ 1ULL << bit;
			ret = check_call(c, args);
		}
		/* A 32-bit ABI has no upper halves. */
		args[i] = c->arch == seccomp_native_arch() && sizeof(long) == 8 ? value | noise :
										  value;
		if (ret == 0)
			ret = check_call(c, args);
	}
	return ret;
}

static int check_number(const struct check *c)
{
	static const uint64_t nothing[POLICY_ARGS], all[] = {
		UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
	};
	const struct policy_rule *r = rules_find(c->p, c->policy_number);
	int ret = check_call(c, nothing);

	if (ret == 0)
		ret = check_call(c, all);
	for (size_t i = 0; ret == 0 && r && i < r->cases.n; i++)
		ret = check_case(c, &r->cases.item[i]);
	return ret;
}

static int check_arch(const struct seccomp_policy *p, const struct sock_fprog *filter,
		      uint32_t arch, struct err *e)
{
	struct check c = { .p = p, .filter = filter, .arch = arch, .e = e };
	char name[SECCOMP_NAME_MAX];
	int ret = 0;

	for (int i = 0; ret == 0 && i < SECCOMP_NUMBERS; i++) {
		c.number = seccomp_base() + i;
		c.policy_number = SECCOMP_UNKNOWN;
		if (seccomp_name(arch, c.number, name))
			c.policy_number = seccomp_number(name);
		ret = check_number(&c);
	}
	return ret;
}

/* Whatever comes by an ABI that is not filtered must not get through. */
static int check_closed(const struct sock_fprog *filter, uint32_t arch, int bit, struct err *e)
{
	for (int i = 0; i < SECCOMP_NUMBERS; i++) {
		uint32_t got;

		if (seccomp_reach_call(filter, arch, (seccomp_base() + i) | bit, &got) ==
			    SECCOMP_DENIED &&
		    got == action(ENOSYS))
			continue;
		library_error(-EPROTO, "the result lets a foreign ABI through", e);
		return err_add(e, "system call %d of architecture 0x%x", i | bit, arch);
	}
	return 0;
}

static int check(const struct seccomp_policy *p, const struct sock_fprog *filter, bool foreign_abi,
		 struct err *e)
{
	uint32_t foreign = seccomp_foreign_arch();
	int ret = check_arch(p, filter, seccomp_native_arch(), e);

	if (ret == 0 && foreign)
		ret = foreign_abi ? check_arch(p, filter, foreign, e) :
				    check_closed(filter, foreign, 0, e);
#ifdef __x86_64__
	if (ret == 0)
		ret = check_closed(filter, seccomp_native_arch(), X32_BIT, e);
#endif
	return ret;
}

/* --- the whole ------------------------------------------------------------------------- */

static int add_foreign(const struct seccomp_policy *p, scmp_filter_ctx ctx, struct err *e)
{
	autocontext foreign = NULL;
	int ret;

	if (!seccomp_foreign_arch())
		return err_msg(e, EOPNOTSUPP, "seccomp.foreign_abi: this machine runs no programs "
					      "of another ABI");
	ret = build(p, seccomp_foreign_arch(), &foreign, e);
	if (ret < 0)
		return ret;
	ret = seccomp_merge(ctx, foreign);
	if (ret < 0)
		return library_error(ret, "add the foreign ABI", e);
	foreign = NULL; /* now a part of the other */
	return 0;
}

int seccomp_compile_policy(const struct seccomp_policy *p, bool foreign_abi,
			   struct sock_fprog *out, struct err *e)
{
	struct sock_fprog filter = { 0 };
	autocontext ctx = NULL;
	int ret = build(p, seccomp_native_arch(), &ctx, e);

	if (ret == 0 && foreign_abi)
		ret = add_foreign(p, ctx, e);
	if (ret == 0)
		ret = export(ctx, &filter, e);
	if (ret == 0)
		ret = check(p, &filter, foreign_abi, e);
	if (ret < 0) {
		free(filter.filter);
		return ret;
	}
	*out = filter;
	return 0;
}

void seccomp_compile_version(struct str *out)
{
	const struct scmp_version *v = seccomp_version();

	str_addf(out, "libseccomp %u.%u.%u on 0x%x\n", v->major, v->minor, v->micro,
		 seccomp_native_arch());
}
