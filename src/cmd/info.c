/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward info: one container, as the kernel shows it now. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/traffic.h"
#include "launch/posture.h"
#include "store/state.h"
#include "wall/cgroup.h"
#include "wall/wall.h"
#include "watch/container.h"

struct args {
	bool json;
};

static const struct opt opts[] = {
	{ .name = "json", .take = opt_true, .at = offsetof(struct args, json), .doc = "print JSON" },
	{ 0 }
};

/* What is known of a running container. */
struct facts {
	const char *name;
	struct state state;
	struct spec seen, asked;
	struct cgroup_stats stats;
	bool has_stats;
	struct traffic traffic;
};

static const struct {
	const char *name;
	size_t at;
} numbers[] = {
	{ "pids", offsetof(struct cgroup_stats, pids) },
	{ "pids_max", offsetof(struct cgroup_stats, pids_max) },
	{ "memory", offsetof(struct cgroup_stats, memory) },
	{ "memory_max", offsetof(struct cgroup_stats, memory_max) },
	{ "memory_peak", offsetof(struct cgroup_stats, memory_peak) },
	{ "swap", offsetof(struct cgroup_stats, swap) },
	{ "oom_kills", offsetof(struct cgroup_stats, oom_kills) },
	{ "cpu_usec", offsetof(struct cgroup_stats, cpu_usec) },
	{ "cpu_user_usec", offsetof(struct cgroup_stats, cpu_user_usec) },
	{ "cpu_system_usec", offsetof(struct cgroup_stats, cpu_system_usec) },
	{ "throttled", offsetof(struct cgroup_stats, throttled) },
	{ "throttled_usec", offsetof(struct cgroup_stats, throttled_usec) },
	{ "io_read", offsetof(struct cgroup_stats, io_read) },
	{ "io_written", offsetof(struct cgroup_stats, io_written) },
};

static uint64_t number(const struct facts *f, size_t i)
{
	return *(const uint64_t *)((const char *)&f->stats + numbers[i].at);
}

static int gather(struct container *c, const char *name, struct facts *f, struct err *e)
{
	struct run *r = &c->run;
	int ret;

	f->name = name;
	spec_init(&f->seen);
	spec_init(&f->asked);
	ret = container_find(c, name, &f->asked, e);
	if (ret == 0)
		ret = state_read(r->claim.dir, &f->state, e);
	if (ret < 0)
		return ret;
	f->has_stats = cgroup_reopen(r, name, e) == 0 && cgroup_stats(&r->cg, &f->stats) == 0;
	ret = posture_observe(&c->host, r->proc, f->state.pid, &r->cg, &f->seen, e);
	traffic_read(&c->host, r->proc, f->state.pid, &f->traffic);
	if (ret == 0)
		ret = walls_assume(&f->asked, &f->seen, e);
	cgroup_close(&r->cg);
	return ret;
}

static void print_text(const struct facts *f, struct str *out)
{
	str_addf(out, "name      %s\nstate     %s\nprofile   %s\npid       %d\n", f->name,
		 state_name(f->state.id), f->state.profile, (int)f->state.pid);
	for (size_t i = 0; i < f->asked.gates.n; i++)
		str_addf(out, "gate      %s\n", f->asked.gates.item[i]);
	str_add(out, "walls\n");
	posture_summary(&f->seen, out);
	str_add(out, "findings\n");
	for (size_t i = 0; walls[i]; i++)
		for (size_t j = 0; j < walls[i]->n_rules; j++) {
			const struct rule *rule = &walls[i]->rules[j];
			bool holds = rule->holds(&f->seen);

			str_addf(out, "  %-4s %-24s %s\n", holds ? "ok" : "open", rule->id,
				 holds ? rule->good : rule->bad);
		}
	str_add(out, "use\n");
	for (size_t i = 0; f->has_stats && i < ARRAY_SIZE(numbers); i++) {
		if (number(f, i) == LIMIT_MAX)
			str_addf(out, "  %-16s max\n", numbers[i].name);
		else if (number(f, i) != LIMIT_UNSET)
			str_addf(out, "  %-16s %" PRIu64 "\n", numbers[i].name, number(f, i));
	}
	traffic_text(&f->traffic, out);
}

static void print_json(const struct facts *f, struct str *out)
{
	struct json_out j;

	json_start(&j, out, JSON_INDENT);
	json_open_object(&j, NULL);
	json_put_string(&j, "name", f->name);
	json_put_string(&j, "state", state_name(f->state.id));
	json_put_string(&j, "profile", f->state.profile);
	json_put_i64(&j, "pid", f->state.pid);
	json_put_i64(&j, "started", f->state.started);
	json_open_array(&j, "gates");
	for (size_t i = 0; i < f->asked.gates.n; i++)
		json_put_string(&j, NULL, f->asked.gates.item[i]);
	json_close(&j);
	json_open_array(&j, "findings");
	for (size_t i = 0; walls[i]; i++)
		for (size_t k = 0; k < walls[i]->n_rules; k++) {
			const struct rule *rule = &walls[i]->rules[k];
			bool holds = rule->holds(&f->seen);

			json_open_object(&j, NULL);
			json_put_string(&j, "id", rule->id);
			json_put_bool(&j, "holds", holds);
			json_put_string(&j, "text", holds ? rule->good : rule->bad);
			json_close(&j);
		}
	json_close(&j);
	json_open_object(&j, "use");
	for (size_t i = 0; f->has_stats && i < ARRAY_SIZE(numbers); i++)
		if (number(f, i) != LIMIT_UNSET && number(f, i) != LIMIT_MAX)
			json_put_u64(&j, numbers[i].name, number(f, i));
	json_close(&j);
	traffic_json(&f->seen, &f->traffic, &j);
	json_close(&j);
	json_finish(&j);
	str_add(out, "\n");
}

static int info(struct container *c, const char *name, void *into, struct err *e)
{
	struct facts *f = calloc(1, sizeof(*f));
	autostr out = { 0 };
	int ret;

	if (!f)
		return err_mem(e);
	ret = gather(c, name, f, e);
	if (ret == 0 && ((struct args *)into)->json)
		print_json(f, &out);
	else if (ret == 0)
		print_text(f, &out);
	spec_free(&f->seen);
	spec_free(&f->asked);
	free(f);
	container_lose(c);
	if (ret == 0 && cmd_print(&out) != CMD_OK)
		ret = err_msg(e, EIO, "the answer was not printed whole");
	return ret;
}

static int run(int argc, char **argv)
{
	struct args a = { 0 };

	return cmd_each_name(&cmd_info, argc, argv, &a, info);
}

const struct cmd cmd_info = {
	.name = "info",
	.args = "NAME...",
	.summary = "show a running container as the kernel shows it: walls, findings, use",
	.opts = opts,
	.run = run,
};
