/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state file of a container, as a crash, a full disk or another version may have left it. */
#include "fuzz.h"
#include "store/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_NONE;
	struct state s;

	state_init(&s);
	if (state_parse((const char *)data, size, &s, &e) < 0) {
		fuzz_must(e.code > 0 && e.text[0]);
		return 0;
	}
	fuzz_must(s.id < STATE_IDS);
	fuzz_must(memchr(s.cgroup_parent, '\0', sizeof(s.cgroup_parent)));
	fuzz_must(memchr(s.profile, '\0', sizeof(s.profile)));
	return 0;
}
