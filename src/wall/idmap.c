/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: being anybody on the host. Every id of the container is an id that no account, no
 * other container and no service of the host has; what breaks out of every other wall arrives
 * as nobody. Interfaces: /proc/PID/{setgroups,uid_map,gid_map} (user_namespaces(7)).
 *
 * Comes before the root file system, which is id-mapped through the namespace made here.
 * Lost without it: root in the container is root on the host, and two containers with one map
 * share quotas, keys and files. */
#include "wall/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

enum { OVERFLOW_ID = 65534, MAP_LINES_MAX = 340 /* user_namespaces(7) */ };

/* --- keys ------------------------------------------------------------------------------ */

/* "INSIDE OUTSIDE COUNT", all decimal. */
static int range_parse(const char *value, struct id_range *range)
{
	uint64_t number[3];
	char copy[64], *rest = copy, *word;
	size_t n = 0;

	if (strlen(value) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, value);
	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (n == ARRAY_SIZE(number) || str_u64(word, 10, 0, UINT32_MAX - 1, &number[n]) < 0)
			return -EINVAL;
		n++;
	}
	if (n != 3 || number[2] == 0 || number[0] + number[2] > UINT32_MAX ||
	    number[1] + number[2] > UINT32_MAX)
		return -EINVAL;
	*range = (struct id_range){ (uint32_t)number[0], (uint32_t)number[1], (uint32_t)number[2] };
	return 0;
}

static bool range_overlap(uint32_t a, uint32_t b, uint32_t na, uint32_t nb)
{
	return a < (uint64_t)b + nb && b < (uint64_t)a + na;
}

static int map_add(struct id_map *map, struct id_range range, struct err *e)
{
	struct id_range *grown;

	if (map->n == MAP_LINES_MAX)
		return err_msg(e, E2BIG, "more than %d ranges", MAP_LINES_MAX);
	for (size_t i = 0; i < map->n; i++) {
		const struct id_range *old = &map->range[i];

		if (range_overlap(old->inside, range.inside, old->count, range.count) ||
		    range_overlap(old->outside, range.outside, old->count, range.count))
			return err_msg(e, EINVAL, "%u %u %u overlaps %u %u %u", range.inside,
				       range.outside, range.count, old->inside, old->outside,
				       old->count);
	}
	grown = reallocarray(map->range, map->n + 1, sizeof(*grown));
	if (!grown)
		return err_mem(e);
	map->range = grown;
	map->range[map->n++] = range;
	return 0;
}

static int map_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct id_range range;

	(void)k;
	if (range_parse(value, &range) < 0)
		return err_msg(e, EINVAL,
			       "'%s' is not 'INSIDE OUTSIDE COUNT' with ids below 2^32-1", value);
	return map_add(field, range, e);
}

static void map_get(const struct key *k, const void *field, struct str *out)
{
	const struct id_map *map = field;

	(void)k;
	for (size_t i = 0; i < map->n; i++)
		str_addf(out, "%s%u %u %u", i ? "\n" : "", map->range[i].inside,
			 map->range[i].outside, map->range[i].count);
}

static void map_clear(const struct key *k, void *field)
{
	struct id_map *map = field;

	(void)k;
	free(map->range);
	*map = (struct id_map){ 0 };
}

static const struct key_type key_id_map = {
	.name = "id ranges", .many = true, .set = map_set, .get = map_get, .clear = map_clear
};

static const struct key_bounds size_bounds = { 1, 1 << 24 };

static const struct key keys[] = {
	{ .name = "idmap.uid", .type = &key_id_map, .at = SPEC(idmap.uid),
	  .metavar = "INSIDE OUTSIDE COUNT",
	  .doc = "user ids; empty: a range that nobody else has, taken from the store" },
	{ .name = "idmap.gid", .type = &key_id_map, .at = SPEC(idmap.gid),
	  .metavar = "INSIDE OUTSIDE COUNT", .doc = "group ids, like idmap.uid" },
	{ .name = "idmap.size", .type = &key_count, .of = &size_bounds, .at = SPEC(idmap.size),
	  .metavar = "COUNT", .doc = "ids taken from the store" },
};

/* --- check ----------------------------------------------------------------------------- */

/* A map that was written by hand must not lead to an account of the host, unless the gate
 * host-users says so. */
static int map_check(const struct spec *s, const struct id_map *map, const char *key, struct err *e)
{
	for (size_t i = 0; i < map->n; i++) {
		struct range range = { .base = map->range[i].outside, .gid_base = map->range[i].outside,
				       .count = map->range[i].count };
		int ret = list_has(&s->gates, "host-users") ? 0 : range_conflict(&range, e);

		if (ret < 0)
			return err_add(e, "%s: %s", key_origin(s, key), key);
	}
	return 0;
}

static int idmap_check(struct spec *s, const struct host *h, struct err *e)
{
	bool given = s->idmap.uid.n || s->idmap.gid.n;
	int ret;

	if (s->ns[NS_USER].how != NS_NEW && given)
		return err_msg(e, EINVAL,
			       "%s: idmap.uid needs a user namespace of its own (ns.user = new)",
			       key_origin(s, "idmap.uid"));
	if (!given)
		return 0;
	if (!s->idmap.uid.n || !s->idmap.gid.n)
		return err_msg(e, EINVAL,
			       "%s: idmap.uid and idmap.gid are given together or not at all",
			       key_origin(s, s->idmap.uid.n ? "idmap.uid" : "idmap.gid"));
	if (!h->privileged)
		return err_msg(e, EPERM,
			       "%s: idmap.uid: an ordinary user's ids come from /etc/subuid; "
			       "leave idmap.uid empty",
			       key_origin(s, "idmap.uid"));
	ret = map_check(s, &s->idmap.uid, "idmap.uid", e);
	return ret < 0 ? ret : map_check(s, &s->idmap.gid, "idmap.gid", e);
}

/* --- steps: monitor -------------------------------------------------------------------- */

static int map_copy(struct id_map *to, const struct id_map *from, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < from->n && ret == 0; i++)
		ret = map_add(to, from->range[i], e);
	return ret;
}

/* Root on the host: the whole range in one line. In an outer user namespace: id 0 there is the
 * caller and the subordinate ids follow from 1, so that root in the container owns what the
 * caller owns; the last id of the slice stands for `nobody`, which most systems have. */
static int map_from_range(const struct run *r, struct id_map *map, uint32_t base,
			  uint32_t pool_base, struct err *e)
{
	uint32_t count = r->range.count;
	uint32_t outer = base - pool_base + 1;
	struct id_range line[3] = {
		{ 0, 0, 1 },
		{ 1, outer, count - 2 },
		{ OVERFLOW_ID, outer + count - 2, 1 },
	};
	int ret = 0;

	if (!r->host->rootless)
		return map_add(map, (struct id_range){ 0, base, count }, e);
	if (count > OVERFLOW_ID)
		line[1].count = OVERFLOW_ID - 1;
	for (size_t i = 0; i < ARRAY_SIZE(line) && ret == 0; i++)
		ret = map_add(map, line[i], e);
	return ret;
}

/* No subordinate ids at all: one id, the caller's, is whoever the payload runs as. */
static int map_single(struct run *r, struct err *e)
{
	const char *user = r->spec->process.user;
	uint64_t uid = 0;
	char head[16];
	int ret;

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(user ? user : "0", ":"),
		 user ? user : "0");
	if (str_u64(head, 10, 0, UINT32_MAX - 1, &uid) < 0)
		return err_msg(e, EINVAL,
			       "%s: process.user = %s: with a single id the user must be a number",
			       key_origin(r->spec, "process.user"), user);
	ret = map_add(&r->uid_map, (struct id_range){ (uint32_t)uid, 0, 1 }, e);
	return ret < 0 ? ret : map_add(&r->gid_map, (struct id_range){ (uint32_t)uid, 0, 1 }, e);
}

static bool owner_lives(const char *owner, void *store)
{
	return store_running(store, owner);
}

/* Ranges written by hand are entered too, so that they are not given out to somebody else. */
static int idmap_reserve(struct run *r, struct err *e)
{
	const struct id_map *map = &r->spec->idmap.uid;
	struct range_pool pool;
	int ret = range_pool_root(&pool, e);

	for (size_t i = 0; i < map->n && ret == 0; i++) {
		struct range range = { map->range[i].outside, map->range[i].outside,
				       map->range[i].count };

		ret = range_reserve(r->store->lib, &pool, r->spec->name, &range, e);
	}
	return ret < 0 ? err_add(e, "%s: idmap.uid", key_origin(r->spec, "idmap.uid")) : 0;
}

int idmap_take(struct run *r, struct err *e)
{
	const struct spec *s = r->spec;
	struct range_pool pool;
	uint32_t want;
	int ret;

	if (s->idmap.uid.n) {
		ret = idmap_reserve(r, e);
		if (ret < 0)
			return ret;
		ret = map_copy(&r->uid_map, &s->idmap.uid, e);
		return ret < 0 ? ret : map_copy(&r->gid_map, &s->idmap.gid, e);
	}
	if (r->host->rootless && r->host->single_id)
		return map_single(r, e);
	ret = r->host->rootless ? range_pool_user(r->host->uid, &pool, e) :
				  range_pool_root(&pool, e);
	if (ret < 0)
		return ret;
	want = s->idmap.size < LIMIT_UNSET ? (uint32_t)s->idmap.size : 0;
	/* A user's whole range may be smaller than what a profile wants: he gets a slice of it. */
	if (r->host->rootless && want > pool.size)
		want = 0;
	ret = range_take(r->store->lib, &pool, s->name, want, &r->range, e);
	if (ret == -ENOSPC && range_sweep(r->store->lib, owner_lives, r->store, e) > 0)
		ret = range_take(r->store->lib, &pool, s->name, want, &r->range, e);
	if (ret < 0)
		return ret;
	ret = map_from_range(r, &r->uid_map, r->range.base, pool.base, e);
	return ret < 0 ? ret : map_from_range(r, &r->gid_map, r->range.gid_base, pool.gid_base, e);
}

void idmap_release(struct run *r)
{
	struct err e = ERR_NONE;

	if (r->range.count)
		range_release(r->store->lib, &r->range, r->spec->name, &e);
	else if (r->spec->idmap.uid.n)
		range_release_owner(r->store->lib, r->spec->name, &e);
	r->range = (struct range){ 0 };
}

static int map_write(const struct run *r, const char *file, const struct id_map *map, struct err *e)
{
	autostr text = { 0 };
	char path[64];
	int ret;

	for (size_t i = 0; i < map->n; i++)
		str_addf(&text, "%u %u %u\n", map->range[i].inside, map->range[i].outside,
			 map->range[i].count);
	if (text.failed)
		return err_mem(e);
	snprintf(path, sizeof(path), "%d/%s", (int)r->pid, file);
	ret = file_write(r->proc, path, str_text(&text));
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "write %s '%s'", file, str_text(&text));
	}
	return 0;
}

int idmap_write(struct run *r, struct err *e)
{
	char path[64];
	int ret = 0;

	/* A single id may only be mapped when setgroups is given up (user_namespaces(7)); with a
	 * range of one's own, groups are ids that only this container has, so it may stay. */
	if (r->host->rootless && r->host->single_id) {
		snprintf(path, sizeof(path), "%d/setgroups", (int)r->pid);
		ret = file_write(r->proc, path, "deny");
		if (ret < 0) {
			errno = -ret;
			return err_sys(e, "deny setgroups");
		}
	}
	ret = map_write(r, "gid_map", &r->gid_map, e);
	if (ret == 0)
		ret = map_write(r, "uid_map", &r->uid_map, e);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%d/ns/user", (int)r->pid);
	r->userns = openat(r->proc, path, O_RDONLY | O_CLOEXEC);
	if (r->userns < 0)
		return err_sys(e, "open the user namespace of the container");
	return 0;
}

/* --- steps: init ----------------------------------------------------------------------- */

int idmap_root(struct run *r, struct err *e)
{
	/* With a single id, whoever it is inside is the only one we can be. */
	uint32_t uid = r->uid_map.n == 1 && r->uid_map.range[0].count == 1 ?
			       r->uid_map.range[0].inside :
			       0;

	/* The caller's groups are not the container's. With setgroups denied they cannot be
	 * dropped (and cannot be more than the caller had). */
	if (!(r->host->rootless && r->host->single_id) && setgroups(0, NULL) < 0)
		return err_sys(e, "drop supplementary groups");
	if (setresgid(uid, uid, uid) < 0)
		return err_sys(e, "become group %u of the user namespace", uid);
	if (setresuid(uid, uid, uid) < 0)
		return err_sys(e, "become user %u of the user namespace", uid);
	return 0;
}

/* --- observe --------------------------------------------------------------------------- */

static int map_observe(const struct look *l, const char *file, struct id_map *map, struct err *e)
{
	autostr text = { 0 };
	int ret = file_read(l->proc, file, 65536, &text);
	char *line, *rest = text.text;

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read %s of process %d", file, (int)l->pid);
	}
	map_clear(NULL, map);
	while (rest && (line = strsep(&rest, "\n"))) {
		struct id_range range;

		if (!*line)
			continue;
		/* The whole map of the host is one line that our strict parser does not take. */
		if (range_parse(line, &range) < 0)
			range = (struct id_range){ 0, 0, UINT32_MAX };
		ret = map_add(map, range, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int idmap_observe(const struct look *l, struct spec *seen, struct err *e)
{
	int ret = map_observe(l, "uid_map", &seen->idmap.uid, e);

	return ret < 0 ? ret : map_observe(l, "gid_map", &seen->idmap.gid, e);
}

static bool map_same(const struct id_map *a, const struct id_map *b)
{
	return a->n == b->n && (a->n == 0 || !memcmp(a->range, b->range, a->n * sizeof(*a->range)));
}

static int idmap_verify(const struct run *r, const struct look *l, const struct spec *seen,
			struct err *e)
{
	(void)l;
	if (r->spec->ns[NS_USER].how != NS_NEW)
		return 0;
	if (!map_same(&r->uid_map, &seen->idmap.uid) || !map_same(&r->gid_map, &seen->idmap.gid))
		return err_msg(e, EPROTO,
			       "idmap: the kernel shows another id map than was written");
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool root_is_not_root(const struct spec *s)
{
	return run_outside(&s->idmap.uid, 0) != 0;
}

static const struct rule rules[] = {
	{ "idmap.not-root", root_is_not_root, "no id of the container is root on the host",
	  "id 0 here is id 0 of the user namespace around it" },
};

static void idmap_summary(const struct spec *seen, struct str *out)
{
	for (size_t i = 0; i < seen->idmap.uid.n; i++) {
		const struct id_range *range = &seen->idmap.uid.range[i];

		if (range->count == UINT32_MAX)
			str_add(out, "the host's own ids");
		else if (range->count == 1)
			str_addf(out, "%suid %u is host %u", i ? ", " : "", range->inside,
				 range->outside);
		else
			str_addf(out, "%suids %u-%u are host %u-%u", i ? ", " : "", range->inside,
				 range->inside + range->count - 1, range->outside,
				 range->outside + range->count - 1);
	}
}

const struct wall wall_idmap = {
	.name = "idmap",
	.stops = "being root, or anybody else, on the host",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = idmap_check,
	.settled = SETTLED_ENTERED,
	.observe = idmap_observe,
	.verify = idmap_verify,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = idmap_summary,
};
