/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup wall. The parsers and the translation of limits are tested anywhere; the rest needs
 * root and works with the real cgroup file systems, in scratch cgroups named after our pid. On a
 * hybrid host it is repeated with cgroup v2 alone and v1 alone, made by mounts of our own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "tap.h"
#include "wall/cgroup.h"
#include "wall/cgroup_layout.h"
#include "wall/device.h"

static struct key_table tables[2];
static struct host host;
static const char *layout = "";

/* --- helpers ------------------------------------------------------------------------------- */

/* A container about to be started, as the front doors and launch make it. */
struct box {
	struct spec spec;
	struct run run;
	struct err e;
};

static void box_open(struct box *b, const char *suffix)
{
	char name[64];

	memset(b, 0, sizeof(*b));
	spec_init(&b->spec);
	snprintf(name, sizeof(name), "test-%d%s", (int)getpid(), suffix);
	b->spec.name = strdup(name);
	run_init(&b->run, &b->spec, &host);
}

static void box_close(struct box *b)
{
	cgroup_remove(&b->run);
	spec_free(&b->spec);
	free(b->run.uid_map.range);
	free(b->run.gid_map.range);
}

static int box_set(struct box *b, const char *key, const char *value)
{
	return key_set(&b->spec, key, value, "test", &b->e);
}

static int box_check(struct box *b)
{
	int ret = wall_cgroup.check(&b->spec, &host, &b->e);

	return ret < 0 ? ret : wall_device.check(&b->spec, &host, &b->e);
}

static int box_create(struct box *b)
{
	int ret = box_check(b);

	if (ret == 0)
		ret = cgroup_create(&b->run, &b->e);
	if (ret == 0)
		ret = cgroup_limit(&b->run, &b->e);
	if (ret == 0 && b->run.host->cgroup_usable)
		ret = device_load(&b->run, &b->e);
	if (ret < 0)
		printf("# %s\n", b->e.text);
	return ret;
}

/* Start fn in the container's cgroup, by the same two ways as launch: v2 by clone3, v1 by "0".
 * Returns when it is inside. */
static pid_t box_spawn(struct box *b, int (*fn)(void *), void *arg)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int ready[2];
	char byte;
	pid_t pid;

	if (b->run.cg.inner >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)b->run.cg.inner;
	}
	fflush(stdout);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = sys_clone3(&args);
	if (pid == 0) {
		int ret = cgroup_join(&b->run, &b->e);

		close(ready[0]);
		(void)!write(ready[1], "", 1);
		close(ready[1]);
		_exit(ret < 0 ? 255 : fn(arg));
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	return pid;
}

/* Exit code, or 1000 + signal. */
static int reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int box_run(struct box *b, int (*fn)(void *), void *arg)
{
	return reap(box_spawn(b, fn, arg));
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static int sleeper(void *arg)
{
	(void)arg;
	pause_ms(20000);
	return 0;
}

/* Where a hierarchy shows a process, or "". */
static void process_cgroup(pid_t pid, enum cg_hierarchy h, struct str *path)
{
	autostr text = { 0 };
	char file[40];

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	if (file_read(AT_FDCWD, file, 1 << 16, &text) < 0 ||
	    cgroup_path(str_text(&text), h, path) < 0)
		str_add(path, "");
}

/* How many cgroups of this test exist, over all hierarchies. */
static int leftovers(void)
{
	char pattern[128];
	FILE *list;
	int n = 0;

	fflush(stdout);
	snprintf(pattern, sizeof(pattern), "find /sys/fs/cgroup -type d -name '*test-%d*' 2>&-",
		 (int)getpid());
	list = popen(pattern, "r");
	for (char line[512]; list && fgets(line, sizeof(line), list); n++)
		printf("# left: %s", line);
	if (list)
		pclose(list);
	return n;
}

static bool has_v1(enum cg_hierarchy h)
{
	autoclose int fd = cgroup_mount_open(h);

	return fd >= 0;
}

static bool has(enum cg_hierarchy h)
{
	autoclose int v2 = cgroup_mount_open(CG_UNIFIED);

	return has_v1(h) ||
	       (v2 >= 0 && cgroup_v2_controllers(v2, "cgroup.controllers") & CGROUP_BIT(h));
}

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

/* --- life ------------------------------------------------------------------------------------ */

static const char *t(const char *what)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s: %s", layout, what);
	return text;
}

/* Everything that can be read back is what was asked. */
static void test_seen(void)
{
	static const char *const asked[][2] = {
		{ "pids.max", "77" },	 { "memory.max", "70000000" }, { "memory.swap", "8M" },
		{ "cpu.weight", "333" }, { "cpu.max", "1.25" },	       { "memory.high", "60M" },
		{ "memory.low", "1M" },
	};
	static const enum cg_hierarchy needs[] = { CG_PIDS, CG_MEMORY, CG_MEMORY, CG_CPU,
						   CG_CPU,  CG_MEMORY, CG_MEMORY };
	struct box b;
	struct spec seen;
	struct look look = { .host = &host };
	char path[32];
	pid_t pid;
	int n = 0;

	box_open(&b, "-seen");
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		if (has(needs[i]) && !(has_v1(CG_MEMORY) && !strcmp(asked[i][0], "memory.high")))
			n += box_set(&b, asked[i][0], asked[i][1]) == 0;
	is_int(box_create(&b), 0, t("a cgroup is made"));
	pid = box_spawn(&b, sleeper, NULL);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	look.pid = pid;
	look.proc = open(path, O_PATH | O_CLOEXEC);
	look.self = open("/proc/self", O_PATH | O_CLOEXEC);
	look.cg = &b.run.cg;
	spec_init(&seen);
	is_int(wall_cgroup.observe(&look, &seen, &b.e), 0, t("it is observed"));
	for (size_t i = 0; i < wall_cgroup.n_keys; i++) {
		const struct key *k = &wall_cgroup.keys[i];
		autostr x = { 0 };
		autostr y = { 0 };

		if (!(k->flags & KEY_SEEN))
			continue;
		key_get(&b.spec, k, &x);
		key_get(&seen, k, &y);
		is_str(str_text(&y), str_text(&x), t(k->name));
	}
	ok(n == 0 || seen.cgroup.pids == 77 || !has(CG_PIDS), "%s: and it is not just the default",
	   layout);
	is_int(wall_cgroup.verify(&b.run, &look, &seen, &b.e), 0, t("the process is inside"));
	is_int(wall_device.verify(&b.run, &look, &seen, &b.e), 0, t("its devices are filtered"));

	/* A process that is somewhere else is not limited by this cgroup. */
	spec_free(&seen);
	spec_init(&seen);
	fd_close(&look.proc);
	look.proc = open("/proc/self", O_PATH | O_CLOEXEC);
	wall_cgroup.observe(&look, &seen, &b.e);
	ok(seen.cgroup.pids == LIMIT_MAX && seen.cgroup.memory == LIMIT_MAX,
	   "%s: limits do not count for a process outside", layout);
	is_int(wall_cgroup.verify(&b.run, &look, &seen, &b.e), -EPROTO, t("and verify finds it"));
	spec_free(&seen);
	fd_close(&look.proc);
	fd_close(&look.self);
	kill(pid, SIGKILL);
	reap(pid);
	box_close(&b);
	is_int(leftovers(), 0, t("nothing is left"));
}

/* Forks until it cannot, at most 100 times; all of them stay. 200: another error than EAGAIN. */
static int bomb(void *arg)
{
	int n;

	(void)arg;
	for (n = 0; n < 100; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			pause_ms(20000);
			_exit(0);
		}
		if (pid < 0)
			return errno == EAGAIN ? n : 200;
	}
	return n;
}

static void test_pids(void)
{
	struct box b;

	if (!has(CG_PIDS))
		return skip(t("fork bomb"), "no pids controller");
	box_open(&b, "-pids");
	box_set(&b, "pids.max", "10");
	box_create(&b);
	is_int(box_run(&b, bomb, NULL), 9, t("a fork bomb gets EAGAIN at pids.max"));
	box_close(&b);
	is_int(leftovers(), 0, t("its processes are killed and its cgroup is gone"));
	box_open(&b, "-pids");
	box_set(&b, "pids.max", "500");
	box_create(&b);
	is_int(box_run(&b, bomb, NULL), 100, t("control: with room it forks on"));
	box_close(&b);
	is_int(leftovers(), 0, t("and is gone, too"));
}

static int eat(void *arg)
{
	size_t size = *(size_t *)arg;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, size);
	return 0;
}

static void test_memory(void)
{
	size_t size = 48 << 20;
	struct cgroup_stats stats = { 0 };
	struct box b;

	if (!has(CG_MEMORY))
		return skip(t("memory limit"), "no memory controller");
	box_open(&b, "-memory");
	box_set(&b, "memory.max", "16M");
	box_set(&b, "memory.swap", "0");
	box_create(&b);
	is_int(box_run(&b, eat, &size), 1000 + SIGKILL,
	       t("too much memory is death for the child"));
	cgroup_stats(&b.run.cg, &stats);
	ok(stats.oom_kills == 1, "%s: which is counted (%" PRIu64 ")", layout, stats.oom_kills);
	box_close(&b);
	box_open(&b, "-memory");
	box_set(&b, "memory.max", "128M");
	box_set(&b, "memory.swap", "0");
	box_create(&b);
	is_int(box_run(&b, eat, &size), 0, t("control: with enough it lives"));
	box_close(&b);
}

/* A process that takes part in nothing: own session, signals ignored, children likewise. (Should
 * the test fail, it ends by itself.) */
static int stubborn(void *arg)
{
	volatile int *counter = arg;

	setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			setsid();
	alarm(20);
	for (;;)
		__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
	return 0;
}

/* Within 100 ms; on a busy machine it may take longer, up to `patience` times that. */
static bool moves(volatile int *counter, int patience)
{
	int before = *counter;

	do
		pause_ms(100);
	while (*counter == before && --patience > 0);
	return *counter != before;
}

static void test_freeze_and_kill(void)
{
	int *counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct box b;
	pid_t pid;

	box_open(&b, "-freeze");
	box_create(&b);
	ok(cgroup_is_empty(&b.run.cg), "%s: a new cgroup is empty", layout);
	pid = box_spawn(&b, stubborn, counter);
	pause_ms(100);
	ok(!cgroup_is_empty(&b.run.cg), "%s: with a process it is not", layout);
	ok(moves(counter, 50), "%s: control: the processes run", layout);
	is_int(cgroup_freeze(&b.run.cg, true, &b.e), 0, t("freeze"));
	ok(!moves(counter, 1), "%s: frozen, they do not", layout);
	is_int(cgroup_freeze(&b.run.cg, true, &b.e), 0, t("freezing twice is fine"));
	is_int(cgroup_freeze(&b.run.cg, false, &b.e), 0, t("thaw"));
	ok(moves(counter, 50), "%s: thawed, they run", layout);
	cgroup_freeze(&b.run.cg, true, &b.e);
	is_int(cgroup_kill(&b.run.cg), 0, t("kill, while frozen"));
	is_int(reap(pid), 1000 + SIGKILL, t("init is dead"));
	is_int(cgroup_wait_empty(&b.run.cg, 5000), 0, t("and so are all"));
	ok(cgroup_is_empty(&b.run.cg), "%s: the cgroup is empty", layout);
	box_close(&b);

	/* Removal of a cgroup full of running, frozen processes. */
	box_open(&b, "-freeze");
	box_create(&b);
	pid = box_spawn(&b, stubborn, counter);
	cgroup_freeze(&b.run.cg, true, &b.e);
	box_close(&b);
	is_int(reap(pid), 1000 + SIGKILL, t("removing a frozen cgroup kills what is inside"));
	is_int(leftovers(), 0, t("nothing is left"));
	munmap(counter, 4096);
}

/* Burns 200 ms of CPU time with 8 MiB of memory, then waits. */
static int worker(void *arg)
{
	size_t size = 8 << 20;
	struct timespec now = { 0 };

	(void)arg;
	eat(&size);
	while (now.tv_sec == 0 && now.tv_nsec < 200000000)
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	pause_ms(20000);
	return 0;
}

static void test_stats(void)
{
	struct cgroup_stats stats;
	struct box b;
	pid_t pid;

	box_open(&b, "-stats");
	ok(cgroup_stats(&b.run.cg, &stats) == -ENOENT && stats.pids == LIMIT_UNSET,
	   "%s: without a cgroup nothing is known", layout);
	if (has(CG_PIDS))
		box_set(&b, "pids.max", "20");
	if (has(CG_MEMORY))
		box_set(&b, "memory.max", "64M");
	if (has(CG_CPU))
		box_set(&b, "cpu.max", "0.2");
	box_create(&b);
	pid = box_spawn(&b, worker, NULL);
	for (int i = 0; i < 100 && (i == 0 || stats.cpu_usec < 150000); i++) {
		pause_ms(100);
		cgroup_stats(&b.run.cg, &stats);
	}
	is_int(cgroup_stats(&b.run.cg, &stats), 0, t("stats"));
	ok(stats.cpu_usec >= 150000 && stats.cpu_usec < 900000, "%s: CPU time %" PRIu64 " us",
	   layout, stats.cpu_usec);
	ok(stats.cpu_user_usec < LIMIT_UNSET && stats.cpu_system_usec < LIMIT_UNSET,
	   "%s: of it user %" PRIu64 ", system %" PRIu64, layout, stats.cpu_user_usec,
	   stats.cpu_system_usec);
	if (has(CG_PIDS))
		ok(stats.pids == 1 && stats.pids_max == 20, "%s: one process of 20", layout);
	else
		is_int((long long)stats.pids, (long long)LIMIT_UNSET,
		       t("no controller, no number"));
	if (has(CG_MEMORY))
		ok(stats.memory < 64 << 20 && stats.memory_peak >= 8 << 20 &&
			   stats.memory_max == 64 << 20,
		   "%s: memory %" PRIu64 ", peak %" PRIu64, layout, stats.memory,
		   stats.memory_peak);
	if (has(CG_CPU))
		ok(stats.throttled > 0 && stats.throttled < LIMIT_UNSET && stats.throttled_usec > 0,
		   "%s: held back %" PRIu64 " times", layout, stats.throttled);
	kill(pid, SIGKILL);
	reap(pid);
	box_close(&b);
}

/* --- parents, names, leftovers ---------------------------------------------------------------- */

/* Make or remove a directory at the root of every hierarchy. */
static void everywhere(const char *name, bool make)
{
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		autoclose int root = cgroup_mount_open(h);

		if (root >= 0 && make)
			mkdirat(root, name, 0755);
		else if (root >= 0)
			unlinkat(root, name, AT_REMOVEDIR);
	}
}

static void test_parent(void)
{
	struct box b, c;
	char parent[64];
	autostr path = { 0 };
	pid_t pid;

	box_open(&b, "-one");
	box_open(&c, "-two");
	snprintf(parent, sizeof(parent), "/ward-test-%d.slice/a", (int)getpid());
	box_set(&b, "cgroup.parent", parent);
	box_set(&c, "cgroup.parent", parent);
	is_int(box_create(&b), 0, t("made below a parent that is made, too"));
	is_int(box_create(&c), 0, t("a second one beside it"));
	pid = box_spawn(&b, sleeper, NULL);
	process_cgroup(pid, has_v1(CG_DEVICES) ? CG_DEVICES : CG_UNIFIED, &path);
	ok(str_starts(str_text(&path), parent), "%s: the process is below it (%s)", layout,
	   str_text(&path));
	kill(pid, SIGKILL);
	reap(pid);
	cgroup_remove(&b.run);
	ok(leftovers() > 0, "%s: a parent that is used stays", layout);
	box_close(&c);
	is_int(leftovers(), 0, t("who is last takes the parents away, whoever made them"));
	box_close(&b);
	snprintf(parent, sizeof(parent), "ward-test-%d.slice", (int)getpid());
	everywhere(parent, true);
	box_open(&b, "-one");
	box_set(&b, "cgroup.parent", parent);
	box_create(&b);
	box_close(&b);
	ok(leftovers() > 0, "%s: a parent that somebody else made stays", layout);
	everywhere(parent, false);
	is_int(leftovers(), 0, t("cleaned"));
}

static void test_names(void)
{
	struct box b, c;
	pid_t pid;

	box_open(&b, "-name");
	box_open(&c, "-name");
	box_create(&b);
	pid = box_spawn(&b, sleeper, NULL);
	mkdirat(b.run.cg.dir[CG_UNIFIED], "own", 0755);
	is_int(box_create(&c), -EEXIST, t("a name that is in use is refused"));
	ok(c.run.cg.dir[CG_UNIFIED] < 0 && c.run.cg.dir[CG_DEVICES] < 0, "%s: and nothing is held",
	   layout);
	ok(kill(pid, 0) == 0 && !cgroup_is_empty(&b.run.cg), "%s: its owner is not disturbed",
	   layout);
	kill(pid, SIGKILL);
	reap(pid);
	if (b.run.cg.dir[CG_UNIFIED] >= 0)
		is_int(faccessat(b.run.cg.dir[CG_UNIFIED], "own", F_OK, 0), 0,
		       t("nor its own cgroups"));
	/* The monitor dies without a word: what it left is empty and is taken over. */
	cgroup_close(&b.run.cg);
	ok(leftovers() > 0, "%s: control: something was left", layout);
	is_int(box_create(&c), 0, t("an empty one that was left is taken over"));
	box_close(&c);
	box_close(&b);

	box_open(&b, "-bad");
	free(b.spec.name);
	b.spec.name = strdup("../x");
	is_int(box_create(&b), -EINVAL, t("a name with a slash is refused"));
	box_close(&b);
	is_int(cgroup_remove_named(NULL, "..", &b.e), -EINVAL, t("also for removal"));
	is_int(leftovers(), 0, t("nothing is left"));
}

/* After kill -9 of the monitor: processes and cgroups stay, somebody else clears up. */
static void test_remove_named(void)
{
	int *counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct box b;
	char name[64];
	pid_t pid;
	int64_t start;

	box_open(&b, "-gone");
	box_set(&b, "cgroup.delegate", "true");
	box_create(&b);
	snprintf(name, sizeof(name), "%s", b.spec.name);
	pid = box_spawn(&b, stubborn, counter);
	if (b.run.cg.inner >= 0) {
		mkdirat(b.run.cg.inner, "deep", 0755);
		mkdirat(b.run.cg.inner, "deep/er", 0755);
		mkdirat(b.run.cg.inner, "deep/still", 0755);
	}
	cgroup_close(&b.run.cg);
	start = cgroup_clock();
	is_int(cgroup_remove_named(NULL, name, &b.e), 0,
	       t("what a killed monitor left is removed"));
	printf("# took %d ms\n", (int)(cgroup_clock() - start));
	is_int(reap(pid), 1000 + SIGKILL, t("its processes are killed"));
	is_int(leftovers(), 0, t("its cgroups are gone, delegated children too"));
	is_int(cgroup_remove_named(NULL, name, &b.e), 0, t("nothing to remove is no error"));
	box_close(&b);
	munmap(counter, 4096);
}

static void test_reopen(void)
{
	struct box b, c;
	autostr first = { 0 };
	autostr second = { 0 };
	pid_t pid, other;

	box_open(&b, "-reopen");
	box_open(&c, "-reopen");
	if (has(CG_PIDS))
		box_set(&b, "pids.max", "50");
	box_set(&b, "cgroup.delegate", "true");
	box_create(&b);
	pid = box_spawn(&b, sleeper, NULL);
	c.run.pid = pid;
	is_int(cgroup_reopen(&c.run, b.spec.name, &c.e), 0, t("reopened by the pid"));
	other = box_spawn(&c, sleeper, NULL);
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		if (b.run.cg.dir[h] < 0)
			continue;
		process_cgroup(pid, h, &first);
		process_cgroup(other, h, &second);
	}
	ok(first.len > 10 && !strcmp(str_text(&first), str_text(&second)),
	   "%s: a second process gets where the first is (%s)", layout, str_text(&second));
	cgroup_close(&c.run.cg);
	c.run.pid = 0;
	is_int(cgroup_reopen(&c.run, b.spec.name, &c.e), 0, t("reopened by the name"));
	ok((c.run.cg.dir[CG_UNIFIED] >= 0) == (b.run.cg.dir[CG_UNIFIED] >= 0) &&
		   (c.run.cg.dir[CG_PIDS] >= 0) == (b.run.cg.dir[CG_PIDS] >= 0),
	   "%s: in the same hierarchies", layout);
	is_int(cgroup_kill(&c.run.cg), 0, t("killed from there"));
	reap(pid);
	reap(other);
	cgroup_close(&c.run.cg);
	box_close(&b);
	is_int(cgroup_reopen(&c.run, c.spec.name, &c.e), -ESRCH, t("gone, it cannot be reopened"));
	box_close(&c);
}

/* --- delegation ------------------------------------------------------------------------------- */

struct tenant {
	int payload, parent; /* descriptors */
	int made;
};

/* As the container's root: what can it do? Bits of what it could do although it must not. */
static int tenant(void *arg)
{
	struct tenant *x = arg;
	char name[16];
	int bad = 0, n;

	if (setresgid(100000, 100000, 100000) < 0 || setresuid(100000, 100000, 100000) < 0)
		return 64;
	if (mkdirat(x->parent, "mine", 0755) == 0)
		bad |= 1;
	if (file_write(x->parent, "cgroup.procs", "0") == 0 ||
	    file_write(x->parent, "tasks", "0") == 0)
		bad |= 2;
	if (file_write(x->parent, "cgroup.max.descendants", "max") == 0 ||
	    file_write(x->payload, "cgroup.max.descendants", "max") == 0)
		bad |= 4;
	for (n = 0; n < 10; n++) {
		snprintf(name, sizeof(name), "c%d", n);
		if (mkdirat(x->payload, name, 0755) < 0)
			break;
	}
	return n == x->made ? bad : bad | 32;
}

static void test_delegate(void)
{
	struct tenant x = { .payload = -1, .parent = -1, .made = 10 };
	bool v2 = has_v1(CG_UNIFIED);
	struct stat st = { 0 };
	struct box b;
	autostr path = { 0 };
	pid_t pid;

	if (!v2 && !has_v1(CG_SYSTEMD))
		return skip(t("delegation"), "neither v2 nor name=systemd");
	box_open(&b, "-delegate");
	b.run.uid_map.range = calloc(1, sizeof(struct id_range));
	b.run.gid_map.range = calloc(1, sizeof(struct id_range));
	b.run.uid_map.range[0] = b.run.gid_map.range[0] = (struct id_range){ 0, 100000, 65536 };
	b.run.uid_map.n = b.run.gid_map.n = 1;
	box_set(&b, "cgroup.delegate", "true");
	if (v2)
		box_set(&b, "cgroup.max_descendants", "3");
	if (has(CG_PIDS))
		box_set(&b, "pids.max", "50");
	is_int(box_create(&b), 0, t("delegated"));
	x.parent = b.run.cg.dir[v2 ? CG_UNIFIED : CG_SYSTEMD];
	x.payload = openat(x.parent, "payload", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fstat(x.payload, &st);
	is_int(st.st_uid, 100000, t("the child belongs to the container's root"));
	fstatat(x.payload, "cgroup.procs", &st, 0);
	is_int(st.st_uid, 100000, t("its cgroup.procs, too"));
	fstatat(x.parent, "cgroup.procs", &st, 0);
	is_int(st.st_uid, 0, t("the directory with the limits does not"));
	pid = box_spawn(&b, sleeper, NULL);
	process_cgroup(pid, v2 ? CG_UNIFIED : CG_SYSTEMD, &path);
	ok(str_ends(str_text(&path), "-delegate/payload"), "%s: the payload lives in the child",
	   layout);
	kill(pid, SIGKILL);
	reap(pid);
	if (v2)
		x.made = 3;
	is_int(box_run(&b, tenant, &x), 0,
	       t("its root makes cgroups up to the limit, and cannot leave nor change limits"));
	close(x.payload);
	box_close(&b);
	is_int(leftovers(), 0, t("all of it is gone"));
}

/* --- refusals ----------------------------------------------------------------------------------- */

static void test_missing(void)
{
	struct box b;

	/* One limit that this layout cannot have. */
	const char *key = !has(CG_HUGETLB) ? "hugetlb.max" : !has(CG_PIDS) ? "pids.max" : NULL;
	const char *value = !has(CG_HUGETLB) ? "2MB=2M" : "10";

	if (!key && has_v1(CG_MEMORY)) {
		key = "memory.high";
		value = "10M";
	}
	if (!key)
		return skip(t("missing controller"), "this layout has them all");
	box_open(&b, "-missing");
	box_set(&b, key, value);
	is_int(box_create(&b), -EOPNOTSUPP, t("a limit without its controller is an error"));
	ok(strstr(b.e.text, "cgroup") && strstr(b.e.text, key) &&
		   strstr(b.e.text, "optional=cgroup"),
	   "%s: that names wall, key and remedy", layout);
	is_int(leftovers(), 0, t("nothing was made"));
	list_add(&b.spec.optional, "cgroup");
	log_level = LOG_ERROR;
	is_int(box_create(&b), 0, t("with optional=cgroup it starts"));
	log_level = LOG_WARN;
	list_clear(&b.spec.optional);
	box_close(&b);

	box_open(&b, "-late");
	box_set(&b, "io.max", "4000:4000 rbps=1000");
	if (has(CG_BLKIO)) {
		ok(box_create(&b) < 0, "%s: a limit that the kernel refuses is an error", layout);
		ok(strstr(b.e.text, "io.max"), "%s: that names the key", layout);
		is_int(leftovers(), 0, t("what was made before is gone"));
	}
	box_close(&b);
}

static void test_unusable(void)
{
	struct host saved = host;
	struct box b;

	host.cgroup_usable = false;
	host.privileged = false;
	box_open(&b, "-unusable");
	key_set(&b.spec, "pids.max", "5", "profile app", &b.e);
	is_int(box_create(&b), 0, "a user without a cgroup gets none, and no error");
	ok(b.spec.cgroup.pids == LIMIT_MAX, "the profile's limit is taken back");
	ok(cgroup_missing(&host) && strlen(cgroup_missing(&host)) > 20, "with a sentence to say");
	is_int(leftovers(), 0, "and nothing is made");
	box_set(&b, "pids.max", "5");
	is_int(box_create(&b), -EOPNOTSUPP, "a limit that was asked for is refused");
	ok(strstr(b.e.text, "pids.max"), "by its name");
	box_close(&b);
	box_open(&b, "-unusable");
	host.privileged = true;
	is_int(box_create(&b), -EOPNOTSUPP, "for root it is an error");
	list_add(&b.spec.optional, "cgroup");
	is_int(box_create(&b), -EOPNOTSUPP, "also because devices would not be filtered");
	list_add(&b.spec.optional, "device");
	is_int(box_create(&b), 0, "unless both walls are optional");
	list_clear(&b.spec.optional);
	host = saved;
	ok(!cgroup_missing(&host), "where cgroups work nothing is missing");
	box_close(&b);
}

/* The order of launch: init is there before the limits are. */
static void test_late(void)
{
	struct cgroup_stats stats;
	struct box b;
	pid_t pid;

	if (host.cgroup_v2_only && !has(CG_PIDS))
		return skip(t("limits after the clone"), "no pids controller");
	if (!host.cgroup_v2_only)
		return skip(t("limits after the clone"), "v1 is entered later");
	box_open(&b, "-late");
	box_set(&b, "pids.max", "7");
	box_check(&b);
	is_int(cgroup_create(&b.run, &b.e), 0, t("the directory first"));
	pid = box_spawn(&b, sleeper, NULL);
	is_int(cgroup_limit(&b.run, &b.e), 0, t("the limits when init lives in it"));
	cgroup_stats(&b.run.cg, &stats);
	ok(stats.pids_max == 7 && stats.pids == 1, "%s: hold for it", layout);
	box_close(&b);
	is_int(reap(pid), 1000 + SIGKILL, t("which goes with its cgroup"));

	box_open(&b, "-late");
	box_set(&b, "io.max", "4000:4000 rbps=1000");
	box_check(&b);
	cgroup_create(&b.run, &b.e);
	pid = box_spawn(&b, sleeper, NULL);
	ok(cgroup_limit(&b.run, &b.e) < 0, "%s: a limit that fails then", layout);
	is_int(reap(pid), 1000 + SIGKILL, t("ends init"));
	is_int(leftovers(), 0, t("and leaves nothing"));
	box_close(&b);
}

/* A parent with processes of its own, on v2. */
static void test_busy_parent(void)
{
	autoclose int root = cgroup_mount_open(CG_UNIFIED);
	struct box parent, b;
	char path[96];
	pid_t pid;

	if (root < 0 || has_v1(CG_PIDS) || !has(CG_PIDS))
		return skip(t("parent with processes"), "needs pids on v2");
	box_open(&parent, "-busy");
	box_create(&parent);
	pid = box_spawn(&parent, sleeper, NULL);
	box_open(&b, "-child");
	snprintf(path, sizeof(path), "ward-%s", parent.spec.name);
	box_set(&b, "cgroup.parent", path);
	box_set(&b, "pids.max", "7");
	is_int(box_create(&b), -EBUSY,
	       t("a parent that holds processes cannot pass controllers on"));
	ok(strstr(b.e.text, "cgroup.parent") && !cgroup_is_empty(&parent.run.cg),
	   "%s: which is said, and they are left alone", layout);
	/* Somebody did it all the same: the child is then of no use. */
	file_write(root, "cgroup.subtree_control", "+pids");
	file_write(parent.run.cg.dir[CG_UNIFIED], "cgroup.subtree_control", "+pids");
	is_int(box_create(&b), -EOPNOTSUPP, t("a cgroup in which nothing can run is noticed"));
	kill(pid, SIGKILL);
	reap(pid);
	box_close(&b);
	box_close(&parent);
	is_int(leftovers(), 0, t("nothing is left"));
}

/* --- an ordinary user ---------------------------------------------------------------------------- */

/* Runs as uid 1000 in a cgroup that was given to it: can it make one, and use it? */
static int user_session(void *arg)
{
	struct box b;
	autostr path = { 0 };
	const char *want = arg;
	pid_t pid;
	int bad = 0;

	if (setresgid(1000, 1000, 1000) < 0 || setresuid(1000, 1000, 1000) < 0)
		return 100;
	host.privileged = false;
	cgroup_look(&host);
	if (!want)
		return host.cgroup_usable ? 1 : 0;
	if (!host.cgroup_usable)
		return 101;
	box_open(&b, "-user");
	if (has(CG_PIDS) && !has_v1(CG_PIDS))
		box_set(&b, "pids.max", "20");
	if (box_create(&b) < 0)
		return 102;
	pid = box_spawn(&b, sleeper, NULL);
	if (pid < 0)
		printf("# clone3 into the cgroup: %s\n", strerror(errno));
	process_cgroup(pid, CG_UNIFIED, &path);
	printf("# %s\n", str_text(&path));
	bad |= !str_starts(str_text(&path), want);
	bad |= (cgroup_freeze(&b.run.cg, true, &b.e) < 0) << 1;
	bad |= (cgroup_kill(&b.run.cg) < 0) << 2;
	bad |= (reap(pid) != 1000 + SIGKILL) << 3;
	box_close(&b);
	return bad;
}

/* A child in `dir` runs user_session(). */
static int as_user(int dir, const char *want)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP,
				   .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)dir };
	pid_t pid;

	fflush(stdout);
	pid = sys_clone3(&args);
	if (pid == 0)
		_exit(user_session((void *)(uintptr_t)want));
	return reap(pid);
}

static void give(int dir)
{
	static const char *const files[] = { ".", "cgroup.procs", "cgroup.subtree_control",
					     "cgroup.threads" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)!fchownat(dir, files[i], 1000, 1000, 0);
}

static void test_user(void)
{
	autoclose int root = cgroup_mount_open(CG_UNIFIED);
	autoclose int slice = -EBADF, scope = -EBADF;
	char name[64], path[96], deep[96];
	struct err e = ERR_NONE;

	if (root < 0)
		return skip(t("an ordinary user"), "cgroup v1 is not delegated");
	snprintf(name, sizeof(name), "test-%d.slice", (int)getpid());
	snprintf(path, sizeof(path), "/%s/", name);
	snprintf(deep, sizeof(deep), "/%s/scope/", name);
	mkdirat(root, name, 0755);
	slice = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(slice, "scope", 0755);
	scope = openat(slice, "scope", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (has(CG_PIDS) && !has_v1(CG_PIDS)) {
		cgroup_v2_enable(root, CGROUP_BIT(CG_PIDS), &e);
		cgroup_v2_enable(slice, CGROUP_BIT(CG_PIDS), &e);
	}
	is_int(as_user(scope, NULL), 0, t("a user without a cgroup of its own cannot use any"));
	give(scope);
	is_int(as_user(scope, deep), 0, t("its own cgroup is used when it has one"));
	give(slice);
	is_int(as_user(scope, path), 0, t("the one above it is preferred when it has that, too"));
	cgroup_tree_remove(slice);
	unlinkat(root, name, AT_REMOVEDIR);
	is_int(leftovers(), 0, t("nothing is left"));
}

/* --- main ---------------------------------------------------------------------------------------- */

static void test_layout(const char *name)
{
	layout = name;
	host = (struct host){ .privileged = true };
	cgroup_look(&host);
	printf("# layout %s: v2 only %d\n", name, host.cgroup_v2_only);
	ok(host.cgroup_usable, "%s: usable", name);
	test_seen();
	test_pids();
	test_memory();
	test_freeze_and_kill();
	test_stats();
	test_parent();
	test_names();
	test_remove_named();
	test_reopen();
	test_delegate();
	test_missing();
	test_late();
	test_busy_parent();
	test_user();
}

/* The other layouts, by mounts that only we see. */
static void test_other_layouts(void)
{
	if (!has_v1(CG_UNIFIED) || !has_v1(CG_DEVICES))
		return skip("other layouts", "this is not a hybrid host");
	if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return skip("other layouts", "no mount namespace");
	if (sys_mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND, NULL) == 0) {
		test_layout("v2 only");
		ok(host.cgroup_v2_only, "it is seen as v2 only");
		sys_umount2("/sys/fs/cgroup", MNT_DETACH);
	}
	if (sys_umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0) {
		test_layout("v1 only");
		ok(!host.cgroup_v2_only && !has_v1(CG_UNIFIED), "it is seen as v1 only");
	}
}

int main(void)
{
	tables[0] = (struct key_table){ wall_cgroup.keys, wall_cgroup.n_keys };
	tables[1] = (struct key_table){ wall_device.keys, wall_device.n_keys };
	key_register(tables, ARRAY_SIZE(tables));
	host = (struct host){ .privileged = true, .cgroup_usable = true };
	test_parse();
	test_round_trip();
	test_check();
	test_text();
	test_words();
	test_holds();
	test_weights();
	if (geteuid() != 0) {
		skip("cgroups", "not root");
		return done();
	}
	test_layout(has_v1(CG_UNIFIED) ? has_v1(CG_DEVICES) ? "hybrid" : "v2" : "v1");
	test_unusable();
	test_other_layouts();
	return done();
}
