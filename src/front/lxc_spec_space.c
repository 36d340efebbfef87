/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's keys of namespaces, ids and clocks. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "front/lxc_translate.h"
#include "spec/key.h"

enum { NANOSECONDS = 1000000000 };

static bool is_first(const struct lxc_translation *t, const struct lxc_entry *entry)
{
	const struct lxc_entry *first = t->c->entry;

	while (strcmp(first->name, entry->name))
		first++;
	return first == entry;
}

/* --- ids -------------------------------------------------------------------------------- */

/* The files of such a container belong to the mapped ids on disk: nothing is mapped again. That the
 * ids may be somebody's account is said by naming them. */
static int begin_maps(struct lxc_translation *t, const char *where, struct err *e)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "ns.user", "new" },	{ "rootfs.idmap", "false" }, { "idmap.uid", "" },
		{ "idmap.gid", "" },	{ "spec.gates", "host-users" },
	};
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && ret == 0; i++)
		ret = key_set(t->s, rows[i].key, rows[i].value, where, e);
	return ret;
}

int lxc_to_idmap(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	int ret = 0;

	if (!strcmp(entry->value, "host"))
		return 0; /* chose the profile */
	if (is_first(t, entry))
		ret = begin_maps(t, entry->where, e);
	if (ret < 0)
		return ret;
	return key_set(t->s, entry->value[0] == 'u' ? "idmap.uid" : "idmap.gid", entry->value + 2,
		       entry->where, e);
}

/* --- namespaces ------------------------------------------------------------------------- */

static int set_namespace(struct lxc_translation *t, const char *kind, const char *value,
			 const char *where, struct err *e)
{
	char key[32];

	snprintf(key, sizeof(key), "ns.%s", strcmp(kind, "mnt") ? kind : "mount");
	return key_set(t->s, key, value, where, e);
}

static bool is_listed(const struct lxc_translation *t, const char *name, const char *kind)
{
	for (size_t i = 0; i < t->c->n; i++)
		if (!strcmp(t->c->entry[i].name, name) && !strcmp(t->c->entry[i].value, kind))
			return true;
	return false;
}

/* What is listed is made, all the rest shared with the host: but never the mounts, and the ids only
 * where lxc.idmap or ward.privileged say so. */
int lxc_to_clone(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; lxc_namespaces[i] && ret == 0 && is_first(t, entry); i++) {
		const char *kind = lxc_namespaces[i];

		if (!strcmp(kind, "user") || !strcmp(kind, "mnt"))
			continue;
		ret = set_namespace(t, kind,
				    is_listed(t, entry->name, kind) ? "new" : "host",
				    entry->where, e);
	}
	return ret;
}

int lxc_to_unshared(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!strcmp(entry->value, "mnt"))
		return err_msg(e, ENOTSUP, "a container always has mounts of its own");
	return set_namespace(t, entry->value, "host", entry->where, e);
}

int lxc_to_share(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const char *kind = entry->name + strlen("lxc.namespace.share.");
	char path[64];
	uint64_t pid;

	if (entry->value[0] == '/')
		return set_namespace(t, kind, entry->value, entry->where, e);
	if (str_u64(entry->value, 10, 1, INT32_MAX, &pid) < 0)
		return err_msg(e, EINVAL, "'%s' is neither the path of a namespace nor a process",
			       entry->value);
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/ns/%s", pid, kind);
	return set_namespace(t, kind, path, entry->where, e);
}

/* --- clocks ----------------------------------------------------------------------------- */

int lxc_to_time(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	bool boot = !strcmp(entry->name, "lxc.time.offset.boot");
	size_t n = strspn(entry->value, "-0123456789");
	bool fine = !strcmp(entry->value + n, "ns");
	char number[32];
	int64_t seconds;

	snprintf(number, sizeof(number), "%.*s", (int)n, entry->value);
	if (str_i64(number, INT64_MIN, INT64_MAX, &seconds) < 0)
		return err_msg(e, EINVAL, "'%s' is no offset", entry->value);
	if (fine && seconds % NANOSECONDS)
		return err_msg(e, ENOTSUP, "clocks are moved by whole seconds");
	snprintf(number, sizeof(number), "%" PRId64, fine ? seconds / NANOSECONDS : seconds);
	return key_set(t->s, boot ? "time.boottime" : "time.monotonic", number, entry->where, e);
}
