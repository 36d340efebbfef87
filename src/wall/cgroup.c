/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: a container that takes all processes, memory, swap, CPU time or disk bandwidth of the
 * host (fork bomb, memory bomb), and one that cannot be found again to be killed or frozen.
 * Interfaces: the cgroup file systems, v2, v1 and both together (cgroups(7)).
 *
 * Made before the clone, limits first: nothing runs outside of them, not for a moment. v2 is
 * entered by clone3(CLONE_INTO_CGROUP), v1 by init itself before it gives up the monitor's ids.
 * The cgroup namespace comes after that; its root is then the container's own directory.
 * Nobody's pid is ever written to cgroup.procs: that waits for an RCU grace period, five to
 * twelve milliseconds.
 *
 * The steps are in cgroup_make.c and cgroup_find.c, what each layout calls a limit in
 * cgroup_v1.c and cgroup_v2.c.
 *
 * Lost without it: one container can starve the host and all others. An ordinary user has it
 * only where a service manager delegates a cgroup. */
#include "wall/cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "wall/cgroup_layout.h"

/* --- keys ------------------------------------------------------------------------------ */

static const struct key_bounds pids_bounds = { 1, 4194304 /* PID_MAX_LIMIT */ };
static const struct key_bounds weight_bounds = { 1, 10000 };
static const struct key_bounds tree_bounds = { 0, INT32_MAX };

static const struct key keys[] = {
	{ .name = "cgroup.parent", .type = &key_string, .at = SPEC(cgroup.parent),
	  .metavar = "PATH",
	  .doc = "cgroup below which the container's own is made, from the root of each hierarchy; "
		 "made when missing" },
	{ .name = "cgroup.delegate", .type = &key_bool, .at = SPEC(cgroup.delegate),
	  .metavar = "BOOL",
	  .doc = "give the container's root a cgroup subtree of its own to manage (for systemd); "
		 "the limits stay above it" },
	{ .name = "pids.max", .type = &key_count, .of = &pids_bounds, .at = SPEC(cgroup.pids),
	  .flag = "pids", .metavar = "COUNT", .flags = KEY_SEEN,
	  .doc = "processes and threads" },
	{ .name = "memory.max", .type = &key_size, .at = SPEC(cgroup.memory), .flag = "memory",
	  .metavar = "SIZE", .flags = KEY_SEEN,
	  .doc = "memory; beyond it the container's processes are killed. Rounded down to pages" },
	{ .name = "memory.swap", .type = &key_size, .at = SPEC(cgroup.swap),
	  .flag = "memory-swap", .metavar = "SIZE", .flags = KEY_SEEN,
	  .doc = "swap on top of memory.max. Rounded down to pages" },
	{ .name = "memory.low", .type = &key_size, .at = SPEC(cgroup.memory_low),
	  .metavar = "SIZE",
	  .doc = "memory that is left alone as long as others can give (v1: soft limit)" },
	{ .name = "memory.high", .type = &key_size, .at = SPEC(cgroup.memory_high),
	  .metavar = "SIZE", .flags = KEY_SEEN,
	  .doc = "memory above which the container is slowed down (cgroup v2 only)" },
	{ .name = "cpu.weight", .type = &key_count, .of = &weight_bounds,
	  .at = SPEC(cgroup.cpu_weight), .metavar = "1..10000", .flags = KEY_SEEN,
	  .doc = "share of the CPU when others want it too; 100 is normal" },
	{ .name = "cpu.max", .type = &key_cpu_max, .at = SPEC(cgroup.cpu_quota), .flag = "cpus",
	  .metavar = "CPUS", .flags = KEY_SEEN,
	  .doc = "CPU time: a number of CPUs (1.5), or 'QUOTA PERIOD' in microseconds, or max" },
	{ .name = "cpuset.cpus", .type = &key_cpu_list, .at = SPEC(cgroup.cpuset_cpus),
	  .metavar = "LIST", .doc = "CPUs that may be used: 0-3,8" },
	{ .name = "cpuset.mems", .type = &key_cpu_list, .at = SPEC(cgroup.cpuset_mems),
	  .metavar = "LIST", .doc = "memory nodes that may be used" },
	{ .name = "io.weight", .type = &key_count, .of = &weight_bounds,
	  .at = SPEC(cgroup.io_weight), .metavar = "1..10000",
	  .doc = "share of the disks when others want them too; 100 is normal" },
	{ .name = "io.max", .type = &key_io_max, .at = SPEC(cgroup.io_max),
	  .metavar = "MAJOR:MINOR rbps=.. wbps=.. riops=.. wiops=..",
	  .doc = "bytes and operations per second on a disk" },
	{ .name = "hugetlb.max", .type = &key_hugetlb, .at = SPEC(cgroup.hugetlb),
	  .metavar = "PAGESIZE=SIZE", .doc = "huge pages of one size: 2MB=64M" },
	{ .name = "cgroup.raw", .type = &key_cgroup_raw, .at = SPEC(cgroup.raw),
	  .metavar = "v1|v2 FILE VALUE",
	  .doc = "a file of the container's cgroup that has no key of its own, and its value" },
	{ .name = "cgroup.max_descendants", .type = &key_count, .of = &tree_bounds,
	  .at = SPEC(cgroup.max_descendants), .metavar = "COUNT",
	  .doc = "cgroups that may be made in the delegated subtree" },
	{ .name = "cgroup.max_depth", .type = &key_count, .of = &tree_bounds,
	  .at = SPEC(cgroup.max_depth), .metavar = "COUNT",
	  .doc = "levels of cgroups in the delegated subtree" },
};

/* --- check ----------------------------------------------------------------------------- */

/* "/a//b/" is "a/b". Nothing may lead upwards. */
static int check_parent(struct spec *s, struct err *e)
{
	autostr clean = { 0 };
	autofree char *copy = NULL;
	char *word, *rest;

	if (!s->cgroup.parent)
		return 0;
	copy = rest = strdup(s->cgroup.parent);
	if (!copy)
		return err_mem(e);
	while ((word = strsep(&rest, "/"))) {
		if (!*word)
			continue;
		if (!strcmp(word, ".") || !strcmp(word, "..") || strlen(word) > 200)
			return err_msg(e, EINVAL, "%s: cgroup.parent: '%s' is not a cgroup path",
				       key_origin(s, "cgroup.parent"), s->cgroup.parent);
		str_addf(&clean, "%s%s", clean.len ? "/" : "", word);
	}
	if (clean.failed)
		return err_mem(e);
	free(s->cgroup.parent);
	s->cgroup.parent = take_ptr(clean.text); /* NULL for "/": the root itself */
	return 0;
}

/* What is not set is what a new cgroup has. Sizes are whole pages, as the kernel rounds them, so
 * that what is asked and what is seen can be compared. */
static void check_defaults(struct spec *s)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct {
		uint64_t *field, unset;
		bool pages;
	} rows[] = {
		{ &s->cgroup.pids, LIMIT_MAX, false },
		{ &s->cgroup.memory, LIMIT_MAX, true },
		{ &s->cgroup.swap, LIMIT_MAX, true },
		{ &s->cgroup.memory_low, 0, true },
		{ &s->cgroup.memory_high, LIMIT_MAX, true },
		{ &s->cgroup.cpu_weight, WEIGHT_DEFAULT, false },
		{ &s->cgroup.cpu_quota, LIMIT_MAX, false },
		{ &s->cgroup.io_weight, WEIGHT_DEFAULT, false },
		{ &s->cgroup.max_descendants, LIMIT_MAX, false },
		{ &s->cgroup.max_depth, LIMIT_MAX, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t *field = rows[i].field;

		if (*field == LIMIT_UNSET)
			*field = rows[i].unset;
		else if (rows[i].pages && *field >= INT64_MAX / page * page)
			*field = LIMIT_MAX;
		else if (rows[i].pages)
			*field = *field / page * page;
	}
	/* Where swap is neither there nor counted, the limit is zero whatever is written. */
	if (!cgroup_counts_swap() && !cgroup_host_swaps())
		s->cgroup.swap = 0;
}

/* An ordinary user without a cgroup of his own has no limits: a profile's are taken back (the
 * caller says what is missing), what somebody asked for by name is refused. */
static int check_undelegated(struct spec *s, const struct host *h, struct err *e)
{
	static const char *const fields[] = { "pids.max",    "memory.max", "memory.swap",
					      "memory.high", "memory.low", "cpu.weight",
					      "cpu.max",     "io.weight" };

	for (size_t i = 0; i < LIMIT_KINDS; i++) {
		const char *key = cgroup_rows[i].key;

		if (!cgroup_rows[i].asked(s) || !wall_asked(s, key) || wall_optional(s, "cgroup"))
			continue;
		err_msg(e, EOPNOTSUPP, "%s: %s cannot be enforced", key_origin(s, key), key);
		return err_hint(e, "%s", cgroup_missing(h));
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct key *k = key_find(fields[i], NULL);

		k->type->clear(k, (char *)s + k->at);
	}
	s->cgroup.delegate = false;
	return 0;
}

/* The same for single limits, where what was delegated has no controller for them. */
static void check_partly(struct spec *s)
{
	struct cgroup_layout l;
	autostr lost = { 0 };

	cgroup_layout_open(&l, ~0U, s->cgroup.parent);
	for (size_t i = 0; i < LIMIT_KINDS; i++) {
		const struct key *k = key_find(cgroup_rows[i].key, NULL);
		enum cg_hierarchy h = cgroup_rows[i].controller;

		if (!cgroup_rows[i].asked(s) || wall_asked(s, k->name) || l.base[h] >= 0 ||
		    l.v2 & CGROUP_BIT(h))
			continue;
		k->type->clear(k, (char *)s + k->at);
		str_addf(&lost, "%s%s", lost.len ? ", " : "", k->name);
	}
	cgroup_layout_close(&l);
	if (lost.len)
		log_warn(
			"no cgroup controller was delegated to this user for %s: not limited; `ward "
			"check` says how to have it",
			lost.text);
}

/* Root must not lose the wall unasked. */
static int check_unmounted(const struct spec *s, const struct host *h, struct err *e)
{
	if (wall_optional(s, "cgroup"))
		return 0;
	err_msg(e, EOPNOTSUPP, "cgroup: %s", cgroup_missing(h));
	return err_hint(e, "or set optional=cgroup");
}

static int cgroup_check(struct spec *s, const struct host *h, struct err *e)
{
	int ret = check_parent(s, e);

	if (ret == 0 && !h->cgroup_usable)
		ret = h->privileged ? check_unmounted(s, h, e) : check_undelegated(s, h, e);
	if (ret < 0)
		return ret;
	if (h->cgroup_usable && !h->privileged)
		check_partly(s);
	check_defaults(s);
	if (s->cgroup.memory == 0)
		return err_msg(e, EINVAL, "%s: memory.max: less than one page",
			       key_origin(s, "memory.max"));
	if (s->cgroup.cpu_weight == LIMIT_MAX)
		return err_msg(e, EINVAL, "%s: cpu.weight: max is not a weight",
			       key_origin(s, "cpu.weight"));
	if (s->cgroup.io_weight == LIMIT_MAX)
		return err_msg(e, EINVAL, "%s: io.weight: max is not a weight",
			       key_origin(s, "io.weight"));
	return 0;
}

/* --- limits ----------------------------------------------------------------------------- */

static bool asks_pids(const struct spec *s)
{
	return s->cgroup.pids < LIMIT_UNSET;
}

static bool asks_memory(const struct spec *s)
{
	return s->cgroup.memory < LIMIT_UNSET;
}

static bool asks_swap(const struct spec *s)
{
	return s->cgroup.swap < LIMIT_UNSET;
}

static bool asks_low(const struct spec *s)
{
	return s->cgroup.memory_low != 0 && s->cgroup.memory_low != LIMIT_UNSET;
}

static bool asks_high(const struct spec *s)
{
	return s->cgroup.memory_high < LIMIT_UNSET;
}

static bool asks_weight(const struct spec *s)
{
	return s->cgroup.cpu_weight < LIMIT_UNSET && s->cgroup.cpu_weight != WEIGHT_DEFAULT;
}

static bool asks_cpu(const struct spec *s)
{
	return s->cgroup.cpu_quota < LIMIT_UNSET;
}

static bool asks_cpuset(const struct spec *s)
{
	return s->cgroup.cpuset_cpus || s->cgroup.cpuset_mems;
}

static bool asks_io_weight(const struct spec *s)
{
	return s->cgroup.io_weight < LIMIT_UNSET && s->cgroup.io_weight != WEIGHT_DEFAULT;
}

static bool asks_io(const struct spec *s)
{
	return s->cgroup.io_max.n > 0;
}

static bool asks_hugetlb(const struct spec *s)
{
	return s->cgroup.hugetlb.n > 0;
}

/* Who has no subtree cannot make cgroups at all. */
static bool asks_tree(const struct spec *s)
{
	return s->cgroup.delegate &&
	       (s->cgroup.max_descendants < LIMIT_UNSET || s->cgroup.max_depth < LIMIT_UNSET);
}

const struct cgroup_row cgroup_rows[LIMIT_KINDS] = {
	[LIMIT_PIDS] = { "pids.max", CG_PIDS, asks_pids },
	[LIMIT_MEMORY] = { "memory.max", CG_MEMORY, asks_memory },
	[LIMIT_SWAP] = { "memory.swap", CG_MEMORY, asks_swap },
	[LIMIT_LOW] = { "memory.low", CG_MEMORY, asks_low },
	[LIMIT_HIGH] = { "memory.high", CG_MEMORY, asks_high },
	[LIMIT_WEIGHT] = { "cpu.weight", CG_CPU, asks_weight },
	[LIMIT_CPU] = { "cpu.max", CG_CPU, asks_cpu },
	[LIMIT_CPUSET] = { "cpuset.cpus", CG_CPUSET, asks_cpuset },
	[LIMIT_IO_WEIGHT] = { "io.weight", CG_BLKIO, asks_io_weight },
	[LIMIT_IO] = { "io.max", CG_BLKIO, asks_io },
	[LIMIT_HUGETLB] = { "hugetlb.max", CG_HUGETLB, asks_hugetlb },
	[LIMIT_TREE] = { "cgroup.max_descendants", CG_UNIFIED, asks_tree },
};

/* --- observe --------------------------------------------------------------------------- */

/* Limits bind a process only when it is inside. */
static unsigned hierarchies_of(const struct look *l, const char *text)
{
	unsigned mask = 0;

	for (int h = 0; l->cg && h < CG_HIERARCHIES; h++)
		if (l->cg->dir[h] >= 0 && cgroup_holds(l->cg->dir[h], h, text))
			mask |= CGROUP_BIT(h);
	return mask;
}

static int cgroup_observe(const struct look *l, struct spec *seen, struct err *e)
{
	autostr text = { 0 };
	int ret = file_read(l->proc, "cgroup", 1 << 16, &text);
	unsigned inside;

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read the cgroups of process %d", (int)l->pid);
	}
	check_defaults(seen);
	inside = hierarchies_of(l, str_text(&text));
	for (int i = 0; i < LIMIT_KINDS; i++) {
		enum cg_hierarchy h = cgroup_rows[i].controller;

		if (h != CG_UNIFIED && inside & CGROUP_BIT(h)) {
			if (cgroup_v1[i].read)
				cgroup_v1[i].read(l->cg->dir[h], seen);
		} else if (cgroup_v2[i].read && inside & CGROUP_BIT(CG_UNIFIED)) {
			cgroup_v2[i].read(l->cg->dir[CG_UNIFIED], seen);
		}
	}
	return 0;
}

/* The process is in every directory that was made for it. */
static int cgroup_verify(const struct run *r, const struct look *l, const struct spec *seen,
			 struct err *e)
{
	autostr text = { 0 };
	int ret = file_read(l->proc, "cgroup", 1 << 16, &text);

	(void)seen;
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "cgroup: read the cgroups of process %d", (int)l->pid);
	}
	for (int h = 0; h < CG_HIERARCHIES; h++)
		if (r->cg.dir[h] >= 0 && !cgroup_holds(r->cg.dir[h], h, str_text(&text)))
			return err_msg(e, EPROTO, "cgroup: the container is not in its %s cgroup",
				       cgroup_word(h));
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool pids_finite(const struct spec *s)
{
	return s->cgroup.pids < LIMIT_UNSET;
}

static bool memory_finite(const struct spec *s)
{
	return s->cgroup.memory < LIMIT_UNSET;
}

static bool swap_finite(const struct spec *s)
{
	return s->cgroup.swap < LIMIT_UNSET;
}

static const struct rule rules[] = {
	{ "cgroup.pids", pids_finite, "the number of processes is limited",
	  "a fork bomb takes all process ids of the host" },
	{ "cgroup.memory", memory_finite, "memory is limited",
	  "the container can use up all memory" },
	{ "cgroup.swap", swap_finite, "swap is limited", "the container can fill the host's swap" },
};

/* "512 MiB": the largest unit that keeps the number whole. */
static void add_size(struct str *out, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (bytes && bytes % 1024 == 0 && unit + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	if (bytes)
		str_addf(out, "%" PRIu64 " %s", bytes, units[unit]);
	else
		str_add(out, "no");
}

static void cgroup_summary(const struct spec *seen, struct str *out)
{
	if (memory_finite(seen))
		add_size(out, seen->cgroup.memory);
	else
		str_add(out, "unlimited");
	str_add(out, " memory, ");
	if (swap_finite(seen))
		add_size(out, seen->cgroup.swap);
	else
		str_add(out, "unlimited");
	str_add(out, " swap, ");
	if (pids_finite(seen))
		str_addf(out, "%" PRIu64 " processes", seen->cgroup.pids);
	else
		str_add(out, "unlimited processes");
	if (seen->cgroup.cpu_quota < LIMIT_UNSET)
		str_addf(out, ", %.3g CPUs",
			 (double)seen->cgroup.cpu_quota / (double)seen->cgroup.cpu_period);
}

const struct wall wall_cgroup = {
	.name = "cgroup",
	.stops = "starving the host of processes, memory, CPU time and disk bandwidth",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = cgroup_check,
	.settled = SETTLED_ENTERED,
	.observe = cgroup_observe,
	.verify = cgroup_verify,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = cgroup_summary,
};
