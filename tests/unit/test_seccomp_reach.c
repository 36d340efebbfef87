/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of filters, which the other tests of seccomp believe. */
#include "seccomp_help.h"

/* --- the interpreter ------------------------------------------------------------------- */

static void test_interpreter(void)
{
	const struct sock_fprog *sums =
		PROGRAM(BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_STMT(BPF_MISC | BPF_TAX, 0),
			BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),
			BPF_STMT(BPF_LDX | BPF_MEM, 3), BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
			BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 16),
			BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
			BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
			BPF_STMT(BPF_RET | BPF_A, 0));
	struct seccomp_data call = { .nr = 5, .arch = AUDIT_ARCH_X86_64 };
	uint32_t action = 0;

	ok(seccomp_run(sums, &call, &action) == 0 && action == (SECCOMP_RET_ERRNO | 42),
	   "arithmetic, memory and the index register: 7 * 7 - 7");
	ok(seccomp_run(PROGRAM(LD(0), JEQ(5, 5, 0), RET(SECCOMP_RET_ALLOW)), &call, &action) ==
		   -EINVAL,
	   "a jump past the end is an error");
	ok(seccomp_run(PROGRAM(LD(0)), &call, &action) == -EINVAL, "a missing return is an error");
	ok(seccomp_run(PROGRAM(LD(2), RET(0)), &call, &action) == -EINVAL,
	   "an unaligned load is an error");
	ok(seccomp_run(PROGRAM(LD(64), RET(0)), &call, &action) == -EINVAL,
	   "a load past struct seccomp_data is an error");
	ok(seccomp_run(PROGRAM(LD(60), RET(SECCOMP_RET_ALLOW)), &call, &action) == 0,
	   "the last word can be loaded");
	ok(seccomp_run(PROGRAM(BPF_STMT(BPF_ST, 16), RET(0)), &call, &action) == -EINVAL,
	   "a store past the scratch memory is an error");
	ok(seccomp_run(PROGRAM(BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(0)), &call, &action) ==
		   -EINVAL,
	   "a division by zero is an error");
	ok(seccomp_run(PROGRAM(BPF_STMT(0xffff, 0), RET(0)), &call, &action) == -EINVAL,
	   "an unknown instruction is an error");
}

static void test_reach(void)
{
	const uint32_t arch = AUDIT_ARCH_X86_64;
	struct sock_filter doubling[512 * 2 + 2];
	struct sock_fprog many = { .filter = doubling };
	uint32_t action;

	ok(seccomp_reach_call(PROGRAM(LD(0), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW), RET(0)), arch, 5,
			      NULL) == SECCOMP_ALLOWED,
	   "a call that is allowed by its number");
	ok(seccomp_reach_call(PROGRAM(LD(0), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW), RET(0)), arch, 6,
			      &action) == SECCOMP_DENIED &&
		   action == SECCOMP_RET_KILL_THREAD,
	   "a call that is not");
	ok(seccomp_reach_call(PROGRAM(LD(16), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW), RET(0)), arch,
			      5, NULL) == SECCOMP_CONDITIONAL,
	   "a call whose argument decides");
	ok(seccomp_reach_call(PROGRAM(LD(16), JEQ(5, 0, 1), RET(SECCOMP_RET_ALLOW),
				      RET(SECCOMP_RET_LOG)),
			      arch, 5, NULL) == SECCOMP_ALLOWED,
	   "a call that is allowed on every path");
	ok(seccomp_reach_call(PROGRAM(LD(16), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0), JEQ(0, 0, 1),
				      RET(SECCOMP_RET_ALLOW), RET(0)),
			      arch, 5, NULL) == SECCOMP_CONDITIONAL,
	   "what depends on an argument only in appearance is still called conditional");
	ok(seccomp_reach_call(PROGRAM(RET(SECCOMP_RET_USER_NOTIF)), arch, 5, NULL) ==
		   SECCOMP_CONDITIONAL,
	   "a supervisor may allow what it is asked");
	for (size_t i = 0; i < 512; i++) {
		doubling[2 * i] = (struct sock_filter)LD(16);
		doubling[2 * i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0,
								   0);
	}
	doubling[2 * 512] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
	many.len = 2 * 512 + 1;
	ok(seccomp_reach_call(&many, arch, 5, NULL) == SECCOMP_ALLOWED,
	   "jumps that lead to the same place do not double the work");
	for (size_t i = 0; i < 512; i++)
		doubling[2 * i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1);
	doubling[0] = (struct sock_filter)LD(16);
	ok(seccomp_reach_call(&many, arch, 5, NULL) == SECCOMP_CONDITIONAL,
	   "a program with too many paths is given up as conditional");
}

int main(void)
{
	test_interpreter();
	test_reach();
	return done();
}
