/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-attach and lxc-console: into a container that runs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "lxc/tool.h"

/* --- lxc-attach -------------------------------------------------------------------------------- */

struct attach_args {
	struct tool_args common;
	int elevate; /* LXC_ATTACH_* flags that are left out */
	int namespaces;
	long personality;
	const char *pty_log, *context;
	bool remount, clear_env, keep_env;
	struct list keep, set;
	int uid, gid;
};

#define AT(member) offsetof(struct attach_args, member)

static const struct tool_word privileges[] = {
	{ "CAP", LXC_ATTACH_DROP_CAPABILITIES },
	{ "CGROUP", LXC_ATTACH_MOVE_TO_CGROUP },
	{ "LSM", LXC_ATTACH_LSM_EXEC },
	{ NULL, 0 },
};

enum {
	PRIVILEGES_ALL = LXC_ATTACH_DROP_CAPABILITIES | LXC_ATTACH_MOVE_TO_CGROUP |
			 LXC_ATTACH_LSM_EXEC
};

static int take_elevated(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct attach_args *a = into;

	(void)o;
	if (!value) {
		a->elevate = PRIVILEGES_ALL;
		return 0;
	}
	return tool_words(value, privileges, &a->elevate, e);
}

/* Who enters some of the namespaces only cannot have the walls that belong to the others. */
static int take_namespaces(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct attach_args *a = into;

	(void)o;
	a->namespaces = 0;
	a->elevate = PRIVILEGES_ALL;
	return tool_words(value, tool_namespaces, &a->namespaces, e);
}

static int take_arch(const struct opt *o, const char *value, void *into, struct err *e)
{
	static const char *const narrow[] = { "x86",   "i386",	"i486",	   "i586", "i686", "arm",
					      "armhf", "armel", "linux32", "ppc",  "mips", NULL };
	static const char *const wide[] = { "x86_64",  "amd64",	  "aarch64", "arm64",
					    "linux64", "ppc64",	  "ppc64le", "mips64",
					    "s390x",   "riscv64", NULL };
	struct attach_args *a = into;

	(void)o;
	for (size_t i = 0; narrow[i]; i++)
		if (!strcmp(narrow[i], value)) {
			a->personality = PER_LINUX32;
			return 0;
		}
	for (size_t i = 0; wide[i]; i++)
		if (!strcmp(wide[i], value)) {
			a->personality = PER_LINUX;
			return 0;
		}
	return err_msg(e, EINVAL, "'%.32s' is not an architecture", value);
}

static const struct opt attach_opts[] = {
	{ .name = "elevated-privileges",
	  .letter = 'e',
	  .arg = OPT_MAYBE,
	  .metavar = "CAP|CGROUP|LSM",
	  .take = take_elevated,
	  .doc = "leave out some of the container's walls; all without a value" },
	{ .name = "arch",
	  .letter = 'a',
	  .arg = OPT_VALUE,
	  .metavar = "ARCH",
	  .take = take_arch,
	  .doc = "the kernel's architecture as the program sees it" },
	{ .name = "namespaces",
	  .letter = 's',
	  .arg = OPT_VALUE,
	  .metavar = "LIST",
	  .take = take_namespaces,
	  .doc = "enter only these: MOUNT PID UTSNAME IPC USER NETWORK CGROUP TIME, with | between; "
		 "implies -e" },
	{ .name = "remount-sys-proc",
	  .letter = 'R',
	  .take = opt_true,
	  .at = AT(remount),
	  .doc = "mount /proc and /sys anew when the mount namespace is not entered" },
	{ .name = "clear-env",
	  .take = opt_true,
	  .at = AT(clear_env),
	  .doc = "begin with an empty environment" },
	{ .name = "keep-env",
	  .take = opt_true,
	  .at = AT(keep_env),
	  .doc = "keep the caller's environment (the default)" },
	{ .name = "keep-var",
	  .arg = OPT_VALUE,
	  .metavar = "NAME",
	  .take = tool_take_list,
	  .at = AT(keep),
	  .doc = "keep this variable with --clear-env" },
	{ .name = "set-var",
	  .letter = 'v',
	  .arg = OPT_VALUE,
	  .metavar = "NAME=VALUE",
	  .take = tool_take_list,
	  .at = AT(set),
	  .doc = "set a variable" },
	{ .name = "pty-log",
	  .letter = 'L',
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = AT(pty_log),
	  .doc = "write what the terminal prints to FILE" },
	{ .name = "rcfile",
	  .letter = 'f',
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = AT(common.rcfile),
	  .doc = "configuration to load instead of the container's" },
	{ .name = "uid",
	  .letter = 'u',
	  .arg = OPT_VALUE,
	  .metavar = "UID",
	  .take = tool_take_int,
	  .at = AT(uid),
	  .doc = "user id inside" },
	{ .name = "gid",
	  .letter = 'g',
	  .arg = OPT_VALUE,
	  .metavar = "GID",
	  .take = tool_take_int,
	  .at = AT(gid),
	  .doc = "group id inside" },
	{ .name = "context",
	  .letter = 'c',
	  .arg = OPT_VALUE,
	  .metavar = "LABEL",
	  .take = opt_text,
	  .at = AT(context),
	  .doc = "SELinux context of the program" },
	{ 0 }
};

static const struct attach_args attach_defaults = {
	.namespaces = -1,
	.personality = LXC_ATTACH_DETECT_PERSONALITY,
	.uid = -1,
	.gid = -1,
};

static int attach_refused(const struct attach_args *a)
{
	if (a->clear_env && a->keep_env)
		return tool_error(&a->common, "--clear-env and --keep-env exclude each other");
	if (a->context && a->elevate & LXC_ATTACH_LSM_EXEC)
		return tool_error(&a->common, "--context and -e LSM exclude each other");
	for (size_t i = 0; i < a->set.n; i++)
		if (!strchr(a->set.item[i], '='))
			return tool_error(&a->common, "--set-var: '%s' is not NAME=VALUE",
					  a->set.item[i]);
	return 0;
}

static int attach_flags(const struct attach_args *a)
{
	int flags = LXC_ATTACH_DEFAULT & ~a->elevate;

	if (a->remount)
		flags |= LXC_ATTACH_REMOUNT_PROC_SYS;
	if (a->context)
		flags |= LXC_ATTACH_LSM_LABEL;
	if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO))
		flags |= LXC_ATTACH_TERMINAL;
	return flags;
}

/* The library wants arrays that end with NULL; the words stay those of the list. */
static char **words(const struct list *l)
{
	char **all = l->n ? calloc(l->n + 1, sizeof(*all)) : NULL;

	if (all)
		memcpy(all, l->item, l->n * sizeof(*all));
	return all;
}

/* What waitpid() said, as a shell would put it. */
static int exit_status(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 1;
}

static int attach_wait(const struct attach_args *a, struct lxc_container *c,
		       lxc_attach_options_t *options, char **argv)
{
	lxc_attach_command_t command = { .program = argv[0], .argv = argv };
	pid_t pid = -1;
	int status;

	if (c->attach(c, argv[0] ? lxc_attach_run_command : lxc_attach_run_shell,
		      argv[0] ? &command : NULL, options, &pid) < 0)
		return tool_failed(&a->common, c, "the program cannot be run inside");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return tool_error(&a->common, "wait for the program: %m");
	return exit_status(status);
}

static int attach_run(void *args, int argc, char **argv)
{
	struct attach_args *a = args;
	lxc_attach_options_t options = LXC_ATTACH_OPTIONS_DEFAULT;
	autofree char **keep = words(&a->keep), **set = words(&a->set);
	autocontainer *c = NULL;

	(void)argc;
	if (attach_refused(a) || tool_protect(&a->common))
		return 1;
	c = tool_container(&a->common);
	if (!c)
		return 1;
	if (!c->is_running(c))
		return tool_error(&a->common, "it is not running; lxc-start starts it");
	if (a->pty_log && !c->set_config_item(c, "lxc.console.logfile", a->pty_log))
		return tool_failed(&a->common, c, "--pty-log cannot be set");
	options.attach_flags = attach_flags(a);
	options.namespaces = a->namespaces;
	options.personality = a->personality;
	options.uid = (uid_t)a->uid;
	options.gid = (gid_t)a->gid;
	options.env_policy = a->clear_env ? LXC_ATTACH_CLEAR_ENV : LXC_ATTACH_KEEP_ENV;
	options.extra_keep_env = keep;
	options.extra_env_vars = set;
	options.lsm_label = (char *)a->context;
	return attach_wait(a, c, &options, argv);
}

const struct tool tool_attach = {
	.name = "lxc-attach",
	.operands = "[-- COMMAND...]",
	.doc = "Run a command, or a shell, in a container that runs.",
	.opts = attach_opts,
	.size = sizeof(struct attach_args),
	.defaults = &attach_defaults,
	.takes_name = true,
	.run = attach_run,
};

/* --- lxc-console --------------------------------------------------------------------------------- */

struct console_args {
	struct tool_args common;
	int tty;
	int escape; /* 1 = Ctrl+a */
};

/* "^a", "a" or "A": the key that is held with Ctrl. */
static int take_escape(const struct opt *o, const char *value, void *into, struct err *e)
{
	const char *key = value[0] == '^' ? value + 1 : value;

	(void)o;
	if (!key[0] || key[1] || !((key[0] | 32) >= 'a' && (key[0] | 32) <= 'z'))
		return err_msg(e, EINVAL, "'%.8s' is not a key; write ^a to ^z", value);
	((struct console_args *)into)->escape = key[0] & 0x1f;
	return 0;
}

static const struct opt console_opts[] = {
	{ .name = "tty",
	  .letter = 't',
	  .arg = OPT_VALUE,
	  .metavar = "N",
	  .take = tool_take_int,
	  .at = offsetof(struct console_args, tty),
	  .doc = "which terminal; 0 is the console. The first free one by default" },
	{ .name = "escape",
	  .letter = 'e',
	  .arg = OPT_VALUE,
	  .metavar = "KEY",
	  .take = take_escape,
	  .doc = "key that, with Ctrl and followed by q, leaves; ^a by default" },
	{ 0 }
};

static const struct console_args console_defaults = { .tty = -1, .escape = 1 };

static int console_run(void *args, int argc, char **argv)
{
	struct console_args *a = args;
	autocontainer *c = tool_existing(&a->common);

	(void)argc;
	(void)argv;
	if (!c)
		return 1;
	if (!c->is_running(c))
		return tool_error(&a->common, "it is not running; lxc-start starts it");
	if (c->console(c, a->tty, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, a->escape) < 0)
		return tool_failed(&a->common, c, "its terminal cannot be had");
	return 0;
}

const struct tool tool_console = {
	.name = "lxc-console",
	.doc = "Use a terminal of a container.",
	.opts = console_opts,
	.size = sizeof(struct console_args),
	.defaults = &console_defaults,
	.takes_name = true,
	.run = console_run,
};
