/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that LXC's own monitor runs: what stands around its init is read from the kernel, and
 * the rest from its configuration. */
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
#include "base/sys.h"
#include "front/lxc_spec.h"
#include "lxc/lib_child.h"
#include "lxc/lib_enter.h"
#include "spec/key.h"
#include "wall/ns.h"
#include "watch/container.h"

/* The namespaces that are not ours are the container's. */
static int compare_namespaces(const struct run *r, struct spec *s, struct err *e)
{
	static const char *const names[NS_KINDS] = {
		[NS_USER] = "user", [NS_MOUNT] = "mnt", [NS_PID] = "pid",	[NS_NET] = "net",
		[NS_IPC] = "ipc",   [NS_UTS] = "uts",	[NS_CGROUP] = "cgroup", [NS_TIME] = "time",
	};

	for (int kind = 0; kind < NS_KINDS; kind++) {
		struct stat theirs, mine;
		char path[64];

		snprintf(path, sizeof(path), "%d/ns/%s", (int)r->pid, names[kind]);
		if (fstatat(r->proc, path, &theirs, 0) < 0)
			return err_sys(e, "look at the %s namespace of the container", names[kind]);
		snprintf(path, sizeof(path), "self/ns/%s", names[kind]);
		if (fstatat(r->proc, path, &mine, 0) < 0)
			return err_sys(e, "look at our own %s namespace", names[kind]);
		s->ns[kind].how = theirs.st_ino == mine.st_ino ? NS_HOST : NS_NEW;
	}
	return 0;
}

static int read_capabilities(const struct run *r, struct spec *s, struct err *e)
{
	autostr status = { 0 };
	char path[32];
	unsigned long long bounding;
	const char *line;
	int ret;

	snprintf(path, sizeof(path), "%d/status", (int)r->pid);
	ret = file_read(r->proc, path, 65536, &status);
	line = ret == 0 ? strstr(str_text(&status), "\nCapBnd:") : NULL;
	if (!line || sscanf(line, "\nCapBnd: %llx", &bounding) != 1)
		return err_msg(e, EIO, "read the capabilities of the container's init");
	s->caps.bounding = s->caps.permitted = s->caps.effective = bounding;
	s->caps.inheritable = s->caps.ambient = 0;
	s->caps.securebits = 0;
	return 0;
}

/* Lines "4:memory:/lxc.payload.c1" and "0::/lxc.payload.c1". */
static int open_cgroups(struct run *r)
{
	autostr text = { 0 };
	char *line, *rest, path[32];
	int n = 1;

	snprintf(path, sizeof(path), "%d/cgroup", (int)r->pid);
	if (file_read(r->proc, path, 65536, &text) < 0)
		return -ESRCH;
	for (rest = text.text; rest && (line = strsep(&rest, "\n"));) {
		char *list = strchr(line, ':'), *at = list ? strchr(list + 1, ':') : NULL;
		autostr file = { 0 };

		if (!at)
			continue;
		*at++ = '\0';
		if (!lib_cgroup_mount(list + 1, &file))
			continue;
		str_add(&file, at);
		if (!list[1]) {
			r->cg.inner = open(str_text(&file), O_PATH | O_DIRECTORY | O_CLOEXEC);
			continue;
		}
		str_add(&file, "/tasks");
		if (n < CG_HIERARCHIES)
			r->cg.tasks[n++] = open(str_text(&file), O_WRONLY | O_CLOEXEC);
	}
	return 0;
}

int lib_foreign(const struct lib_visit *v, struct container *c, struct spec *s, struct err *e)
{
	const struct lxc_host host = { .unified = c->host.cgroup_v2_only };
	struct lxc_config none = { 0 };
	autonotes notes = { 0 };
	struct run *r = &c->run;
	int ret;

	*e = ERR_NONE;
	r->target = lib_open_init(v->c, &r->pid, e);
	ret = r->target < 0 ? r->target : 0;
	if (ret == 0)
		ret = lxc_to_spec(v->c->lxc_conf ? lib_config(v->c) : &none, LXC_LETTER, &host, s,
				  &notes, e);
	if (ret == 0)
		ret = compare_namespaces(r, s, e);
	if (ret == 0)
		ret = read_capabilities(r, s, e);
	if (ret < 0)
		return ret;
	s->name = strdup(v->c->name);
	return s->name ? open_cgroups(r) : err_mem(e);
}
