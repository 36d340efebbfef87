/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One datagram from the other side of the launch: it is exactly what was waited for, or an
 * error whose text can be printed. */
#include "fuzz.h"
#include "launch/sync.h"
#include "wall/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int type = 0; type < MSG_TYPES; type++) {
		union {
			struct err err;
			struct identity identity;
		} out;
		struct err e = ERR_NONE;

		if (sync_parse(data, size, (enum msg_type)type, &out, &e) == 0)
			continue;
		fuzz_must(e.code > 0);
		fuzz_must(memchr(e.text, '\0', sizeof(e.text)));
		for (const char *c = e.text; *c; c++)
			fuzz_must((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
	return 0;
}
