/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rlimit wall: text, lowering and refusing, and what a process feels. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/mem.h"
#include "tap.h"
#include "wall/rlimit.h"

static const struct host nobody = { .privileged = false };

static const char *text_of(const struct spec *s, const char *key, struct str *out)
{
	str_free(out);
	key_get(s, key_find(key, NULL), out);
	return str_text(out);
}

/* --- text ------------------------------------------------------------------------------ */

static void test_text(void)
{
	static const struct {
		const char *value, *shown;
	} good[] = {
		{ "1024", "1024:1024" },      { "1024:4096", "1024:4096" }, { "0", "0:0" },
		{ "8M:max", "8388608:max" },  { "unlimited", "max:max" },   { "1K?", "1024:1024?" },
		{ "1024:max?", "1024:max?" }, { "max?", "max:max?" },
	};
	static const char *const bad[] = { "many", "5:4", "1:2:3", ":",	  "1:",
					   ":1",   "-1",  "?",	   "1??", "4611686018427387903" };
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec s;

	spec_init(&s);
	is_str(text_of(&s, "rlimit.nofile", &text), "", "a limit that is not set is not shown");
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		key_set(&s, "rlimit.nofile", good[i].value, "t", &e);
		if (!ok(!strcmp(text_of(&s, "rlimit.nofile", &text), good[i].shown),
			"'%s' is shown as '%s'", good[i].value, good[i].shown))
			printf("#   got '%s'\n", str_text(&text));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(key_set(&s, "rlimit.nofile", bad[i], "t", &e) == -EINVAL, "'%s' is refused",
		   bad[i]);
	is_str(text_of(&s, "rlimit.nofile", &text), "max:max?", "a refused value changes nothing");
	key_set(&s, "rlimit.nofile", "", "t", &e);
	ok(!s.rlimit[RLIMIT_NOFILE].set, "an empty value takes the limit away");
}

/* --- processes ------------------------------------------------------------------------- */

/* Run fn in a child; its answer is the exit status, 0 to 100. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(fn());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A child that waits until it is killed. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	return pid;
}

static void sleeper_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int lower_nofile(rlim_t hard)
{
	struct rlimit limit = { hard < 64 ? hard : 64, hard };

	return setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- check ----------------------------------------------------------------------------- */

static int check_refuses(void)
{
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	if (lower_nofile(512) < 0)
		return 10;
	key_set(&s, "rlimit.nofile", "64:1024", "--set", &e);
	if (wall_rlimit.check(&s, &nobody, &e) != -EPERM)
		return 1;
	if (!strstr(e.text, "rlimit.nofile") || !strstr(e.text, "--set") || !strstr(e.text, "512"))
		return 2;
	key_set(&s, "rlimit.nofile", "64:512", "--set", &e);
	return wall_rlimit.check(&s, &nobody, &e) == 0 ? 0 : 3;
}

static int check_lowers(void)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec s;

	spec_init(&s);
	if (lower_nofile(512) < 0)
		return 10;
	key_set(&s, "rlimit.nofile", "256:1024?", "profile app", &e);
	if (wall_rlimit.check(&s, &nobody, &e) < 0 ||
	    strcmp(text_of(&s, "rlimit.nofile", &text), "256:512"))
		return 1;
	key_set(&s, "rlimit.nofile", "max?", "profile app", &e);
	if (wall_rlimit.check(&s, &nobody, &e) < 0 ||
	    strcmp(text_of(&s, "rlimit.nofile", &text), "512:512"))
		return 2;
	key_set(&s, "rlimit.nofile", "16:32?", "profile app", &e);
	if (wall_rlimit.check(&s, &nobody, &e) < 0 ||
	    strcmp(text_of(&s, "rlimit.nofile", &text), "16:32"))
		return 3;
	return 0;
}

static void test_check(void)
{
	is_int(in_child(check_refuses), 0,
	       "more than the hard limit is refused with the key, its origin and the limit");
	is_int(in_child(check_lowers), 0,
	       "with a ? it is lowered to the hard limit, and only then");
}

/* --- set ------------------------------------------------------------------------------- */

static int look_at(pid_t pid, struct spec *seen, struct err *e)
{
	autoclose int dir = -EBADF;
	struct look l = { .pid = pid };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_PATH | O_CLOEXEC);
	l.proc = dir;
	return wall_rlimit.observe(&l, seen, e);
}

static void test_set(void)
{
	struct err e = ERR_NONE;
	autospec asked;
	autospec seen;
	struct run r = { .spec = &asked, .pid = sleeper() };

	spec_init(&asked);
	spec_init(&seen);
	key_set(&asked, "rlimit.nofile", "100:200", "t", &e);
	key_set(&asked, "rlimit.core", "0", "t", &e);
	key_set(&asked, "rlimit.stack", "1M:2M", "t", &e);
	key_set(&asked, "rlimit.sigpending", "7:9", "t", &e);
	key_set(&asked, "rlimit.rttime", "1000", "t", &e);
	ok(look_at(r.pid, &seen, &e) == 0 && walls_compare(&asked, &seen, &e) == -EPROTO,
	   "control: before the step the limits are not there");
	ok(rlimit_set(&r, &e) == 0, "limits are set from outside");
	ok(look_at(r.pid, &seen, &e) == 0 && walls_compare(&asked, &seen, &e) == 0,
	   "and read back from /proc/PID/limits");
	ok(seen.rlimit[RLIMIT_NOFILE].soft == 100 && seen.rlimit[RLIMIT_NOFILE].hard == 200 &&
		   seen.rlimit[RLIMIT_RTTIME].hard == 1000 &&
		   seen.rlimit[RLIMIT_STACK].hard == 2 << 20,
	   "with their numbers");
	key_set(&asked, "rlimit.nofile", "100:201", "file:9", &e);
	ok(walls_compare(&asked, &seen, &e) == -EPROTO && strstr(e.text, "wall rlimit") &&
		   strstr(e.text, "100:201") && strstr(e.text, "file:9") &&
		   strstr(e.text, "100:200"),
	   "a difference names wall, key, origin and both values");
	for (int i = 0; i < RLIMIT_KINDS; i++)
		if (!seen.rlimit[i].set)
			ok(false, "limit %d is in /proc/PID/limits", i);
	sleeper_end(r.pid);
}

static int drop_sys_resource(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	data[0].effective &= ~(1U << CAP_SYS_RESOURCE);
	return (int)syscall(SYS_capset, &header, data);
}

/* The monitor without CAP_SYS_RESOURCE, and a spec that check() did not see on this host. */
static int set_too_much(void)
{
	struct err e = ERR_NONE;
	autospec s;
	struct run r = { .spec = &s };
	int ret;

	spec_init(&s);
	if (drop_sys_resource() < 0 || lower_nofile(512) < 0)
		return 10;
	key_set(&s, "rlimit.nofile", "64:1024", "--set", &e);
	r.pid = sleeper();
	ret = rlimit_set(&r, &e);
	sleeper_end(r.pid);
	return ret == -EPERM && strstr(e.text, "rlimit.nofile") && strstr(e.text, "512") ? 0 : 1;
}

/* How many files can be opened below the 64th descriptor. */
static int open_files(void)
{
	int n = 0;

	while (n < 64 && open("/", O_PATH) >= 0)
		n++;
	return n;
}

static int open_files_limited(void)
{
	struct err e = ERR_NONE;
	autospec s;
	struct run r = { .spec = &s, .pid = getpid() };

	spec_init(&s);
	if (key_set(&s, "rlimit.nofile", "16", "t", &e) < 0 || rlimit_set(&r, &e) < 0)
		return 100;
	return open_files();
}

/* Raising again must fail, or the limit is a suggestion. */
static int raise_again(void)
{
	struct rlimit more = { 64, 64 };

	if (drop_sys_resource() < 0 || open_files_limited() > 16)
		return 10;
	return setrlimit(RLIMIT_NOFILE, &more) < 0 && errno == EPERM ? 0 : 1;
}

int main(void)
{
	walls_init();
	test_text();
	test_check();
	test_set();
	is_int(in_child(set_too_much), 0, "the step says which key the kernel refused, and why");
	is_int(in_child(open_files), 64, "control: 64 files can be opened");
	ok(in_child(open_files_limited) <= 16, "with nofile = 16 they cannot");
	is_int(in_child(raise_again), 0, "and the hard limit cannot be raised inside");
	return done();
}
