/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which cgroup hierarchies this host has, and where we may make directories in them.
 *
 * /sys/fs/cgroup is the place the kernel makes for them: either a cgroup2 mount itself, or a
 * tmpfs with one directory per v1 hierarchy and, in a hybrid, v2 in "unified". Each is checked by
 * the magic of its file system; /proc/self/mountinfo is not read, on large hosts it is long. */
#include "wall/cgroup_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

static const struct {
	const char *place[3]; /* below /sys/fs/cgroup, the first that is one counts */
	const char *line;     /* in the second field of /proc/PID/cgroup */
	const char *word;     /* the controller, as v2 calls it */
} hierarchies[CG_HIERARCHIES] = {
	[CG_UNIFIED] = { { ".", "unified" }, "", "cgroup v2" },
	[CG_MEMORY] = { { "memory" }, "memory", "memory" },
	[CG_PIDS] = { { "pids" }, "pids", "pids" },
	[CG_CPU] = { { "cpu", "cpu,cpuacct", "cpuacct,cpu" }, "cpu", "cpu" },
	[CG_CPUACCT] = { { "cpuacct", "cpu,cpuacct", "cpuacct,cpu" }, "cpuacct", "cpuacct" },
	[CG_CPUSET] = { { "cpuset" }, "cpuset", "cpuset" },
	[CG_DEVICES] = { { "devices" }, "devices", "devices" },
	[CG_FREEZER] = { { "freezer" }, "freezer", "freezer" },
	[CG_BLKIO] = { { "blkio" }, "blkio", "io" },
	[CG_HUGETLB] = { { "hugetlb" }, "hugetlb", "hugetlb" },
	[CG_SYSTEMD] = { { "systemd" }, "name=systemd", "systemd" },
};

const char *cgroup_word(enum cg_hierarchy h)
{
	return hierarchies[h].word;
}

void cgroup_words(unsigned mask, struct str *out)
{
	for (int h = 0; h < CG_HIERARCHIES; h++)
		if (mask & CGROUP_BIT(h))
			str_addf(out, "%s+%s", out->len ? " " : "", hierarchies[h].word);
}

/* --- mounts ----------------------------------------------------------------------------- */

int cgroup_mount_open(enum cg_hierarchy h)
{
	unsigned long magic = h == CG_UNIFIED ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC;

	for (size_t i = 0; i < ARRAY_SIZE(hierarchies[h].place) && hierarchies[h].place[i]; i++) {
		char path[64];
		autoclose int fd = -EBADF;
		struct statfs fs;

		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", hierarchies[h].place[i]);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == magic)
			return take_fd(fd);
	}
	return -ENOENT;
}

/* --- /proc/PID/cgroup --------------------------------------------------------------------- */

/* True when `word` is one of the comma separated words in list[0..len). */
static bool line_names(const char *list, size_t len, const char *word)
{
	size_t n = strlen(word);

	if (n == 0)
		return len == 0;
	for (const char *p = list, *end = list + len; p < end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t m = (size_t)((comma ? comma : end) - p);

		if (m == n && !memcmp(p, word, n))
			return true;
		p += m + 1;
	}
	return false;
}

int cgroup_path(const char *text, enum cg_hierarchy h, struct str *path)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *list = memchr(text, ':', len);
		const char *end = list ? memchr(list + 1, ':', len - (size_t)(list + 1 - text)) :
					 NULL;

		if (end && line_names(list + 1, (size_t)(end - list - 1), hierarchies[h].line)) {
			str_addn(path, end + 1, len - (size_t)(end + 1 - text));
			/* "/../x" is outside of our cgroup namespace: there is no way there. */
			if (path->failed || path->text[0] != '/' || strstr(path->text, "/.."))
				return -ENOENT;
			return 0;
		}
		text += len + (text[len] == '\n');
	}
	return -ENOENT;
}

const char *cgroup_where(int dir, char *out, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = readlink(link, out, size - 1);
	if (n < 0)
		n = snprintf(out, size, "(unknown)");
	out[n] = '\0';
	return out;
}

bool cgroup_holds(int dir, enum cg_hierarchy h, const char *text)
{
	char where[4096], *base, *found;
	autostr path = { 0 };
	size_t n;

	if (dir < 0 || cgroup_path(text, h, &path) < 0)
		return false;
	base = strrchr(cgroup_where(dir, where, sizeof(where)), '/');
	n = base ? strlen(base) : 0;
	if (n < 2)
		return false;
	/* The first component of that name from the left: what comes after it is the container's
	 * own doing. Up to it, the path must be the end of the directory's. */
	for (found = strstr(path.text, base); found; found = strstr(found + 1, base))
		if (found[n] == '/' || found[n] == '\0')
			break;
	if (!found)
		return false;
	found[n] = '\0';
	return str_ends(where, path.text);
}

/* --- where we may work ---------------------------------------------------------------------- */

static bool base_writable(int dir)
{
	return faccessat(dir, ".", W_OK, AT_EACCESS) == 0 &&
	       faccessat(dir, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

/* The deepest part of `parent` that exists must be ours to write: below it we make the rest. */
static bool parent_writable(int root, const char *parent)
{
	autofree char *copy = strdup(parent);
	char *slash;
	int fd;

	for (; copy; *slash = '\0') {
		fd = path_open(root, copy, O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
		if (fd >= 0) {
			autoclose int dir = fd;

			return base_writable(dir);
		}
		slash = strrchr(copy, '/');
		if (fd != -ENOENT || !slash)
			break;
	}
	return copy && fd == -ENOENT && base_writable(root);
}

/* The caller's own cgroup, when the hierarchy's root is not ours: what a service manager
 * delegated. On v2 its parent is better, where that is ours too: our own cgroup holds at least
 * ourselves, and a cgroup with processes cannot pass controllers on to children. */
static int base_delegated(int root, enum cg_hierarchy h)
{
	autostr text = { 0 };
	autostr path = { 0 };
	autoclose int own = -EBADF;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 16, &text) < 0 ||
	    cgroup_path(str_text(&text), h, &path) < 0 || !strcmp(path.text, "/"))
		return -EACCES;
	own = path_open(root, path.text, O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	if (own < 0)
		return own;
	if (h == CG_UNIFIED) {
		autoclose int above = openat(own, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (above >= 0 && base_writable(above))
			return take_fd(above);
	}
	return base_writable(own) ? take_fd(own) : -EACCES;
}

static int base_open(enum cg_hierarchy h, const char *parent)
{
	autoclose int root = cgroup_mount_open(h);

	if (root < 0)
		return root;
	if (parent ? parent_writable(root, parent) : base_writable(root))
		return take_fd(root);
	return parent ? -EACCES : base_delegated(root, h);
}

void cgroup_layout_open(struct cgroup_layout *l, unsigned wanted, const char *parent)
{
	*l = (struct cgroup_layout){ 0 };
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		l->base[h] = wanted & CGROUP_BIT(h) ? base_open(h, parent) : -EBADF;
		if (h == CG_UNIFIED && l->base[h] >= 0)
			wanted &= ~(CGROUP_BIT(CG_FREEZER) | CGROUP_BIT(CG_CPUACCT));
	}
	if (l->base[CG_UNIFIED] >= 0)
		l->v2 = cgroup_v2_controllers(l->base[CG_UNIFIED], "cgroup.controllers");
}

void cgroup_layout_close(struct cgroup_layout *l)
{
	for (int h = 0; h < CG_HIERARCHIES; h++)
		fd_close(&l->base[h]);
}

void cgroup_v2_offer(struct str *all, struct str *ours, struct str *where)
{
	autoclose int root = cgroup_mount_open(CG_UNIFIED);
	struct cgroup_layout l;
	char path[512];

	cgroup_layout_open(&l, CGROUP_BIT(CG_UNIFIED), NULL);
	if (root >= 0)
		file_read(root, "cgroup.controllers", 4096, all);
	if (l.base[CG_UNIFIED] >= 0) {
		file_read(l.base[CG_UNIFIED], "cgroup.controllers", 4096, ours);
		str_add(where, cgroup_where(l.base[CG_UNIFIED], path, sizeof(path)));
	}
	cgroup_layout_close(&l);
}

bool cgroup_layout_shared(const struct cgroup_layout *l, enum cg_hierarchy h)
{
	struct stat a, b;

	if (h == CG_UNIFIED || fstat(l->base[h], &a) < 0)
		return false;
	for (int other = CG_UNIFIED + 1; other < (int)h; other++)
		if (l->base[other] >= 0 && fstat(l->base[other], &b) == 0 && a.st_dev == b.st_dev)
			return true;
	return false;
}

/* --- control files -------------------------------------------------------------------------- */

int cgroup_write(int dir, struct err *e, const char *file, const char *fmt, ...)
{
	char text[256], where[512];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (ret < 0 || (size_t)ret >= sizeof(text))
		return err_msg(e, E2BIG, "the value for %s is too long", file);
	ret = file_write(dir, file, text);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "write '%s' to %s/%s", text,
			       cgroup_where(dir, where, sizeof(where)), file);
	}
	return 0;
}

/* The kernel counts memory in pages and shows "no limit" as the largest whole number of them
 * (PAGE_COUNTER_MAX, mm/page_counter.c), which differs between 64 and 32 bit kernels. */
static bool is_no_limit(uint64_t value)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return value >= INT64_MAX / page * page || value == (uint64_t)INT32_MAX * page;
}

uint64_t cgroup_number(int dir, const char *file)
{
	autostr text = { 0 };
	uint64_t value;

	if (dir < 0 || file_read(dir, file, 4096, &text) < 0)
		return LIMIT_UNSET;
	if (!text.len)
		return LIMIT_UNSET;
	text.text[strcspn(text.text, "\n ")] = '\0';
	if (!strcmp(text.text, "max") || !strcmp(text.text, "-1"))
		return LIMIT_MAX;
	if (str_u64(text.text, 10, 0, UINT64_MAX, &value) < 0)
		return LIMIT_UNSET;
	return is_no_limit(value) ? LIMIT_MAX : value;
}

void cgroup_number_read(int dir, const char *file, uint64_t *field)
{
	uint64_t value = cgroup_number(dir, file);

	if (value != LIMIT_UNSET)
		*field = value;
}

uint64_t cgroup_field(int dir, const char *file, const char *name)
{
	autostr text = { 0 };
	size_t n = strlen(name);
	char *line, *rest;
	uint64_t value;

	if (dir < 0 || file_read(dir, file, 1 << 16, &text) < 0)
		return LIMIT_UNSET;
	rest = text.text;
	while (rest && (line = strsep(&rest, "\n")))
		if (str_starts(line, name) && line[n] == ' ' &&
		    str_u64(line + n + 1, 10, 0, UINT64_MAX, &value) == 0)
			return value;
	return LIMIT_UNSET;
}

/* --- swap ----------------------------------------------------------------------------------- */

bool cgroup_host_swaps(void)
{
	autostr text = { 0 };
	const char *line;

	/* One heading, then a line for each swap area. */
	if (file_read(AT_FDCWD, "/proc/swaps", 1 << 16, &text) < 0 || !text.len)
		return false;
	line = strchr(text.text, '\n');
	return line && line[1];
}

bool cgroup_counts_swap(void)
{
	autoclose int root = cgroup_mount_open(CG_MEMORY);
	struct stat st;

	if (root >= 0)
		return fstatat(root, "memory.memsw.limit_in_bytes", &st, 0) == 0;
	/* The v2 file is never in the root; every kernel with swap has it since 5.8, unless
	 * booted with swapaccount=0. */
	return stat("/proc/swaps", &st) == 0;
}

int cgroup_no_swap_file(const char *file, struct err *e)
{
	/* With no swap there is nothing to use up. (Swap that is turned on later is not limited;
	 * nothing can be done about that here.) */
	if (!cgroup_host_swaps())
		return 0;
	err_msg(e, EOPNOTSUPP,
		"the kernel does not count swap (no %s): a container could fill the host's swap",
		file);
	return err_hint(e, "boot with swapaccount=1, or turn swap off");
}
