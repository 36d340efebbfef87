/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a configuration as its owner wrote it. LXC saves this text and not what it made of
 * it, so comments, includes and the order of lines survive a change by a tool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "front/lxc_key.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

char *lxc_text_trim(char *text)
{
	size_t n;

	while (is_blank(*text))
		text++;
	n = strlen(text);
	while (n && is_blank(text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

/* One outer pair, without escapes. */
static char *unquote(char *value)
{
	size_t n = strlen(value);

	if (n < 2 || (value[0] != '"' && value[0] != '\'') || value[n - 1] != value[0])
		return value;
	value[n - 1] = '\0';
	return value + 1;
}

bool lxc_text_split(char *line, char **key, char **value)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return false;
	*equals = '\0';
	*key = lxc_text_trim(line);
	*value = unquote(lxc_text_trim(equals + 1));
	return true;
}

int lxc_text_walk(const char *text, size_t len, lxc_line *line, void *context, struct err *e)
{
	autofree char *copy = malloc(len + 1);
	unsigned number = 1;
	char *p, *end;
	int ret = 0;

	if (!copy)
		return err_mem(e);
	memcpy(copy, text, len);
	copy[len] = '\0'; /* which also ends the last line */
	end = copy + len;
	for (p = copy; p < end && ret == 0; number++) {
		char *stop = p + strcspn(p, "\r\n");
		bool both = stop[0] == '\r' && stop[1] == '\n';

		*stop = '\0';
		ret = line(context, p, number, e);
		p = stop + 1 + both;
	}
	return ret;
}

void lxc_text_add(struct str *text, const char *name, const char *value)
{
	str_addf(text, "%s = %s\n", name, value);
}

/* Does an assignment to `line` set the key `name`, or one that goes with it? */
static bool is_meant(const struct lxc_name *line, const struct lxc_name *name)
{
	size_t n = strlen(name->text);

	if (!strcmp(line->text, name->text))
		return true;
	if (name->key->flags & LXC_FAMILY && !*name->rest)
		return line->key == name->key;
	return name->key->form == LXC_NONE && !strncmp(line->text, name->text, n) &&
	       line->text[n] == '.';
}

/* An indented line counts as well, and one with a historic name: it would come back otherwise the next
 * time the text is read. */
static bool sets(const char *line, const struct lxc_name *name)
{
	struct err ignored = ERR_NONE;
	const struct lxc_old *old;
	struct lxc_name found;
	char word[sizeof(found.text)];
	size_t n;

	line += strspn(line, " \t");
	n = strcspn(line, " \t=\n");
	if (n >= sizeof(word) || line[n + strspn(line + n, " \t")] != '=')
		return false;
	memcpy(word, line, n);
	word[n] = '\0';
	old = lxc_old_find(word);
	if (old && (!old->now || old->family))
		return false;
	return lxc_key_find(old ? old->now : word, &found, &ignored) == 0 && is_meant(&found, name);
}

void lxc_text_remove(struct str *text, const struct lxc_name *name)
{
	char *from = text->text, *to = text->text;

	while (from && *from) {
		size_t n = strcspn(from, "\n");

		n += from[n] == '\n';
		if (!sets(from, name)) {
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	if (!to)
		return;
	*to = '\0';
	text->len = (size_t)(to - text->text);
}
