/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of system call policies, and its lists of single words. */
#include "fuzz.h"
#include "wall/seccomp_policy.h"

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
	} else {
		fuzz_must(e.code > 0 && strstr(e.text, "input:"));
	}
	free(text);
	return 0;
}
