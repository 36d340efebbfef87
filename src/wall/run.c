/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/run.h"

#include <errno.h>

#include "base/mem.h"

void run_init(struct run *r, const struct spec *spec, const struct host *host)
{
	*r = (struct run){
		.spec = spec,
		.host = host,
		.sync = -EBADF,
		.pidfd = -EBADF,
		.peer = -EBADF,
		.proc = -EBADF,
		.target = -EBADF,
		.stage_ns = -EBADF,
		.kernel_proc = -EBADF,
		.kernel_sys = -EBADF,
		.userns = -EBADF,
		.root = -EBADF,
		.mask = -EBADF,
		.dev = -EBADF,
		.pts = -EBADF,
		.net_user = -EBADF,
		.net_report = -EBADF,
		.net_outside = -EBADF,
		.console = -EBADF,
		.terminal = -EBADF,
		.stdio = { -EBADF, -EBADF, -EBADF },
		.relay = { -EBADF, -EBADF, -EBADF },
		.sink = { -EBADF, -EBADF, -EBADF },
		.listener = -EBADF,
		.claim = { .dir = -EBADF, .lock = -EBADF },
		.cache = -EBADF,
		.cg.inner = -EBADF,
		.net = { .host = -EBADF, .inside = -EBADF, .ns = -EBADF, .keeper = -EBADF, .report = -EBADF },
	};
	for (size_t i = 0; i < DEV_TTYS_MAX; i++)
		r->tty[i] = (struct run_tty){ -EBADF, -EBADF };
	for (size_t i = 0; i < NS_KINDS; i++)
		r->host_ns[i] = -EBADF;
	for (size_t i = 0; i < CG_HIERARCHIES; i++) {
		r->cg.dir[i] = -EBADF;
		r->cg.tasks[i] = -EBADF;
		r->cg.made[i] = -1;
	}
}

int64_t run_outside(const struct id_map *map, uint32_t inside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct id_range *range = &map->range[i];

		if (inside >= range->inside && inside - range->inside < range->count)
			return (int64_t)range->outside + (inside - range->inside);
	}
	return map->n ? -1 : (int64_t)inside;
}
