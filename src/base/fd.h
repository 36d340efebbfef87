/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File descriptors as owned values. An unset descriptor is -EBADF. */
#pragma once
#include <errno.h>
#include <unistd.h>

/* Close *fd if it is open and forget it; errno is kept, so that it can stand on error paths. */
void fd_close(int *fd);

#define autoclose __attribute__((cleanup(fd_close)))

/* Move a descriptor out of an autoclose variable (or a struct member). */
static inline int take_fd_at(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}
#define take_fd(fd) take_fd_at(&(fd))
