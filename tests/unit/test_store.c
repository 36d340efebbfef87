/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "store/state.h"
#include "store/store.h"
#include "tap.h"

static char top[] = "/tmp/ward-test-store-XXXXXX";
static struct err e;

/* --- helpers ------------------------------------------------------------------------------ */

static char *in_top(const char *name)
{
	static char paths[8][256];
	static unsigned n;
	char *path = paths[n++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

/* Remove what the tests made: two levels of files below a directory, which is all there is. */
static void remove_tree(const char *path, int depth)
{
	autoclosedir DIR *d = opendir(path);
	struct dirent *entry;
	char child[512];

	while (d && depth && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%.200s", path, entry->d_name);
		if (unlink(child) < 0)
			remove_tree(child, depth - 1);
	}
	rmdir(path);
}

static int open_at(struct store *s, const char *run, const char *lib)
{
	setenv("WARD_RUN_DIR", in_top(run), 1);
	setenv("WARD_LIB_DIR", in_top(lib), 1);
	e = ERR_NONE;
	return store_open(s, &e);
}

static bool exists(const struct store *s, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "containers/%s", name);
	return fstatat(s->run, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Run fn in a child; true when it returns true. */
static bool in_child(bool (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* Claim `name`, write a state and die without a word. */
static void die_owning(const struct store *s, const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct claim c;
		struct state state;

		state_init(&state);
		state.pid = 4711;
		if (store_claim(s, name, &c, &e) == 0 && state_write(c.dir, &state, &e) == 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* --- open --------------------------------------------------------------------------------- */

static bool mode_is(int fd, mode_t mode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode && st.st_uid == geteuid();
}

static void test_open(void)
{
	struct store s;

	ok(open_at(&s, "a/b/run", "a/b/lib") == 0, "a store is opened where nothing was");
	ok(mode_is(s.run, 0700) && mode_is(s.lib, 0700), "its directories are for the owner alone");
	is_str(s.run_path, in_top("a/b/run"), "the path is known as text");
	store_close(&s);
	ok(s.run < 0 && s.lib < 0, "closing forgets the descriptors");
	ok(open_at(&s, "a/b/run/", "a/b/lib//") == 0,
	   "it is opened again, slashes at the end or not");
	store_close(&s);
}

static void test_open_refused(void)
{
	struct store s;

	mkdir(in_top("target"), 0700);
	(void)!symlink(in_top("target"), in_top("link"));
	ok(open_at(&s, "link", "lib") == -ENOTDIR && strstr(e.text, "symbolic link"),
	   "a symbolic link is refused");
	ok(open_at(&s, "link/", "lib") == -ENOTDIR, "with a slash behind it, too");
	mkdir(in_top("open"), 0700);
	chmod(in_top("open"), 0770);
	ok(open_at(&s, "open", "lib") == -EPERM && strstr(e.text, "0770"),
	   "a directory that the group can write is refused");
	ok(open_at(&s, "lib", "open") == -EPERM && s.run < 0,
	   "the other one as well, and nothing stays open");
	chmod(in_top("open"), 0777);
	ok(open_at(&s, "open/below", "lib") == -EPERM && strstr(e.text, "above it"),
	   "so is one below a directory that everybody can write");
	chmod(in_top("open"), 01777);
	ok(open_at(&s, "open/below", "lib") == 0, "but not when that is sticky, like /tmp");
	store_close(&s);
	close(open(in_top("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ok(open_at(&s, "file", "lib") == -ENOTDIR && strstr(e.text, "a file"), "a file is refused");
	if (geteuid()) {
		skip("foreign owners", "not root");
		return;
	}
	mkdir(in_top("foreign"), 0700);
	(void)!chown(in_top("foreign"), 12345, 12345);
	ok(open_at(&s, "foreign", "lib") == -EPERM && strstr(e.text, "12345"),
	   "another user's directory is refused, even to root");
	ok(open_at(&s, "foreign/below", "lib") == -EPERM && strstr(e.text, "above it"),
	   "so is one below it");
}

static bool as_user(void)
{
	struct store s;

	unsetenv("WARD_RUN_DIR");
	unsetenv("WARD_LIB_DIR");
	if (setgid(12345) < 0 || setuid(12345) < 0)
		return false;
	setenv("XDG_RUNTIME_DIR", in_top("user/runtime"), 1);
	setenv("XDG_DATA_HOME", "relative/is/ignored", 1);
	setenv("HOME", in_top("user"), 1);
	if (store_open(&s, &e) < 0 || !s.rootless ||
	    strcmp(s.run_path, in_top("user/runtime/ward")) ||
	    strcmp(s.lib_path, in_top("user/.local/share/ward")))
		return false;
	store_close(&s);
	unsetenv("XDG_RUNTIME_DIR");
	if (store_open(&s, &e) < 0 || !strstr(s.run_path, "/.local/share/ward/run-"))
		return false;
	store_close(&s);
	unsetenv("HOME");
	return store_open(&s, &e) == -ENOENT && strstr(e.text, "HOME");
}

static bool without_space(void)
{
	struct store s;
	struct claim c;

	if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	mkdir(in_top("full"), 0700);
	if (sys_mount("tmpfs", in_top("full"), "tmpfs", 0, "nr_inodes=4,mode=0700") < 0)
		return false;
	/* root, run, lib, containers: no inode for the state directory */
	if (open_at(&s, "full/run", "full/lib") < 0 || store_claim(&s, "x", &c, &e) != -ENOSPC ||
	    !strstr(e.text, "free some space") || c.dir >= 0 || c.lock >= 0)
		return false;
	if (sys_mount(NULL, in_top("full"), NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return false;
	return store_claim(&s, "x", &c, &e) == -EROFS && strstr(e.text, "WARD_RUN_DIR") &&
	       open_at(&s, "full/other", "full/lib") == -EROFS && strstr(e.text, "Read-only");
}

/* A copy of this program that changes its user by exec, with the environment of the caller. */
static bool gained_privilege(void)
{
	autoclose int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	autoclose int to = open(in_top("setuid"), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	char *args[] = { in_top("setuid"), (char *)"at-secure", NULL };
	autostr text = { 0 };

	if (file_read_fd(from, 256 << 20, &text) < 0 ||
	    file_write_all(to, text.text, text.len) < 0 || fchown(to, 12345, 12345) < 0 ||
	    fchmod(to, 04755) < 0)
		return false;
	fd_close(&to);
	setenv("WARD_RUN_DIR", "/nonexistent/run", 1);
	setenv("WARD_LIB_DIR", "/nonexistent/lib", 1);
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	setenv("HOME", "/nonexistent", 1);
	execv(args[0], args);
	return false;
}

static int at_secure(void)
{
	struct store s;

	return store_open(&s, &e) == -ENOENT && strstr(e.text, "HOME is not set") ? 0 : 1;
}

static void test_open_as(void)
{
	if (geteuid()) {
		skip("as another user, after a set-user-id exec, on a full and on a read-only disk",
		     "not root");
		return;
	}
	chmod(top, 0755);
	ok(in_child(gained_privilege), "a program that gained privilege ignores the environment");
	mkdir(in_top("user"), 0700);
	(void)!chown(in_top("user"), 12345, 12345);
	ok(in_child(as_user), "another user's store is where XDG says, else in HOME");
	ok(in_child(without_space), "a full and a read-only disk are told, with a remedy");
}

/* --- claims ------------------------------------------------------------------------------- */

static void test_claim(const struct store *s)
{
	struct claim c, other;
	struct stat st;

	ok(store_claim(s, "web", &c, &e) == 0, "a name is claimed");
	ok(c.dir >= 0 && c.lock >= 0 && stat(c.path, &st) == 0 && mode_is(c.dir, 0700),
	   "the claim has a directory of its own");
	ok(fcntl(c.lock, F_GETFD) == FD_CLOEXEC && fcntl(c.dir, F_GETFD) == FD_CLOEXEC,
	   "which no payload inherits");
	ok(store_claim(s, "web", &other, &e) == -EBUSY && strstr(e.text, "already running"),
	   "a second claim is refused");
	ok(other.dir < 0 && other.lock < 0, "and has nothing");
	ok(store_running(s, "web") && !store_running(s, "other"), "it is running, others are not");
	store_drop(&other);
	ok(store_running(s, "web"), "to drop what was refused drops nothing");
	store_drop(&c);
	ok(!exists(s, "web") && c.dir < 0, "dropping removes the directory");
	store_drop(&c);
	ok(store_claim(s, "web", &c, &e) == 0, "and the name is free again");
	store_drop(&c);
	store_drop(&c);
	ok(!exists(s, "web"), "dropping twice is harmless");
}

static void test_names(const struct store *s)
{
	static const char *const bad[] = {
		"", ".", "..", "a/b", "../x", "-x", ".x", "a b", "a\nb"
	};
	char longest[66];
	struct claim c;
	int refused = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused += store_claim(s, bad[i], &c, &e) == -EINVAL && !strchr(e.text, '\n');
	is_int(refused, ARRAY_SIZE(bad), "bad names are refused, and not echoed raw");
	memset(longest, 'a', sizeof(longest));
	longest[65] = '\0';
	is_int(store_claim(s, longest, &c, &e), -EINVAL, "65 characters are too many");
	longest[64] = '\0';
	is_int(store_claim(s, longest, &c, &e), 0, "64 are not");
	store_drop(&c);
	ok(!store_running(s, "../x"), "a bad name is not running");
}

static void test_stale(const struct store *s)
{
	struct claim c;
	struct state state;

	die_owning(s, "dead");
	ok(exists(s, "dead") && !store_running(s, "dead"), "a killed owner leaves its directory");
	ok(store_claim(s, "dead", &c, &e) == -ESTALE && c.lock >= 0, "claiming it says so");
	ok(store_running(s, "dead"), "and owns it");
	ok(state_read(c.dir, &state, &e) == 0 && state.pid == 4711, "its state can be read");
	store_drop(&c);
	ok(store_claim(s, "dead", &c, &e) == 0, "after the drop it is claimed as new");
	is_int(state_read(c.dir, &state, &e), -ENOENT, "without the old state");
	store_drop(&c);
}

static void test_cut_off(const struct store *s)
{
	struct claim c;

	mkdirat(s->run, "containers/early", 0700);
	is_int(store_claim(s, "early", &c, &e), 0,
	       "an owner that died before its lock left nothing");
	store_drop(&c);
	mkdirat(s->run, "containers/early", 0700);
	close(openat(s->run, "containers/early/lock", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	is_int(store_claim(s, "early", &c, &e), 0, "nor did one that died before it had locked");
	store_drop(&c);
}

static void test_fork(const struct store *s)
{
	struct claim c, other;
	int go[2];
	pid_t pid;

	ok(pipe2(go, O_CLOEXEC) == 0 && store_claim(s, "fork", &c, &e) == 0,
	   "a claim before a fork");
	pid = fork();
	if (pid == 0) {
		char byte;

		close(go[1]);
		_exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
	}
	store_forget(&c);
	ok(store_claim(s, "fork", &other, &e) == -EBUSY, "the child's copy of the lock keeps it");
	close(go[0]);
	close(go[1]);
	waitpid(pid, NULL, 0);
	ok(store_claim(s, "fork", &other, &e) == -ESTALE, "until the child has ended");
	store_drop(&other);
}

static void test_drop_keeps(const struct store *s)
{
	struct claim c;
	struct stat st;

	store_claim(s, "full", &c, &e);
	mkdirat(c.dir, "empty", 0700);
	mkdirat(c.dir, "stage", 0700);
	close(openat(c.dir, "stage/data", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(openat(c.dir, "state", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	store_drop(&c);
	ok(fstatat(s->run, "containers/full/stage/data", &st, 0) == 0,
	   "what is in a directory is never removed: it may be a mount");
	ok(fstatat(s->run, "containers/full/empty", &st, 0) < 0 &&
		   fstatat(s->run, "containers/full/state", &st, 0) < 0,
	   "files and empty directories are");
	is_int(store_claim(s, "full", &c, &e), -ESTALE, "and the name stays stale");
	unlinkat(c.dir, "stage/data", 0);
	store_drop(&c);
	ok(!exists(s, "full"), "until nothing is in the way");
}

/* Looking takes the lock shared for an instant; a claim must not fail of it. */
static void test_look(const struct store *s)
{
	pid_t lookers[4];
	int busy = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lookers); i++) {
		lookers[i] = fork();
		while (lookers[i] == 0)
			store_running(s, "looked-at");
	}
	for (int i = 0; i < 3000; i++) {
		struct claim c;

		busy += store_claim(s, "looked-at", &c, &e) != 0;
		store_drop(&c);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lookers); i++) {
		kill(lookers[i], SIGKILL);
		waitpid(lookers[i], NULL, 0);
	}
	is_int(busy, 0, "3000 claims succeed while others look all the time");
}

/* The same with a lock that an owner once had: for 20 ms somebody looks at it. */
static void test_long_look(const struct store *s)
{
	struct claim c;
	int ready[2];
	char byte;
	pid_t pid;

	die_owning(s, "dead");
	(void)!pipe2(ready, O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		int lock = openat(s->run, "containers/dead/lock", O_RDONLY | O_CLOEXEC);

		flock(lock, LOCK_SH);
		(void)!write(ready[1], "x", 1);
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		_exit(0);
	}
	(void)!read(ready[0], &byte, 1);
	is_int(store_claim(s, "dead", &c, &e), -ESTALE, "whoever only looks is no owner");
	store_drop(&c);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

/* --- collecting --------------------------------------------------------------------------- */

static int clean_count(const struct claim *c, void *ctx)
{
	int *n = ctx;
	struct state state;

	if (*n < 0)
		return -EBUSY;
	*n += state_read(c->dir, &state, &e) == 0 && state.pid == 4711;
	return 0;
}

static void test_gc(const struct store *s)
{
	struct claim c;
	int n = -1;

	is_int(store_gc(s, clean_count, &n), 0, "there is nothing to collect");
	store_claim(s, "alive", &c, &e);
	die_owning(s, "dead1");
	die_owning(s, "dead2");
	mkdirat(s->run, "containers/empty", 0700);
	is_int(store_gc(s, clean_count, &n), 1, "what cannot be cleaned stays");
	ok(exists(s, "dead1") && exists(s, "dead2") && !exists(s, "empty"),
	   "while an empty directory goes without cleaning");
	n = 0;
	is_int(store_gc(s, clean_count, &n), 2, "the dead are collected");
	is_int(n, 2, "and were shown to the cleaner with their state");
	ok(!exists(s, "dead1") && !exists(s, "dead2") && exists(s, "alive") &&
		   store_running(s, "alive"),
	   "the living are not touched");
	store_drop(&c);
}

static int clean_slowly(const struct claim *c, void *ctx)
{
	const int *ready = ctx;

	(void)c;
	(void)!write(ready[1], "x", 1);
	nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
	return 0;
}

static void test_gc_wait(const struct store *s)
{
	struct claim c;
	int ready[2];
	char byte;
	pid_t pid;

	die_owning(s, "dead");
	(void)!pipe2(ready, O_CLOEXEC);
	pid = fork();
	if (pid == 0)
		_exit(store_gc(s, clean_slowly, ready) == 1 ? 0 : 1);
	(void)!read(ready[0], &byte, 1);
	is_int(store_claim(s, "dead", &c, &e), 0, "a start waits for the end of a clean-up");
	store_drop(&c);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

/* --- one owner, whatever happens ---------------------------------------------------------- */

enum { NAMES = 3, WORKERS = 6 };

struct shared {
	atomic_int violations, owned, stale, collected;
	struct {
		atomic_int owner;
		atomic_ulong beat;
	} name[NAMES];
};

/* We own the name. If somebody was killed while owning it, its mark is still there: then it
 * must at least do nothing any more. */
static void check_sole_owner(struct shared *sh, int i)
{
	if (atomic_exchange(&sh->name[i].owner, (int)getpid()) != 0) {
		unsigned long beat = atomic_load(&sh->name[i].beat);

		nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);
		if (atomic_load(&sh->name[i].beat) != beat)
			atomic_fetch_add(&sh->violations, 1);
	}
	for (int k = rand() % 200; k > 0; k--) {
		atomic_fetch_add(&sh->name[i].beat, 1);
		if (atomic_load(&sh->name[i].owner) != (int)getpid())
			atomic_fetch_add(&sh->violations, 1);
	}
}

static int clean_check(const struct claim *c, void *ctx)
{
	struct shared *sh = ctx;

	check_sole_owner(sh, c->name[1] - '0');
	atomic_store(&sh->name[c->name[1] - '0'].owner, 0);
	atomic_fetch_add(&sh->collected, 1);
	return 0;
}

static void work(const struct store *s, struct shared *sh)
{
	struct state state;

	state_init(&state);
	srand((unsigned)getpid());
	for (;;) {
		int i = rand() % NAMES;
		char name[8];
		struct claim c;
		int ret;

		snprintf(name, sizeof(name), "n%d", i);
		if (rand() % 8 == 0) {
			store_gc(s, clean_check, sh);
			continue;
		}
		ret = store_claim(s, name, &c, &e);
		if (ret != 0 && ret != -ESTALE)
			continue;
		check_sole_owner(sh, i);
		if (ret == 0 && state_read(c.dir, &state, &e) != -ENOENT)
			atomic_fetch_add(&sh->violations, 1);
		state_write(c.dir, &state, &e);
		atomic_fetch_add(ret == 0 ? &sh->owned : &sh->stale, 1);
		atomic_store(&sh->name[i].owner, 0);
		store_drop(&c);
	}
}

static pid_t start_worker(const struct store *s, struct shared *sh)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(s, sh);
	}
	return pid;
}

static void test_race(const struct store *s)
{
	struct shared *sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t worker[WORKERS];
	int kills = 0;

	for (int i = 0; i < WORKERS; i++)
		worker[i] = start_worker(s, sh);
	for (kills = 0; kills < 600; kills++) {
		int i = rand() % WORKERS;

		nanosleep(&(struct timespec){ .tv_nsec = 1000000 + rand() % 4000000 }, NULL);
		kill(worker[i], SIGKILL);
		waitpid(worker[i], NULL, 0);
		worker[i] = start_worker(s, sh);
	}
	for (int i = 0; i < WORKERS; i++) {
		kill(worker[i], SIGKILL);
		waitpid(worker[i], NULL, 0);
	}
	is_int(sh->violations, 0, "a name never had two owners nor an owner another's remains");
	ok(sh->owned > 100 && sh->stale + sh->collected > 0,
	   "%d claims, %d of stale names, %d collected, %d owners killed", sh->owned, sh->stale,
	   sh->collected, kills);
	store_gc(s, clean_check, sh);
	ok(!exists(s, "n0") && !exists(s, "n1") && !exists(s, "n2"), "nothing is left in the end");
	munmap(sh, sizeof(*sh));
}

/* --- definitions and listing -------------------------------------------------------------- */

static bool define_alone(void)
{
	struct store s;

	return open_at(&s, "run", "lib") == 0 && store_define(&s, "raced", "x", 1, &e) == 0;
}

static void test_define(const struct store *s)
{
	autostr text = { 0 };
	int won = 0;
	pid_t pid[8];

	ok(store_define(s, "web", "memory.max = 1G\n", 16, &e) == 0, "a container is defined");
	ok(store_definition_read(s, "web", &text, &e) == 0, "the definition is read");
	is_str(str_text(&text), "memory.max = 1G\n", "as it was written");
	is_int(store_define(s, "web", "x", 1, &e), -EEXIST, "it is not overwritten");
	ok(strstr(e.text, "exists already"), "and that is said");
	str_free(&text);
	ok(store_definition_read(s, "web", &text, &e) == 0 && text.len == 16, "it is still whole");
	is_int(store_undefine(s, "web", &e), 0, "it is removed");
	is_int(store_undefine(s, "web", &e), -ENOENT, "once");
	is_int(store_definition_read(s, "web", &text, &e), -ENOENT, "and not read any more");
	mkdirat(s->lib, "containers/web", 0700);
	is_int(store_undefine(s, "web", &e), -ENOENT, "a definition that was cut off is none");
	is_int(store_define(s, "web", "y", 1, &e), 0, "and does not prevent another");
	is_int(store_undefine(s, "web", &e), 0, "which is removed as well");
	is_int(store_define(s, "a/b", "y", 1, &e), -EINVAL, "a bad name is refused");
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(define_alone() ? 0 : 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
		int status = 1;

		waitpid(pid[i], &status, 0);
		won += status == 0;
	}
	is_int(won, 1, "of eight at once one defines the container");
	store_undefine(s, "raced", &e);
}

static int each_text(const struct store_entry *entry, void *ctx)
{
	str_addf(ctx, "%s%s%s%s ", entry->name, entry->running ? "+running" : "",
		 entry->stale ? "+stale" : "", entry->defined ? "+defined" : "");
	return 0;
}

static int each_stop(const struct store_entry *entry, void *ctx)
{
	(void)entry;
	(void)ctx;
	return 7;
}

static void test_each(const struct store *s)
{
	autostr text = { 0 };
	struct claim one, two;

	is_int(store_each(s, each_text, &text, &e), 0, "an empty store is listed");
	is_str(str_text(&text), "", "as empty");
	store_claim(s, "zoo", &one, &e);
	store_claim(s, "both", &two, &e);
	store_define(s, "both", "x", 1, &e);
	store_define(s, "asleep", "x", 1, &e);
	die_owning(s, "dead");
	is_int(store_each(s, each_text, &text, &e), 0, "a store is listed");
	is_str(str_text(&text), "asleep+defined both+running+defined dead+stale zoo+running ",
	       "every container once, in order, with what it is");
	is_int(store_each(s, each_stop, NULL, &e), 7, "a visitor may end the list");
	ok(store_state_dir(s, "nobody", &e) == -ENOENT && strstr(e.text, "not running"),
	   "the state directory of one that does not run is told to be missing");
	store_drop(&one);
	store_drop(&two);
	store_claim(s, "dead", &one, &e);
	store_drop(&one);
	store_undefine(s, "both", &e);
	store_undefine(s, "asleep", &e);
}

static void test_name(const struct store *s)
{
	char one[STORE_NAME_MAX + 1], two[STORE_NAME_MAX + 1];
	autoclose int cache = store_cache(s, &e);

	ok(store_name(s, one, &e) == 0 && store_name(s, two, &e) == 0 && strcmp(one, two) &&
		   path_is_name(one) && strlen(one) == 12,
	   "random names are names and differ");
	ok(cache >= 0 && mode_is(cache, 0700), "there is a cache");
}

/* --- states ------------------------------------------------------------------------------- */

static void test_state(const struct store *s)
{
	struct state a, b;
	struct claim c;

	store_claim(s, "state", &c, &e);
	state_init(&a);
	a.id = STATE_PAUSED;
	a.pid = 12;
	a.start_time = UINT64_MAX;
	a.monitor = 13;
	a.monitor_start_time = 14;
	a.created = INT64_MIN;
	a.started = 1700000000;
	a.exit_status = 137;
	a.range_base = 0x70000000;
	a.range_gid_base = UINT32_MAX;
	a.range_count = 65536;
	strcpy(a.cgroup_parent, "/ward = x");
	strcpy(a.profile, "app");
	is_int(state_write(c.dir, &a, &e), 0, "a state is written");
	memset(&b, 0xff, sizeof(b));
	is_int(state_read(c.dir, &b, &e), 0, "and read");
	ok(!memcmp(&a, &b, sizeof(a)), "as it was");
	strcpy(a.profile, "x\npid=1");
	is_int(state_write(c.dir, &a, &e), -EINVAL, "a text that would forge a line is refused");
	ok(state_read(c.dir, &b, &e) == 0 && b.pid == 12, "the state before it is still there");
	store_drop(&c);
}

static void test_state_parse(void)
{
	static const struct {
		const char *text, *what;
	} bad[] = {
		{ "pid=x\n", "a pid that is no number" },
		{ "pid=-1\n", "a negative pid" },
		{ "pid=12 \n", "a number with a blank" },
		{ "pid=\n", "an empty number" },
		{ "pid=4294967297\n", "a pid that is too large" },
		{ "start_time=18446744073709551616\n", "2^64" },
		{ "start_time=-1\n", "a negative time of start" },
		{ "range_base=4294967296\n", "an id that is too large" },
		{ "state=dancing\n", "an unknown state" },
		{ "pid=1\npid=2\n", "a key that appears twice" },
		{ "pid=1", "a line without its end" },
	};
	struct state s;
	char text[600];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(state_parse(bad[i].text, strlen(bad[i].text), &s, &e) == -EBADMSG,
		   "%s is refused", bad[i].what);
	is_int(state_parse("pid=1\0\n", 7, &s, &e), -EBADMSG, "a NUL byte is refused");
	memset(text, 'a', sizeof(text));
	memcpy(text, "profile=", 8);
	text[sizeof(text) - 1] = '\n';
	is_int(state_parse(text, sizeof(text), &s, &e), -EBADMSG,
	       "a line that is too long is refused");
	text[8 + 64] = '\n';
	is_int(state_parse(text, 8 + 64 + 1, &s, &e), -EBADMSG, "so is a text that does not fit");
	ok(state_parse("", 0, &s, &e) == 0 && s.id == STATE_CREATING && s.exit_status == -1,
	   "what is missing has its default");
	ok(state_parse("future=7\nnonsense\nstate=running\n", 32, &s, &e) == 0 &&
		   s.id == STATE_RUNNING,
	   "what is unknown is passed over");
	is_str(state_name(STATE_STOPPING), "stopping", "states have names");
	ok(state_name(STATE_IDS) == NULL, "and what is none has not");
}

static void test_start_time(void)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t start = state_start_time(proc, getpid());
	pid_t pid;

	ok(start > 0, "our own start time is known");
	prctl(PR_SET_NAME, ") R 1 2 3 (");
	ok(state_start_time(proc, getpid()) == start, "a name with brackets does not change it");
	prctl(PR_SET_NAME, "test_store");
	ok(state_same_process(proc, getpid(), start), "we are the same process");
	ok(!state_same_process(proc, getpid(), start + 1), "but not one of another time");
	ok(!state_same_process(proc, getpid(), 0), "nor one of an unknown time");
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	ok(state_start_time(proc, pid) == 0, "a process that is gone has none");
}

/* --- cost --------------------------------------------------------------------------------- */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void show_cost(const struct store *s)
{
	enum { TIMES = 500 };
	double start = now_us(), open_us, claim_us, state_us, gc_us;
	struct state state;
	struct claim c;
	int n = 0;

	for (int i = 0; i < TIMES; i++) {
		struct store other;

		store_open(&other, &e);
		store_close(&other);
	}
	open_us = now_us() - start;
	start = now_us();
	for (int i = 0; i < TIMES; i++) {
		store_claim(s, "cost", &c, &e);
		store_drop(&c);
	}
	claim_us = now_us() - start;
	start = now_us();
	for (int i = 0; i < TIMES; i++)
		store_gc(s, clean_count, &n);
	gc_us = now_us() - start;
	store_claim(s, "cost", &c, &e);
	state_init(&state);
	start = now_us();
	for (int i = 0; i < TIMES; i++)
		state_write(c.dir, &state, &e);
	state_us = now_us() - start;
	store_drop(&c);
	printf("# open %.1f us, claim + drop %.1f us, empty gc %.1f us, state_write %.1f us\n",
	       open_us / TIMES, claim_us / TIMES, gc_us / TIMES, state_us / TIMES);
}

int main(int argc, char **argv)
{
	struct store s;

	/* Not return: the leak check of a sanitizer cannot run in a set-user-id program. */
	if (argc == 2 && !strcmp(argv[1], "at-secure"))
		_exit(at_secure());
	log_level = LOG_ERROR;
	if (!mkdtemp(top))
		return 99;
	test_open();
	test_open_refused();
	test_open_as();
	if (!ok(open_at(&s, "run", "lib") == 0, "a store for what follows"))
		return done();
	test_claim(&s);
	test_names(&s);
	test_stale(&s);
	test_cut_off(&s);
	test_fork(&s);
	test_drop_keeps(&s);
	log_level = LOG_WARN;
	test_look(&s);
	test_long_look(&s);
	test_gc(&s);
	test_gc_wait(&s);
	test_race(&s);
	test_define(&s);
	test_each(&s);
	test_name(&s);
	test_state(&s);
	test_state_parse();
	test_start_time();
	show_cost(&s);
	store_close(&s);
	remove_tree(top, 8);
	return done();
}
