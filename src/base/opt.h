/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of a command line, as rows of a table over getopt_long(3).
 *
 * One row says everything about an option: its names, whether it takes a value, what happens
 * with it, and its line in the help. Parsing, help, the manual and shell completion all come
 * from the same rows, so none of them can be forgotten.
 *
 *	struct args { bool json; const char *profile; };
 *	static const struct opt opts[] = {
 *		{ .name = "json", .take = opt_true, .at = offsetof(struct args, json),
 *		  .doc = "print JSON" },
 *		{ .name = "profile", .arg = OPT_VALUE, .metavar = "NAME", .take = opt_text,
 *		  .at = offsetof(struct args, profile), .doc = "defaults of another profile" },
 *		{ 0 }
 *	};
 */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum opt_arg {
	OPT_FLAG,  /* takes no value */
	OPT_VALUE, /* --name VALUE, --name=VALUE, -n VALUE */
	OPT_MAYBE, /* --name or --name=VALUE */
};

struct opt {
	const char *name; /* long name without dashes; NULL only in the last row */
	char letter;	  /* short name, 0 = none */
	enum opt_arg arg;
	const char *metavar;
	/* Store the value; NULL for OPT_FLAG and for OPT_MAYBE without one. Returns 0 or a
	 * negative errno with e set; its text names no option: opt_parse() does. */
	int (*take)(const struct opt *o, const char *value, void *into, struct err *e);
	size_t at;	/* for take: offset in *into */
	const void *of; /* for take: whatever else it needs */
	const char *doc;
};

/* Takers shared by all commands. Text points into argv. */
int opt_true(const struct opt *o, const char *value, void *into, struct err *e); /* bool */
int opt_text(const struct opt *o, const char *value, void *into, struct err *e); /* const char * */

enum opt_order {
	OPT_STOP,     /* options end at the first operand: what follows belongs to a payload */
	OPT_ANYWHERE, /* options and operands may be mixed; argv is reordered */
	OPT_GNU, /* likewise, and long names may be abbreviated: for tools that always were so */
};

/* Answer of opt_parse() when --help was asked for; e is not set. */
#define OPT_HELP (-ECANCELED)

/* Walk argv[1..argc) and call take() for each option. Long names must be written out: an
 * abbreviation that works today would break the day another option begins the same way.
 * --help is known to every table, and -h to those that do not use the letter. With OPT_GNU long
 * names may be abbreviated as getopt_long(3) allows.
 * Returns the index in argv of the first operand (argc when there is none), OPT_HELP, or
 * another negative errno with e set. */
int opt_parse(const struct opt *opts, int argc, char **argv, enum opt_order order, void *into,
	      struct err *e);

/* The number of rows before the last, empty one. */
size_t opt_count(const struct opt *opts);

/* Append lines "  -e, --env NAME[=VALUE]   doc", the texts aligned and wrapped. */
void opt_help(const struct opt *opts, struct str *out);

/* Append `text`, wrapped at 90 columns, every line but the first `indent` columns in. */
void opt_wrap(const char *text, size_t indent, struct str *out);

/* Append the same as a definition list in scdoc(5). */
void opt_man(const struct opt *opts, struct str *out);

/* Append text for scdoc(5), with what it takes for markup escaped. */
void opt_man_text(const char *text, struct str *out);
