/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the container's cgroup that have no key of their own, written as they stand: the way of
 * LXC's configuration, lxc.cgroup.FILE and lxc.cgroup2.FILE. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wall/cgroup_layout.h"

struct raw {
	bool v2;
	char file[96];
	const char *value;
};

/* Not limits, but ways to move processes, and to have the kernel run programs on the host. */
static const char *const refused[] = {
	"cgroup.procs", "cgroup.threads",	  "tasks",	       "cgroup.type",
	"cgroup.kill",	"cgroup.subtree_control", "release_agent",     "notify_on_release",
	"cgroup.clone_children",
};

/* "v1|v2 FILE VALUE" */
static int raw_parse(const char *text, struct raw *raw)
{
	size_t n;

	if (!str_starts(text, "v1 ") && !str_starts(text, "v2 "))
		return -EINVAL;
	raw->v2 = text[1] == '2';
	text += 3;
	n = strcspn(text, " ");
	if (!n || n >= sizeof(raw->file) || text[n] != ' ' || !text[n + 1])
		return -EINVAL;
	memcpy(raw->file, text, n);
	raw->file[n] = '\0';
	raw->value = text + n + 1;
	return strchr(raw->file, '/') || !strchr(raw->file, '.') ? -EINVAL : 0;
}

/* The controller is the file's name up to its first dot. CG_HIERARCHIES: none that is known. */
static enum cg_hierarchy raw_controller(const struct raw *raw)
{
	size_t n = strcspn(raw->file, ".");

	for (int h = CG_UNIFIED + 1; h < CG_HIERARCHIES; h++)
		if (strlen(cgroup_word(h)) == n && !strncmp(cgroup_word(h), raw->file, n))
			return h;
	/* The one that has another name on each side. */
	return !strncmp(raw->file, raw->v2 ? "io." : "blkio.", raw->v2 ? 3 : 6) ? CG_BLKIO :
										  CG_HIERARCHIES;
}

static int raw_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct raw raw;

	if (raw_parse(value, &raw) < 0 || str_has_control(value))
		return err_msg(e, EINVAL, "'%s' is not v1 or v2, a file of a cgroup and its value",
			       value);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (!strcmp(raw.file, refused[i]))
			return err_msg(e, EINVAL, "%s is no limit, and not for setting", raw.file);
	return key_list.set(k, field, value, e);
}

static void raw_get(const struct key *k, const void *field, struct str *out)
{
	key_list.get(k, field, out);
}

static void raw_clear(const struct key *k, void *field)
{
	key_list.clear(k, field);
}

const struct key_type key_cgroup_raw = {
	.name = "list of files", .many = true, .set = raw_set, .get = raw_get, .clear = raw_clear
};

unsigned cgroup_raw_controllers(const struct spec *s)
{
	unsigned mask = 0;

	for (size_t i = 0; i < s->cgroup.raw.n; i++) {
		struct raw raw;

		if (raw_parse(s->cgroup.raw.item[i], &raw) == 0 &&
		    raw_controller(&raw) != CG_HIERARCHIES)
			mask |= CGROUP_BIT(raw_controller(&raw));
	}
	return mask;
}

static int raw_write(const struct run *r, const struct raw *raw, struct err *e)
{
	enum cg_hierarchy h = raw->v2 ? CG_UNIFIED : raw_controller(raw);

	if (h == CG_HIERARCHIES || r->cg.dir[h] < 0)
		return err_msg(e, EOPNOTSUPP, "there is no cgroup %s with %s on this machine",
			       raw->v2 ? "v2" : "v1", raw->file);
	return cgroup_write(r->cg.dir[h], e, raw->file, "%s", raw->value);
}

int cgroup_raw_write(const struct run *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < r->spec->cgroup.raw.n && ret == 0; i++) {
		struct raw raw;

		ret = raw_parse(r->spec->cgroup.raw.item[i], &raw);
		if (ret == 0)
			ret = raw_write(r, &raw, e);
		if (ret < 0)
			err_add(e, "%s: cgroup.raw", key_origin(r->spec, "cgroup.raw"));
	}
	return ret;
}
