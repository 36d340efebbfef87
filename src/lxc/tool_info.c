/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-info: what a container is and uses. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lxc/tool.h"
#include "lxc/tool_stats.h"

struct info_args {
	struct tool_args common;
	struct list keys;
	bool ips, pid, state, stats, raw;
};

#define AT(member) offsetof(struct info_args, member)

static const struct opt opts[] = {
	{ .name = "config",
	  .letter = 'c',
	  .arg = OPT_VALUE,
	  .metavar = "KEY",
	  .take = tool_take_list,
	  .at = AT(keys),
	  .doc = "show this key of the configuration" },
	{ .name = "ips",
	  .letter = 'i',
	  .take = opt_true,
	  .at = AT(ips),
	  .doc = "show the addresses" },
	{ .name = "pid",
	  .letter = 'p',
	  .take = opt_true,
	  .at = AT(pid),
	  .doc = "show the process id of init" },
	{ .name = "state",
	  .letter = 's',
	  .take = opt_true,
	  .at = AT(state),
	  .doc = "show the state" },
	{ .name = "stats",
	  .letter = 'S',
	  .take = opt_true,
	  .at = AT(stats),
	  .doc = "show what it uses" },
	{ .name = "no-humanize",
	  .letter = 'H',
	  .take = opt_true,
	  .at = AT(raw),
	  .doc = "plain numbers; with one thing asked for, its value alone" },
	{ 0 }
};

/* What is printed: lines for people, a value alone for scripts, or members of a JSON object. */
struct info {
	const struct info_args *args;
	struct lxc_container *c;
	bool value_only;
	struct str text;
	struct json_out *json;
};

static void line(struct info *i, const char *label, const char *value)
{
	if (i->value_only)
		str_addf(&i->text, "%s\n", value);
	else
		str_addf(&i->text, "%-15s %s\n", label, value);
}

static void line_size(struct info *i, const char *label, const char *member, uint64_t bytes)
{
	autostr value = { 0 };

	if (i->json) {
		json_put_u64(i->json, member, bytes);
		return;
	}
	if (i->args->raw)
		str_addf(&value, "%llu", (unsigned long long)bytes);
	else
		tool_size(bytes, &value);
	line(i, label, str_text(&value));
}

static void show_pid(struct info *i)
{
	pid_t pid = i->c->init_pid(i->c);
	char text[16];

	if (pid < 0)
		return;
	snprintf(text, sizeof(text), "%d", pid);
	if (i->json)
		json_put_i64(i->json, "pid", pid);
	else
		line(i, "PID:", text);
}

static void show_state(struct info *i)
{
	if (i->json)
		json_put_string(i->json, "state", i->c->state(i->c));
	else
		line(i, "State:", i->c->state(i->c));
}

static void show_ips(struct info *i)
{
	char **ips = i->c->get_ips(i->c, NULL, NULL, 0);

	if (i->json)
		json_open_array(i->json, "ips");
	for (char **ip = ips; ip && *ip; ip++) {
		if (i->json)
			json_put_string(i->json, NULL, *ip);
		else
			line(i, "IP:", *ip);
		free(*ip);
	}
	if (i->json)
		json_close(i->json);
	free(ips);
}

/* --- what it uses ---------------------------------------------------------------------------- */

static uint64_t counter(const char *link, const char *file)
{
	autostr path = { 0 }, text = { 0 };
	uint64_t value;

	str_addf(&path, "/sys/class/net/%s/statistics/%s", link, file);
	if (path.failed || file_read(AT_FDCWD, str_text(&path), 64, &text) < 0)
		return 0;
	return tool_stat_word(str_text(&text), "", &value) ? value : 0;
}

/* The host's end of a device: what it receives, the container has sent. */
static void show_link(struct info *i, const char *link)
{
	uint64_t sent = counter(link, "rx_bytes"), received = counter(link, "tx_bytes");

	if (i->json) {
		json_open_object(i->json, NULL);
		json_put_string(i->json, "name", link);
	} else {
		line(i, "Link:", link);
	}
	line_size(i, " TX bytes:", "tx_bytes", sent);
	line_size(i, " RX bytes:", "rx_bytes", received);
	if (i->json)
		json_close(i->json);
	else
		line_size(i, " Total bytes:", NULL, sent + received);
}

static const char *link_key(const char *type)
{
	if (!strcmp(type, "veth"))
		return "veth.pair";
	return strcmp(type, "empty") && strcmp(type, "none") ? "link" : NULL;
}

static void show_links(struct info *i)
{
	if (i->json)
		json_open_array(i->json, "links");
	for (int n = 0;; n++) {
		char key[64];
		autofree char *type = NULL, *link = NULL;

		snprintf(key, sizeof(key), "lxc.net.%d.type", n);
		type = i->c->get_running_config_item(i->c, key);
		if (!type || !*type)
			break;
		if (!link_key(type))
			continue;
		snprintf(key, sizeof(key), "lxc.net.%d.%s", n, link_key(type));
		link = i->c->get_running_config_item(i->c, key);
		if (link && *link && !strchr(link, '/'))
			show_link(i, link);
	}
	if (i->json)
		json_close(i->json);
}

static void show_cpu(struct info *i, uint64_t nanos)
{
	char text[64];

	if (i->json) {
		json_put_u64(i->json, "cpu_nanoseconds", nanos);
		return;
	}
	if (i->args->raw)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)nanos);
	else
		snprintf(text, sizeof(text), "%.2f seconds", (double)nanos / 1e9);
	line(i, "CPU use:", text);
}

static void show_stats(struct info *i)
{
	struct tool_stats s;

	tool_stats(i->c, &s);
	if (s.has_cpu)
		show_cpu(i, s.cpu_nanos);
	if (s.has_blkio)
		line_size(i, "BlkIO use:", "blkio_bytes", s.blkio_bytes);
	if (s.has_memory)
		line_size(i, "Memory use:", "memory_bytes", s.memory);
	if (s.has_kmem)
		line_size(i, "KMem use:", "kernel_memory_bytes", s.kmem);
	show_links(i);
}

static int show_key(struct info *i, const char *key)
{
	autofree char *value = NULL;

	if (i->c->get_config_item(i->c, key, NULL, 0) < 0)
		return tool_error(&i->args->common, "%s is not a key, or has no value", key);
	value = tool_item(i->c, key);
	if (!value)
		return tool_error(&i->args->common, "no memory");
	if (i->json)
		json_put_string(i->json, key, value);
	else if (i->value_only)
		str_addf(&i->text, "%s\n", value);
	else
		str_addf(&i->text, "%s = %s\n", key, value);
	return 0;
}

static int show_keys(struct info *i)
{
	int status = 0;

	if (i->json)
		json_open_object(i->json, "config");
	for (size_t k = 0; k < i->args->keys.n && status == 0; k++)
		status = show_key(i, i->args->keys.item[k]);
	if (i->json)
		json_close(i->json);
	return status;
}

/* --- all together ------------------------------------------------------------------------------ */

static int show(struct info *i)
{
	const struct info_args *a = i->args;
	size_t asked = (size_t)a->ips + a->pid + a->state + a->stats + a->keys.n;
	bool running = i->c->is_running(i->c);

	i->value_only = a->raw && asked == 1 && !a->stats;
	if (i->json)
		json_put_string(i->json, "name", i->c->name);
	else if (!asked)
		line(i, "Name:", i->c->name);
	if (!asked || a->state)
		show_state(i);
	if (running && (!asked || a->pid))
		show_pid(i);
	if (running && (!asked || a->ips))
		show_ips(i);
	if (running && (!asked || a->stats))
		show_stats(i);
	return a->keys.n ? show_keys(i) : 0;
}

static int info_run(void *args, int argc, char **argv)
{
	struct info_args *a = args;
	autocontainer *c = tool_container(&a->common);
	struct info i = { .args = a, .c = c };
	struct json_out json;
	int status;

	(void)argc;
	(void)argv;
	if (!c)
		return 1;
	if (!c->is_defined(c) && !c->is_running(c))
		return tool_error(&a->common, "%s doesn't exist", a->common.name);
	if (a->common.json) {
		json_start(&json, &i.text, JSON_INDENT);
		json_open_object(&json, NULL);
		i.json = &json;
	}
	status = show(&i);
	if (i.json)
		json_close(&json);
	if (status == 0)
		status = i.json ? tool_print_json(&a->common, &json, &i.text) :
				  tool_print(&a->common, &i.text);
	str_free(&i.text);
	return status;
}

const struct tool tool_info = {
	.name = "lxc-info",
	.doc = "Show a container's state, process, addresses and what it uses.",
	.opts = opts,
	.size = sizeof(struct info_args),
	.takes_name = true,
	.lists = true,
	.run = info_run,
};
