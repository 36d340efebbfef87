/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/numbered.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool numbered_split(const char *name, char row[NUMBERED_NAME_MAX], uint32_t *number)
{
	const char *digits = strchr(name, '.');
	size_t n = digits ? strspn(digits + 1, "0123456789") : 0;
	char text[12];
	uint64_t wide;

	if (n == 0 || n >= sizeof(text) || (digits[1] == '0' && n > 1) ||
	    (digits[1 + n] && digits[1 + n] != '.'))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)n, digits + 1);
	if (str_u64(text, 10, 0, INT_MAX - 1, &wide) < 0)
		return false;
	*number = (uint32_t)wide;
	return snprintf(row, NUMBERED_NAME_MAX, "%.*s.N%s", (int)(digits - name), name,
			digits + 1 + n) < NUMBERED_NAME_MAX;
}

void numbered_join(const char *row, uint32_t number, char name[NUMBERED_NAME_MAX])
{
	const char *n = strstr(row, ".N");

	snprintf(name, NUMBERED_NAME_MAX, "%.*s.%u%s", (int)(n - row), row, number, n + 2);
}

/* --- origins ---------------------------------------------------------------------------- */

static struct numbered_origin *find(const struct spec *s, const char *name)
{
	for (size_t i = 0; i < s->numbered.n; i++)
		if (!strcmp(s->numbered.item[i].name, name))
			return &s->numbered.item[i];
	return NULL;
}

const char *numbered_origin(const struct spec *s, const char *name)
{
	const struct numbered_origin *o = find(s, name);

	return o ? o->where : NULL;
}

static int add(struct spec *s, const char *name, char *where)
{
	struct numbered_origin *grown = reallocarray(s->numbered.item, s->numbered.n + 1,
						     sizeof(*grown));
	char *copy = grown ? strdup(name) : NULL;

	if (grown)
		s->numbered.item = grown;
	if (!copy)
		return -ENOMEM;
	grown[s->numbered.n++] = (struct numbered_origin){ copy, where };
	return 0;
}

int numbered_remember(struct spec *s, const char *name, const char *where)
{
	struct numbered_origin *o = find(s, name);
	autofree char *copy = strdup(where);
	int ret;

	if (!copy)
		return -ENOMEM;
	if (o) {
		free(o->where);
		o->where = take_ptr(copy);
		return 0;
	}
	ret = add(s, name, copy);
	if (ret == 0)
		copy = NULL;
	return ret;
}

void numbered_forget(struct spec *s, const char *name)
{
	size_t len = strlen(name), kept = 0;

	for (size_t i = 0; i < s->numbered.n; i++) {
		struct numbered_origin o = s->numbered.item[i];

		if (!len || (!strncmp(o.name, name, len) && (!o.name[len] || o.name[len] == '.'))) {
			free(o.name);
			free(o.where);
		} else {
			s->numbered.item[kept++] = o;
		}
	}
	s->numbered.n = kept;
	if (!kept) {
		free(s->numbered.item);
		s->numbered.item = NULL;
	}
}
