/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

int path_open(int root, const char *path, int flags, mode_t mode, enum path_walk walk)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (walk == PATH_NO_SYMLINKS)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	/* EAGAIN: a rename elsewhere raced with a "..": the kernel asks to try again. */
	do
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd < 0 ? -errno : (int)fd;
}

/* Make one component below `dir`; existing ones are left alone. */
static int path_make_one(int dir, const char *name, bool as_file)
{
	autoclose int fd = -EBADF;

	if (!as_file)
		return mkdirat(dir, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 && errno != EEXIST ? -errno : 0;
}

int path_make(int root, const char *path, bool as_file, enum path_walk walk, struct err *e)
{
	autofree char *copy = strdup(path);
	autoclose int dir = -EBADF;
	char *component, *rest;
	int fd;

	if (!copy)
		return err_mem(e);
	fd = path_open(root, path, O_PATH, 0, walk);
	if (fd >= 0)
		return fd;
	if (fd != -ENOENT) {
		errno = -fd;
		return err_sys(e, "open %s in the root file system", path);
	}

	/* Walk down one component at a time, each resolved in the root, each opened before the
	 * next is made, so that a link swapped in meanwhile cannot redirect the creation. */
	for (rest = copy; *rest == '/'; rest++)
		;
	for (component = rest; component && *component; component = rest) {
		autoclose int parent = take_fd(dir);
		char *slash = strchr(component, '/');

		if (parent < 0)
			parent = path_open(root, ".", O_PATH | O_DIRECTORY, 0, walk);
		rest = slash ? slash + 1 + strspn(slash + 1, "/") : NULL;
		if (slash)
			*slash = '\0';
		if (!strcmp(component, ".."))
			return err_msg(e, EINVAL, "'%s' contains '..'", path);
		/* The prefix so far is resolved from the root again, so that links are followed
		 * inside the root and not from their parent. */
		fd = path_open(root, copy, O_PATH, 0, walk);
		if (fd == -ENOENT) {
			fd = path_make_one(parent, component, as_file && (!rest || !*rest));
			if (fd == 0)
				fd = path_open(root, copy, O_PATH, 0, walk);
		}
		if (fd < 0) {
			errno = -fd;
			return err_sys(e, "make %s in the root file system", copy);
		}
		dir = fd;
		if (slash)
			*slash = '/';
	}
	if (dir < 0)
		return err_msg(e, EINVAL, "'%s' names no place in the root file system", path);
	return take_fd(dir);
}

bool path_is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 64 || !isalnum((unsigned char)name[0]))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_.-", *name))
			return false;
	return true;
}
