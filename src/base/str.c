/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_free(struct str *s)
{
	free(s->text);
	*s = (struct str){ 0 };
}

static bool str_reserve(struct str *s, size_t more)
{
	size_t need = s->len + more + 1;
	size_t room = s->room ? s->room : 64;
	char *grown;

	if (s->failed)
		return false;
	if (need <= s->room)
		return true;
	while (room < need)
		room *= 2;
	grown = realloc(s->text, room);
	if (!grown) {
		s->failed = true;
		return false;
	}
	s->text = grown;
	s->room = room;
	return true;
}

void str_addn(struct str *s, const char *text, size_t n)
{
	if (!str_reserve(s, n))
		return;
	memcpy(s->text + s->len, text, n);
	s->len += n;
	s->text[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap, again;
	int n = -1;

	va_start(ap, fmt);
	va_copy(again, ap);
	/* Most pieces are short: formatted where they fit, and only else measured and again. */
	if (str_reserve(s, 32))
		n = vsnprintf(s->text + s->len, s->room - s->len, fmt, ap);
	if (n >= 0 && (size_t)n >= s->room - s->len && str_reserve(s, (size_t)n))
		vsnprintf(s->text + s->len, (size_t)n + 1, fmt, again);
	if (!s->failed && n >= 0)
		s->len += (size_t)n;
	else if (s->text)
		s->text[s->len] = '\0';
	va_end(again);
	va_end(ap);
}

void str_addu(struct str *s, uint64_t number)
{
	char digits[20], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	str_addn(s, at, (size_t)(digits + sizeof(digits) - at));
}

const char *str_text(const struct str *s)
{
	return s->text ? s->text : "";
}

int list_add(struct list *l, const char *text)
{
	char **grown = l->item;
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	/* Grow by powers of two: the array is full exactly when n is one. */
	if ((l->n & (l->n - 1)) == 0)
		grown = reallocarray(l->item, l->n ? 2 * l->n : 1, sizeof(*l->item));
	if (!grown) {
		free(copy);
		return -ENOMEM;
	}
	l->item = grown;
	l->item[l->n++] = copy;
	return 0;
}

void list_clear(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i]);
	free(l->item);
	*l = (struct list){ 0 };
}

bool list_has(const struct list *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->item[i], text))
			return true;
	return false;
}

int str_u64(const char *text, int base, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int str_i64(const char *text, int64_t min, int64_t max, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	long long value;
	char *end;

	if (!isdigit((unsigned char)digits[0]))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int str_size(const char *text, uint64_t *out)
{
	static const char suffixes[] = "KMGT";
	unsigned long long value;
	const char *suffix;
	char *end;

	if (!strcmp(text, "max") || !strcmp(text, "unlimited")) {
		*out = UINT64_MAX;
		return 0;
	}
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno == ERANGE)
		return -ERANGE;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix || (end[1] && strcmp(end + 1, "B") && strcmp(end + 1, "iB") &&
				strcmp(end + 1, "b")))
			return -EINVAL;
		for (const char *p = suffixes; p <= suffix; p++)
			if (__builtin_mul_overflow(value, 1024ULL, &value))
				return -ERANGE;
	}
	*out = value;
	return 0;
}

bool str_starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool str_ends(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && !strcmp(text + n - m, suffix);
}

bool str_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* Edit distance of two short words; words over 63 characters never match. */
static size_t str_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t row[64];

	if (n >= 64 || m >= 64)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			size_t shorter = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = change < shorter ? change : shorter;
		}
	}
	return row[m];
}

const char *str_nearest(const char *text, const char *const *words, size_t n)
{
	size_t best = 3 + strlen(text) / 4;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = str_distance(text, words[i]);

		if (d < best) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}
