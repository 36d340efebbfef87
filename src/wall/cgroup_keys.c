/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of the cgroup wall that need a grammar of their own. Parsing only: no side effects. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wall/cgroup_layout.h"

/* --- cpu.max -------------------------------------------------------------------------------- */

/* Bounds of kernel/sched/core.c: tg_set_cfs_bandwidth(). */
enum { CPU_QUOTA_MIN = 1000, CPU_PERIOD_MIN = 1000, CPU_PERIOD_MAX = 1000000 };
enum { CPUS_MAX = 8192 }; /* NR_CPUS is never larger */
#define CPU_QUOTA_MAX ((uint64_t)CPUS_MAX * CPU_PERIOD_MAX)

_Static_assert(offsetof(struct spec, cgroup.cpu_period) ==
		       offsetof(struct spec, cgroup.cpu_quota) + sizeof(uint64_t),
	       "cpu.max is one value of two numbers");

/* "1.5": that many CPUs, in microseconds of run time per period. Up to five decimals, because
 * the usual period has 100000 microseconds. */
static int cpus_parse(const char *text, uint64_t pair[2])
{
	size_t whole = strspn(text, "0123456789");
	size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	uint64_t quota;

	if (whole == 0 || whole > 4 || part > 5 || (text[whole] == '.' && part == 0) ||
	    text[whole + part + (part ? 1 : 0)])
		return -EINVAL;
	quota = strtoull(text, NULL, 10) * CPU_PERIOD;
	for (uint64_t i = 0, digit = CPU_PERIOD / 10; i < part; i++, digit /= 10)
		quota += digit * (uint64_t)(text[whole + 1 + i] - '0');
	pair[1] = CPU_PERIOD;
	/* Less than a millisecond per tenth of a second: ask for the same share per second. */
	if (quota < CPU_QUOTA_MIN) {
		quota *= CPU_PERIOD_MAX / CPU_PERIOD;
		pair[1] = CPU_PERIOD_MAX;
	}
	if (quota < CPU_QUOTA_MIN || quota > (uint64_t)CPUS_MAX * CPU_PERIOD)
		return -ERANGE;
	pair[0] = quota;
	return 0;
}

/* "QUOTA PERIOD", as the kernel's cpu.max. */
static int quota_parse(const char *text, uint64_t pair[2])
{
	const char *blank = strchr(text, ' ');
	char quota[24];

	if (!blank || (size_t)(blank - text) >= sizeof(quota))
		return -EINVAL;
	memcpy(quota, text, (size_t)(blank - text));
	quota[blank - text] = '\0';
	if (str_u64(blank + 1, 10, CPU_PERIOD_MIN, CPU_PERIOD_MAX, &pair[1]) < 0)
		return -EINVAL;
	if (!strcmp(quota, "max")) {
		pair[0] = LIMIT_MAX;
		return 0;
	}
	return str_u64(quota, 10, CPU_QUOTA_MIN, CPU_QUOTA_MAX, &pair[0]);
}

static int cpu_max_set(const struct key *k, void *field, const char *value, struct err *e)
{
	uint64_t pair[2] = { LIMIT_MAX, CPU_PERIOD };

	(void)k;
	if (strcmp(value, "max") && strcmp(value, "unlimited") && cpus_parse(value, pair) < 0 &&
	    quota_parse(value, pair) < 0)
		return err_msg(e, EINVAL,
			       "'%s' is neither a number of CPUs (1.5, at least 0.001), nor 'QUOTA "
			       "PERIOD' in microseconds (quota from 1000, period from 1000 to "
			       "1000000), nor max",
			       value);
	memcpy(field, pair, sizeof(pair));
	return 0;
}

static void cpu_max_get(const struct key *k, const void *field, struct str *out)
{
	const uint64_t *pair = field;

	(void)k;
	if (pair[0] == LIMIT_MAX)
		str_add(out, "max");
	else if (pair[0] != LIMIT_UNSET)
		str_addf(out, "%" PRIu64 " %" PRIu64, pair[0], pair[1]);
}

static void cpu_max_clear(const struct key *k, void *field)
{
	uint64_t *pair = field;

	(void)k;
	pair[0] = LIMIT_UNSET;
	pair[1] = CPU_PERIOD;
}

const struct key_type key_cpu_max = {
	.name = "CPU time", .set = cpu_max_set, .get = cpu_max_get, .clear = cpu_max_clear
};

/* --- lists of CPUs and memory nodes --------------------------------------------------------- */

/* "0-3,8" into a bit per number. */
static int cpu_list_parse(const char *text, bool set[CPUS_MAX])
{
	do {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		first = last = strtoul(text, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (first > last || last >= CPUS_MAX || (*end && *end != ','))
			return -EINVAL;
		memset(set + first, true, last - first + 1);
		text = end + 1;
		if (!*end)
			return 0;
	} while (true);
}

static void cpu_list_print(const bool set[CPUS_MAX], struct str *out)
{
	for (int first = 0, last; first < CPUS_MAX; first = last + 1) {
		last = first;
		if (!set[first])
			continue;
		while (last + 1 < CPUS_MAX && set[last + 1])
			last++;
		str_addf(out, "%s%d", out->len ? "," : "", first);
		if (last > first)
			str_addf(out, "-%d", last);
	}
}

static int cpu_list_set(const struct key *k, void *field, const char *value, struct err *e)
{
	autofree bool *set = calloc(CPUS_MAX, sizeof(*set));
	autostr text = { 0 };
	char **at = field;

	(void)k;
	if (!set)
		return err_mem(e);
	if (cpu_list_parse(value, set) < 0)
		return err_msg(e, EINVAL, "'%s' is not a list of numbers below %d like 0-3,8",
			       value, CPUS_MAX);
	cpu_list_print(set, &text);
	if (text.failed)
		return err_mem(e);
	free(*at);
	*at = take_ptr(text.text);
	return 0;
}

static void cpu_list_get(const struct key *k, const void *field, struct str *out)
{
	const char *text = *(char *const *)field;

	(void)k;
	str_add(out, text ? text : "");
}

static void cpu_list_clear(const struct key *k, void *field)
{
	(void)k;
	free(*(char **)field);
	*(char **)field = NULL;
}

const struct key_type key_cpu_list = {
	.name = "list of numbers", .set = cpu_list_set, .get = cpu_list_get, .clear = cpu_list_clear
};

/* --- io.max --------------------------------------------------------------------------------- */

const char *const io_words[IO_DIRECTIONS] = {
	[IO_RBPS] = "rbps",
	[IO_WBPS] = "wbps",
	[IO_RIOPS] = "riops",
	[IO_WIOPS] = "wiops",
};

static int io_word_parse(char *word, struct io_max *io)
{
	char *value = strchr(word, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	for (int i = 0; i < IO_DIRECTIONS; i++) {
		if (strcmp(word, io_words[i]))
			continue;
		if (io->limit[i] != LIMIT_UNSET || str_size(value, &io->limit[i]) < 0)
			return -EINVAL;
		return io->limit[i] == 0 ? -EINVAL : 0;
	}
	return -EINVAL;
}

int io_max_parse(const char *text, struct io_max *io)
{
	char copy[256], *rest = copy, *word, *colon;
	uint64_t major, minor;
	int n = 0;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	word = strsep(&rest, " ");
	colon = strchr(word, ':');
	if (!colon || !rest)
		return -EINVAL;
	*colon = '\0';
	if (str_u64(word, 10, 0, 4095, &major) < 0 ||
	    str_u64(colon + 1, 10, 0, (1 << 20) - 1, &minor) < 0)
		return -EINVAL;
	*io = (struct io_max){ .major = (uint32_t)major, .minor = (uint32_t)minor };
	for (int i = 0; i < IO_DIRECTIONS; i++)
		io->limit[i] = LIMIT_UNSET;
	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (io_word_parse(word, io) < 0)
			return -EINVAL;
		n++;
	}
	return n ? 0 : -EINVAL;
}

static int checked_list_add(void *field, const char *value, struct err *e)
{
	return list_add(field, value) < 0 ? err_mem(e) : 0;
}

static int io_max_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct io_max io;

	(void)k;
	if (io_max_parse(value, &io) < 0)
		return err_msg(e, EINVAL,
			       "'%s' is not 'MAJOR:MINOR' with rbps=, wbps=, riops= or wiops= and "
			       "a number above 0 or max",
			       value);
	return checked_list_add(field, value, e);
}

static void checked_list_get(const struct key *k, const void *field, struct str *out)
{
	const struct list *l = field;

	(void)k;
	for (size_t i = 0; i < l->n; i++)
		str_addf(out, "%s%s", i ? "\n" : "", l->item[i]);
}

static void checked_list_clear(const struct key *k, void *field)
{
	(void)k;
	list_clear(field);
}

const struct key_type key_io_max = {
	.name = "list of I/O limits",
	.many = true,
	.set = io_max_set,
	.get = checked_list_get,
	.clear = checked_list_clear,
};

/* --- hugetlb.max ---------------------------------------------------------------------------- */

int hugetlb_parse(const char *text, struct hugetlb_max *h)
{
	const char *equals = strchr(text, '=');
	size_t digits = strspn(text, "0123456789");
	size_t n = equals ? (size_t)(equals - text) : 0;

	/* The kernel's own names for the sizes: 64KB, 2MB, 1GB. It becomes part of a file name. */
	if (!equals || n >= sizeof(h->size) || digits == 0 || n != digits + 2 ||
	    !strchr("KMG", text[digits]) || text[digits + 1] != 'B')
		return -EINVAL;
	memcpy(h->size, text, n);
	h->size[n] = '\0';
	return str_size(equals + 1, &h->limit);
}

static int hugetlb_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct hugetlb_max h;

	(void)k;
	if (hugetlb_parse(value, &h) < 0)
		return err_msg(e, EINVAL, "'%s' is not a page size and a limit like 2MB=64M",
			       value);
	return checked_list_add(field, value, e);
}

const struct key_type key_hugetlb = {
	.name = "list of limits",
	.many = true,
	.set = hugetlb_set,
	.get = checked_list_get,
	.clear = checked_list_clear,
};
