/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* eBPF programs, written instruction by instruction: bpf(2), linux/bpf.h and the kernel's
 * Documentation/bpf/standardization/instruction-set.rst.
 *
 *	struct bpf_code c = { 0 };
 *	int drop = bpf_label(&c);
 *	bpf_emit(&c, bpf_get(BPF_W, BPF_REG_1, BPF_REG_6, offset));
 *	bpf_jump(&c, bpf_if(BPF_JNE, BPF_REG_1, 6), drop);
 *	...
 *	bpf_here(&c, drop);
 *	...
 *	fd = bpf_load(&c, BPF_PROG_TYPE_SCHED_CLS, "ward_x");
 *	bpf_code_free(&c);
 *
 * Failures while writing (no memory, a jump too long) are kept, and reported by bpf_load(). */
#pragma once
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BPF_LABELS = 512, BPF_JUMPS = 2048 };

struct bpf_code {
	struct bpf_insn *insn; /* owned */
	size_t n, room;
	uint32_t label[BPF_LABELS]; /* instruction that it stands before, plus one */
	int n_labels;
	struct {
		uint32_t at;
		int label;
	} jump[BPF_JUMPS];
	size_t n_jumps;
	int failed; /* -errno of the first failure */
};

int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr);

/* --- writing --- */

void bpf_emit(struct bpf_code *c, struct bpf_insn insn);
/* A new label; its place is told once, by bpf_here(). Jumps to it may come before. */
int bpf_label(struct bpf_code *c);
void bpf_here(struct bpf_code *c, int label);
void bpf_jump(struct bpf_code *c, struct bpf_insn insn, int label);
/* A 64-bit number, or (source BPF_PSEUDO_MAP_*) a map or a place in its only value. */
void bpf_wide(struct bpf_code *c, uint8_t reg, uint8_t source, uint32_t low, uint32_t high);
/* Fill in the jumps. 0 or -errno. bpf_load() does it by itself. */
int bpf_finish(struct bpf_code *c);
void bpf_code_free(struct bpf_code *c);

/* reg = reg OP number; 64 bits. */
static inline struct bpf_insn bpf_alu(uint8_t op, uint8_t reg, int32_t number)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_K | op, .dst_reg = reg, .imm = number };
}

/* reg = reg OP other; 64 bits. */
static inline struct bpf_insn bpf_alu_reg(uint8_t op, uint8_t reg, uint8_t other)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_X | op,
				  .dst_reg = reg,
				  .src_reg = other };
}

/* The lower 32 bits; the upper ones become zero. */
static inline struct bpf_insn bpf_alu32(uint8_t op, uint8_t reg, uint32_t number)
{
	return (struct bpf_insn){ .code = BPF_ALU | BPF_K | op,
				  .dst_reg = reg,
				  .imm = (int32_t)number };
}

/* From network byte order, or into it. */
static inline struct bpf_insn bpf_swap(uint8_t reg, int32_t bits)
{
	return (struct bpf_insn){ .code = BPF_ALU | BPF_END | BPF_TO_BE,
				  .dst_reg = reg,
				  .imm = bits };
}

/* reg = what lies at pointer + offset; size BPF_B, _H, _W, _DW. */
static inline struct bpf_insn bpf_get(uint8_t size, uint8_t reg, uint8_t pointer, size_t offset)
{
	return (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | size,
				  .dst_reg = reg,
				  .src_reg = pointer,
				  .off = (int16_t)offset };
}

static inline struct bpf_insn bpf_put(uint8_t size, uint8_t pointer, int16_t offset, uint8_t reg)
{
	return (struct bpf_insn){
		.code = BPF_STX | BPF_MEM | size, .dst_reg = pointer, .src_reg = reg, .off = offset
	};
}

static inline struct bpf_insn bpf_put_number(uint8_t size, uint8_t pointer, int16_t offset,
					     int32_t number)
{
	return (struct bpf_insn){
		.code = BPF_ST | BPF_MEM | size, .dst_reg = pointer, .off = offset, .imm = number
	};
}

/* *(u64 *)(pointer + offset) += reg, atomically. */
static inline struct bpf_insn bpf_add_atomic(uint8_t pointer, int16_t offset, uint8_t reg)
{
	return (struct bpf_insn){ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
				  .dst_reg = pointer,
				  .src_reg = reg,
				  .off = offset,
				  .imm = BPF_ADD };
}

/* Jumps: the whole register, or its lower half, against a number or a register. */
static inline struct bpf_insn bpf_if(uint8_t op, uint8_t reg, int32_t number)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_K | op, .dst_reg = reg, .imm = number };
}

static inline struct bpf_insn bpf_if32(uint8_t op, uint8_t reg, uint32_t number)
{
	return (struct bpf_insn){ .code = BPF_JMP32 | BPF_K | op,
				  .dst_reg = reg,
				  .imm = (int32_t)number };
}

static inline struct bpf_insn bpf_if_reg(uint8_t op, uint8_t reg, uint8_t other)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_X | op, .dst_reg = reg, .src_reg = other };
}

static inline struct bpf_insn bpf_always(void)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_JA };
}

static inline struct bpf_insn bpf_call(enum bpf_func_id function)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = (int32_t)function };
}

static inline struct bpf_insn bpf_leave(void)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
}

/* --- the kernel's side --- */

/* Load a program. Returns its descriptor or -errno (-EACCES, -EINVAL: the verifier refuses it). */
int bpf_load(struct bpf_code *c, enum bpf_prog_type type, const char *name);
int bpf_load_insns(const struct bpf_insn *insn, size_t n, enum bpf_prog_type type,
		   const char *name);
/* A program by its id; needs CAP_SYS_ADMIN. Descriptor or -errno. */
int bpf_open(uint32_t id);
/* What the kernel tells about a program; `info` says on entry where lists shall go. 0 or -errno. */
int bpf_info(int program, struct bpf_prog_info *info);
