/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-top: what running containers use, again and again. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "lxc/tool.h"
#include "lxc/tool_stats.h"

struct top_args {
	struct tool_args common;
	int delay;
	bool batch, reverse;
	const char *sort;
};

#define AT(member) offsetof(struct top_args, member)

static const struct opt opts[] = {
	{ .name = "delay",
	  .letter = 'd',
	  .arg = OPT_VALUE,
	  .metavar = "SECONDS",
	  .take = tool_take_int,
	  .at = AT(delay),
	  .doc = "between two looks (3)" },
	{ .name = "batch",
	  .letter = 'b',
	  .take = opt_true,
	  .at = AT(batch),
	  .doc = "print lines of numbers for other programs" },
	{ .name = "sort",
	  .letter = 's',
	  .arg = OPT_VALUE,
	  .metavar = "KEY",
	  .take = opt_text,
	  .at = AT(sort),
	  .doc = "order: n name, c cpu, b disk, m memory, s swap too, k kernel memory" },
	{ .name = "reverse",
	  .letter = 'r',
	  .take = opt_true,
	  .at = AT(reverse),
	  .doc = "the other way round" },
	{ 0 }
};

static const struct top_args defaults = { .delay = 3, .sort = "n" };

struct entry {
	char *name;
	struct tool_stats stats;
	uint64_t cpu_before; /* nanoseconds */
};

struct entries {
	struct entry *item;
	size_t n;
};

static void entries_free(struct entries *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->item[i].name);
	free(all->item);
	*all = (struct entries){ 0 };
}

/* --- looking ------------------------------------------------------------------------------------ */

static uint64_t cpu_of(const struct entries *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->item[i].name, name))
			return all->item[i].stats.cpu_nanos;
	return UINT64_MAX;
}

static void look(const struct top_args *a, const struct entries *before, struct entries *out)
{
	struct lxc_container **found = NULL;
	int n = list_active_containers(a->common.paths.item[0], NULL, &found);

	*out = (struct entries){ .item = n > 0 ? calloc((size_t)n, sizeof(*out->item)) : NULL };
	for (int i = 0; i < n; i++) {
		struct entry *e = out->item ? &out->item[out->n] : NULL;

		if (e && (e->name = strdup(found[i]->name))) {
			tool_stats(found[i], &e->stats);
			e->cpu_before = cpu_of(before, e->name);
			if (e->cpu_before >
			    e->stats.cpu_nanos) /* it is new, or was started again */
				e->cpu_before = e->stats.cpu_nanos;
			out->n++;
		}
		lxc_container_put(found[i]);
	}
	free(found);
}

/* --- order ------------------------------------------------------------------------------------------ */

static uint64_t sort_value(const struct entry *e, char key)
{
	switch (key) {
	case 'c':
		return e->stats.cpu_nanos - e->cpu_before;
	case 'b':
		return e->stats.blkio_bytes;
	case 'm':
		return e->stats.memory;
	case 's':
		return e->stats.memory + e->stats.swap;
	case 'k':
		return e->stats.kmem;
	default:
		return 0;
	}
}

/* Names upwards, what is used downwards. */
static int compare(const void *x, const void *y, void *of)
{
	const struct top_args *a = of;
	const struct entry *l = x, *r = y;
	uint64_t lv = sort_value(l, a->sort[0]), rv = sort_value(r, a->sort[0]);
	int order = lv == rv ? strcmp(l->name, r->name) : lv > rv ? -1 : 1;

	return a->reverse ? -order : order;
}

/* --- printing ------------------------------------------------------------------------------------- */

static void put_size(bool known, uint64_t bytes, struct str *out)
{
	autostr size = { 0 };

	if (known)
		tool_size(bytes, &size);
	str_addf(out, " %12s", known ? str_text(&size) : "-");
}

static void print_screen(const struct top_args *a, const struct entries *all, struct str *out)
{
	str_addf(out, "\033[H\033[2J%-20s %8s %12s %12s %12s %12s\r\n", "Container", "CPU %",
		 "Disk", "Memory", "Swap", "Kernel");
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->item[i];

		str_addf(out, "%-20.20s %8.1f", e->name,
			 (double)(e->stats.cpu_nanos - e->cpu_before) / a->delay / 1e7);
		put_size(e->stats.has_blkio, e->stats.blkio_bytes, out);
		put_size(e->stats.has_memory, e->stats.memory, out);
		put_size(e->stats.has_swap, e->stats.swap, out);
		put_size(e->stats.has_kmem, e->stats.kmem, out);
		str_add(out, "\r\n");
	}
	str_addf(out, "%zu containers; q quit, r reverse, sort by n c b m s k\r\n", all->n);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void print_batch(const struct entries *all, struct str *out)
{
	uint64_t now = now_ms();

	for (size_t i = 0; i < all->n; i++) {
		const struct tool_stats *s = &all->item[i].stats;

		str_addf(out, "%llu,%s,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu\n",
			 (unsigned long long)now, all->item[i].name,
			 (unsigned long long)s->cpu_nanos, (unsigned long long)s->cpu_sys_hz,
			 (unsigned long long)s->cpu_user_hz, (unsigned long long)s->blkio_bytes,
			 (unsigned long long)s->blkio_iops, (unsigned long long)s->memory,
			 (unsigned long long)(s->memory + s->swap), (unsigned long long)s->kmem);
	}
}

static int print_json(const struct top_args *a, const struct entries *all)
{
	autostr text = { 0 };
	struct json_out j;

	json_start(&j, &text, JSON_INDENT);
	json_open_array(&j, NULL);
	for (size_t i = 0; i < all->n; i++) {
		const struct tool_stats *s = &all->item[i].stats;

		json_open_object(&j, NULL);
		json_put_string(&j, "name", all->item[i].name);
		json_put_u64(&j, "cpu_nanoseconds", s->cpu_nanos);
		json_put_u64(&j, "blkio_bytes", s->blkio_bytes);
		json_put_u64(&j, "memory_bytes", s->memory);
		json_put_u64(&j, "swap_bytes", s->swap);
		json_put_u64(&j, "kernel_memory_bytes", s->kmem);
		json_close(&j);
	}
	json_close(&j);
	return tool_print_json(&a->common, &j, &text);
}

/* --- again and again --------------------------------------------------------------------------------- */

/* A key, or time is over: false when it is enough. */
static bool wait_key(struct top_args *a)
{
	static const char *const keys[] = { "n", "c", "b", "m", "s", "k" };
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	if (poll(&in, 1, a->delay * 1000) <= 0)
		return true;
	if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
		return false;
	if (key == 'r')
		a->reverse = !a->reverse;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (key == keys[i][0])
			a->sort = keys[i];
	return true;
}

static bool pause_batch(struct top_args *a)
{
	struct timespec t = { .tv_sec = a->delay };

	nanosleep(&t, NULL);
	return true;
}

static int loop(struct top_args *a)
{
	struct entries before = { 0 }, all;
	bool more;

	do {
		autostr text = { 0 };

		look(a, &before, &all);
		entries_free(&before);
		if (all.n)
			qsort_r(all.item, all.n, sizeof(*all.item), compare, a);
		if (a->batch)
			print_batch(&all, &text);
		else
			print_screen(a, &all, &text);
		before = all;
		if (tool_print(&a->common, &text) || fflush(stdout) == EOF)
			break;
		more = a->batch ? pause_batch(a) : wait_key(a);
	} while (more);
	entries_free(&before);
	return ferror(stdout) ? 1 : 0;
}

static int top_screen(struct top_args *a)
{
	struct termios was, raw;
	int status;

	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return tool_error(&a->common, "standard input is no terminal; --batch needs none");
	raw = was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	status = loop(a);
	tcsetattr(STDIN_FILENO, TCSANOW, &was);
	return status;
}

static int top_run(void *args, int argc, char **argv)
{
	struct top_args *a = args;
	struct entries all, none = { 0 };
	int status;

	(void)argc;
	(void)argv;
	if (a->delay < 1 || !a->sort[0] || a->sort[1] || !strchr("ncbmsk", a->sort[0]))
		return tool_error(&a->common, "--delay is at least 1, --sort one of n c b m s k");
	if (a->common.json) {
		look(a, &none, &all);
		status = print_json(a, &all);
		entries_free(&all);
		return status;
	}
	if (!a->batch)
		return top_screen(a);
	puts("time_ms,container,cpu_nanos,cpu_sys_userhz,cpu_user_userhz,blkio_bytes,blkio_iops,"
	     "mem_used_bytes,memsw_used_bytes,kernel_mem_used_bytes");
	return loop(a);
}

const struct tool tool_top = {
	.name = "lxc-top",
	.doc = "Show what running containers use.",
	.opts = opts,
	.size = sizeof(struct top_args),
	.defaults = &defaults,
	.lists = true,
	.run = top_run,
};
