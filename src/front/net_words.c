/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front/net_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "front/gate.h"
#include "spec/key.h"

uint32_t net_words_next(const struct spec *s)
{
	size_t n = s->net.devices.n;

	return n ? s->net.devices.item[n - 1].index + 1 : 0;
}

static int set(struct spec *s, uint32_t n, const char *word, const char *value, const char *where,
	       struct err *e)
{
	char key[64];

	if (snprintf(key, sizeof(key), "net.%u.%s", (unsigned)n, word) >= (int)sizeof(key))
		return err_msg(e, EINVAL, "%s: unknown key '%.32s...'", where, word);
	return key_set(s, key, value, where, e);
}

/* A profile's devices are a default, and make place for what is asked for. */
static int make_place(struct spec *s, const char *where, struct err *e)
{
	for (size_t i = 0; i < s->net.devices.n; i++) {
		char key[64];

		snprintf(key, sizeof(key), "net.%u.type", (unsigned)s->net.devices.item[i].index);
		if (!str_starts(key_origin(s, key), "profile "))
			return 0;
	}
	return key_set(s, "net", "", where, e);
}

/* "KEY=VALUE", or "KEY" for what is true or false. */
static int set_option(struct spec *s, uint32_t n, char *word, const char *where, struct err *e)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	return set(s, n, word, value ? value : "true", where, e);
}

/* What is not a device. */
static int set_other(struct spec *s, const char *kind, const char *where, bool *done, struct err *e)
{
	*done = true;
	if (!strcmp(kind, "empty") || !strcmp(kind, "none"))
		return 0;
	if (!strcmp(kind, "host"))
		return gate_open(s, "host-net", where, e);
	if (str_starts(kind, "container:"))
		return key_set(s, "ns.net", kind, where, e);
	*done = false;
	return 0;
}

static int set_device(struct spec *s, uint32_t n, const char *kind, const char *where,
		      struct err *e)
{
	static const struct {
		const char *prefix, *key;
	} places[] = { { "network:", "network" }, { "bridge:", "link" } };
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!str_starts(kind, places[i].prefix))
			continue;
		kind += strlen(places[i].prefix);
		if (!*kind)
			return err_msg(e, EINVAL, "%s: '%s' of what name?", where, places[i].key);
		ret = set(s, n, "type", "veth", where, e);
		return ret < 0 ? ret : set(s, n, places[i].key, kind, where, e);
	}
	return set(s, n, "type", *kind ? kind : "auto", where, e);
}

int net_words_apply(struct spec *s, const char *words, const char *where, struct err *e)
{
	autofree char *kind = strndup(words, strcspn(words, ","));
	bool done = false;
	int ret;

	if (!kind)
		return err_mem(e);
	ret = make_place(s, where, e);
	if (ret == 0)
		ret = set_other(s, kind, where, &done, e);
	if (ret == 0 && done && strcmp(kind, words))
		ret = err_msg(e, EINVAL, "%s: '%s' has no keys", where, kind);
	return ret < 0 || done ? ret : net_words_add(s, words, where, e);
}

int net_words_add(struct spec *s, const char *words, const char *where, struct err *e)
{
	autofree char *copy = strdup(words);
	char *rest = copy, *kind = strsep(&rest, ",");
	uint32_t n = net_words_next(s);
	int ret;

	if (!copy)
		return err_mem(e);
	ret = set_device(s, n, kind, where, e);
	for (char *word; ret == 0 && (word = strsep(&rest, ","));)
		ret = set_option(s, n, word, where, e);
	return ret;
}
