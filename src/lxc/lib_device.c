/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device nodes of a running container. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "launch/host.h"
#include "launch/plug.h"
#include "lxc/lib_child.h"
#include "lxc/name.h"
#include "watch/container.h"

struct change {
	struct lxc_container *c;
	const char *source, *target;
	bool add;
};

/* LXC's own containers: a node where its root leads to, and a line for the v1 list. */
static int change_foreign(const struct change *ch, struct err *e)
{
	const char *slash = strrchr(ch->target, '/');
	autofree char *above = slash ? strndup(ch->target, (size_t)(slash - ch->target)) : NULL;
	autoclose int root = -EBADF, dir = -EBADF;
	char path[64], rule[64];
	struct stat st;

	if (!slash || stat(ch->source, &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		return err_msg(e, EINVAL, "%s is not a device", ch->source);
	snprintf(path, sizeof(path), "/proc/%d/root", (int)lib_init_pid(ch->c));
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	dir = root < 0 ?
		      -EBADF :
		      path_open(root, *above ? above : "/", O_PATH | O_DIRECTORY, 0, PATH_FOLLOW);
	if (dir < 0)
		return err_msg(e, ENOENT, "the container has no directory for %s", ch->target);
	umask(0);
	if (ch->add && mknodat(dir, slash + 1, (st.st_mode & S_IFMT) | 0666, st.st_rdev) < 0)
		return err_sys(e, "make %s in the container", ch->target);
	if (!ch->add && unlinkat(dir, slash + 1, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s in the container", ch->target);
	snprintf(rule, sizeof(rule), "%c %u:%u rwm", S_ISCHR(st.st_mode) ? 'c' : 'b',
		 major(st.st_rdev), minor(st.st_rdev));
	if (!ch->c->set_cgroup_item(ch->c, ch->add ? "devices.allow" : "devices.deny", rule))
		return err_msg(e, EPERM, "%s", ch->c->error_string);
	return 0;
}

static int work(void *context, struct str *out, struct err *e)
{
	const struct change *ch = context;
	autofree char *name = lxc_store_name(ch->c->config_path, ch->c->name);
	static struct container c;
	static struct spec s;
	int ret;

	(void)out;
	spec_init(&s);
	ret = host_look(&c.host, e);
	if (ret == 0)
		ret = store_open(&c.store, e);
	if (ret == 0)
		ret = container_find(&c, name ? name : "", &s, e);
	if (ret == -ESRCH) {
		*e = ERR_NONE;
		return change_foreign(ch, e);
	}
	if (ret == 0 && strcmp(ch->source, ch->target))
		ret = err_msg(e, EINVAL, "a node keeps its name: %s cannot become %s", ch->source,
			      ch->target);
	return ret < 0 ? ret : plug_device(&c.run, ch->source, ch->add, e);
}

static bool change(struct lxc_container *c, const char *source, const char *target, bool add)
{
	struct change ch = { c, source, target ? target : source, add };
	struct err e = ERR_NONE;

	if (!source || lib_state(c) <= LXC_STOPPED)
		err_msg(&e, source ? ESRCH : EINVAL,
			"container %s: a device, and a container that runs, are needed", c->name);
	else if (lib_in_child(work, &ch, NULL, &e) == 0)
		return true;
	return lib_fail(c, &e);
}

static bool add_device_node(struct lxc_container *c, const char *src_path, const char *dest_path)
{
	return change(c, src_path, dest_path, true);
}

static bool remove_device_node(struct lxc_container *c, const char *src_path, const char *dest_path)
{
	return change(c, src_path, dest_path, false);
}

void lib_device_members(struct lxc_container *c)
{
	c->add_device_node = add_device_node;
	c->remove_device_node = remove_device_node;
}
