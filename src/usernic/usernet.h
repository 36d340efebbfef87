/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two files of four words a line, both LXC's:
 *
 *	/etc/lxc/lxc-usernet	OWNER TYPE BRIDGE COUNT		what the administrator grants
 *	/run/lxc/nics		OWNER TYPE BRIDGE INTERFACE	what has been taken
 *
 * OWNER is a login name, a uid, or @GROUP, whose members then share the count. Source:
 * lxc-usernet(5). Reading is without side effects (fuzzed). */
#pragma once
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define USERNET_FILE "/etc/lxc/lxc-usernet"

struct usernet_line {
	char owner[64];
	char type[16];
	char bridge[IFNAMSIZ];
	char last[IFNAMSIZ]; /* COUNT or INTERFACE */
};

/* Returns 0 to go on; anything else ends the walk and is returned. */
typedef int usernet_visit(const struct usernet_line *line, void *ctx);

/* Visit every line of exactly four words (a fifth that begins with # is a comment), none too long and
 * without control characters. Other lines grant nothing: they are passed over. */
int usernet_parse(const char *text, size_t len, usernet_visit *visit, void *ctx);

/* COUNT: 0 when it is not a number. */
uint32_t usernet_count(const struct usernet_line *line);

/* How many lines have the same owner, type and bridge. */
uint32_t usernet_taken(const char *text, size_t len, const struct usernet_line *of);

/* Append the lines of `text` whose last word keep() knows; all others are left out. */
void usernet_cull(const char *text, size_t len, bool (*keep)(const char *interface, void *ctx),
		  void *ctx, struct str *out);

/* Append a line. */
void usernet_write(const struct usernet_line *line, struct str *out);
