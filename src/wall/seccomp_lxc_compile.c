/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From LXC's policy to instructions, which stand before those of ward's own filter in one program:
 * what they do not refuse goes on to the own ones. The kernel would do the same with two filters,
 * of whose answers the sterner one counts, but would run two programs at every call.
 *
 * Rules are tried in the order written; of one call, those with conditions first, as libseccomp
 * lays them out. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wall/seccomp_lxc.h"
#include "wall/seccomp_names.h"

enum { ONWARDS_MAX = SECCOMP_LXC_RULES + 8, JUMPS_MAX = 1 + 2 * SECCOMP_LXC_CONDITIONS };

struct code {
	struct sock_filter at[BPF_MAXINSNS];
	size_t n;
	bool full;
	size_t onwards[ONWARDS_MAX]; /* jumps to the end, where the own filter begins */
	size_t n_onwards;
	size_t miss[JUMPS_MAX]; /* conditional jumps of this rule whose "no" leads to the next */
	size_t n_miss;
};

/* --- instructions ----------------------------------------------------------------------- */

static size_t emit(struct code *c, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (c->n >= BPF_MAXINSNS) {
		c->full = true;
		return 0;
	}
	c->at[c->n] = (struct sock_filter){ code, jt, jf, k };
	return c->n++;
}

static void load(struct code *c, size_t offset)
{
	emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Go on if the jump is taken, else to the next rule. */
static void must(struct code *c, uint16_t operation, uint32_t k)
{
	c->miss[c->n_miss++] = emit(c, BPF_JMP | BPF_K | operation, k, 0, 0);
}

static void must_not(struct code *c, uint16_t operation, uint32_t k)
{
	must(c, operation, k);
	c->at[c->miss[c->n_miss - 1]].jt = 1; /* marks which side misses */
}

static void finish_rule(struct code *c)
{
	for (size_t i = 0; i < c->n_miss; i++) {
		struct sock_filter *jump = &c->at[c->miss[i]];
		size_t distance = c->n - c->miss[i] - 1;

		/* A rule has at most six conditions of six instructions. */
		if (jump->jt) {
			jump->jt = (uint8_t)distance;
			jump->jf = 0;
		} else {
			jump->jf = (uint8_t)distance;
		}
	}
	c->n_miss = 0;
}

static void emit_action(struct code *c, uint32_t action)
{
	if (action != SECCOMP_RET_ALLOW)
		emit(c, BPF_RET | BPF_K, action, 0, 0);
	else if (c->n_onwards < ONWARDS_MAX)
		c->onwards[c->n_onwards++] = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
	else
		c->full = true;
}

/* --- conditions ------------------------------------------------------------------------- */

static size_t half(unsigned arg, bool high)
{
	size_t offset = offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	high = !high;
#endif
	return offset + (high ? sizeof(uint32_t) : 0);
}

static void emit_equal(struct code *c, const struct seccomp_lxc_condition *k)
{
	for (int high = 1; high >= 0; high--) {
		uint32_t mask = (uint32_t)(k->mask >> (high ? 32 : 0));

		load(c, half(k->arg, high));
		if (mask != UINT32_MAX)
			emit(c, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
		must(c, BPF_JEQ, (uint32_t)(k->value >> (high ? 32 : 0)));
	}
}

/* A different upper half settles it. */
static void emit_different(struct code *c, const struct seccomp_lxc_condition *k)
{
	load(c, half(k->arg, true));
	emit(c, BPF_JMP | BPF_K | BPF_JEQ, (uint32_t)(k->value >> 32), 0, 2);
	load(c, half(k->arg, false));
	must_not(c, BPF_JEQ, (uint32_t)k->value);
}

/* Above (or at) the value: upper half above, or the same and the lower half decides. */
static void emit_above(struct code *c, const struct seccomp_lxc_condition *k, bool at)
{
	load(c, half(k->arg, true));
	emit(c, BPF_JMP | BPF_K | BPF_JGT, (uint32_t)(k->value >> 32), 3, 0);
	must(c, BPF_JEQ, (uint32_t)(k->value >> 32));
	load(c, half(k->arg, false));
	must(c, at ? BPF_JGE : BPF_JGT, (uint32_t)k->value);
}

static void emit_below(struct code *c, const struct seccomp_lxc_condition *k, bool at)
{
	load(c, half(k->arg, true));
	must_not(c, BPF_JGT, (uint32_t)(k->value >> 32));
	emit(c, BPF_JMP | BPF_K | BPF_JEQ, (uint32_t)(k->value >> 32), 0, 2);
	load(c, half(k->arg, false));
	must_not(c, at ? BPF_JGT : BPF_JGE, (uint32_t)k->value);
}

static void emit_condition(struct code *c, const struct seccomp_lxc_condition *k)
{
	switch (k->op) {
	case LXC_OP_NE:
		return emit_different(c, k);
	case LXC_OP_LT:
		return emit_below(c, k, false);
	case LXC_OP_LE:
		return emit_below(c, k, true);
	case LXC_OP_EQ:
	case LXC_OP_MASKED_EQ:
		return emit_equal(c, k);
	case LXC_OP_GE:
		return emit_above(c, k, true);
	case LXC_OP_GT:
		return emit_above(c, k, false);
	}
}

/* --- rules ------------------------------------------------------------------------------ */

static void emit_rule(struct code *c, const struct seccomp_lxc_rule *rule, int number)
{
	load(c, offsetof(struct seccomp_data, nr));
	must(c, BPF_JEQ, (uint32_t)number);
	for (size_t i = 0; i < rule->n; i++)
		emit_condition(c, &rule->condition[i]);
	emit_action(c, rule->action);
	finish_rule(c);
}

/* libseccomp has numbers of its own for calls that are also hidden behind another one, but knows the
 * names of the real numbers. */
static int number_of(uint32_t arch, const char *name)
{
	char other[SECCOMP_NAME_MAX];
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	for (int i = 0; number < 0 && number != __NR_SCMP_ERROR && i < SECCOMP_NUMBERS; i++)
		if (seccomp_name(arch, seccomp_base() + i, other) && !strcmp(other, name))
			return seccomp_base() + i;
	return number;
}

/* The number of a rule's call on an architecture; -1 when there is none. */
static int number_on(const struct seccomp_lxc_rule *rule, uint32_t arch)
{
	if (rule->arch && rule->arch != arch)
		return -1;
	if (!rule->name)
		return arch == seccomp_native_arch() ? rule->number : -1;
	return number_of(arch, rule->name);
}

/* Behind two numbers of 32-bit architectures other calls hide, with their arguments in memory. A
 * program that is told that they do not exist makes those calls directly. */
static const struct {
	const char *name;
	const char *hidden[21];
} multiplexers[] = {
	{ "socketcall",
	  { "socket", "bind", "connect", "listen", "accept", "accept4", "getsockname",
	    "getpeername", "socketpair", "send", "recv", "sendto", "recvfrom", "shutdown",
	    "setsockopt", "getsockopt", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg" } },
	{ "ipc",
	  { "semop", "semget", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgget", "msgctl",
	    "shmat", "shmdt", "shmget", "shmctl" } },
};

static bool is_hidden_by(size_t i, const char *name)
{
	for (const char *const *hidden = multiplexers[i].hidden; name && *hidden; hidden++)
		if (!strcmp(*hidden, name))
			return true;
	return false;
}

static void emit_multiplexers(struct code *c, const struct seccomp_lxc *p, uint32_t arch)
{
	const struct seccomp_lxc_rule closed = { .action = SECCOMP_RET_ERRNO | ENOSYS };

	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++) {
		int number = seccomp_syscall_resolve_name_arch(arch, multiplexers[i].name);
		bool named = false;

		for (size_t j = 0; j < p->n; j++)
			named |= is_hidden_by(i, p->rule[j].name);
		if (named && number >= 0)
			emit_rule(c, &closed, number);
	}
}

static void emit_arch(struct code *c, const struct seccomp_lxc *p, uint32_t arch)
{
	for (int with = 1; with >= 0; with--) {
		for (size_t i = 0; i < p->n; i++) {
			int number = number_on(&p->rule[i], arch);

			if (number >= 0 && (p->rule[i].n > 0) == with)
				emit_rule(c, &p->rule[i], number);
		}
	}
}

/* All rules of one AUDIT_ARCH_*, behind a test for it. x32 shares that of x86_64; its numbers are
 * its own. */
static void emit_abi(struct code *c, const struct seccomp_lxc *p, uint32_t arch)
{
	size_t over;

	load(c, offsetof(struct seccomp_data, arch));
	emit(c, BPF_JMP | BPF_K | BPF_JEQ, arch, 1, 0);
	over = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_arch(c, p, arch);
	if (arch == SCMP_ARCH_X86_64)
		emit_arch(c, p, SCMP_ARCH_X32);
	if (arch == seccomp_foreign_arch())
		emit_multiplexers(c, p, arch);
	if (!c->full)
		c->at[over].k = (uint32_t)(c->n - over - 1);
}

static int join(struct code *c, const struct sock_fprog *own, struct sock_fprog *out, struct err *e)
{
	static const struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	const struct sock_filter *tail = own->len ? own->filter : &allow;
	size_t n = own->len ? own->len : 1;

	if (c->full || c->n + n > BPF_MAXINSNS) {
		err_msg(e, E2BIG,
			"lxc.seccomp.profile: together with ward's own filter it has more "
			"than %d instructions",
			BPF_MAXINSNS);
		return err_hint(e, "name fewer system calls in it");
	}
	for (size_t i = 0; i < c->n_onwards; i++)
		c->at[c->onwards[i]].k = (uint32_t)(c->n - c->onwards[i] - 1);
	out->filter = malloc((c->n + n) * sizeof(*out->filter));
	if (!out->filter)
		return err_mem(e);
	memcpy(out->filter, c->at, c->n * sizeof(*out->filter));
	memcpy(out->filter + c->n, tail, n * sizeof(*out->filter));
	out->len = (unsigned short)(c->n + n);
	return 0;
}

int seccomp_lxc_compile(const struct seccomp_lxc *p, const struct sock_fprog *own,
			struct sock_fprog *out, struct err *e)
{
	autofree struct code *c = calloc(1, sizeof(*c));

	if (!c)
		return err_mem(e);
	emit_abi(c, p, seccomp_native_arch());
	if (seccomp_foreign_arch())
		emit_abi(c, p, seccomp_foreign_arch());
	emit_action(c, p->otherwise);
	return join(c, own, out, e);
}
