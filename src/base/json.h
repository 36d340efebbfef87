/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing JSON (RFC 8259) into a struct str, one value after the other, without a tree.
 *
 *	struct json_out j;
 *	autostr text = { 0 };
 *
 *	json_start(&j, &text, JSON_INDENT);
 *	json_open_object(&j, NULL);
 *	json_put_string(&j, "name", "web");
 *	json_open_array(&j, "pids");
 *	json_put_u64(&j, NULL, 12);
 *	json_close(&j);
 *	json_close(&j);
 *	ret = json_finish(&j);
 *
 * Mistakes are remembered and told once, by json_finish(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum json_style { JSON_COMPACT, JSON_INDENT };

enum { JSON_OUT_DEPTH = 64 };

struct json_out {
	struct str *out;
	enum json_style style;
	unsigned depth;
	uint64_t is_array; /* bit n: the n-th open container is an array */
	uint64_t has_item; /* bit n: a comma is due before its next item */
	bool done;	   /* the one value at the top is there */
	bool failed;
};

void json_start(struct json_out *j, struct str *out, enum json_style style);

/* key: the member's name inside an object, NULL inside an array and at the top. */
void json_open_object(struct json_out *j, const char *key);
void json_open_array(struct json_out *j, const char *key);
void json_close(struct json_out *j);

/* Text may be any bytes: control characters are escaped, what is not UTF-8 becomes U+FFFD. NULL
 * is written as null. */
void json_put_string(struct json_out *j, const char *key, const char *text);
void json_put_bytes(struct json_out *j, const char *key, const char *text, size_t len);
void json_put_u64(struct json_out *j, const char *key, uint64_t value);
void json_put_i64(struct json_out *j, const char *key, int64_t value);
void json_put_bool(struct json_out *j, const char *key, bool value);
void json_put_null(struct json_out *j, const char *key);

/* An array of strings. */
void json_put_list(struct json_out *j, const char *key, const struct list *list);

/* End the text with a line end. 0, -ENOMEM, or -EINVAL when the calls did not fit together. */
int json_finish(struct json_out *j);

/* Length of the UTF-8 character (RFC 3629: no surrogates, no long forms) at text, of which `len`
 * bytes are there; 0 when there is none. */
size_t json_utf8(const char *text, size_t len);
