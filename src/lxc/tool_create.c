/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-create and lxc-destroy. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lxc/tool.h"

/* --- lxc-create ---------------------------------------------------------------------------------- */

struct create_args {
	struct tool_args common;
	const char *config, *template, *backend;
	struct bdev_specs specs;
	uint64_t size;
};

#define AT(member) offsetof(struct create_args, member)
#define TEXT(name_, letter_, metavar_, member, doc_)                                               \
	{                                                                                          \
		.name = name_, .letter = letter_, .arg = OPT_VALUE, .metavar = metavar_,           \
		.take = opt_text, .at = AT(member), .doc = doc_                                    \
	}

/* "10G": a number and a unit, megabytes when there is none. */
static int take_size(const struct opt *o, const char *value, void *into, struct err *e)
{
	static const char units[] = "bkmgt";
	size_t digits = strspn(value, "0123456789");
	autofree char *number = strndup(value, digits);
	const char *unit = value[digits] ? strchr(units, tolower((unsigned char)value[digits])) :
					   strchr(units, 'm');
	uint64_t size;

	if (!number)
		return err_mem(e);
	if (!unit || (value[digits] && value[digits + 1]) ||
	    str_u64(number, 10, 1, 1 << 30, &size) < 0)
		return err_msg(e, EINVAL, "'%.32s' is not a size; write 500M, 10G", value);
	*(uint64_t *)((char *)into + o->at) = size << (10 * (unit - units));
	return 0;
}

static const struct opt create_opts[] = {
	TEXT("config", 'f', "FILE", config, "configuration to begin with, instead of default.conf"),
	TEXT("template", 't', "TEMPLATE", template,
	     "what fills the root: busybox, debian, local, download ..., a path, or none"),
	TEXT("bdev", 'B', "BACKEND", backend, "where the root is kept: dir, overlay, loop, best"),
	TEXT("dir", 0, "PATH", specs.dir, "directory of the root, for the backend dir"),
	TEXT("fstype", 0, "TYPE", specs.fstype, "file system of backends that make one (ext4)"),
	{ .name = "fssize",
	  .arg = OPT_VALUE,
	  .metavar = "SIZE",
	  .take = take_size,
	  .at = AT(size),
	  .doc = "size of the root's file system: a limit that the container cannot pass" },
	TEXT("lvname", 0, "NAME", specs.lvm.lv, "logical volume, for the backend lvm"),
	TEXT("vgname", 0, "NAME", specs.lvm.vg, "volume group, for the backend lvm"),
	TEXT("thinpool", 0, "NAME", specs.lvm.thinpool, "thin pool, for the backend lvm"),
	TEXT("zfsroot", 0, "PATH", specs.zfs.zfsroot, "data set, for the backend zfs"),
	TEXT("rbdname", 0, "NAME", specs.rbd.rbdname, "block device, for the backend rbd"),
	TEXT("rbdpool", 0, "NAME", specs.rbd.rbdpool, "pool, for the backend rbd"),
	TEXT("rbduser", 0, "NAME", specs.rbd.rbduser, "user, for the backend rbd"),
	{ 0 }
};

/* The caller's own file, else the default configuration, which may be missing. */
static int load_base(const struct create_args *a, struct lxc_container *c)
{
	const char *file = a->config ? a->config : lxc_get_global_config_item("lxc.default_config");

	if (!file || !*file || (!a->config && access(file, R_OK) < 0))
		return 0;
	if (c->load_config(c, file))
		return 0;
	return tool_failed(&a->common, c, "the configuration cannot be loaded");
}

static int create_run(void *args, int argc, char **argv)
{
	struct create_args *a = args;
	autocontainer *c = NULL;
	bool none;

	(void)argc;
	if (!a->template)
		return tool_error(&a->common,
				  "A template must be specified; --template=none for an "
				  "empty root");
	none = !strcmp(a->template, "none");
	a->specs.fssize = a->size;
	c = tool_container(&a->common);
	if (!c)
		return 1;
	if (c->is_defined(c))
		return tool_error(&a->common, "Container already exists");
	if (load_base(a, c))
		return 1;
	if (!c->create(c, none ? NULL : a->template, a->backend ? a->backend : "dir", &a->specs, 0,
		       argv))
		return tool_failed(&a->common, c, "it cannot be created");
	return 0;
}

const struct tool tool_create = {
	.name = "lxc-create",
	.operands = "[-- TEMPLATE-OPTIONS...]",
	.doc = "Create a container from a template.",
	.opts = create_opts,
	.size = sizeof(struct create_args),
	.takes_name = true,
	.run = create_run,
};

/* --- lxc-destroy ----------------------------------------------------------------------------------- */

struct destroy_args {
	struct tool_args common;
	bool force, snapshots;
};

static const struct opt destroy_opts[] = {
	{ .name = "force",
	  .letter = 'f',
	  .take = opt_true,
	  .at = offsetof(struct destroy_args, force),
	  .doc = "kill it first when it runs" },
	{ .name = "snapshots",
	  .letter = 's',
	  .take = opt_true,
	  .at = offsetof(struct destroy_args, snapshots),
	  .doc = "remove its snapshots too" },
	{ .name = "rcfile",
	  .letter = 0,
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = opt_text,
	  .at = offsetof(struct destroy_args, common.rcfile),
	  .doc = "configuration to load instead of the container's" },
	{ 0 }
};

static int destroy_run(void *args, int argc, char **argv)
{
	struct destroy_args *a = args;
	autocontainer *c = tool_container(&a->common);
	bool done;

	(void)argc;
	(void)argv;
	if (!c)
		return 1;
	if (!c->is_defined(c))
		return tool_error(&a->common, "Container is not defined");
	if (c->is_running(c)) {
		if (!a->force)
			return tool_error(&a->common, "%s is running; --force kills it first",
					  a->common.name);
		if (!c->stop(c))
			return tool_failed(&a->common, c, "it cannot be stopped");
	}
	done = a->snapshots ? c->destroy_with_snapshots(c) : c->destroy(c);
	return done ? 0 : tool_failed(&a->common, c, "it cannot be destroyed");
}

const struct tool tool_destroy = {
	.name = "lxc-destroy",
	.doc = "Remove a container and its files.",
	.opts = destroy_opts,
	.size = sizeof(struct destroy_args),
	.takes_name = true,
	.run = destroy_run,
};
