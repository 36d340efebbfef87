/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the cgroup wall share. They work with the real cgroup file systems, in scratch
 * cgroups named after our pid. On a hybrid host each_layout() repeats them with cgroup v2 alone and
 * v1 alone, made by mounts of our own. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "tap.h"
#include "wall/cgroup.h"
#include "wall/cgroup_layout.h"
#include "wall/device.h"

static struct key_table tables[2];
static struct host host;
static const char *layout = "";

/* --- helpers ------------------------------------------------------------------------------- */

/* A container about to be started, as the front doors and launch make it. */
struct box {
	struct spec spec;
	struct run run;
	struct err e;
};

static inline void box_open(struct box *b, const char *suffix)
{
	char name[64];

	memset(b, 0, sizeof(*b));
	spec_init(&b->spec);
	snprintf(name, sizeof(name), "test-%d%s", (int)getpid(), suffix);
	b->spec.name = strdup(name);
	run_init(&b->run, &b->spec, &host);
}

static inline void box_close(struct box *b)
{
	cgroup_remove(&b->run);
	spec_free(&b->spec);
	free(b->run.uid_map.range);
	free(b->run.gid_map.range);
}

static inline int box_set(struct box *b, const char *key, const char *value)
{
	return key_set(&b->spec, key, value, "test", &b->e);
}

static inline int box_check(struct box *b)
{
	int ret = wall_cgroup.check(&b->spec, &host, &b->e);

	return ret < 0 ? ret : wall_device.check(&b->spec, &host, &b->e);
}

static inline int box_create(struct box *b)
{
	int ret = box_check(b);

	if (ret == 0)
		ret = cgroup_create(&b->run, &b->e);
	if (ret == 0)
		ret = cgroup_limit(&b->run, &b->e);
	if (ret == 0 && b->run.host->cgroup_usable)
		ret = device_load(&b->run, &b->e);
	if (ret < 0)
		printf("# %s\n", b->e.text);
	return ret;
}

/* Start fn in the container's cgroup, by the same two ways as launch: v2 by clone3, v1 by "0".
 * Returns when it is inside. */
static inline pid_t box_spawn(struct box *b, int (*fn)(void *), void *arg)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int ready[2];
	char byte;
	pid_t pid;

	if (b->run.cg.inner >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)b->run.cg.inner;
	}
	fflush(stdout);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = sys_clone3(&args);
	if (pid == 0) {
		int ret = cgroup_join(&b->run, &b->e);

		close(ready[0]);
		(void)!write(ready[1], "", 1);
		close(ready[1]);
		_exit(ret < 0 ? 255 : fn(arg));
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	return pid;
}

/* Exit code, or 1000 + signal. */
static inline int reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static inline int box_run(struct box *b, int (*fn)(void *), void *arg)
{
	return reap(box_spawn(b, fn, arg));
}

static inline void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static inline int sleeper(void *arg)
{
	(void)arg;
	pause_ms(20000);
	return 0;
}

/* Where a hierarchy shows a process, or "". */
static inline void process_cgroup(pid_t pid, enum cg_hierarchy h, struct str *path)
{
	autostr text = { 0 };
	char file[40];

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	if (file_read(AT_FDCWD, file, 1 << 16, &text) < 0 ||
	    cgroup_path(str_text(&text), h, path) < 0)
		str_add(path, "");
}

/* How many cgroups of this test exist, over all hierarchies. */
static inline int leftovers(void)
{
	char pattern[128];
	FILE *list;
	int n = 0;

	fflush(stdout);
	snprintf(pattern, sizeof(pattern), "find /sys/fs/cgroup -type d -name '*test-%d*' 2>&-",
		 (int)getpid());
	list = popen(pattern, "r");
	for (char line[512]; list && fgets(line, sizeof(line), list); n++)
		printf("# left: %s", line);
	if (list)
		pclose(list);
	return n;
}

static inline bool has_v1(enum cg_hierarchy h)
{
	autoclose int fd = cgroup_mount_open(h);

	return fd >= 0;
}

static inline bool has(enum cg_hierarchy h)
{
	autoclose int v2 = cgroup_mount_open(CG_UNIFIED);

	return has_v1(h) ||
	       (v2 >= 0 && cgroup_v2_controllers(v2, "cgroup.controllers") & CGROUP_BIT(h));
}
/* --- layouts --------------------------------------------------------------------------------- */

static inline const char *t(const char *what)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s: %s", layout, what);
	return text;
}

static inline void in_layout(const char *name, void (*tests)(void))
{
	layout = name;
	host = (struct host){ .privileged = true };
	cgroup_look(&host);
	printf("# layout %s: v2 only %d\n", name, host.cgroup_v2_only);
	ok(host.cgroup_usable, "%s: usable", name);
	tests();
}

/* The other layouts, by mounts that only we see. */
static inline void in_other_layouts(void (*tests)(void))
{
	if (!has_v1(CG_UNIFIED) || !has_v1(CG_DEVICES))
		return skip("other layouts", "this is not a hybrid host");
	if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return skip("other layouts", "no mount namespace");
	if (sys_mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND, NULL) == 0) {
		in_layout("v2 only", tests);
		ok(host.cgroup_v2_only, "it is seen as v2 only");
		sys_umount2("/sys/fs/cgroup", MNT_DETACH);
	}
	if (sys_umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0) {
		in_layout("v1 only", tests);
		ok(!host.cgroup_v2_only && !has_v1(CG_UNIFIED), "it is seen as v1 only");
	}
}

static inline void box_begin(void)
{
	tables[0] = (struct key_table){ wall_cgroup.keys, wall_cgroup.n_keys };
	tables[1] = (struct key_table){ wall_device.keys, wall_device.n_keys };
	key_register(tables, ARRAY_SIZE(tables));
	host = (struct host){ .privileged = true, .cgroup_usable = true };
}

/* The tests in every layout that can be had here, which needs root. */
static inline int each_layout(void (*tests)(void))
{
	box_begin();
	if (geteuid() != 0) {
		skip("cgroups", "not root");
		return done();
	}
	in_layout(has_v1(CG_UNIFIED) ? has_v1(CG_DEVICES) ? "hybrid" : "v2" : "v1", tests);
	in_other_layouts(tests);
	return done();
}
