/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/json.h"
#include "tap.h"

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

static void test_writer(void)
{
	static const char compact[] =
		"{\"name\":\"web \\\"1\\\"\",\"max\":18446744073709551615,"
		"\"min\":-9223372036854775808,\"yes\":true,\"no\":null,\"none\":null,"
		"\"list\":[\"a\",\"b\"],\"empty\":[],\"nested\":[{\"a\":1},{}]}\n";
	autostr text = { 0 }, pretty = { 0 };
	struct json_out j;

	json_start(&j, &text, JSON_COMPACT);
	write_sample(&j);
	is_int(json_finish(&j), 0, "a document is written");
	is_str(str_text(&text), compact, "compactly");
	json_start(&j, &pretty, JSON_INDENT);
	write_sample(&j);
	is_int(json_finish(&j), 0, "and with lines");
	ok(strstr(str_text(&pretty),
		  "\n  \"list\": [\n    \"a\",\n    \"b\"\n  ],\n  \"empty\": [],\n"),
	   "which are indented");
}

static void written(const char *bytes, size_t len, const char *want, const char *what)
{
	autostr text = { 0 };
	struct json_out j;

	json_start(&j, &text, JSON_COMPACT);
	json_put_bytes(&j, NULL, bytes, len);
	json_finish(&j);
	is_str(str_text(&text), want, what);
}

static void test_text(void)
{
	written("a\0b", 3, "\"a\\u0000b\"\n", "a NUL byte is escaped");
	written("\n\t\x1b[31m", 7, "\"\\n\\t\\u001b[31m\"\n", "control characters are escaped");
	written("\x7f\xc2\x9b", 3, "\"\\u007f\\u009b\"\n", "so are DEL and C1");
	written("\xff\xc3\xa4\xc3", 4, "\"\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\"\n",
		"what is not UTF-8 is replaced");
	written("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n",
		"a surrogate is replaced");
}

static int misuse(int which)
{
	autostr text = { 0 };
	struct json_out j;

	json_start(&j, &text, JSON_COMPACT);
	switch (which) {
	case 0: /* nothing written */
		break;
	case 1: /* left open */
		json_open_object(&j, NULL);
		break;
	case 2: /* closed too often */
		json_open_object(&j, NULL);
		json_close(&j);
		json_close(&j);
		break;
	case 3: /* a member without a name */
		json_open_object(&j, NULL);
		json_put_u64(&j, NULL, 1);
		json_close(&j);
		break;
	case 4: /* a name in an array */
		json_open_array(&j, NULL);
		json_put_u64(&j, "a", 1);
		json_close(&j);
		break;
	case 5: /* two values at the top */
		json_put_u64(&j, NULL, 1);
		json_put_u64(&j, NULL, 1);
		break;
	case 6: /* too deep */
		for (int i = 0; i < 65; i++)
			json_open_array(&j, NULL);
		for (int i = 0; i < 65; i++)
			json_close(&j);
		break;
	}
	return json_finish(&j);
}

static void test_misuse(void)
{
	bool told = true;

	for (int i = 0; i <= 6; i++)
		told = told && misuse(i) == -EINVAL;
	ok(told, "calls that make no JSON are told at the end");
}

int main(void)
{
	test_writer();
	test_text();
	test_misuse();
	return done();
}
