/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward rename: another name for a created container. */
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "net/network.h"
#include "watch/container.h"

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct err e = ERR_NONE;
	int first, status, ret;

	if (!cmd_parse(&cmd_rename, argc, argv, NULL, &first, &status))
		return status;
	if (argc - first != 2)
		return cmd_refused(&cmd_rename, err_msg(&e, EINVAL, "two names are needed"), &e);
	if (!strcmp(argv[first], argv[first + 1]))
		return cmd_refused(&cmd_rename, err_msg(&e, EINVAL, "both names are the same"), &e);
	ret = container_open(&c, &e);
	if (ret == 0 && store_running(&c.store, argv[first]))
		ret = err_msg(&e, EBUSY, "container %s is running: stop it first", argv[first]);
	if (ret == 0)
		ret = store_rename(&c.store, argv[first], argv[first + 1], &e);
	if (ret == 0)
		ret = lease_release(&c.store, argv[first], true, &e);
	container_close(&c);
	return ret < 0 ? cmd_fail(&e, CMD_FAILED) : CMD_OK;
}

const struct cmd cmd_rename = {
	.name = "rename",
	.args = "OLD NEW",
	.summary = "give a created container, which must be stopped, another name",
	.details = "Its log comes along. What it had of a network under the old name (address, port) is "
		   "given back; the new name gets its own at the next start.",
	.run = run,
};
