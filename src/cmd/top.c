/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward top: what the running containers use. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/traffic.h"
#include "store/state.h"
#include "wall/cgroup.h"
#include "watch/container.h"

enum { INTERVAL_MSEC = 2000, FIRST_MSEC = 300 };

struct args {
	bool once, json;
};

static const struct opt opts[] = {
	{ .name = "once", .take = opt_true, .at = offsetof(struct args, once),
	  .doc = "show it once, also on a terminal" },
	{ .name = "json", .take = opt_true, .at = offsetof(struct args, json),
	  .doc = "print JSON, once: counters since the start" },
	{ 0 }
};

/* --- looking ----------------------------------------------------------------------------------- */

struct sample {
	char name[STORE_NAME_MAX + 1];
	struct cgroup_stats use;
	uint64_t in, out; /* bytes */
};

struct samples {
	struct container *c;
	struct sample *item;
	size_t n;
	int64_t usec; /* when */
};

static void samples_free(struct samples *s)
{
	free(s->item);
	s->item = NULL;
	s->n = 0;
}

static int64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void measure(struct container *c, const struct state *state, struct sample *s)
{
	struct err ignored = ERR_NONE;
	struct run *r = &c->run;
	struct traffic traffic;

	r->pid = state->pid;
	if (cgroup_reopen(r, s->name, &ignored) == 0)
		cgroup_stats(&r->cg, &s->use);
	cgroup_close(&r->cg);
	traffic_read(&c->host, r->proc, state->pid, &traffic);
	for (size_t i = 0; i < traffic.n; i++) {
		s->in += traffic.item[i].in_bytes;
		s->out += traffic.item[i].out_bytes;
	}
}

static int look(const struct store_entry *entry, void *ctx)
{
	struct samples *all = ctx;
	struct err ignored = ERR_NONE;
	autoclose int dir = entry->running ?
				    store_state_dir(&all->c->store, entry->name, &ignored) :
				    -EBADF;
	struct sample *grown;
	struct state state;

	/* One that has just ended is not there. */
	if (dir < 0 || state_read(dir, &state, &ignored) < 0 || state.pid <= 0)
		return 0;
	grown = reallocarray(all->item, all->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	all->item = grown;
	grown[all->n] = (struct sample){ .use = { .memory = LIMIT_UNSET, .memory_max = LIMIT_UNSET,
						  .pids = LIMIT_UNSET } };
	snprintf(grown[all->n].name, sizeof(grown->name), "%s", entry->name);
	measure(all->c, &state, &grown[all->n++]);
	return 0;
}

static int look_all(struct container *c, struct samples *out, struct err *e)
{
	*out = (struct samples){ .c = c, .usec = now_usec() };
	return store_each(&c->store, look, out, e);
}

/* --- showing ----------------------------------------------------------------------------------- */

/* "1.2M": four characters are enough to compare with. */
static const char *amount(uint64_t bytes, char out[16])
{
	static const char units[] = "BKMGTP";
	double value = (double)bytes;
	size_t i = 0;

	if (bytes == LIMIT_UNSET || bytes == LIMIT_MAX) {
		snprintf(out, 16, "-");
		return out;
	}
	for (; value >= 1000 && units[i + 1]; i++)
		value /= 1024;
	snprintf(out, 16, i && value < 10 ? "%.1f%c" : "%.0f%c", value, units[i]);
	return out;
}

static const struct sample *same(const struct samples *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->item[i].name, name))
			return &all->item[i];
	return NULL;
}

/* Hundredths of one processor between two looks. */
static double share(const struct samples *before, const struct samples *now, const struct sample *s)
{
	const struct sample *old = same(before, s->name);
	int64_t usec = now->usec - before->usec;

	if (!old || usec <= 0 || s->use.cpu_usec < old->use.cpu_usec)
		return 0;
	return 100.0 * (double)(s->use.cpu_usec - old->use.cpu_usec) / (double)usec;
}

static void show_text(const struct samples *before, const struct samples *now, struct str *out)
{
	str_addf(out, "%-24s %6s %7s %7s %6s %8s %8s\n", "NAME", "CPU%", "MEMORY", "LIMIT", "PIDS",
		 "NET IN", "NET OUT");
	for (size_t i = 0; i < now->n; i++) {
		const struct sample *s = &now->item[i];
		char memory[16], limit[16], in[16], sent[16];

		str_addf(out, "%-24s %6.1f %7s %7s %6" PRIu64 " %8s %8s\n", s->name,
			 share(before, now, s), amount(s->use.memory, memory),
			 amount(s->use.memory_max, limit),
			 s->use.pids == LIMIT_UNSET ? 0 : s->use.pids, amount(s->in, in),
			 amount(s->out, sent));
	}
}

static void put_known(struct json_out *j, const char *key, uint64_t value)
{
	if (value != LIMIT_UNSET && value != LIMIT_MAX)
		json_put_u64(j, key, value);
}

static void show_json(const struct samples *now, struct str *out)
{
	struct json_out j;

	json_start(&j, out, JSON_INDENT);
	json_open_array(&j, NULL);
	for (size_t i = 0; i < now->n; i++) {
		const struct sample *s = &now->item[i];

		json_open_object(&j, NULL);
		json_put_string(&j, "name", s->name);
		put_known(&j, "cpu_usec", s->use.cpu_usec);
		put_known(&j, "memory", s->use.memory);
		put_known(&j, "memory_max", s->use.memory_max);
		put_known(&j, "pids", s->use.pids);
		json_put_u64(&j, "net_in", s->in);
		json_put_u64(&j, "net_out", s->out);
		json_close(&j);
	}
	json_close(&j);
	json_finish(&j);
	str_add(out, "\n");
}

/* --- running ----------------------------------------------------------------------------------- */

static int show_once(struct container *c, bool json, struct err *e)
{
	struct samples before, now = { 0 };
	autostr out = { 0 };
	int ret = look_all(c, &before, e);

	if (ret == 0 && json) {
		show_json(&before, &out);
	} else if (ret == 0) {
		/* A share of the processor needs two looks. */
		poll(NULL, 0, FIRST_MSEC);
		ret = look_all(c, &now, e);
		show_text(&before, &now, &out);
	}
	samples_free(&before);
	samples_free(&now);
	if (ret == 0 && cmd_print(&out) != CMD_OK)
		ret = err_msg(e, EIO, "the answer was not printed whole");
	return ret;
}

/* Until a signal ends us. The screen is drawn over, line by line, so that nothing flickers. */
static int show_forever(struct container *c, struct err *e)
{
	static const char home[] = "\033[H", erase[] = "\033[J", line_end[] = "\033[K\n";
	struct samples before, now;
	int ret = look_all(c, &before, e), wait = FIRST_MSEC;

	while (ret == 0) {
		autostr text = { 0 }, screen = { 0 };

		poll(NULL, 0, wait);
		wait = INTERVAL_MSEC;
		ret = look_all(c, &now, e);
		if (ret < 0)
			break;
		show_text(&before, &now, &text);
		str_add(&screen, home);
		for (const char *p = str_text(&text); *p; p++)
			if (*p == '\n')
				str_add(&screen, line_end);
			else
				str_addn(&screen, p, 1);
		str_add(&screen, erase);
		samples_free(&before);
		before = now;
		if (cmd_print(&screen) != CMD_OK)
			ret = err_msg(e, EIO, "the answer was not printed whole");
	}
	samples_free(&before);
	return ret;
}

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct args a = { 0 };
	struct err e = ERR_NONE;
	int first, status, ret;

	if (!cmd_parse(&cmd_top, argc, argv, &a, &first, &status))
		return status;
	ret = container_open(&c, &e);
	if (ret == 0)
		ret = container_look(&c, &e);
	if (ret == 0)
		ret = a.once || a.json || !isatty(STDOUT_FILENO) ? show_once(&c, a.json, &e) :
								   show_forever(&c, &e);
	container_lose(&c);
	container_close(&c);
	return ret < 0 ? cmd_fail(&e, CMD_FAILED) : CMD_OK;
}

const struct cmd cmd_top = {
	.name = "top",
	.args = "",
	.summary = "show what the running containers use: processor, memory, processes, network",
	.opts = opts,
	.run = run,
};
