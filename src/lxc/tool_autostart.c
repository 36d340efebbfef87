/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-autostart: start or stop what is to run from boot to shutdown, in its order. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lxc/tool.h"

struct autostart_args {
	struct tool_args common;
	bool kill, list, reboot, shutdown, all, ignore_auto;
	const char *groups;
	int timeout;
};

#define AT(member) offsetof(struct autostart_args, member)

static const struct opt opts[] = {
	{ .name = "kill", .letter = 'k', .take = opt_true, .at = AT(kill), .doc = "kill them" },
	{ .name = "list",
	  .letter = 'L',
	  .take = opt_true,
	  .at = AT(list),
	  .doc = "only say which these are, and their delays" },
	{ .name = "reboot",
	  .letter = 'r',
	  .take = opt_true,
	  .at = AT(reboot),
	  .doc = "reboot them" },
	{ .name = "shutdown",
	  .letter = 's',
	  .take = opt_true,
	  .at = AT(shutdown),
	  .doc = "ask them to end, and kill them after the timeout" },
	{ .name = "all", .letter = 'a', .take = opt_true, .at = AT(all), .doc = "of every group" },
	{ .name = "ignore-auto",
	  .letter = 'A',
	  .take = opt_true,
	  .at = AT(ignore_auto),
	  .doc = "also those without lxc.start.auto" },
	{ .name = "groups",
	  .letter = 'g',
	  .arg = OPT_VALUE,
	  .metavar = "LIST",
	  .take = opt_text,
	  .at = AT(groups),
	  .doc = "those of these groups, with commas; an empty word: those of no group" },
	{ .name = "timeout",
	  .letter = 't',
	  .arg = OPT_VALUE,
	  .metavar = "SECONDS",
	  .take = tool_take_int,
	  .at = AT(timeout),
	  .doc = "until they are killed (60)" },
	{ 0 }
};

static const struct autostart_args defaults = { .timeout = 60 };

struct entry {
	struct lxc_container *c;
	int order, delay;
};

static int number(struct lxc_container *c, const char *key)
{
	autofree char *text = tool_item(c, key);
	int64_t value;

	return text && str_i64(text, INT32_MIN, INT32_MAX, &value) == 0 ? (int)value : 0;
}

/* Is `word` (n bytes) a line of the container's groups? The empty word: it has none. */
static bool in_group(const char *groups, const char *word, size_t n)
{
	if (!n)
		return !*groups;
	for (const char *p = groups; *p; p += *p != '\0') {
		size_t m = strcspn(p, "\n");

		if (m == n && !strncmp(p, word, n))
			return true;
		p += m;
	}
	return false;
}

static bool wanted_group(const struct autostart_args *a, struct lxc_container *c)
{
	autofree char *groups = tool_item(c, "lxc.group");
	const char *p = a->groups ? a->groups : "";

	if (a->all)
		return true;
	for (;;) {
		size_t n = strcspn(p, ",");

		if (groups && in_group(groups, p, n))
			return true;
		if (!p[n])
			return false;
		p += n + 1;
	}
}

static bool stops(const struct autostart_args *a)
{
	return a->kill || a->shutdown;
}

static bool wanted(const struct autostart_args *a, struct lxc_container *c)
{
	if (!a->ignore_auto && !number(c, "lxc.start.auto"))
		return false;
	/* What runs is stopped or rebooted; what does not, started. */
	return c->is_running(c) == (stops(a) || a->reboot) && wanted_group(a, c);
}

/* By lxc.start.order, then by name. */
static int before(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return strcmp(a->c->name, b->c->name);
}

/* Those that are wanted, in the order in which they are acted on; the others are released. */
static int collect(const struct autostart_args *a, struct entry **out)
{
	struct lxc_container **all = NULL;
	int n = list_defined_containers(a->common.paths.item[0], NULL, &all), kept = 0;

	*out = n > 0 ? calloc((size_t)n, sizeof(**out)) : NULL;
	for (int i = 0; i < n; i++) {
		if (*out && wanted(a, all[i]))
			(*out)[kept++] = (struct entry){ all[i], number(all[i], "lxc.start.order"),
							 number(all[i], "lxc.start.delay") };
		else
			lxc_container_put(all[i]);
	}
	free(all);
	if (kept)
		qsort(*out, (size_t)kept, sizeof(**out), before);
	for (int i = 0; stops(a) && i < kept / 2; i++) {
		struct entry other = (*out)[i];

		(*out)[i] = (*out)[kept - 1 - i];
		(*out)[kept - 1 - i] = other;
	}
	return n < 0 || (n > 0 && !*out) ? -1 : kept;
}

static bool act(const struct autostart_args *a, struct lxc_container *c)
{
	if (a->kill)
		return c->stop(c);
	if (a->shutdown)
		return c->shutdown(c, a->timeout) || c->stop(c);
	if (a->reboot)
		return c->reboot(c);
	c->want_daemonize(c, true);
	return c->start(c, 0, NULL);
}

static void print_entry(const struct autostart_args *a, const struct entry *e, struct json_out *j,
			struct str *out)
{
	if (a->common.json) {
		json_open_object(j, NULL);
		json_put_string(j, "name", e->c->name);
		json_put_i64(j, "delay", e->delay);
		json_close(j);
	} else if (stops(a)) {
		str_addf(out, "%s\n", e->c->name);
	} else {
		str_addf(out, "%s %d\n", e->c->name, e->delay);
	}
}

static int list(const struct autostart_args *a, const struct entry *all, int n)
{
	autostr text = { 0 };
	struct json_out j;

	json_start(&j, &text, JSON_INDENT);
	if (a->common.json)
		json_open_array(&j, NULL);
	for (int i = 0; i < n; i++)
		print_entry(a, &all[i], &j, &text);
	if (!a->common.json)
		return tool_print(&a->common, &text);
	json_close(&j);
	return tool_print_json(&a->common, &j, &text);
}

static int act_on_all(const struct autostart_args *a, const struct entry *all, int n)
{
	int failed = 0;

	for (int i = 0; i < n; i++) {
		if (!act(a, all[i].c)) {
			struct tool_args named = a->common;

			named.name = all[i].c->name;
			tool_failed(&named, all[i].c, "it could not be started or stopped");
			failed++;
		} else if (!stops(a) && all[i].delay > 0) {
			sleep((unsigned)all[i].delay);
		}
	}
	if (!failed)
		return 0;
	return failed == n ? 1 : 2;
}

static int autostart_run(void *args, int argc, char **argv)
{
	struct autostart_args *a = args;
	autofree struct entry *all = NULL;
	int n, status;

	(void)argc;
	(void)argv;
	if (a->kill + a->shutdown + a->reboot > 1)
		return tool_error(&a->common, "--kill, --shutdown and --reboot exclude each other");
	n = collect(a, &all);
	if (n < 0)
		return tool_error(&a->common, "the containers in %s cannot be listed",
				  a->common.paths.item[0]);
	status = a->list ? list(a, all, n) : act_on_all(a, all, n);
	for (int i = 0; i < n; i++)
		lxc_container_put(all[i].c);
	return status;
}

const struct tool tool_autostart = {
	.name = "lxc-autostart",
	.doc = "Start the containers that want to be started at boot, or stop them.",
	.opts = opts,
	.size = sizeof(struct autostart_args),
	.defaults = &defaults,
	.lists = true,
	.run = autostart_run,
};
