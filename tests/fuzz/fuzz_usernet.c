/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two files that a set-user-ID program reads. What is read, written and read again is the same. */
#include "fuzz.h"
#include "usernic/usernet.h"

static int judge(const struct usernet_line *line, void *ctx)
{
	size_t *n = ctx;

	fuzz_must(line->owner[0] && line->type[0] && line->bridge[0] && line->last[0]);
	fuzz_must(!strpbrk(line->owner, " \t\n") && !strpbrk(line->last, " \t\n"));
	usernet_count(line);
	++*n;
	return 0;
}

static bool all(const char *interface, void *ctx)
{
	(void)ctx;
	return interface[0] != '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usernet_line line = { "alice", "veth", "br0", "1" };
	struct str once = { 0 }, twice = { 0 };
	size_t n = 0, again = 0;

	fuzz_must(usernet_parse((const char *)data, size, judge, &n) == 0);
	usernet_cull((const char *)data, size, all, NULL, &once);
	usernet_parse(str_text(&once), once.len, judge, &again);
	fuzz_must(n == again);
	usernet_cull(str_text(&once), once.len, all, NULL, &twice);
	fuzz_must(once.len == twice.len && !memcmp(str_text(&once), str_text(&twice), once.len));
	fuzz_must(usernet_taken((const char *)data, size, &line) <= n);
	str_free(&once);
	str_free(&twice);
	return 0;
}
