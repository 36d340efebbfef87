/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/dump.h"

#include <string.h>

#include "spec/key.h"
#include "spec/numbered.h"

static bool is_outer(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '"';
}

/* Quotes keep outer blanks, and outer quotes. */
static void dump_line(const char *name, const char *value, size_t len, struct str *out)
{
	bool quoted = len && (is_outer(value[0]) || is_outer(value[len - 1]));

	str_add(out, name);
	str_add(out, quoted ? " = \"" : " = ");
	str_addn(out, value, len);
	str_add(out, quoted ? "\"\n" : "\n");
}

/* An origin may hold the name of a file, which may hold anything. */
static void dump_origin(const char *origin, struct str *out)
{
	str_add(out, "origin = ");
	while (*origin) {
		size_t clean = 0;

		while ((unsigned char)origin[clean] >= 0x20)
			clean++;
		str_addn(out, origin, clean);
		origin += clean;
		if (*origin) {
			str_add(out, "?");
			origin++;
		}
	}
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

static void dump_from(const struct spec *s, const char *name, const char **last, struct str *out)
{
	const char *origin = key_origin(s, name);

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
			dump_from(s, k->name, last, out);
			dump_value(k->name, value.text, out);
		}
	}
}

/* `value` is room for a value, so that there is one for all keys. */
static void dump_key(const struct spec *s, const struct key *k, const char **last,
		     struct str *value, struct str *out)
{
	value->len = 0;
	key_get(s, k, value);
	out->failed |= value->failed;
	/* An unset key is what an empty spec has anyway. */
	if (!value->len)
		return;
	dump_from(s, k->name, last, out);
	dump_value(k->name, value->text, out);
}

/* One row of one numbered thing. What it has from the beginning is left out, unless somebody said it
 * in so many words; but not what it is. */
static void dump_numbered_key(const struct spec *s, const struct key *k, uint32_t number,
			      const char **last, struct str *out)
{
	autostr value = { 0 }, fresh = { 0 };
	char name[NUMBERED_NAME_MAX];

	if (k->flags & KEY_WHOLE)
		return;
	numbered_join(k->name, number, name);
	key_get_numbered(s, k, number, &value);
	k->type->get(k, (const char *)k->items->fresh + k->at, &fresh);
	out->failed |= value.failed | fresh.failed;
	if (!(k->flags & KEY_KIND) && !numbered_origin(s, name) &&
	    !strcmp(str_text(&value), str_text(&fresh)))
		return;
	dump_from(s, name, last, out);
	/* Something that is there from the beginning was cleared. */
	if (!value.len && fresh.len)
		dump_line(name, "", 0, out);
	dump_value(name, str_text(&value), out);
}

/* Thing by thing, and of each first what it is, which clears the rest. */
static void dump_numbered(const struct spec *s, const struct key_items *items, const char **last,
			  struct str *out)
{
	uint32_t number;

	for (size_t i = 0; items->number(s, i, &number); i++)
		for (size_t j = 0; j < key_count_all(); j++)
			if (key_at(j)->items == items)
				dump_numbered_key(s, key_at(j), number, last, out);
}

void dump_write(const struct spec *s, bool origins, struct str *out)
{
	const char *last = origins ? "" : NULL; /* NULL: origins are left out */
	autostr value = { 0 };

	/* The first line leaves its own word as the profile's name. */
	str_add(out, s->profile ? "profile = none\n" : "profile = none\nspec.profile =\n");
	for (size_t i = 0; i < key_count_all(); i++) {
		const struct key *k = key_at(i);

		if (k->items && (k->flags & KEY_KIND))
			dump_numbered(s, k->items, &last, out);
		else if (!k->items && k->at != SPEC(volumes))
			dump_key(s, k, &last, &value, out);
	}
	dump_volumes(s, &last, out);
}
