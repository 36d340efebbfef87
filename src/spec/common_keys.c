/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/common_keys.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/signame.h"

/* --- words of a command line ------------------------------------------------------------ */

/* Arguments and environment hold any byte but NUL, line breaks too, while a value in a
 * configuration is one line without outer blanks: hence the escapes. */
void word_escape(const char *word, struct str *out)
{
	if (!*word || !strcmp(word, "\"\"")) {
		str_add(out, *word ? "\\\"\"" : "\"\"");
		return;
	}
	for (const char *p = word; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool outer = p == word || !p[1];

		if (c == '\\')
			str_add(out, "\\\\");
		else if (c == '\n')
			str_add(out, "\\n");
		else if (c < 0x20 || c == 0x7f || (c == ' ' && outer))
			str_addf(out, "\\x%02x", c);
		else
			str_addn(out, p, 1);
	}
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* One escape, `p` behind its backslash; returns the bytes used, 0 if it is none. */
static size_t word_unescape_one(const char *p, char *c)
{
	static const char from[] = "ntr\\\"", to[] = "\n\t\r\\\"";
	const char *at = *p ? strchr(from, *p) : NULL;
	int high, low;

	if (at) {
		*c = to[at - from];
		return 1;
	}
	if (*p != 'x')
		return 0;
	high = hex_digit(p[1]);
	low = high < 0 ? -1 : hex_digit(p[2]);
	*c = (char)(high * 16 + low);
	return low < 0 || !*c ? 0 : 3;
}

int word_unescape(const char *text, struct str *out)
{
	if (!strcmp(text, "\"\"")) {
		str_add(out, "");
		return out->failed ? -ENOMEM : 0;
	}
	while (*text) {
		size_t plain = strcspn(text, "\\");
		size_t used;
		char c;

		str_addn(out, text, plain);
		text += plain;
		if (!*text)
			break;
		used = word_unescape_one(text + 1, &c);
		if (!used)
			return -EINVAL;
		str_addn(out, &c, 1);
		text += 1 + used;
	}
	return out->failed ? -ENOMEM : 0;
}

static int word_read(const char *value, struct str *out, struct err *e)
{
	int ret = word_unescape(value, out);

	if (ret == -EINVAL)
		return err_msg(
			e, EINVAL,
			"a backslash is written \\\\ ; \\n \\t \\r \\\" and \\xHH are known");
	return ret < 0 ? err_mem(e) : 0;
}

static int words_set(const struct key *k, void *field, const char *value, struct err *e)
{
	autostr word = { 0 };
	int ret = word_read(value, &word, e);

	(void)k;
	if (ret < 0)
		return ret;
	return list_add(field, str_text(&word)) < 0 ? err_mem(e) : 0;
}

static void words_get(const struct key *k, const void *field, struct str *out)
{
	const struct list *l = field;

	(void)k;
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			str_add(out, "\n");
		word_escape(l->item[i], out);
	}
}

static void words_clear(const struct key *k, void *field)
{
	(void)k;
	list_clear(field);
}

static const struct key_type key_words = {
	.name = "words", .many = true, .set = words_set, .get = words_get, .clear = words_clear
};

/* --- environment ------------------------------------------------------------------------ */

int env_put(struct list *env, const char *assignment, struct err *e)
{
	size_t name = strcspn(assignment, "=");
	char *copy;

	if (!assignment[name] || name == 0)
		return err_msg(e, EINVAL, "'%.64s' is not NAME=VALUE", assignment);
	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->item[i], assignment, name + 1))
			continue;
		copy = strdup(assignment);
		if (!copy)
			return err_mem(e);
		free(env->item[i]);
		env->item[i] = copy;
		return 0;
	}
	return list_add(env, assignment) < 0 ? err_mem(e) : 0;
}

static int env_set(const struct key *k, void *field, const char *value, struct err *e)
{
	autostr word = { 0 };
	int ret = word_read(value, &word, e);

	(void)k;
	return ret < 0 ? ret : env_put(field, str_text(&word), e);
}

static const struct key_type key_env = {
	.name = "NAME=VALUE", .many = true, .set = env_set, .get = words_get, .clear = words_clear
};

/* --- signal ----------------------------------------------------------------------------- */

static int signal_set(const struct key *k, void *field, const char *value, struct err *e)
{
	int number = signame_number(value);

	(void)k;
	if (!number)
		return err_msg(e, EINVAL, "'%s' is not a signal", value);
	*(int *)field = number;
	return 0;
}

static void signal_get(const struct key *k, const void *field, struct str *out)
{
	int number = *(const int *)field;
	char name[16];

	(void)k;
	if (number)
		str_add(out, signame_text(number, name, sizeof(name)));
}

static void signal_clear(const struct key *k, void *field)
{
	(void)k;
	*(int *)field = 0;
}

static const struct key_type key_signal = {
	.name = "signal", .set = signal_set, .get = signal_get, .clear = signal_clear
};

/* --- rows ------------------------------------------------------------------------------- */

static const struct key_bounds stop_bounds = { .min = 0, .max = 86400 };
static const struct key_bounds oom_bounds = { .min = -1000, .max = 1000 };

static const struct key rows[] = {
	/* What the front doors found out, so that a saved specification is a whole one. */
	{ .name = "spec.name", .type = &key_string, .at = SPEC(name), .flags = KEY_HIDDEN,
	  .doc = "name of the container" },
	{ .name = "spec.profile", .type = &key_string, .at = SPEC(profile), .flags = KEY_HIDDEN,
	  .doc = "profile that was applied first" },
	{ .name = "spec.gates", .type = &key_list, .at = SPEC(gates), .flags = KEY_HIDDEN,
	  .doc = "gates that were opened" },
	{ .name = "process.terminal", .type = &key_bool, .at = SPEC(process.terminal),
	  .flags = KEY_HIDDEN, .doc = "the program gets a terminal of its own" },

	{ .name = "process.args", .type = &key_words, .at = SPEC(process.args),
	  .metavar = "WORD",
	  .doc = "the program and its arguments, one word per line; \\n \\t \\\\ \\xHH are "
		 "understood, \"\" is the empty word; a file's words replace the profile's" },
	{ .name = "process.env", .type = &key_env, .at = SPEC(process.env), .flag = "env",
	  .metavar = "NAME=VALUE",
	  .doc = "environment variable; a later value replaces an earlier one; escapes as in "
		 "process.args" },
	{ .name = "process.cwd", .type = &key_path, .at = SPEC(process.cwd), .flag = "workdir",
	  .metavar = "PATH", .doc = "directory the program starts in" },
	{ .name = "process.init", .type = &key_bool, .at = SPEC(process.reaper),
	  .doc = "run a small init of ward's own as process 1, which forwards signals and reaps "
		 "orphans" },
	{ .name = "process.oom_score_adj", .type = &key_int, .at = SPEC(process.oom_score_adj),
	  .of = &oom_bounds, .metavar = "NUMBER",
	  .doc = "added to the score by which the kernel chooses whom to kill when memory runs out; "
		 "1000: first, -1000: never" },
	{ .name = "stop.signal", .type = &key_signal, .at = SPEC(stop.signal), .metavar = "SIGNAL",
	  .doc = "signal that asks the program to end" },
	{ .name = "stop.timeout", .type = &key_count, .at = SPEC(stop.seconds),
	  .of = &stop_bounds, .metavar = "SECONDS",
	  .doc = "seconds until a program that was asked to end is killed" },
	{ .name = "log.size", .type = &key_size, .at = SPEC(log_size), .metavar = "SIZE",
	  .doc = "output kept of a container without a terminal to write to" },
	{ .name = "optional", .type = &key_list, .at = SPEC(optional), .metavar = "WALL",
	  .doc = "wall whose absence on this host does not stop the start" },
};

const struct key_table common_keys = { .keys = rows, .n = ARRAY_SIZE(rows) };
