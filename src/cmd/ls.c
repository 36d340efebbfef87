/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward ls: the containers that live or are defined. */
#include "base/fd.h"
#include "base/json.h"
#include "cmd/commands.h"
#include "store/state.h"
#include "watch/container.h"

struct args {
	bool json;
};

static const struct opt opts[] = {
	{ .name = "json", .take = opt_true, .at = offsetof(struct args, json), .doc = "print JSON" },
	{ 0 }
};

struct listing {
	struct container *c;
	struct str *out;
	struct json_out *json; /* NULL: a table */
};

static void show_json(const struct listing *l, const struct store_entry *entry,
		      const struct state *state, const char *status)
{
	json_open_object(l->json, NULL);
	json_put_string(l->json, "name", entry->name);
	json_put_string(l->json, "state", status);
	json_put_string(l->json, "profile", state->profile);
	json_put_i64(l->json, "pid", entry->running ? state->pid : 0);
	json_put_i64(l->json, "started", entry->running ? state->started : 0);
	json_put_bool(l->json, "defined", entry->defined);
	if (state->lxcpath[0])
		json_put_string(l->json, "lxcpath", state->lxcpath);
	json_close(l->json);
}

static int show(const struct store_entry *entry, void *ctx)
{
	struct listing *l = ctx;
	struct state state;
	struct err e = ERR_NONE;
	autoclose int dir = entry->running ? store_state_dir(&l->c->store, entry->name, &e) :
					     -EBADF;
	const char *status = "stopped";

	state_init(&state);
	if (dir >= 0 && state_read(dir, &state, &e) == 0)
		status = state_name(state.id);
	if (l->json)
		show_json(l, entry, &state, status);
	else
		str_addf(l->out, "%-24s %-9s %7d  %s%s%s\n", entry->name, status,
			 entry->running ? (int)state.pid : 0, state.profile,
			 state.lxcpath[0] ? "  of " : "", state.lxcpath);
	return 0;
}

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct args a = { 0 };
	struct err e = ERR_NONE;
	struct json_out json;
	autostr out = { 0 };
	struct listing l = { .c = &c, .out = &out, .json = NULL };
	int first, status, ret;

	if (!cmd_parse(&cmd_ls, argc, argv, &a, &first, &status))
		return status;
	ret = container_open(&c, &e);
	if (ret < 0)
		return cmd_fail(&e, CMD_FAILED);
	if (a.json) {
		l.json = &json;
		json_start(&json, &out, JSON_INDENT);
		json_open_array(&json, NULL);
	} else {
		str_addf(&out, "%-24s %-9s %7s  %s\n", "NAME", "STATE", "PID", "PROFILE");
	}
	ret = store_each(&c.store, show, &l, &e);
	if (a.json) {
		json_close(&json);
		json_finish(&json);
		str_add(&out, "\n");
	}
	container_close(&c);
	return ret < 0 ? cmd_fail(&e, CMD_FAILED) : cmd_print(&out);
}

const struct cmd cmd_ls = {
	.name = "ls",
	.args = "",
	.summary = "list containers",
	.opts = opts,
	.run = run,
};
