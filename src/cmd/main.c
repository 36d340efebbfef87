/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward: the table of commands. This is the way of every start, so nothing is done here that the
 * command does not need: no locale, no stdio, no memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "wall/wall.h"

const struct cmd *const commands[] = {
	&cmd_run, &cmd_create, &cmd_start, &cmd_stop, &cmd_rm, &cmd_exec, &cmd_ls, &cmd_info, &cmd_top, &cmd_wait,
	&cmd_logs, &cmd_freeze, &cmd_thaw, &cmd_restart,
	&cmd_rename, &cmd_update, &cmd_device, &cmd_plan, &cmd_defaults, &cmd_keys, &cmd_check, &cmd_convert, &cmd_net, &cmd_harden_host, &cmd_help, &cmd_completion, NULL,
};

/* A descriptor below 3 that is closed would be given to the next file we open, and what is meant
 * for the terminal would be written into it. These stay open across execve(2), as all three. */
static void open_standard(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
			_exit(CMD_WARD_FAILED);
	/* What the caller forgot to close is none of ours: a monitor would keep it open for as long as
	 * its container lives. */
	sys_close_range(3, ~0U, 0);
}

static int unknown(const char *name)
{
	const char *names[64], *nearest;
	size_t n = 0;

	for (; commands[n] && n < ARRAY_SIZE(names); n++)
		names[n] = commands[n]->name;
	nearest = str_has_control(name) ? NULL : str_nearest(name, names, n);
	if (nearest)
		log_error("there is no command '%.64s'; did you mean '%s'?", name, nearest);
	else
		log_error("there is no such command; `ward help` lists them");
	return CMD_USAGE;
}

/* Some file systems say only now that they had no room (NFS, quotas). */
static int finish(int status)
{
	if (close(STDOUT_FILENO) == 0 || errno == EBADF)
		return status;
	log_error("write to standard output: %s", strerror(errno));
	return status == CMD_OK ? CMD_FAILED : status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";
	const struct cmd *c;

	open_standard();
	walls_init();
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version")) {
		autostr text = { 0 };

		str_add(&text, "ward " WARD_VERSION "\n");
		return finish(cmd_print(&text));
	}
	c = cmd_find(name);
	if (!c)
		return unknown(name);
	if (argc > 1)
		return finish(c->run(argc - 1, argv + 1));
	/* Nothing was asked, so nothing succeeded. */
	c->run(1, (char *[]){ (char *)"help", NULL });
	return CMD_USAGE;
}
