/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command of `ward`: one file in this folder, one row in the table of main.c. Help, manual and
 * completion follow from the row. */
#pragma once
#include "base/err.h"
#include "base/opt.h"
#include "base/str.h"
#include "front/cli.h"

#ifndef WARD_VERSION
#define WARD_VERSION "0"
#endif

/* Exit statuses. A container's own status is passed on by run and exec, so ward's own failures
 * there are numbers that programs rarely use; they are those of other container tools. */
enum {
	CMD_OK = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
	CMD_WARD_FAILED = 125,	  /* run, exec: ward itself failed */
	CMD_CANNOT_EXECUTE = 126, /* run, exec: the program is there but cannot be executed */
	CMD_NOT_FOUND = 127,	  /* run, exec: there is no such program */
};

struct cmd {
	const char *name;
	const char *args;	     /* operands: "NAME [SIGNAL]" */
	const char *summary;	     /* one line, lower case, without a full stop */
	const char *details;	     /* paragraphs for help and manual, or NULL */
	const struct opt *opts;	     /* ends with an empty row; NULL = none */
	const struct cli_form *form; /* when the command takes the options that fill a spec */
	/* argv[0] is the command's name. Returns the exit status. */
	int (*run)(int argc, char **argv);
};

/* Every command, in the order of `ward help`; NULL behind the last. */
extern const struct cmd *const commands[];

const struct cmd *cmd_find(const char *name);

/* opt_parse() with the command's rows. Returns true to go on, with *first the index of the first
 * operand. Otherwise the command is to end with *status: help was asked for and printed, or the
 * line was wrong and that was said. Commands with a form call cli_parse() instead, and then
 * cmd_refused(). */
bool cmd_parse(const struct cmd *c, int argc, char **argv, void *into, int *first, int *status);

/* What to do when opt_parse() or cli_parse() returned the negative `ret`: print help, or the
 * error and how to get help. Returns the exit status: CMD_OK or CMD_USAGE. */
int cmd_refused(const struct cmd *c, int ret, struct err *e);

/* Print an error and return `status`. */
int cmd_fail(struct err *e, int status);

/* What run and exec end with when container_run() or container_exec() failed: 125, or 126 and
 * 127 when everything was built but the program could not be executed. */
struct container;
int cmd_container_failed(const struct container *c, struct err *e);

/* For commands that take container names: parse the options into `into`, then call act() for
 * each name, printing errors and going on. Returns CMD_OK, CMD_FAILED when one failed. */
typedef int cmd_act(struct container *c, const char *name, void *into, struct err *e);
int cmd_each_name(const struct cmd *c, int argc, char **argv, void *into, cmd_act *act);

/* Fill an initialised spec from the definition of a created container. start.c */
int cmd_definition(const struct container *c, const char *name, struct spec *spec, struct err *e);

/* Write a text to standard output. Returns CMD_OK, or CMD_FAILED after saying why. */
int cmd_print(const struct str *text);
int cmd_print_line(const char *line);

/* "Usage: ward NAME ..." with all options. */
void cmd_describe(const struct cmd *c, struct str *out);

/* The options of a command, its own and those of its form; to be freed. NULL: out of memory. */
struct opt *cmd_options(const struct cmd *c);
