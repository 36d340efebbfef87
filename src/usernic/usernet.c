/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usernic/usernet.h"

#include <string.h>

enum { WORDS = 4 };

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line; its length, 0 at the end. */
static size_t next_word(const char **at, const char *end)
{
	const char *begin;

	while (*at < end && blank(**at))
		(*at)++;
	begin = *at;
	while (*at < end && !blank(**at))
		(*at)++;
	return (size_t)(*at - begin);
}

static bool take_word(const char **at, const char *end, char *out, size_t size)
{
	size_t n = next_word(at, end);

	if (n == 0 || n >= size)
		return false;
	memcpy(out, *at - n, n);
	out[n] = '\0';
	/* strlen: a NUL in the middle makes another word of it. */
	return strlen(out) == n && !str_has_control(out);
}

static bool parse_line(const char *at, const char *end, struct usernet_line *l)
{
	size_t n;

	if (!take_word(&at, end, l->owner, sizeof(l->owner)) || l->owner[0] == '#' ||
	    !take_word(&at, end, l->type, sizeof(l->type)) ||
	    !take_word(&at, end, l->bridge, sizeof(l->bridge)) ||
	    !take_word(&at, end, l->last, sizeof(l->last)))
		return false;
	n = next_word(&at, end);
	return n == 0 || at[-(ptrdiff_t)n] == '#';
}

int usernet_parse(const char *text, size_t len, usernet_visit *visit, void *ctx)
{
	const char *end = text + len;
	int ret = 0;

	while (text < end && ret == 0) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct usernet_line line = { 0 };

		stop = stop ? stop : end;
		if (parse_line(text, stop, &line))
			ret = visit(&line, ctx);
		text = stop + 1;
	}
	return ret;
}

uint32_t usernet_count(const struct usernet_line *line)
{
	uint64_t n;

	return str_u64(line->last, 10, 0, UINT32_MAX, &n) == 0 ? (uint32_t)n : 0;
}

struct taken {
	const struct usernet_line *of;
	uint32_t n;
};

static int count_same(const struct usernet_line *line, void *ctx)
{
	struct taken *t = ctx;

	t->n += !strcmp(line->owner, t->of->owner) && !strcmp(line->type, t->of->type) &&
		!strcmp(line->bridge, t->of->bridge);
	return 0;
}

uint32_t usernet_taken(const char *text, size_t len, const struct usernet_line *of)
{
	struct taken t = { .of = of };

	usernet_parse(text, len, count_same, &t);
	return t.n;
}

void usernet_write(const struct usernet_line *line, struct str *out)
{
	str_addf(out, "%s %s %s %s\n", line->owner, line->type, line->bridge, line->last);
}

struct cull {
	bool (*keep)(const char *interface, void *ctx);
	void *ctx;
	struct str *out;
};

static int cull_line(const struct usernet_line *line, void *ctx)
{
	struct cull *c = ctx;

	if (c->keep(line->last, c->ctx))
		usernet_write(line, c->out);
	return 0;
}

void usernet_cull(const char *text, size_t len, bool (*keep)(const char *interface, void *ctx),
		  void *ctx, struct str *out)
{
	struct cull c = { keep, ctx, out };

	usernet_parse(text, len, cull_line, &c);
}
