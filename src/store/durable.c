/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

/* A name nobody else uses: a pid would not do, the directory may be shared by several pid
 * namespaces. */
static int durable_temporary(int dir, char *name, size_t size)
{
	unsigned long long number;
	int fd;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	snprintf(name, size, ".new-%016llx", number);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* link(2) instead of RENAME_NOREPLACE: it refuses an existing name on every file system, NFS
 * included. */
static int durable_name(int dir, const char *temporary, const char *name, enum durable_how how)
{
	int ret;

	switch (how) {
	case DURABLE_NEW:
		ret = linkat(dir, temporary, dir, name, 0) < 0 ? -errno : 0;
		unlinkat(dir, temporary, 0);
		return ret;
	case DURABLE_REPLACE:
		return renameat(dir, temporary, dir, name) < 0 ? -errno : 0;
	}
	return -EINVAL;
}

int durable_write(int dir, const char *name, const void *data, size_t len, enum durable_how how)
{
	autoclose int fd = -EBADF;
	char temporary[40];
	int ret;

	fd = durable_temporary(dir, temporary, sizeof(temporary));
	if (fd < 0)
		return fd;
	ret = file_write_all(fd, data, len);
	if (ret == 0 && fsync(fd) < 0)
		ret = -errno;
	if (ret == 0)
		ret = durable_name(dir, temporary, name, how);
	if (ret < 0)
		unlinkat(dir, temporary, 0);
	else if (fsync(dir) < 0 && errno != EINVAL)
		ret = -errno;
	return ret;
}
