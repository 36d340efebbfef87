/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/bpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

void bpf_emit(struct bpf_code *c, struct bpf_insn insn)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 256;
		struct bpf_insn *more = reallocarray(c->insn, room, sizeof(*more));

		if (!more) {
			c->failed = -ENOMEM;
			return;
		}
		c->insn = more;
		c->room = room;
	}
	c->insn[c->n++] = insn;
}

int bpf_label(struct bpf_code *c)
{
	if (c->n_labels == BPF_LABELS) {
		c->failed = -E2BIG;
		return 0;
	}
	return c->n_labels++;
}

void bpf_here(struct bpf_code *c, int label)
{
	c->label[label] = (uint32_t)c->n + 1;
}

void bpf_jump(struct bpf_code *c, struct bpf_insn insn, int label)
{
	if (c->n_jumps == BPF_JUMPS) {
		c->failed = -E2BIG;
		return;
	}
	c->jump[c->n_jumps].at = (uint32_t)c->n;
	c->jump[c->n_jumps++].label = label;
	bpf_emit(c, insn);
}

void bpf_wide(struct bpf_code *c, uint8_t reg, uint8_t source, uint32_t low, uint32_t high)
{
	bpf_emit(c, (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW,
				       .dst_reg = reg,
				       .src_reg = source,
				       .imm = (int32_t)low });
	bpf_emit(c, (struct bpf_insn){ .imm = (int32_t)high });
}

int bpf_finish(struct bpf_code *c)
{
	for (size_t i = 0; i < c->n_jumps && !c->failed; i++) {
		uint32_t to = c->label[c->jump[i].label], from = c->jump[i].at;
		int64_t distance = (int64_t)to - 2 - from;

		if (to == 0 || distance < INT16_MIN || distance > INT16_MAX)
			c->failed = -E2BIG;
		else
			c->insn[from].off = (int16_t)distance;
	}
	return c->failed;
}

void bpf_code_free(struct bpf_code *c)
{
	free(c->insn);
	c->insn = NULL;
	c->n = c->room = 0;
}

int bpf_load_insns(const struct bpf_insn *insn, size_t n, enum bpf_prog_type type, const char *name)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (uintptr_t)insn;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uintptr_t) "LGPL-2.1-or-later";
	strncpy(attr.prog_name, name, sizeof(attr.prog_name) - 1);
	/* EAGAIN: the verifier was interrupted by a signal. */
	do
		fd = sys_bpf(BPF_PROG_LOAD, &attr);
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : fd;
}

int bpf_load(struct bpf_code *c, enum bpf_prog_type type, const char *name)
{
	int ret = bpf_finish(c);

	return ret < 0 ? ret : bpf_load_insns(c->insn, c->n, type, name);
}

int bpf_open(uint32_t id)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	return fd < 0 ? -errno : fd;
}

int bpf_info(int program, struct bpf_prog_info *info)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)program;
	attr.info.info = (uintptr_t)info;
	attr.info.info_len = sizeof(*info);
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 ? -errno : 0;
}
