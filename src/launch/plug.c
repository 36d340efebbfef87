/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/plug.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "launch/attach.h"
#include "store/state.h"
#include "wall/cgroup.h"
#include "wall/dev.h"
#include "wall/device.h"

static int look_at_node(const char *path, struct stat *st, struct err *e)
{
	if (!str_starts(path, "/dev/") || !path[strlen("/dev/")])
		return err_msg(e, EINVAL, "'%.128s' is not a device below /dev", path);
	if (stat(path, st) < 0)
		return err_sys(e, "look at %s of the host", path);
	if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode))
		return err_msg(e, ENODEV, "%s is not a device", path);
	return 0;
}

/* The node first: without its rule it cannot be opened. */
static int plug(struct run *r, const char *path, const struct stat *st,
		const struct device_rule *rule, uint64_t number, struct err *e)
{
	struct err ignored = ERR_NONE;
	int made = dev_plug(r, path, st, number, e);
	int ret = made < 0 ? made : device_change(&r->cg, rule, true, e);

	if (ret < 0 && made == 0)
		dev_unplug(r, path, st, number, &ignored);
	return ret;
}

/* The rule first: whatever became of the node, it cannot be opened then. */
static int unplug(struct run *r, const char *path, const struct stat *st,
		  const struct device_rule *rule, uint64_t number, struct err *e)
{
	int ret = device_change(&r->cg, rule, false, e);

	return ret < 0 ? ret : dev_unplug(r, path, st, number, e);
}

int plug_device(struct run *r, const char *path, bool add, struct err *e)
{
	struct device_rule rule = { .read = true, .write = true };
	struct state state;
	struct stat st;
	int ret;

	if (!r->host->privileged)
		return err_msg(
			e, EPERM,
			"only root can change the devices of a running container: an ordinary "
			"user has no device rules (--set dev.node=PATH gives one at the start)");
	ret = look_at_node(path, &st, e);
	if (ret == 0)
		ret = state_read(r->claim.dir, &state, e);
	if (ret == 0)
		ret = attach_ids(r, e);
	if (ret == 0)
		ret = attach_root(r, e);
	if (ret == 0)
		ret = cgroup_reopen(r, r->spec->name, e);
	if (ret < 0)
		return ret;
	rule.type = S_ISCHR(st.st_mode) ? DEVICE_CHAR : DEVICE_BLOCK;
	rule.major = (int64_t)major(st.st_rdev);
	rule.minor = (int64_t)minor(st.st_rdev);
	ret = (add ? plug : unplug)(r, path, &st, &rule, state.dev, e);
	cgroup_close(&r->cg);
	return ret;
}
