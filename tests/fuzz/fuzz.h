/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fuzzer: one function that takes bytes and must come back, whatever they are.
 *
 * Linked with fuzz_main.c it runs files that are named on its command line (the corpora, in
 * every test run, under the sanitizers); built with -Dfuzz=true and clang it is a libFuzzer:
 *
 *	CC=clang meson setup build/fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
 *		-Dc_args=-fsanitize=fuzzer-no-link
 *	ninja -C build/fuzz && build/fuzz/tests/fuzz/fuzz_conf -max_len=4096 tests/fuzz/corpus/conf
 *
 * What it finds becomes a file of the corpus. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that holds for every input does not: end in a way that both runners notice. */
#define fuzz_must(condition)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* The input as a C string, which ends at its first NUL; to be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	fuzz_must(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}
