/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/seccomp_reach.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "wall/seccomp_names.h"

/* --- the machine ----------------------------------------------------------------------- */

/* A register whose value may depend on something that is not known. */
struct word {
	uint32_t value;
	bool known;
};

struct machine {
	const struct sock_fprog *filter;
	const struct seccomp_data *call;
	bool args_known;
	size_t pc;
	struct word a, x, memory[BPF_MEMWORDS];
};

static const struct word zero = { 0, true };

static void machine_start(struct machine *m, const struct sock_fprog *filter,
			  const struct seccomp_data *call, bool args_known)
{
	*m = (struct machine){
		.filter = filter,
		.call = call,
		.args_known = args_known,
		.a = zero,
		.x = zero,
	};
	for (size_t i = 0; i < BPF_MEMWORDS; i++)
		m->memory[i] = zero;
}

/* The kernel takes only aligned words inside of struct seccomp_data. */
static int load_call(const struct machine *m, uint32_t offset, struct word *out)
{
	if (offset & 3 || offset > sizeof(*m->call) - sizeof(out->value))
		return -EINVAL;
	memcpy(&out->value, (const char *)m->call + offset, sizeof(out->value));
	out->known = m->args_known || offset < offsetof(struct seccomp_data, instruction_pointer);
	return 0;
}

static int alu(uint16_t operation, struct word *a, struct word b)
{
	uint32_t v = a->value, w = b.value;

	/* Division by zero and shifts too far: refused or 0 by the kernel, never undefined. */
	if (operation == BPF_DIV && b.known && !w)
		return -EINVAL;
	a->known = a->known && b.known;
	if (!a->known)
		return 0;
	switch (operation) {
	case BPF_ADD:
		v += w;
		break;
	case BPF_SUB:
		v -= w;
		break;
	case BPF_MUL:
		v *= w;
		break;
	case BPF_DIV:
		v /= w;
		break;
	case BPF_AND:
		v &= w;
		break;
	case BPF_OR:
		v |= w;
		break;
	case BPF_XOR:
		v ^= w;
		break;
	case BPF_LSH:
		v = w < 32 ? v << w : 0;
		break;
	case BPF_RSH:
		v = w < 32 ? v >> w : 0;
		break;
	case BPF_NEG:
		v = -v;
		break;
	default:
		return -EINVAL;
	}
	a->value = v;
	return 0;
}

static int compare(uint16_t operation, uint32_t a, uint32_t b, bool *holds)
{
	switch (operation) {
	case BPF_JEQ:
		*holds = a == b;
		return 0;
	case BPF_JGT:
		*holds = a > b;
		return 0;
	case BPF_JGE:
		*holds = a >= b;
		return 0;
	case BPF_JSET:
		*holds = a & b;
		return 0;
	default:
		return -EINVAL;
	}
}

static int load(struct machine *m, const struct sock_filter *i, struct word *to)
{
	switch (BPF_MODE(i->code)) {
	case BPF_ABS:
		return load_call(m, i->k, to);
	case BPF_IMM:
		*to = (struct word){ i->k, true };
		return 0;
	case BPF_LEN:
		*to = (struct word){ sizeof(*m->call), true };
		return 0;
	case BPF_MEM:
		if (i->k >= BPF_MEMWORDS)
			return -EINVAL;
		*to = m->memory[i->k];
		return 0;
	default:
		return -EINVAL;
	}
}

/* Everything but jumps and returns. */
static int execute(struct machine *m, const struct sock_filter *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		return BPF_SIZE(i->code) == BPF_W ? load(m, i, &m->a) : -EINVAL;
	case BPF_LDX:
		if (BPF_SIZE(i->code) != BPF_W || BPF_MODE(i->code) == BPF_ABS)
			return -EINVAL;
		return load(m, i, &m->x);
	case BPF_ST:
	case BPF_STX:
		if (i->k >= BPF_MEMWORDS)
			return -EINVAL;
		m->memory[i->k] = BPF_CLASS(i->code) == BPF_ST ? m->a : m->x;
		return 0;
	case BPF_ALU:
		return alu(BPF_OP(i->code), &m->a,
			   BPF_SRC(i->code) == BPF_X ? m->x : (struct word){ i->k, true });
	case BPF_MISC:
		if (BPF_MISCOP(i->code) == BPF_TAX)
			m->x = m->a;
		else if (BPF_MISCOP(i->code) == BPF_TXA)
			m->a = m->x;
		else
			return -EINVAL;
		return 0;
	default:
		return -EINVAL;
	}
}

/* --- following it ---------------------------------------------------------------------- */

enum outcome { STEPPED, RETURNED, FORKED };

/* One instruction. FORKED: the jump at m->pc depends on something unknown; both ways are given. */
static int step(struct machine *m, uint32_t *action, size_t way[2])
{
	const struct sock_filter *i;
	struct word b;
	bool holds;
	int ret;

	if (m->pc >= m->filter->len)
		return -EINVAL;
	i = &m->filter->filter[m->pc];
	m->pc++;
	if (i->code > 0xff)
		return -EINVAL;
	if (BPF_CLASS(i->code) == BPF_RET) {
		if (BPF_RVAL(i->code) == BPF_A && !m->a.known)
			return -EINVAL;
		*action = BPF_RVAL(i->code) == BPF_A ? m->a.value : i->k;
		return RETURNED;
	}
	if (BPF_CLASS(i->code) != BPF_JMP) {
		ret = execute(m, i);
		return ret < 0 ? ret : STEPPED;
	}
	if (BPF_OP(i->code) == BPF_JA) {
		m->pc += i->k;
		return STEPPED;
	}
	b = BPF_SRC(i->code) == BPF_X ? m->x : (struct word){ i->k, true };
	ret = compare(BPF_OP(i->code), m->a.value, b.value, &holds);
	if (ret < 0)
		return ret;
	way[0] = m->pc + i->jt;
	way[1] = m->pc + i->jf;
	if (!m->a.known || !b.known)
		return FORKED;
	m->pc = way[!holds];
	return STEPPED;
}

int seccomp_run(const struct sock_fprog *filter, const struct seccomp_data *call, uint32_t *action)
{
	struct machine m;
	size_t way[2];
	int ret;

	machine_start(&m, filter, call, true);
	do
		ret = step(&m, action, way);
	while (ret == STEPPED); /* ends: jumps lead forward only */
	return ret < 0 ? ret : 0;
}

/* What was met on the paths so far. */
struct paths {
	bool allow, deny, other;
	uint32_t action;
	unsigned steps; /* bound: paths can double with every jump */
};

enum { STEPS_MAX = 1 << 17 };

static void paths_note(struct paths *p, uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		p->allow = true;
		return;
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		p->other = true;
		return;
	default: /* unknown actions kill */
		p->deny = true;
		p->action = action;
		return;
	}
}

static void paths_follow(struct paths *p, struct machine m)
{
	uint32_t action = 0;
	size_t way[2];

	for (;;) {
		int ret = ++p->steps > STEPS_MAX ? -EINVAL : step(&m, &action, way);

		if (ret < 0)
			p->other = true;
		if (ret == RETURNED)
			paths_note(p, action);
		if (ret < 0 || ret == RETURNED)
			return;
		if (ret != FORKED)
			continue;
		if (way[0] != way[1]) {
			m.pc = way[0];
			paths_follow(p, m);
		}
		m.pc = way[1];
	}
}

enum seccomp_reach seccomp_reach_call(const struct sock_fprog *filter, uint32_t arch, int number,
				      uint32_t *action)
{
	struct seccomp_data call = { .nr = number, .arch = arch };
	struct paths p = { 0 };
	struct machine m;

	machine_start(&m, filter, &call, false);
	paths_follow(&p, m);
	if (action)
		*action = p.action;
	if (p.other || (p.allow && p.deny))
		return SECCOMP_CONDITIONAL;
	return p.allow ? SECCOMP_ALLOWED : SECCOMP_DENIED;
}

struct seccomp_count seccomp_reach(const struct sock_fprog *filter, uint32_t arch)
{
	struct seccomp_count count = { 0 };
	char name[SECCOMP_NAME_MAX];

	for (int i = 0; i < SECCOMP_NUMBERS; i++) {
		if (!seccomp_name(arch, seccomp_base() + i, name))
			continue;
		switch (seccomp_reach_call(filter, arch, seccomp_base() + i, NULL)) {
		case SECCOMP_ALLOWED:
			count.allowed++;
			break;
		case SECCOMP_DENIED:
			count.denied++;
			break;
		case SECCOMP_CONDITIONAL:
			count.conditional++;
			break;
		}
	}
	return count;
}
