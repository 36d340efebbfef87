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

static void dump_value(const char *name, const char *line, struct str *out)
{
	while (*line) {
		size_t len = strcspn(line, "\n");

		dump_line(name, line, len, out);
		line += len;
		line += *line == '\n';
	}
}

static void dump_from(const struct spec *s, const struct key *k, const char **last, struct str *out)
{
	const char *origin = key_origin(s, k->name);

	if (!*last || !strcmp(origin, *last))
		return;
	*last = origin;
	dump_origin(origin, out);
}

/* tmpfs and volume are two ways to write into one list, and each shows its own items only. What
 * lies on top of what depends on the order of all, so the items are shown one by one. */
static void dump_volumes(const struct spec *s, const char **last, struct str *out)
{
	for (size_t i = 0; i < s->volumes.n; i++) {
		const struct volumes one = { .item = &s->volumes.item[i], .n = 1 };

		for (size_t j = 0; j < key_count_all(); j++) {
			const struct key *k = key_at(j);
			autostr value = { 0 };

			if (k->at != SPEC(volumes))
				continue;
			k->type->get(k, &one, &value);
			out->failed |= value.failed;
			if (!value.len)
				continue;
			dump_from(s, k, last, out);
			dump_value(k->name, value.text, out);
		}
	}
}

static void dump_key(const struct spec *s, const struct key *k, const char **last, struct str *out)
{
	autostr value = { 0 };

	key_get(s, k, &value);
	out->failed |= value.failed;
	/* An unset key is what an empty spec has anyway. */
	if (!value.len)
		return;
	dump_from(s, k, last, out);
	dump_value(k->name, value.text, out);
}

void dump_write(const struct spec *s, bool origins, struct str *out)
{
	const char *last = origins ? "" : NULL; /* NULL: origins are left out */

	/* The first line leaves its own word as the profile's name. */
	str_add(out, s->profile ? "profile = none\n" : "profile = none\nspec.profile =\n");
	for (size_t i = 0; i < key_count_all(); i++)
		if (key_at(i)->at != SPEC(volumes))
			dump_key(s, key_at(i), &last, out);
	dump_volumes(s, &last, out);
}
