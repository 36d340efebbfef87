/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/tool.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "launch/reexec.h"
#include "lxc/lib.h"

/* --- words on standard error ------------------------------------------------------------- */

/* The tool's own name for messages: what it was called as. */
static const char *tool_called(void)
{
	return program_invocation_short_name;
}

int tool_error(const struct tool_args *a, const char *fmt, ...)
{
	autostr text = { 0 };
	char words[1024];
	va_list ap;

	if (a->quiet)
		return 1;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	str_addf(&text, "%s: %s%s%s\n", tool_called(), a->name ? a->name : "", a->name ? ": " : "",
		 words);
	/* One write, so that lines of two tools do not mix; nobody is left to tell if it fails. */
	if (write(STDERR_FILENO, str_text(&text), text.len) < 0)
		return 1;
	return 1;
}

int tool_failed(const struct tool_args *a, const struct lxc_container *c, const char *what)
{
	return tool_error(a, "%s", c->error_string && *c->error_string ? c->error_string : what);
}

/* --- options ------------------------------------------------------------------------------- */

static int take_path(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct list *paths = (struct list *)((char *)into + o->at);
	autofree char *copy = strdup(value);

	if (!copy)
		return err_mem(e);
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	return list_add(paths, copy) < 0 ? err_mem(e) : 0;
}

int tool_take_list(const struct opt *o, const char *value, void *into, struct err *e)
{
	return list_add((struct list *)((char *)into + o->at), value) < 0 ? err_mem(e) : 0;
}

int tool_take_int(const struct opt *o, const char *value, void *into, struct err *e)
{
	int64_t number;

	if (str_i64(value, INT32_MIN, INT32_MAX, &number) < 0)
		return err_msg(e, EINVAL, "'%.32s' is not a whole number", value);
	*(int *)((char *)into + o->at) = (int)number;
	return 0;
}

const struct tool_word tool_namespaces[] = {
	{ "MOUNT", CLONE_NEWNS },      { "PID", CLONE_NEWPID },	  { "UTSNAME", CLONE_NEWUTS },
	{ "IPC", CLONE_NEWIPC },       { "USER", CLONE_NEWUSER }, { "NETWORK", CLONE_NEWNET },
	{ "CGROUP", CLONE_NEWCGROUP }, { "TIME", CLONE_NEWTIME }, { NULL, 0 },
};

int tool_words(const char *value, const struct tool_word *words, int *flags, struct err *e)
{
	while (*value) {
		size_t n = strcspn(value, "|"), i = 0;

		while (words[i].word &&
		       (strlen(words[i].word) != n || strncasecmp(words[i].word, value, n)))
			i++;
		if (!words[i].word)
			return err_msg(e, EINVAL, "'%.*s' is not one of its words", (int)n, value);
		*flags |= words[i].flag;
		value += n;
		value += *value == '|';
	}
	return 0;
}

#define COMMON(member) offsetof(struct tool_args, member)

static const struct opt name_opts[] = {
	{ .name = "name",
	  .letter = 'n',
	  .arg = OPT_VALUE,
	  .metavar = "NAME",
	  .take = opt_text,
	  .at = COMMON(name),
	  .doc = "name of the container; may be the first operand" },
	{ 0 }
};

static const struct opt common_opts[] = {
	{ .name = "logfile",
	  .letter = 'o',
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = COMMON(logfile),
	  .doc = "write a log to FILE" },
	{ .name = "logpriority",
	  .letter = 'l',
	  .arg = OPT_VALUE,
	  .metavar = "LEVEL",
	  .take = opt_text,
	  .at = COMMON(logpriority),
	  .doc = "how much is logged: ERROR ... TRACE" },
	{ .name = "quiet",
	  .letter = 'q',
	  .take = opt_true,
	  .at = COMMON(quiet),
	  .doc = "print no errors" },
	{ .name = "lxcpath",
	  .letter = 'P',
	  .arg = OPT_VALUE,
	  .metavar = "PATH",
	  .take = take_path,
	  .at = COMMON(paths),
	  .doc = "directory of containers" },
	{ .name = "rcfile",
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = COMMON(rcfile),
	  .doc = "configuration to load instead of the container's" },
	{ .name = "usage", .take = opt_true, .at = COMMON(usage), .doc = "print a short usage" },
	{ .name = "version", .take = opt_true, .at = COMMON(version), .doc = "print the version" },
	{ 0 }
};

static const struct opt json_opts[] = {
	{ .name = "json", .take = opt_true, .at = COMMON(json), .doc = "print JSON" }, { 0 }
};

/* A tool's own letters win: lxc-attach's -l, say, would not be the log's. */
static bool has_letter(const struct opt *opts, char letter)
{
	for (; letter && opts->name; opts++)
		if (opts->letter == letter)
			return true;
	return false;
}

static bool has_name(const struct opt *opts, const char *name)
{
	for (; opts->name; opts++)
		if (!strcmp(opts->name, name))
			return true;
	return false;
}

static size_t append(struct opt *all, size_t n, const struct opt *more)
{
	for (; more && more->name; more++) {
		if (has_name(all, more->name))
			continue;
		all[n] = *more;
		if (has_letter(all, more->letter) && n > 0)
			for (size_t i = 0; i < n; i++)
				if (all[i].letter == more->letter)
					all[n].letter = 0;
		n++;
	}
	return n;
}

static struct opt *all_options(const struct tool *t)
{
	size_t n = opt_count(common_opts) + (t->opts ? opt_count(t->opts) : 0) + 3;
	struct opt *all = calloc(n, sizeof(*all));

	if (!all)
		return NULL;
	n = append(all, 0, t->opts);
	if (t->takes_name)
		n = append(all, n, name_opts);
	if (t->lists)
		n = append(all, n, json_opts);
	append(all, n, common_opts);
	return all;
}

static void print_help(const struct tool *t, const struct opt *all, bool usage)
{
	autostr text = { 0 };

	str_addf(&text, "Usage: %s %s[OPTIONS] %s\n", t->name, t->takes_name ? "--name=NAME " : "",
		 t->operands ? t->operands : "");
	if (!usage) {
		str_addf(&text, "\n%s\n\nOptions:\n", t->doc);
		opt_help(all, &text);
	}
	fputs(str_text(&text), stderr);
}

/* --- main ------------------------------------------------------------------------------------ */

static int default_path(struct tool_args *a)
{
	const char *path = lxc_get_global_config_item("lxc.lxcpath");

	if (a->paths.n)
		return 0;
	if (!path || list_add(&a->paths, path) < 0)
		return tool_error(a, "the directory of containers (lxc.lxcpath) is not known");
	return 0;
}

static int start_log(const struct tool_args *a)
{
	struct lxc_log log = { .name = a->name,
			       .lxcpath = a->paths.item[0],
			       .file = a->logfile,
			       .level = a->logpriority,
			       .prefix = tool_called(),
			       /* what the library says, tool_failed() prints once */
			       .quiet = true };

	if (lxc_log_init(&log) < 0)
		return tool_error(a, "the log %s (level %s) cannot be opened",
				  a->logfile ? a->logfile : "of the container",
				  a->logpriority ? a->logpriority : "ERROR");
	return 0;
}

static int tool_run(const struct tool *t, struct tool_args *a, int argc, char **argv)
{
	if (t->takes_name && !a->name && argc > 0) {
		a->name = argv[0];
		argc--;
		argv++;
	}
	if (t->takes_name && !a->name)
		return tool_error(a, "No container name specified");
	if (default_path(a) || start_log(a))
		return 1;
	return t->run(a, argc, argv);
}

/* 0: go on; 1: the answer was printed, *status is the exit status. */
static bool tool_parse(const struct tool *t, struct tool_args *a, int argc, char **argv, int *first,
		       int *status)
{
	autofree struct opt *all = all_options(t);
	struct err e = ERR_NONE;

	*status = 1;
	if (!all) {
		tool_error(a, "no memory");
		return false;
	}
	*first = opt_parse(all, argc, argv, OPT_GNU, a, &e);
	if (*first == OPT_HELP || a->usage) {
		print_help(t, all, a->usage);
		*status = 0;
		return false;
	}
	if (*first < 0) {
		tool_error(a, "%s (%s --help)", e.text, t->name);
		return false;
	}
	if (a->version) {
		puts(lxc_get_version());
		*status = 0;
		return false;
	}
	return true;
}

static void free_lists(const struct tool *t, struct tool_args *a)
{
	list_clear(&a->paths);
	for (const struct opt *o = t->opts; o && o->name; o++)
		if (o->take == tool_take_list)
			list_clear((struct list *)((char *)a + o->at));
}

int tool_main(const struct tool *t, int argc, char **argv)
{
	autofree struct tool_args *a = NULL;
	int first, status;

	if (t->main)
		return t->main(argc, argv);
	/* What a configuration is silent about is secure: an administrator's tool, not a program that
	 * was written for another library. */
	lib_set_secure(true);
	a = calloc(1, t->size);
	if (!a)
		return 1;
	if (t->defaults)
		memcpy(a, t->defaults, t->size);
	a->argv = argv;
	if (tool_parse(t, a, argc, argv, &first, &status))
		status = tool_run(t, a, argc - first, argv + first);
	free_lists(t, a);
	lxc_log_close();
	if (fflush(stdout) == EOF || ferror(stdout))
		status = status ? status : tool_error(a, "write to standard output: %m");
	return status;
}

/* --- containers --------------------------------------------------------------------------- */

/* --rcfile replaces what was loaded, and is where save_config() would write. */
static bool load_rcfile(const struct tool_args *a, struct lxc_container *c)
{
	char *file = strdup(a->rcfile);

	c->clear_config(c);
	if (!file || !c->load_config(c, a->rcfile)) {
		free(file);
		tool_failed(a, c, "the configuration of --rcfile cannot be loaded");
		return false;
	}
	free(c->configfile);
	c->configfile = file;
	return true;
}

struct lxc_container *tool_container(const struct tool_args *a)
{
	autocontainer *c = lxc_container_new(a->name, a->paths.item[0]);

	if (!c) {
		tool_error(a, "its configuration in %s cannot be read", a->paths.item[0]);
		return NULL;
	}
	if (a->rcfile && !load_rcfile(a, c))
		return NULL;
	if (!c->may_control(c)) {
		tool_error(a,
			   "Insufficient privileges to control it: it was started by another user");
		return NULL;
	}
	return take_ptr(c);
}

struct lxc_container *tool_existing(const struct tool_args *a)
{
	autocontainer *c = tool_container(a);

	if (c && !c->is_defined(c) && !c->is_running(c)) {
		tool_error(a, "there is no such container in %s", a->paths.item[0]);
		return NULL;
	}
	return take_ptr(c);
}

int tool_protect(const struct tool_args *a)
{
	struct err e = ERR_NONE;

	return reexec_sealed(a->argv, &e) < 0 ? tool_error(a, "%s", e.text) : 0;
}

char *tool_item(struct lxc_container *c, const char *key)
{
	int len = c->get_config_item(c, key, NULL, 0);
	char *value = calloc(1, len > 0 ? (size_t)len + 1 : 1);

	if (value && len > 0 && c->get_config_item(c, key, value, len + 1) != len)
		value[0] = '\0';
	return value;
}

int tool_define(const struct tool_args *a, struct lxc_container *c, const struct list *words)
{
	for (size_t i = 0; i < words->n; i++) {
		autofree char *key = strdup(words->item[i]);
		char *value = key ? strchr(key, '=') : NULL;

		if (!value)
			return tool_error(a, "'%s' is not KEY=VALUE", words->item[i]);
		*value++ = '\0';
		if (!c->set_config_item(c, key, value))
			return tool_failed(a, c, "the key cannot be set");
	}
	return 0;
}

/* --- output ---------------------------------------------------------------------------------- */

int tool_print(const struct tool_args *a, const struct str *text)
{
	if (text->failed)
		return tool_error(a, "no memory");
	fputs(str_text(text), stdout);
	return 0;
}

int tool_print_json(const struct tool_args *a, struct json_out *j, const struct str *text)
{
	return json_finish(j) < 0 ? tool_error(a, "no memory") : tool_print(a, text);
}
