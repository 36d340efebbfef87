/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libseccomp gives the names and numbers of system calls; the instructions are ours. Its rules
 * are a set without an order, of which contradictions are merged by an order of its own, a rule
 * equal to the default cannot be said, and rules for socketcall(2) come by themselves: a third of
 * the policies that a test makes up came out wrong. And its filters have one comparison per call,
 * where neighbours with the same verdict can share one: the kernel checks, translates and caches
 * a filter at every start, in time proportional to its length.
 *
 * Layout: the architecture chooses an ABI; a binary tree over ranges of numbers leads to a
 * verdict, or to the tests of one call's arguments. The kernel remembers the calls that are
 * allowed without a look at their arguments and does not run the filter for them again.
 *
 * Code is written backwards, from the last instruction to the first: classic BPF jumps only
 * forwards, so that every target exists already when a jump to it is written. */
#include "wall/seccomp_compile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_policy.h"
#include "wall/seccomp_reach.h"

#ifdef __s390__
#error "clone(2) takes its flags as second argument here: the policies must say so first"
#endif

enum { X32_BIT = 0x40000000, JUMP_MAX = 255, RETURNS_MAX = 64 };

static uint32_t action(int verdict)
{
	return verdict ? SECCOMP_RET_ERRNO | (uint32_t)verdict : SECCOMP_RET_ALLOW;
}

/* --- writing backwards ----------------------------------------------------------------- */

/* A place in the code: how many instructions there are from it to the end. */
typedef size_t label;

struct code {
	const struct seccomp_policy *p;
	struct sock_filter at[BPF_MAXINSNS]; /* filled from its end */
	size_t n;
	bool full;
	/* Where a verdict was returned last, to be jumped to instead of writing it again. */
	struct {
		int verdict;
		label place;
	} returns[RETURNS_MAX];
	size_t n_returns;
};

static label emit(struct code *c, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (c->n >= BPF_MAXINSNS) {
		c->full = true;
		return c->n;
	}
	c->n++;
	c->at[BPF_MAXINSNS - c->n] = (struct sock_filter){ code, jt, jf, k };
	return c->n;
}

/* How many instructions the next one skips to get to a place. */
static size_t distance(const struct code *c, label to)
{
	return c->n - to;
}

/* The same place, or a jump to it that a conditional jump can reach: those see 255 instructions. */
static label near(struct code *c, label to)
{
	/* Two are written before the conditional jump at most: this one, and the other target's. */
	if (distance(c, to) + 2 <= JUMP_MAX)
		return to;
	return emit(c, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(c, to));
}

static label emit_jump(struct code *c, uint16_t operation, uint32_t k, label yes, label no)
{
	yes = near(c, yes);
	no = near(c, no);
	return emit(c, BPF_JMP | BPF_K | operation, (uint8_t)distance(c, yes),
		    (uint8_t)distance(c, no), k);
}

/* A place that returns the verdict, near enough to be jumped to. */
static label emit_return(struct code *c, int verdict)
{
	size_t i = 0;

	while (i < c->n_returns && c->returns[i].verdict != verdict)
		i++;
	if (i < c->n_returns && distance(c, c->returns[i].place) + 4 <= JUMP_MAX)
		return c->returns[i].place;
	if (i == RETURNS_MAX)
		return emit(c, BPF_RET | BPF_K, 0, 0, action(verdict));
	c->n_returns = i == c->n_returns ? i + 1 : c->n_returns;
	c->returns[i].verdict = verdict;
	c->returns[i].place = emit(c, BPF_RET | BPF_K, 0, 0, action(verdict));
	return c->returns[i].place;
}

/* --- arguments ------------------------------------------------------------------------- */

/* The half of an argument that counts. */
static uint32_t low_half(unsigned arg)
{
	size_t offset = offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	offset += sizeof(uint32_t);
#endif
	return (uint32_t)offset;
}

static bool same_operand(const struct policy_test *a, const struct policy_test *b)
{
	return a->arg == b->arg && a->mask == b->mask;
}

/* Load what is compared. */
static label emit_operand(struct code *c, const struct policy_test *t)
{
	if (t->mask != UINT32_MAX)
		emit(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, t->mask);
	return emit(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, low_half(t->arg));
}

/* One case: all its tests. A failed test goes to the next case, behind its load when that would
 * load the same again. `loaded` receives the place behind this case's own first load, which is
 * left out when the case before always comes there. */
static label emit_case(struct code *c, const struct policy_cases *cases, size_t i, int verdict,
		       label next, label *loaded)
{
	const struct policy_case *this = &cases->item[i];
	const struct policy_case *before = i ? &cases->item[i - 1] : NULL;
	const struct policy_case *after = i + 1 < cases->n ? &cases->item[i + 1] : NULL;
	label next_loaded = *loaded, place = emit_return(c, verdict);
	bool load = !before;

	for (size_t t = this->n; t-- > 0;) {
		const struct policy_test *test = &this->test[t];
		bool same = after && same_operand(test, &after->test[0]);

		place = emit_jump(c, BPF_JEQ, test->value, place, same ? next_loaded : next);
		if (t)
			place = emit_operand(c, test);
	}
	*loaded = place;
	for (size_t t = 0; before && t < before->n; t++)
		load |= !same_operand(&before->test[t], &this->test[0]);
	return load ? emit_operand(c, &this->test[0]) : place;
}

static label emit_rule(struct code *c, const struct policy_rule *r)
{
	label next = emit_return(c, r->otherwise), loaded = next;

	for (size_t i = r->cases.n; i-- > 0;)
		next = emit_case(c, &r->cases, i, r->verdict, next, &loaded);
	return next;
}

/* --- numbers --------------------------------------------------------------------------- */

/* The system calls of one ABI, by their number there from seccomp_base() on. */
struct abi {
	uint32_t arch;
	int number[SECCOMP_NUMBERS]; /* as the policy knows the call, or SECCOMP_UNKNOWN */
};

static void abi_read(struct abi *a, uint32_t arch)
{
	char name[SECCOMP_NAME_MAX];

	a->arch = arch;
	for (int i = 0; i < SECCOMP_NUMBERS; i++)
		a->number[i] = seccomp_name(arch, seccomp_base() + i, name) ? seccomp_number(name) :
									      SECCOMP_UNKNOWN;
}

/* Behind these two numbers other calls hide, with their arguments in memory: nothing that the
 * policy says about socket(2) would count. */
static bool is_multiplexer(int number)
{
	return number == seccomp_number("socketcall") || number == seccomp_number("ipc");
}

static int silent_verdict(const struct seccomp_policy *p, int number)
{
	if (number != SECCOMP_UNKNOWN && is_multiplexer(number))
		return ENOSYS;
	return p->otherwise;
}

/* Neighbouring numbers with the same fate. */
struct range {
	uint32_t from;
	const struct policy_rule *rule; /* whose arguments decide, or NULL */
	int verdict;
};

static size_t ranges_make(const struct seccomp_policy *p, const struct abi *a, struct range *range)
{
	size_t n = 0;

	/* One more than there are: what lies beyond. */
	for (uint32_t i = 0; i <= SECCOMP_NUMBERS; i++) {
		int number = i < SECCOMP_NUMBERS ? a->number[i] : SECCOMP_UNKNOWN;
		const struct policy_rule *r = rules_find(p, number);
		struct range next = {
			.from = (uint32_t)seccomp_base() + i,
			.rule = r && r->cases.n ? r : NULL,
			.verdict = r ? r->verdict : silent_verdict(p, number),
		};

		if (!n || next.rule || range[n - 1].rule || range[n - 1].verdict != next.verdict)
			range[n++] = next;
	}
	range[0].from = 0;
	return n;
}

static label emit_tree(struct code *c, const struct range *range, size_t n)
{
	label below, above;

	if (n == 1)
		return range->rule ? emit_rule(c, range->rule) : emit_return(c, range->verdict);
	above = emit_tree(c, range + n / 2, n - n / 2);
	below = emit_tree(c, range, n / 2);
	return emit_jump(c, BPF_JGE, range[n / 2].from, above, below);
}

static label emit_abi(struct code *c, const struct abi *a)
{
	struct range range[SECCOMP_NUMBERS + 1];
	label place = emit_tree(c, range, ranges_make(c->p, a, range));

	/* x32 calls have the architecture of x86_64, and numbers of their own. */
	if (a->arch == SCMP_ARCH_X86_64)
		place = emit_jump(c, BPF_JGE, X32_BIT, emit_return(c, ENOSYS), place);
	/* The tree may have begun with a verdict that stands elsewhere. */
	if (distance(c, place))
		emit(c, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(c, place));
	return emit(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
}

static int emit_all(struct code *c, const struct abi *abi, size_t n, struct sock_fprog *out,
		    struct err *e)
{
	label place = emit_return(c, ENOSYS);
	label entry[2];

	for (size_t i = n; i-- > 0;)
		entry[i] = emit_abi(c, &abi[i]);
	for (size_t i = n; i-- > 0;)
		place = emit_jump(c, BPF_JEQ, abi[i].arch, entry[i], place);
	emit(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	if (c->full) {
		err_msg(e, E2BIG, "the system call filter has more than %d instructions",
			BPF_MAXINSNS);
		return err_hint(e, "test fewer arguments in the policy");
	}
	out->filter = malloc(c->n * sizeof(*out->filter));
	if (!out->filter)
		return err_mem(e);
	memcpy(out->filter, &c->at[BPF_MAXINSNS - c->n], c->n * sizeof(*out->filter));
	out->len = (unsigned short)c->n;
	return 0;
}

/* --- does it do what the policy says? -------------------------------------------------- */

struct check {
	const struct seccomp_policy *p;
	const struct sock_fprog *filter;
	uint32_t arch;
	int number;	   /* on that architecture */
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
	want = rules_find(c->p, c->policy_number) ?
		       seccomp_policy_verdict(c->p, c->policy_number, args) :
		       silent_verdict(c->p, c->policy_number);
	if (seccomp_run(c->filter, &call, &got) == 0 && got == action(want))
		return 0;
	seccomp_name(c->arch, c->number, name);
	return err_msg(c->e, EPROTO,
		       "the compiled system call filter does not follow the policy at "
		       "%s(0x%llx, 0x%llx, 0x%llx): this is a bug in ward",
		       name, (unsigned long long)args[0], (unsigned long long)args[1],
		       (unsigned long long)args[2]);
}

/* Does any case of the rule test this argument? */
static bool is_tested(const struct policy_rule *r, unsigned arg)
{
	for (size_t i = 0; i < r->cases.n; i++)
		for (size_t t = 0; t < r->cases.item[i].n; t++)
			if (r->cases.item[i].test[t].arg == arg)
				return true;
	return false;
}

/* The arguments of one case, each bit of each changed in turn, and with noise in what does not
 * count: the upper halves, and the arguments that no test names. */
static int check_case(const struct check *c, const struct policy_rule *r,
		      const struct policy_case *k)
{
	const uint64_t noise = 0xa5a5a5a500000000ULL;
	uint64_t args[POLICY_ARGS] = { 0 };
	int ret;

	for (size_t i = 0; i < k->n; i++)
		args[k->test[i].arg] = k->test[i].value;
	ret = check_call(c, args);
	for (unsigned i = 0; i < POLICY_ARGS; i++) {
		uint64_t value = args[i];

		for (unsigned bit = 0; ret == 0 && bit < 32 && is_tested(r, i); bit++) {
			args[i] = value ^ 1ULL << bit;
			ret = check_call(c, args);
		}
		args[i] = is_tested(r, i) ? value | noise : ~0ULL;
		if (ret == 0)
			ret = check_call(c, args);
	}
	return ret;
}

static int check_number(const struct check *c)
{
	static const uint64_t nothing[POLICY_ARGS];
	static const uint64_t all[POLICY_ARGS] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL };
	const struct policy_rule *r = rules_find(c->p, c->policy_number);
	int ret = check_call(c, nothing);

	if (ret == 0)
		ret = check_call(c, all);
	for (size_t i = 0; ret == 0 && r && i < r->cases.n; i++)
		ret = check_case(c, r, &r->cases.item[i]);
	return ret;
}

static int check_abi(const struct seccomp_policy *p, const struct sock_fprog *filter,
		     const struct abi *a, struct err *e)
{
	struct check c = { .p = p, .filter = filter, .arch = a->arch, .e = e };
	int ret = 0;

	for (int i = 0; ret == 0 && i < SECCOMP_NUMBERS; i++) {
		c.number = seccomp_base() + i;
		c.policy_number = a->number[i];
		ret = check_number(&c);
	}
	return ret;
}

/* Whatever comes by an ABI that is not filtered must not get through. */
static int check_closed(const struct sock_fprog *filter, uint32_t arch, int bit, struct err *e)
{
	for (int i = 0; i < SECCOMP_NUMBERS; i++) {
		uint32_t got;

		if (seccomp_reach_call(filter, arch, (seccomp_base() + i) | bit, &got) !=
			    SECCOMP_DENIED ||
		    got != action(ENOSYS))
			return err_msg(e, EPROTO,
				       "the compiled system call filter lets number %d of "
				       "architecture 0x%x through: this is a bug in ward",
				       i | bit, arch);
	}
	return 0;
}

static int check_all(const struct seccomp_policy *p, const struct sock_fprog *filter,
		     const struct abi *abi, size_t n, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++)
		ret = check_abi(p, filter, &abi[i], e);
	if (ret == 0 && n == 1 && seccomp_foreign_arch())
		ret = check_closed(filter, seccomp_foreign_arch(), 0, e);
	if (ret == 0 && abi[0].arch == SCMP_ARCH_X86_64)
		ret = check_closed(filter, abi[0].arch, X32_BIT, e);
	return ret;
}

/* --- the whole ------------------------------------------------------------------------- */

int seccomp_compile_policy(const struct seccomp_policy *p, bool foreign_abi, struct sock_fprog *out,
			   struct err *e)
{
	autofree struct code *c = calloc(1, sizeof(*c));
	struct sock_fprog filter = { 0 };
	size_t n = foreign_abi ? 2 : 1;
	struct abi abi[2];
	int ret;

	if (!c)
		return err_mem(e);
	if (foreign_abi && !seccomp_foreign_arch())
		return err_msg(e, EOPNOTSUPP,
			       "seccomp.foreign_abi: this machine runs no programs "
			       "of another ABI");
	c->p = p;
	abi_read(&abi[0], seccomp_native_arch());
	if (foreign_abi)
		abi_read(&abi[1], seccomp_foreign_arch());
	ret = emit_all(c, abi, n, &filter, e);
	if (ret == 0)
		ret = check_all(p, &filter, abi, n, e);
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
