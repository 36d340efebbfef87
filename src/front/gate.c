/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/mem.h"
#include "front/conf.h"
#include "spec/key.h"

/* gates.conf, put in by the build. */
extern const struct embedded gate_files[];

/* --- the table -------------------------------------------------------------------------- */

static void gate_free(struct gate *g)
{
	free(g->name);
	free(g->arg);
	free(g->doc);
	free(g->cost);
	list_clear(&g->keys);
	list_clear(&g->values);
}

void gates_free(struct gates *g)
{
	for (size_t i = 0; i < g->n; i++)
		gate_free(&g->item[i]);
	free(g->item);
	*g = (struct gates){ 0 };
}

static int gates_begin(struct gates *g, const char *name, struct err *e)
{
	struct gate *grown = reallocarray(g->item, g->n + 1, sizeof(*grown));

	if (!grown)
		return err_mem(e);
	g->item = grown;
	grown[g->n] = (struct gate){ .name = strdup(name) };
	return grown[g->n++].name ? 0 : err_mem(e);
}

static int gates_line(void *context, const char *key, const char *value, const char *origin,
		      struct err *e)
{
	struct gates *all = context;
	struct gate *g;
	char **text;

	if (!value)
		return gates_begin(all, key, e);
	if (!all->n)
		return err_msg(e, EINVAL, "%s: a line before the first gate", origin);
	g = &all->item[all->n - 1];
	text = !strcmp(key, "arg")  ? &g->arg :
	       !strcmp(key, "doc")  ? &g->doc :
	       !strcmp(key, "cost") ? &g->cost :
				      NULL;
	if (text) {
		free(*text);
		*text = strdup(value);
		return *text ? 0 : err_mem(e);
	}
	if (list_add(&g->keys, key) < 0 || list_add(&g->values, value) < 0)
		return err_mem(e);
	return 0;
}

int gates_load(struct gates *g, struct err *e)
{
	*g = (struct gates){ 0 };
	return conf_walk(gate_files[0].text, gate_files[0].len, "gates.conf", gates_line, g, e);
}

/* --- arguments -------------------------------------------------------------------------- */

static bool arg_port(const char *text)
{
	uint64_t port;

	return str_u64(text, 10, 1, 65535, &port) == 0;
}

/* A path that also stands in a volume: ':' would end it there. Nothing is looked up here:
 * reading a configuration has no side effects; the walls open the path once, at the start. */
static bool arg_path(const char *text)
{
	return text[0] == '/' && !str_has_control(text) && !strchr(text, ':') &&
	       !strstr(text, "/../") && !str_ends(text, "/..");
}

static bool arg_device(const char *text)
{
	return arg_path(text) && str_starts(text, "/dev/") && text[5];
}

static bool arg_word(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n < 64 && !text[n];
}

/* What the kernel lets a user namespace mount (FS_USERNS_MOUNT); the others, those on disks
 * among them, stay refused by it whatever we allow. */
static bool arg_filesystem(const char *text)
{
	static const char *const types[] = { "tmpfs",  "ramfs",	 "overlay", "proc",   "sysfs",
					     "mqueue", "devpts", "cgroup2", "cgroup", "bind" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i], text))
			return true;
	return false;
}

static const struct {
	const char *kind;
	const char *metavar;
	bool (*good)(const char *text);
	const char *wanted;
} arguments[] = {
	{ "port", "N", arg_port, "a port from 1 to 65535" },
	{ "path", "PATH", arg_path, "an absolute path without ':' and '..'" },
	{ "device", "PATH", arg_device, "the path of a device node below /dev" },
	{ "capability", "NAME", arg_word, "a name from capabilities(7) in lower case: net_raw" },
	{ "syscall", "NAME", arg_word, "the name of a system call: ptrace" },
	{ "filesystem", "TYPE", arg_filesystem,
	  "one of tmpfs, ramfs, overlay, proc, sysfs, mqueue, devpts, cgroup, cgroup2, bind: the "
	  "kernel lets nobody mount other types inside a user namespace; for FUSE open the gate "
	  "fuse, for a disk mount it on the host and use a volume" },
};

static int gate_check_argument(const struct gate *g, const char *arg, struct err *e)
{
	if (!g->arg)
		return arg ? err_msg(e, EINVAL, "gate %s takes no argument", g->name) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		if (strcmp(arguments[i].kind, g->arg))
			continue;
		if (!arg || !*arg)
			return err_msg(e, EINVAL, "gate %s needs an argument: %s:%s", g->name,
				       g->name, arguments[i].metavar);
		if (!arguments[i].good(arg))
			return err_msg(e, EINVAL, "gate %s: '%.128s' is not %s", g->name, arg,
				       arguments[i].wanted);
		return 0;
	}
	return err_msg(e, EINVAL, "gate %s: unknown kind of argument '%s'", g->name, g->arg);
}

void gate_usage(const struct gate *g, struct str *out)
{
	str_add(out, g->name);
	for (size_t i = 0; g->arg && i < ARRAY_SIZE(arguments); i++)
		if (!strcmp(arguments[i].kind, g->arg))
			str_addf(out, ":%s", arguments[i].metavar);
}

/* --- opening ---------------------------------------------------------------------------- */

static int gate_unknown(const struct gates *all, const char *name, struct err *e)
{
	autofree const char **names = calloc(all->n + 1, sizeof(*names));
	const char *nearest;

	if (!names)
		return err_mem(e);
	for (size_t i = 0; i < all->n; i++)
		names[i] = all->item[i].name;
	nearest = str_nearest(name, names, all->n);
	err_msg(e, EINVAL, "there is no gate '%.64s'", name);
	if (nearest)
		return err_hint(e, "did you mean '%s'?", nearest);
	return err_hint(e, "`ward help gates` lists them");
}

/* `value` with every %s replaced by the argument. */
static void gate_fill(const char *value, const char *arg, struct str *out)
{
	const char *mark;

	while (arg && (mark = strstr(value, "%s"))) {
		str_addn(out, value, (size_t)(mark - value));
		str_add(out, arg);
		value = mark + 2;
	}
	str_add(out, value);
}

static int gate_set(struct spec *s, const struct gate *g, const char *arg, const char *origin,
		    struct err *e)
{
	for (size_t i = 0; i < g->keys.n; i++) {
		autostr value = { 0 };
		int ret;

		gate_fill(g->values.item[i], arg, &value);
		if (value.failed)
			return err_mem(e);
		ret = key_set(s, g->keys.item[i], str_text(&value), origin, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int gate_open_named(struct spec *s, const struct gates *all, const char *name,
			   const char *arg, const char *origin, struct err *e)
{
	int ret;

	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->item[i].name, name))
			continue;
		ret = gate_check_argument(&all->item[i], arg, e);
		return ret < 0 ? ret : gate_set(s, &all->item[i], arg, origin, e);
	}
	return gate_unknown(all, name, e);
}

int gate_open(struct spec *s, const char *written, const char *where, struct err *e)
{
	autogates all = { 0 };
	autofree char *name = strdup(written);
	autostr origin = { 0 };
	char *colon;
	int ret;

	if (list_has(&s->gates, written))
		return 0;
	str_addf(&origin, "gate %s (%s)", written, where);
	if (!name || origin.failed)
		return err_mem(e);
	if (!*written || str_has_control(written))
		return err_msg(e, EINVAL, "%s: the name of a gate is missing", where);
	colon = strchr(name, ':');
	if (colon)
		*colon = '\0';
	ret = gates_load(&all, e);
	if (ret == 0)
		ret = gate_open_named(s, &all, name, colon ? colon + 1 : NULL, str_text(&origin),
				      e);
	if (ret < 0)
		return err_add(e, "%s", where);
	return key_set(s, "spec.gates", written, where, e);
}
