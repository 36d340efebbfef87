/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader, and what the writer wrote read back. Not among test_*.c: it needs json-c. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "base/json_read.h"
#include "base/mem.h"
#include "tap.h"

/* --- reading ------------------------------------------------------------------------------ */

static const struct {
	const char *text, *why; /* why = part of the error; NULL = accepted */
	const char *what;
} documents[] = {
	{ "{}", NULL, "an empty object" },
	{ " [ ] \r\n\t", NULL, "an empty array between blanks" },
	{ "null", NULL, "null alone" },
	{ "12", NULL, "a number alone" },
	{ "\"x\"", NULL, "a string alone" },
	{ "{\"a\":{\"a\":1},\"b\":{\"a\":2}}", NULL, "one key in different objects" },
	{ "[18446744073709551615,-9223372036854775808]", NULL, "the extreme integers" },
	{ "[1.5,-0,-0.0,1e3,1E-3,0]", NULL, "all forms of numbers" },
	{ "\"\\u00e4\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"", NULL, "all escapes" },
	{ "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", NULL, "UTF-8 of two, three and four bytes" },
	{ "", "1:1: the text ends too early", "nothing" },
	{ "  \n ", "2:2: the text ends too early", "only blanks" },
	{ "18446744073709551616", "1:1: the number is too large", "2^64" },
	{ "-9223372036854775809", "too large", "-2^63 - 1" },
	{ "1e999", "too large", "a real number beyond double" },
	{ "{\"a\":1,\n \"b\":2,\"a\":3}", "d:2:9: the object has this key twice",
	  "a duplicate key" },
	{ "{\"a\":1,\"\\u0061\":3}", "key twice", "a duplicate key, one of them escaped" },
	{ "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":3}", "key twice",
	  "a duplicate key, one written as a surrogate pair" },
	{ "{\"\":1,\"\":3}", "key twice", "two empty keys" },
	{ "{} x", "1:4: there is text behind the end", "text behind the end" },
	{ "{}{}", "behind the end", "two documents" },
	{ "{/**/}", "double quotes", "a comment" },
	{ "[1,//x\n2]", "no value", "a comment to the end of the line" },
	{ "{'a':1}", "double quotes", "single quotes" },
	{ "['a']", "no value", "single quotes in an array" },
	{ "[NaN]", "no value", "NaN" },
	{ "[Infinity]", "no value", "Infinity" },
	{ "[-Infinity]", "no value", "-Infinity" },
	{ "[nan]", "no value", "nan in small letters" },
	{ "[True]", "no value", "True with a capital" },
	{ "[nul]", "no value", "half a word" },
	{ "[nullx]", "missing", "a word with something behind it" },
	{ "\"a\\u0000b\"", "1:3: \\u0000", "an escaped NUL" },
	{ "\"\\ud83d\"", "half of a surrogate", "a lone high surrogate" },
	{ "\"\\ude00\"", "half of a surrogate", "a lone low surrogate" },
	{ "\"\\ud83d\\u0041\"", "half of a surrogate", "a high surrogate and a letter" },
	{ "\"\xff\"", "not UTF-8", "a byte that is not UTF-8" },
	{ "\"\xc0\x80\"", "not UTF-8", "an overlong NUL" },
	{ "\"\xed\xa0\x80\"", "not UTF-8", "a surrogate in UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", "not UTF-8", "beyond U+10FFFF" },
	{ "\"\xe2\x82\"", "not UTF-8", "a cut character" },
	{ "\xef\xbb\xbf{}", "1:1: this is no value", "a byte order mark" },
	{ "\"\t\"", "must be escaped", "a bare tab in a string" },
	{ "\"\\x41\"", "no escape", "an escape that JSON does not know" },
	{ "\"\\u12g4\"", "no escape", "an escape with a wrong digit" },
	{ "\"a", "no end", "a string without end" },
	{ "[1,]", "the last ','", "a trailing comma in an array" },
	{ "{\"a\":1,}", "the last ','", "a trailing comma in an object" },
	{ "[,1]", "no value", "a leading comma" },
	{ "[1 2]", "']' is missing", "a missing comma" },
	{ "{\"a\" 1}", "a ':' is missing", "a missing colon" },
	{ "{\"a\":1", "'}' is missing", "an object without end" },
	{ "01", "must not begin with 0", "a leading zero" },
	{ "-01", "must not begin with 0", "a leading zero behind a minus" },
	{ "+1", "no value", "a plus" },
	{ ".5", "no value", "a point without a digit before it" },
	{ "5.", "behind the point", "a point without a digit behind it" },
	{ "1e", "exponent", "an empty exponent" },
	{ "0x10", "behind the end", "a hexadecimal number" },
	{ "{\"\xc3\xa4\xc3\xa4\":}", "1:7: this is no value", "columns count characters" },
};

static void test_documents(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		autojson *value = NULL;
		struct err e = ERR_NONE;
		int ret = json_read("d", documents[i].text, strlen(documents[i].text), &value, &e);
		const char *why = documents[i].why;

		if (!why)
			ok(ret == 0, "%s is accepted", documents[i].what);
		else if (!ok(ret == -EBADMSG && e.code == EBADMSG && strstr(e.text, why),
			     "%s is refused", documents[i].what))
			printf("#   %d %s\n", ret, e.text);
	}
}

static void test_nul(void)
{
	autojson *value = NULL;
	struct err e = ERR_NONE;

	ok(json_read("d", "[1]\0", 4, &value, &e) == -EBADMSG,
	   "a NUL byte behind the end is refused");
	ok(json_read("d", "[\"a\0b\"]", 7, &value, &e) == -EBADMSG,
	   "a NUL byte in a string is refused");
}

static int nested(int depth)
{
	autojson *value = NULL;
	struct err e = ERR_NONE;
	autostr text = { 0 };

	for (int i = 0; i < depth; i++)
		str_add(&text, i % 2 ? "{\"a\":" : "[");
	str_add(&text, "1");
	for (int i = depth - 1; i >= 0; i--)
		str_add(&text, i % 2 ? "}" : "]");
	return json_read("d", text.text, text.len, &value, &e);
}

static void test_limits(void)
{
	struct err e = ERR_NONE;
	autojson *value = NULL;
	autostr text = { 0 };
	struct timespec start, end;

	is_int(nested(64), 0, "64 levels are accepted, by json-c too");
	is_int(nested(65), -EBADMSG, "65 levels are refused");
	is_int(nested(200000), -EBADMSG, "200000 levels are refused and do not exhaust the stack");

	str_add(&text, "[");
	while (text.len < JSON_SIZE_MAX - 16)
		str_add(&text, "1,1,1,1,1,1,1,1,");
	str_add(&text, "1]");
	is_int(json_check("d", text.text, text.len, &e), 0, "4 MiB are accepted");
	while (text.len <= JSON_SIZE_MAX)
		str_add(&text, " ");
	is_int(json_read("d", text.text, text.len, &value, &e), -EFBIG, "more is refused");

	str_free(&text);
	str_add(&text, "{");
	for (int i = 0; text.len < JSON_SIZE_MAX - 32; i++)
		str_addf(&text, "%s\"%d\":0", i ? "," : "", i);
	str_add(&text, "}");
	clock_gettime(CLOCK_MONOTONIC, &start);
	is_int(json_check("d", text.text, text.len, &e), 0, "4 MiB of different keys are accepted");
	clock_gettime(CLOCK_MONOTONIC, &end);
	ok(end.tv_sec - start.tv_sec < 20, "and that takes no quadratic time");
	printf("#   %lld ms\n", (long long)((end.tv_sec - start.tv_sec) * 1000 +
					    (end.tv_nsec - start.tv_nsec) / 1000000));
}

static int count_member(const char *key, struct json_object *member, void *ctx)
{
	(void)member;
	str_addf(ctx, "%s ", key);
	return 0;
}

static void test_values(void)
{
	static const char text[] =
		"{\"max\":18446744073709551615,\"min\":-9223372036854775808,"
		"\"big\":9223372036854775807,\"zero\":0,\"real\":1.0,\"no\":null,"
		"\"text\":\"\\u00e4\",\"list\":[1,\"2\"],\"yes\":true}";
	autojson *doc = NULL;
	struct err e = ERR_NONE;
	const char *string = NULL;
	autostr order = { 0 };
	uint64_t u = 1;
	int64_t i = 1;
	bool b = false;

	is_int(json_read("d", text, strlen(text), &doc, &e), 0, "a document of all kinds is read");
	ok(json_get_u64(json_member(doc, "max"), &u) == 0 && u == UINT64_MAX, "2^64 - 1 is exact");
	is_int(json_get_i64(json_member(doc, "max"), &i), -ERANGE, "2^64 - 1 is no int64_t");
	ok(json_get_i64(json_member(doc, "min"), &i) == 0 && i == INT64_MIN, "-2^63 is exact");
	is_int(json_get_u64(json_member(doc, "min"), &u), -ERANGE, "-2^63 is no uint64_t");
	ok(json_get_i64(json_member(doc, "big"), &i) == 0 && i == INT64_MAX, "2^63 - 1 is exact");
	ok(json_get_u64(json_member(doc, "zero"), &u) == 0 && u == 0, "0 is 0");
	is_int(json_get_u64(json_member(doc, "real"), &u), -EINVAL, "1.0 is no integer");
	is_int(json_get_u64(json_member(doc, "yes"), &u), -EINVAL, "true is no integer");
	is_int(json_get_u64(json_member(doc, "missing"), &u), -EINVAL,
	       "what is missing is no integer");
	ok(json_get_bool(json_member(doc, "yes"), &b) == 0 && b, "true is true");
	is_int(json_get_bool(json_member(doc, "zero"), &b), -EINVAL, "0 is no bool");
	is_int(json_get_string(json_member(doc, "text"), &string), 0, "a string is read");
	is_str(string, "\xc3\xa4", "escapes are decoded");
	is_int(json_get_string(json_member(doc, "zero"), &string), -EINVAL, "0 is no string");
	is_int((long long)json_length(json_member(doc, "list")), 2, "an array has a length");
	is_int(json_kind(json_item(json_member(doc, "list"), 1)), JSON_STRING, "and items");
	ok(json_item(json_member(doc, "list"), 2) == NULL, "but none behind its end");
	ok(json_member(json_member(doc, "list"), "max") == NULL, "an array has no members");
	is_int(json_kind(json_member(doc, "real")), JSON_REAL, "1.0 is a real number");
	is_str(json_kind_name(json_kind(json_member(doc, "no"))), "null", "null is null");
	is_int(json_each(doc, count_member, &order), 0, "the members are visited");
	is_str(str_text(&order), "max min big zero real no text list yes ", "in the order written");
	is_int(json_each(json_member(doc, "list"), count_member, &order), -EINVAL,
	       "an array has none to visit");
}

/* --- what was written ---------------------------------------------------------------------- */

static void write_sample(struct json_out *j)
{
	struct list list = { 0 };

	list_add(&list, "a");
	list_add(&list, "b");
	json_open_object(j, NULL);
	json_put_string(j, "name", "web \"1\"");
	json_put_u64(j, "max", UINT64_MAX);
	json_put_i64(j, "min", INT64_MIN);
	json_put_bool(j, "yes", true);
	json_put_null(j, "no");
	json_put_string(j, "none", NULL);
	json_put_list(j, "list", &list);
	json_open_array(j, "empty");
	json_close(j);
	json_open_array(j, "nested");
	json_open_object(j, NULL);
	json_put_u64(j, "a", 1);
	json_close(j);
	json_open_object(j, NULL);
	json_close(j);
	json_close(j);
	json_close(j);
	list_clear(&list);
}

static void test_written(void)
{
	autojson *one = NULL, *two = NULL;
	autostr text = { 0 }, pretty = { 0 };
	struct err e = ERR_NONE;
	struct json_out j;

	json_start(&j, &text, JSON_COMPACT);
	write_sample(&j);
	json_finish(&j);
	json_start(&j, &pretty, JSON_INDENT);
	write_sample(&j);
	json_finish(&j);
	ok(json_read("w", text.text, text.len, &one, &e) == 0 &&
		   json_read("w", pretty.text, pretty.len, &two, &e) == 0 &&
		   json_object_equal(one, two),
	   "both are read back as the same");
}

static void test_bytes(void)
{
	autostr all = { 0 };
	struct json_out j;
	struct err e = ERR_NONE;
	autojson *value = NULL;
	const char *back = "";
	char bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)(i ? i : 1);
	json_start(&j, &all, JSON_COMPACT);
	json_put_bytes(&j, NULL, bytes, sizeof(bytes));
	ok(json_finish(&j) == 0 && json_read("w", all.text, all.len, &value, &e) == 0 &&
		   json_get_string(value, &back) == 0 && !memcmp(back, bytes, 128),
	   "all bytes make valid JSON, and ASCII comes back");
}

int main(void)
{
	test_documents();
	test_nul();
	test_limits();
	test_values();
	test_written();
	test_bytes();
	return done();
}
