/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json_read.h"

#include <errno.h>
#include <json-c/json.h>

/* --- the tree ----------------------------------------------------------------------------- */

int json_read(const char *name, const char *text, size_t len, struct json_object **out,
	      struct err *e)
{
	struct json_object *value = NULL;
	enum json_tokener_error error;
	struct json_tokener *tokener;
	int ret = json_check(name, text, len, e);

	if (ret < 0)
		return ret;
	/* json-c counts the value at the bottom as a level of its own. */
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	if (!tokener)
		return err_mem(e);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)len);
	/* A number alone could go on: the NUL byte tells that it does not. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		value = json_tokener_parse_ex(tokener, "", 1);
	error = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return err_msg(e, EBADMSG, "%s: json-c: %s", name, json_tokener_error_desc(error));
	*out = value;
	return 0;
}

void json_free(struct json_object **value)
{
	json_object_put(*value);
	*value = NULL;
}

enum json_kind json_kind(const struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return JSON_NULL;
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_double:
		return JSON_REAL;
	case json_type_int:
		return JSON_INTEGER;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_string:
		return JSON_STRING;
	}
	return JSON_NULL;
}

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	       [JSON_BOOL] = "true or false",
		[JSON_INTEGER] = "an integer", [JSON_REAL] = "a number with a fraction",
		[JSON_STRING] = "a string",    [JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[kind];
}

struct json_object *json_member(const struct json_object *value, const char *key)
{
	struct json_object *member = NULL;

	if (json_kind(value) == JSON_OBJECT)
		json_object_object_get_ex(value, key, &member);
	return member;
}

size_t json_length(const struct json_object *value)
{
	return json_kind(value) == JSON_ARRAY ? json_object_array_length(value) : 0;
}

struct json_object *json_item(const struct json_object *value, size_t index)
{
	return index < json_length(value) ? json_object_array_get_idx(value, index) : NULL;
}

/* json-c caches nothing in a string it reads, but does not say const. */
int json_get_string(const struct json_object *value, const char **out)
{
	if (json_kind(value) != JSON_STRING)
		return -EINVAL;
	*out = json_object_get_string((struct json_object *)(uintptr_t)value);
	return *out ? 0 : -EINVAL;
}

int json_get_bool(const struct json_object *value, bool *out)
{
	if (json_kind(value) != JSON_BOOL)
		return -EINVAL;
	*out = json_object_get_boolean(value);
	return 0;
}

/* json-c keeps two kinds of integers and clamps when asked for the other: what is above
 * INT64_MAX comes back as INT64_MAX, what is below 0 as 0. */
int json_get_u64(const struct json_object *value, uint64_t *out)
{
	if (json_kind(value) != JSON_INTEGER)
		return -EINVAL;
	if (json_object_get_int64(value) < 0)
		return -ERANGE;
	*out = json_object_get_uint64(value);
	return 0;
}

int json_get_i64(const struct json_object *value, int64_t *out)
{
	if (json_kind(value) != JSON_INTEGER)
		return -EINVAL;
	if (json_object_get_int64(value) >= 0 && json_object_get_uint64(value) > INT64_MAX)
		return -ERANGE;
	*out = json_object_get_int64(value);
	return 0;
}

int json_each(const struct json_object *value,
	      int (*visit)(const char *key, struct json_object *member, void *ctx), void *ctx)
{
	int ret = 0;

	if (json_kind(value) != JSON_OBJECT)
		return -EINVAL;
	json_object_object_foreach((struct json_object *)(uintptr_t)value, key, member)
	{
		ret = visit(key, member, ctx);
		if (ret)
			break;
	}
	return ret;
}
