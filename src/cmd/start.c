/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward start: start a created container, detached unless asked otherwise. */
#include <stdio.h>

#include "cmd/commands.h"
#include "front/conf.h"
#include "spec/key.h"
#include "watch/container.h"

struct args {
	bool foreground, verbose;
};

static const struct opt opts[] = {
	{ .name = "foreground", .letter = 'F', .take = opt_true,
	  .at = offsetof(struct args, foreground), .doc = "stay in front and pass its output on" },
	{ .name = "verbose", .letter = 'v', .take = opt_true, .at = offsetof(struct args, verbose),
	  .doc = "print what holds it" },
	{ 0 }
};

int cmd_definition(const struct container *c, const char *name, struct spec *spec, struct err *e)
{
	autostr text = { 0 };
	char where[STORE_NAME_MAX + 32];
	int ret = store_definition_read(&c->store, name, &text, e);

	if (ret < 0)
		return ret;
	snprintf(where, sizeof(where), "definition of %s", name);
	ret = conf_parse(spec, str_text(&text), text.len, where, e);
	/* The definition remembers the name that it was made with. */
	return ret < 0 ? ret : key_set(spec, "spec.name", name, where, e);
}

static int start(struct container *c, const char *name, void *into, struct err *e)
{
	const struct args *a = into;
	autospec spec = { 0 };
	int status, ret;

	spec_init(&spec);
	ret = cmd_definition(c, name, &spec, e);
	if (ret == 0)
		ret = container_protect(c, &spec, e);
	if (ret < 0)
		return ret;
	c->detach = !a->foreground;
	c->verbose = a->verbose;
	c->defined = true;
	return container_run(c, &spec, &status, e);
}

static int run(int argc, char **argv)
{
	struct args a = { 0 };

	return cmd_each_name(&cmd_start, argc, argv, &a, start);
}

const struct cmd cmd_start = {
	.name = "start",
	.args = "NAME...",
	.summary = "start created containers",
	.opts = opts,
	.run = run,
};
