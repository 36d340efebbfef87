/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup wall: its parsers, and what a limit is called in each layout. Needs no cgroup. */
#include "cgroup_box.h"

/* --- parsers -------------------------------------------------------------------------------- */

static const struct {
	const char *key, *value, *want; /* want NULL: refused */
} parse_rows[] = {
	{ "cpu.max", "1.5", "150000 100000" },
	{ "cpu.max", "2", "200000 100000" },
	{ "cpu.max", "0.5", "50000 100000" },
	{ "cpu.max", "0.01", "1000 100000" },
	{ "cpu.max", "0.001", "1000 1000000" },
	{ "cpu.max", "0.00999", "9990 1000000" },
	{ "cpu.max", "1.23456", "123456 100000" },
	{ "cpu.max", "8192", "819200000 100000" },
	{ "cpu.max", "50000 100000", "50000 100000" },
	{ "cpu.max", "max 50000", "max" },
	{ "cpu.max", "max", "max" },
	{ "cpu.max", "0", NULL },
	{ "cpu.max", "0.0009", NULL },
	{ "cpu.max", "0.00001", NULL },
	{ "cpu.max", "1.234567", NULL },
	{ "cpu.max", "8193", NULL },
	{ "cpu.max", "18446744073709552", NULL }, /* in microseconds just above 100 * 2^64 */
	{ "cpu.max", "50000", NULL },
	{ "cpu.max", "-1", NULL },
	{ "cpu.max", "1.", NULL },
	{ "cpu.max", ".5", NULL },
	{ "cpu.max", "1,5", NULL },
	{ "cpu.max", "1.5x", NULL },
	{ "cpu.max", "1e3", NULL },
	{ "cpu.max", "999 100000", NULL },
	{ "cpu.max", "1000 999", NULL },
	{ "cpu.max", "1000 1000001", NULL },
	{ "cpu.max", "50000 100000 1", NULL },
	{ "cpu.max", "50000  100000", NULL },
	{ "cpu.max", "18446744073709551616 100000", NULL },
	{ "pids.max", "1", "1" },
	{ "pids.max", "max", "max" },
	{ "pids.max", "0", NULL },
	{ "pids.max", "4194305", NULL },
	{ "memory.max", "512M", "536870912" },
	{ "memory.max", "lots", NULL },
	{ "cpu.weight", "10000", "10000" },
	{ "cpu.weight", "0", NULL },
	{ "cpu.weight", "10001", NULL },
	{ "cpuset.cpus", "0", "0" },
	{ "cpuset.cpus", "3,1,0-1,8-9", "0-1,3,8-9" },
	{ "cpuset.cpus", "1-0", NULL },
	{ "cpuset.cpus", "0-", NULL },
	{ "cpuset.cpus", "8192", NULL },
	{ "cpuset.cpus", "0,,1", NULL },
	{ "cpuset.cpus", "0,", NULL },
	{ "cpuset.cpus", "all", NULL },
	{ "cpuset.cpus", "0-10:2/5", NULL },
	{ "io.max", "8:0 rbps=1M wiops=100", "8:0 rbps=1M wiops=100" },
	{ "io.max", "8:0 rbps=max", "8:0 rbps=max" },
	{ "io.max", "8:0", NULL },
	{ "io.max", "8 rbps=1", NULL },
	{ "io.max", "8:0 rbps=0", NULL },
	{ "io.max", "8:0 rbps=1 rbps=2", NULL },
	{ "io.max", "8:0 speed=1", NULL },
	{ "io.max", "8:0 rbps", NULL },
	{ "io.max", "4096:0 rbps=1", NULL },
	{ "hugetlb.max", "2MB=64M", "2MB=64M" },
	{ "hugetlb.max", "1GB=max", "1GB=max" },
	{ "hugetlb.max", "2M=64M", NULL },
	{ "hugetlb.max", "MB=64M", NULL },
	{ "hugetlb.max", "../x=64M", NULL },
	{ "hugetlb.max", "2MB", NULL },
	{ "hugetlb.max", "2MB=", NULL },
	{ "cgroup.max_depth", "0", "0" },
	{ "cgroup.max_descendants", "-1", NULL },
};

static void test_parse(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(parse_rows); i++) {
		const char *want = parse_rows[i].want;
		autostr got = { 0 };
		struct box b;
		int ret;

		box_open(&b, "");
		ret = box_set(&b, parse_rows[i].key, parse_rows[i].value);
		if (ret == 0)
			key_get(&b.spec, key_find(parse_rows[i].key, NULL), &got);
		if (!ok(want ? ret == 0 && !strcmp(str_text(&got), want) : ret == -EINVAL,
			"%s = '%s' is %s", parse_rows[i].key, parse_rows[i].value,
			want ? want : "refused"))
			printf("#   %d '%s' %s\n", ret, str_text(&got), b.e.text);
		box_close(&b);
	}
}

/* What get() writes, set() takes, with the same meaning. */
static void test_round_trip(void)
{
	bool same = true;

	for (size_t i = 0; i < ARRAY_SIZE(parse_rows); i++) {
		autostr text = { 0 };
		struct box a, b;

		if (!parse_rows[i].want)
			continue;
		box_open(&a, "");
		box_open(&b, "");
		box_set(&a, parse_rows[i].key, parse_rows[i].value);
		key_get(&a.spec, key_find(parse_rows[i].key, NULL), &text);
		same &= box_set(&b, parse_rows[i].key, str_text(&text)) == 0;
		same &= key_equal(key_find(parse_rows[i].key, NULL), &a.spec, &b.spec);
		box_close(&a);
		box_close(&b);
	}
	ok(same, "what a key shows can be set again and is the same");
}

static void test_check(void)
{
	struct box b;
	static const char *const bad[] = { "..", "a/../b", "a/..", "./a" };

	box_open(&b, "");
	box_set(&b, "cgroup.parent", "/ward.slice//x/");
	box_set(&b, "memory.max", "10000001");
	box_set(&b, "memory.swap", "4097");
	is_int(box_check(&b), 0, "check accepts");
	is_str(b.spec.cgroup.parent, "ward.slice/x", "cgroup.parent is made plain");
	is_int((long long)b.spec.cgroup.memory, 10000001 / 4096 * 4096,
	       "memory.max is whole pages");
	is_int((long long)(b.spec.cgroup.swap % 4096), 0, "memory.swap is whole pages");
	ok(b.spec.cgroup.pids == LIMIT_MAX && b.spec.cgroup.cpu_weight == 100 &&
		   b.spec.cgroup.cpu_quota == LIMIT_MAX && b.spec.cgroup.memory_low == 0,
	   "what is not set is what the kernel's default is");
	box_set(&b, "cgroup.parent", "/");
	ok(box_check(&b) == 0 && !b.spec.cgroup.parent, "the parent / is the root");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		box_set(&b, "cgroup.parent", bad[i]);
		is_int(box_check(&b), -EINVAL, bad[i]);
	}
	box_close(&b);

	box_open(&b, "");
	box_set(&b, "memory.max", "4095");
	is_int(box_check(&b), -EINVAL, "less than a page of memory is refused");
	box_set(&b, "memory.max", "9223372036854775807");
	ok(box_check(&b) == 0 && b.spec.cgroup.memory == LIMIT_MAX,
	   "more memory than the kernel counts is no limit");
	box_set(&b, "cpu.weight", "max");
	is_int(box_check(&b), -EINVAL, "a weight of max is refused");
	box_close(&b);
}

static void test_text(void)
{
	static const char text[] = "9:name=systemd:/a\n3:cpu,cpuacct:/b/c\n4:memory:/../d\n0::/e\n";
	static const struct {
		enum cg_hierarchy h;
		const char *want;
	} rows[] = {
		{ CG_SYSTEMD, "/a" }, { CG_CPU, "/b/c" },   { CG_CPUACCT, "/b/c" },
		{ CG_MEMORY, NULL },  { CG_UNIFIED, "/e" }, { CG_PIDS, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autostr path = { 0 };
		int ret = cgroup_path(text, rows[i].h, &path);

		ok(rows[i].want ? ret == 0 && !strcmp(path.text, rows[i].want) : ret == -ENOENT,
		   "/proc/PID/cgroup: %s", cgroup_word(rows[i].h));
	}
}

/* --- translation: into files of a plain directory ----------------------------------------------- */

static const struct {
	enum cgroup_limit limit;
	bool v1;
	const char *key, *value;
	const char *file, *want;
} words[] = {
	{ LIMIT_PIDS, true, "pids.max", "9", "pids.max", "9" },
	{ LIMIT_PIDS, false, "pids.max", "9", "pids.max", "9" },
	{ LIMIT_MEMORY, true, "memory.max", "1M", "memory.limit_in_bytes", "1048576" },
	{ LIMIT_MEMORY, false, "memory.max", "1M", "memory.max", "1048576" },
	{ LIMIT_SWAP, true, "memory.swap", "1M", "memory.memsw.limit_in_bytes", "3145728" },
	{ LIMIT_SWAP, false, "memory.swap", "1M", "memory.swap.max", "1048576" },
	{ LIMIT_LOW, true, "memory.low", "1M", "memory.soft_limit_in_bytes", "1048576" },
	{ LIMIT_LOW, false, "memory.low", "max", "memory.low", "max" },
	{ LIMIT_HIGH, false, "memory.high", "1M", "memory.high", "1048576" },
	{ LIMIT_WEIGHT, true, "cpu.weight", "1", "cpu.shares", "10" },
	{ LIMIT_WEIGHT, true, "cpu.weight", "100", "cpu.shares", "1024" },
	{ LIMIT_WEIGHT, true, "cpu.weight", "333", "cpu.shares", "3410" },
	{ LIMIT_WEIGHT, true, "cpu.weight", "10000", "cpu.shares", "102400" },
	{ LIMIT_WEIGHT, false, "cpu.weight", "10000", "cpu.weight", "10000" },
	{ LIMIT_CPU, true, "cpu.max", "1.5", "cpu.cfs_quota_us", "150000" },
	{ LIMIT_CPU, true, "cpu.max", "1000 5000", "cpu.cfs_period_us", "5000" },
	{ LIMIT_CPU, false, "cpu.max", "1.5", "cpu.max", "150000 100000" },
	{ LIMIT_CPUSET, true, "cpuset.cpus", "1,0", "cpuset.cpus", "0-1" },
	{ LIMIT_CPUSET, false, "cpuset.mems", "0", "cpuset.mems", "0" },
	{ LIMIT_IO_WEIGHT, true, "io.weight", "10000", "blkio.bfq.weight", "1000" },
	{ LIMIT_IO_WEIGHT, false, "io.weight", "200", "io.weight", "default 200" },
	{ LIMIT_IO_WEIGHT, false, "io.weight", "200", "io.bfq.weight", "109" },
	{ LIMIT_IO, true, "io.max", "8:0 rbps=1M", "blkio.throttle.read_bps_device",
	  "8:0 1048576" },
	{ LIMIT_IO, true, "io.max", "8:16 wiops=7", "blkio.throttle.write_iops_device", "8:16 7" },
	{ LIMIT_IO, false, "io.max", "8:0 rbps=1M wiops=max", "io.max",
	  "8:0 rbps=1048576 wiops=max" },
	{ LIMIT_HUGETLB, true, "hugetlb.max", "2MB=4M", "hugetlb.2MB.limit_in_bytes", "4194304" },
	{ LIMIT_HUGETLB, false, "hugetlb.max", "2MB=4M", "hugetlb.2MB.max", "4194304" },
	{ LIMIT_TREE, false, "cgroup.max_descendants", "5", "cgroup.max.descendants", "5" },
};

static void test_words(void)
{
	char path[] = "/tmp/test-cgroup-XXXXXX";
	autoclose int dir = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *others[] = { "cpu.cfs_period_us", "cpu.cfs_quota_us",
					 "cgroup.max.depth", words[i].file };
		const struct cgroup_io *io = (words[i].v1 ? cgroup_v1 : cgroup_v2) + words[i].limit;
		autostr got = { 0 };
		struct box b;

		for (size_t j = 0; j < ARRAY_SIZE(others); j++)
			file_replace(dir, others[j], "", 0, 0600);
		box_open(&b, "");
		box_set(&b, words[i].key, words[i].value);
		if (words[i].limit == LIMIT_SWAP)
			box_set(&b, "memory.max", "2M");
		box_check(&b);
		if (words[i].limit == LIMIT_SWAP)
			b.spec.cgroup.swap = 1 << 20; /* whatever this host has */
		ok(cgroup_rows[words[i].limit].asked(&b.spec) || words[i].limit == LIMIT_TREE ||
			   b.spec.cgroup.cpu_weight == 100,
		   "%s = %s asks for a controller", words[i].key, words[i].value);
		io->write(dir, &b.spec, &b.e);
		file_read(dir, words[i].file, 256, &got);
		is_str(str_text(&got), words[i].want, words[i].file);
		for (size_t j = 0; j < ARRAY_SIZE(others); j++)
			unlinkat(dir, others[j], 0);
		box_close(&b);
	}
	rmdir(path);
}

/* Text of /proc/PID/cgroup against an open directory. */
static void test_holds(void)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{ "0::/box\n", true },
		{ "0::/box/payload\n", true },
		{ "0::/box/deep/box\n", true },
		{ "0::/boxes\n", false },
		{ "0::/a/box\n", false },
		{ "0::/\n", false },
		{ "0::/../box\n", false },
		{ "1:memory:/box\n", false },
		{ "", false },
	};
	char path[] = "/tmp/test-cgroup-XXXXXX";
	autoclose int top = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	autoclose int dir = -EBADF;

	mkdirat(top, "box", 0700);
	dir = openat(top, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ok(cgroup_holds(dir, CG_UNIFIED, rows[i].text) == rows[i].holds,
		   "a process at '%.*s' is %s", (int)strcspn(rows[i].text, "\n"), rows[i].text,
		   rows[i].holds ? "inside" : "elsewhere");
	unlinkat(top, "box", AT_REMOVEDIR);
	rmdir(path);
}

static void test_weights(void)
{
	char path[] = "/tmp/test-cgroup-XXXXXX";
	autoclose int dir = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int same = 0;
	struct box b, c;

	box_open(&b, "");
	box_open(&c, "");
	for (uint64_t w = 1; w <= 10000; w++) {
		file_replace(dir, "cpu.shares", "", 0, 0600);
		b.spec.cgroup.cpu_weight = w;
		cgroup_v1[LIMIT_WEIGHT].write(dir, &b.spec, &b.e);
		cgroup_v1[LIMIT_WEIGHT].read(dir, &c.spec);
		same += c.spec.cgroup.cpu_weight == w;
	}
	is_int(same, 10000, "every weight survives the way to cpu.shares and back");
	unlinkat(dir, "cpu.shares", 0);
	rmdir(path);
	box_close(&b);
	box_close(&c);
	ok(cgroup_bfq_weight(1) == 1 && cgroup_bfq_weight(100) == 100 &&
		   cgroup_bfq_weight(10000) == 1000,
	   "BFQ's scale keeps its ends and its middle");
}
int main(void)
{
	box_begin();
	test_parse();
	test_round_trip();
	test_check();
	test_text();
	test_words();
	test_holds();
	test_weights();
	return done();
}
