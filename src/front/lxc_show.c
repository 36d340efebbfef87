/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys that LXC gives back in other words than they were set in. */
#include <string.h>

#include "base/mem.h"
#include "front/lxc_key.h"

const char *const lxc_namespaces[] = { "user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time",
				       NULL };

void lxc_show_arch(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		   struct str *out)
{
	(void)k;
	str_add(out, lxc_arch_is_32(lxc_conf_value(c, name)) ? "i686" : "x86_64");
}

/* Without the kind of storage. */
void lxc_show_rootfs(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		     struct str *out)
{
	const char *value = lxc_conf_value(c, name);
	const char *colon = value[0] == '/' ? NULL : strchr(value, ':');

	(void)k;
	str_add(out, colon ? colon + 1 : value);
}

static const char *last_word(const struct lxc_config *c, const char *name, const char *family)
{
	size_t n = strlen(family);
	const char *last = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const char *word = c->entry[i].value;

		if (!strcmp(c->entry[i].name, name) && !strncmp(word, family, n) &&
		    (!word[n] || word[n] == ':'))
			last = word;
	}
	return last;
}

/* One word of each kind: the last one counts. ":force" is not given back. */
void lxc_show_auto(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		   struct str *out)
{
	static const char *const families[] = { "proc", "sys", "cgroup", "cgroup-full" };
	const char *between = "";

	(void)k;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const char *word = last_word(c, name, families[i]);
		size_t n = word ? strlen(word) : 0;

		if (!word)
			continue;
		if (str_ends(word, ":force"))
			n -= strlen(":force");
		str_add(out, between);
		str_addn(out, word, n);
		if (i < 2 && !strchr(word, ':'))
			str_add(out, ":mixed");
		between = " ";
	}
}

/* "none" is how an empty list is written, and no capability. */
void lxc_show_keep(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		   struct str *out)
{
	(void)k;
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->entry[i].name, name) && strcmp(c->entry[i].value, "none"))
			str_addf(out, "%s\n", c->entry[i].value);
}

void lxc_show_namespaces(const struct lxc_config *c, const struct lxc_key *k, const char *name,
			 struct str *out)
{
	(void)k;
	for (size_t n = 0; lxc_namespaces[n]; n++)
		if (last_word(c, name, lxc_namespaces[n]))
			str_addf(out, "%s\n", lxc_namespaces[n]);
}

/* Without the broadcast address. */
void lxc_show_addresses(const struct lxc_config *c, const struct lxc_key *k, const char *name,
			struct str *out)
{
	const char *between = "";

	(void)k;
	for (size_t i = 0; i < c->n; i++) {
		const char *value = c->entry[i].value;

		if (strcmp(c->entry[i].name, name))
			continue;
		str_add(out, between);
		str_addn(out, value, strcspn(value, " "));
		between = "\n";
	}
}
