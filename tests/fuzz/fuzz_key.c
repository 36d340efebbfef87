/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The setters of all keys: "KEY=VALUE", also for volumes, tmpfs, id maps, device rules and
 * limits. What one accepts, it prints in a form that it accepts again, with the same meaning. */
#include <stdbool.h>

#include "fuzz.h"
#include "spec/key.h"
#include "spec/numbered.h"
#include "wall/wall.h"

/* Rows that are there many times are tried with this number. */
enum { NUMBER = 7 };

/* The name to set a row by. */
static const char *name_of(const struct key *k, char out[NUMBERED_NAME_MAX])
{
	if (!k->items)
		return k->name;
	numbered_join(k->name, NUMBER, out);
	return out;
}

static void get(const struct spec *s, const struct key *k, struct str *out)
{
	if (k->items)
		key_get_numbered(s, k, NUMBER, out);
	else
		key_get(s, k, out);
}

/* One assignment per line of get(): types that append print one item per line. */
static void set_again(const struct key *k, const struct spec *s)
{
	struct err e = ERR_NONE;
	autostr text = { 0 }, second = { 0 };
	char name[NUMBERED_NAME_MAX];
	autospec again;
	char *rest, *line;

	spec_init(&again);
	get(s, k, &text);
	get(s, k, &second);
	rest = text.text;
	/* A value may hold a line end only where it does not separate items. */
	while (rest && (line = k->type->many ? strsep(&rest, "\n") : rest)) {
		if (!k->type->many)
			rest = NULL;
		if (*line)
			fuzz_must(key_set(&again, name_of(k, name), line, "again", &e) == 0);
	}
	str_free(&text);
	get(&again, k, &text);
	fuzz_must(!strcmp(str_text(&text), str_text(&second)));
}

static void try_value(const struct key *k, const char *value)
{
	struct err e = ERR_NONE;
	char name[NUMBERED_NAME_MAX];
	autospec s;

	spec_init(&s);
	if (key_set(&s, name_of(k, name), value, "input", &e) == 0)
		set_again(k, &s);
	else
		fuzz_must(e.code > 0 && e.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	char *text = fuzz_text(data, size);
	char *equals = strchr(text, '=');
	const struct key *k;

	if (!ready)
		walls_init();
	ready = true;
	if (equals)
		*equals = '\0';
	k = key_find(text, NULL);
	if (k && equals)
		try_value(k, equals + 1);
	/* Without a known key: the text is a value for every one of them. */
	for (size_t i = 0; !k && i < key_count_all(); i++)
		try_value(key_at(i), text);
	free(text);
	return 0;
}
