/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the container's cgroups: "memory.max", "freezer.state". The monitor says where they are
 * in the hierarchies, and /proc/self/mountinfo where those are. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "lxc/lib.h"

/* " - cgroup SOURCE rw,memory,cpu": the options of a v1 hierarchy name its controllers. */
static bool mounts_controller(const char *options, const char *controller)
{
	size_t n = strlen(controller);

	for (const char *p = options; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",\n") == n && !strncmp(p, controller, n))
			return true;
	return false;
}

/* Where a controller's hierarchy is mounted; "" asks for v2. proc_pid_mountinfo(5). */
bool lib_cgroup_mount(const char *controller, struct str *out)
{
	autostr text = { 0 };
	char *line, *rest;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &text) < 0)
		return false;
	for (rest = text.text; rest && (line = strsep(&rest, "\n"));) {
		char point[PATH_MAX], type[32], options[512];
		const char *tail = strstr(line, " - ");

		if (!tail || sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1 ||
		    sscanf(tail, " - %31s %*s %511s", type, options) != 2)
			continue;
		if (!*controller ? !strcmp(type, "cgroup2") :
				   !strcmp(type, "cgroup") && mounts_controller(options, controller)) {
			str_add(out, point);
			return true;
		}
	}
	return false;
}

/* The container's directory in the v1 hierarchy that has the controller. */
static int open_v1(struct lxc_container *c, const char *controller, struct err *e)
{
	struct lib_question q = { .cmd = LXC_CMD_GET_LIMIT_CGROUP, .data = controller,
				  .len = strlen(controller) + 1 };
	autoanswer a = { 0 };
	autostr path = { 0 };
	int ret, fd;

	if (!lib_cgroup_mount(controller, &path))
		return err_msg(e, ENOENT, "there is no cgroup hierarchy for %s", controller);
	ret = lib_ask(c, &q, &a, e);
	if (ret < 0 && ret != -ESRCH) {
		/* Monitors of LXC before 4.0.11. */
		q.cmd = LXC_CMD_GET_CGROUP;
		lib_answer_free(&a);
		ret = lib_ask(c, &q, &a, e);
	}
	if (ret < 0)
		return ret;
	str_addf(&path, "/%s", a.data ? a.data : "");
	fd = open(str_text(&path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open the cgroup %s", str_text(&path)) : fd;
}

static int open_v2(struct lxc_container *c, struct err *e)
{
	static const enum lxc_cmd ways[] = { LXC_CMD_GET_LIMIT_CGROUP2_FD, LXC_CMD_GET_CGROUP2_FD };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		autoanswer a = { 0 };

		*e = ERR_NONE;
		if (lib_ask_simple(c, ways[i], &a, e) == 0 && a.fd >= 0)
			return take_fd(a.fd);
		if (e->code == ESRCH)
			break;
	}
	return e->code ? -e->code : err_msg(e, ENOENT, "container %s has no cgroup", c->name);
}

/* "memory.limit_in_bytes" is in the hierarchy of memory, or in v2. */
static int open_directory(struct lxc_container *c, const char *file, struct err *e)
{
	char controller[64];
	struct err first = ERR_NONE;
	int fd;

	snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(file, "."), file);
	fd = open_v1(c, controller, &first);
	if (fd < 0)
		fd = open_v2(c, e);
	if (fd < 0 && first.code)
		*e = first;
	return fd < 0 ? -e->code : fd;
}

static bool is_file_name(const char *name)
{
	return name && *name && !strchr(name, '/') && *name != '.';
}

static int read_item(struct lxc_container *c, const char *name, struct str *out, struct err *e)
{
	autoclose int dir = -EBADF;
	int ret;

	if (!is_file_name(name))
		return err_msg(e, EINVAL, "this is not the name of a cgroup file");
	dir = open_directory(c, name, e);
	if (dir < 0)
		return dir;
	ret = file_read(dir, name, 16 << 20, out);
	return ret < 0 ? err_msg(e, -ret, "read %s: %s", name, strerror(-ret)) : 0;
}

static int get_cgroup_item(struct lxc_container *c, const char *subsys, char *retv, int inlen)
{
	autostr text = { 0 };
	struct err e = ERR_NONE;

	if (read_item(c, subsys, &text, &e) < 0)
		return lib_fail_int(c, &e);
	if (retv && inlen > 0) {
		size_t n = text.len < (size_t)inlen ? text.len : (size_t)inlen - 1;

		memcpy(retv, str_text(&text), n);
		retv[n] = '\0';
	}
	return (int)text.len;
}

static int write_item(struct lxc_container *c, const char *name, const char *value, struct err *e)
{
	autoclose int dir = -EBADF;
	int ret;

	if (!is_file_name(name) || !value)
		return err_msg(e, EINVAL, "this is not the name of a cgroup file");
	dir = open_directory(c, name, e);
	if (dir < 0)
		return dir;
	ret = file_write(dir, name, value);
	return ret < 0 ? err_msg(e, -ret, "write '%s' to %s: %s", value, name, strerror(-ret)) : 0;
}

static bool set_cgroup_item(struct lxc_container *c, const char *subsys, const char *value)
{
	struct err e = ERR_NONE;

	return write_item(c, subsys, value, &e) == 0 || lib_fail(c, &e);
}

void lib_cgroup_members(struct lxc_container *c)
{
	c->get_cgroup_item = get_cgroup_item;
	c->set_cgroup_item = set_cgroup_item;
}
