/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup wall: freezing, killing, finding, removing, delegating. */
#include <sys/mman.h>

#include "cgroup_box.h"

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

static void tests(void)
{
	test_freeze_and_kill();
	test_parent();
	test_names();
	test_remove_named();
	test_reopen();
	test_delegate();
	test_user();
}

int main(void)
{
	return each_layout(tests);
}
