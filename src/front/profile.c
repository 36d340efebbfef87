/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front/profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/embed.h"
#include "base/mem.h"
#include "front/conf.h"
#include "spec/key.h"

/* src/spec/profiles/NAME.conf, put in by the build. */
extern const struct embedded profile_files[];

/* In the order of documentation. */
static const char *const names[] = {
	"app", "system", "immutable", "appliance", "privileged", NULL
};

const char *profile_name(size_t index)
{
	return names[index];
}

const char *profile_text(const char *name, size_t *len)
{
	const struct embedded *file;
	char path[64];

	snprintf(path, sizeof(path), "%s.conf", name);
	file = embed_find(profile_files, path);
	if (!file)
		return NULL;
	*len = file->len;
	return file->text;
}

int profile_unknown(const char *name, const char *where, struct err *e)
{
	const char *nearest = str_nearest(name, names, ARRAY_SIZE(names) - 1);

	err_msg(e, EINVAL, "%s: there is no profile '%.64s'", where, name);
	if (nearest)
		return err_hint(e, "did you mean '%s'?", nearest);
	return err_hint(e, "there are app, system, immutable, appliance and privileged");
}

int profile_apply(struct spec *s, const char *name, const char *where, struct err *e)
{
	char label[64];
	const char *text = "";
	size_t len = 0;
	int ret;

	if (strcmp(name, PROFILE_NONE))
		text = profile_text(name, &len);
	if (!text)
		return profile_unknown(name, where, e);
	spec_free(s);
	spec_init(s);
	snprintf(label, sizeof(label), "profile %s", name);
	ret = conf_parse(s, text, len, label, e);
	if (ret < 0)
		return ret;
	return key_set(s, "spec.profile", name, where, e);
}

bool profile_is_fresh(const struct spec *s)
{
	for (size_t i = 0; i < s->numbered.n; i++)
		if (!str_starts(s->numbered.item[i].where, "profile "))
			return false;
	if (!s->origin)
		return true;
	for (size_t i = 0; i < key_count_all(); i++)
		if (s->origin[i].where && !str_starts(s->origin[i].where, "profile ") &&
		    strcmp(key_at(i)->name, "spec.profile"))
			return false;
	return true;
}

bool profile_is_pinned(const struct spec *s)
{
	return !strcmp(key_origin(s, "spec.profile"), "--profile");
}
