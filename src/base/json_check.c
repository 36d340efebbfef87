/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The strict scan before json-c: no tree, only the stack of keys of the objects that are open. */
#include "base/json_read.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

/* --- the scan ----------------------------------------------------------------------------- */

struct scan {
	const char *name;
	const char *text, *p, *end;
	const char **keys; /* where the keys of all open objects begin, behind the quote */
	size_t n_keys, room;
	unsigned depth;
	struct err *e;
};

/* An error at `at`, as line and column (in characters), both from 1. */
static int scan_fail(struct scan *s, const char *at, const char *what)
{
	unsigned line = 1, column = 1;

	for (const char *p = s->text; p < at; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_msg(s->e, EBADMSG, "%s:%u:%u: %s", s->name, line, column, what);
}

static bool scan_is(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static void scan_space(struct scan *s)
{
	while (scan_is(s, ' ') || scan_is(s, '\t') || scan_is(s, '\n') || scan_is(s, '\r'))
		s->p++;
}

/* Four hexadecimal digits at p, or -1. */
static int scan_hex(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = (unsigned char)p[i];

		if (!isxdigit(c))
			return -1;
		value = value * 16 + (isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* The escape at p, a backslash. *length receives what it takes, 2, 6 or 12. Returns the character
 * it stands for, or -1 when it is no escape, -2 when it is half a character, -3 for NUL. */
static int32_t scan_escape(const char *p, const char *end, size_t *length)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at = end - p >= 2 && p[1] ? strchr(letters, p[1]) : NULL;
	int high, low;

	*length = 2;
	if (at)
		return meant[at - letters];
	if (end - p < 2 || p[1] != 'u')
		return -1;
	high = scan_hex(p + 2, end);
	*length = 6;
	if (high <= 0)
		return high < 0 ? -1 : -3;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	low = high < 0xdc00 && end - p >= 8 && p[6] == '\\' && p[7] == 'u' ? scan_hex(p + 8, end) :
									     -1;
	*length = 12;
	if (low < 0xdc00 || low > 0xdfff)
		return -2;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* One character of a string, escaped or not, as its code. Only for what scan_string() passed. */
static int32_t scan_character(const char **p)
{
	static const unsigned char mask[] = { 0, 0, 0x1f, 0x0f, 0x07 };
	const char *end = *p + 12;
	size_t n;
	int32_t c;

	if (**p == '\\') {
		c = scan_escape(*p, end, &n);
		*p += n;
		return c;
	}
	if ((unsigned char)**p < 0x80)
		return *(*p)++;
	n = json_utf8(*p, 4);
	c = (unsigned char)**p & mask[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)(*p)[i] & 0x3f);
	*p += n;
	return c;
}

static bool scan_is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static int scan_string(struct scan *s)
{
	if (!scan_is(s, '"'))
		return scan_fail(s, s->p, "a string in double quotes is missing");
	for (s->p++; s->p < s->end && *s->p != '"';) {
		size_t n;
		int32_t c = 0;

		if (scan_is_plain(*s->p)) {
			s->p++;
			continue;
		}
		n = json_utf8(s->p, (size_t)(s->end - s->p));
		if (n == 0)
			return scan_fail(s, s->p, "this is not UTF-8");
		if ((unsigned char)*s->p < 0x20)
			return scan_fail(s, s->p,
					 "a control character in a string must be escaped");
		if (*s->p == '\\')
			c = scan_escape(s->p, s->end, &n);
		if (c == -1)
			return scan_fail(s, s->p, "this is no escape of JSON");
		if (c == -2)
			return scan_fail(s, s->p, "half of a surrogate pair is no character");
		if (c == -3)
			return scan_fail(s, s->p, "\\u0000 would cut the string short");
		s->p += n;
	}
	if (s->p == s->end)
		return scan_fail(s, s->p, "the string has no end");
	s->p++;
	return 0;
}

static size_t scan_digits(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && isdigit((unsigned char)*s->p))
		s->p++;
	return (size_t)(s->p - start);
}

/* json-c clamps what is too large; a limit that was meant must not become another one. */
static int scan_number_value(struct scan *s, const char *start, bool real)
{
	char copy[512];
	size_t n = (size_t)(s->p - start);
	uint64_t u;
	int64_t i;
	int ret;

	if (n >= sizeof(copy))
		return scan_fail(s, start, "the number is too long");
	memcpy(copy, start, n);
	copy[n] = '\0';
	if (real)
		ret = isfinite(strtod(copy, NULL)) ? 0 : -ERANGE;
	else if (copy[0] == '-')
		ret = str_i64(copy, INT64_MIN, INT64_MAX, &i);
	else
		ret = str_u64(copy, 10, 0, UINT64_MAX, &u);
	return ret < 0 ? scan_fail(s, start, "the number is too large") : 0;
}

static int scan_number(struct scan *s)
{
	const char *start = s->p;
	bool real = false;

	s->p += scan_is(s, '-');
	if (scan_is(s, '0') && s->end - s->p > 1 && isdigit((unsigned char)s->p[1]))
		return scan_fail(s, start, "a number must not begin with 0");
	if (!scan_digits(s))
		return scan_fail(s, start, "this is no value of JSON");
	if (scan_is(s, '.')) {
		s->p++;
		real = true;
		if (!scan_digits(s))
			return scan_fail(s, start, "digits are missing behind the point");
	}
	if (scan_is(s, 'e') || scan_is(s, 'E')) {
		s->p++;
		real = true;
		s->p += scan_is(s, '+') || scan_is(s, '-');
		if (!scan_digits(s))
			return scan_fail(s, start, "digits are missing in the exponent");
	}
	return scan_number_value(s, start, real);
}

/* --- duplicate keys ----------------------------------------------------------------------- */

/* Compare two keys by what they mean: "a" and "\u0061" are one. */
static int key_compare(const void *a, const void *b)
{
	const char *p = *(const char *const *)a, *q = *(const char *const *)b;

	for (;;) {
		int32_t c, d;

		for (; *p == *q && scan_is_plain(*p); p++, q++)
			;
		if (*p == '"' || *q == '"')
			return (*p != '"') - (*q != '"');
		c = scan_character(&p);
		d = scan_character(&q);
		if (c != d)
			return c < d ? -1 : 1;
	}
}

static int scan_add_key(struct scan *s, const char *key)
{
	if (s->n_keys == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		const char **grown = reallocarray(s->keys, room, sizeof(*grown));

		if (!grown)
			return err_mem(s->e);
		s->keys = grown;
		s->room = room;
	}
	s->keys[s->n_keys++] = key;
	return 0;
}

/* At the end of an object: its keys are keys[first..]. Sorting keeps a hostile document with
 * very many of them cheap, which comparing each with each would not. */
static int scan_end_keys(struct scan *s, size_t first)
{
	size_t n = s->n_keys - first;
	const char **keys;

	s->n_keys = first;
	if (n < 2)
		return 0;
	keys = s->keys + first;
	qsort(keys, n, sizeof(*keys), key_compare);
	for (size_t i = 1; i < n; i++)
		if (key_compare(&keys[i - 1], &keys[i]) == 0)
			return scan_fail(s, keys[i] > keys[i - 1] ? keys[i] : keys[i - 1],
					 "the object has this key twice");
	return 0;
}

/* --- structure ---------------------------------------------------------------------------- */

static int scan_value(struct scan *s);

static int scan_member(struct scan *s)
{
	const char *quote = s->p;
	int ret = scan_string(s);

	if (ret == 0)
		ret = scan_add_key(s, quote + 1);
	if (ret < 0)
		return ret;
	scan_space(s);
	if (!scan_is(s, ':'))
		return scan_fail(s, s->p, "a ':' is missing behind the key");
	s->p++;
	return scan_value(s);
}

/* The items of an array or object, up to its end. */
static int scan_items(struct scan *s, char close, int (*item)(struct scan *s))
{
	s->p++;
	if (++s->depth > JSON_DEPTH_MAX)
		return scan_fail(s, s->p - 1, "the nesting is too deep");
	for (scan_space(s); !scan_is(s, close); scan_space(s)) {
		int ret = item(s);

		if (ret < 0)
			return ret;
		scan_space(s);
		if (scan_is(s, close))
			break;
		if (!scan_is(s, ','))
			return scan_fail(s, s->p,
					 close == ']' ? "a ',' or the ']' is missing" :
							"a ',' or the '}' is missing");
		s->p++;
		scan_space(s);
		if (scan_is(s, close))
			return scan_fail(s, s->p, "the last ',' is too much");
	}
	s->p++;
	s->depth--;
	return 0;
}

static int scan_object(struct scan *s)
{
	size_t first = s->n_keys;
	int ret = scan_items(s, '}', scan_member);

	return ret < 0 ? ret : scan_end_keys(s, first);
}

static int scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n))
		return scan_fail(s, s->p, "this is no value of JSON");
	s->p += n;
	return 0;
}

static int scan_value(struct scan *s)
{
	scan_space(s);
	if (s->p == s->end)
		return scan_fail(s, s->p, "the text ends too early");
	switch (*s->p) {
	case '{':
		return scan_object(s);
	case '[':
		return scan_items(s, ']', scan_value);
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return scan_number(s);
	}
}

int json_check(const char *name, const char *text, size_t len, struct err *e)
{
	struct scan s = { .name = name, .text = text, .p = text, .end = text + len, .e = e };
	int ret;

	if (len > JSON_SIZE_MAX)
		return err_msg(e, EFBIG, "%s: more than %d bytes of JSON", name, JSON_SIZE_MAX);
	ret = scan_value(&s);
	scan_space(&s);
	if (ret == 0 && s.p != s.end)
		ret = scan_fail(&s, s.p, "there is text behind the end");
	free(s.keys);
	return ret;
}
