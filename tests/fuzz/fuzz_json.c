/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON reader and writer against any bytes. What must hold: what our scan accepts json-c
 * accepts too, and what was read, written and read again is the same. */
#include <json-c/json.h>

#include "base/json.h"
#include "base/json_read.h"
#include "base/str.h"
#include "fuzz.h"

struct copy {
	struct json_out *out;
	bool real; /* a number that the writer has no words for */
};

static void copy_value(struct copy *c, const char *key, const struct json_object *value);

static int copy_member(const char *key, struct json_object *member, void *ctx)
{
	copy_value(ctx, key, member);
	return 0;
}

static void copy_integer(struct copy *c, const char *key, const struct json_object *value)
{
	int64_t i;
	uint64_t u;

	if (json_get_u64(value, &u) == 0)
		json_put_u64(c->out, key, u);
	else if (json_get_i64(value, &i) == 0)
		json_put_i64(c->out, key, i);
	else
		abort();
}

static void copy_value(struct copy *c, const char *key, const struct json_object *value)
{
	const char *text;
	bool b;

	switch (json_kind(value)) {
	case JSON_NULL:
		json_put_null(c->out, key);
		return;
	case JSON_BOOL:
		fuzz_must(json_get_bool(value, &b) == 0);
		json_put_bool(c->out, key, b);
		return;
	case JSON_INTEGER:
		copy_integer(c, key, value);
		return;
	case JSON_REAL:
		c->real = true;
		json_put_null(c->out, key);
		return;
	case JSON_STRING:
		fuzz_must(json_get_string(value, &text) == 0);
		json_put_string(c->out, key, text);
		return;
	case JSON_ARRAY:
		json_open_array(c->out, key);
		for (size_t i = 0; i < json_length(value); i++)
			copy_value(c, NULL, json_item(value, i));
		json_close(c->out);
		return;
	case JSON_OBJECT:
		json_open_object(c->out, key);
		fuzz_must(json_each(value, copy_member, c) == 0);
		json_close(c->out);
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autojson *value = NULL, *again = NULL;
	autostr text = { 0 };
	struct json_out out;
	struct copy copy = { .out = &out };
	struct err e = ERR_NONE;
	int good = json_check("f", (const char *)data, size, &e);

	fuzz_must(good == json_read("f", (const char *)data, size, &value, &e));
	if (good < 0)
		return 0;
	json_start(&out, &text, size % 2 ? JSON_COMPACT : JSON_INDENT);
	copy_value(&copy, NULL, value);
	fuzz_must(json_finish(&out) == 0);
	fuzz_must(text.len > JSON_SIZE_MAX || json_read("f", text.text, text.len, &again, &e) == 0);
	fuzz_must(text.len > JSON_SIZE_MAX || copy.real || json_object_equal(value, again));
	return 0;
}
