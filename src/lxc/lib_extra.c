/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What LXC's own tools import beyond the public headers. A list head of theirs is two pointers that
 * begin by pointing at itself, and the elements are ours. */
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "base/mem.h"
#include "lxc/lib.h"

struct link {
	struct link *next, *prev;
};

struct define {
	struct link link;
	char *key, *value;
};

API int lxc_config_define_add(struct link *defines, char *arg);
API bool lxc_config_define_load(struct link *defines, struct lxc_container *c);
API void lxc_config_define_free(struct link *defines);
API int lxc_config_parse_arch(const char *arch, long *persona);
API bool lxc_is_valid_storage_type(const char *type);

/* "KEY=VALUE" of --define. 0 or -1. */
int lxc_config_define_add(struct link *defines, char *arg)
{
	const char *value = strchr(arg, '=');
	struct define *d = value ? calloc(1, sizeof(*d)) : NULL;

	if (!d)
		return -1;
	d->key = strndup(arg, (size_t)(value - arg));
	d->value = strdup(value + 1);
	d->link = (struct link){ defines, defines->prev };
	defines->prev->next = &d->link;
	defines->prev = &d->link;
	return d->key && d->value ? 0 : -1;
}

bool lxc_config_define_load(struct link *defines, struct lxc_container *c)
{
	bool good = true;

	for (struct link *l = defines->next; good && l != defines; l = l->next) {
		const struct define *d = (const struct define *)l;

		good = c->set_config_item(c, d->key, d->value);
	}
	lxc_config_define_free(defines);
	return good;
}

void lxc_config_define_free(struct link *defines)
{
	for (struct link *l = defines->next, *next; l != defines; l = next) {
		struct define *d = (struct define *)l;

		next = l->next;
		free(d->key);
		free(d->value);
		free(d);
	}
	*defines = (struct link){ defines, defines };
}

/* The personality of the name of an architecture. */
int lxc_config_parse_arch(const char *arch, long *persona)
{
	struct lxc_config one = { 0 };
	autostr shown = { 0 };
	struct err e = ERR_NONE;
	int ret = lxc_conf_set(&one, "lxc.arch", arch, "arch", &e);

	if (ret == 0)
		ret = lxc_conf_get(&one, "lxc.arch", &shown, &e);
	if (ret == 0)
		*persona = strcmp(str_text(&shown), "i686") ? PER_LINUX : PER_LINUX32;
	lxc_conf_free(&one);
	return ret < 0 ? -1 : 0;
}

bool lxc_is_valid_storage_type(const char *type)
{
	static const char *const types[] = { "dir", "btrfs", "loop", "lvm", "nbd", "overlay",
					     "overlayfs", "rbd", "zfs" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i], type))
			return true;
	return false;
}
