/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward update: other limits for a container, now and at every later start. */
#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "spec/dump.h"
#include "spec/key.h"
#include "wall/cgroup.h"
#include "watch/container.h"

struct args {
	struct list keys, values;
};

static int take_limit(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct args *a = into;

	if (list_add(&a->keys, o->of) < 0 || list_add(&a->values, value) < 0)
		return err_mem(e);
	return 0;
}

#define LIMIT(name_, metavar_, key_, doc_)                                                         \
	{                                                                                          \
		.name = name_, .arg = OPT_VALUE, .metavar = metavar_, .take = take_limit,          \
		.of = key_, .doc = doc_                                                            \
	}

static const struct opt opts[] = {
	LIMIT("memory", "SIZE", "memory.max", "memory"),
	LIMIT("memory-swap", "SIZE", "memory.swap", "swap on top of it"),
	LIMIT("pids", "COUNT", "pids.max", "processes and threads"),
	LIMIT("cpus", "CPUS", "cpu.max", "CPU time: a number of CPUs, or max"),
	LIMIT("cpu-weight", "1..10000", "cpu.weight", "share of the CPU when others want it too"),
	{ 0 }
};

static int apply(struct spec *s, const struct args *a, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < a->keys.n && ret == 0; i++)
		ret = key_set(s, a->keys.item[i], a->values.item[i], "ward update", e);
	return ret;
}

/* What runs: its cgroups, and what is remembered of it. */
static int update_running(struct container *c, const char *name, const struct args *a,
			  struct err *e)
{
	autospec spec;
	autostr text = { 0 };
	int ret;

	spec_init(&spec);
	ret = container_find(c, name, &spec, e);
	if (ret == 0)
		ret = apply(&spec, a, e);
	if (ret == 0)
		ret = wall_cgroup.check(&spec, &c->host, e);
	if (ret == 0)
		ret = cgroup_reopen(&c->run, name, e);
	if (ret == 0)
		ret = cgroup_update(&c->run, &a->keys, e);
	cgroup_close(&c->run.cg);
	dump_write(&spec, true, &text);
	if (ret == 0)
		ret = text.failed ?
			      -ENOMEM :
			      file_replace(c->run.claim.dir, "config", text.text, text.len, 0600);
	if (ret < 0 && !e->code) {
		errno = -ret;
		err_sys(e, "remember the limits of container %s", name);
	}
	container_lose(c);
	return ret;
}

static int update_definition(struct container *c, const char *name, const struct args *a,
			     struct err *e)
{
	autospec spec;
	autostr text = { 0 };
	int ret;

	spec_init(&spec);
	ret = cmd_definition(c, name, &spec, e);
	if (ret == 0)
		ret = apply(&spec, a, e);
	if (ret < 0)
		return ret;
	/* As it was asked for, before the check turns it into what this host makes of it. */
	dump_write(&spec, true, &text);
	ret = wall_cgroup.check(&spec, &c->host, e);
	if (ret < 0)
		return ret;
	return text.failed ? err_mem(e) : store_redefine(&c->store, name, text.text, text.len, e);
}

static int update(struct container *c, const char *name, void *into, struct err *e)
{
	const struct args *a = into;
	bool running = store_running(&c->store, name);
	int ret;

	if (!a->keys.n)
		return err_msg(e, EINVAL,
			       "say which limit: --memory, --memory-swap, --pids, --cpus or "
			       "--cpu-weight");
	ret = running ? update_running(c, name, a, e) : 0;
	if (ret < 0)
		return ret;
	ret = update_definition(c, name, a, e);
	/* One made by `run -d` has no definition. */
	return ret == -ENOENT && running ? 0 : ret;
}

static int run(int argc, char **argv)
{
	struct args a = { 0 };
	int status = cmd_each_name(&cmd_update, argc, argv, &a, update);

	list_clear(&a.keys);
	list_clear(&a.values);
	return status;
}

const struct cmd cmd_update = {
	.name = "update",
	.args = "NAME...",
	.summary = "change the limits of containers, of running ones at once",
	.opts = opts,
	.run = run,
};
