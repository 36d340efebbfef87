/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's configuration, lxc.container.conf(5): the text as its owner wrote it, and the value of
 * every key as LXC's library would give it back.
 *
 *	# a comment; a line that does not begin with lxc. is kept and means nothing
 *	lxc.uts.name = c1
 *	lxc.cap.drop = sys_module        a list key appends
 *	lxc.cap.drop =                   an empty value clears
 *	lxc.include = /usr/share/lxc/config/common.conf
 *	ward.silence = lxc               for ward only: to liblxc it is a line without meaning
 *
 * All keys of LXC 6 are known, those of LXC 1 and 2 by their old names too. Reading has no side
 * effects but on the struct. What the keys mean to ward is in front/lxc_spec.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum {
	LXC_FILE_MAX = 1024 * 1024,
	LXC_FILES_MAX = 1000, /* read for one container */
	LXC_DEPTH_MAX = 16,   /* of files that include each other */
	LXC_ENTRIES_MAX = 8192,
};

struct lxc_key;

/* One value of one key. */
struct lxc_entry {
	const struct lxc_key *key;
	char *name;  /* "lxc.uts.name", "lxc.net.0.link", "lxc.sysctl.kernel.msgmax" */
	char *value; /* checked and normalised */
	char *where; /* "FILE:LINE" or what set_config_item() was called by */
};

struct lxc_config {
	struct lxc_entry *entry; /* in the order written */
	size_t n, room;
	struct str text;   /* the top-level file, and what was set since: what is saved */
	struct list hints; /* a sentence for each name that LXC has given up */
	char *backend;	   /* what the historic lxc.rootfs.backend said */
	unsigned old_nets; /* devices begun with the historic lxc.network.type */
	unsigned files;	   /* read so far */
};

void lxc_conf_free(struct lxc_config *c);
#define autolxc __attribute__((cleanup(lxc_conf_free))) struct lxc_config

/* Read a file and what it includes; added to what `c` holds. The file may be a pipe, those it
 * includes may not. After an error the struct holds a part and is to be freed.
 * Errors begin with "FILE:LINE: ". Returns 0 or -errno. */
int lxc_conf_load(struct lxc_config *c, const char *path, struct err *e);

/* The same for a text, which `where` names in messages. lxc.include is refused: reading a text
 * opens no files. */
int lxc_conf_parse(struct lxc_config *c, const char *text, size_t len, const char *where,
		   struct err *e);

/* set_config_item(): check and set, or append for a list; an empty value clears, and removes the
 * key's lines from the text. `where` is the origin. */
int lxc_conf_set(struct lxc_config *c, const char *name, const char *value, const char *where,
		 struct err *e);

/* clear_config_item(): back to the default. */
int lxc_conf_clear(struct lxc_config *c, const char *name, struct err *e);

/* get_config_item(): append the value as LXC prints it; nothing when it is unset.
 * Returns 0, or -EINVAL or -ENOSYS with e set. */
int lxc_conf_get(const struct lxc_config *c, const char *name, struct str *out, struct err *e);

/* get_keys(): with NULL the names of all keys, with "lxc.cap" or "lxc.net.0" what may stand behind
 * it, one per line. */
int lxc_conf_keys(const struct lxc_config *c, const char *name, struct str *out, struct err *e);

/* The value of a key that has one, or NULL. */
const char *lxc_conf_value(const struct lxc_config *c, const char *name);

/* True when there is such a key: every name that set takes, "lxc.net." and other families with
 * their final dot too. */
bool lxc_conf_known(const char *name);

/* Rewrite the historic names of LXC 1 and 2 in a text, and nothing else in it, as lxc-update-config
 * does. Appends the new text and returns how many lines changed, or -errno. */
int lxc_conf_update(const char *text, size_t len, struct str *out, struct err *e);
