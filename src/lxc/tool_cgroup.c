/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-cgroup, lxc-device and lxc-config: small knobs. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lxc/tool.h"

/* --- lxc-cgroup -------------------------------------------------------------------------------- */

static int cgroup_get(const struct tool_args *a, struct lxc_container *c, const char *file)
{
	int len = c->get_cgroup_item(c, file, NULL, 0);
	autofree char *text = len >= 0 ? calloc(1, (size_t)len + 1) : NULL;

	if (len >= 0 && !text)
		return tool_error(a, "no memory");
	if (len < 0 || c->get_cgroup_item(c, file, text, len + 1) < 0)
		return tool_failed(a, c, "the file of its cgroup cannot be read");
	fputs(text, stdout);
	if (!len || text[len - 1] != '\n')
		putchar('\n');
	return 0;
}

static int cgroup_run(void *args, int argc, char **argv)
{
	struct tool_args *a = args;
	autocontainer *c = NULL;

	if (argc < 1 || argc > 2)
		return tool_error(
			a, "write the file of the cgroup, memory.max say, and a value to set");
	c = tool_existing(a);
	if (!c)
		return 1;
	if (!c->is_running(c))
		return tool_error(a, "it is not running");
	if (argc == 1)
		return cgroup_get(a, c, argv[0]);
	if (!c->set_cgroup_item(c, argv[0], argv[1]))
		return tool_failed(a, c, "the file of its cgroup cannot be written");
	return 0;
}

const struct tool tool_cgroup = {
	.name = "lxc-cgroup",
	.operands = "FILE [VALUE]",
	.doc = "Read or write a file of a container's cgroups: a limit, or what it uses.",
	.size = sizeof(struct tool_args),
	.takes_name = true,
	.run = cgroup_run,
};

/* --- lxc-device -------------------------------------------------------------------------------- */

static bool device_do(struct lxc_container *c, bool add, const char *device, const char *target)
{
	/* A name without a slash that is an interface's. */
	bool interface = !strchr(device, '/') && (add ? if_nametoindex(device) != 0 : true);

	if (interface)
		return add ? c->attach_interface(c, device, target) :
			     c->detach_interface(c, device, target);
	return add ? c->add_device_node(c, device, target) :
		     c->remove_device_node(c, device, target);
}

static int device_run(void *args, int argc, char **argv)
{
	struct tool_args *a = args;
	autocontainer *c = NULL;
	bool add;

	if (argc < 2 || argc > 3 || (strcmp(argv[0], "add") && strcmp(argv[0], "del")))
		return tool_error(a,
				  "write add or del, and the device: /dev/fuse, or an interface");
	add = !strcmp(argv[0], "add");
	c = tool_existing(a);
	if (!c)
		return 1;
	if (!c->is_running(c))
		return tool_error(a, "it is not running");
	if (!device_do(c, add, argv[1], argc > 2 ? argv[2] : NULL))
		return tool_failed(a, c,
				   add ? "the device cannot be added" :
					 "the device cannot be removed");
	return 0;
}

const struct tool tool_device = {
	.name = "lxc-device",
	.operands = "add|del DEVICE [NAME-INSIDE]",
	.doc = "Give a running container a device node or a network interface, or take it back.",
	.size = sizeof(struct tool_args),
	.takes_name = true,
	.run = device_run,
};

/* --- lxc-config -------------------------------------------------------------------------------- */

static const char *const config_items[] = {
	"lxc.default_config", "lxc.lxcpath",	"lxc.bdev.lvm.vg",    "lxc.bdev.lvm.thin_pool",
	"lxc.bdev.zfs.root",  "lxc.cgroup.use", "lxc.cgroup.pattern",
};

struct config_args {
	struct tool_args common;
	bool list;
};

static const struct opt config_opts[] = { { .name = "list",
					    .letter = 'l',
					    .take = opt_true,
					    .at = offsetof(struct config_args, list),
					    .doc = "list the items" },
					  { 0 } };

static int config_list(const struct tool_args *a)
{
	autostr text = { 0 };
	struct json_out j;

	json_start(&j, &text, JSON_INDENT);
	if (a->json)
		json_open_object(&j, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(config_items); i++) {
		if (a->json)
			json_put_string(&j, config_items[i],
					lxc_get_global_config_item(config_items[i]));
		else
			str_addf(&text, "%s\n", config_items[i]);
	}
	if (!a->json)
		return tool_print(a, &text);
	json_close(&j);
	return tool_print_json(a, &j, &text);
}

/* The item that is written, or the only one that begins so. */
static const char *config_find(const char *word)
{
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(config_items); i++) {
		if (!strcmp(config_items[i], word))
			return config_items[i];
		if (str_starts(config_items[i], word)) {
			if (found)
				return NULL;
			found = config_items[i];
		}
	}
	return found;
}

static int config_run(void *args, int argc, char **argv)
{
	struct config_args *a = args;
	const char *item, *value;

	if (a->list || (a->common.json && argc == 0))
		return config_list(&a->common);
	if (argc != 1)
		return tool_error(&a->common, "write one item, or -l to list them");
	item = config_find(argv[0]);
	if (!item)
		return tool_error(&a->common, "Unknown configuration item: %s", argv[0]);
	value = lxc_get_global_config_item(item);
	if (value && *value)
		puts(value);
	else
		printf("%s is not set.\n", item);
	return 0;
}

const struct tool tool_config = {
	.name = "lxc-config",
	.operands = "ITEM",
	.doc = "Show what lxc.conf says, or its default.",
	.opts = config_opts,
	.size = sizeof(struct config_args),
	.lists = true,
	.run = config_run,
};
