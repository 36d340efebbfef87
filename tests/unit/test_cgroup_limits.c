/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup wall: limits hold, are read back, and are refused where they cannot be had. */
#include <inttypes.h>
#include <sys/mman.h>
#include <time.h>

#include "base/log.h"
#include "cgroup_box.h"

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

static void tests(void)
{
	test_seen();
	test_pids();
	test_memory();
	test_stats();
	test_missing();
	test_unusable();
	test_late();
	test_busy_parent();
}

int main(void)
{
	return each_layout(tests);
}
