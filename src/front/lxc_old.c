/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of LXC 1 and 2.0, which LXC 3 stopped to read. Fifteen years of instructions use them,
 * so they are understood, and said to be old. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "front/lxc_key.h"

static const struct lxc_old olds[] = {
	{ "lxc.rootfs", "lxc.rootfs.path" },
	{ "lxc.rootfs.backend", "lxc.rootfs.path" },
	{ "lxc.id_map", "lxc.idmap" },
	{ "lxc.pts", "lxc.pty.max" },
	{ "lxc.tty", "lxc.tty.max" },
	{ "lxc.devttydir", "lxc.tty.dir" },
	{ "lxc.aa_profile", "lxc.apparmor.profile" },
	{ "lxc.aa_allow_incomplete", "lxc.apparmor.allow_incomplete" },
	{ "lxc.se_context", "lxc.selinux.context" },
	{ "lxc.mount", "lxc.mount.fstab" },
	{ "lxc.utsname", "lxc.uts.name" },
	{ "lxc.seccomp", "lxc.seccomp.profile" },
	{ "lxc.console", "lxc.console.path" },
	{ "lxc.haltsignal", "lxc.signal.halt" },
	{ "lxc.rebootsignal", "lxc.signal.reboot" },
	{ "lxc.stopsignal", "lxc.signal.stop" },
	{ "lxc.syslog", "lxc.log.syslog" },
	{ "lxc.loglevel", "lxc.log.level" },
	{ "lxc.logfile", "lxc.log.file" },
	{ "lxc.init_cmd", "lxc.init.cmd" },
	{ "lxc.init_uid", "lxc.init.uid" },
	{ "lxc.init_gid", "lxc.init.gid" },
	{ "lxc.limit", "lxc.prlimit", .family = true },
	{ "lxc.network", "lxc.net", .family = true },
	{ "lxc.pivotdir", NULL },
	{ "lxc.kmsg", NULL },
};

const struct lxc_old *lxc_old_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(olds); i++) {
		size_t n = strlen(olds[i].name);

		if (!strcmp(name, olds[i].name) ||
		    (olds[i].family && !strncmp(name, olds[i].name, n) && name[n] == '.'))
			return &olds[i];
	}
	return NULL;
}

int lxc_old_network(const char *rest, unsigned *devices, struct str *name, struct err *e)
{
	bool begins = !strcmp(rest, "type");

	/* lxc.network.N.KEY, of 2.0.7 and later, names its device. */
	if (strspn(rest, "0123456789") && rest[strspn(rest, "0123456789")] == '.') {
		str_addf(name, "lxc.net.%s", rest);
		return 0;
	}
	if (begins)
		++*devices;
	if (!*devices)
		return err_msg(e, EINVAL, "lxc.network.%s: no lxc.network.type came before", rest);
	if (!strcmp(rest, "ipv4") || !strcmp(rest, "ipv6"))
		str_addf(name, "lxc.net.%u.%s.address", *devices - 1, rest);
	else
		str_addf(name, "lxc.net.%u.%s", *devices - 1, rest);
	return 0;
}

/* lxc.rootfs and lxc.rootfs.backend are one value today. */
static int old_rootfs(struct lxc_config *c, const char *name, const char *value, struct str *out,
		      struct err *e)
{
	const char *path = value, *colon;

	if (!strcmp(name, "lxc.rootfs.backend")) {
		free(c->backend);
		c->backend = strdup(value);
		if (!c->backend)
			return err_mem(e);
		path = lxc_conf_value(c, "lxc.rootfs.path");
		if (!path)
			return -ECANCELED;
		colon = path[0] == '/' ? NULL : strchr(path, ':');
		path = colon ? colon + 1 : path;
	}
	if (c->backend && *c->backend && *path)
		str_addf(out, "%s:", c->backend);
	str_add(out, path);
	return out->failed ? err_mem(e) : 1;
}

static int hint(struct lxc_config *c, const char *name, const struct lxc_old *old,
		const char *where, struct err *e)
{
	autostr text = { 0 };

	if (old->now)
		str_addf(&text,
			 "%s: %s is called %s%s since LXC 2.1; lxc-update-config rewrites it",
			 where, name, old->now, old->family ? ".*" : "");
	else
		str_addf(&text, "%s: %s has no effect since LXC 2.1; leave it out", where, name);
	return text.failed || list_add(&c->hints, str_text(&text)) < 0 ? err_mem(e) : 0;
}

int lxc_old_rewrite(struct lxc_config *c, const char *name, const char *value, const char *where,
		    struct str *new_name, struct str *new_value, struct err *e)
{
	const struct lxc_old *old = lxc_old_find(name);
	const char *rest;
	int ret;

	if (!old)
		return 0;
	ret = hint(c, name, old, where, e);
	if (ret < 0)
		return ret;
	if (!old->now)
		return -ECANCELED;
	rest = name + strlen(old->name);
	rest += *rest == '.';
	if (str_starts(name, "lxc.network") && *rest)
		ret = lxc_old_network(rest, &c->old_nets, new_name, e);
	else
		str_addf(new_name, "%s%s%s", old->now, *rest ? "." : "", rest);
	if (ret == 0 && str_starts(name, "lxc.rootfs"))
		return old_rootfs(c, name, value, new_value, e);
	if (new_name->failed)
		return err_mem(e);
	return ret < 0 ? ret : 1;
}

/* --- rewriting a text --------------------------------------------------------------------- */

struct update {
	struct str *out;
	char *backend; /* said somewhere in the text; it belongs to the path */
	unsigned devices;
	int changed;
};

/* The name at the start of a line, when it is historic. */
static const struct lxc_old *old_of(const char *line, char *name, size_t size)
{
	size_t n;

	line += strspn(line, " \t");
	n = strcspn(line, " \t=");
	if (!strchr(line, '=') || !str_starts(line, "lxc.") || n >= size)
		return NULL;
	memcpy(name, line, n);
	name[n] = '\0';
	return lxc_old_find(name);
}

static int find_backend(void *context, char *line, unsigned number, struct err *e)
{
	struct update *u = context;
	char name[128], *key, *value;

	(void)number;
	if (!old_of(line, name, sizeof(name)) || strcmp(name, "lxc.rootfs.backend") ||
	    !lxc_text_split(line, &key, &value))
		return 0;
	free(u->backend);
	u->backend = strdup(value);
	return u->backend ? 0 : err_mem(e);
}

static int new_name(struct update *u, const struct lxc_old *old, const char *name, struct str *out,
		    struct err *e)
{
	const char *rest = name + strlen(old->name);

	rest += *rest == '.';
	if (str_starts(name, "lxc.network") && *rest)
		return lxc_old_network(rest, &u->devices, out, e);
	str_addf(out, "%s%s%s", old->now, *rest ? "." : "", rest);
	return 0;
}

static int update_line(void *context, char *line, unsigned number, struct err *e)
{
	size_t blank = strspn(line, " \t");
	struct update *u = context;
	autostr today = { 0 };
	char name[128];
	const struct lxc_old *old = old_of(line, name, sizeof(name));
	const char *rest = old ? line + blank + strlen(name) : NULL;

	if (!old) {
		str_addf(u->out, "%s\n", line);
		return 0;
	}
	u->changed++;
	if (!old->now || !strcmp(name, "lxc.rootfs.backend"))
		return 0;
	if (new_name(u, old, name, &today, e) < 0)
		return err_add(e, "line %u", number);
	str_addf(u->out, "%.*s%s", (int)blank, line, str_text(&today));
	if (!strcmp(name, "lxc.rootfs")) {
		size_t path = strcspn(rest, "=") + 1;

		path += strspn(rest + path, " \t");
		str_addf(u->out, "%.*s%s:", (int)path, rest, u->backend ? u->backend : "dir");
		rest += path;
	}
	str_addf(u->out, "%s\n", rest);
	return 0;
}

int lxc_conf_update(const char *text, size_t len, struct str *out, struct err *e)
{
	struct update u = { .out = out };
	int ret = lxc_text_walk(text, len, find_backend, &u, e);

	if (ret == 0)
		ret = lxc_text_walk(text, len, update_line, &u, e);
	free(u.backend);
	if (ret == 0 && out->failed)
		ret = err_mem(e);
	return ret < 0 ? ret : u.changed;
}
