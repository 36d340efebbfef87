/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON (RFC 8259), strictly: a document that two readers could understand in two ways is
 * refused. json-c makes the tree; before it, a scan of our own refuses what json-c lets pass:
 * duplicate keys, numbers it would clamp, NaN and Infinity, single quotes, comments, \u0000,
 * lone surrogates, text after the end. Binaries that only write JSON need base/json.h alone.
 *
 * A value is json-c's struct json_object; NULL is JSON's null, and what is missing. The
 * accessors here are enough to use it; json-c's own functions work on it too. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json_object;

enum { JSON_DEPTH_MAX = 64, JSON_SIZE_MAX = 4 << 20 };

/* Check one document of `len` bytes. name: of the document, for messages. Returns 0, -EBADMSG
 * with e saying "name:line:column: what is wrong", -EFBIG, or -ENOMEM. */
int json_check(const char *name, const char *text, size_t len, struct err *e);

/* Check it and make the tree, which the caller owns (json_free(), autojson). */
int json_read(const char *name, const char *text, size_t len, struct json_object **out,
	      struct err *e);

void json_free(struct json_object **value);
#define autojson __attribute__((cleanup(json_free))) struct json_object

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_INTEGER, /* fits into uint64_t or int64_t */
	JSON_REAL,    /* written with a fraction or an exponent */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

enum json_kind json_kind(const struct json_object *value);
const char *json_kind_name(enum json_kind kind); /* "a string", "an object", ... */

/* The member `key`; borrowed. NULL when it is missing or null, or value is no object. */
struct json_object *json_member(const struct json_object *value, const char *key);

/* Items of an array, 0 or NULL when it is none. */
size_t json_length(const struct json_object *value);
struct json_object *json_item(const struct json_object *value, size_t index);

/* The value, when it is one of exactly this kind and fits: 0, else -EINVAL or -ERANGE. Text is
 * borrowed, UTF-8 and free of NUL bytes. */
int json_get_string(const struct json_object *value, const char **out);
int json_get_bool(const struct json_object *value, bool *out);
int json_get_u64(const struct json_object *value, uint64_t *out);
int json_get_i64(const struct json_object *value, int64_t *out);

/* Visit the members of an object in the order written. visit() returns 0 to go on; anything
 * else ends the walk and is returned. -EINVAL when value is no object. */
int json_each(const struct json_object *value,
	      int (*visit)(const char *key, struct json_object *member, void *ctx), void *ctx);
