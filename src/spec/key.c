/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/key.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/numbered.h"

/* --- the table ------------------------------------------------------------------------- */

/* All rows in one order, and position + 1 of each by the hash of its name: a profile has a hundred
 * lines, and reading it is on the way of every start. */
enum { KEYS_MAX = 512, HASH_SLOTS = 1024 };
static const struct key *rows[KEYS_MAX];
static size_t n_rows;
static unsigned short hashed[HASH_SLOTS];

static size_t name_hash(const char *name)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return hash % HASH_SLOTS;
}

void key_register(const struct key_table *table, size_t n)
{
	n_rows = 0;
	memset(hashed, 0, sizeof(hashed));
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < table[i].n && n_rows < KEYS_MAX; j++) {
			size_t slot = name_hash(table[i].keys[j].name);

			while (hashed[slot])
				slot = (slot + 1) % HASH_SLOTS;
			rows[n_rows] = &table[i].keys[j];
			hashed[slot] = (unsigned short)++n_rows;
		}
	}
}

size_t key_count_all(void)
{
	return n_rows;
}

const struct key *key_at(size_t index)
{
	return index < n_rows ? rows[index] : NULL;
}

static const struct key *find_row(const char *name, size_t *index)
{
	for (size_t slot = name_hash(name); hashed[slot]; slot = (slot + 1) % HASH_SLOTS) {
		const struct key *k = key_at(hashed[slot] - 1U);

		if (strcmp(k->name, name))
			continue;
		if (index)
			*index = hashed[slot] - 1U;
		return k;
	}
	return NULL;
}

const struct key *key_find(const char *name, size_t *index)
{
	const struct key *k = find_row(name, index);
	char row[NUMBERED_NAME_MAX];
	uint32_t number;

	return k || !numbered_split(name, row, &number) ? k : find_row(row, index);
}

/* --- setting --------------------------------------------------------------------------- */

static int key_unknown(const char *name, const char *where, struct err *e)
{
	size_t n = key_count_all();
	autofree const char **names = calloc(n + 1, sizeof(*names));
	char row[NUMBERED_NAME_MAX], meant[NUMBERED_NAME_MAX];
	uint32_t number;
	bool numbered = numbered_split(name, row, &number);
	const char *nearest;

	if (!names)
		return err_mem(e);
	for (size_t i = 0; i < n; i++)
		names[i] = key_at(i)->name;
	nearest = str_nearest(numbered ? row : name, names, n);
	err_msg(e, EINVAL, "%s: unknown key '%s'", where, name);
	if (nearest && numbered && strstr(nearest, ".N")) {
		numbered_join(nearest, number, meant);
		nearest = meant;
	}
	if (nearest)
		return err_hint(e, "did you mean '%s'?", nearest);
	return err_hint(e, "`ward keys` lists them");
}

/* Remember who set a row; the array is made with the first one. */
static int key_remember(struct spec *s, size_t index, const char *name, const char *where,
			struct err *e)
{
	char *copy;

	if (key_at(index)->items)
		return numbered_remember(s, name, where) < 0 ? err_mem(e) : 0;
	if (!s->origin)
		s->origin = calloc(key_count_all(), sizeof(*s->origin));
	if (!s->origin)
		return err_mem(e);
	/* Lines of one file share most of their text, but a spec has few of them. */
	copy = strdup(where);
	if (!copy)
		return err_mem(e);
	free(s->origin[index].where);
	s->origin[index].where = copy;
	return 0;
}

static int set_value(const struct key *k, void *field, const char *value, struct err *e)
{
	if (*value)
		return k->type->set(k, field, value, e);
	k->type->clear(k, field);
	return 0;
}

/* `name` is that of a numbered row, with its number. */
static int set_numbered(struct spec *s, const struct key *k, const char *name, const char *value,
			struct err *e)
{
	char row[NUMBERED_NAME_MAX];
	uint32_t number;
	char *item;

	if (!numbered_split(name, row, &number))
		return err_msg(e, EINVAL, "write a number in the place of N");
	if (!*value && (k->flags & KEY_WHOLE))
		k->items->remove(s, number);
	if (!*value && (k->flags & KEY_WHOLE || !k->items->item(s, number, false)))
		return 0;
	if (k->flags & KEY_KIND)
		k->items->remove(s, number);
	item = k->items->item(s, number, true);
	return item ? set_value(k, item + k->at, value, e) : err_mem(e);
}

/* What was said of a thing means nothing any more once it is removed, or another one. */
static void forget_below(struct spec *s, const struct key *k, const char *name, const char *value)
{
	if (k->flags & KEY_KIND) {
		autofree char *whole = strndup(name, strlen(name) - strlen(strrchr(name, '.')));

		if (whole)
			numbered_forget(s, whole);
	} else if (!*value) {
		numbered_forget(s, name);
	}
}

int key_set(struct spec *s, const char *name, const char *value, const char *where, struct err *e)
{
	const struct key *k;
	size_t index;
	int ret;

	k = key_find(name, &index);
	if (!k)
		return key_unknown(name, where, e);
	ret = k->items ? set_numbered(s, k, name, value, e) :
			 set_value(k, (char *)s + k->at, value, e);
	if (ret < 0)
		return err_add(e, "%s: %s", where, name);
	forget_below(s, k, name, value);
	return key_remember(s, index, name, where, e);
}

void key_get(const struct spec *s, const struct key *k, struct str *out)
{
	if (!k->items)
		k->type->get(k, (const char *)s + k->at, out);
}

void key_get_numbered(const struct spec *s, const struct key *k, uint32_t number, struct str *out)
{
	/* Nothing is made, so nothing is changed. */
	const char *item = k->items->item((struct spec *)(uintptr_t)s, number, false);

	if (item)
		k->type->get(k, item + k->at, out);
}

const char *key_origin(const struct spec *s, const char *name)
{
	const char *where = NULL;
	size_t index;

	if (!key_find(name, &index))
		return "built-in";
	if (key_at(index)->items)
		where = numbered_origin(s, name);
	else if (s->origin)
		where = s->origin[index].where;
	return where ? where : "built-in";
}

bool key_equal(const struct key *k, const struct spec *a, const struct spec *b)
{
	autostr x = { 0 };
	autostr y = { 0 };

	key_get(a, k, &x);
	key_get(b, k, &y);
	return !x.failed && !y.failed && !strcmp(str_text(&x), str_text(&y));
}

/* --- types ----------------------------------------------------------------------------- */

static int bool_parse(const char *value, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcmp(value, yes[i]))
			*out = true;
		else if (!strcmp(value, no[i]))
			*out = false;
		else
			continue;
		return 0;
	}
	return -EINVAL;
}

static int bool_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	if (bool_parse(value, field) < 0)
		return err_msg(e, EINVAL, "'%s' is neither true nor false", value);
	return 0;
}

static void bool_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	str_add(out, *(const bool *)field ? "true" : "false");
}

static void bool_clear(const struct key *k, void *field)
{
	(void)k;
	*(bool *)field = false;
}

const struct key_type key_bool = {
	.name = "bool", .set = bool_set, .get = bool_get, .clear = bool_clear
};

static int bit_set(const struct key *k, void *field, const char *value, struct err *e)
{
	const uint64_t *bit = k->of;
	uint64_t *bits = field;
	bool on;

	if (bool_parse(value, &on) < 0)
		return err_msg(e, EINVAL, "'%s' is neither true nor false", value);
	*bits = on ? *bits | *bit : *bits & ~*bit;
	return 0;
}

static void bit_get(const struct key *k, const void *field, struct str *out)
{
	str_add(out, *(const uint64_t *)field & *(const uint64_t *)k->of ? "true" : "false");
}

static void bit_clear(const struct key *k, void *field)
{
	*(uint64_t *)field &= ~*(const uint64_t *)k->of;
}

const struct key_type key_bit = {
	.name = "bool", .set = bit_set, .get = bit_get, .clear = bit_clear
};

static int string_set(const struct key *k, void *field, const char *value, struct err *e)
{
	char **text = field;
	char *copy;

	(void)k;
	if (str_has_control(value))
		return err_msg(e, EINVAL, "control characters are not allowed");
	copy = strdup(value);
	if (!copy)
		return err_mem(e);
	free(*text);
	*text = copy;
	return 0;
}

static int path_set(const struct key *k, void *field, const char *value, struct err *e)
{
	if (value[0] != '/')
		return err_msg(e, EINVAL, "'%s' is not an absolute path", value);
	return string_set(k, field, value, e);
}

static void string_get(const struct key *k, const void *field, struct str *out)
{
	const char *text = *(char *const *)field;

	(void)k;
	str_add(out, text ? text : "");
}

static void string_clear(const struct key *k, void *field)
{
	(void)k;
	free(*(char **)field);
	*(char **)field = NULL;
}

const struct key_type key_string = {
	.name = "string", .set = string_set, .get = string_get, .clear = string_clear
};
const struct key_type key_path = {
	.name = "path", .set = path_set, .get = string_get, .clear = string_clear
};

static int size_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	if (str_size(value, field) < 0)
		return err_msg(e, EINVAL, "'%s' is not a size (a number with K, M, G or T, or max)",
			       value);
	return 0;
}

static void u64_get(const struct key *k, const void *field, struct str *out)
{
	uint64_t value = *(const uint64_t *)field;

	(void)k;
	if (value == LIMIT_MAX)
		str_add(out, "max");
	else if (value != LIMIT_UNSET)
		str_addu(out, value);
}

static void u64_clear(const struct key *k, void *field)
{
	(void)k;
	*(uint64_t *)field = LIMIT_UNSET;
}

const struct key_type key_size = {
	.name = "size", .set = size_set, .get = u64_get, .clear = u64_clear
};

static int count_set(const struct key *k, void *field, const char *value, struct err *e)
{
	const struct key_bounds *b = k->of;
	uint64_t min = b ? (uint64_t)b->min : 0;
	uint64_t max = b ? (uint64_t)b->max : INT64_MAX;

	if (!strcmp(value, "max") || !strcmp(value, "unlimited")) {
		*(uint64_t *)field = LIMIT_MAX;
		return 0;
	}
	if (str_u64(value, 10, min, max, field) < 0)
		return err_msg(e, EINVAL, "'%s' is not a number from %" PRIu64 " to %" PRIu64,
			       value, min, max);
	return 0;
}

const struct key_type key_count = {
	.name = "count", .set = count_set, .get = u64_get, .clear = u64_clear
};

static int int64_parse(const struct key *k, const char *value, int64_t min, int64_t max,
		       int64_t *out, struct err *e)
{
	const struct key_bounds *b = k->of;

	if (b) {
		min = b->min;
		max = b->max;
	}
	if (str_i64(value, min, max, out) < 0)
		return err_msg(e, EINVAL, "'%s' is not a number from %" PRId64 " to %" PRId64,
			       value, min, max);
	return 0;
}

static int int_set(const struct key *k, void *field, const char *value, struct err *e)
{
	int64_t wide;
	int ret = int64_parse(k, value, INT32_MIN, INT32_MAX, &wide, e);

	if (ret == 0)
		*(int *)field = (int)wide;
	return ret;
}

static void int_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	str_addf(out, "%d", *(const int *)field);
}

static void int_clear(const struct key *k, void *field)
{
	(void)k;
	*(int *)field = 0;
}

const struct key_type key_int = {
	.name = "number", .set = int_set, .get = int_get, .clear = int_clear
};

static int int64_set(const struct key *k, void *field, const char *value, struct err *e)
{
	return int64_parse(k, value, INT64_MIN, INT64_MAX, field, e);
}

static void int64_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	str_addf(out, "%" PRId64, *(const int64_t *)field);
}

static void int64_clear(const struct key *k, void *field)
{
	(void)k;
	*(int64_t *)field = 0;
}

const struct key_type key_int64 = {
	.name = "number", .set = int64_set, .get = int64_get, .clear = int64_clear
};

static int u32_set(const struct key *k, void *field, const char *value, struct err *e)
{
	uint64_t wide;

	(void)k;
	if (str_u64(value, 0, 0, UINT32_MAX, &wide) < 0)
		return err_msg(e, EINVAL, "'%s' is not a number of 32 bits", value);
	*(uint32_t *)field = (uint32_t)wide;
	return 0;
}

static void u32_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	str_addf(out, "0%o", *(const uint32_t *)field);
}

static void u32_clear(const struct key *k, void *field)
{
	(void)k;
	*(uint32_t *)field = 0;
}

const struct key_type key_u32 = {
	.name = "octal", .set = u32_set, .get = u32_get, .clear = u32_clear
};

static int enum_set(const struct key *k, void *field, const char *value, struct err *e)
{
	const char *const *words = k->of;
	autostr all = { 0 };

	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], value)) {
			*(int *)field = i;
			return 0;
		}
		str_addf(&all, "%s%s", i ? ", " : "", words[i]);
	}
	return err_msg(e, EINVAL, "'%s' is none of %s", value, str_text(&all));
}

static void enum_get(const struct key *k, const void *field, struct str *out)
{
	str_add(out, ((const char *const *)k->of)[*(const int *)field]);
}

const struct key_type key_enum = {
	.name = "word", .set = enum_set, .get = enum_get, .clear = int_clear
};

static int list_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	if (strchr(value, '\n'))
		return err_msg(e, EINVAL, "a line break is not allowed");
	return list_add(field, value) < 0 ? err_mem(e) : 0;
}

static int paths_set(const struct key *k, void *field, const char *value, struct err *e)
{
	if (value[0] != '/' || str_has_control(value))
		return err_msg(e, EINVAL, "'%s' is not an absolute path", value);
	return list_set(k, field, value, e);
}

static void list_get(const struct key *k, const void *field, struct str *out)
{
	const struct list *l = field;

	(void)k;
	for (size_t i = 0; i < l->n; i++) {
		str_add(out, i ? "\n" : "");
		str_add(out, l->item[i]);
	}
}

static void key_list_clear(const struct key *k, void *field)
{
	(void)k;
	list_clear(field);
}

const struct key_type key_list = {
	.name = "list", .many = true, .set = list_set, .get = list_get, .clear = key_list_clear
};
const struct key_type key_paths = {
	.name = "paths", .many = true, .set = paths_set, .get = list_get, .clear = key_list_clear
};
