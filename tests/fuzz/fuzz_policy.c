/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of system call policies, and its lists of single words. What is accepted compiles
 * to a filter that follows the policy, or does not fit into one. */
#include <errno.h>

#include "fuzz.h"
#include "wall/seccomp_compile.h"
#include "wall/seccomp_policy.h"

enum { COMPILE_MAX = 4096 /* bytes: it takes milliseconds */ };

static void compile(const struct seccomp_policy *p)
{
	struct sock_fprog filter = { 0 };
	struct err e = ERR_NONE;
	int ret = seccomp_compile_policy(p, p->n_rules & 1, &filter, &e);

	fuzz_must(ret == 0 || ret == -E2BIG || ret == -EOPNOTSUPP);
	fuzz_must(ret < 0 || (filter.len && filter.filter));
	free(filter.filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t no_arguments[POLICY_ARGS];
	char *text = fuzz_text(data, size);
	struct err e = ERR_NONE;
	autopolicy p = { 0 };

	if (seccomp_policy_parse(&p, "input", (const char *)data, size, &e) == 0) {
		for (int number = -1; number < 600; number++)
			seccomp_policy_verdict(&p, number, no_arguments);
		seccomp_policy_allow(&p, text, &e);
		seccomp_policy_deny(&p, text, &e);
		seccomp_policy_family(&p, text, &e);
		seccomp_policy_netlink(&p, text, &e);
		if (size <= COMPILE_MAX)
			compile(&p);
	} else {
		fuzz_must(e.code > 0 && str_starts(e.text, "input:"));
	}
	free(text);
	return 0;
}
