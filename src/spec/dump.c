/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/dump.h"

#include <string.h>

#include "spec/key.h"

static bool is_outer(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '"';
}

/* Quotes keep outer blanks, and outer quotes. */
static void dump_line(const char *name, const char *value, size_t len, struct str *out)
{
	bool quoted = len && (is_outer(value[0]) || is_outer(value[len - 1]));

	str_addf(out, quoted ? "%s = \"" : "%s = ", name);
	str_addn(out, value, len);
	str_add(out, quoted ? "\"\n" : "\n");
}

/* An origin may hold the name of a file, which may hold anything. */
static void dump_origin(const char *origin, struct str *out)
{
	str_add(out, "origin = ");
	for (; *origin; origin++)
		str_addn(out, (unsigned char)*origin < 0x20 ? "?" : origin, 1);
	str_add(out, "\n");
}

/* Two list keys may be two ways to write into one field, each showing its own part (tmpfs and
 * volume). The order between the parts would be lost, so a hidden row shows the whole. */
static bool dump_is_part(const struct key *k)
{
	if (!k->type->many || (k->flags & KEY_HIDDEN))
		return false;
	for (size_t i = 0; i < key_count_all(); i++) {
		const struct key *whole = key_at(i);

		if ((whole->flags & KEY_HIDDEN) && whole->at == k->at)
			return true;
	}
	return false;
}

static void dump_value(const char *name, const char *line, struct str *out)
{
	while (*line) {
		size_t len = strcspn(line, "\n");

		dump_line(name, line, len, out);
		line += len;
		line += *line == '\n';
	}
}

void dump_write(const struct spec *s, bool origins, struct str *out)
{
	const char *last = "";

	/* The first line leaves its own word as the profile's name. */
	str_add(out, s->profile ? "profile = none\n" : "profile = none\nspec.profile =\n");
	for (size_t i = 0; i < key_count_all(); i++) {
		const struct key *k = key_at(i);
		const char *origin = key_origin(s, k->name);
		autostr value = { 0 };

		key_get(s, k, &value);
		out->failed |= value.failed;
		/* An unset key is what an empty spec has anyway. */
		if (!value.len || dump_is_part(k))
			continue;
		if (origins && strcmp(origin, last))
			dump_origin(origin, out);
		last = origin;
		dump_value(k->name, value.text, out);
	}
}
