/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container uses, from its cgroups of whichever layout. */
#pragma once
#include <lxc/lxccontainer.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct tool_stats {
	bool has_cpu, has_blkio, has_memory, has_swap, has_kmem;
	uint64_t cpu_nanos;
	uint64_t cpu_user_hz, cpu_sys_hz; /* in units of sysconf(_SC_CLK_TCK) */
	uint64_t blkio_bytes, blkio_iops;
	uint64_t memory, swap, kmem; /* bytes */
};

void tool_stats(struct lxc_container *c, struct tool_stats *out);

/* The number after `word` at the begin of a line of a cgroup file ("usage_usec 123"), or the whole file
 * for an empty word. False when it is not there. */
bool tool_stat_word(const char *text, const char *word, uint64_t *out);

/* Bytes for people: "12.34 MiB". */
void tool_size(uint64_t bytes, struct str *out);
