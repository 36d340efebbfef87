/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration parser. What it accepts, written out and read again, is the same. */
#include <stdbool.h>

#include "front/conf.h"
#include "fuzz.h"
#include "spec/dump.h"
#include "spec/key.h"
#include "wall/wall.h"

static void same_again(const struct spec *s)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec again;

	spec_init(&again);
	dump_write(s, false, &text);
	fuzz_must(conf_parse(&again, str_text(&text), text.len, "dump", &e) == 0);
	for (size_t i = 0; i < key_count_all(); i++)
		fuzz_must(key_equal(key_at(i), s, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct err e = ERR_NONE;
	autospec s;

	if (!ready)
		walls_init();
	ready = true;
	spec_init(&s);
	if (conf_parse(&s, (const char *)data, size, "input", &e) == 0)
		same_again(&s);
	else
		fuzz_must(e.code > 0 && e.text[0]);
	return 0;
}
