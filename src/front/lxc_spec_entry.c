/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc.mount.entry and lxc.mount.fstab: lines of fstab(5), with LXC's own words among the options. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "front/gate.h"
#include "front/lxc_translate.h"
#include "spec/key.h"

/* --- one line --------------------------------------------------------------------------- */

struct line {
	const char *source, *type;
	char *target;	    /* absolute, inside */
	struct str options; /* as ward writes them */
	bool bind, recursive, optional, relative, readonly, idmap, device_words;
};

static int hex_octal(const char *p)
{
	if (p[0] < '0' || p[0] > '3' || p[1] < '0' || p[1] > '7' || p[2] < '0' || p[2] > '7')
		return -1;
	return (p[0] - '0') * 64 + (p[1] - '0') * 8 + (p[2] - '0');
}

/* getmntent(3): blanks inside a word are written \040. */
static void unescape(char *word)
{
	char *to = word;

	for (char *p = word; *p; p++) {
		int c = *p == '\\' ? hex_octal(p + 1) : -1;

		*to++ = c > 0 ? (char)c : *p;
		p += c > 0 ? 3 : 0;
	}
	*to = '\0';
}

static size_t split(char *text, char *word[4])
{
	size_t n = 0;
	char *part;

	while (n < 4 && (part = strsep(&text, " \t"))) {
		if (!*part)
			continue;
		unescape(part);
		word[n++] = part;
	}
	return n;
}

/* Where it goes inside. An absolute target names a place on the host that must be the container's
 * own root, by its path or by LXC's way to lay it out. */
static int find_target(const struct lxc_translation *t, const char *written, char **target,
		       struct err *e)
{
	const char *root = lxc_conf_value(t->c, "lxc.rootfs.path"), *rest = NULL;
	const char *colon = root && root[0] != '/' ? strrchr(root, ':') : NULL;

	root = colon ? colon + 1 : root;
	if (written[0] != '/') {
		rest = written;
	} else if (root && str_starts(written, root)) {
		rest = written + strlen(root);
	} else if ((rest = strstr(written, "/rootfs/"))) {
		rest += strlen("/rootfs");
	}
	if (!rest)
		return err_msg(e, ENOTSUP,
			       "%s is not below the container's root; LXC leaves such an "
			       "entry out too",
			       written);
	rest += strspn(rest, "/");
	return asprintf(target, "/%s", rest) < 0 ? err_mem(e) : 0;
}

/* --- options ---------------------------------------------------------------------------- */

static const struct {
	const char *word;
	size_t at;
} switches[] = {
	{ "optional", offsetof(struct line, optional) },
	{ "relative", offsetof(struct line, relative) },
	{ "bind", offsetof(struct line, bind) },
	{ "rbind", offsetof(struct line, bind) },
	{ "idmap=container", offsetof(struct line, idmap) },
};

/* Ward always makes what is missing; the others are the kernel's business with every mount. */
static const char *const without_meaning[] = {
	"defaults",   "create=dir", "create=file", "async",	  "atime",  "noatime", "diratime",
	"nodiratime", "relatime",   "norelatime",  "strictatime", "mand",   "nomand",  "lazytime",
	"move",	      "remount",    "private",	   "rprivate",	  "slave",  "rslave",  "nofail",
	"auto",	      "noauto",
};
static const char *const passed_on[] = { "ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec",
					 "exec" };

static bool is_in(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

static int take_option(struct line *l, const char *word, struct err *e)
{
	static const char *const tmpfs[][2] = { { "size=", "size=" },
						{ "nr_inodes=", "inodes=" },
						{ "mode=", "mode=" } };

	l->readonly |= !strcmp(word, "ro");
	l->recursive |= !strcmp(word, "rbind");
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		if (strcmp(word, switches[i].word))
			continue;
		*(bool *)((char *)l + switches[i].at) = true;
		return 0;
	}
	if (is_in(without_meaning, ARRAY_SIZE(without_meaning), word))
		return 0;
	if (is_in(passed_on, ARRAY_SIZE(passed_on), word)) {
		str_addf(&l->options, ",%s", word);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tmpfs) && !strcmp(l->type, "tmpfs"); i++) {
		if (!str_starts(word, tmpfs[i][0]))
			continue;
		str_addf(&l->options, ",%s%s", tmpfs[i][1], word + strlen(tmpfs[i][0]));
		return 0;
	}
	return err_msg(e, ENOTSUP, "'%s' is no mount option that ward has", word);
}

static int take_options(struct line *l, char *options, struct err *e)
{
	char *word;
	int ret = 0;

	while (ret == 0 && (word = strsep(&options, ",")))
		if (*word)
			ret = take_option(l, word, e);
	return ret;
}

/* --- what it becomes -------------------------------------------------------------------- */

/* Places that ward shares only when the gate bind says so: in LXC's file the line itself does. */
static bool is_vital(const char *path)
{
	static const char *const tops[] = { "/proc", "/sys", "/dev", "/boot", "/etc", "/root",
					    "/run",  "/var/run", "/var/lib/ward" };

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		size_t n = strlen(tops[i]);

		if (!strncmp(path, tops[i], n) && (!path[n] || path[n] == '/'))
			return true;
	}
	return !strcmp(path, "/") || str_ends(path, ".sock");
}

/* A device of the host under its own name is one that the container may use. Returns 1 when it was
 * taken, 0 when the entry is an ordinary bind mount. */
static int take_device(struct lxc_translation *t, const struct line *l, const char *where,
		       struct err *e)
{
	struct stat st;
	int ret;

	if (!str_starts(l->source, "/dev/") || strcmp(l->source, l->target))
		return 0;
	if (stat(l->source, &st) < 0)
		return l->optional ? 1 : 0;
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return 0;
	ret = key_set(t->s, "dev.node", l->source, where, e);
	return ret < 0 ? ret : 1;
}

/* Whose the files are: of a container that has ids of its own only since it is ward's, they are
 * what they were to LXC (the kernel's own files are always root's: they cannot be mapped).
 * Set-user-id files and device nodes are for who asks for them. */
static void add_defaults(const struct lxc_translation *t, struct line *l, struct str *value)
{
	bool mapped = lxc_conf_value(t->c, "lxc.idmap") || t->silence == LXC_LETTER ||
		      str_starts(l->source, "/sys/") || str_starts(l->source, "/proc/");

	str_add(value, t->silence == LXC_LETTER ? "suid,dev,exec" : "nosuid,nodev,exec");
	str_add(value, l->recursive ? ",rbind" : ",bind");
	str_add(value, mapped && !l->idmap ? ",noidmap" : ",idmap");
	if (l->optional)
		str_add(value, ",optional");
	str_add(value, str_text(&l->options));
}

static int set_bind(struct lxc_translation *t, struct line *l, const char *where, struct err *e)
{
	autostr value = { 0 }, gate = { 0 };
	int ret;

	if (l->relative)
		return err_msg(e, ENOTSUP,
			       "a source inside the root file system could be a link of "
			       "the container's making");
	if (l->source[0] != '/')
		return err_msg(e, ENOTSUP, "'%s' is not an absolute path", l->source);
	if (strchr(l->source, ':') || strchr(l->target, ':'))
		return err_msg(e, ENOTSUP, "a path with a ':' in it");
	ret = take_device(t, l, where, e);
	if (ret != 0)
		return ret < 0 ? ret : 0;
	str_addf(&value, "%s:%s:", l->source, l->target);
	add_defaults(t, l, &value);
	str_addf(&gate, "bind:%s", l->source);
	if (value.failed || gate.failed)
		return err_mem(e);
	ret = is_vital(l->source) ? gate_open(t->s, str_text(&gate), where, e) : 0;
	return ret < 0 ? ret : key_set(t->s, "volume", str_text(&value), where, e);
}

static int set_tmpfs(struct lxc_translation *t, struct line *l, const char *where, struct err *e)
{
	autostr value = { 0 };

	str_addf(&value, "%s:exec%s", l->target, str_text(&l->options));
	if (value.failed)
		return err_mem(e);
	return key_set(t->s, "tmpfs", str_text(&value), where, e);
}

/* Mounts that ward makes itself, with the mode that is asked for here. */
static const struct {
	const char *type, *target, *key; /* key NULL: always there */
} own[] = {
	{ "proc", "/proc", "proc.mode" },	  { "sysfs", "/sys", "sys.mode" },
	{ "cgroup", "/sys/fs/cgroup", "cgroup.mode" }, { "cgroup2", "/sys/fs/cgroup", "cgroup.mode" },
	{ "mqueue", "/dev/mqueue", NULL },	  { "devpts", "/dev/pts", NULL },
};

static int set_mount(struct lxc_translation *t, struct line *l, const char *where, struct err *e)
{
	if (l->bind)
		return set_bind(t, l, where, e);
	if (!strcmp(l->type, "tmpfs"))
		return set_tmpfs(t, l, where, e);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (strcmp(l->type, own[i].type) || strcmp(l->target, own[i].target))
			continue;
		return own[i].key ? key_set(t->s, own[i].key, l->readonly ? "ro" : "rw", where, e) :
				    0;
	}
	return err_msg(e, ENOTSUP,
		       "a file system of type %s on %s cannot be mounted from here; mount "
		       "it on the host and bind it, or let the container do it",
		       l->type, l->target);
}

static int take_line(struct lxc_translation *t, const char *text, const char *where, struct err *e)
{
	autofree char *copy = strdup(text), *target = NULL;
	char *word[4];
	struct line l = { 0 };
	int ret;

	if (!copy)
		return err_mem(e);
	if (split(copy, word) < 4)
		return err_msg(e, EINVAL, "'%s' is not SOURCE TARGET TYPE OPTIONS", text);
	l.source = word[0];
	l.type = word[2];
	ret = take_options(&l, word[3], e);
	if (ret == 0)
		ret = find_target(t, word[1], &target, e);
	l.target = target;
	if (ret == 0)
		ret = set_mount(t, &l, where, e);
	str_free(&l.options);
	return ret;
}

int lxc_to_entry(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	return take_line(t, entry->value, entry->where, e);
}

/* --- a file of them --------------------------------------------------------------------- */

struct table {
	struct lxc_translation *t;
	const struct lxc_entry *entry; /* lxc.mount.fstab */
};

static int table_line(void *context, char *line, unsigned number, struct err *e)
{
	struct table *table = context;
	autofree char *where = NULL;
	int ret;

	line = lxc_text_trim(line);
	if (!*line || *line == '#')
		return 0;
	if (asprintf(&where, "%s:%u", table->entry->value, number) < 0)
		return err_mem(e);
	ret = take_line(table->t, line, where, e);
	if (ret < 0)
		err_add(e, "%s", where);
	/* One line that cannot be had takes no others with it. */
	if (ret == -ENOTSUP)
		ret = lxc_note(table->t, table->entry, e->text, true, e);
	return ret;
}

int lxc_to_fstab(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	struct table table = { t, entry };
	autostr text = { 0 };
	int ret = file_read(AT_FDCWD, entry->value, LXC_FILE_MAX, &text);

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s", entry->value);
	}
	return lxc_text_walk(str_text(&text), text.len, table_line, &table, e);
}
