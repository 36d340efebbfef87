/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits in the words of cgroup v2: Documentation/admin-guide/cgroup-v2.rst. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "wall/cgroup_layout.h"

/* --- controllers ---------------------------------------------------------------------------- */

unsigned cgroup_v2_controllers(int dir, const char *file)
{
	autostr text = { 0 };
	unsigned mask = 0;
	char *word, *rest;

	if (file_read(dir, file, 4096, &text) < 0)
		return 0;
	rest = text.text;
	while (rest && (word = strsep(&rest, " \n")))
		for (int h = CG_MEMORY; h < CG_HIERARCHIES; h++)
			if (!strcmp(word, cgroup_word(h)))
				mask |= CGROUP_BIT(h);
	return mask;
}

/* Move ourselves from `dir` into a leaf of it. Only for a cgroup that was delegated to us: the
 * root of a hierarchy never needs it. */
static int step_aside(int dir)
{
	autoclose int leaf = -EBADF;

	if (mkdirat(dir, "ward.monitor", 0755) < 0 && errno != EEXIST)
		return -errno;
	leaf = openat(dir, "ward.monitor", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (leaf < 0)
		return -errno;
	return file_write(leaf, "cgroup.procs", "0");
}

/* True when our own cgroup is `dir` itself. */
static bool lives_in(int dir)
{
	autoclose int root = cgroup_mount_open(CG_UNIFIED), own = -EBADF;
	autostr text = { 0 };
	autostr path = { 0 };
	struct stat a, b;

	if (root < 0 || file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 16, &text) < 0 ||
	    cgroup_path(str_text(&text), CG_UNIFIED, &path) < 0)
		return false;
	own = path_open(root, path.text, O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	return own >= 0 && fstat(own, &a) == 0 && fstat(dir, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* A cgroup that holds processes cannot pass controllers on, but for the root of the hierarchy,
 * which is known by having no type. The kernel refuses it with EBUSY for some controllers only;
 * for cpu, cpuset and pids it makes the cgroup the root of a threaded subtree instead, whose
 * children nothing can be cloned into (cgroup-v2.rst, "Threads"). */
static bool holds_processes(int dir)
{
	autostr text = { 0 };
	struct stat st;

	if (fstatat(dir, "cgroup.type", &st, 0) < 0 && errno == ENOENT)
		return false;
	return file_read(dir, "cgroup.procs", 1 << 20, &text) < 0 || text.len;
}

int cgroup_v2_enable(int dir, unsigned mask, struct err *e)
{
	autostr words = { 0 };
	char where[512];
	int ret = 0;

	cgroup_words(mask & ~cgroup_v2_controllers(dir, "cgroup.subtree_control"), &words);
	if (words.failed)
		return err_mem(e);
	if (!words.len)
		return 0;
	if (holds_processes(dir) && (!lives_in(dir) || step_aside(dir) < 0 || holds_processes(dir)))
		ret = -EBUSY;
	if (ret == 0)
		ret = file_write(dir, "cgroup.subtree_control", words.text);
	if (ret == 0)
		return 0;
	errno = -ret;
	err_sys(e, "enable %s below %s", words.text, cgroup_where(dir, where, sizeof(where)));
	if (ret == -EBUSY)
		return err_hint(e,
				"processes live in it, and such a cgroup cannot pass controllers "
				"on; move them into one below it, or name another one with "
				"cgroup.parent");
	if (ret == -ENOENT)
		return err_hint(e, "the cgroup above does not pass it on");
	return ret;
}

int cgroup_v2_check_type(int dir, struct err *e)
{
	autostr text = { 0 };
	char where[512];

	if (file_read(dir, "cgroup.type", 64, &text) < 0 || !strcmp(str_text(&text), "domain\n"))
		return 0;
	err_msg(e, EOPNOTSUPP, "%s is '%.*s': nothing can run in it",
		cgroup_where(dir, where, sizeof(where)), (int)strcspn(str_text(&text), "\n"),
		str_text(&text));
	return err_hint(e,
			"a cgroup above it holds processes and passes controllers on; name another "
			"one with cgroup.parent");
}

/* --- pids, memory --------------------------------------------------------------------------- */

static int number_write(int dir, struct err *e, const char *file, uint64_t value)
{
	if (value == LIMIT_MAX)
		return cgroup_write(dir, e, file, "max");
	return cgroup_write(dir, e, file, "%" PRIu64, value);
}

static int pids_write(int dir, const struct spec *s, struct err *e)
{
	return number_write(dir, e, "pids.max", s->cgroup.pids);
}

static void pids_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "pids.max", &seen->cgroup.pids);
}

static int memory_write(int dir, const struct spec *s, struct err *e)
{
	return number_write(dir, e, "memory.max", s->cgroup.memory);
}

static void memory_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "memory.max", &seen->cgroup.memory);
}

static int swap_write(int dir, const struct spec *s, struct err *e)
{
	int ret = number_write(dir, e, "memory.swap.max", s->cgroup.swap);

	return ret == -ENOENT ? cgroup_no_swap_file("memory.swap.max", e) : ret;
}

static void swap_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "memory.swap.max", &seen->cgroup.swap);
}

static int low_write(int dir, const struct spec *s, struct err *e)
{
	return number_write(dir, e, "memory.low", s->cgroup.memory_low);
}

static void low_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "memory.low", &seen->cgroup.memory_low);
}

static int high_write(int dir, const struct spec *s, struct err *e)
{
	return number_write(dir, e, "memory.high", s->cgroup.memory_high);
}

static void high_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "memory.high", &seen->cgroup.memory_high);
}

/* --- cpu ------------------------------------------------------------------------------------ */

static int weight_write(int dir, const struct spec *s, struct err *e)
{
	return number_write(dir, e, "cpu.weight", s->cgroup.cpu_weight);
}

static void weight_read(int dir, struct spec *seen)
{
	cgroup_number_read(dir, "cpu.weight", &seen->cgroup.cpu_weight);
}

static int cpu_write(int dir, const struct spec *s, struct err *e)
{
	return cgroup_write(dir, e, "cpu.max", "%" PRIu64 " %" PRIu64, s->cgroup.cpu_quota,
			    s->cgroup.cpu_period);
}

static void cpu_read(int dir, struct spec *seen)
{
	autostr text = { 0 };
	struct err ignored = ERR_NONE;

	if (file_read(dir, "cpu.max", 256, &text) < 0 || !text.len)
		return;
	text.text[strcspn(text.text, "\n")] = '\0';
	/* "max PERIOD" says as much as "max". */
	if (!str_starts(text.text, "max"))
		key_cpu_max.set(NULL, &seen->cgroup.cpu_quota, text.text, &ignored);
}

/* --- io, hugetlb ---------------------------------------------------------------------------- */

/* The cost model knows the whole scale; BFQ's ends at 1000, see cgroup_v1.c. */
static int io_weight_write(int dir, const struct spec *s, struct err *e)
{
	int ret = cgroup_write(dir, e, "io.weight", "default %" PRIu64, s->cgroup.io_weight);

	if (ret == -ENOENT)
		ret = cgroup_write(dir, e, "io.bfq.weight", "%" PRIu64,
				   cgroup_bfq_weight(s->cgroup.io_weight));
	if (ret == -ENOENT)
		err_hint(e, "this kernel has neither the I/O cost model nor BFQ");
	return ret;
}

static int io_write(int dir, const struct spec *s, struct err *e)
{
	for (size_t i = 0; i < s->cgroup.io_max.n; i++) {
		autostr line = { 0 };
		struct io_max io;
		int ret;

		if (io_max_parse(s->cgroup.io_max.item[i], &io) < 0)
			return err_msg(e, EINVAL, "io.max: '%s'", s->cgroup.io_max.item[i]);
		str_addf(&line, "%u:%u", io.major, io.minor);
		for (int d = 0; d < IO_DIRECTIONS; d++)
			if (io.limit[d] == LIMIT_MAX)
				str_addf(&line, " %s=max", io_words[d]);
			else if (io.limit[d] != LIMIT_UNSET)
				str_addf(&line, " %s=%" PRIu64, io_words[d], io.limit[d]);
		if (line.failed)
			return err_mem(e);
		ret = cgroup_write(dir, e, "io.max", "%s", line.text);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int hugetlb_write(int dir, const struct spec *s, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < s->cgroup.hugetlb.n && ret == 0; i++) {
		struct hugetlb_max h;
		char file[64];

		if (hugetlb_parse(s->cgroup.hugetlb.item[i], &h) < 0)
			return err_msg(e, EINVAL, "hugetlb.max: '%s'", s->cgroup.hugetlb.item[i]);
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.max", h.size);
		ret = number_write(dir, e, file, h.limit);
		if (ret < 0 && ret != -ENOENT)
			return ret;
		snprintf(file, sizeof(file), "hugetlb.%s.max", h.size);
		ret = number_write(dir, e, file, h.limit);
	}
	return ret;
}

/* --- size of the tree ----------------------------------------------------------------------- */

/* Written to the directory that we keep, out of the container's reach; the delegated child is
 * one more descendant and one more level than the container sees. */
static uint64_t seen_from_outside(uint64_t value, bool delegate)
{
	return value < LIMIT_UNSET ? value + delegate : LIMIT_MAX;
}

static int tree_write(int dir, const struct spec *s, struct err *e)
{
	int ret = number_write(dir, e, "cgroup.max.descendants",
			       seen_from_outside(s->cgroup.max_descendants, s->cgroup.delegate));

	if (ret < 0)
		return ret;
	return number_write(dir, e, "cgroup.max.depth",
			    seen_from_outside(s->cgroup.max_depth, s->cgroup.delegate));
}

static void tree_read(int dir, struct spec *seen)
{
	struct stat st;
	bool delegate = fstatat(dir, CGROUP_PAYLOAD, &st, AT_SYMLINK_NOFOLLOW) == 0;

	cgroup_number_read(dir, "cgroup.max.descendants", &seen->cgroup.max_descendants);
	cgroup_number_read(dir, "cgroup.max.depth", &seen->cgroup.max_depth);
	if (seen->cgroup.max_descendants < LIMIT_UNSET)
		seen->cgroup.max_descendants -= delegate;
	if (seen->cgroup.max_depth < LIMIT_UNSET)
		seen->cgroup.max_depth -= delegate;
}

const struct cgroup_io cgroup_v2[LIMIT_KINDS] = {
	[LIMIT_PIDS] = { pids_write, pids_read },
	[LIMIT_MEMORY] = { memory_write, memory_read },
	[LIMIT_SWAP] = { swap_write, swap_read },
	[LIMIT_LOW] = { low_write, low_read },
	[LIMIT_HIGH] = { high_write, high_read },
	[LIMIT_WEIGHT] = { weight_write, weight_read },
	[LIMIT_CPU] = { cpu_write, cpu_read },
	[LIMIT_CPUSET] = { cgroup_cpuset_write, cgroup_cpuset_read },
	[LIMIT_IO_WEIGHT] = { io_weight_write, NULL },
	[LIMIT_IO] = { io_write, NULL },
	[LIMIT_HUGETLB] = { hugetlb_write, NULL },
	[LIMIT_TREE] = { tree_write, tree_read },
};
