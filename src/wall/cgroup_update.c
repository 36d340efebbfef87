/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other limits for a container that runs. */
#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "wall/cgroup_layout.h"

static const struct cgroup_io *layout_of(const struct run *r, int limit, int *dir)
{
	enum cg_hierarchy h = cgroup_rows[limit].controller;
	bool v1 = h != CG_UNIFIED && r->cg.dir[h] >= 0;

	*dir = r->cg.dir[v1 ? h : CG_UNIFIED];
	return v1 ? &cgroup_v1[limit] : &cgroup_v2[limit];
}

/* v2 can have a controller added, if the cgroup above has it. v1 cannot: a directory would have to be
 * made in its hierarchy, and every process moved. */
static int v2_add(int dir, enum cg_hierarchy h, struct err *e)
{
	autoclose int above = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (cgroup_v2_controllers(dir, "cgroup.controllers") & CGROUP_BIT(h))
		return 0;
	if (above < 0 || !(cgroup_v2_controllers(above, "cgroup.controllers") & CGROUP_BIT(h)))
		return -EOPNOTSUPP;
	return cgroup_v2_enable(above, CGROUP_BIT(h), e);
}

static int update_prepare(const struct run *r, int limit, struct err *e)
{
	const char *key = cgroup_rows[limit].key;
	enum cg_hierarchy h = cgroup_rows[limit].controller;
	int dir, ret = 0;
	const struct cgroup_io *io = layout_of(r, limit, &dir);

	if (dir < 0 || !io->write)
		ret = -EOPNOTSUPP;
	else if (h != CG_UNIFIED && dir == r->cg.dir[CG_UNIFIED])
		ret = v2_add(dir, h, e);
	if (ret != -EOPNOTSUPP)
		return ret;
	err_msg(e, EOPNOTSUPP,
		"%s: %s cannot be enforced: the container was started without the %s controller",
		key_origin(r->spec, key), key, cgroup_word(h));
	return err_hint(e, "change its definition while it is stopped");
}

static int update_one(const struct run *r, int limit, struct err *e)
{
	const char *key = cgroup_rows[limit].key;
	int dir;
	const struct cgroup_io *io = layout_of(r, limit, &dir);
	int ret = io->write(dir, r->spec, e);

	return ret < 0 ? err_add(e, "%s: %s", key_origin(r->spec, key), key) : 0;
}

/* v1 keeps memory <= memory and swap together at every moment: which of the two has to be written
 * first depends on the direction. */
static int update_memory(const struct run *r, struct err *e)
{
	int ret = update_one(r, LIMIT_MEMORY, e);

	if (ret == 0)
		return update_one(r, LIMIT_SWAP, e);
	if (ret != -EINVAL)
		return ret;
	ret = update_one(r, LIMIT_SWAP, e);
	return ret < 0 ? ret : update_one(r, LIMIT_MEMORY, e);
}

static int read_back(const struct run *r, int limit, struct err *e)
{
	const struct key *k = key_find(cgroup_rows[limit].key, NULL);
	int dir, ret = 0;
	const struct cgroup_io *io = layout_of(r, limit, &dir);
	struct spec seen;

	if (!io->read || !(k->flags & KEY_SEEN) || (limit == LIMIT_SWAP && !cgroup_counts_swap()))
		return 0;
	spec_init(&seen);
	/* What the kernel shows as no limit at all is left as it is. */
	k->type->set(k, (char *)&seen + k->at, "max", e);
	io->read(dir, &seen);
	if (!key_equal(k, r->spec, &seen))
		ret = err_msg(e, EPROTO, "%s is not what was asked for", k->name);
	spec_free(&seen);
	return ret;
}

int cgroup_update(struct run *r, const struct list *keys, struct err *e)
{
	bool memory = list_has(keys, "memory.max") || list_has(keys, "memory.swap");
	int ret = 0;

	for (int i = 0; i < LIMIT_KINDS && ret == 0; i++)
		if (list_has(keys, cgroup_rows[i].key))
			ret = update_prepare(r, i, e);
	if (ret == 0 && memory)
		ret = update_memory(r, e);
	for (int i = 0; i < LIMIT_KINDS && ret == 0; i++) {
		bool wanted = list_has(keys, cgroup_rows[i].key);

		if (wanted && i != LIMIT_MEMORY && i != LIMIT_SWAP)
			ret = update_one(r, i, e);
		if (wanted && ret == 0)
			ret = read_back(r, i, e);
	}
	if (ret == 0)
		*e = ERR_NONE;
	return ret < 0 ? err_add(e, "cgroup") : 0;
}
