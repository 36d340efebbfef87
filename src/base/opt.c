/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/opt.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* --- takers ---------------------------------------------------------------------------- */

int opt_true(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)value;
	(void)e;
	*(bool *)((char *)into + o->at) = true;
	return 0;
}

int opt_text(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)e;
	*(const char **)((char *)into + o->at) = value;
	return 0;
}

/* --- parsing --------------------------------------------------------------------------- */

/* getopt_long() reports a long option as this number plus its row. */
enum { LONG_FIRST = 256 };

struct opt_table {
	const struct opt *rows;
	size_t n;
	struct option *longs; /* rows, --help, and the empty row that getopt wants */
	char *letters;
	bool h_is_help;
	bool abbreviated; /* long names may be */
};

size_t opt_count(const struct opt *opts)
{
	size_t n = 0;

	while (opts[n].name)
		n++;
	return n;
}

static const struct opt *opt_letter(const struct opt_table *t, int letter)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].letter && t->rows[i].letter == letter)
			return &t->rows[i];
	return NULL;
}

static int opt_has_arg(enum opt_arg arg)
{
	switch (arg) {
	case OPT_FLAG:
		return no_argument;
	case OPT_VALUE:
		return required_argument;
	case OPT_MAYBE:
		return optional_argument;
	}
	return no_argument;
}

/* "+:" = stop at the first operand, and tell a missing value from an unknown option. */
static void opt_table_letters(struct opt_table *t, enum opt_order order)
{
	char *p = t->letters;

	if (order == OPT_STOP)
		*p++ = '+';
	*p++ = ':';
	for (size_t i = 0; i < t->n; i++) {
		if (!t->rows[i].letter)
			continue;
		*p++ = t->rows[i].letter;
		if (t->rows[i].arg != OPT_FLAG)
			*p++ = ':';
		if (t->rows[i].arg == OPT_MAYBE)
			*p++ = ':';
	}
	if (t->h_is_help)
		*p++ = 'h';
	*p = '\0';
}

static int opt_table_make(struct opt_table *t, const struct opt *opts, enum opt_order order)
{
	*t = (struct opt_table){ .rows = opts,
				 .n = opt_count(opts),
				 .abbreviated = order == OPT_GNU };
	t->longs = calloc(t->n + 2, sizeof(*t->longs));
	t->letters = malloc(3 * t->n + 4);
	if (!t->longs || !t->letters)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		t->longs[i] = (struct option){ .name = opts[i].name,
					       .has_arg = opt_has_arg(opts[i].arg),
					       .val = LONG_FIRST + (int)i };
	t->longs[t->n] = (struct option){ .name = "help", .val = LONG_FIRST + (int)t->n };
	t->h_is_help = !opt_letter(t, 'h');
	opt_table_letters(t, order);
	return 0;
}

static void opt_table_free(struct opt_table *t)
{
	free(t->longs);
	free(t->letters);
}

/* The name in "--name" or "--name=value", cut to what is sensible in a message. */
static void opt_written(const char *element, char *name, size_t size)
{
	size_t n = strcspn(element + 2, "=");

	if (n >= size)
		n = size - 1;
	memcpy(name, element + 2, n);
	name[n] = '\0';
}

static int opt_unknown(const struct opt_table *t, const char *element, struct err *e)
{
	autofree const char **names = calloc(t->n + 1, sizeof(*names));
	const char *nearest;
	char written[64];

	if (!names)
		return err_mem(e);
	for (size_t i = 0; i <= t->n; i++)
		names[i] = t->longs[i].name;
	opt_written(element, written, sizeof(written));
	nearest = str_nearest(written, names, t->n + 1);
	err_msg(e, EINVAL, "unknown option '--%s'", written);
	return nearest ? err_hint(e, "did you mean '--%s'?", nearest) : -EINVAL;
}

/* getopt_long() answered '?' or ':': say what it did not like. */
static int opt_refused(const struct opt_table *t, int answer, const char *element, struct err *e)
{
	const struct opt *o;

	if (optopt >= LONG_FIRST) {
		const char *name = t->longs[optopt - LONG_FIRST].name;

		if (answer == ':')
			return err_msg(e, EINVAL, "--%s needs a value (%s)", name,
				       t->rows[optopt - LONG_FIRST].metavar);
		return err_msg(e, EINVAL, "--%s takes no value", name);
	}
	if (optopt == 0)
		return opt_unknown(t, element, e);
	o = opt_letter(t, optopt);
	if (o)
		return err_msg(e, EINVAL, "-%c needs a value (%s)", optopt, o->metavar);
	return err_msg(e, EINVAL, "unknown option '-%c'", optopt);
}

/* The element of argv that held the long option which was just read: the last one, unless the
 * value was an element of its own. */
static const char *opt_element(char **argv)
{
	return argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];
}

static int opt_take(const struct opt_table *t, int answer, char **argv, void *into, struct err *e)
{
	const struct opt *o = answer < LONG_FIRST ? opt_letter(t, answer) : NULL;
	char written[64];

	if (answer >= LONG_FIRST) {
		const char *name = t->longs[answer - LONG_FIRST].name;

		opt_written(opt_element(argv), written, sizeof(written));
		if (!t->abbreviated && strcmp(written, name)) {
			err_msg(e, EINVAL, "unknown option '--%s'", written);
			return err_hint(e, "did you mean '--%s'?", name);
		}
		if (answer == LONG_FIRST + (int)t->n)
			return OPT_HELP;
		o = &t->rows[answer - LONG_FIRST];
	}
	if (!o) /* the only letter without a row */
		return OPT_HELP;
	if (o->take(o, optarg, into, e) == 0)
		return 0;
	return answer < LONG_FIRST ? err_add(e, "-%c", answer) : err_add(e, "--%s", o->name);
}

static int opt_walk(const struct opt_table *t, int argc, char **argv, void *into, struct err *e)
{
	int ret;

	opterr = 0;
	optind = 0; /* starts over, in glibc and in musl */
	for (;;) {
		int answer = getopt_long(argc, argv, t->letters, t->longs, NULL);

		if (answer == -1)
			return optind;
		if (answer == '?' || answer == ':')
			return opt_refused(t, answer, argv[optind - 1], e);
		ret = opt_take(t, answer, argv, into, e);
		if (ret < 0)
			return ret;
	}
}

int opt_parse(const struct opt *opts, int argc, char **argv, enum opt_order order, void *into,
	      struct err *e)
{
	struct opt_table t;
	int ret;

	if (argc < 1)
		return err_msg(e, EINVAL, "no command line");
	ret = opt_table_make(&t, opts, order);
	ret = ret < 0 ? err_mem(e) : opt_walk(&t, argc, argv, into, e);
	opt_table_free(&t);
	return ret;
}

/* --- help and manual ------------------------------------------------------------------- */

enum { TEXT_COLUMN = 30, TEXT_END = 90 };

static void opt_value(const struct opt *o, struct str *out)
{
	const char *metavar = o->metavar ? o->metavar : "VALUE";

	if (o->arg == OPT_VALUE)
		str_addf(out, " %s", metavar);
	if (o->arg == OPT_MAYBE)
		str_addf(out, "[=%s]", metavar);
}

static void opt_pad(size_t n, struct str *out)
{
	while (n--)
		str_addn(out, " ", 1);
}

void opt_wrap(const char *text, size_t indent, struct str *out)
{
	size_t column = indent;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > indent && column + 1 + word > TEXT_END) {
			str_add(out, "\n");
			opt_pad(indent, out);
			column = indent;
		} else if (column > indent) {
			str_add(out, " ");
			column++;
		}
		str_addn(out, text, word);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
}

void opt_help(const struct opt *opts, struct str *out)
{
	for (const struct opt *o = opts; o->name; o++) {
		size_t start = out->len;

		if (o->letter)
			str_addf(out, "  -%c, --%s", o->letter, o->name);
		else
			str_addf(out, "      --%s", o->name);
		opt_value(o, out);
		if (out->len - start > TEXT_COLUMN - 2) {
			str_add(out, "\n");
			start = out->len;
		}
		opt_pad(TEXT_COLUMN - (out->len - start), out);
		opt_wrap(o->doc ? o->doc : "", TEXT_COLUMN, out);
		str_add(out, "\n");
	}
}

void opt_man_text(const char *text, struct str *out)
{
	for (; *text; text++) {
		if (strchr("_*\\#[]|<>", *text))
			str_add(out, "\\");
		str_addn(out, text, 1);
	}
}

void opt_man(const struct opt *opts, struct str *out)
{
	for (const struct opt *o = opts; o->name; o++) {
		autostr value = { 0 };

		if (o->letter)
			str_addf(out, "*-%c*, ", o->letter);
		str_addf(out, "*--%s*", o->name);
		opt_value(o, &value);
		opt_man_text(str_text(&value), out);
		str_add(out, "\n\t");
		opt_man_text(o->doc ? o->doc : "", out);
		str_add(out, "\n\n");
	}
}
