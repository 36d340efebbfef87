/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: reading or changing any file of the host that was not given. The root is a mount of
 * its own with its own flags, id-mapped so that one image on disk serves every id range, and
 * after pivot_root(2) nothing else is left in the mount namespace.
 *
 * Comes after the user namespace (its ids are needed), before every other mount.
 * Lost without it: there is no container without a root. */
#include "wall/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "wall/stage.h"

/* --- keys ------------------------------------------------------------------------------ */

static const char *const kind_words[] = { [ROOTFS_DIR] = "dir", [ROOTFS_OVERLAY] = "overlay",
					  [ROOTFS_HOST] = "host", NULL };
static const uint64_t bit_readonly = MOUNT_ATTR_RDONLY, bit_nosuid = MOUNT_ATTR_NOSUID,
		      bit_nodev = MOUNT_ATTR_NODEV, bit_noexec = MOUNT_ATTR_NOEXEC;

static const struct key keys[] = {
	{ .name = "rootfs.type", .type = &key_enum, .of = kind_words, .at = SPEC(rootfs.kind),
	  .metavar = "dir|overlay|host", .doc = "a directory, layers, or a view of the host's /usr" },
	{ .name = "rootfs.path", .type = &key_path, .at = SPEC(rootfs.path), .metavar = "DIR",
	  .doc = "the root file system, for type dir" },
	{ .name = "rootfs.lower", .type = &key_paths, .at = SPEC(rootfs.lower), .metavar = "DIR",
	  .doc = "read-only layers of an overlay, topmost first" },
	{ .name = "rootfs.upper", .type = &key_path, .at = SPEC(rootfs.upper), .metavar = "DIR",
	  .doc = "where an overlay keeps changes; empty: in memory, gone afterwards" },
	{ .name = "rootfs.upper_name", .type = &key_string, .at = SPEC(rootfs.upper_name),
	  .metavar = "NAME",
	  .doc = "directory in rootfs.upper that holds the changes, beside work; empty: data" },
	{ .name = "rootfs.upper_size", .type = &key_size, .at = SPEC(rootfs.upper_size),
	  .metavar = "SIZE", .doc = "bound of an overlay's changes in memory" },
	{ .name = "rootfs.readonly", .type = &key_bit, .of = &bit_readonly, .at = SPEC(rootfs.attr),
	  .flag = "read-only", .flags = KEY_SEEN, .doc = "nothing below / can be written" },
	{ .name = "rootfs.nosuid", .type = &key_bit, .of = &bit_nosuid, .at = SPEC(rootfs.attr),
	  .flags = KEY_SEEN, .doc = "set-user-id files and file capabilities give nothing" },
	{ .name = "rootfs.nodev", .type = &key_bit, .of = &bit_nodev, .at = SPEC(rootfs.attr),
	  .flags = KEY_SEEN, .doc = "device nodes in the root are dead" },
	{ .name = "rootfs.noexec", .type = &key_bit, .of = &bit_noexec, .at = SPEC(rootfs.attr),
	  .flags = KEY_SEEN, .doc = "nothing in the root itself can be executed" },
	{ .name = "rootfs.idmap", .type = &key_bool, .at = SPEC(rootfs.idmap),
	  .doc = "ids on disk are the container's ids (id-mapped mount)" },
};

/* --- check ----------------------------------------------------------------------------- */

/* The private places of a view of the host are tmpfs like any other, unless something else was
 * asked for there. */
static int host_places(struct spec *s, struct err *e)
{
	static const char *const places[] = { "/home/user", "/var/tmp" };
	char value[64];
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && ret == 0; i++) {
		bool taken = false;

		for (size_t j = 0; j < s->volumes.n; j++)
			taken |= !strcmp(s->volumes.item[j].target, places[i]);
		snprintf(value, sizeof(value), "%s:size=64M,inodes=16384,mode=1777", places[i]);
		if (!taken)
			ret = key_set(s, "tmpfs", value, "rootfs.type = host", e);
	}
	return ret;
}

static const char *upper_name(const struct spec *s)
{
	return s->rootfs.upper_name ? s->rootfs.upper_name : "data";
}

static int rootfs_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	switch (s->rootfs.kind) {
	case ROOTFS_DIR:
		if (!s->rootfs.path)
			return err_msg(e, EINVAL,
				       "no root file system given: a directory, overlay:DIR "
				       "or the word host");
		break;
	case ROOTFS_OVERLAY:
		if (!s->rootfs.lower.n)
			return err_msg(e, EINVAL, "rootfs.type = overlay needs rootfs.lower");
		if (s->rootfs.lower.n > 100)
			return err_msg(e, E2BIG, "%s: more than 100 layers",
				       key_origin(s, "rootfs.lower"));
		if (!path_is_name(upper_name(s)) || !strcmp(upper_name(s), "work"))
			return err_msg(e, EINVAL,
				       "%s: rootfs.upper_name: '%s' is not the name of "
				       "a directory",
				       key_origin(s, "rootfs.upper_name"), upper_name(s));
		break;
	case ROOTFS_HOST:
		if (s->ns[NS_USER].how == NS_HOST)
			return err_msg(e, EINVAL, "a view of the host needs a user namespace");
		return host_places(s, e);
	}
	return 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

static int open_source(const char *path, struct err *e)
{
	/* The administrator's own path: links in it are his. */
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open the root file system %s", path) : fd;
}

/* Whatever its name is: "/", "/../", a link, or a bind mount of it. */
static bool is_host_root(int dir)
{
	struct stat root, st;

	return stat("/", &root) == 0 && fstat(dir, &st) == 0 && root.st_dev == st.st_dev &&
	       root.st_ino == st.st_ino;
}

/* Ids are mapped where there is a namespace to map into and a right to do it. */
static int rootfs_userns(const struct run *r)
{
	return r->spec->rootfs.idmap && !r->host->rootless ? r->userns : -EBADF;
}

/* Attach `tree` on the stage's mount point; it becomes (or covers) what is there. */
static int attach_stage(struct run *r, int tree, const char *what, struct err *e)
{
	/* By path: the descriptor we hold was opened in the host's mount namespace, in which
	 * nothing may be mounted. The path is ours alone, root-owned and 0700. */
	autoclose int target = open(r->claim.path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (target < 0)
		return err_sys(e, "open the staging directory %s", r->claim.path);
	return stage_attach(tree, target, what, e);
}

static int stage_dir(struct run *r, struct err *e)
{
	struct stage_attr attr = { .attr = r->spec->rootfs.attr & ~MOUNT_ATTR_RDONLY,
				   .userns = rootfs_userns(r) };
	autoclose int from = -EBADF, tree = -EBADF;
	int ret;

	from = open_source(r->spec->rootfs.path, e);
	if (from < 0)
		return from;
	if (is_host_root(from))
		return err_msg(e, EINVAL,
			       "%s is the host's own /, which cannot be a container's root; "
			       "`host` is a safe view of it",
			       r->spec->rootfs.path);
	tree = stage_clone(from, false, r->spec->rootfs.path, e);
	if (tree < 0)
		return tree;
	ret = stage_setattr(tree, &attr, r->spec->rootfs.path, e);
	if (ret == 0)
		ret = attach_stage(r, tree, "the root file system", e);
	if (ret == 0)
		r->root = take_fd(tree);
	return ret;
}

/* A tmpfs on the stage's mount point that holds what an overlay is made of. */
static int overlay_bench(struct run *r, struct err *e)
{
	autoclose int tree = stage_tmpfs(r, r->spec->rootfs.upper_size, 65536, 0755,
					 MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID, e);
	int ret;

	if (tree < 0)
		return tree;
	ret = attach_stage(r, tree, "the overlay's work bench", e);
	return ret < 0 ? ret : take_fd(tree);
}

static int overlay_part(struct run *r, int bench, const char *source, const char *name,
			uint64_t attr_set, struct err *e)
{
	struct stage_attr attr = { .attr = attr_set | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID,
				   .userns = rootfs_userns(r) };
	autoclose int from = open_source(source, e);
	autoclose int target = -EBADF, tree = -EBADF;
	int ret;

	if (from < 0)
		return from;
	if (mkdirat(bench, name, 0755) < 0)
		return err_sys(e, "make the mount point of layer %s", source);
	target = openat(bench, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	tree = stage_clone(from, false, source, e);
	if (tree < 0)
		return tree;
	ret = stage_setattr(tree, &attr, source, e);
	return ret < 0 ? ret : stage_attach(tree, target, source, e);
}

/* upper and work directories, made as the container's root below `dir` of the bench. */
static int overlay_upper(struct run *r, int bench, struct err *e)
{
	char upper[80];
	const char *parts[] = { upper, "upper/work" };
	int ret = 0;

	snprintf(upper, sizeof(upper), "upper/%s", upper_name(r->spec));
	if (r->spec->rootfs.upper) {
		ret = overlay_part(r, bench, r->spec->rootfs.upper, "upper", 0, e);
		if (ret < 0)
			return ret;
	}
	stage_as_container(r);
	if (!r->spec->rootfs.upper && mkdirat(bench, "upper", 0755) < 0)
		ret = err_sys(e, "make the overlay's upper directory");
	for (size_t i = 0; i < ARRAY_SIZE(parts) && ret == 0; i++)
		if (mkdirat(bench, parts[i], 0755) < 0 && errno != EEXIST)
			ret = err_sys(e, "make %s of the overlay", parts[i]);
	stage_as_self();
	return ret;
}

static int overlay_mount(struct run *r, bool writable, struct err *e)
{
	autostr lower = { 0 };
	autostr upper = { 0 };
	autostr work = { 0 };
	struct stage_opt opts[5] = { { "source", "ward" } };
	size_t n = 1;
	int mount;

	for (size_t i = 0; i < r->spec->rootfs.lower.n; i++)
		str_addf(&lower, "%s%s/%zu", i ? ":" : "", r->claim.path, i);
	str_addf(&upper, "%s/upper/%s", r->claim.path, upper_name(r->spec));
	str_addf(&work, "%s/upper/work", r->claim.path);
	if (lower.failed || upper.failed || work.failed)
		return err_mem(e);
	opts[n++] = (struct stage_opt){ "lowerdir", str_text(&lower) };
	if (writable) {
		opts[n++] = (struct stage_opt){ "upperdir", str_text(&upper) };
		opts[n++] = (struct stage_opt){ "workdir", str_text(&work) };
	}
	if (r->host->rootless)
		opts[n++] = (struct stage_opt){ "userxattr", NULL };
	/* An overlay works on its layers as whoever made it: that must be the container's root,
	 * whose ids the layers' maps know (the host's root has none there: EOVERFLOW). */
	stage_as_container(r);
	mount = stage_fs("overlay", opts, n, r->spec->rootfs.attr & ~MOUNT_ATTR_RDONLY, e);
	stage_as_self();
	return mount;
}

static int stage_overlay(struct run *r, struct err *e)
{
	autoclose int bench = overlay_bench(r, e);
	autoclose int tree = -EBADF;
	char name[24];
	int ret;

	if (bench < 0)
		return bench;
	for (size_t i = 0; i < r->spec->rootfs.lower.n; i++) {
		snprintf(name, sizeof(name), "%zu", i);
		ret = overlay_part(r, bench, r->spec->rootfs.lower.item[i], name,
				   MOUNT_ATTR_RDONLY, e);
		if (ret < 0)
			return ret;
	}
	/* Always writable underneath: missing mount points are made in the upper layer; the
	 * root's own read-only flag comes last, on the mount. */
	ret = overlay_upper(r, bench, e);
	if (ret < 0)
		return ret;
	tree = overlay_mount(r, true, e);
	if (tree < 0)
		return tree;
	ret = attach_stage(r, tree, "the overlay", e);
	if (ret < 0)
		return ret;
	r->root = take_fd(tree);
	return 0;
}

/* A small tmpfs, filled by rootfs_host(). */
static int stage_host(struct run *r, struct err *e)
{
	autoclose int tree = stage_tmpfs(r, 4 << 20, 1024, 0755,
					 r->spec->rootfs.attr & ~MOUNT_ATTR_RDONLY, e);
	int ret;

	if (tree < 0)
		return tree;
	ret = attach_stage(r, tree, "the root file system", e);
	if (ret < 0)
		return ret;
	r->root = take_fd(tree);
	return rootfs_host(r, e);
}

int rootfs_stage(struct run *r, struct err *e)
{
	switch (r->spec->rootfs.kind) {
	case ROOTFS_DIR:
		return stage_dir(r, e);
	case ROOTFS_OVERLAY:
		return stage_overlay(r, e);
	case ROOTFS_HOST:
		return stage_host(r, e);
	}
	return err_msg(e, EINVAL, "unknown kind of root file system");
}

int rootfs_seal(struct run *r, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (!(r->spec->rootfs.attr & MOUNT_ATTR_RDONLY))
		return 0;
	if (sys_mount_setattr(r->root, "", AT_EMPTY_PATH, &attr) < 0)
		return err_sys(e, "make the root file system read-only");
	return 0;
}

/* --- observe --------------------------------------------------------------------------- */

static int rootfs_observe(const struct look *l, struct spec *seen, struct err *e)
{
	static const struct {
		const char *word;
		uint64_t bit;
	} words[] = {
		{ ",ro,", MOUNT_ATTR_RDONLY },
		{ ",nosuid,", MOUNT_ATTR_NOSUID },
		{ ",nodev,", MOUNT_ATTR_NODEV },
		{ ",noexec,", MOUNT_ATTR_NOEXEC },
	};
	char options[300];

	if (!look_mount(l, "/", options, sizeof(options)))
		return err_msg(e, EPROTO, "rootfs: no root mount is seen");
	seen->rootfs.attr = 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(options, words[i].word))
			seen->rootfs.attr |= words[i].bit;
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool is_readonly(const struct spec *s)
{
	return s->rootfs.attr & MOUNT_ATTR_RDONLY;
}

static bool is_nosuid(const struct spec *s)
{
	return s->rootfs.attr & MOUNT_ATTR_NOSUID;
}

static bool is_nodev(const struct spec *s)
{
	return s->rootfs.attr & MOUNT_ATTR_NODEV;
}

static const struct rule rules[] = {
	{ "rootfs.readonly", is_readonly, "the program cannot change its own files",
	  "the root file system can be written" },
	{ "rootfs.nosuid", is_nosuid, "set-user-id programs give nothing",
	  "set-user-id programs work (inside the user namespace)" },
	{ "rootfs.nodev", is_nodev, "device nodes in the root are dead", "device nodes in the root work" },
};

static void rootfs_summary(const struct spec *seen, struct str *out)
{
	str_addf(out, "root %s%s%s%s",
		 seen->rootfs.attr & MOUNT_ATTR_RDONLY ? "read-only" : "writable",
		 seen->rootfs.attr & MOUNT_ATTR_NOSUID ? ", nosuid" : "",
		 seen->rootfs.attr & MOUNT_ATTR_NODEV ? ", nodev" : "",
		 seen->rootfs.attr & MOUNT_ATTR_NOEXEC ? ", noexec" : "");
}

const struct wall wall_rootfs = {
	.name = "rootfs",
	.stops = "reading or changing the host's files",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = rootfs_check,
	.settled = SETTLED_MOUNTED,
	.observe = rootfs_observe,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = rootfs_summary,
};
