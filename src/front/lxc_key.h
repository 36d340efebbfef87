/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of LXC's keys: how each is written, and what it becomes. Private to front/lxc_*.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "front/lxc_conf.h"

/* How values come together. */
enum lxc_form {
	LXC_ONE,    /* the last one counts */
	LXC_LINES,  /* every assignment adds one */
	LXC_WORDS,  /* every word of every assignment */
	LXC_COMMAS, /* the same, divided by commas */
	LXC_NONE,   /* takes nothing but the empty value, which clears all keys below it */
};

enum lxc_flags {
	LXC_FAMILY = 1 << 0,	    /* the name goes on: lxc.sysctl.NAME, each its own value */
	LXC_BETWEEN = 1 << 1,	    /* get: a line break between items, none behind the last */
	LXC_EMPTY_IS = 1 << 2,	    /* an empty value means .empty, not the default */
	LXC_EMPTY_REFUSED = 1 << 3, /* only lxc_conf_clear() clears it */
	LXC_HIDDEN = 1 << 4,	    /* not listed by get_keys() */
};

struct lxc_translation;

struct lxc_key {
	const char *name;
	enum lxc_form form;
	unsigned flags;
	/* Check one value and append it as it is kept. NULL: any text. */
	int (*read)(const struct lxc_key *k, const char *value, struct str *out, struct err *e);
	const void *of;	      /* for read: bounds, words */
	const char *only;     /* lxc.net: the one type of device that has it */
	const char *not_with; /* the key that excludes it */
	const char *unset;    /* what get says where nothing is set; NULL = nothing */
	const char *empty;    /* LXC_EMPTY_IS */
	/* How get says a value, when not as it is kept. */
	void (*show)(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		     struct str *out);

	/* What it means to ward: a key of `ward keys` that takes the same value, */
	const char *ward;
	/* or a function that sets keys; -ENOTSUP with e set: the value cannot be had, */
	int (*to)(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e);
	/* or nothing in a specification: for whom it is. */
	const char *kept;
};

/* A name taken apart. */
struct lxc_name {
	const struct lxc_key *key;
	const char *rest; /* of a family: behind the dot; "" for the family itself */
	uint32_t index;	  /* of a network device */
	bool net;	  /* lxc.net.INDEX... */
	char text[256];	  /* the name as entries have it */
};

/* Find the row. Returns 0 or -EINVAL with e set: "unknown key ...; did you mean ...?" */
int lxc_key_find(const char *name, struct lxc_name *out, struct err *e);

extern const struct lxc_key lxc_keys[];
extern const size_t lxc_keys_n;

/* The rows of network devices: their names are what stands behind lxc.net.INDEX. */
extern const struct lxc_key lxc_net_keys[];
extern const size_t lxc_net_keys_n;

/* The historic name of LXC 1 and 2, or NULL. `now` is NULL when the key went without a
 * successor. lxc.network.* and lxc.rootfs.backend need their order: lxc_old.c. */
struct lxc_old {
	const char *name, *now;
	bool family; /* the name goes on */
};
const struct lxc_old *lxc_old_find(const char *name);

/* Rewrite a historic assignment to today's name and value, and add a hint. Returns 1 when `name`
 * and `value` were rewritten into the texts, 0 when the name is not historic, -ECANCELED when
 * the line means nothing any more, or another negative errno. */
int lxc_old_rewrite(struct lxc_config *c, const char *name, const char *value, const char *where,
		    struct str *new_name, struct str *new_value, struct err *e);

/* The name of today for lxc.network.REST. Each lxc.network.type begins a device. */
int lxc_old_network(const char *rest, unsigned *devices, struct str *name, struct err *e);

/* Check and set, as lxc_conf_set(), with the text left alone. */
int lxc_conf_assign(struct lxc_config *c, const char *name, const char *value, const char *where,
		    struct err *e);

/* Read a file or a directory of them as lxc.include does: their lines are not part of the text. */
int lxc_conf_include(struct lxc_config *c, const char *path, struct err *e);

/* The lowest index of a network device above `after`; -1 when there is none. */
int64_t lxc_conf_next_net(const struct lxc_config *c, int64_t after);

/* --- lxc_types.c ---------------------------------------------------------------------------- */

typedef int lxc_reader(const struct lxc_key *k, const char *value, struct str *out, struct err *e);

lxc_reader lxc_read_name; /* text of at most .of bytes (const size_t *) */
lxc_reader lxc_read_path; /* double slashes and ./ taken out */
lxc_reader lxc_read_u32;
lxc_reader lxc_read_int;
lxc_reader lxc_read_bool; /* 0 or 1 */
lxc_reader lxc_read_signal;
lxc_reader lxc_read_size; /* of the console's buffer and log, or auto */
lxc_reader lxc_read_tmpfs;
lxc_reader lxc_read_word; /* one of .of (const char *const []) */
lxc_reader lxc_read_cap;
lxc_reader lxc_read_arch;
lxc_reader lxc_read_idmap;
lxc_reader lxc_read_env;
lxc_reader lxc_read_limit;
lxc_reader lxc_read_time;
lxc_reader lxc_read_below;     /* a relative path without .. */
lxc_reader lxc_read_component; /* one directory name */
lxc_reader lxc_read_level;
lxc_reader lxc_read_proxy;
lxc_reader lxc_read_auto;
lxc_reader lxc_read_options; /* of the root file system */
lxc_reader lxc_read_rootfs;

/* lxc_net_types.c */
lxc_reader lxc_read_up;
lxc_reader lxc_read_hwaddr;
lxc_reader lxc_read_address4;
lxc_reader lxc_read_address6;
lxc_reader lxc_read_gateway4;
lxc_reader lxc_read_gateway6;
lxc_reader lxc_read_route4;
lxc_reader lxc_read_route6;
lxc_reader lxc_read_vlan; /* or none */
lxc_reader lxc_read_vlan_id;
lxc_reader lxc_read_queues;

/* Fill in the random digits of a hardware address: each 'x' becomes one. Used on the text that is
 * kept, too. */
void lxc_complete_hwaddr(char *address);

void lxc_show_arch(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		   struct str *out);
void lxc_show_auto(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		   struct str *out);
void lxc_show_rootfs(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		     struct str *out);
void lxc_show_keep(const struct lxc_config *c, const struct lxc_key *k, const char *name,
		   struct str *out);
void lxc_show_namespaces(const struct lxc_config *c, const struct lxc_key *k, const char *name,
			 struct str *out);
void lxc_show_addresses(const struct lxc_config *c, const struct lxc_key *k, const char *name,
			struct str *out);

/* The namespaces, in LXC's order; NULL behind the last. */
extern const char *const lxc_namespaces[];

/* True for the names that mean a 32-bit personality. */
bool lxc_arch_is_32(const char *arch);

/* --- lxc_text.c ------------------------------------------------------------------------------ */

/* Append "KEY = VALUE\n". */
void lxc_text_add(struct str *text, const char *name, const char *value);

/* Remove the lines of a key; of a family, or one without a value, those of all keys below it. */
void lxc_text_remove(struct str *text, const struct lxc_name *name);

/* Split a text into its lines, which end at a line feed, a carriage return, both, or a NUL, and
 * give each to line() as it stands; it may be changed there. */
typedef int lxc_line(void *context, char *text, unsigned number, struct err *e);
int lxc_text_walk(const char *text, size_t len, lxc_line *line, void *context, struct err *e);

/* Cut blanks off both ends, in place; returns the new start. */
char *lxc_text_trim(char *text);

/* Cut a trimmed "key = value" apart in place, outer quotes of the value taken off. False: there
 * is no '='. */
bool lxc_text_split(char *line, char **key, char **value);
