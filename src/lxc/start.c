/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void lxc_start_free(struct lxc_start *s)
{
	free(s->name);
	free(s->lxcpath);
	free(s->configfile);
	free(s->pidfile);
	free(s->console);
	free(s->console_log);
	list_clear(&s->argv);
	lxc_conf_free(&s->config);
}

/* Texts, each with its terminator: "FIELD" "VALUE". An entry of the configuration is three. */
static const struct {
	const char *field;
	size_t at;
} texts[] = {
	{ "name", offsetof(struct lxc_start, name) },
	{ "lxcpath", offsetof(struct lxc_start, lxcpath) },
	{ "configfile", offsetof(struct lxc_start, configfile) },
	{ "pidfile", offsetof(struct lxc_start, pidfile) },
	{ "console", offsetof(struct lxc_start, console) },
	{ "console_log", offsetof(struct lxc_start, console_log) },
}, flags[] = {
	{ "daemonize", offsetof(struct lxc_start, daemonize) },
	{ "useinit", offsetof(struct lxc_start, useinit) },
	{ "secure", offsetof(struct lxc_start, secure) },
};

static void put(struct str *out, const char *text)
{
	str_addn(out, text, strlen(text) + 1);
}

void lxc_start_write(const struct lxc_start *s, struct str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *value = *(char *const *)((const char *)s + texts[i].at);

		if (value) {
			put(out, texts[i].field);
			put(out, value);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		put(out, flags[i].field);
		put(out, *(const bool *)((const char *)s + flags[i].at) ? "1" : "0");
	}
	for (size_t i = 0; i < s->argv.n; i++) {
		put(out, "argv");
		put(out, s->argv.item[i]);
	}
	if (s->config.backend) {
		put(out, "backend");
		put(out, s->config.backend);
	}
	for (size_t i = 0; i < s->config.n; i++) {
		put(out, "entry");
		put(out, s->config.entry[i].name);
		put(out, s->config.entry[i].where ? s->config.entry[i].where : "");
		put(out, s->config.entry[i].value);
	}
}

/* The next text, or NULL at the end. */
static const char *next(const char **at, const char *end)
{
	const char *text = *at,
		   *stop = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

	if (!stop)
		return NULL;
	*at = stop + 1;
	return text;
}

static int take(struct lxc_start *s, const char *field, const char *value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(texts[i].field, field)) {
			char **to = (char **)((char *)s + texts[i].at);

			free(*to);
			*to = strdup(value);
			return *to ? 0 : err_mem(e);
		}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcmp(flags[i].field, field)) {
			*(bool *)((char *)s + flags[i].at) = value[0] == '1';
			return 0;
		}
	if (!strcmp(field, "argv"))
		return list_add(&s->argv, value) < 0 ? err_mem(e) : 0;
	if (!strcmp(field, "backend")) {
		free(s->config.backend);
		s->config.backend = strdup(value);
		return s->config.backend ? 0 : err_mem(e);
	}
	return err_msg(e, EINVAL, "the library says '%s', which this monitor does not know", field);
}

int lxc_start_parse(const char *text, size_t len, struct lxc_start *s, struct err *e)
{
	const char *at = text, *end = text + len, *field;
	int ret = 0;

	while (ret == 0 && (field = next(&at, end))) {
		const char *first = next(&at, end), *second = NULL;

		if (first && !strcmp(field, "entry")) {
			const char *where = next(&at, end);

			second = where ? next(&at, end) : NULL;
			if (!second)
				break;
			ret = lxc_conf_set(&s->config, first, second, where, e);
		} else if (first) {
			ret = take(s, field, first, e);
		}
	}
	if (ret == 0 && (at != end || !s->name || !s->lxcpath))
		ret = err_msg(e, EINVAL, "what the library says to the monitor is not complete");
	return ret;
}
