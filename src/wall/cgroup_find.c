/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroup that is there already: opened, or taken away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "wall/cgroup_layout.h"

enum { REMOVE_MS = 5000 };

int cgroup_name(char out[CGROUP_NAME_SIZE], const char *name, struct err *e)
{
	if (!name || !path_is_name(name))
		return err_msg(e, EINVAL, "cgroup: '%s' is not a container name", name ? name : "");
	snprintf(out, CGROUP_NAME_SIZE, CGROUP_PREFIX "%s", name);
	return 0;
}

/* What the clone and cgroup_join() use. Opened by us: the kernel asks for the rights of the
 * opener (__cgroup1_procs_write), and init will not have them. */
int cgroup_inner_open(struct run_cgroup *cg, struct err *e)
{
	if (cg->inner >= 0 || cg->dir[CG_UNIFIED] < 0)
		return 0;
	cg->inner = openat(cg->dir[CG_UNIFIED], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cg->inner < 0 ? err_sys(e, "open the container's cgroup") : 0;
}

int cgroup_entrances_open(struct run_cgroup *cg, struct err *e)
{
	struct stat seen[CG_HIERARCHIES] = { 0 };
	int ret = cgroup_inner_open(cg, e);

	if (ret < 0)
		return ret;
	for (int h = CG_UNIFIED + 1; h < CG_HIERARCHIES; h++) {
		bool again = false;

		if (cg->dir[h] < 0 || cg->tasks[h] >= 0 || fstat(cg->dir[h], &seen[h]) < 0)
			continue;
		/* cpu and cpuacct in one mount are entered once. */
		for (int g = CG_UNIFIED + 1; g < h; g++)
			again |= cg->dir[g] >= 0 && seen[g].st_dev == seen[h].st_dev;
		if (again)
			continue;
		cg->tasks[h] = openat(cg->dir[h], "tasks", O_WRONLY | O_CLOEXEC);
		if (cg->tasks[h] < 0)
			return err_sys(e, "open tasks of the %s cgroup", cgroup_word(h));
	}
	return 0;
}

void cgroup_close(struct run_cgroup *cg)
{
	fd_close(&cg->inner);
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		fd_close(&cg->dir[h]);
		fd_close(&cg->tasks[h]);
	}
}

/* cgroup v2 takes user.* from its owner; v1 only trusted.*, and that from root only. */
static const char *const marks[] = { "user.ward", "trusted.ward" };

void cgroup_parent_mark(int dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (fsetxattr(dir, marks[i], "1", 1, 0) == 0)
			return;
}

static bool parent_marked(int dir)
{
	char value[4];

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (fgetxattr(dir, marks[i], value, sizeof(value)) > 0)
			return true;
	return false;
}

int cgroup_parents_made(int dir, const char *path)
{
	autoclose int at = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = 0;

	while (path && *path && at >= 0 && parent_marked(at)) {
		int above = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		fd_close(&at);
		at = above;
		n++;
		path = strchr(path + 1, '/');
	}
	return n;
}

void cgroup_parents_remove(int dir, const char *path, int made)
{
	autofree char *copy = made > 0 ? strdup(path) : NULL;
	autoclose int at = copy ? openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

	for (char *slash = copy; slash && at >= 0 && made > 0; made--) {
		autoclose int above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		slash = strrchr(copy, '/');
		if (above < 0 || unlinkat(above, slash ? slash + 1 : copy, AT_REMOVEDIR) < 0)
			return;
		if (slash)
			*slash = '\0';
		fd_close(&at);
		at = take_fd(above);
	}
}

/* Remove one of our directories; delegated children too. */
static int leaf_remove(const struct run_cgroup *cg, enum cg_hierarchy h, const char *name,
		       const char *path)
{
	autoclose int parent = openat(cg->dir[h], "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int made = cg->made[h];

	if (parent < 0)
		return errno == ENOENT ? 0 : -errno;
	if (made < 0)
		made = cgroup_parents_made(parent, path);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		int ret = errno == EBUSY ? cgroup_tree_remove(cg->dir[h]) : -errno;

		if (ret < 0)
			return ret;
		if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return -errno;
	}
	cgroup_parents_remove(parent, path, made);
	return 0;
}

void cgroup_count(struct run_cgroup *cg, const char *parent)
{
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		autoclose int at =
			parent ? openat(cg->dir[h], "..", O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

		cg->made[h] = at < 0 ? 0 : cgroup_parents_made(at, parent);
	}
}

int cgroup_top_open(const struct run_cgroup *cg, enum cg_hierarchy h)
{
	autoclose int at = openat(cg->dir[h], "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < cg->made[h] && at >= 0; i++) {
		int above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd_close(&at);
		at = above;
	}
	return at < 0 ? -errno : take_fd(at);
}

/* One round over all hierarchies; what is gone is closed. 0, or the last error. */
static int leaves_remove(struct run_cgroup *cg, const char *name, const char *parent)
{
	int last = 0;

	for (int h = 0; h < CG_HIERARCHIES; h++) {
		int ret = cg->dir[h] < 0 ? 0 : leaf_remove(cg, h, name, parent);

		if (ret < 0)
			last = ret;
		else
			fd_close(&cg->dir[h]);
	}
	return last;
}

/* Usually one round: the container is gone. Else its processes are killed, and because v1 does
 * not say when the last one has left, the rounds go on for a while. */
int cgroup_destroy(struct run_cgroup *cg, const char *name, const char *parent)
{
	int64_t deadline = cgroup_clock() + REMOVE_MS;
	int ret;

	while ((ret = leaves_remove(cg, name, parent)) == -EBUSY && cgroup_clock() < deadline) {
		cgroup_kill(cg);
		cgroup_wait_empty(cg, 100);
	}
	return ret;
}

/* --- steps: somebody else's container --------------------------------------------------------- */

static void cgroup_unset(struct run_cgroup *cg)
{
	*cg = (struct run_cgroup){ .inner = -EBADF };
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		cg->dir[h] = cg->tasks[h] = -EBADF;
		cg->made[h] = -1;
	}
}

/* Look for "ward-NAME" where cgroup_create() would have made it. */
static void find_by_name(struct run_cgroup *cg, const char *parent, const char *name)
{
	struct cgroup_layout l;
	autostr path = { 0 };

	str_addf(&path, "%s/%s", parent ? parent : ".", name);
	cgroup_layout_open(&l, ~0U, parent);
	for (int h = 0; h < CG_HIERARCHIES && !path.failed; h++)
		if (l.base[h] >= 0)
			cg->dir[h] = path_open(l.base[h], path.text, O_RDONLY | O_DIRECTORY, 0,
					       PATH_NO_SYMLINKS);
	cgroup_layout_close(&l);
}

/* Length of `path` up to and including its first component `name`; 0 when it has none. */
static size_t path_through(const char *path, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = path; (p = strchr(p, '/')); p++)
		if (!strncmp(p + 1, name, n) && (p[1 + n] == '/' || !p[1 + n]))
			return (size_t)(p + 1 + n - path);
	return 0;
}

/* Look where process `pid` lives; that also works from another session of the same user. */
static int find_by_pid(struct run *r, const char *name, struct err *e)
{
	autostr text = { 0 };
	char file[40];
	int ret;

	snprintf(file, sizeof(file), r->proc >= 0 ? "%d/cgroup" : "/proc/%d/cgroup", (int)r->pid);
	ret = file_read(r->proc, file, 1 << 16, &text);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "cgroup: read the cgroups of process %d", (int)r->pid);
	}
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		autoclose int root = cgroup_mount_open(h);
		autostr path = { 0 };
		size_t n;

		if (root < 0 || cgroup_path(str_text(&text), h, &path) < 0 ||
		    !(n = path_through(path.text, name)))
			continue;
		/* On v2 init itself may be deeper, in what was delegated. */
		if (h == CG_UNIFIED)
			r->cg.inner = path_open(root, path.text, O_RDONLY | O_DIRECTORY, 0,
						PATH_NO_SYMLINKS);
		path.text[n] = '\0';
		r->cg.dir[h] = path_open(root, path.text, O_RDONLY | O_DIRECTORY, 0,
					 PATH_NO_SYMLINKS);
	}
	return 0;
}

/* The delegated children, where init's own place is not known. */
static void payload_entrances(struct run_cgroup *cg)
{
	if (cg->inner < 0 && cg->dir[CG_UNIFIED] >= 0)
		cg->inner = openat(cg->dir[CG_UNIFIED], CGROUP_PAYLOAD,
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cg->dir[CG_SYSTEMD] >= 0)
		cg->tasks[CG_SYSTEMD] = openat(cg->dir[CG_SYSTEMD], CGROUP_PAYLOAD "/tasks",
					       O_WRONLY | O_CLOEXEC);
}

int cgroup_reopen(struct run *r, const char *name, struct err *e)
{
	char directory[CGROUP_NAME_SIZE];
	bool any = false;
	int ret = cgroup_name(directory, name, e);

	if (ret < 0)
		return ret;
	cgroup_close(&r->cg);
	if (r->pid > 0)
		ret = find_by_pid(r, directory, e);
	else
		find_by_name(&r->cg, r->spec ? r->spec->cgroup.parent : NULL, directory);
	for (int h = 0; h < CG_HIERARCHIES; h++)
		any |= r->cg.dir[h] >= 0;
	if (ret == 0 && !any)
		ret = err_msg(e, ESRCH, "cgroup: container %s has no cgroup", name);
	payload_entrances(&r->cg);
	if (ret == 0)
		ret = cgroup_entrances_open(&r->cg, e);
	if (ret < 0)
		cgroup_close(&r->cg);
	return ret;
}

int cgroup_remove_named(const char *parent, const char *name, struct err *e)
{
	char directory[CGROUP_NAME_SIZE];
	struct run_cgroup cg;
	int ret = cgroup_name(directory, name, e);

	if (ret < 0)
		return ret;
	cgroup_unset(&cg);
	find_by_name(&cg, parent, directory);
	ret = cgroup_destroy(&cg, directory, parent);
	cgroup_close(&cg);
	if (ret == 0)
		return 0;
	errno = -ret;
	err_sys(e, "cgroup: remove %s", directory);
	return ret == -EBUSY ? err_hint(e, "a process in it does not end") : ret;
}
