/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: renaming the host, and learning its name. Interfaces: sethostname(2),
 * setdomainname(2) in an own uts namespace. Comes after the namespace is made.
 *
 * uname(2) and /proc/sys/kernel/hostname answer for the asker's namespace: from outside the
 * names cannot be read, so there is no observe(); the ns wall sees whether the namespace is own.
 *
 * Lost without it: the container has the host's name. */
#include "wall/uts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { UTS_MAX = 64 /* __NEW_UTS_LEN */ };

/* --- keys ------------------------------------------------------------------------------ */

/* RFC 1123 with the underscore that many names have: the kernel takes any bytes, but the name
 * lands in prompts, logs, file names and DHCP requests. */
static bool label_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static bool uts_valid(const char *name)
{
	char before = '.';

	if (!*name || strlen(name) > UTS_MAX)
		return false;
	for (; *name; before = *name++) {
		if (*name == '.' ? before == '.' : !label_char(*name))
			return false;
		if (before == '.' && *name == '-')
			return false;
	}
	return before != '.';
}

static int uts_key_set(const struct key *k, void *field, const char *value, struct err *e)
{
	/* What LXC and Docker write for "none"; the kernel's own default for the domain. */
	if (!strcmp(value, "(none)")) {
		key_string.clear(k, field);
		return 0;
	}
	if (!uts_valid(value))
		return err_msg(e, EINVAL,
			       "'%s' is not a host name: letters, digits, - _ and single "
			       "dots, at most %d",
			       value, UTS_MAX);
	return key_string.set(k, field, value, e);
}

static void uts_key_get(const struct key *k, const void *field, struct str *out)
{
	key_string.get(k, field, out);
}

static void uts_key_clear(const struct key *k, void *field)
{
	key_string.clear(k, field);
}

static const struct key_type key_uts = {
	.name = "host name", .set = uts_key_set, .get = uts_key_get, .clear = uts_key_clear
};

static const struct key keys[] = {
	{ .name = "uts.name", .type = &key_uts, .at = SPEC(uts.name), .flag = "hostname",
	  .metavar = "NAME", .doc = "host name inside; empty: the container's name" },
	{ .name = "uts.domain", .type = &key_uts, .at = SPEC(uts.domain), .metavar = "NAME",
	  .doc = "NIS domain name inside" },
};

/* --- check ----------------------------------------------------------------------------- */

/* In the host's own namespace a name would rename the host. */
static int check_host(struct spec *s, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char **name = (char **)((char *)s + keys[i].at);

		if (!*name)
			continue;
		if (wall_asked(s, keys[i].name))
			return err_msg(e, EINVAL,
				       "%s: %s needs a uts namespace: ns.uts is the host's",
				       key_origin(s, keys[i].name), keys[i].name);
		keys[i].type->clear(&keys[i], name);
	}
	return 0;
}

static int uts_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	switch (s->ns[NS_UTS].how) {
	case NS_HOST:
		return check_host(s, e);
	case NS_JOIN:
		return 0; /* it has a name already */
	case NS_NEW:
		break;
	}
	/* A container's name may be what no host name is (a trailing dot): then none is set. */
	if (s->uts.name || !s->name || !uts_valid(s->name))
		return 0;
	s->uts.name = strdup(s->name);
	return s->uts.name ? 0 : err_mem(e);
}

/* --- steps: init ----------------------------------------------------------------------- */

int uts_set(struct run *r, struct err *e)
{
	const char *name = r->spec->uts.name, *domain = r->spec->uts.domain;

	if (r->spec->ns[NS_UTS].how == NS_HOST)
		return 0;
	if (name && sethostname(name, strlen(name)) < 0)
		return err_sys(e, "uts.name: name the container %s", name);
	if (domain && setdomainname(domain, strlen(domain)) < 0)
		return err_sys(e, "uts.domain: set the domain name %s", domain);
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool holds_own(const struct spec *s)
{
	return s->ns[NS_UTS].how != NS_HOST;
}

static const struct rule rules[] = {
	{ "uts.own", holds_own, "the host's name can be neither read nor changed",
	  "the host's name is shared, and its root may change it" },
};

static void uts_summary(const struct spec *seen, struct str *out)
{
	if (seen->uts.name)
		str_addf(out, "named %s", seen->uts.name);
}

const struct wall wall_uts = {
	.name = "uts",
	.stops = "learning and changing the host's name",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = uts_check,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = uts_summary,
};
