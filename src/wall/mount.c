/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: leaving a mark on the host through what was shared. Volumes carry their own flags,
 * which the payload cannot clear. The owner of a writable volume is the program inside, so that
 * what it makes belongs to the owner and to nobody else; a volume of the host's root is not
 * mapped, or a set-user-id file made inside would be the host root's. tmpfs have bounds.
 *
 * Comes after /proc, /sys and /dev, so that a volume may lie on top of them.
 * Lost without it: set-user-id files and device nodes smuggled through a shared directory. */
#include "wall/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "wall/stage.h"

/* --- keys ------------------------------------------------------------------------------ */

static const struct {
	const char *on, *off;
	uint64_t bit;
} attr_words[] = {
	{ "ro", "rw", MOUNT_ATTR_RDONLY },
	{ "nosuid", "suid", MOUNT_ATTR_NOSUID },
	{ "nodev", "dev", MOUNT_ATTR_NODEV },
	{ "noexec", "exec", MOUNT_ATTR_NOEXEC },
};

static const struct {
	const char *word;
	size_t at;
	bool value;
} bind_words[] = {
	{ "rbind", offsetof(struct volume, recursive), true },
	{ "bind", offsetof(struct volume, recursive), false },
	{ "slave", offsetof(struct volume, slave), true },
	{ "private", offsetof(struct volume, slave), false },
	{ "optional", offsetof(struct volume, optional), true },
};

static const struct {
	const char *word;
	enum volume_ids ids;
} id_words[] = {
	{ "idmap", VOLUME_IDMAP },
	{ "noidmap", VOLUME_NOIDMAP },
};

static void volume_free(struct volume *v)
{
	free(v->source);
	free(v->target);
	*v = (struct volume){ 0 };
}

static int attr_option(struct volume *v, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(attr_words); i++) {
		if (!strcmp(word, attr_words[i].on))
			v->attr |= attr_words[i].bit;
		else if (!strcmp(word, attr_words[i].off))
			v->attr &= ~attr_words[i].bit;
		else
			continue;
		return 0;
	}
	return -ENOENT;
}

static int bind_option(struct volume *v, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(bind_words); i++) {
		if (strcmp(word, bind_words[i].word))
			continue;
		*(bool *)((char *)v + bind_words[i].at) = bind_words[i].value;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(id_words); i++) {
		if (strcmp(word, id_words[i].word))
			continue;
		v->ids = id_words[i].ids;
		return 0;
	}
	return -ENOENT;
}

static int tmpfs_option(struct volume *v, const char *word)
{
	uint64_t mode;

	if (str_starts(word, "size="))
		return str_size(word + 5, &v->size);
	if (str_starts(word, "inodes="))
		return str_u64(word + 7, 10, 1, INT64_MAX, &v->inodes);
	if (str_starts(word, "mode=")) {
		if (str_u64(word + 5, 8, 0, 07777, &mode) < 0)
			return -EINVAL;
		v->mode = (uint32_t)mode;
		return 0;
	}
	return -ENOENT;
}

static int volume_options(struct volume *v, char *options, struct err *e)
{
	char *word;

	while ((word = strsep(&options, ","))) {
		int ret = attr_option(v, word);

		if (ret == -ENOENT)
			ret = v->source ? bind_option(v, word) : tmpfs_option(v, word);
		if (ret == -ENOENT)
			return err_msg(e, EINVAL, "unknown mount option '%s'", word);
		if (ret < 0)
			return err_msg(e, EINVAL, "mount option '%s' has no valid value", word);
	}
	return 0;
}

/* "/" would hide the root itself, and ".." has no meaning for a place in a container. */
static int target_check(const char *target, struct err *e)
{
	if (target[0] != '/' || !target[strspn(target, "/")])
		return err_msg(e, EINVAL, "'%s' is not an absolute path below / in the container",
			       target);
	if (strstr(target, "/../") || str_ends(target, "/.."))
		return err_msg(e, EINVAL, "'%s' contains '..'", target);
	return 0;
}

static int volume_add(struct volumes *list, struct volume *v, struct err *e)
{
	struct volume *grown = reallocarray(list->item, list->n + 1, sizeof(*grown));

	if (!grown)
		return err_mem(e);
	list->item = grown;
	list->item[list->n++] = *v;
	*v = (struct volume){ 0 };
	return 0;
}

static int volume_fill(struct volume *v, const char *source, const char *target, char *options,
		       struct err *e)
{
	int ret = target_check(target, e);

	if (ret < 0)
		return ret;
	v->source = source ? strdup(source) : NULL;
	v->target = strdup(target);
	if ((source && !v->source) || !v->target)
		return err_mem(e);
	return options ? volume_options(v, options, e) : 0;
}

static int volume_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct volume v = { .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
	autofree char *copy = strdup(value);
	char *rest = copy, *source, *target;
	int ret;

	(void)k;
	if (!copy)
		return err_mem(e);
	if (str_has_control(value))
		return err_msg(e, EINVAL, "control characters are not allowed");
	source = strsep(&rest, ":");
	target = strsep(&rest, ":");
	if (source[0] != '/' || !target)
		return err_msg(e, EINVAL, "'%s' is not SOURCE:TARGET[:OPTIONS] with absolute paths",
			       value);
	ret = volume_fill(&v, source, target, rest, e);
	if (ret == 0)
		ret = volume_add(field, &v, e);
	volume_free(&v);
	return ret;
}

static int tmpfs_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct volume v = { .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
			    .size = 64 << 20, .inodes = 16384, .mode = 01777 };
	autofree char *copy = strdup(value);
	char *rest = copy, *target;
	int ret;

	(void)k;
	if (!copy)
		return err_mem(e);
	if (str_has_control(value))
		return err_msg(e, EINVAL, "control characters are not allowed");
	target = strsep(&rest, ":");
	ret = volume_fill(&v, NULL, target, rest, e);
	if (ret == 0)
		ret = volume_add(field, &v, e);
	volume_free(&v);
	return ret;
}

static void volume_text(const struct volume *v, struct str *out)
{
	const char *between = ":";

	if (v->source)
		str_addf(out, "%s:%s", v->source, v->target);
	else
		str_add(out, v->target);
	for (size_t i = 0; i < ARRAY_SIZE(attr_words); i++, between = ",")
		str_addf(out, "%s%s", between,
			 v->attr & attr_words[i].bit ? attr_words[i].on : attr_words[i].off);
	if (!v->source)
		str_addf(out, ",size=%" PRIu64 ",inodes=%" PRIu64 ",mode=%o", v->size, v->inodes,
			 v->mode);
	else
		str_addf(out, ",%s,%s%s", v->recursive ? "rbind" : "bind",
			 v->slave ? "slave" : "private", v->optional ? ",optional" : "");
	for (size_t i = 0; v->source && i < ARRAY_SIZE(id_words); i++)
		if (v->ids == id_words[i].ids)
			str_addf(out, ",%s", id_words[i].word);
}

/* One list in the spec keeps the order; the two keys are two ways to write into it, so each
 * shows only its own kind. */
static void volumes_get(const struct volumes *list, bool tmpfs, struct str *out)
{
	const char *between = "";

	for (size_t i = 0; i < list->n; i++) {
		if (tmpfs == (list->item[i].source != NULL))
			continue;
		str_add(out, between);
		volume_text(&list->item[i], out);
		between = "\n";
	}
}

static void volume_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	volumes_get(field, false, out);
}

static void tmpfs_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	volumes_get(field, true, out);
}

static void volumes_clear(struct volumes *list, bool tmpfs)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (tmpfs == (list->item[i].source != NULL))
			list->item[kept++] = list->item[i];
		else
			volume_free(&list->item[i]);
	}
	list->n = kept;
	if (kept)
		return;
	free(list->item);
	list->item = NULL;
}

static void volume_clear(const struct key *k, void *field)
{
	(void)k;
	volumes_clear(field, false);
}

static void tmpfs_clear(const struct key *k, void *field)
{
	(void)k;
	volumes_clear(field, true);
}

static const struct key_type key_volume = {
	.name = "volumes", .many = true, .set = volume_set, .get = volume_get, .clear = volume_clear
};
static const struct key_type key_tmpfs = {
	.name = "tmpfs mounts", .many = true, .set = tmpfs_set, .get = tmpfs_get, .clear = tmpfs_clear
};

static const struct key keys[] = {
	{ .name = "tmpfs", .type = &key_tmpfs, .at = SPEC(volumes), .flag = "tmpfs",
	  .metavar = "TARGET[:size=,inodes=,mode=,exec]",
	  .doc = "a file system in memory; nosuid, nodev, noexec and 64M unless said otherwise" },
	{ .name = "volume", .type = &key_volume, .at = SPEC(volumes), .flag = "volume",
	  .metavar = "SOURCE:TARGET[:ro,exec,...]",
	  .doc = "a directory or file of the host; rw, nosuid, nodev, noexec unless said otherwise" },
};

/* --- check ----------------------------------------------------------------------------- */

/* Sharing one of these hands the container a piece of the host that no flag makes harmless; a
 * gate says that it is meant. */
static const char *const dangerous[] = {
	"/", "/proc", "/sys", "/dev", "/boot", "/etc", "/root", "/run", "/var/run", "/var/lib/ward",
};

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (path[n] == '\0' || path[n] == '/');
}

static bool is_dangerous(const char *source)
{
	static const char *const whole[] = { "/proc", "/sys", "/dev", "/run/ward",
					     "/var/lib/ward" };

	for (size_t i = 0; i < ARRAY_SIZE(dangerous); i++)
		if (!strcmp(source, dangerous[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (is_below(source, whole[i]))
			return true;
	return str_ends(source, "docker.sock") || str_ends(source, "containerd.sock") ||
	       str_ends(source, "podman.sock");
}

static int mount_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	for (size_t i = 0; i < s->volumes.n; i++) {
		const struct volume *v = &s->volumes.item[i];
		char gate[512];

		if (!v->source || !is_dangerous(v->source))
			continue;
		snprintf(gate, sizeof(gate), "bind:%s", v->source);
		if (!list_has(&s->gates, gate))
			return err_msg(e, EPERM, "%s: volume %s hands a vital part of the host to the "
						 "container; if that is meant, open the gate: --allow %s",
				       key_origin(s, "volume"), v->source, gate);
	}
	return 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* The check again, on what was really opened: a name can be written in many ways, and be a link. */
static int volume_guard(const struct run *r, const struct volume *v, int source, struct err *e)
{
	char gate[512];
	struct stat st, vital;
	struct statfs fs;
	bool caught;

	if (fstat(source, &st) < 0 || fstatfs(source, &fs) < 0)
		return err_sys(e, "stat the volume %s", v->source);
	caught = fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
		 fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC;
	for (size_t i = 0; i < ARRAY_SIZE(dangerous) && !caught; i++)
		caught = stat(dangerous[i], &vital) == 0 && vital.st_dev == st.st_dev &&
			 vital.st_ino == st.st_ino;
	snprintf(gate, sizeof(gate), "bind:%s", v->source);
	if (!caught || list_has(&r->spec->gates, gate))
		return 0;
	return err_msg(e, EPERM,
		       "volume %s is a vital part of the host under another name; if that is "
		       "meant, open the gate: --allow %s",
		       v->source, gate);
}

/* The user namespace through which a volume is id-mapped, -EBADF for none. *owner holds it when it
 * was made for this volume. */
static int volume_ids(const struct run *r, const struct volume *v, int source, int *owner,
		      int *userns, struct err *e)
{
	struct stat st;

	*userns = -EBADF;
	if (v->ids == VOLUME_NOIDMAP || r->host->rootless || r->userns < 0)
		return 0;
	*userns = r->userns;
	if (v->ids == VOLUME_IDMAP || v->attr & MOUNT_ATTR_RDONLY)
		return 0;
	*userns = -EBADF;
	if (fstat(source, &st) < 0)
		return err_sys(e, "stat the volume %s", v->source);
	if (st.st_uid == 0) {
		log_warn("volume %s belongs to root, so the container cannot write to it: give it to "
			 "another user, or say :idmap (what is made inside as root is then root's)",
			 v->source);
		return 0;
	}
	*owner = stage_owner(r, st.st_uid, st.st_gid, e);
	*userns = *owner;
	return *owner < 0 ? *owner : 0;
}

/* In place of a descriptor: an optional volume whose source is not there. */
enum { VOLUME_MISSING = -EBADF };

static int volume_tree(struct run *r, const struct volume *v, struct err *e)
{
	struct stage_attr attr = {
		.attr = v->attr,
		.slave = v->slave,
		.recursive = v->recursive,
	};
	autoclose int from = -EBADF, tree = -EBADF, owner = -EBADF;
	int ret;

	if (!v->source)
		return stage_tmpfs(r, v->size, v->inodes, v->mode, v->attr, e);
	from = open(v->source, O_PATH | O_CLOEXEC);
	if (from < 0 && v->optional && (errno == ENOENT || errno == ENOTDIR))
		return VOLUME_MISSING;
	if (from < 0)
		return err_sys(e, "open the volume %s", v->source);
	ret = volume_guard(r, v, from, e);
	if (ret < 0)
		return ret;
	ret = volume_ids(r, v, from, &owner, &attr.userns, e);
	if (ret < 0)
		return ret;
	tree = stage_clone(from, v->recursive, v->source, e);
	if (tree < 0)
		return tree;
	ret = stage_setattr(tree, &attr, v->source, e);
	return ret < 0 ? ret : take_fd(tree);
}

int mount_open(struct run *r, struct err *e)
{
	const struct volumes *volumes = &r->spec->volumes;
	int ret = 0;

	r->trees = calloc(volumes->n + 1, sizeof(*r->trees));
	if (!r->trees)
		return err_mem(e);
	for (size_t i = 0; i < volumes->n; i++)
		r->trees[i] = -EBADF;
	for (size_t i = 0; i < volumes->n && ret == 0; i++) {
		r->trees[i] = volume_tree(r, &volumes->item[i], e);
		ret = r->trees[i] == VOLUME_MISSING || r->trees[i] >= 0 ? 0 : r->trees[i];
	}
	return ret;
}

void mount_close(struct run *r)
{
	for (size_t i = 0; r->trees && i < r->spec->volumes.n; i++)
		fd_close(&r->trees[i]);
	free(r->trees);
	r->trees = NULL;
}

int mount_stage(struct run *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < r->spec->volumes.n && ret == 0; i++) {
		const struct volume *v = &r->spec->volumes.item[i];
		autoclose int target = -EBADF;
		struct stat st;

		if (r->trees[i] == VOLUME_MISSING)
			continue;
		if (fstat(r->trees[i], &st) < 0)
			return err_sys(e, "stat the volume for %s", v->target);
		target = stage_target(r, v->target, !S_ISDIR(st.st_mode), e);
		ret = target < 0 ? target : stage_attach(r->trees[i], target, v->target, e);
	}
	mount_close(r);
	return ret;
}

/* --- observe --------------------------------------------------------------------------- */

/* What is asked of each mount is compared in verify: which mounts a payload should have is
 * known by the run, not by the kernel. */
static int mount_verify(const struct run *r, const struct look *l, const struct spec *seen,
			struct err *e)
{
	(void)seen;
	for (size_t i = 0; i < r->spec->volumes.n; i++) {
		const struct volume *v = &r->spec->volumes.item[i];
		char options[300], word[16];

		/* A target reached through a link of the root lies elsewhere under its own name;
		 * its flags were set before it was attached. */
		if (!look_mount(l, v->target, options, sizeof(options)))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(attr_words); j++) {
			snprintf(word, sizeof(word), ",%s,", attr_words[j].on);
			if ((v->attr & attr_words[j].bit) && !strstr(options, word))
				return err_msg(e, EPROTO, "mount: asked %s on %s, the kernel shows%s",
					       attr_words[j].on, v->target, options);
		}
	}
	return 0;
}

const struct wall wall_mount = {
	.name = "mount",
	.stops = "leaving a mark on the host through what is shared",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = mount_check,
	.settled = SETTLED_MOUNTED,
	.verify = mount_verify,
};
