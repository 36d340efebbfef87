/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys: one row per setting, in the wall that owns it.
 *
 * A row knows its name, its type, where the value lies in struct spec, the option of the
 * command line and one line of documentation. Reading, writing, clearing, `ward keys`, the
 * manual and shell completion follow from the rows. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"

struct key;

/* How a value of one type is read and written. All functions are free of side effects but on
 * `field`. */
struct key_type {
	const char *name; /* as shown in the manual: "size", "bool", "list of paths" */
	bool many;	  /* each assignment appends; an empty value clears */
	int (*set)(const struct key *k, void *field, const char *value, struct err *e);
	/* Append the value as set() would take it; `many` types: one per line. */
	void (*get)(const struct key *k, const void *field, struct str *out);
	void (*clear)(const struct key *k, void *field);
};

enum key_flags {
	KEY_SEEN = 1 << 0,   /* observe() reads it back: verify compares asked with seen */
	KEY_HIDDEN = 1 << 1, /* for the front doors' own use, not listed */
	KEY_WHOLE = 1 << 2,  /* numbered: the thing itself, which an empty value removes */
	KEY_KIND =
		1 << 3, /* numbered: says what the thing is; setting it clears all its other rows */
};

/* A list of numbered things in a spec. Its rows are called "net.N.mtu", what is set is "net.3.mtu", and
 * .at is an offset in one thing. Numbers need no order and may have gaps. */
struct key_items {
	const void *fresh; /* one in which nothing has been set yet */
	/* The thing with this number, made when it is missing and `make`. NULL: not there; no memory. */
	void *(*item)(struct spec *s, uint32_t number, bool make);
	/* The number of the i-th thing, in their order; false behind the last. */
	bool (*number)(const struct spec *s, size_t i, uint32_t *number);
	void (*remove)(struct spec *s, uint32_t number);
};

struct key {
	const char *name;
	const struct key_type *type;
	size_t at;	  /* offset in struct spec */
	const void *of;	  /* what the type needs: words of an enum, bounds of a number */
	const char *flag; /* long option of `ward run`, NULL = only --set */
	const char *metavar;
	unsigned flags;
	const char *doc;
	const struct key_items *items; /* numbered: see there; NULL for all others */
	const char *lxc;	       /* its name in an LXC configuration, where it has one */
};

#define SPEC(member) offsetof(struct spec, member)

/* Types shared by all walls. */
extern const struct key_type key_bool;	 /* bool */
extern const struct key_type key_string; /* char *, "" = NULL */
extern const struct key_type key_path;	 /* char *, absolute */
extern const struct key_type key_size;	 /* uint64_t bytes; "max" = LIMIT_MAX, "" = LIMIT_UNSET */
extern const struct key_type
	key_count;		      /* uint64_t; "max", "" as key_size; .of = struct key_bounds */
extern const struct key_type key_int; /* int; .of = struct key_bounds */
extern const struct key_type key_int64; /* int64_t */
extern const struct key_type key_u32;	/* uint32_t; octal with a leading 0 */
extern const struct key_type key_enum;	/* int; .of = NULL-terminated const char *const [] */
extern const struct key_type key_bit;	/* one bit of a uint64_t, as bool; .of = const uint64_t * */
extern const struct key_type key_list;	/* struct list of free text */
extern const struct key_type key_paths; /* struct list of absolute paths */

struct key_bounds {
	int64_t min, max;
};

/* The whole table: the walls' rows one after the other. Index = identity, stable in one run. */
size_t key_count_all(void);
const struct key *key_at(size_t index);

/* The row named `name`, or NULL. *index receives its position when not NULL. Numbered rows are found
 * by "net.3.mtu", and by their own name "net.N.mtu". */
const struct key *key_find(const char *name, size_t *index);

/* Set key `name` of `s` to `value`. `where` names the origin for messages and is kept. */
int key_set(struct spec *s, const char *name, const char *value, const char *where, struct err *e);

/* The current value as text, one line per item for lists; of a numbered row nothing. */
void key_get(const struct spec *s, const struct key *k, struct str *out);

/* The value of a numbered row, for one of the things. */
void key_get_numbered(const struct spec *s, const struct key *k, uint32_t number, struct str *out);

/* Where the value of a key came from: "profile app", "ward.conf:12", "--memory"; "built-in" if
 * never set. */
const char *key_origin(const struct spec *s, const char *name);

/* True when both specs hold the same value for k. */
bool key_equal(const struct key *k, const struct spec *a, const struct spec *b);

/* Rows live in the walls, above this layer: the walls' table registers itself here once, at
 * the start of main(). */
struct key_table {
	const struct key *keys;
	size_t n;
};
void key_register(const struct key_table *tables, size_t n);
