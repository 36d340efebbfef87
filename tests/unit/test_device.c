/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device wall. Parsers and normal form anywhere; as root each back end alone and both
 * together, on scratch cgroups, with real devices. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "tap.h"
#include "wall/cgroup.h"
#include "wall/cgroup_layout.h"
#include "wall/device.h"

static struct key_table tables[2];
static char scratch[] = "/tmp/test-device-XXXXXX";

/* --- text ------------------------------------------------------------------------------------ */

static const struct {
	const char *text, *want; /* want NULL: refused */
} parse_rows[] = {
	{ "c 1:3 rwm", "c 1:3 rwm" },
	{ "c 1:3 mwr", "c 1:3 rwm" },
	{ "b *:* m", "b *:* m" },
	{ "a *:* rwm", "a *:* rwm" },
	{ "c 136:* rw", "c 136:* rw" },
	{ "c *:5 r", "c *:5 r" },
	{ "  c\t1:3   r ", "c 1:3 r" },
	{ "c 4095:1048575 r", "c 4095:1048575 r" },
	{ "", NULL },
	{ "a", NULL },
	{ "c 1:3", NULL },
	{ "c 1:3 rwm x", NULL },
	{ "c 1:3 x", NULL },
	{ "c 1:3 rr", NULL },
	{ "u 1:3 r", NULL },
	{ "cc 1:3 r", NULL },
	{ "c 1 r", NULL },
	{ "c 1: r", NULL },
	{ "c :3 r", NULL },
	{ "c -1:3 r", NULL },
	{ "c 1:-1 r", NULL },
	{ "c 4096:0 r", NULL },
	{ "c 0:1048576 r", NULL },
	{ "c 0x1:3 r", NULL },
	{ "c 1:3:4 r", NULL },
	{ "c 1:** r", NULL },
	{ "c 1 :3 r", NULL },
	{ "c 18446744073709551617:3 r", NULL },
	{ "c 1:3 rwmccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", NULL },
};

static void test_parse(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(parse_rows); i++) {
		const char *want = parse_rows[i].want;
		struct device_rule rule;
		autostr text = { 0 };
		int ret = device_rule_parse(parse_rows[i].text, &rule);

		if (ret == 0)
			device_rule_print(&rule, &text);
		ok(want ? ret == 0 && !strcmp(str_text(&text), want) : ret == -EINVAL, "'%s' is %s",
		   parse_rows[i].text, want ? want : "refused");
	}
}

/* Rules separated by commas. */
static void rules_from(const char *text, struct device_rules *rules)
{
	autofree char *copy = strdup(text);
	char *word, *rest = copy;

	while ((word = strsep(&rest, ","))) {
		struct device_rule rule;

		if (*word && device_rule_parse(word, &rule) == 0)
			device_rules_add(rules, &rule);
	}
}

static void rules_text(const struct device_rules *rules, struct str *out)
{
	for (size_t i = 0; i < rules->n; i++) {
		str_add(out, i ? "," : "");
		device_rule_print(&rules->item[i], out);
	}
}

static void test_normalise(void)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "c 1:5 r,c 1:5 w", "c 1:5 rw" },
		{ "c 1:5 r,b 1:5 w", "b 1:5 w,c 1:5 r" },
		{ "c 5:0 rw,c 1:3 rw", "c 1:3 rw,c 5:0 rw" },
		{ "a 1:5 r", "b 1:5 r,c 1:5 r" },
		{ "a *:* m", "b *:* m,c *:* m" },
		{ "c 1:3 r,a *:* rwm,b 7:0 rw", "a *:* rwm" },
		{ "c *:* m,c 1:3 m", "c *:* m" },
		{ "c *:* m,c 1:3 rm", "c *:* m,c 1:3 rm" },
		{ "c 1:* rw,c *:3 rw,c 1:3 r", "c *:3 rw,c 1:* rw" },
		{ "c 1:3 rwm,c 1:3 rwm", "c 1:3 rwm" },
		{ "c *:* rwm,b *:* rwm", "b *:* rwm,c *:* rwm" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct device_rules rules = { 0 };
		autostr once = { 0 };
		autostr twice = { 0 };

		rules_from(rows[i][0], &rules);
		device_rules_normalise(&rules);
		rules_text(&rules, &once);
		device_rules_normalise(&rules);
		rules_text(&rules, &twice);
		is_str(str_text(&once), rows[i][1], rows[i][0]);
		ok(!strcmp(str_text(&once), str_text(&twice)), "and stays so");
		device_rules_clear(&rules);
	}
}

static void test_key(void)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec s;
	int ret = 0;

	spec_init(&s);
	is_int(key_set(&s, "device.rule", "c 1:3 rwm", "test", &e), 0, "a rule is added");
	is_int(key_set(&s, "device.rule", "b 7:0 r", "test", &e), 0, "another");
	is_int(key_set(&s, "device.rule", "c 1 r", "test", &e), -EINVAL, "a bad one is refused");
	ok(strstr(e.text, "c 1 r"), "and named");
	key_get(&s, key_find("device.rule", NULL), &text);
	is_str(str_text(&text), "c 1:3 rwm\nb 7:0 r", "they are shown as lines");
	key_set(&s, "device.rule", "", "test", &e);
	is_int((long long)s.dev.rules.n, 0, "an empty value clears");
	for (int i = 0; i < 600 && ret == 0; i++)
		ret = key_set(&s, "device.rule", "c 1:3 r", "test", &e);
	is_int(ret, -E2BIG, "there is a bound on their number");
}

static void test_rules(void)
{
	static const struct {
		const char *rules;
		bool listed, disk, memory;
	} rows[] = {
		{ "", true, true, true },
		{ "c 1:3 rwm,c 136:* rw,c *:* m,b *:* m", true, true, true },
		{ "a *:* rwm", false, false, false },
		{ "b 8:0 r", true, false, true },
		{ "c 1:* r", false, true, false },
		{ "c 1:1 r", true, true, false },
		{ "c *:4 w", false, true, false },
		{ "c 10:* rw", false, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rule *r = wall_device.rules;
		autospec s;

		spec_init(&s);
		rules_from(rows[i].rules, &s.dev.rules);
		ok(r[0].holds(&s) == rows[i].listed && r[1].holds(&s) == rows[i].disk &&
			   r[2].holds(&s) == rows[i].memory,
		   "audit of '%s'", rows[i].rules);
	}
}

/* --- enforcement --------------------------------------------------------------------------------- */

enum back_end { V1, V2 };
static const char *const names[] = { "v1", "v2" };

/* A scratch directory in the devices hierarchy or in v2. */
static int scratch_cgroup(enum back_end end)
{
	autoclose int root = cgroup_mount_open(end == V1 ? CG_DEVICES : CG_UNIFIED);
	char name[64];

	if (root < 0)
		return -1;
	snprintf(name, sizeof(name), "ward-test-%d-device", (int)getpid());
	mkdirat(root, name, 0755);
	return openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void scratch_remove(enum back_end end)
{
	autoclose int root = cgroup_mount_open(end == V1 ? CG_DEVICES : CG_UNIFIED);
	char name[64];

	snprintf(name, sizeof(name), "ward-test-%d-device", (int)getpid());
	/* A child that has just been reaped may still be counted for a moment. */
	for (int i = 0; i < 100 && root >= 0; i++) {
		if (unlinkat(root, name, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		usleep(1000);
	}
}

static int load(enum back_end end, int dir, const char *text)
{
	struct device_rules rules = { 0 };
	struct err e = ERR_NONE;
	int ret;

	rules_from(text, &rules);
	device_rules_normalise(&rules);
	ret = end == V1 ? device_v1_load(dir, &rules, &e) : device_v2_load(dir, &rules, &e);
	if (ret < 0)
		printf("# %s\n", e.text);
	device_rules_clear(&rules);
	return ret;
}

struct attempt {
	mode_t type;
	unsigned major, minor;
	char access; /* r, w, b (both) or m */
};

/* One attempt: 0 or an errno. */
static int attempt(const struct attempt *a)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%c%u-%u", scratch, a->type == S_IFCHR ? 'c' : 'b',
		 a->major, a->minor);
	if (a->access == 'm') {
		char made[80];

		snprintf(made, sizeof(made), "%s-made", path);
		fd = mknod(made, a->type | 0600, makedev(a->major, a->minor));
		if (fd < 0)
			return errno;
		unlink(made);
		return 0;
	}
	fd = open(path, (a->access == 'r' ? O_RDONLY :
			 a->access == 'w' ? O_WRONLY :
					    O_RDWR) |
				O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* The attempt made by a child inside the cgroup; dir < 0: outside of any. */
static int attempt_in(enum back_end end, int dir, const struct attempt *a)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int status;
	pid_t pid;

	if (dir >= 0 && end == V2) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)dir;
	}
	fflush(stdout);
	pid = sys_clone3(&args);
	if (pid == 0) {
		if (dir >= 0 && end == V1 && file_write(dir, "tasks", "0") < 0)
			_exit(255);
		_exit(attempt(a));
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
		       WEXITSTATUS(status) :
		       -1;
}

static void test_simple(enum back_end end)
{
	static const struct attempt zero = { S_IFCHR, 1, 5, 'r' }, both = { S_IFCHR, 1, 5, 'b' };
	int dir = scratch_cgroup(end);

	is_int(attempt_in(end, dir, &zero), 0, "control: before, /dev/zero can be opened");
	is_int(load(end, dir, "c 1:5 rw"), 0, "loaded");
	is_int(attempt_in(end, dir, &zero), 0, "allowed, it can be opened");
	is_int(attempt_in(end, dir, &both), 0, "also for reading and writing");
	is_int(attempt_in(end, dir, &(struct attempt){ S_IFCHR, 1, 3, 'r' }), EPERM,
	       "/dev/null, which is not on the list, cannot");
	is_int(attempt_in(end, -1, &(struct attempt){ S_IFCHR, 1, 3, 'r' }), 0,
	       "control: outside it can");
	close(dir);
	scratch_remove(end);
	dir = scratch_cgroup(end);
	load(end, dir, "");
	is_int(attempt_in(end, dir, &zero), EPERM, "an empty list allows nothing");
	close(dir);
	scratch_remove(end);
	dir = scratch_cgroup(end);
	load(end, dir, "c 1:* r,c 1:5 w");
	is_int(attempt_in(end, dir, &both), EPERM,
	       "one rule must allow all of an access, in both back ends alike");
	close(dir);
	scratch_remove(end);
}

/* The four ways to give the numbers of a device. */
static void rule_text(char *out, size_t size, char type, int how, const struct attempt *a,
		      char access)
{
	char major[16] = "*", minor[16] = "*";

	if (how & 1)
		snprintf(major, sizeof(major), "%u", a->major);
	if (how & 2)
		snprintf(minor, sizeof(minor), "%u", a->minor);
	snprintf(out, size, "%c %s:%s %c", type, major, minor, access);
}

/* One rule, three attempts. Number of wrong answers. */
static int try_rule(enum back_end end, const char *rule, struct attempt a, char kind)
{
	int dir = scratch_cgroup(end), wrong = 0;

	load(end, dir, rule);
	for (const char *access = "rwm"; *access; access++) {
		bool want = (rule[0] == 'a' || rule[0] == kind) &&
			    *access == rule[strlen(rule) - 1];
		int got;

		a.access = *access;
		got = attempt_in(end, dir, &a);
		if (got == (want ? 0 : EPERM))
			continue;
		wrong++;
		printf("# %s: rule '%s', %c on %c: %d\n", names[end], rule, *access, kind, got);
	}
	close(dir);
	scratch_remove(end);
	return wrong;
}

/* Type of rule, access it allows, access attempted: 27 combinations, with each way to give the
 * numbers, on a character and on a block device. */
static void test_table(enum back_end end)
{
	static const struct attempt devices[] = { { S_IFCHR, 1, 5, 'r' }, { S_IFBLK, 7, 0, 'r' } };
	char rule[64];

	for (size_t d = 0; d < ARRAY_SIZE(devices); d++) {
		bool block = devices[d].type == S_IFBLK;
		int wrong = 0;

		if (attempt(&devices[d]) != 0) {
			skip(names[end], "this device cannot be opened here at all");
			continue;
		}
		for (int how = 0; how < 4; how++) {
			for (int i = 0; i < 9; i++) {
				rule_text(rule, sizeof(rule), "cba"[i % 3], how, &devices[d],
					  "rwm"[i / 3]);
				wrong += try_rule(end, rule, devices[d], block ? 'b' : 'c');
			}
		}
		ok(wrong == 0, "%s: 27 combinations, 4 ways to write each, on a %s device",
		   names[end], block ? "block" : "character");
	}
}

/* Wrong numbers do not fit. */
static void test_other_numbers(enum back_end end)
{
	static const char *const rows[] = { "c 2:5 rwm", "c 1:6 rwm", "c *:6 rwm", "c 2:* rwm",
					    "b 1:5 rwm" };
	static const struct attempt zero = { S_IFCHR, 1, 5, 'r' };
	bool all = true;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int dir = scratch_cgroup(end);

		load(end, dir, rows[i]);
		all &= attempt_in(end, dir, &zero) == EPERM;
		close(dir);
		scratch_remove(end);
	}
	ok(all, "%s: rules for other numbers do not help", names[end]);
}

static void test_read_back(enum back_end end)
{
	static const char *const rows[] = {
		"",
		"c 1:3 rwm",
		"a *:* rwm",
		"b *:* m,c *:* m,c 1:3 rw,c 1:5 rw,c 5:0 rw,c 136:* rw,c 4095:1048575 r",
		"b *:* rwm,c *:* rwm",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct device_rules got = { 0 }, want = { 0 };
		autostr a = { 0 };
		autostr b = { 0 };
		int dir = scratch_cgroup(end), ret;

		rules_from(rows[i], &want);
		device_rules_normalise(&want);
		load(end, dir, rows[i]);
		ret = end == V1 ? device_v1_read(dir, &got) : device_v2_read(dir, &got);
		device_rules_normalise(&got);
		rules_text(&want, &a);
		rules_text(&got, &b);
		ok(ret == 0 && !strcmp(str_text(&a), str_text(&b)),
		   "%s: the kernel shows '%s' (%d)", names[end], str_text(&b), ret);
		if (end == V2) {
			struct device_rule more = { DEVICE_CHAR, 99, 99, true, false, false };

			ok(device_v2_holds(dir, &want), "and its digest is right");
			/* Nothing can be added to everything. */
			device_rules_add(&want, &more);
			device_rules_normalise(&want);
			ok(device_v2_holds(dir, &want) == (i == 2 || i == 4),
			   "and not that of other rules");
		}
		device_rules_clear(&got);
		device_rules_clear(&want);
		close(dir);
		scratch_remove(end);
	}
}

static void test_v2_none(void)
{
	struct device_rules got = { 0 };
	int dir = scratch_cgroup(V2);

	is_int(device_v2_read(dir, &got), -ENOENT,
	       "v2: a cgroup without a program is seen as such");
	ok(!device_v2_holds(dir, &got), "v2: and holds nothing");
	close(dir);
	scratch_remove(V2);
}

static void test_change(enum back_end end)
{
	struct run_cgroup cg = { .inner = -1 };
	struct device_rule more, wide, one;
	struct err e = ERR_NONE;
	static const struct attempt null = { S_IFCHR, 1, 3, 'r' }, zero = { S_IFCHR, 1, 5, 'r' },
				    full = { S_IFCHR, 1, 7, 'r' };
	struct device_rules got = { 0 };
	autostr text = { 0 };

	for (int h = 0; h < CG_HIERARCHIES; h++)
		cg.dir[h] = cg.tasks[h] = -1;
	device_rule_parse("c 1:3 rw", &more);
	is_int(device_change(&cg, &more, true, &e), -ESRCH,
	       "without a cgroup there is nothing to change");
	cg.dir[end == V1 ? CG_DEVICES : CG_UNIFIED] = scratch_cgroup(end);
	int dir = cg.dir[end == V1 ? CG_DEVICES : CG_UNIFIED];

	load(end, dir, "c 1:5 rw");
	is_int(attempt_in(end, dir, &null), EPERM, "before the change: refused");
	is_int(device_change(&cg, &more, true, &e), 0, "one more rule at run time");
	is_int(attempt_in(end, dir, &null), 0, "after it: allowed");
	is_int(attempt_in(end, dir, &zero), 0, "what was allowed still is");
	is_int(attempt_in(end, dir, &full), EPERM, "what was not, is not");
	is_int(device_change(&cg, &more, true, &e), 0, "twice is fine");
	is_int(device_change(&cg, &more, false, &e), 0, "and it can be taken back");
	is_int(attempt_in(end, dir, &null), EPERM, "then it is refused again");
	is_int(attempt_in(end, dir, &zero), 0, "and the others are still there");
	device_rule_parse("c 7:* r", &wide);
	is_int(device_change(&cg, &wide, true, &e), 0, "a rule for a whole class");
	device_rule_parse("c 7:7 rw", &one);
	is_int(device_change(&cg, &one, false, &e), -EBUSY,
	       "of which no single device can be refused");
	ok(strstr(e.text, "c 7:* r"), "and that rule is named");
	device_rule_parse("c 7:7 w", &one);
	is_int(device_change(&cg, &one, false, &e), 0,
	       "unless it does not allow that access anyway");
	is_int(device_change(&cg, &wide, false, &e), 0, "the class as a whole can");
	if (end == V1)
		device_v1_read(dir, &got);
	else
		device_v2_read(dir, &got);
	device_rules_normalise(&got);
	rules_text(&got, &text);
	is_str(str_text(&text), "c 1:5 rw", names[end]);
	device_rules_clear(&got);
	close(dir);
	scratch_remove(end);
}

/* The longest list there may be. */
static void test_many(enum back_end end)
{
	struct device_rules rules = { 0 }, got = { 0 };
	struct err e = ERR_NONE;
	int dir = scratch_cgroup(end), ret;

	for (int i = 0; i < 512; i++)
		device_rules_add(&rules, &(struct device_rule){ DEVICE_CHAR, 200 + i, i, true,
								false, false });
	ret = end == V1 ? device_v1_load(dir, &rules, &e) : device_v2_load(dir, &rules, &e);
	is_int(ret, 0, "512 rules");
	is_int(attempt_in(end, dir, &(struct attempt){ S_IFCHR, 1, 5, 'r' }), EPERM,
	       "what is not among them is refused");
	ret = end == V1 ? device_v1_read(dir, &got) : device_v2_read(dir, &got);
	ok(ret == 0 && got.n == 512, "all can be read back (%zu)", got.n);
	device_rules_clear(&rules);
	device_rules_clear(&got);
	close(dir);
	scratch_remove(end);
}

static void test_end(enum back_end end)
{
	autoclose int root = cgroup_mount_open(end == V1 ? CG_DEVICES : CG_UNIFIED);

	if (root < 0)
		return skip(names[end], "not mounted here");
	printf("# %s\n", names[end]);
	test_simple(end);
	test_table(end);
	test_other_numbers(end);
	test_read_back(end);
	test_change(end);
	test_many(end);
	if (end == V2)
		test_v2_none();
}

/* --- as part of a container ------------------------------------------------------------------------ */

static void test_whole(void)
{
	struct host host = { .privileged = true };
	struct err e = ERR_NONE;
	struct spec seen;
	struct look look = { .host = &host, .proc = -1, .self = -1 };
	struct run r;
	char name[32];
	autospec s;
	autostr text = { 0 };

	cgroup_look(&host);
	spec_init(&s);
	snprintf(name, sizeof(name), "test-%d-whole", (int)getpid());
	s.name = strdup(name);
	key_set(&s, "device.rule", "c 1:5 rw", "test", &e);
	key_set(&s, "device.rule", "c 1:3 rw", "test", &e);
	wall_device.check(&s, &host, &e);
	run_init(&r, &s, &host);
	is_int(cgroup_create(&r, &e), 0, "a container's cgroup is made");
	is_int(cgroup_limit(&r, &e), 0, "with its limits");
	is_int(device_load(&r, &e), 0, "and its device rules");
	look.cg = &r.cg;
	spec_init(&seen);
	is_int(wall_device.observe(&look, &seen, &e), 0, "observe");
	key_get(&seen, key_find("device.rule", NULL), &text);
	is_str(str_text(&text), "c 1:3 rw\nc 1:5 rw", "what is seen is what was asked");
	is_int(wall_device.verify(&r, &look, &seen, &e), 0, "verify agrees");
	if (r.cg.dir[CG_DEVICES] >= 0 && r.cg.dir[CG_UNIFIED] >= 0) {
		struct device_rules got = { 0 };

		is_int(device_v2_read(r.cg.dir[CG_UNIFIED], &got), 0,
		       "on a hybrid host there is a program as well");
		is_int((long)got.n, 2, "with the same rules");
		device_rules_clear(&got);
	}
	/* Somebody widens the list behind our back. */
	if (r.cg.dir[CG_DEVICES] >= 0) {
		file_write(r.cg.dir[CG_DEVICES], "devices.allow", "b *:* rwm");
		is_int(wall_device.verify(&r, &look, &seen, &e), -EPROTO,
		       "verify sees one rule more");
	}
	spec_free(&seen);
	cgroup_remove(&r);

	look.cg = NULL;
	spec_init(&seen);
	wall_device.observe(&look, &seen, &e);
	ok(seen.dev.rules.n == 1 && seen.dev.rules.item[0].type == DEVICE_ANY,
	   "without a cgroup, everything is seen as allowed");
	ok(!wall_device.rules[0].holds(&seen), "which the audit dislikes");
	spec_free(&seen);
}

static void make_nodes(void)
{
	static const struct {
		const char *name;
		mode_t type;
		unsigned major, minor;
	} nodes[] = {
		{ "c1-3", S_IFCHR, 1, 3 },
		{ "c1-5", S_IFCHR, 1, 5 },
		{ "c1-7", S_IFCHR, 1, 7 },
		{ "b7-0", S_IFBLK, 7, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", scratch, nodes[i].name);
		if (mknod(path, nodes[i].type | 0600, makedev(nodes[i].major, nodes[i].minor)) < 0)
			printf("# mknod %s: %s\n", path, strerror(errno));
	}
}

int main(void)
{
	tables[0] = (struct key_table){ wall_device.keys, wall_device.n_keys };
	tables[1] = (struct key_table){ wall_cgroup.keys, wall_cgroup.n_keys };
	key_register(tables, ARRAY_SIZE(tables));
	test_parse();
	test_normalise();
	test_key();
	test_rules();
	if (geteuid() != 0) {
		skip("enforcement", "not root");
		return done();
	}
	if (!mkdtemp(scratch) || unshare(CLONE_NEWNS) < 0 ||
	    sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    sys_mount("none", scratch, "tmpfs", 0, NULL) < 0) {
		skip("enforcement", "no mount namespace");
		return done();
	}
	make_nodes();
	test_end(V1);
	test_end(V2);
	test_whole();
	sys_umount2(scratch, MNT_DETACH);
	rmdir(scratch);
	return done();
}
