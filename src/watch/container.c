/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/container.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "launch/attach.h"
#include "launch/gc.h"
#include "launch/host.h"
#include "launch/launch.h"
#include "launch/posture.h"
#include "launch/reexec.h"
#include "spec/dump.h"
#include "wall/cgroup.h"
#include "wall/wall.h"
#include "watch/monitor.h"

int container_open(struct container *c, struct err *e)
{
	int ret = host_look(&c->host, e);

	c->store.run = c->store.lib = -EBADF;
	if (ret == 0)
		ret = store_open(&c->store, e);
	if (ret == 0)
		gc_run(&c->store);
	return ret;
}

void container_close(struct container *c)
{
	store_close(&c->store);
}

/* The monitor itself: no core dump with the host's memory in it, no new file that others may
 * write, nobody who traces it. */
static void harden_self(const struct host *h)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	umask(022);
	/* In an outer user namespace our own /proc files must stay ours: outer.c, proc.c. */
	if (!h->rootless)
		prctl(PR_SET_DUMPABLE, 0);
}

/* -v: one line per wall, as the kernel shows it. */
static int print_summary(const struct run *r, struct err *e)
{
	struct err ignored = ERR_NONE;
	autostr text = { 0 };

	str_addf(&text, "container %s, profile %s", r->spec->name, r->spec->profile);
	for (size_t i = 0; i < r->spec->gates.n; i++)
		str_addf(&text, "%s%s", i ? ", " : "; gates: ", r->spec->gates.item[i]);
	str_add(&text, "; walls:\n");
	if (r->host->rootless)
		str_addf(&text, "  outer      id 0 of the namespace around it is host uid %u\n",
			 (unsigned)r->host->uid);
	if (walls_assume(r->spec, r->seen, &ignored) == 0)
		posture_summary(r->seen, &text);
	(void)!write(STDERR_FILENO, str_text(&text), text.len);
	(void)e;
	return 0;
}

static void free_seen(struct run *r)
{
	if (r->seen)
		spec_free(r->seen);
	free(r->seen);
	r->seen = NULL;
}

static int open_run(struct container *c, const struct spec *spec, const struct order *order,
		    struct err *e)
{
	struct run *r = &c->run;
	struct err ignored = ERR_NONE;

	run_init(r, spec, &c->host);
	r->order = order;
	r->store = &c->store;
	r->detached = c->detach;
	r->verified = c->verbose ? print_summary : c->verified;
	r->verified_ctx = c->verified_ctx;
	r->lxcpath = c->lxcpath;
	r->caller_argv = c->argv;
	r->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->proc < 0)
		return err_sys(e, "open /proc");
	/* Without a cache every start compiles its filter: slower, not weaker. */
	r->cache = store_cache(&c->store, &ignored);
	return 0;
}

static void close_run(struct run *r)
{
	fd_close(&r->proc);
	fd_close(&r->cache);
	fd_close(&r->listener);
	fd_close(&r->target);
	fd_close(&r->root);
	fd_close(&r->pts);
	store_forget(&r->claim);
	free(r->filter.filter);
	free(r->uid_map.range);
	free(r->gid_map.range);
	free_seen(r);
}

/* Detached, nobody reads what we could say: the caller's terminal is let go. null was opened before
 * the monitor gave up its right to open anything. */
static void let_go(int null, int report)
{
	for (int i = 0; i < 3; i++)
		dup3(null, i, 0);
	(void)!write(report, "", 1);
}

static int log_directory(struct container *c, const struct spec *spec)
{
	char path[STORE_NAME_MAX + 16];

	if (!c->defined)
		return fcntl(c->run.claim.dir, F_DUPFD_CLOEXEC, 3);
	snprintf(path, sizeof(path), "containers/%s", spec->name);
	return openat(c->store.lib, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* report: end of a pipe to the process that waits for a detached start, or -EBADF. */
static int run_here(struct container *c, const struct spec *spec, int report, int *status,
		    struct err *e)
{
	autoclose int logs = -EBADF, null = -EBADF;
	int ret;

	if (report >= 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0)
			return err_sys(e, "open /dev/null");
	}
	monitor_block_signals();
	harden_self(&c->host);
	ret = open_run(c, spec, &order_start, e);
	if (ret == 0)
		ret = launch(&c->run, e);
	if (ret == 0) {
		free_seen(&c->run);
		logs = log_directory(c, spec);
		if (report >= 0)
			let_go(null, report);
		ret = monitor_run(&c->run, logs, c->guest, status, e);
	}
	close_run(&c->run);
	return ret;
}

/* What a detached monitor says when the container did not start. */
struct report {
	struct err err;
	bool exec_failed;
};

/* Fork the monitor; return when it says that the container runs, or why not. */
static int run_detached(struct container *c, const struct spec *spec, struct err *e)
{
	struct report report = { .err = ERR_NONE };
	int pipe_ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	pid = fork();
	if (pid < 0)
		return err_sys(e, "start the monitor");
	if (pid == 0) {
		close(pipe_ends[0]);
		setsid();
		if (chdir("/") < 0 || run_here(c, spec, pipe_ends[1], &status, &report.err) < 0) {
			report.exec_failed = c->run.exec_failed;
			(void)!write(pipe_ends[1], &report, sizeof(report));
		}
		_exit(0);
	}
	close(pipe_ends[1]);
	do
		n = read(pipe_ends[0], &report, sizeof(report));
	while (n < 0 && errno == EINTR);
	close(pipe_ends[0]);
	if (n == 1)
		return 0;
	if (n == sizeof(report)) {
		*e = report.err;
		c->run.exec_failed = report.exec_failed;
		return -e->code;
	}
	return err_msg(e, ECONNRESET, "the monitor ended before the container ran");
}

int container_name(const struct container *c, struct spec *spec, struct err *e)
{
	if (spec->name)
		return 0;
	spec->name = calloc(1, STORE_NAME_MAX + 1);
	return spec->name ? store_name(&c->store, spec->name, e) : err_mem(e);
}

int container_protect(const struct container *c, const struct spec *spec, struct err *e)
{
	/* argv begins with the command's name; the program's own comes before it. */
	if (c->host.rootless || spec->ns[NS_USER].how != NS_NEW)
		return reexec_sealed(c->argv - 1, e);
	return 0;
}

int container_define(struct container *c, struct spec *spec, struct err *e)
{
	autostr text = { 0 };
	int ret = container_name(c, spec, e);

	if (ret < 0)
		return ret;
	dump_write(spec, true, &text);
	if (text.failed)
		return err_mem(e);
	ret = walls_check(spec, &c->host, e);
	if (ret == 0)
		ret = store_define(&c->store, spec->name, str_text(&text), text.len, e);
	c->checked = c->defined = ret == 0;
	return ret;
}

int container_run(struct container *c, struct spec *spec, int *status, struct err *e)
{
	int ret = container_name(c, spec, e);

	if (ret == 0 && !c->checked)
		ret = walls_check(spec, &c->host, e);
	if (ret < 0)
		return ret;
	*status = 0;
	if (cgroup_missing(&c->host))
		log_warn("%s", cgroup_missing(&c->host));
	if (c->detach && !c->guest)
		return run_detached(c, spec, e);
	return run_here(c, spec, -EBADF, status, e);
}

int container_find(struct container *c, const char *name, struct spec *spec, struct err *e)
{
	int ret = open_run(c, spec, &order_attach, e);

	return ret < 0 ? ret : attach_find(&c->run, name, spec, e);
}

int container_look(struct container *c, struct err *e)
{
	return open_run(c, NULL, &order_attach, e);
}

int container_exec(struct container *c, int *status, struct err *e)
{
	int ret;

	monitor_block_signals();
	harden_self(&c->host);
	ret = launch(&c->run, e);
	if (ret == 0)
		ret = monitor_run(&c->run, -EBADF, NULL, status, e);
	close_run(&c->run);
	return ret;
}

void container_lose(struct container *c)
{
	close_run(&c->run);
}
