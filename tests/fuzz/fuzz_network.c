/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The definition of a network. What is accepted, written out and read again, is the same. */
#include "fuzz.h"
#include "net/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_config c = { .nat = true }, again = { .nat = true };
	struct str text = { 0 }, twice = { 0 };
	struct err e = ERR_NONE;

	if (net_config_parse((const char *)data, size, &c, &e) < 0) {
		fuzz_must(e.code > 0 && e.text[0]);
		return 0;
	}
	net_config_write(&c, &text);
	fuzz_must(net_config_parse(str_text(&text), text.len, &again, &e) == 0);
	net_config_write(&again, &twice);
	fuzz_must(!strcmp(str_text(&text), str_text(&twice)));
	str_free(&text);
	str_free(&twice);
	return 0;
}
