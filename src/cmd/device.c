/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward device: give a running container a device, or take it away. */
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "launch/plug.h"
#include "watch/container.h"

static int change(struct container *c, const char *name, bool add, const char *path, struct err *e)
{
	autospec spec = { 0 };
	int ret;

	spec_init(&spec);
	ret = container_find(c, name, &spec, e);
	if (ret == 0 && plug_device(&c->run, path, add, e) < 0)
		ret = err_add(e, "container %s", name);
	container_lose(c);
	return ret;
}

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct err e = ERR_NONE;
	int first, status, ret;
	bool add;

	if (!cmd_parse(&cmd_device, argc, argv, NULL, &first, &status))
		return status;
	add = argc - first > 1 && !strcmp(argv[first + 1], "add");
	if (argc - first < 3 || (!add && strcmp(argv[first + 1], "rm") != 0)) {
		err_msg(&e, EINVAL, "a container, the word add or rm, and a device are needed");
		return cmd_refused(&cmd_device, -EINVAL, &e);
	}
	ret = container_open(&c, &e);
	for (int i = first + 2; i < argc && ret == 0; i++)
		ret = change(&c, argv[first], add, argv[i], &e);
	container_close(&c);
	return ret < 0 ? cmd_fail(&e, CMD_FAILED) : CMD_OK;
}

const struct cmd cmd_device = {
	.name = "device",
	.args = "NAME add|rm /dev/NODE...",
	.summary = "give a running container a device of the host, or take it away",
	.details =
		"The node appears in the container's /dev, and it may be opened for reading and "
		"writing. What a program has open stays open when the device is taken away. Both "
		"last until the container ends; `--set dev.node=/dev/NODE` gives a device at every "
		"start, which is also the way for a container whose root is read-only.",
	.run = run,
};
