/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's system call policies. What is accepted compiles, and runs to an answer for every call. */
#include <errno.h>

#include "fuzz.h"
#include "wall/seccomp_lxc.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_reach.h"

static void run(const struct sock_fprog *filter)
{
	for (int number = -1; number < 500; number++) {
		struct seccomp_data call = { .nr = number, .arch = seccomp_native_arch() };
		uint32_t action;

		fuzz_must(seccomp_run(filter, &call, &action) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_fprog none = { 0 }, filter = { 0 };
	autolxcpolicy p = { 0 };
	struct err e = ERR_NONE;

	if (seccomp_lxc_parse(&p, "input", (const char *)data, size, &e) < 0) {
		fuzz_must(e.code > 0 && str_starts(e.text, "input:"));
		return 0;
	}
	if (seccomp_lxc_compile(&p, &none, &filter, &e) == 0)
		run(&filter);
	else
		fuzz_must(e.code == E2BIG);
	free(filter.filter);
	return 0;
}
