/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-start and lxc-execute: the same but for who is process 1. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "lxc/tool.h"

struct start_args {
	struct tool_args common;
	bool daemon, foreground, close_all_fds;
	const char *console, *console_log, *pidfile;
	const char *share[4]; /* in the order of shares[] */
	const char *uid, *gid;
	struct list define;
};

static const char *const shares[] = { "net", "ipc", "uts", "pid" };

#define AT(member) offsetof(struct start_args, member)
#define SHARE(word, i)                                                                             \
	{                                                                                          \
		.name = "share-" word, .arg = OPT_VALUE, .metavar = "NAME|PID", .take = opt_text,  \
		.at = AT(share[i]),                                                                \
		.doc = "share this namespace with another container or process"                    \
	}
#define COMMON_ROWS                                                                                \
	{ .name = "daemon",                                                                        \
	  .letter = 'd',                                                                           \
	  .take = opt_true,                                                                        \
	  .at = AT(daemon),                                                                        \
	  .doc = "run in the background" },                                                        \
		{ .name = "rcfile",                                                                \
		  .letter = 'f',                                                                   \
		  .arg = OPT_VALUE,                                                                \
		  .metavar = "FILE",                                                               \
		  .take = opt_text,                                                                \
		  .at = AT(common.rcfile),                                                         \
		  .doc = "configuration to load instead of the container's" },                     \
		{ .name = "define",                                                                \
		  .letter = 's',                                                                   \
		  .arg = OPT_VALUE,                                                                \
		  .metavar = "KEY=VALUE",                                                          \
		  .take = tool_take_list,                                                          \
		  .at = AT(define),                                                                \
		  .doc = "set a key of the configuration" },                                       \
		SHARE("net", 0), SHARE("ipc", 1), SHARE("uts", 2), SHARE("pid", 3)

static const struct opt start_opts[] = {
	COMMON_ROWS,
	{ .name = "foreground",
	  .letter = 'F',
	  .take = opt_true,
	  .at = AT(foreground),
	  .doc = "stay, with the container's console on this terminal" },
	{ .name = "console",
	  .letter = 'c',
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = AT(console),
	  .doc = "use FILE as the container's console" },
	{ .name = "console-log",
	  .letter = 'L',
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = AT(console_log),
	  .doc = "write what the console prints to FILE" },
	{ .name = "close-all-fds",
	  .letter = 'C',
	  .take = opt_true,
	  .at = AT(close_all_fds),
	  .doc = "close inherited descriptors" },
	{ .name = "pidfile",
	  .letter = 'p',
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = AT(pidfile),
	  .doc = "write the monitor's process id to FILE" },
	{ 0 }
};

static const struct opt execute_opts[] = { COMMON_ROWS,
					   { .name = "uid",
					     .letter = 'u',
					     .arg = OPT_VALUE,
					     .metavar = "UID",
					     .take = opt_text,
					     .at = AT(uid),
					     .doc = "run the command with this user id" },
					   { .name = "gid",
					     .letter = 'g',
					     .arg = OPT_VALUE,
					     .metavar = "GID",
					     .take = opt_text,
					     .at = AT(gid),
					     .doc = "run the command with this group id" },
					   { 0 } };

static bool set_item(const struct start_args *a, struct lxc_container *c, const char *key,
		     const char *value)
{
	if (!value || c->set_config_item(c, key, value))
		return true;
	tool_failed(&a->common, c, "an option cannot be set");
	return false;
}

static bool set_options(const struct start_args *a, struct lxc_container *c)
{
	char key[64];

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		snprintf(key, sizeof(key), "lxc.namespace.share.%s", shares[i]);
		if (!set_item(a, c, key, a->share[i]))
			return false;
	}
	return set_item(a, c, "lxc.console.path", a->console) &&
	       set_item(a, c, "lxc.console.logfile", a->console_log) &&
	       set_item(a, c, "lxc.init.uid", a->uid) && set_item(a, c, "lxc.init.gid", a->gid) &&
	       tool_define(&a->common, c, &a->define) == 0;
}

static bool set_pidfile(const struct start_args *a, struct lxc_container *c)
{
	if (!a->pidfile)
		return true;
	c->pidfile = strdup(a->pidfile);
	return c->pidfile || !tool_error(&a->common, "no memory");
}

/* A defined container, or one whose whole configuration is on the command line. */
static bool has_configuration(const struct start_args *a, struct lxc_container *c, bool execute)
{
	if (c->is_defined(c) || a->common.rcfile || a->define.n || execute)
		return true;
	tool_error(&a->common, "there is no such container in %s; lxc-create makes one",
		   a->common.paths.item[0]);
	return false;
}

static int refuse_running(const struct start_args *a, struct lxc_container *c, bool execute)
{
	tool_error(&a->common, "Container is already running (%s)", c->state(c));
	return execute ? 1 : 0; /* lxc-start has always been content with that */
}

static int start_failed(const struct start_args *a, struct lxc_container *c)
{
	tool_failed(&a->common, c, "the container failed to start");
	return c->error_num > 0 ? c->error_num : 1;
}

static int start_run(void *args, int argc, char **argv)
{
	struct start_args *a = args;
	autocontainer *c = tool_container(&a->common);

	if (!c || !has_configuration(a, c, false))
		return 1;
	if (a->daemon && a->foreground)
		return tool_error(&a->common, "--daemon and --foreground exclude each other");
	if (c->is_running(c))
		return refuse_running(a, c, false);
	if (!set_options(a, c) || !set_pidfile(a, c))
		return 1;
	c->want_daemonize(c, !a->foreground);
	if (a->close_all_fds)
		c->want_close_all_fds(c, true);
	return c->start(c, 0, argc ? argv : NULL) ? 0 : start_failed(a, c);
}

/* A command that a signal killed kills us likewise, so that a shell sees the same end. */
static int execute_status(const struct lxc_container *c)
{
	if (c->error_num > 128 && c->error_num < 128 + NSIG) {
		signal(c->error_num - 128, SIG_DFL);
		kill(0, c->error_num - 128);
	}
	return c->error_num;
}

static int execute_run(void *args, int argc, char **argv)
{
	struct start_args *a = args;
	autocontainer *c = tool_container(&a->common);

	if (!c || !has_configuration(a, c, true))
		return 1;
	if (c->is_running(c))
		return refuse_running(a, c, true);
	if (!set_options(a, c))
		return 1;
	c->want_daemonize(c, a->daemon);
	if (!c->start(c, 1, argc ? argv : NULL))
		return start_failed(a, c);
	return a->daemon ? 0 : execute_status(c);
}

const struct tool tool_start = {
	.name = "lxc-start",
	.operands = "[-- COMMAND...]",
	.doc = "Start a container, in the background unless --foreground is given.",
	.opts = start_opts,
	.size = sizeof(struct start_args),
	.takes_name = true,
	.run = start_run,
};

const struct tool tool_execute = {
	.name = "lxc-execute",
	.operands = "[-- COMMAND...]",
	.doc = "Run one command in a container of its own, below a small process 1.",
	.opts = execute_opts,
	.size = sizeof(struct start_args),
	.takes_name = true,
	.run = execute_run,
};
