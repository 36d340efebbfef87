/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward logs: what a detached container wrote. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "cmd/commands.h"
#include "watch/container.h"

enum { LOG_MAX = 1 << 30 };

/* A created container keeps its log beside its definition, another in its state directory. */
static int log_dir(const struct container *c, const char *name, struct err *e)
{
	char path[STORE_NAME_MAX + 16];
	int fd;

	if (snprintf(path, sizeof(path), "containers/%s", name) < (int)sizeof(path)) {
		fd = openat(c->store.lib, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return store_state_dir(&c->store, name, e);
}

/* Control characters of a container must not reach the reader's terminal: they can retitle it,
 * fill its clipboard, or have it type answers. Line ends and tabs are what a log needs. */
static void clean(struct str *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char byte = (unsigned char)text->text[i];

		if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
			text->text[i] = byte == '\r' ? ' ' : '?';
	}
}

static int show(struct container *c, const char *name, void *into, struct err *e)
{
	static const char *const files[] = { "log.1", "log" };
	autoclose int dir = -EBADF;

	(void)into;
	if (!path_is_name(name))
		return err_msg(e, EINVAL, "'%.64s' is not a container's name", name);
	dir = log_dir(c, name, e);
	if (dir < 0)
		return dir;
	for (size_t i = 0; i < 2; i++) {
		autostr text = { 0 };
		int ret = file_read(dir, files[i], LOG_MAX, &text);

		if (ret < 0 && ret != -ENOENT) {
			errno = -ret;
			return err_sys(e, "read the log of %s", name);
		}
		if (isatty(STDOUT_FILENO))
			clean(&text);
		if (cmd_print(&text) != CMD_OK)
			return err_msg(e, EIO, "the log was not printed whole");
	}
	return 0;
}

static int run(int argc, char **argv)
{
	return cmd_each_name(&cmd_logs, argc, argv, NULL, show);
}

const struct cmd cmd_logs = {
	.name = "logs",
	.args = "NAME...",
	.summary = "print what a detached container wrote (the newest part, see log.size)",
	.run = run,
};
