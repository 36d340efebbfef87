/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a container's cgroup, and taking it away again. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "wall/cgroup_layout.h"

/* --- the limits ------------------------------------------------------------------------------ */

/* Controllers for which the spec sets something. */
static unsigned limits_asked(const struct spec *s)
{
	unsigned mask = cgroup_raw_controllers(s);

	for (int i = 0; i < LIMIT_KINDS; i++)
		if (cgroup_rows[i].asked(s))
			mask |= CGROUP_BIT(cgroup_rows[i].controller);
	return mask;
}

static bool is_optional(const struct spec *s)
{
	return list_has(&s->optional, "cgroup");
}

/* A limit that cannot be had: an error, or one line of warning where the user allowed it. */
static int limit_missing(const struct spec *s, const char *key, struct err *e)
{
	err_add(e, "%s: %s cannot be enforced", key_origin(s, key), key);
	if (!is_optional(s))
		return err_hint(e, "drop the limit, or set optional=cgroup");
	log_warn("cgroup: %s", e->text);
	return 0;
}

/* Before anything is made: is there a controller for everything that is asked? */
static int limits_check(const struct spec *s, const struct cgroup_layout *l, struct err *e)
{
	for (int i = 0; i < LIMIT_KINDS; i++) {
		enum cg_hierarchy h = cgroup_rows[i].controller;
		int ret;

		if (!cgroup_rows[i].asked(s) || l->base[h] >= 0 || l->v2 & CGROUP_BIT(h))
			continue;
		/* v1 knows no bound of the delegated subtree: a profile's gives way, a wish does not. */
		if (i == LIMIT_TREE && !wall_asked(s, "cgroup.max_descendants") &&
		    !wall_asked(s, "cgroup.max_depth"))
			continue;
		err_msg(e, EOPNOTSUPP, "no %s controller in any cgroup hierarchy we may use",
			cgroup_word(h));
		err_hint(e,
			 "have it enabled (kernel: cgroup_enable=%s; a user's service manager: "
			 "Delegate=%s)",
			 cgroup_word(h), cgroup_word(h));
		ret = limit_missing(s, cgroup_rows[i].key, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int limit_write(const struct run *r, const struct cgroup_layout *l, int i, struct err *e)
{
	enum cg_hierarchy h = cgroup_rows[i].controller;
	bool v1 = h != CG_UNIFIED && r->cg.dir[h] >= 0;
	const struct cgroup_io *io = v1 ? &cgroup_v1[i] : &cgroup_v2[i];
	int dir = r->cg.dir[v1 ? h : CG_UNIFIED];
	int ret;

	/* Reported by limits_check(). */
	if (!v1 && h != CG_UNIFIED && !(l->v2 & CGROUP_BIT(h)))
		return 0;
	if (dir < 0)
		return 0;
	ret = io->write ? io->write(dir, r->spec, e) :
			  err_msg(e, EOPNOTSUPP,
				  "cgroup v1, which has the %s controller here, has "
				  "no such limit",
				  cgroup_word(h));
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		return limit_missing(r->spec, cgroup_rows[i].key, e);
	if (ret < 0)
		err_add(e, "%s: %s", key_origin(r->spec, cgroup_rows[i].key), cgroup_rows[i].key);
	return ret;
}

/* --- steps: monitor ------------------------------------------------------------------------ */

/* The usual cases by what is mounted at the top: cgroup v2 itself, or a tmpfs with hierarchies in
 * it, all root's. False: look closely. */
static bool look_root(struct host *h)
{
	struct statfs fs;

	if (!h->privileged || statfs("/sys/fs/cgroup", &fs) < 0)
		return false;
	h->cgroup_v2_only = fs.f_type == CGROUP2_SUPER_MAGIC;
	h->cgroup_usable = h->cgroup_v2_only || (statfs("/sys/fs/cgroup/pids", &fs) == 0 &&
						 fs.f_type == CGROUP_SUPER_MAGIC);
	return h->cgroup_usable && access("/sys/fs/cgroup", X_OK) == 0 &&
	       access(h->cgroup_v2_only ? "/sys/fs/cgroup/cgroup.procs" :
					  "/sys/fs/cgroup/pids/tasks",
		      W_OK) == 0;
}

void cgroup_look(struct host *h)
{
	static const enum cg_hierarchy order[] = { CG_UNIFIED, CG_PIDS, CG_MEMORY };
	struct cgroup_layout l;
	autoclose int pids = -EBADF, memory = -EBADF, v2 = -EBADF;

	if (look_root(h))
		return;
	pids = cgroup_mount_open(CG_PIDS);
	memory = cgroup_mount_open(CG_MEMORY);
	v2 = cgroup_mount_open(CG_UNIFIED);
	h->cgroup_v2_only = v2 >= 0 && pids < 0 && memory < 0;
	h->cgroup_usable = false;
	for (size_t i = 0; i < ARRAY_SIZE(order) && !h->cgroup_usable; i++) {
		cgroup_layout_open(&l, CGROUP_BIT(order[i]), NULL);
		h->cgroup_usable = l.base[order[i]] >= 0;
		cgroup_layout_close(&l);
	}
}

const char *cgroup_missing(const struct host *h)
{
	if (h->cgroup_usable)
		return NULL;
	if (h->privileged)
		return "no cgroup file system can be written below /sys/fs/cgroup: no limits, and "
		       "devices cannot be filtered; mount cgroup2 there";
	if (h->cgroup_v2_only)
		return "no cgroup was delegated to this user: memory, processes and CPU time are "
		       "not limited; start it with `systemd-run --user --scope -p Delegate=yes`";
	return "this host has cgroup v1, which is not delegated to users: memory, processes and CPU "
	       "time are not limited; run as root, or boot with systemd.unified_cgroup_hierarchy=1";
}

/* Only what is needed: each directory costs, the memory controller's most. */
static unsigned hierarchies_needed(const struct run *r)
{
	unsigned mask = limits_asked(r->spec) | CGROUP_BIT(CG_UNIFIED) | CGROUP_BIT(CG_FREEZER) |
			CGROUP_BIT(CG_CPUACCT);

	/* v1 device rules are for CAP_SYS_ADMIN only; see wall/device.c. */
	if (r->host->privileged)
		mask |= CGROUP_BIT(CG_DEVICES);
	if (r->spec->cgroup.delegate)
		mask |= CGROUP_BIT(CG_SYSTEMD);
	/* LXC's tools show the memory of every container. */
	if (r->lxcpath)
		mask |= CGROUP_BIT(CG_MEMORY);
	return mask;
}

/* Controllers that v2 must pass on to the container's directory. */
static unsigned controllers_needed(const struct run *r, const struct cgroup_layout *l)
{
	unsigned mask = limits_asked(r->spec);

	if (r->spec->cgroup.delegate)
		mask |= CGROUP_BIT(CG_PIDS) | CGROUP_BIT(CG_MEMORY) | CGROUP_BIT(CG_CPU);
	for (int h = CG_UNIFIED + 1; h < CG_HIERARCHIES; h++)
		if (l->base[h] >= 0)
			mask &= ~CGROUP_BIT(h);
	return mask & l->v2;
}

/* What every directory above the container's needs: v2 controllers, v1 CPUs and memory nodes. */
static int pass_on(const struct run *r, const struct cgroup_layout *l, enum cg_hierarchy h, int dir,
		   int child, struct err *e)
{
	if (h == CG_UNIFIED)
		return cgroup_v2_enable(dir, controllers_needed(r, l), e);
	if (h == CG_CPUSET && child >= 0)
		return cgroup_v1_cpuset_inherit(dir, child, e);
	return 0;
}

/* One step down the path of cgroup.parent: *at becomes `word` below it, made when missing. */
static int parent_step(struct run *r, const struct cgroup_layout *l, enum cg_hierarchy h, int *at,
		       const char *word, struct err *e)
{
	autoclose int child = -EBADF;
	bool made;
	int ret = pass_on(r, l, h, *at, -EBADF, e);

	if (ret < 0)
		return ret;
	made = mkdirat(*at, word, 0755) == 0;
	if (!made && errno != EEXIST)
		return err_sys(e, "make cgroup.parent '%s' for %s", r->spec->cgroup.parent,
			       cgroup_word(h));
	child = openat(*at, word, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ret = child < 0 ? err_sys(e, "open cgroup.parent '%s' for %s", r->spec->cgroup.parent,
				  cgroup_word(h)) :
			  0;
	if (ret == 0 && made && h == CG_CPUSET)
		ret = pass_on(r, l, h, *at, child, e);
	if (ret < 0 && made)
		unlinkat(*at, word, AT_REMOVEDIR);
	if (ret < 0)
		return ret;
	if (made)
		cgroup_parent_mark(child);
	fd_close(at);
	*at = take_fd(child);
	return 0;
}

/* Open the directory cgroup.parent, making what is missing. Returns a descriptor. */
static int parent_make(struct run *r, const struct cgroup_layout *l, enum cg_hierarchy h,
		       struct err *e)
{
	autofree char *copy = strdup(r->spec->cgroup.parent ? r->spec->cgroup.parent : "");
	autoclose int at = openat(l->base[h], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autostr walked = { 0 };
	char *word, *rest = copy;

	if (!copy)
		return err_mem(e);
	if (at < 0)
		return err_sys(e, "open the %s hierarchy", cgroup_word(h));
	while ((word = strsep(&rest, "/"))) {
		int ret = *word ? parent_step(r, l, h, &at, word, e) : 0;

		if (ret < 0) {
			cgroup_parents_remove(at, str_text(&walked),
					      cgroup_parents_made(at, str_text(&walked)));
			return ret;
		}
		str_addf(&walked, "/%s", word);
	}
	return take_fd(at);
}

/* A directory of that name is already there. An empty one was left by a monitor that was killed
 * and goes; a used one is somebody's. */
static int stale_remove(int parent, const char *name, enum cg_hierarchy h)
{
	autoclose int dir = -EBADF;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	/* In v1 the hierarchies before this one were free of live processes, so it is too. */
	if (h == CG_UNIFIED && cgroup_field(dir, "cgroup.events", "populated") != 0)
		return -EBUSY;
	if (cgroup_tree_remove(dir) < 0)
		return -EBUSY;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int leaf_make(int parent, const char *name, enum cg_hierarchy h, struct err *e)
{
	char where[512];

	if (mkdirat(parent, name, 0755) == 0)
		return 0;
	if (errno == EEXIST) {
		if (stale_remove(parent, name, h) == 0 && mkdirat(parent, name, 0755) == 0)
			return 0;
		err_msg(e, EEXIST, "cgroup %s/%s exists and is in use",
			cgroup_where(parent, where, sizeof(where)), name);
		return err_hint(e, "another container has this name, or was left behind");
	}
	err_sys(e, "make cgroup %s/%s", cgroup_where(parent, where, sizeof(where)), name);
	if (e->code == EAGAIN)
		err_hint(e, "cgroup.max.descendants or cgroup.max.depth above it is reached");
	return -e->code;
}

static int leaf_open(struct run *r, const struct cgroup_layout *l, enum cg_hierarchy h, int parent,
		     const char *name, struct err *e)
{
	int ret = pass_on(r, l, h, parent, -EBADF, e);

	if (ret == 0 && !cgroup_layout_shared(l, h))
		ret = leaf_make(parent, name, h, e);
	if (ret < 0)
		return ret;
	r->cg.dir[h] = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->cg.dir[h] < 0) {
		err_sys(e, "open the %s cgroup just made", cgroup_word(h));
		unlinkat(parent, name, AT_REMOVEDIR);
		return -e->code;
	}
	if (h == CG_UNIFIED)
		return cgroup_v2_check_type(r->cg.dir[h], e);
	return h == CG_CPUSET ? pass_on(r, l, h, parent, r->cg.dir[h], e) : 0;
}

/* The container's own directory in one hierarchy. Another container may be taking the parent
 * away that it made, just when we have found it: then we make it again. */
static int cgroup_make(struct run *r, const struct cgroup_layout *l, enum cg_hierarchy h,
		       const char *name, struct err *e)
{
	int ret = -ENOENT;

	for (int tries = 0; tries < 3 && ret == -ENOENT; tries++) {
		autoclose int parent = parent_make(r, l, h, e);

		ret = parent < 0 ? parent : leaf_open(r, l, h, parent, name, e);
		/* Where the directory is not open, cgroup_remove() will not find the way. */
		if (ret < 0 && parent >= 0 && r->cg.dir[h] < 0)
			cgroup_parents_remove(parent, r->spec->cgroup.parent,
					      cgroup_parents_made(parent, r->spec->cgroup.parent));
		if (!r->spec->cgroup.parent)
			break;
	}
	return ret;
}

/* The files of /sys/kernel/cgroup/delegate that have been in it since the beginning: enough to
 * manage the subtree below. Everything that limits the directory itself stays ours. */
static int chown_to_root_inside(const struct run *r, int dir, struct err *e)
{
	static const char *const files[] = { ".", "cgroup.procs", "cgroup.threads",
					     "cgroup.subtree_control", "tasks" };
	int64_t uid = run_outside(&r->uid_map, 0), gid = run_outside(&r->gid_map, 0);

	if (uid < 0 || gid < 0)
		return err_msg(e, EINVAL,
			       "%s: cgroup.delegate: the container has no id 0 to give it to",
			       key_origin(r->spec, "cgroup.delegate"));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (fchownat(dir, files[i], (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return err_sys(e, "give %s of the cgroup to the container", files[i]);
	return 0;
}

/* A child for the payload, which its root may manage. Returns its descriptor. */
static int delegate_make(struct run *r, const struct cgroup_layout *l, enum cg_hierarchy h,
			 struct err *e)
{
	autoclose int inner = -EBADF;
	int ret = 0;

	if (h == CG_UNIFIED)
		ret = cgroup_v2_enable(r->cg.dir[h], controllers_needed(r, l), e);
	if (ret < 0)
		return ret;
	if (mkdirat(r->cg.dir[h], CGROUP_PAYLOAD, 0755) < 0)
		return err_sys(e, "make the delegated cgroup");
	inner = openat(r->cg.dir[h], CGROUP_PAYLOAD, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (inner < 0)
		return err_sys(e, "open the delegated cgroup");
	ret = chown_to_root_inside(r, inner, e);
	return ret < 0 ? ret : take_fd(inner);
}

/* The v1 part; v2's child was made before the clone. */
static int delegate(struct run *r, const struct cgroup_layout *l, struct err *e)
{
	if (!r->spec->cgroup.delegate)
		return 0;
	/* A profile's wish gives way where there is nothing to delegate, as limits of v2 do. */
	if (r->cg.dir[CG_UNIFIED] < 0 && r->cg.dir[CG_SYSTEMD] < 0 &&
	    !wall_asked(r->spec, "cgroup.delegate"))
		return 0;
	if (r->cg.dir[CG_UNIFIED] < 0 && r->cg.dir[CG_SYSTEMD] < 0) {
		err_msg(e, EOPNOTSUPP,
			"neither cgroup v2 nor the v1 hierarchy name=systemd is mounted");
		return limit_missing(r->spec, "cgroup.delegate", e);
	}
	if (r->cg.dir[CG_SYSTEMD] >= 0) {
		autoclose int inner = delegate_make(r, l, CG_SYSTEMD, e);

		if (inner < 0)
			return inner;
		r->cg.tasks[CG_SYSTEMD] = openat(inner, "tasks", O_WRONLY | O_CLOEXEC);
		if (r->cg.tasks[CG_SYSTEMD] < 0)
			return err_sys(e, "open tasks of the delegated cgroup");
	}
	return 0;
}

static int build_unified(struct run *r, const struct cgroup_layout *l, const char *name,
			 struct err *e)
{
	int ret = limits_check(r->spec, l, e);

	if (ret == 0 && l->base[CG_UNIFIED] >= 0)
		ret = cgroup_make(r, l, CG_UNIFIED, name, e);
	if (ret == 0 && r->cg.dir[CG_UNIFIED] >= 0 && r->spec->cgroup.delegate) {
		r->cg.inner = delegate_make(r, l, CG_UNIFIED, e);
		ret = r->cg.inner < 0 ? r->cg.inner : 0;
	}
	return ret < 0 ? ret : cgroup_inner_open(&r->cg, e);
}

static int build_rest(struct run *r, const struct cgroup_layout *l, const char *name, struct err *e)
{
	int ret = 0;

	for (int h = CG_UNIFIED + 1; h < CG_HIERARCHIES && ret == 0; h++)
		if (l->base[h] >= 0)
			ret = cgroup_make(r, l, h, name, e);
	for (int i = 0; i < LIMIT_KINDS && ret == 0; i++)
		if (cgroup_rows[i].asked(r->spec))
			ret = limit_write(r, l, i, e);
	if (ret == 0)
		ret = cgroup_raw_write(r, e);
	if (ret == 0)
		ret = delegate(r, l, e);
	return ret < 0 ? ret : cgroup_entrances_open(&r->cg, e);
}

typedef int build(struct run *r, const struct cgroup_layout *l, const char *name, struct err *e);

static void layout_free(struct run *r)
{
	if (r->cg.layout)
		cgroup_layout_close(r->cg.layout);
	free(r->cg.layout);
	r->cg.layout = NULL;
}

/* The hierarchies are looked for once, for both steps. */
static int with_layout(struct run *r, build *part, struct err *e)
{
	char name[CGROUP_NAME_SIZE];
	int ret = cgroup_name(name, r->spec->name, e);

	if (ret < 0)
		return ret;
	if (!r->cg.layout) {
		r->cg.layout = calloc(1, sizeof(*r->cg.layout));
		if (!r->cg.layout)
			return err_mem(e);
		cgroup_layout_open(r->cg.layout, hierarchies_needed(r), r->spec->cgroup.parent);
	}
	ret = part(r, r->cg.layout, name, e);
	if (ret == 0) {
		*e = ERR_NONE;
		return 0;
	}
	cgroup_remove(r);
	return err_add(e, "cgroup");
}

void cgroup_place(struct run *r)
{
	autoclose int root = cgroup_mount_open(CG_UNIFIED);
	char top[64], where[512];
	struct cgroup_layout l;

	cgroup_layout_open(&l, CGROUP_BIT(CG_UNIFIED), NULL);
	if (root >= 0 && l.base[CG_UNIFIED] >= 0) {
		cgroup_where(root, top, sizeof(top));
		cgroup_where(l.base[CG_UNIFIED], where, sizeof(where));
		/* One that does not fit, or that a state cannot hold, is found from its session only. */
		if (str_starts(where, top) && !str_has_control(where) &&
		    strlen(where + strlen(top)) < sizeof(r->cg.base))
			strcpy(r->cg.base, where + strlen(top) + (where[strlen(top)] == '/'));
	}
	cgroup_layout_close(&l);
}

int cgroup_create(struct run *r, struct err *e)
{
	if (r->host->cgroup_usable)
		return with_layout(r, build_unified, e);
	/* An ordinary user is told by the caller; root must not lose the wall unasked. */
	if (!r->host->privileged || is_optional(r->spec))
		return 0;
	err_msg(e, EOPNOTSUPP, "cgroup: %s", cgroup_missing(r->host));
	return err_hint(e, "or set optional=cgroup");
}

int cgroup_limit(struct run *r, struct err *e)
{
	int ret = r->host->cgroup_usable ? with_layout(r, build_rest, e) : 0;

	layout_free(r);
	return ret;
}

void cgroup_remove(struct run *r)
{
	struct err e = ERR_NONE;
	char name[CGROUP_NAME_SIZE];
	int ret = cgroup_name(name, r->spec->name, &e);

	layout_free(r);
	/* A name that nothing can have been made for. */
	if (ret < 0)
		return;
	ret = cgroup_destroy(&r->cg, name, r->spec->cgroup.parent);
	if (ret < 0)
		log_warn("cgroup: %s cannot be removed: %s", name, strerror(-ret));
	cgroup_close(&r->cg);
}

/* --- steps: init ---------------------------------------------------------------------------- */

int cgroup_join(struct run *r, struct err *e)
{
	for (int h = CG_UNIFIED + 1; h < CG_HIERARCHIES; h++) {
		ssize_t n;

		if (r->cg.tasks[h] < 0)
			continue;
		do
			n = write(r->cg.tasks[h], "0", 1);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_sys(e, "cgroup: enter the %s cgroup", cgroup_word(h));
	}
	return 0;
}
