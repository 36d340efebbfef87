/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzzer on files: fuzz_NAME FILE... */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "fuzz.h"

enum { INPUT_MAX = 1 << 20 };

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct str text = { 0 };

		if (file_read(AT_FDCWD, argv[i], INPUT_MAX, &text) < 0) {
			fprintf(stderr, "%s cannot be read\n", argv[i]);
			return 1;
		}
		/* Said before, so that a crash names its file. */
		printf("%s\n", argv[i]);
		fflush(stdout);
		LLVMFuzzerTestOneInput((const uint8_t *)str_text(&text), text.len);
		str_free(&text);
	}
	return 0;
}
