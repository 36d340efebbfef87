/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's keys of the root file system, of pseudo file systems, devices, terminals and hooks. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "front/lxc_translate.h"
#include "spec/key.h"

/* --- root ------------------------------------------------------------------------------- */

static int set_overlay(struct lxc_translation *t, const struct lxc_entry *entry, const char *layers,
		       struct err *e)
{
	const char *upper = strrchr(layers, ':'), *slash = upper ? strrchr(upper, '/') : NULL;
	autofree char *lower = NULL, *parent = NULL;
	char *rest, *layer;
	int ret;

	if (!upper || !slash || !slash[1])
		return err_msg(e, EINVAL, "'%s' is not overlay:/LOWER[:/LOWER...]:/UPPER",
			       entry->value);
	lower = strndup(layers, (size_t)(upper - layers));
	parent = strndup(upper + 1, (size_t)(slash - upper) - 1);
	if (!lower || !parent)
		return err_mem(e);
	ret = key_set(t->s, "rootfs.type", "overlay", entry->where, e);
	rest = lower;
	while (ret == 0 && (layer = strsep(&rest, ":")))
		ret = key_set(t->s, "rootfs.lower", layer, entry->where, e);
	/* LXC's changes lie beside the overlay's work directory, in one directory of the container. */
	if (ret == 0)
		ret = key_set(t->s, "rootfs.upper", *parent ? parent : "/", entry->where, e);
	return ret < 0 ? ret : key_set(t->s, "rootfs.upper_name", slash + 1, entry->where, e);
}

int lxc_to_rootfs(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const char *path = entry->value;
	int ret;

	if (str_starts(path, "overlay:") || str_starts(path, "overlayfs:"))
		return set_overlay(t, entry, strchr(path, ':') + 1, e);
	if (str_starts(path, "dir:"))
		path += strlen("dir:");
	if (path[0] != '/')
		return err_msg(e, EINVAL,
			       "'%s': ward takes a directory or an overlay as root file system; "
			       "mount anything else and name the directory",
			       entry->value);
	ret = key_set(t->s, "rootfs.type", "dir", entry->where, e);
	return ret < 0 ? ret : key_set(t->s, "rootfs.path", path, entry->where, e);
}

static const struct {
	const char *word, *key, *value;
} root_words[] = {
	{ "ro", "rootfs.readonly", "true" },   { "rw", "rootfs.readonly", "false" },
	{ "nosuid", "rootfs.nosuid", "true" }, { "suid", "rootfs.nosuid", "false" },
	{ "nodev", "rootfs.nodev", "true" },   { "dev", "rootfs.nodev", "false" },
	{ "noexec", "rootfs.noexec", "true" }, { "exec", "rootfs.noexec", "false" },
	{ "idmap=container", "rootfs.idmap", "true" },
};

static int root_option(struct lxc_translation *t, const struct lxc_entry *entry, const char *word,
		       struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(root_words); i++)
		if (!strcmp(word, root_words[i].word))
			return key_set(t->s, root_words[i].key, root_words[i].value, entry->where,
				       e);
	if (!*word || !strcmp(word, "defaults") || !strcmp(word, "bind") || !strcmp(word, "rbind"))
		return 0;
	return err_msg(e, ENOTSUP, "'%s' is no option that ward has for the root file system",
		       word);
}

int lxc_to_options(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	autofree char *copy = strdup(entry->value);
	char *rest = copy, *word;
	int ret = copy ? 0 : err_mem(e);

	while (ret == 0 && (word = strsep(&rest, ",")))
		ret = root_option(t, entry, word, e);
	return ret;
}

/* --- pseudo file systems ---------------------------------------------------------------- */

static int set_all(struct lxc_translation *t, const char *const (*rows)[2], size_t n,
		   const char *where, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++)
		ret = key_set(t->s, rows[i][0], rows[i][1], where, e);
	return ret;
}

/* LXC's own idea of a half open /proc, where nothing else was said of it. */
static const char *const proc_mixed[][2] = {
	{ "proc.mode", "rw" },
	{ "proc.readonly", "/proc/sys" },
	{ "proc.readonly", "/proc/sysrq-trigger" },
};
/* /proc/sys writable; what else the profile keeps read-only is not in question. */
static const char *const proc_rw[][2] = {
	{ "proc.mode", "rw" },		     { "proc.readonly", "" },
	{ "proc.readonly", "/proc/apm" },    { "proc.readonly", "/proc/bus" },
	{ "proc.readonly", "/proc/fs" },     { "proc.readonly", "/proc/irq" },
};

static int auto_proc(struct lxc_translation *t, const char *mode, const char *where, struct err *e)
{
	bool letter = t->silence == LXC_LETTER;

	if (!strcmp(mode, "rw"))
		return set_all(t, proc_rw, letter ? 2 : ARRAY_SIZE(proc_rw), where, e);
	return set_all(t, proc_mixed, letter ? ARRAY_SIZE(proc_mixed) : 1, where, e);
}

int lxc_to_auto(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	autofree char *word = strdup(entry->value);
	char *mode = word ? strchr(word, ':') : NULL;

	if (!word)
		return err_mem(e);
	if (mode)
		*mode++ = '\0';
	mode = mode ? mode : word + strlen(word);
	mode[strcspn(mode, ":")] = '\0';
	if (!strcmp(word, "proc"))
		return auto_proc(t, mode, entry->where, e);
	if (!strcmp(word, "sys"))
		return key_set(t->s, "sys.mode", !strcmp(mode, "rw") ? "rw" : "ro", entry->where,
			       e);
	if (str_starts(word, "cgroup"))
		return key_set(t->s, "cgroup.mode", !strcmp(mode, "ro") ? "ro" : "rw", entry->where,
			       e);
	return err_msg(e, ENOTSUP,
		       "mounting into the running container needs no shared directory "
		       "on the host, and none is made");
}

/* --- devices and terminals -------------------------------------------------------------- */

int lxc_to_autodev(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	(void)t;
	if (!strcmp(entry->value, "1"))
		return 0;
	return err_msg(e, ENOTSUP,
		       "a container always has a /dev of its own: that of the image "
		       "would be whatever somebody put there");
}

static int set_pts(struct lxc_translation *t, const char *where, struct err *e)
{
	const char *max = lxc_conf_value(t->c, "lxc.pty.max");
	const char *ttys = lxc_conf_value(t->c, "lxc.tty.max");
	uint64_t n = 0, more = 0;
	char number[32];

	if (max)
		str_u64(max, 10, 0, UINT32_MAX, &n);
	if (ttys)
		str_u64(ttys, 10, 0, UINT32_MAX, &more);
	if (!n)
		return 0; /* the profile's number */
	n += more;
	snprintf(number, sizeof(number), "%" PRIu64, n > 65536 ? 65536 : n);
	return key_set(t->s, "dev.pts_max", number, where, e);
}

int lxc_to_pts(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	return set_pts(t, entry->where, e);
}

/* The stock configuration asks for them for everybody, so this is no reason to warn. */
int lxc_to_ttys(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!strcmp(entry->value, "0"))
		return 0;
	return lxc_note(t, entry,
			"for lxc-console; the terminal that ward itself makes is /dev/console",
			false, e);
}

int lxc_to_console(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!strcmp(entry->value, "none"))
		return key_set(t->s, "process.terminal", "false", entry->where, e);
	return err_msg(e, ENOTSUP,
		       "the console is a terminal of ward's; attach to it with a command");
}

/* What runs on the host is for who starts and ends the container; the rest has no place in ward's
 * order: lxc/hook.h. */
int lxc_to_hook(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	static const char *const on_host[] = { "lxc.hook.pre-start", "lxc.hook.start-host",
					       "lxc.hook.stop", "lxc.hook.post-stop" };

	if (!strcmp(entry->name, "lxc.hook.clone") || !strcmp(entry->name, "lxc.hook.destroy"))
		return lxc_note(t, entry, "for lxc-copy and lxc-destroy", false, e);
	for (size_t i = 0; i < ARRAY_SIZE(on_host); i++)
		if (!strcmp(entry->name, on_host[i]))
			return lxc_note(t, entry, "run on the host by lxc-start, not by ward start",
					true, e);
	return err_msg(e, ENOTSUP,
		       "not run: all mounts are made by the host's side, and inside "
		       "nothing runs before the program");
}
