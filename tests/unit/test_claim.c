/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One owner per name, and what is left when an owner dies. */
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "store_top.h"

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

static void tests(const struct store *s)
{
	test_claim(s);
	test_names(s);
	test_stale(s);
	test_cut_off(s);
	test_fork(s);
	test_drop_keeps(s);
	log_level = LOG_WARN;
	test_look(s);
	test_long_look(s);
	test_gc(s);
	test_gc_wait(s);
	test_race(s);
}

int main(void)
{
	return in_store(tests);
}
