/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device rules on cgroup v2: a small eBPF program, written instruction by instruction, attached to
 * the container's cgroup (linux/bpf.h, kernel/bpf/cgroup.c). Because every program of ours has
 * the same shape, the kernel's copy can be read back into rules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bpf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "wall/device.h"

enum {
	PROLOGUE = 9, /* instructions */
	RULE_MAX = 3,
	EPILOGUE = 4,
	MINOR_BITS = 20,   /* MINORBITS in linux/kdev_t.h; a major number has the other twelve */
	PROGRAMS_MAX = 64, /* BPF_CGROUP_MAX_PROGS */
	ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
};

struct program {
	struct bpf_insn *insn;
	size_t n;
};

/* --- writing --------------------------------------------------------------------------------
 *
 * The program is loaded at every start, and what that costs is the verifier, which walks every way
 * through it. So there are few: rules of one type and access form a group, which is left when the
 * access does not fit; in it, each rule is one comparison that jumps to the end. Going on from a
 * comparison tells nothing more, so the verifier walks the whole once. */

/* Major and minor number are also looked at as one, as in the kernel's dev_t. The context is not
 * needed after it was read. */
enum {
	RETURN = BPF_REG_0,
	CONTEXT = BPF_REG_1,
	NUMBER = BPF_REG_1,
	TYPE = BPF_REG_2,
	ACCESS = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5
};

/* The distance to where access is allowed is filled in at last. */
static struct bpf_insn allow_if(uint8_t reg, uint32_t value)
{
	return bpf_if32(BPF_JEQ, reg, value);
}

static const struct bpf_insn combine = { .code = BPF_ALU64 | BPF_X | BPF_OR,
					 .dst_reg = NUMBER,
					 .src_reg = MINOR };
static const struct bpf_insn allow = { .code = BPF_JMP | BPF_JA };

static int32_t type_of(const struct device_rule *rule)
{
	return rule->type == DEVICE_BLOCK ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
}

static int32_t access_of(const struct device_rule *rule)
{
	return (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) | (rule->read ? BPF_DEVCG_ACC_READ : 0) |
	       (rule->write ? BPF_DEVCG_ACC_WRITE : 0);
}

static bool same_group(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && access_of(a) == access_of(b);
}

static bool any_number(const struct device_rule *rule)
{
	return rule->major < 0 && rule->minor < 0;
}

static struct bpf_insn rule_write(const struct device_rule *rule)
{
	if (any_number(rule))
		return allow;
	if (rule->minor < 0)
		return allow_if(MAJOR, (uint32_t)rule->major);
	if (rule->major < 0)
		return allow_if(MINOR, (uint32_t)rule->minor);
	return allow_if(NUMBER, (uint32_t)rule->major << MINOR_BITS | (uint32_t)rule->minor);
}

/* The group that begins at `rule`, of at most `n` rules. Returns how many it has. */
static size_t group_write(struct program *p, const struct device_rule *rule, size_t n)
{
	size_t start = p->n, checks, i = 0;
	bool open = false;

	if (rule->type != DEVICE_ANY)
		p->insn[p->n++] = bpf_if(BPF_JNE, TYPE, type_of(rule));
	if (access_of(rule) != ACCESS_ALL)
		p->insn[p->n++] = bpf_if(BPF_JSET, ACCESS, ACCESS_ALL & ~access_of(rule));
	checks = p->n;
	for (; i < n && same_group(rule, rule + i); i++) {
		/* The verifier refuses instructions that are never reached. */
		if (!open)
			p->insn[p->n++] = rule_write(rule + i);
		open = open || any_number(rule + i);
	}
	for (size_t at = start; at < checks; at++)
		p->insn[at].off = (int16_t)(p->n - at - 1);
	return i;
}

/* What comes after an unconditional permission is never reached either. */
static bool allows_everything(const struct device_rule *rule)
{
	return rule->type == DEVICE_ANY && access_of(rule) == ACCESS_ALL && any_number(rule);
}

static void program_end(struct program *p, bool all)
{
	size_t end = p->n + (all ? 0 : 2);
	bool used = all;

	for (size_t i = PROLOGUE; i < p->n; i++) {
		if (p->insn[i].code != allow.code && p->insn[i].code != (BPF_JMP32 | BPF_K | BPF_JEQ))
			continue;
		p->insn[i].off = (int16_t)(end - i - 1);
		used = true;
	}
	if (!all) {
		p->insn[p->n++] = bpf_alu(BPF_MOV, RETURN, 0);
		p->insn[p->n++] = bpf_leave();
	}
	if (used) {
		p->insn[p->n++] = bpf_alu(BPF_MOV, RETURN, 1);
		p->insn[p->n++] = bpf_leave();
	}
}

/* access_type holds the access in its upper and the type in its lower half. */
static int program_write(struct program *p, const struct device_rules *rules)
{
	bool all = false;

	*p = (struct program){ 0 };
	p->insn = calloc(PROLOGUE + rules->n * RULE_MAX + EPILOGUE, sizeof(*p->insn));
	if (!p->insn)
		return -ENOMEM;
	p->insn[p->n++] = bpf_get(BPF_W, TYPE, CONTEXT,
				  offsetof(struct bpf_cgroup_dev_ctx, access_type));
	p->insn[p->n++] = bpf_get(BPF_W, ACCESS, CONTEXT,
				  offsetof(struct bpf_cgroup_dev_ctx, access_type));
	p->insn[p->n++] = bpf_alu(BPF_AND, TYPE, 0xffff);
	p->insn[p->n++] = bpf_alu(BPF_RSH, ACCESS, 16);
	p->insn[p->n++] = bpf_get(BPF_W, MAJOR, CONTEXT,
				  offsetof(struct bpf_cgroup_dev_ctx, major));
	p->insn[p->n++] = bpf_get(BPF_W, MINOR, CONTEXT,
				  offsetof(struct bpf_cgroup_dev_ctx, minor));
	p->insn[p->n++] = bpf_get(BPF_W, NUMBER, CONTEXT,
				  offsetof(struct bpf_cgroup_dev_ctx, major));
	p->insn[p->n++] = bpf_alu(BPF_LSH, NUMBER, MINOR_BITS);
	p->insn[p->n++] = combine;
	for (size_t i = 0; i < rules->n && !all;) {
		all = allows_everything(&rules->item[i]);
		if (!all)
			i += group_write(p, &rules->item[i], rules->n - i);
	}
	program_end(p, all);
	return 0;
}

static void program_free(struct program *p)
{
	free(p->insn);
	*p = (struct program){ 0 };
}

/* Load a program for the rules. Returns its descriptor. */
static int program_load(const struct device_rules *rules)
{
	struct program p;
	int fd = program_write(&p, rules);

	if (fd < 0)
		return fd;
	fd = bpf_load_insns(p.insn, p.n, BPF_PROG_TYPE_CGROUP_DEVICE, "ward_device");
	program_free(&p);
	return fd;
}

/* --- attaching ------------------------------------------------------------------------------ */

static int program_attach(int dir, int program, enum bpf_cmd cmd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)dir;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	/* MULTI: programs of others may stand beside it; all of them must agree. */
	attr.attach_flags = cmd == BPF_PROG_ATTACH ? BPF_F_ALLOW_MULTI : 0;
	return sys_bpf(cmd, &attr) < 0 ? -errno : 0;
}

int device_v2_load(int dir, const struct device_rules *rules, struct err *e)
{
	autoclose int program = program_load(rules);
	int ret;

	if (program < 0) {
		errno = -program;
		return err_sys(e, "load the eBPF program with the device rules");
	}
	ret = program_attach(dir, program, BPF_PROG_ATTACH);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "attach the device rules to the cgroup");
	}
	return 0;
}

/* --- reading back --------------------------------------------------------------------------- */

/* Ids of the programs on this cgroup itself. Their number, or -errno. */
static int attached(int dir, uint32_t ids[PROGRAMS_MAX])
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS_MAX;
	return sys_bpf(BPF_PROG_QUERY, &attr) < 0 ? -errno : (int)attr.query.prog_cnt;
}

static const struct device_rule open_rule = { DEVICE_ANY, -1, -1, true, true, true };

/* An instruction at the beginning of a group says what its rules have in common. */
static bool group_read(const struct bpf_insn *i, struct device_rule *group)
{
	if (i->code == (BPF_JMP | BPF_K | BPF_JNE) && i->dst_reg == TYPE)
		group->type = i->imm == BPF_DEVCG_DEV_BLOCK ? DEVICE_BLOCK : DEVICE_CHAR;
	else if (i->code == (BPF_JMP | BPF_K | BPF_JSET) && i->dst_reg == ACCESS) {
		group->mknod = !(i->imm & BPF_DEVCG_ACC_MKNOD);
		group->read = !(i->imm & BPF_DEVCG_ACC_READ);
		group->write = !(i->imm & BPF_DEVCG_ACC_WRITE);
	} else {
		return false;
	}
	return true;
}

static bool rule_read(const struct bpf_insn *i, struct device_rule *rule)
{
	uint32_t value = (uint32_t)i->imm;

	if (i->code == allow.code)
		return true;
	if (i->code != (BPF_JMP32 | BPF_K | BPF_JEQ))
		return false;
	if (i->dst_reg == MAJOR) {
		rule->major = value;
	} else if (i->dst_reg == MINOR) {
		rule->minor = value;
	} else {
		rule->major = value >> MINOR_BITS;
		rule->minor = value & ((1U << MINOR_BITS) - 1);
	}
	return true;
}

/* The rules of which `p` is the program. Guesses from the shape, then writes the program again:
 * unless that gives the same instructions, it is not one of ours. */
static int program_read(const struct program *p, struct device_rules *out)
{
	struct device_rule group = open_rule;
	struct program again;
	size_t end = 0;
	int ret = 0;
	bool same;

	for (size_t i = PROLOGUE; i < p->n && ret == 0; i++) {
		struct device_rule rule;

		if (i == end)
			group = open_rule;
		if (group_read(&p->insn[i], &group)) {
			end = i + 1 + (size_t)p->insn[i].off;
			continue;
		}
		rule = group;
		if (!rule_read(&p->insn[i], &rule)) {
			/* The end: what fits no rule is allowed only if everything is. */
			if (p->insn[i].imm)
				ret = device_rules_add(out, &open_rule);
			break;
		}
		ret = device_rules_add(out, &rule);
	}
	if (ret == 0)
		ret = program_write(&again, out);
	if (ret < 0)
		return ret;
	same = again.n == p->n && !memcmp(again.insn, p->insn, p->n * sizeof(*p->insn));
	program_free(&again);
	return same ? 0 : -EBADMSG;
}

/* The kernel's copy of a program: what the verifier made of it. */
static int program_fetch(int program, struct program *p)
{
	struct bpf_prog_info info = { 0 };
	uint32_t length;
	int ret = bpf_info(program, &info);

	*p = (struct program){ 0 };
	length = info.xlated_prog_len;
	if (ret < 0 || length == 0)
		return ret < 0 ? ret : -EBADMSG;
	p->insn = malloc(length);
	if (!p->insn)
		return -ENOMEM;
	memset(&info, 0, sizeof(info));
	info.xlated_prog_len = length;
	info.xlated_prog_insns = (uintptr_t)p->insn;
	ret = bpf_info(program, &info);
	/* The kernel clears the pointer when it hides the instructions. */
	if (ret == 0 && (info.xlated_prog_len != length || !info.xlated_prog_insns))
		ret = -EBADMSG;
	p->n = length / sizeof(*p->insn);
	if (ret < 0)
		program_free(p);
	return ret;
}

/* Find our program on the cgroup and its rules: the newest, should a replacement have been cut off.
 * Returns its descriptor, -ENOENT when there is no program at all, -EBADMSG when none can be read. */
static int find_ours(int dir, struct device_rules *out)
{
	uint32_t ids[PROGRAMS_MAX];
	int n = attached(dir, ids);

	for (int i = n - 1; i >= 0; i--) {
		autoclose int fd = bpf_open(ids[i]);
		struct program p;
		int ret = fd < 0 ? fd : program_fetch(fd, &p);

		if (ret < 0)
			continue;
		ret = program_read(&p, out);
		program_free(&p);
		if (ret == 0)
			return take_fd(fd);
		device_rules_clear(out);
	}
	return n < 0 ? n : n ? -EBADMSG : -ENOENT;
}

int device_v2_read(int dir, struct device_rules *out)
{
	autoclose int program = find_ours(dir, out);

	return program < 0 ? program : 0;
}

/* The kernel's copy is what would be written again. */
static bool shows(int program, const struct device_rules *rules)
{
	struct program seen, wanted;
	bool same = false;

	if (program_fetch(program, &seen) < 0)
		return false;
	if (program_write(&wanted, rules) == 0) {
		same = seen.n == wanted.n &&
		       !memcmp(seen.insn, wanted.insn, seen.n * sizeof(*seen.insn));
		program_free(&wanted);
	}
	program_free(&seen);
	return same;
}

/* A kernel that hides the instructions still tells a digest of them, as they were given to it; what
 * ours would be is asked by loading the program once more. */
static bool holds_digest(int dir, const struct device_rules *rules)
{
	autoclose int reference = program_load(rules);
	struct bpf_prog_info wanted = { 0 };
	uint32_t ids[PROGRAMS_MAX];
	int n = attached(dir, ids);

	if (reference < 0 || bpf_info(reference, &wanted) < 0)
		return false;
	for (int i = 0; i < n; i++) {
		autoclose int fd = bpf_open(ids[i]);
		struct bpf_prog_info info = { 0 };

		if (fd >= 0 && bpf_info(fd, &info) == 0 &&
		    !memcmp(info.tag, wanted.tag, sizeof(info.tag)))
			return true;
	}
	return false;
}

bool device_v2_holds(int dir, const struct device_rules *rules)
{
	uint32_t ids[PROGRAMS_MAX];
	int n = attached(dir, ids);

	for (int i = 0; i < n; i++) {
		autoclose int fd = bpf_open(ids[i]);

		if (fd >= 0 && shows(fd, rules))
			return true;
	}
	return holds_digest(dir, rules);
}

int device_v2_replace(int dir, const struct device_rules *rules, struct err *e)
{
	uint32_t ids[PROGRAMS_MAX];
	int n = attached(dir, ids);
	/* While both are attached, both must agree. */
	int ret = device_v2_load(dir, rules, e);

	for (int i = 0; i < n && ret == 0; i++) {
		autoclose int old = bpf_open(ids[i]);
		struct device_rules ours = { 0 };
		struct program p;

		if (old < 0 || program_fetch(old, &p) < 0)
			continue;
		if (program_read(&p, &ours) == 0 && program_attach(dir, old, BPF_PROG_DETACH) < 0)
			ret = err_sys(e, "take the old device rules off the cgroup");
		device_rules_clear(&ours);
		program_free(&p);
	}
	return ret;
}
