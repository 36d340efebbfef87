/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward exec: one more program in a running container, behind the same walls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/commands.h"
#include "spec/key.h"
#include "watch/container.h"

struct args {
	const char *user, *cwd;
	struct list env;
	bool tty, interactive;
};

static int take_env(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct args *a = into;
	autostr copied = { 0 };

	(void)o;
	if (!strchr(value, '=')) {
		if (!getenv(value))
			return err_msg(e, EINVAL, "there is no variable %s here", value);
		str_addf(&copied, "%s=%s", value, getenv(value));
		value = str_text(&copied);
	}
	return list_add(&a->env, value) < 0 ? err_mem(e) : 0;
}

static const struct opt opts[] = {
	{ .name = "tty", .letter = 't', .take = opt_true, .at = offsetof(struct args, tty),
	  .doc = "give it a terminal of the container" },
	{ .name = "interactive", .letter = 'i', .take = opt_true,
	  .at = offsetof(struct args, interactive), .doc = "pass standard input on (always done)" },
	{ .name = "env", .letter = 'e', .arg = OPT_VALUE, .metavar = "NAME[=VALUE]", .take = take_env,
	  .doc = "set a variable; without a value the caller's" },
	{ .name = "workdir", .letter = 'w', .arg = OPT_VALUE, .metavar = "DIR", .take = opt_text,
	  .at = offsetof(struct args, cwd), .doc = "working directory" },
	{ .name = "user", .letter = 'u', .arg = OPT_VALUE, .metavar = "UID[:GID]|NAME[:GROUP]",
	  .take = opt_text, .at = offsetof(struct args, user), .doc = "who it runs as, inside" },
	{ 0 }
};

static int fill(struct spec *s, const struct args *a, char **command, struct err *e)
{
	int ret = 0;

	s->process.terminal = a->tty;
	s->process.reaper = false;
	for (size_t i = 0; i < a->env.n && ret == 0; i++)
		ret = key_set(s, "process.env", a->env.item[i], "--env", e);
	if (ret == 0 && a->cwd)
		ret = key_set(s, "process.cwd", a->cwd, "--workdir", e);
	if (ret == 0 && a->user)
		ret = key_set(s, "process.user", a->user, "--user", e);
	for (; ret == 0 && *command; command++)
		ret = list_add(&s->process.args, *command) < 0 ? err_mem(e) : 0;
	return ret;
}

static int enter(struct container *c, const struct args *a, const char *name, char **command,
		 int *status, struct err *e)
{
	autospec spec = { 0 };
	int ret;

	spec_init(&spec);
	ret = container_find(c, name, &spec, e);
	if (ret == 0)
		ret = fill(&spec, a, command, e);
	if (ret == 0)
		ret = container_protect(c, &spec, e);
	return ret < 0 ? ret : container_exec(c, status, e);
}

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct args a = { 0 };
	struct err e = ERR_NONE;
	char **command;
	int first, status = 0, ret;

	/* Options end at the name: what follows belongs to the program. */
	first = opt_parse(opts, argc, argv, OPT_STOP, &a, &e);
	if (first < 0)
		return cmd_refused(&cmd_exec, first, &e);
	command = first < argc ? argv + first + 1 : NULL;
	if (command && *command && !strcmp(*command, "--"))
		command++;
	if (!command || !*command) {
		err_msg(&e, EINVAL, "a container and a command are needed");
		return cmd_refused(&cmd_exec, -EINVAL, &e);
	}
	c.argv = argv;
	ret = container_open(&c, &e);
	if (ret == 0)
		ret = enter(&c, &a, argv[first], command, &status, &e);
	if (ret < 0)
		status = cmd_container_failed(&c, &e);
	container_close(&c);
	list_clear(&a.env);
	return status;
}

const struct cmd cmd_exec = {
	.name = "exec",
	.args = "NAME [--] COMMAND [ARGUMENT...]",
	.summary = "run one more program in a running container",
	.opts = opts,
	.run = run,
};
