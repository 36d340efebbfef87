/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container uses, read from whichever hierarchy counts it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "wall/cgroup_layout.h"

/* The directory that holds a controller's files: its v1 hierarchy or v2. */
static int counter_dir(const struct run_cgroup *cg, enum cg_hierarchy h)
{
	return cg->dir[h] >= 0 ? cg->dir[h] : cg->dir[CG_UNIFIED];
}

static bool is_v1(const struct run_cgroup *cg, enum cg_hierarchy h)
{
	return cg->dir[h] >= 0;
}

static uint64_t scaled(uint64_t value, uint64_t multiply, uint64_t divide)
{
	return value < LIMIT_UNSET ? value * multiply / divide : value;
}

static void memory_stats(const struct run_cgroup *cg, struct cgroup_stats *out)
{
	int dir = counter_dir(cg, CG_MEMORY);

	if (is_v1(cg, CG_MEMORY)) {
		out->memory = cgroup_number(dir, "memory.usage_in_bytes");
		out->memory_max = cgroup_number(dir, "memory.limit_in_bytes");
		out->memory_peak = cgroup_number(dir, "memory.max_usage_in_bytes");
		out->swap = cgroup_field(dir, "memory.stat", "total_swap");
		out->oom_kills = cgroup_field(dir, "memory.oom_control", "oom_kill");
		return;
	}
	out->memory = cgroup_number(dir, "memory.current");
	out->memory_max = cgroup_number(dir, "memory.max");
	out->memory_peak = cgroup_number(dir, "memory.peak");
	out->swap = cgroup_number(dir, "memory.swap.current");
	out->oom_kills = cgroup_field(dir, "memory.events", "oom_kill");
}

/* cpu.stat of v2 counts without any controller; only v1 alone needs cpuacct, which counts user
 * and system time in clock ticks. */
static void cpu_stats(const struct run_cgroup *cg, struct cgroup_stats *out)
{
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	int v1 = cg->dir[CG_CPUACCT], v2 = cg->dir[CG_UNIFIED];

	if (v2 >= 0) {
		out->cpu_usec = cgroup_field(v2, "cpu.stat", "usage_usec");
		out->cpu_user_usec = cgroup_field(v2, "cpu.stat", "user_usec");
		out->cpu_system_usec = cgroup_field(v2, "cpu.stat", "system_usec");
	} else {
		out->cpu_usec = scaled(cgroup_number(v1, "cpuacct.usage"), 1, 1000);
		out->cpu_user_usec = scaled(cgroup_field(v1, "cpuacct.stat", "user"), 1000000,
					    ticks);
		out->cpu_system_usec = scaled(cgroup_field(v1, "cpuacct.stat", "system"), 1000000,
					      ticks);
	}
	v1 = cg->dir[CG_CPU];
	out->throttled = cgroup_field(v1 >= 0 ? v1 : v2, "cpu.stat", "nr_throttled");
	out->throttled_usec = v1 >= 0 ? scaled(cgroup_field(v1, "cpu.stat", "throttled_time"), 1,
					       1000) :
					cgroup_field(v2, "cpu.stat", "throttled_usec");
}

static void add(uint64_t *sum, const char *digits)
{
	unsigned long long value;

	if (sscanf(digits, "%llu", &value) == 1)
		*sum += value;
}

/* v2: "8:0 rbytes=1 wbytes=2 ..."; v1: "8:0 Read 1". One line or word per device. */
static void io_stats(const struct run_cgroup *cg, struct cgroup_stats *out)
{
	static const char *const words[2][2] = { { "rbytes=", "wbytes=" },
						 { " Read ", " Write " } };
	bool v1 = is_v1(cg, CG_BLKIO);
	int dir = counter_dir(cg, CG_BLKIO);
	uint64_t *sums[] = { &out->io_read, &out->io_written };
	autostr text = { 0 };

	if (dir < 0 || file_read(dir, v1 ? "blkio.throttle.io_service_bytes_recursive" : "io.stat",
				 1 << 20, &text) < 0)
		return;
	for (int i = 0; i < 2; i++) {
		const char *word = words[v1][i];

		*sums[i] = 0;
		for (const char *p = strstr(str_text(&text), word); p; p = strstr(p, word)) {
			p += strlen(word);
			add(sums[i], p);
		}
	}
}

int cgroup_stats(const struct run_cgroup *cg, struct cgroup_stats *out)
{
	int pids = counter_dir(cg, CG_PIDS);
	bool any = false;

	/* Every member is a uint64_t. */
	for (size_t i = 0; i < sizeof(*out) / sizeof(uint64_t); i++)
		((uint64_t *)out)[i] = LIMIT_UNSET;
	for (int h = 0; h < CG_HIERARCHIES; h++)
		any |= cg->dir[h] >= 0;
	if (!any)
		return -ENOENT;
	out->pids = cgroup_number(pids, "pids.current");
	out->pids_max = cgroup_number(pids, "pids.max");
	memory_stats(cg, out);
	cpu_stats(cg, out);
	io_stats(cg, out);
	return 0;
}
