/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc.cgroup.FILE and lxc.cgroup2.FILE. What ward has a limit for is set through it, in whichever
 * layout it was written, and works on every one. The rest is written as it stands, where the
 * machine has such a file. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "front/lxc_translate.h"
#include "spec/key.h"

static const char v1_prefix[] = "lxc.cgroup.", v2_prefix[] = "lxc.cgroup2.";

/* --- values ----------------------------------------------------------------------------- */

typedef int to_limit(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		     struct err *e);

/* A number or a size; -1 and max are no limit. */
static int plain(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		 struct err *e)
{
	const char *value = strcmp(entry->value, "-1") ? entry->value : "max";

	return key_set(t->s, key, value, entry->where, e);
}

/* Memory and swap together, of which ward has memory already or takes it from the other line. */
static int memory_and_swap(struct lxc_translation *t, const struct lxc_entry *entry,
			   const char *key, struct err *e)
{
	const char *memory = lxc_conf_value(t->c, "lxc.cgroup.memory.limit_in_bytes");
	uint64_t both, alone;
	char number[32];

	if (!strcmp(entry->value, "-1"))
		return key_set(t->s, key, "max", entry->where, e);
	if (!memory || str_size(entry->value, &both) < 0 || str_size(memory, &alone) < 0 ||
	    both < alone)
		return err_msg(e, EINVAL,
			       "'%s' is no limit of memory and swap together, or not "
			       "above lxc.cgroup.memory.limit_in_bytes",
			       entry->value);
	snprintf(number, sizeof(number), "%" PRIu64, both - alone);
	return key_set(t->s, key, number, entry->where, e);
}

static int scaled(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		  uint64_t normal, struct err *e)
{
	uint64_t value;
	char number[32];

	if (str_u64(entry->value, 10, 1, UINT32_MAX, &value) < 0)
		return err_msg(e, EINVAL, "'%s' is not a number", entry->value);
	value = value * 100 / normal;
	snprintf(number, sizeof(number), "%" PRIu64, value < 1 ? 1 : value > 10000 ? 10000 : value);
	return key_set(t->s, key, number, entry->where, e);
}

static int shares(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		  struct err *e)
{
	return scaled(t, entry, key, 1024, e);
}

static int blkio_weight(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
			struct err *e)
{
	return scaled(t, entry, key, 500, e);
}

/* "100", "default 100"; a weight for one disk ward has none for. */
static int io_weight(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		     struct err *e)
{
	const char *value = entry->value;

	value += str_starts(value, "default ") ? strlen("default ") : 0;
	if (strchr(value, ':'))
		return err_msg(e, ENOTSUP, "a weight counts for all disks");
	return key_set(t->s, key, value, entry->where, e);
}

/* Quota and period are two lines of v1. */
static int quota(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		 struct err *e)
{
	const char *run = lxc_conf_value(t->c, "lxc.cgroup.cpu.cfs_quota_us");
	const char *period = lxc_conf_value(t->c, "lxc.cgroup.cpu.cfs_period_us");
	char value[64];

	if (!run || !strcmp(run, "-1"))
		return key_set(t->s, key, "max", entry->where, e);
	snprintf(value, sizeof(value), "%s %s", run, period ? period : "100000");
	return key_set(t->s, key, value, entry->where, e);
}

/* "QUOTA", "QUOTA PERIOD", "max 100000" */
static int cpu_max(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		   struct err *e)
{
	char value[64];

	if (strchr(entry->value, ' ') || !strcmp(entry->value, "max"))
		return key_set(t->s, key, entry->value, entry->where, e);
	snprintf(value, sizeof(value), "%s 100000", entry->value);
	return key_set(t->s, key, value, entry->where, e);
}

/* blkio.throttle.read_bps_device = "8:0 1048576" */
static int throttle(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		    struct err *e)
{
	static const struct {
		const char *file, *word;
	} files[] = {
		{ "read_bps_device", "rbps" },
		{ "write_bps_device", "wbps" },
		{ "read_iops_device", "riops" },
		{ "write_iops_device", "wiops" },
	};
	size_t device = strcspn(entry->value, " \t");
	char value[128] = "";

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_ends(entry->name, files[i].file))
			snprintf(value, sizeof(value), "%.*s %s=%s", (int)device, entry->value,
				 files[i].word,
				 entry->value + device + strspn(entry->value + device, " \t"));
	return key_set(t->s, key, value, entry->where, e);
}

/* hugetlb.2MB.max and hugetlb.2MB.limit_in_bytes */
static int hugetlb(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		   struct err *e)
{
	const char *size = strstr(entry->name, "hugetlb.") + strlen("hugetlb.");
	char value[128];

	if (!str_ends(entry->name, ".max") && !str_ends(entry->name, ".limit_in_bytes"))
		return err_msg(e, ENOTSUP, "of huge pages only the limit is set");
	snprintf(value, sizeof(value), "%.*s=%s", (int)strcspn(size, "."), size,
		 strcmp(entry->value, "-1") ? entry->value : "max");
	return key_set(t->s, key, value, entry->where, e);
}

/* --- device rules ----------------------------------------------------------------------- */

/* "a", or its long form. */
static bool is_all(const char *rule)
{
	return !strcmp(rule, "a") || str_starts(rule, "a *:*");
}

/* Are single devices taken out again behind this line? */
static bool denies_some_after(const struct lxc_translation *t, const struct lxc_entry *entry)
{
	const struct lxc_entry *end = t->c->entry + t->c->n;
	size_t family = strlen(entry->name) - strlen("allow");

	for (entry++; entry < end; entry++)
		if (str_ends(entry->name, ".devices.deny") && !is_all(entry->value) &&
		    strlen(entry->name) == family + strlen("deny"))
			return true;
	return false;
}

/* LXC's two modes: after `deny = a` only what is allowed can be used, after `allow = a` all but
 * what is denied. Ward has the first; of the second, half would be open to everything. */
static int devices(struct lxc_translation *t, const struct lxc_entry *entry, const char *key,
		   struct err *e)
{
	bool allow = str_ends(entry->name, ".allow");
	int ret;

	if (!is_all(entry->value) && !allow)
		return err_msg(e, ENOTSUP,
			       "single devices are not denied: begin with devices.deny = a "
			       "and list what is allowed");
	if (!is_all(entry->value))
		return key_set(t->s, key, entry->value, entry->where, e);
	if (allow && denies_some_after(t, entry))
		return err_msg(
			e, t->silence == LXC_LETTER ? EINVAL : ENOTSUP,
			"all devices but some cannot be said: begin with devices.deny = a and "
			"list what is allowed");
	ret = key_set(t->s, key, "", entry->where, e);
	return ret < 0 || !allow ? ret : key_set(t->s, key, "a *:* rwm", entry->where, e);
}

/* --- files ------------------------------------------------------------------------------ */

static const struct row {
	const char *v1, *v2; /* ending in '.': every file that begins so */
	const char *key;
	to_limit *to_v1, *to_v2;
} rows[] = {
	{ "devices.", "devices.", "device.rule", devices, devices },
	{ "memory.limit_in_bytes", "memory.max", "memory.max", plain, plain },
	{ "memory.soft_limit_in_bytes", "memory.low", "memory.low", plain, plain },
	{ NULL, "memory.high", "memory.high", NULL, plain },
	{ "memory.memsw.limit_in_bytes", "memory.swap.max", "memory.swap", memory_and_swap, plain },
	{ "pids.max", "pids.max", "pids.max", plain, plain },
	{ "cpu.shares", "cpu.weight", "cpu.weight", shares, plain },
	{ "cpu.cfs_quota_us", "cpu.max", "cpu.max", quota, cpu_max },
	{ "cpu.cfs_period_us", NULL, "cpu.max", quota, NULL },
	{ "cpuset.cpus", "cpuset.cpus", "cpuset.cpus", plain, plain },
	{ "cpuset.mems", "cpuset.mems", "cpuset.mems", plain, plain },
	{ "blkio.weight", "io.weight", "io.weight", blkio_weight, io_weight },
	{ "blkio.bfq.weight", "io.bfq.weight", "io.weight", plain, io_weight },
	{ "blkio.throttle.", "io.max", "io.max", throttle, plain },
	{ "hugetlb.", "hugetlb.", "hugetlb.max", hugetlb, hugetlb },
	{ NULL, "cgroup.max.descendants", "cgroup.max_descendants", NULL, plain },
	{ NULL, "cgroup.max.depth", "cgroup.max_depth", NULL, plain },
};

static bool matches(const char *name, const char *file)
{
	return name && (str_ends(name, ".") ? str_starts(file, name) : !strcmp(name, file));
}

static const struct row *find_row(const char *file, bool v2)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (matches(v2 ? rows[i].v2 : rows[i].v1, file))
			return &rows[i];
	return NULL;
}

/* Many files say everything twice, for both layouts: then that of this machine counts. */
static bool said_natively(const struct lxc_translation *t, const struct row *row, bool v2)
{
	const char *prefix = v2 ? v1_prefix : v2_prefix, *file = v2 ? row->v1 : row->v2;

	if (v2 == t->host->unified || !file)
		return false;
	for (size_t i = 0; i < t->c->n; i++)
		if (str_starts(t->c->entry[i].name, prefix) &&
		    matches(file, t->c->entry[i].name + strlen(prefix)))
			return true;
	return false;
}

static int raw(struct lxc_translation *t, const struct lxc_entry *entry, bool v2, struct err *e)
{
	const char *file = entry->name + (v2 ? strlen(v2_prefix) : strlen(v1_prefix));
	autostr value = { 0 };

	if (!v2 && t->host->unified)
		return err_msg(e, ENOTSUP,
			       "this machine has cgroup v2 only, which has no such file");
	str_addf(&value, "%s %s %s", v2 ? "v2" : "v1", file, entry->value);
	if (value.failed)
		return err_mem(e);
	return key_set(t->s, "cgroup.raw", str_text(&value), entry->where, e);
}

int lxc_to_cgroup(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	bool v2 = str_starts(entry->name, v2_prefix);
	const char *file = entry->name + (v2 ? strlen(v2_prefix) : strlen(v1_prefix));
	const struct row *row = find_row(file, v2);

	if (!row)
		return raw(t, entry, v2, e);
	if (said_natively(t, row, v2))
		return 0;
	return (v2 ? row->to_v2 : row->to_v1)(t, entry, row->key, e);
}

/* --- places ----------------------------------------------------------------------------- */

/* LXC makes lxc.payload.NAME there, ward ward-NAME. */
int lxc_to_cgroup_dir(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	return key_set(t->s, "cgroup.parent", entry->value, entry->where, e);
}

int lxc_to_cgroup_place(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	(void)t;
	if (!strcmp(entry->value, "0"))
		return 0;
	return err_msg(e, ENOTSUP,
		       "ward's cgroups have a fixed shape: one for the container, in it "
		       "one that the container manages, none for the monitor");
}
