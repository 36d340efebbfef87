/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* --- text --------------------------------------------------------------------------------- */

size_t json_utf8(const char *text, size_t len)
{
	/* First byte, and the bounds of the second: they rule out long forms (E0, F0), surrogates
	 * (ED) and what is beyond U+10FFFF (F4). */
	static const struct {
		unsigned char first, last, low, high, len;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; len && i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (len < forms[i].len)
			return 0;
		if (forms[i].len > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* U+007F to U+009F are controls too: a terminal would obey some of them. */
static bool text_needs_escape(const unsigned char *p, size_t n)
{
	return p[0] < 0x20 || p[0] == '"' || p[0] == '\\' || p[0] == 0x7f ||
	       (n == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

static void text_escape(struct str *out, const unsigned char *p, size_t n)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = p[0] && n == 1 ? strchr(plain, p[0]) : NULL;

	if (at)
		str_addf(out, "\\%c", letters[at - plain]);
	else
		str_addf(out, "\\u%04x", p[n - 1]);
}

static void text_add(struct str *out, const char *text, size_t len)
{
	str_add(out, "\"");
	while (len) {
		const unsigned char *p = (const unsigned char *)text;
		size_t n = json_utf8(text, len);

		if (n == 0)
			str_add(out, "\xef\xbf\xbd");
		else if (text_needs_escape(p, n))
			text_escape(out, p, n);
		else
			str_addn(out, text, n);
		text += n ? n : 1;
		len -= n ? n : 1;
	}
	str_add(out, "\"");
}

/* --- structure ---------------------------------------------------------------------------- */

void json_start(struct json_out *j, struct str *out, enum json_style style)
{
	*j = (struct json_out){ .out = out, .style = style };
}

static uint64_t json_bit(const struct json_out *j)
{
	return 1ULL << (j->depth - 1);
}

static void json_line(struct json_out *j)
{
	if (j->style != JSON_INDENT)
		return;
	str_add(j->out, "\n");
	for (unsigned i = 0; i < j->depth; i++)
		str_add(j->out, "  ");
}

/* What goes in front of a value: comma, line, name. False when no value may stand here. */
static bool json_before(struct json_out *j, const char *key)
{
	bool in_object = j->depth && !(j->is_array & json_bit(j));

	if (j->failed || in_object != (key != NULL) || (!j->depth && j->done)) {
		j->failed = true;
		return false;
	}
	if (!j->depth) {
		j->done = true;
		return true;
	}
	if (j->has_item & json_bit(j))
		str_add(j->out, ",");
	j->has_item |= json_bit(j);
	json_line(j);
	if (!key)
		return true;
	text_add(j->out, key, strlen(key));
	str_add(j->out, j->style == JSON_INDENT ? ": " : ":");
	return true;
}

static void json_open(struct json_out *j, const char *key, bool array)
{
	if (!json_before(j, key))
		return;
	if (j->depth == JSON_OUT_DEPTH) {
		j->failed = true;
		return;
	}
	str_add(j->out, array ? "[" : "{");
	j->depth++;
	j->has_item &= ~json_bit(j);
	j->is_array &= ~json_bit(j);
	if (array)
		j->is_array |= json_bit(j);
}

void json_open_object(struct json_out *j, const char *key)
{
	json_open(j, key, false);
}

void json_open_array(struct json_out *j, const char *key)
{
	json_open(j, key, true);
}

void json_close(struct json_out *j)
{
	bool array, items;

	if (j->failed || !j->depth) {
		j->failed = true;
		return;
	}
	array = j->is_array & json_bit(j);
	items = j->has_item & json_bit(j);
	j->depth--;
	if (items)
		json_line(j);
	str_add(j->out, array ? "]" : "}");
}

int json_finish(struct json_out *j)
{
	if (j->failed || j->depth || !j->done)
		return -EINVAL;
	str_add(j->out, "\n");
	return j->out->failed ? -ENOMEM : 0;
}

/* --- values ------------------------------------------------------------------------------- */

void json_put_bytes(struct json_out *j, const char *key, const char *text, size_t len)
{
	if (json_before(j, key))
		text_add(j->out, text, len);
}

void json_put_string(struct json_out *j, const char *key, const char *text)
{
	if (!text)
		json_put_null(j, key);
	else
		json_put_bytes(j, key, text, strlen(text));
}

void json_put_u64(struct json_out *j, const char *key, uint64_t value)
{
	if (json_before(j, key))
		str_addf(j->out, "%" PRIu64, value);
}

void json_put_i64(struct json_out *j, const char *key, int64_t value)
{
	if (json_before(j, key))
		str_addf(j->out, "%" PRId64, value);
}

void json_put_bool(struct json_out *j, const char *key, bool value)
{
	if (json_before(j, key))
		str_add(j->out, value ? "true" : "false");
}

void json_put_null(struct json_out *j, const char *key)
{
	if (json_before(j, key))
		str_add(j->out, "null");
}

void json_put_list(struct json_out *j, const char *key, const struct list *list)
{
	json_open_array(j, key);
	for (size_t i = 0; i < list->n; i++)
		json_put_string(j, NULL, list->item[i]);
	json_close(j);
}
