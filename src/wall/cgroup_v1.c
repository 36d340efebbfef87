/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits in the words of cgroup v1: Documentation/admin-guide/cgroup-v1/. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "wall/cgroup_layout.h"

/* --- pids, memory --------------------------------------------------------------------------- */

static int pids_write(int dir, const struct spec *s, struct err *e)
{
	return cgroup_write(dir, e, "pids.max", "%" PRIu64, s->cgroup.pids);
}

static void pids_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "pids.max", &seen->cgroup.pids);
}

static int memory_write(int dir, const struct spec *s, struct err *e)
{
	return cgroup_write(dir, e, "memory.limit_in_bytes", "%" PRIu64, s->cgroup.memory);
}

static void memory_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "memory.limit_in_bytes", &seen->cgroup.memory);
}

/* v1 limits memory and swap together, so a limit on swap alone cannot be said. */
static int swap_write(int dir, const struct spec *s, struct err *e)
{
	static const char file[] = "memory.memsw.limit_in_bytes";
	uint64_t both;
	int ret;

	if (s->cgroup.memory == LIMIT_MAX) {
		if (!cgroup_host_swaps())
			return 0;
		err_msg(e, EOPNOTSUPP, "cgroup v1 cannot limit swap without a limit on memory");
		return err_hint(e, "set memory.max too");
	}
	if (__builtin_add_overflow(s->cgroup.memory, s->cgroup.swap, &both))
		both = INT64_MAX;
	ret = cgroup_write(dir, e, file, "%" PRIu64, both);
	return ret == -ENOENT ? cgroup_no_swap_file(file, e) : ret;
}

static void swap_read(int dir, struct spec *seen)
{
	uint64_t memory = seen->cgroup.memory; /* was read just before */
	uint64_t both = cgroup_number(dir, "memory.memsw.limit_in_bytes");

	if (both < LIMIT_UNSET && memory < LIMIT_UNSET)
		seen->cgroup.swap = both - memory;
}

/* The soft limit marks what reclaim should leave alone as long as others can give. */
static int low_write(int dir, const struct spec *s, struct err *e)
{
	return cgroup_write(dir, e, "memory.soft_limit_in_bytes", "%" PRIu64,
			    s->cgroup.memory_low == LIMIT_MAX ? INT64_MAX : s->cgroup.memory_low);
}

static void low_read(int dir, struct spec *seen)
{
	uint64_t low = cgroup_number(dir, "memory.soft_limit_in_bytes");

	seen->cgroup.memory_low = low < LIMIT_UNSET ? low : 0;
}

/* --- cpu, cpuset ---------------------------------------------------------------------------- */

/* cpu.shares: 1024 where v2 has a weight of 100, and never below 2 (kernel/sched/sched.h). Both
 * conversions round to the nearest, and a weight survives the way there and back. */
static int weight_write(int dir, const struct spec *s, struct err *e)
{
	return cgroup_write(dir, e, "cpu.shares", "%" PRIu64,
			    (s->cgroup.cpu_weight * 1024 + 50) / 100);
}

static void weight_read(int dir, struct spec *seen)
{
	uint64_t shares = cgroup_number(dir, "cpu.shares");

	if (shares < LIMIT_UNSET)
		seen->cgroup.cpu_weight = (shares * 100 + 512) / 1024;
}

/* The period first: the default quota, none, is valid with every period. */
static int cpu_write(int dir, const struct spec *s, struct err *e)
{
	int ret = cgroup_write(dir, e, "cpu.cfs_period_us", "%" PRIu64, s->cgroup.cpu_period);

	if (ret < 0)
		return ret;
	ret = cgroup_write(dir, e, "cpu.cfs_quota_us", "%" PRIu64, s->cgroup.cpu_quota);
	if (ret == -EINVAL)
		err_hint(e, "no group may have more CPU time than the one above it");
	return ret;
}

static void cpu_read(int dir, struct spec *seen)
{
	uint64_t quota = cgroup_number(dir, "cpu.cfs_quota_us");
	uint64_t period = cgroup_number(dir, "cpu.cfs_period_us");

	if (quota >= LIMIT_UNSET || period >= LIMIT_UNSET)
		return;
	seen->cgroup.cpu_quota = quota;
	seen->cgroup.cpu_period = period;
}

static const char *const cpuset_files[] = { "cpuset.cpus", "cpuset.mems" };

int cgroup_v1_cpuset_inherit(int parent, int dir, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpuset_files); i++) {
		autostr text = { 0 };
		int ret = file_read(parent, cpuset_files[i], 1 << 16, &text);

		if (ret == 0 && text.len)
			ret = file_write(dir, cpuset_files[i], text.text);
		if (ret < 0) {
			errno = -ret;
			return err_sys(e, "copy %s from the cpuset above", cpuset_files[i]);
		}
	}
	return 0;
}

int cgroup_cpuset_write(int dir, const struct spec *s, struct err *e)
{
	const char *values[] = { s->cgroup.cpuset_cpus, s->cgroup.cpuset_mems };
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(values) && ret == 0; i++)
		if (values[i])
			ret = cgroup_write(dir, e, cpuset_files[i], "%s", values[i]);
	return ret;
}

void cgroup_cpuset_read(int dir, struct spec *seen)
{
	char **fields[] = { &seen->cgroup.cpuset_cpus, &seen->cgroup.cpuset_mems };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		autostr text = { 0 };

		if (file_read(dir, cpuset_files[i], 1 << 16, &text) < 0 || text.len < 2)
			continue;
		text.text[text.len - 1] = '\0';
		free(*fields[i]);
		*fields[i] = take_ptr(text.text);
	}
}

/* --- blkio ---------------------------------------------------------------------------------- */

/* BFQ's scale ends at 1000 and has the same default: above it, 100..10000 is squeezed into
 * 100..1000. */
uint64_t cgroup_bfq_weight(uint64_t weight)
{
	return weight <= WEIGHT_DEFAULT ? weight : 100 + (weight - 100) * 900 / 9900;
}

/* blkio.weight is the same file of older kernels; its scale starts at 10. */
static int io_weight_write(int dir, const struct spec *s, struct err *e)
{
	uint64_t w = cgroup_bfq_weight(s->cgroup.io_weight);
	int ret = cgroup_write(dir, e, "blkio.bfq.weight", "%" PRIu64, w);

	if (ret == -ENOENT)
		ret = cgroup_write(dir, e, "blkio.weight", "%" PRIu64, w < 10 ? 10 : w);
	if (ret == -ENOENT)
		err_hint(e, "this kernel has no I/O scheduler that weighs (BFQ)");
	return ret;
}

static int io_write(int dir, const struct spec *s, struct err *e)
{
	static const char *const files[IO_DIRECTIONS] = {
		[IO_RBPS] = "blkio.throttle.read_bps_device",
		[IO_WBPS] = "blkio.throttle.write_bps_device",
		[IO_RIOPS] = "blkio.throttle.read_iops_device",
		[IO_WIOPS] = "blkio.throttle.write_iops_device",
	};
	int ret = 0;

	for (size_t i = 0; i < s->cgroup.io_max.n; i++) {
		struct io_max io;

		if (io_max_parse(s->cgroup.io_max.item[i], &io) < 0)
			return err_msg(e, EINVAL, "io.max: '%s'", s->cgroup.io_max.item[i]);
		for (int d = 0; d < IO_DIRECTIONS && ret == 0; d++)
			if (io.limit[d] < LIMIT_UNSET)
				ret = cgroup_write(dir, e, files[d], "%u:%u %" PRIu64, io.major,
						   io.minor, io.limit[d]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- hugetlb -------------------------------------------------------------------------------- */

static int hugetlb_write_one(int dir, const struct hugetlb_max *h, struct err *e)
{
	int64_t limit = h->limit > INT64_MAX ? INT64_MAX : (int64_t)h->limit;
	char file[64];
	int ret;

	/* Reservations first, where the kernel limits them apart: what is reserved is as good as
	 * used, and a page fault beyond the other limit ends in SIGBUS. */
	snprintf(file, sizeof(file), "hugetlb.%s.rsvd.limit_in_bytes", h->size);
	ret = cgroup_write(dir, e, file, "%" PRId64, limit);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	snprintf(file, sizeof(file), "hugetlb.%s.limit_in_bytes", h->size);
	return cgroup_write(dir, e, file, "%" PRId64, limit);
}

static int hugetlb_write(int dir, const struct spec *s, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < s->cgroup.hugetlb.n && ret == 0; i++) {
		struct hugetlb_max h;

		if (hugetlb_parse(s->cgroup.hugetlb.item[i], &h) < 0)
			return err_msg(e, EINVAL, "hugetlb.max: '%s'", s->cgroup.hugetlb.item[i]);
		ret = hugetlb_write_one(dir, &h, e);
	}
	return ret;
}

/* memory.high has no counterpart: the soft limit protects, it does not slow down. The size of
 * the tree cannot be limited either. */
const struct cgroup_io cgroup_v1[LIMIT_KINDS] = {
	[LIMIT_PIDS] = { pids_write, pids_read },
	[LIMIT_MEMORY] = { memory_write, memory_read },
	[LIMIT_SWAP] = { swap_write, swap_read },
	[LIMIT_LOW] = { low_write, low_read },
	[LIMIT_WEIGHT] = { weight_write, weight_read },
	[LIMIT_CPU] = { cpu_write, cpu_read },
	[LIMIT_CPUSET] = { cgroup_cpuset_write, cgroup_cpuset_read },
	[LIMIT_IO_WEIGHT] = { io_weight_write, NULL },
	[LIMIT_IO] = { io_write, NULL },
	[LIMIT_HUGETLB] = { hugetlb_write, NULL },
};
