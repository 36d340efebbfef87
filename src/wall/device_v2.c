/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device rules on cgroup v2: a small eBPF program, written instruction by instruction, attached to
 * the container's cgroup (linux/bpf.h, kernel/bpf/cgroup.c). Because every program of ours has
 * the same shape, the kernel's copy can be read back into rules. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "wall/device.h"

enum {
	PROLOGUE = 6, /* instructions */
	RULE_MAX = 6,
	EPILOGUE = 2,
	PROGRAMS_MAX = 64, /* BPF_CGROUP_MAX_PROGS */
	ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
};

struct program {
	struct bpf_insn *insn;
	size_t n;
};

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* --- writing -------------------------------------------------------------------------------- */

/* Registers: 2 the type, 3 the access, 4 the major, 5 the minor number. */
enum {
	RETURN = BPF_REG_0,
	CONTEXT = BPF_REG_1,
	TYPE = BPF_REG_2,
	ACCESS = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5
};

static struct bpf_insn load(uint8_t reg, size_t offset)
{
	return (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
				  .dst_reg = reg,
				  .src_reg = CONTEXT,
				  .off = (int16_t)offset };
}

static struct bpf_insn operate(uint8_t op, uint8_t reg, int32_t value)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_K | op, .dst_reg = reg, .imm = value };
}

/* The distance is filled in when the end of the rule is known. */
static struct bpf_insn skip_if(uint8_t op, uint8_t reg, int32_t value)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_K | op, .dst_reg = reg, .imm = value };
}

static const struct bpf_insn leave = { .code = BPF_JMP | BPF_EXIT };

static int32_t type_of(const struct device_rule *rule)
{
	return rule->type == DEVICE_BLOCK ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
}

static int32_t access_of(const struct device_rule *rule)
{
	return (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) | (rule->read ? BPF_DEVCG_ACC_READ : 0) |
	       (rule->write ? BPF_DEVCG_ACC_WRITE : 0);
}

/* Skip the rule when one part does not fit; else allow. True when no part can fail to fit. */
static bool rule_write(struct program *p, const struct device_rule *rule)
{
	size_t start = p->n, end;

	if (rule->type != DEVICE_ANY)
		p->insn[p->n++] = skip_if(BPF_JNE, TYPE, type_of(rule));
	if (rule->major >= 0)
		p->insn[p->n++] = skip_if(BPF_JNE, MAJOR, (int32_t)rule->major);
	if (rule->minor >= 0)
		p->insn[p->n++] = skip_if(BPF_JNE, MINOR, (int32_t)rule->minor);
	if (access_of(rule) != ACCESS_ALL)
		p->insn[p->n++] = skip_if(BPF_JSET, ACCESS, ACCESS_ALL & ~access_of(rule));
	end = p->n + 2;
	for (size_t i = start; i < p->n; i++)
		p->insn[i].off = (int16_t)(end - i - 1);
	p->insn[p->n++] = operate(BPF_MOV, RETURN, 1);
	p->insn[p->n++] = leave;
	return start + 2 == p->n;
}

/* access_type holds the access in its upper and the type in its lower half. */
static int program_write(struct program *p, const struct device_rules *rules)
{
	bool all = false;

	*p = (struct program){ 0 };
	p->insn = calloc(PROLOGUE + rules->n * RULE_MAX + EPILOGUE, sizeof(*p->insn));
	if (!p->insn)
		return -ENOMEM;
	p->insn[p->n++] = load(TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	p->insn[p->n++] = load(ACCESS, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	p->insn[p->n++] = operate(BPF_AND, TYPE, 0xffff);
	p->insn[p->n++] = operate(BPF_RSH, ACCESS, 16);
	p->insn[p->n++] = load(MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	p->insn[p->n++] = load(MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = 0; i < rules->n && !all; i++)
		all = rule_write(p, &rules->item[i]);
	/* The verifier refuses instructions that are never reached. */
	if (all)
		return 0;
	p->insn[p->n++] = operate(BPF_MOV, RETURN, 0);
	p->insn[p->n++] = leave;
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
	union bpf_attr attr;
	int fd = program_write(&p, rules);

	if (fd < 0)
		return fd;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)p.insn;
	attr.insn_cnt = (uint32_t)p.n;
	attr.license = (uintptr_t) "LGPL-2.1-or-later";
	memcpy(attr.prog_name, "ward_device", sizeof("ward_device"));
	/* EAGAIN: the verifier was interrupted by a signal. */
	do
		fd = sys_bpf(BPF_PROG_LOAD, &attr);
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0)
		fd = -errno;
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

static int program_open(uint32_t id)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	return fd < 0 ? -errno : fd;
}

static int program_info(int program, struct bpf_prog_info *info)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)program;
	attr.info.info = (uintptr_t)info;
	attr.info.info_len = sizeof(*info);
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 ? -errno : 0;
}

/* One skipping instruction is one part of a rule. */
static bool part_read(const struct bpf_insn *i, struct device_rule *rule)
{
	bool not_equal = i->code == (BPF_JMP | BPF_K | BPF_JNE);

	if (not_equal && i->dst_reg == TYPE)
		rule->type = i->imm == BPF_DEVCG_DEV_BLOCK ? DEVICE_BLOCK : DEVICE_CHAR;
	else if (not_equal && i->dst_reg == MAJOR)
		rule->major = i->imm;
	else if (not_equal && i->dst_reg == MINOR)
		rule->minor = i->imm;
	else if (i->code == (BPF_JMP | BPF_K | BPF_JSET) && i->dst_reg == ACCESS) {
		rule->mknod = !(i->imm & BPF_DEVCG_ACC_MKNOD);
		rule->read = !(i->imm & BPF_DEVCG_ACC_READ);
		rule->write = !(i->imm & BPF_DEVCG_ACC_WRITE);
	} else {
		return false;
	}
	return true;
}

/* The rules of which `p` is the program. Guesses from the shape, then writes the program again:
 * unless that gives the same instructions, it is not one of ours. */
static int program_read(const struct program *p, struct device_rules *out)
{
	static const struct device_rule open_rule = { DEVICE_ANY, -1, -1, true, true, true };
	struct device_rule rule = open_rule;
	struct program again;
	int ret = 0;
	bool same;

	for (size_t i = PROLOGUE; i < p->n && ret == 0; i++) {
		if (part_read(&p->insn[i], &rule))
			continue;
		if (p->insn[i].code == (BPF_ALU64 | BPF_K | BPF_MOV) && p->insn[i].imm == 1)
			ret = device_rules_add(out, &rule);
		rule = open_rule;
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
	int ret = program_info(program, &info);

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
	ret = program_info(program, &info);
	/* The kernel clears the pointer when it hides the instructions. */
	if (ret == 0 && (info.xlated_prog_len != length || !info.xlated_prog_insns))
		ret = -EBADMSG;
	p->n = length / sizeof(*p->insn);
	if (ret < 0)
		program_free(p);
	return ret;
}

/* Find our program on the cgroup and its rules. Returns its descriptor, -ENOENT when there is no
 * program at all, -EBADMSG when none can be read. */
static int find_ours(int dir, struct device_rules *out)
{
	uint32_t ids[PROGRAMS_MAX];
	int n = attached(dir, ids);

	for (int i = 0; i < n; i++) {
		autoclose int fd = program_open(ids[i]);
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

/* The tag is a digest of the instructions as they were given to the kernel. */
bool device_v2_holds(int dir, const struct device_rules *rules)
{
	autoclose int reference = program_load(rules);
	struct bpf_prog_info wanted = { 0 };
	uint32_t ids[PROGRAMS_MAX];
	int n = attached(dir, ids);

	if (reference < 0 || program_info(reference, &wanted) < 0)
		return false;
	for (int i = 0; i < n; i++) {
		autoclose int fd = program_open(ids[i]);
		struct bpf_prog_info info = { 0 };

		if (fd >= 0 && program_info(fd, &info) == 0 &&
		    !memcmp(info.tag, wanted.tag, sizeof(info.tag)))
			return true;
	}
	return false;
}

int device_v2_allow(int dir, const struct device_rule *rule, struct err *e)
{
	struct device_rules rules = { 0 };
	autoclose int old = find_ours(dir, &rules);
	int ret = old < 0 ? old : device_rules_add(&rules, rule);

	if (ret == 0)
		ret = device_rules_normalise(&rules);
	if (ret < 0) {
		device_rules_clear(&rules);
		errno = -ret;
		return err_sys(e, "read the device rules back from the cgroup");
	}
	/* With both attached the old one still decides: it allows less. */
	ret = device_v2_load(dir, &rules, e);
	device_rules_clear(&rules);
	if (ret < 0)
		return ret;
	ret = program_attach(dir, old, BPF_PROG_DETACH);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "take the old device rules off the cgroup");
	}
	return 0;
}
