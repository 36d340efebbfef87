/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward stop: ask containers to end, then make them end. */
#include "cmd/commands.h"
#include "launch/control.h"
#include "watch/container.h"

struct args {
	int32_t seconds; /* -1: what the container's configuration says */
};

static int take_seconds(const struct opt *o, const char *value, void *into, struct err *e)
{
	uint64_t seconds;

	(void)o;
	if (str_u64(value, 10, 0, 86400, &seconds) < 0)
		return err_msg(e, EINVAL, "'%s' is not a number of seconds from 0 to 86400", value);
	((struct args *)into)->seconds = (int32_t)seconds;
	return 0;
}

static const struct opt opts[] = {
	{ .name = "time", .letter = 't', .arg = OPT_VALUE, .metavar = "SECONDS", .take = take_seconds,
	  .doc = "patience before it is killed; 0: kill at once (default: stop.timeout)" },
	{ 0 }
};

static int stop(struct container *c, const char *name, void *into, struct err *e)
{
	struct control_request request = { CONTROL_STOP, ((struct args *)into)->seconds };
	struct control_reply answer;

	return control_call(&c->store, name, &request, &answer, e);
}

static int run(int argc, char **argv)
{
	struct args a = { .seconds = -1 };

	return cmd_each_name(&cmd_stop, argc, argv, &a, stop);
}

const struct cmd cmd_stop = {
	.name = "stop",
	.args = "NAME...",
	.summary = "ask containers to end, and kill those that do not",
	.opts = opts,
	.run = run,
};
