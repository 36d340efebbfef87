/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "store/inner.h"

#define OVERFLOW_UID 65534
enum { STORE_DEPTH_MAX = 200 };

/* --- where -------------------------------------------------------------------------------- */

/* An absolute path from the environment; the XDG base directory specification, too, wants
 * relative ones ignored. */
static const char *store_env(const char *name)
{
	const char *value = getauxval(AT_SECURE) ? NULL : getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

static int store_set_path(char *path, struct err *e, const char *head, const char *tail)
{
	int n = snprintf(path, STORE_PATH_MAX, "%s%s", head, tail);

	if (n < 0 || n >= STORE_PATH_MAX)
		return err_msg(e, ENAMETOOLONG, "%s%s is too long a path", head, tail);
	/* A symbolic link with a slash behind it is followed in spite of O_NOFOLLOW. */
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	return 0;
}

static int store_no_home(struct err *e)
{
	return err_msg(e, ENOENT,
		       "find a directory for ward's files: HOME is not set; set HOME, or "
		       "WARD_RUN_DIR and WARD_LIB_DIR");
}

/* Without a /run/user/UID the states lie on a disk and outlive a reboot. A boot has a directory
 * of its own, so that a state, with its pids, never meets the processes of another boot. */
static int store_home_run(char *path, const char *home, struct err *e)
{
	autostr boot = { 0 };
	char tail[48];
	int ret = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot);

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read /proc/sys/kernel/random/boot_id");
	}
	snprintf(tail, sizeof(tail), "/.local/share/ward/run-%.8s", str_text(&boot));
	return store_set_path(path, e, home, tail);
}

static int store_user_run(char *path, struct err *e)
{
	const char *runtime = store_env("XDG_RUNTIME_DIR");
	const char *home = store_env("HOME");
	char guess[32];
	struct stat st;

	if (runtime)
		return store_set_path(path, e, runtime, "/ward");
	snprintf(guess, sizeof(guess), "/run/user/%u", (unsigned)geteuid());
	if (lstat(guess, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
		return store_set_path(path, e, guess, "/ward");
	return home ? store_home_run(path, home, e) : store_no_home(e);
}

static int store_user_lib(char *path, struct err *e)
{
	const char *data = store_env("XDG_DATA_HOME");
	const char *home = store_env("HOME");

	if (data)
		return store_set_path(path, e, data, "/ward");
	return home ? store_set_path(path, e, home, "/.local/share/ward") : store_no_home(e);
}

static int store_paths(struct store *s, struct err *e)
{
	const char *run = store_env("WARD_RUN_DIR"), *lib = store_env("WARD_LIB_DIR");
	int ret;

	if (run)
		ret = store_set_path(s->run_path, e, run, "");
	else
		ret = s->rootless ? store_user_run(s->run_path, e) :
				    store_set_path(s->run_path, e, "/run/ward", "");
	if (ret < 0)
		return ret;
	if (lib)
		return store_set_path(s->lib_path, e, lib, "");
	return s->rootless ? store_user_lib(s->lib_path, e) :
			     store_set_path(s->lib_path, e, "/var/lib/ward", "");
}

/* --- opening ------------------------------------------------------------------------------ */

int store_fail(struct err *e, const char *what, const char *path)
{
	static const struct {
		int code;
		const char *hint;
	} hints[] = {
		{ EROFS, "set WARD_RUN_DIR and WARD_LIB_DIR to directories that can be written" },
		{ ENOSPC, "the disk is full: free some space or inodes" },
		{ EDQUOT, "the disk quota is used up: free some space or inodes" },
		{ EACCES, "XDG_RUNTIME_DIR, XDG_DATA_HOME or HOME may be another user's" },
	};
	int ret = err_sys(e, "%s %s", what, path);

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].code == -ret)
			return err_hint(e, "%s", hints[i].hint);
	return ret;
}

static int store_mkdirs(const char *path, struct err *e)
{
	char part[STORE_PATH_MAX];

	for (size_t i = 1; path[i - 1]; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return store_fail(e, "make directory", part);
	}
	return 0;
}

/* Whoever can write into a directory above ours can move ours away and put another in its
 * place. An owner that has no name here (overflow uid) is root of an outer user namespace. */
static int store_check_above(int dir, const char *path, struct err *e)
{
	char up[3 * STORE_DEPTH_MAX] = "";
	struct stat child, st;

	if (fstat(dir, &child) < 0)
		return err_sys(e, "look at %s", path);
	for (size_t n = 0; n + 3 < sizeof(up); n += 3) {
		memcpy(up + n, "../", 4);
		if (fstatat(dir, up, &st, 0) < 0)
			return err_sys(e, "look at the directories above %s", path);
		if (st.st_dev == child.st_dev && st.st_ino == child.st_ino)
			return 0;
		if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != OVERFLOW_UID)
			return err_msg(e, EPERM, "%s is not safe: uid %u owns a directory above it",
				       path, (unsigned)st.st_uid);
		if ((st.st_mode & 02) && !(st.st_mode & S_ISVTX))
			return err_msg(
				e, EPERM,
				"%s is not safe: everybody can write to a directory above it",
				path);
		child = st;
	}
	return err_msg(e, ELOOP, "%s is not safe: more than %d directories above it", path,
		       STORE_DEPTH_MAX);
}

static int store_check(int dir, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return err_sys(e, "look at %s", path);
	if (st.st_uid != geteuid())
		return err_msg(e, EPERM,
			       "%s belongs to uid %u and not to uid %u; remove it, or choose "
			       "another place (WARD_RUN_DIR, WARD_LIB_DIR)",
			       path, (unsigned)st.st_uid, (unsigned)geteuid());
	if (st.st_mode & 022)
		return err_msg(e, EPERM, "%s can be written by others (mode %04o); chmod 0700 it",
			       path, (unsigned)st.st_mode & 07777);
	/* What lies above these is the system's own; a start is not the time to doubt it. */
	if (!strcmp(path, "/run/ward") || !strcmp(path, "/var/lib/ward"))
		return 0;
	return store_check_above(dir, path, e);
}

static int store_open_dir(const char *path, int *dir, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	autoclose int fd = open(path, flags);
	int ret, reason;
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		ret = store_mkdirs(path, e);
		if (ret < 0)
			return ret;
		fd = open(path, flags);
	}
	reason = errno;
	if (fd < 0 && lstat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_msg(e, ENOTDIR, "%s is %s and not a directory; remove it", path,
			       S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
	errno = reason;
	if (fd < 0)
		return store_fail(e, "open directory", path);
	ret = store_check(fd, path, e);
	if (ret < 0)
		return ret;
	*dir = take_fd(fd);
	return 0;
}

int store_open(struct store *s, struct err *e)
{
	int ret;

	*s = (struct store){ .run = -EBADF, .lib = -EBADF, .rootless = geteuid() != 0 };
	ret = store_paths(s, e);
	if (ret == 0)
		ret = store_open_dir(s->run_path, &s->run, e);
	if (ret == 0)
		ret = store_open_dir(s->lib_path, &s->lib, e);
	if (ret < 0)
		store_close(s);
	return ret;
}

void store_close(struct store *s)
{
	fd_close(&s->run);
	fd_close(&s->lib);
}

int store_sub(int dir, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);

	if (fd < 0 && errno == ENOENT && (mkdirat(dir, name, 0700) == 0 || errno == EEXIST))
		fd = openat(dir, name, flags);
	return fd < 0 ? -errno : fd;
}

int store_empty(int dir, const char *keep)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int ret = 0;

	if (!d) {
		ret = -errno;
		fd_close(&fd);
		return ret;
	}
	while ((entry = readdir(d))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, "..") || (keep && !strcmp(name, keep)))
			continue;
		/* unlink(2) of a directory is EISDIR, on some file systems EPERM. */
		if (unlinkat(dir, name, 0) == 0 || errno == ENOENT ||
		    unlinkat(dir, name, AT_REMOVEDIR) == 0)
			continue;
		ret = ret ? ret : -errno;
	}
	return ret;
}

int store_names(int dir, struct list *names)
{
	int fd = openat(dir, STORE_CONTAINERS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int ret = 0;

	if (!d) {
		ret = errno == ENOENT ? 0 : -errno;
		fd_close(&fd);
		return ret;
	}
	while (ret == 0 && (entry = readdir(d)))
		if (path_is_name(entry->d_name))
			ret = list_add(names, entry->d_name);
	return ret;
}

int store_cache(const struct store *s, struct err *e)
{
	int fd = store_sub(s->run, "cache");
	char path[STORE_PATH_MAX + 8];

	if (fd >= 0)
		return fd;
	errno = -fd;
	snprintf(path, sizeof(path), "%s/cache", s->run_path);
	return store_fail(e, "open directory", path);
}

int store_check_name(const char *name, struct err *e)
{
	struct err clean = ERR_NONE;

	if (path_is_name(name))
		return 0;
	/* The name may be anything: it is not let near a terminal as it is. */
	snprintf(clean.text, sizeof(clean.text), "%.70s", name);
	err_clean(&clean);
	return err_msg(e, EINVAL,
		       "'%s' is not a name for a container: letters, digits and _ . - "
		       "after a first letter or digit, at most %d",
		       clean.text, STORE_NAME_MAX);
}

/* --- looking around ----------------------------------------------------------------------- */

int store_state_dir(const struct store *s, const char *name, struct err *e)
{
	char path[STORE_NAME_MAX + 32];
	int ret = store_check_name(name, e);
	int fd;

	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), STORE_CONTAINERS "/%s", name);
	fd = openat(s->run, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_msg(e, ENOENT, "container %s is not running", name);
	return fd < 0 ? err_sys(e, "open %s/%s", s->run_path, path) : fd;
}

static bool store_has(int dir, const char *name, const char *file)
{
	char path[STORE_NAME_MAX + 32];
	struct stat st;

	snprintf(path, sizeof(path), STORE_CONTAINERS "/%s%s", name, file);
	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int store_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_each(const struct store *s, int (*visit)(const struct store_entry *entry, void *ctx),
	       void *ctx, struct err *e)
{
	autolist names = { 0 };
	int ret = store_names(s->run, &names);

	if (ret == 0)
		ret = store_names(s->lib, &names);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "list the containers in %s and %s", s->run_path, s->lib_path);
	}
	if (names.n)
		qsort(names.item, names.n, sizeof(*names.item), store_compare);
	for (size_t i = 0; i < names.n && ret == 0; i++) {
		const char *name = names.item[i];
		struct store_entry entry = { .name = name };

		if (i && !strcmp(name, names.item[i - 1]))
			continue;
		entry.running = store_running(s, name);
		entry.stale = !entry.running && store_has(s->run, name, "");
		entry.defined = store_has(s->lib, name, "/config");
		/* What ended since the directory was read is not shown. */
		if (entry.running || entry.stale || entry.defined)
			ret = visit(&entry, ctx);
	}
	return ret;
}

int store_name(const struct store *s, char *out, struct err *e)
{
	uint64_t number;

	(void)s;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return err_sys(e, "read random numbers");
	snprintf(out, STORE_NAME_MAX + 1, "%012llx",
		 (unsigned long long)(number & 0xffffffffffffULL));
	return 0;
}
