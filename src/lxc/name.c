/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/name.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "lxc/wire.h"
#include "store/store.h"

void lxc_default_place(enum lxc_place place, struct str *out)
{
	static const struct {
		const char *root, *user;
	} places[] = {
		[LXC_PLACE_LXCPATH] = { "/var/lib/lxc", ".local/share/lxc" },
		[LXC_PLACE_DEFAULT_CONFIG] = { "/etc/lxc/default.conf", ".config/lxc/default.conf" },
		[LXC_PLACE_GLOBAL_CONFIG] = { "/etc/lxc/lxc.conf", ".config/lxc/lxc.conf" },
	};
	const char *home = secure_getenv("HOME");

	if (geteuid() == 0)
		str_add(out, places[place].root);
	else
		str_addf(out, "%s/%s", home ? home : "", places[place].user);
}

static bool is_default(const char *lxcpath)
{
	autostr place = { 0 };
	size_t n = strlen(lxcpath);

	while (n > 1 && lxcpath[n - 1] == '/')
		n--;
	lxc_default_place(LXC_PLACE_LXCPATH, &place);
	return place.len == n && !strncmp(str_text(&place), lxcpath, n);
}

/* What a name of LXC may hold and one of ward's may not becomes '-'; the number tells apart what
 * looks the same then. */
char *lxc_store_name(const char *lxcpath, const char *name)
{
	char *out = calloc(1, STORE_NAME_MAX + 1);
	autostr whole = { 0 };
	size_t n = 0, room = STORE_NAME_MAX - 9;

	if (!out)
		return NULL;
	if (is_default(lxcpath) && path_is_name(name)) {
		snprintf(out, STORE_NAME_MAX + 1, "%s", name);
		return out;
	}
	for (; name[n] && n < room; n++)
		out[n] = isalnum((unsigned char)name[n]) || (n && strchr("_.-", name[n])) ?
				 name[n] :
				 (n ? '-' : 'x');
	str_addf(&whole, "%s/%s", lxcpath, name);
	snprintf(out + n, STORE_NAME_MAX + 1 - n, "-%08x", (unsigned)lxc_hash(str_text(&whole)));
	return out;
}
