/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static int open_log(int dir)
{
	return openat(dir, "log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int log_file_open(struct log_file *l, int dir, uint64_t max, struct err *e)
{
	struct stat st;

	*l = (struct log_file){ .dir = dir, .fd = open_log(dir), .max = max };
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return err_sys(e, "open the container's log");
	l->size = (uint64_t)st.st_size;
	return 0;
}

void log_file_close(struct log_file *l)
{
	fd_close(&l->fd);
}

void log_file_wrote(struct log_file *l, uint64_t n)
{
	l->size += n;
	if (l->size < l->max / 2)
		return;
	/* Half full: this half becomes the old one. When that fails, cut it instead: a bound that
	 * does not hold is worse than lost lines. */
	if (renameat(l->dir, "log", l->dir, "log.1") == 0) {
		fd_close(&l->fd);
		l->fd = open_log(l->dir);
	} else if (ftruncate(l->fd, 0) < 0) {
		fd_close(&l->fd);
	}
	l->size = 0;
}
