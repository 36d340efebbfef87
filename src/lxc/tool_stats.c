/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/tool_stats.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

bool tool_stat_word(const char *text, const char *word, uint64_t *out)
{
	size_t n = strlen(word);

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');

		if (!n || (!strncmp(line, word, n) && line[n] == ' ')) {
			char *rest;

			*out = strtoull(line + n, &rest, 10);
			return rest != line + n;
		}
		line = *end ? end + 1 : end;
	}
	return false;
}

/* One file of the container's cgroups; NULL when this layout does not have it. */
static char *item(struct lxc_container *c, const char *file)
{
	int len = c->get_cgroup_item(c, file, NULL, 0);
	autofree char *text = len > 0 ? calloc(1, (size_t)len + 1) : NULL;

	if (!text || c->get_cgroup_item(c, file, text, len + 1) < 0)
		return NULL;
	return take_ptr(text);
}

static bool number(struct lxc_container *c, const char *file, const char *word, uint64_t *out)
{
	autofree char *text = item(c, file);

	return text && tool_stat_word(text, word, out);
}

static void cpu(struct lxc_container *c, struct tool_stats *s)
{
	autofree char *v2 = item(c, "cpu.stat");
	uint64_t usec, user, sys, hz = (uint64_t)sysconf(_SC_CLK_TCK);

	if (v2 && tool_stat_word(v2, "usage_usec", &usec)) {
		s->has_cpu = true;
		s->cpu_nanos = usec * 1000;
		if (tool_stat_word(v2, "user_usec", &user) &&
		    tool_stat_word(v2, "system_usec", &sys)) {
			s->cpu_user_hz = user * hz / 1000000;
			s->cpu_sys_hz = sys * hz / 1000000;
		}
		return;
	}
	s->has_cpu = number(c, "cpuacct.usage", "", &s->cpu_nanos);
	number(c, "cpuacct.stat", "user", &s->cpu_user_hz);
	number(c, "cpuacct.stat", "system", &s->cpu_sys_hz);
}

/* io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..." for each device. */
static void io_stat(const char *text, struct tool_stats *s)
{
	static const char *const bytes[] = { " rbytes=", " wbytes=" }, *const ios[] = { " rios=",
											" wios=" };

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		for (const char *p = text; (p = strstr(p, bytes[i])); p++)
			s->blkio_bytes += strtoull(p + strlen(bytes[i]), NULL, 10);
		for (const char *p = text; (p = strstr(p, ios[i])); p++)
			s->blkio_iops += strtoull(p + strlen(ios[i]), NULL, 10);
	}
}

static void blkio(struct lxc_container *c, struct tool_stats *s)
{
	autofree char *v2 = item(c, "io.stat");

	if (v2) {
		s->has_blkio = true;
		io_stat(v2, s);
		return;
	}
	s->has_blkio = number(c, "blkio.throttle.io_service_bytes", "Total", &s->blkio_bytes);
	number(c, "blkio.throttle.io_serviced", "Total", &s->blkio_iops);
}

/* memory.stat of v2 has no one word for the kernel's memory before 5.18. */
static bool kernel_memory(struct lxc_container *c, uint64_t *out)
{
	static const char *const words[] = { "kernel_stack", "pagetables", "sock", "slab" };
	autofree char *text = item(c, "memory.stat");
	uint64_t part;

	if (!text || !tool_stat_word(text, words[0], out))
		return number(c, "memory.kmem.usage_in_bytes", "", out);
	for (size_t i = 1; i < ARRAY_SIZE(words); i++)
		if (tool_stat_word(text, words[i], &part))
			*out += part;
	return true;
}

static void memory(struct lxc_container *c, struct tool_stats *s)
{
	uint64_t both;

	s->has_kmem = kernel_memory(c, &s->kmem);
	if (number(c, "memory.current", "", &s->memory)) {
		s->has_memory = true;
		s->has_swap = number(c, "memory.swap.current", "", &s->swap);
		return;
	}
	s->has_memory = number(c, "memory.usage_in_bytes", "", &s->memory);
	s->has_swap = s->has_memory && number(c, "memory.memsw.usage_in_bytes", "", &both);
	if (s->has_swap && both > s->memory)
		s->swap = both - s->memory;
}

void tool_stats(struct lxc_container *c, struct tool_stats *out)
{
	*out = (struct tool_stats){ 0 };
	cpu(c, out);
	blkio(c, out);
	memory(c, out);
}

void tool_size(uint64_t bytes, struct str *out)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double size = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		str_addf(out, "%llu bytes", (unsigned long long)bytes);
		return;
	}
	for (; size >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		size /= 1024;
	str_addf(out, "%.2f %s", size, units[i]);
}
