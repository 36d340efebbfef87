/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the store is, whom it trusts, and what it keeps: definitions and lists. */
#include "store_top.h"

#include "base/path.h"
#include "base/sys.h"

/* --- open --------------------------------------------------------------------------------- */

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

static void test_redefine(const struct store *s)
{
	autostr text = { 0 };

	is_int(store_redefine(s, "web", "x", 1, &e), -ENOENT,
	       "what is not defined is not replaced");
	store_define(s, "web", "old", 3, &e);
	is_int(store_redefine(s, "web", "newer", 5, &e), 0, "a definition is replaced");
	ok(store_definition_read(s, "web", &text, &e) == 0 && !strcmp(text.text, "newer"),
	   "as a whole");
	is_int(store_redefine(s, "../web", "x", 1, &e), -EINVAL, "a bad name is refused");
	store_undefine(s, "web", &e);
}

static void test_rename(const struct store *s)
{
	autostr text = { 0 };
	struct claim c;

	is_int(store_rename(s, "web", "www", &e), -ENOENT, "what is not defined is not renamed");
	store_define(s, "web", "one", 3, &e);
	close(openat(s->lib, "containers/web/log", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	store_define(s, "taken", "two", 3, &e);
	is_int(store_rename(s, "web", "taken", &e), -EEXIST, "a name that is taken is refused");
	is_int(store_rename(s, "web", "a/b", &e), -EINVAL, "a bad one, too");
	store_claim(s, "web", &c, &e);
	is_int(store_rename(s, "web", "www", &e), -EBUSY, "what runs is not renamed");
	store_drop(&c);
	store_claim(s, "www", &c, &e);
	is_int(store_rename(s, "web", "www", &e), -EBUSY, "nor to the name of one that runs");
	store_drop(&c);
	ok(store_definition_read(s, "web", &text, &e) == 0, "all of which changed nothing");
	mkdirat(s->lib, "containers/www", 0700);
	is_int(store_rename(s, "web", "www", &e), 0, "it is renamed, over what a crash left");
	str_free(&text);
	ok(store_definition_read(s, "www", &text, &e) == 0 && !strcmp(text.text, "one") &&
		   faccessat(s->lib, "containers/www/log", F_OK, 0) == 0,
	   "definition and log have the new name");
	is_int(store_definition_read(s, "web", &text, &e), -ENOENT, "and the old one is free");
	ok(!exists(s, "web") && !exists(s, "www"), "no state is left of it");
	store_undefine(s, "www", &e);
	store_undefine(s, "taken", &e);
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
/* --- cost --------------------------------------------------------------------------------- */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int clean_none(const struct claim *c, void *ctx)
{
	(void)c;
	(void)ctx;
	return 0;
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
		store_gc(s, clean_none, &n);
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

static void tests(const struct store *s)
{
	test_open();
	test_open_refused();
	test_open_as();
	test_define(s);
	test_redefine(s);
	test_rename(s);
	test_each(s);
	test_name(s);
	show_cost(s);
}

int main(int argc, char **argv)
{
	/* Not return: the leak check of a sanitizer cannot run in a set-user-id program. */
	if (argc == 2 && !strcmp(argv[1], "at-secure"))
		_exit(at_secure());
	return in_store(tests);
}
