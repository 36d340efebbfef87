/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What -p says. What is accepted is a range of ports that exist. */
#include "fuzz.h"
#include "net/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct err e = ERR_NONE;
	struct publish p;

	if (publish_parse(text, &p, &e) == 0) {
		fuzz_must(p.from && p.to && p.count && p.count <= PUBLISH_MAX);
		fuzz_must(p.from + p.count - 1 <= UINT16_MAX && p.to + p.count - 1 <= UINT16_MAX);
		fuzz_must(p.protocol == IPPROTO_TCP || p.protocol == IPPROTO_UDP);
	} else {
		fuzz_must(e.code > 0 && e.text[0]);
	}
	free(text);
	return 0;
}
