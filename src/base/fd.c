/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -EBADF;
	errno = saved;
}
