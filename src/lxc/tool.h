/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lxc-* tools: thin programs over liblxc, all in one binary, each a row of tools[].
 *
 * Options, output and exit statuses are those of LXC's manual pages. What is ward's own: --json
 * wherever something is listed, and errors that say what failed and how to mend it. */
#pragma once
#include <lxc/lxccontainer.h>
#include <stdbool.h>

#include "base/json.h"
#include "base/opt.h"
#include "base/str.h"

/* What every tool understands; the first member of each tool's own arguments. */
struct tool_args {
	const char *name;
	struct list paths; /* --lxcpath, without trailing slashes; never empty after parsing */
	const char *rcfile, *logfile, *logpriority;
	bool quiet, usage, version;
	bool json;   /* of tools that list something */
	char **argv; /* of main() */
};

struct tool {
	const char *name;     /* "lxc-start" */
	const char *operands; /* "[-- COMMAND...]" */
	const char *doc;
	const struct opt *opts; /* its own; NULL = none */
	size_t size;		/* of its arguments, which begin with struct tool_args */
	const void *defaults;	/* of its arguments; NULL = zeros */
	bool takes_name;	/* --name, or the first operand; one is needed */
	bool lists;		/* knows --json */
	/* argv: the operands, ended by NULL. Returns the exit status. */
	int (*run)(void *args, int argc, char **argv);
	/* Instead of all that: a command line of its own. */
	int (*main)(int argc, char **argv);
};

/* Every tool, in the order of their names; ends with NULL. */
extern const struct tool *const tools[];

/* main() of a tool. */
int tool_main(const struct tool *t, int argc, char **argv);

/* "lxc-start: NAME: ..." on standard error, unless --quiet; returns 1. */
int tool_error(const struct tool_args *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with what the library has to say of c; `what` is printed when it says nothing. */
int tool_failed(const struct tool_args *a, const struct lxc_container *c, const char *what);

/* The container of --name in the first --lxcpath, with --rcfile loaded, that the caller may control;
 * NULL after an error was printed. */
struct lxc_container *tool_container(const struct tool_args *a);

/* The same, which must be defined or running. */
struct lxc_container *tool_existing(const struct tool_args *a);

/* c->error_num and others are read through the reference; it is released with the variable. */
static inline void tool_put(struct lxc_container **c)
{
	if (*c)
		lxc_container_put(*c);
}
#define autocontainer __attribute__((cleanup(tool_put))) struct lxc_container

/* Before a process of ours enters a container: go on as a sealed copy of our own binary, which root
 * of a container without a user namespace could otherwise write (CVE-2019-5736). 0, or 1 after an
 * error was printed. */
int tool_protect(const struct tool_args *a);

/* The value of a key, "" when it is not set; to be freed. NULL: out of memory. */
char *tool_item(struct lxc_container *c, const char *key);

/* Set keys of "KEY=VALUE" words. 0, or 1 after an error was printed. */
int tool_define(const struct tool_args *a, struct lxc_container *c, const struct list *words);

/* Takers for options: a text that may be given again (struct list), an int. */
int tool_take_list(const struct opt *o, const char *value, void *into, struct err *e);
int tool_take_int(const struct opt *o, const char *value, void *into, struct err *e);

/* "A|B": each word adds its flag. The table ends with NULL; case does not matter. */
struct tool_word {
	const char *word;
	int flag;
};
int tool_words(const char *value, const struct tool_word *words, int *flags, struct err *e);
extern const struct tool_word tool_namespaces[]; /* CLONE_NEW* by LXC's names */

/* Write text to standard output at once; returns the exit status. */
int tool_print(const struct tool_args *a, const struct str *text);
int tool_print_json(const struct tool_args *a, struct json_out *j, const struct str *text);

/* The tools, by file. */
extern const struct tool tool_start, tool_execute;
extern const struct tool tool_stop, tool_freeze, tool_unfreeze, tool_wait;
extern const struct tool tool_attach, tool_console;
extern const struct tool tool_info, tool_ls, tool_top, tool_monitor, tool_monitord;
extern const struct tool tool_create, tool_destroy, tool_autostart;
extern const struct tool tool_cgroup, tool_config, tool_device;
extern const struct tool tool_unshare, tool_usernsexec, tool_checkconfig;
