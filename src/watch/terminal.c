/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/terminal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

void terminal_raw(struct terminal *t, int fd)
{
	struct termios raw;

	t->fd = -EBADF;
	if (!isatty(fd) || tcgetattr(fd, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) == 0)
		t->fd = fd;
}

void terminal_restore(struct terminal *t)
{
	if (t->fd >= 0)
		tcsetattr(t->fd, TCSADRAIN, &t->before);
	t->fd = -EBADF;
}

void terminal_resize(int fd, int master)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
}
