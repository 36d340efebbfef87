/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* keyring, ucount, uts, time, apparmor, selinux and what all walls share: every escape once
 * without the wall (control) and once with it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "tap.h"
#include "trial.h"
#include "wall/apparmor.h"
#include "wall/keyring.h"
#include "wall/selinux.h"
#include "wall/time.h"
#include "wall/ucount.h"
#include "wall/uts.h"

static struct host host;
static char directory[] = "/tmp/ward-test-small-XXXXXX";

/* --- what all walls share -------------------------------------------------------------- */

static void test_look_field(void)
{
	struct look l = { .status = { 0 } };
	char value[16];

	str_add(&l.status, "Name:\tCapBnd\nUmask:\t0022\nCapBnd:\t0000ffff\nEnd:\t1");
	ok(look_field(&l, "CapBnd", value, sizeof(value)) && !strcmp(value, "0000ffff"),
	   "a field is found by its name, not by the value of another");
	ok(look_field(&l, "Name", value, sizeof(value)) && !strcmp(value, "CapBnd"),
	   "the first line counts");
	ok(look_field(&l, "End", value, sizeof(value)) && !strcmp(value, "1"),
	   "so does a last one without an end");
	ok(!look_field(&l, "Cap", value, sizeof(value)), "a part of a name is no name");
	ok(!look_field(&l, "CapBnd", value, 8), "a value is not cut");
	str_free(&l.status);
}

static void test_asked(void)
{
	autospec s;

	spec_init(&s);
	ok(!wall_asked(&s, "keyring"), "what nobody set was not asked for");
	set(&s, "keyring", "true", "profile app:12");
	ok(!wall_asked(&s, "keyring"), "a profile's default was not asked for");
	set(&s, "keyring", "true", "gate x");
	ok(wall_asked(&s, "keyring"), "a gate asks");
	list_add(&s.optional, "keyring");
	ok(wall_optional(&s, "keyring") && !wall_optional(&s, "uts"),
	   "a wall is optional by its own name");
	list_clear(&s.optional);
}

static void test_optional_names(void)
{
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	list_add(&s.optional, "landlok");
	ok(walls_check(&s, &host, &e) == -EINVAL && strstr(e.text, "landlock"),
	   "a misspelt optional wall is refused with the right one");
	list_clear(&s.optional);
}

static void test_assume(void)
{
	struct err e = ERR_NONE;
	autospec asked;
	autospec seen;

	spec_init(&asked);
	spec_init(&seen);
	set(&asked, "keyring", "true", "t");
	set(&asked, "ucount.max_user_namespaces", "0", "t");
	set(&asked, "lsm.apparmor", "asked", "t");
	set(&asked, "caps.bounding", "chown", "t");
	set(&seen, "lsm.apparmor", "observed", "t");
	ok(walls_assume(&asked, &seen, &e) == 0 && seen.keyring && seen.ucount[0] == 0,
	   "what no interface shows is taken from what was asked");
	is_str(seen.lsm.apparmor, "observed", "but not over what was observed");
	ok(seen.caps.bounding == 0, "and never for a key that is verified");
}

/* A file bound over attr/exec, as a container with its own /proc could do (CVE-2019-16884). */
static int bound_over(bool wall)
{
	autoclose int proc = -EBADF;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/attr/exec", getpid(), getpid());
	if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    sys_mount("/proc/uptime", path, NULL, MS_BIND, NULL) < 0)
		return BROKEN;
	proc = open("/proc", O_PATH | O_CLOEXEC);
	if (wall)
		fd = wall_open_proc(proc, "thread-self/attr/exec", O_RDONLY);
	else
		fd = openat(proc, "thread-self/attr/exec", O_RDONLY) < 0 ? -errno : 0;
	return fd < 0 ? -fd : 0;
}

static void test_open_proc(void)
{
	autoclose int proc = open("/proc", O_PATH | O_CLOEXEC);
	autoclose int tmp = open(directory, O_PATH | O_CLOEXEC);
	autoclose int good = wall_open_proc(proc, "thread-self/status", O_RDONLY);

	close(openat(tmp, "status", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ok(good >= 0, "a file of procfs is opened");
	is_int(wall_open_proc(tmp, "status", O_RDONLY), -EXDEV, "a file elsewhere is refused");
	is_int(wall_open_proc(proc, "self/ns/time", O_RDONLY), -ELOOP, "a magic link is refused");
	is_int(wall_open_proc(proc, "self/../../etc/passwd", O_RDONLY), -EXDEV, ".. ends at /proc");
	unlinkat(tmp, "status", 0);
	if (host.uid != 0) {
		skip("a file bound over another is refused", "not root");
		return;
	}
	is_int(in_child(bound_over, false), 0, "control: a file bound over attr/exec is opened");
	is_int(in_child(bound_over, true), EXDEV, "a file bound over attr/exec is refused");
}

/* --- keyring --------------------------------------------------------------------------- */

static long keyctl_call(int operation, unsigned long a, void *b, unsigned long c)
{
	return syscall(SYS_keyctl, operation, a, b, c, 0);
}

/* The caller puts a secret into its session; the container is a child of it. */
static int read_secret(bool wall)
{
	struct err e = ERR_NONE;
	autospec s;
	struct run r;
	char secret[16];
	long key;

	spec_init(&s);
	s.keyring = true;
	run_of(&r, &s, &host);
	if (keyctl_call(KEYCTL_JOIN_SESSION_KEYRING, 0, NULL, 0) < 0)
		return BROKEN;
	key = syscall(SYS_add_key, "user", "ward-test", "secret", 6L,
		      (long)KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return BROKEN;
	if (wall && keyring_new(&r, &e) < 0)
		return broken(&e);
	if (keyctl_call(KEYCTL_READ, (unsigned long)key, secret, sizeof(secret)) < 0)
		return errno;
	return memcmp(secret, "secret", 6) ? BROKEN : 0;
}

/* The same from a user namespace of its own, where ids differ and possession does not. */
static int read_secret_userns(bool wall)
{
	struct err e = ERR_NONE;
	autospec s;
	struct run r;
	char secret[16];
	long key;

	spec_init(&s);
	s.keyring = true;
	run_of(&r, &s, &host);
	if (keyctl_call(KEYCTL_JOIN_SESSION_KEYRING, 0, NULL, 0) < 0)
		return BROKEN;
	key = syscall(SYS_add_key, "user", "ward-test", "secret", 6L,
		      (long)KEY_SPEC_SESSION_KEYRING);
	if (key < 0 || unshare(CLONE_NEWUSER) < 0)
		return BROKEN;
	if (wall && keyring_new(&r, &e) < 0)
		return broken(&e);
	return keyctl_call(KEYCTL_READ, (unsigned long)key, secret, sizeof(secret)) < 0 ? errno : 0;
}

static int search_secret(bool wall)
{
	struct err e = ERR_NONE;
	autospec s;
	struct run r;

	spec_init(&s);
	s.keyring = wall;
	run_of(&r, &s, &host);
	if (keyctl_call(KEYCTL_JOIN_SESSION_KEYRING, 0, NULL, 0) < 0 ||
	    syscall(SYS_add_key, "user", "ward-test", "secret", 6L,
		    (long)KEY_SPEC_SESSION_KEYRING) < 0)
		return BROKEN;
	if (keyring_new(&r, &e) < 0)
		return broken(&e);
	return syscall(SYS_request_key, "user", "ward-test", NULL, 0L) < 0 ? errno : 0;
}

static void test_keyring(void)
{
	int control = in_child(read_secret, false);

	if (control == BROKEN) {
		skip("the keyring wall", "no keyrings here");
		return;
	}
	is_int(control, 0, "control: a key in the caller's session can be read by a child");
	is_int(in_child(read_secret, true), EACCES, "with a session keyring of its own it cannot");
	is_int(in_child(read_secret_userns, false), 0,
	       "control: a user namespace alone does not hide it");
	is_int(in_child(read_secret_userns, true), EACCES, "the wall does");
	is_int(in_child(search_secret, false), 0, "control: keyring = false leaves it to be found");
	is_int(in_child(search_secret, true), ENOKEY, "keyring = true has nothing to be found");
}

/* --- ucount ---------------------------------------------------------------------------- */

/* A user namespace with one id of each kind, or it could have none below it. */
static int userns_enter(struct err *e)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[32];

	if (unshare(CLONE_NEWUSER) < 0)
		return err_sys(e, "make a user namespace");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (file_write(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 ||
	    file_write(AT_FDCWD, "/proc/self/uid_map", map) < 0)
		return err_sys(e, "write uid_map");
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return file_write(AT_FDCWD, "/proc/self/gid_map", map) < 0 ? err_sys(e, "write gid_map") :
								     0;
}

static int ucount_enter(struct spec *s, struct run *r, struct err *e, bool wall)
{
	spec_init(s);
	run_of(r, s, &host);
	if (userns_enter(e) < 0)
		return -e->code;
	if (wall && (key_set(s, "ucount.max_user_namespaces", "0", "t", e) < 0 ||
		     key_set(s, "ucount.max_inotify_instances", "4", "t", e) < 0 ||
		     key_set(s, "ucount.max_fanotify_marks", "max", "t", e) < 0))
		return -e->code;
	return ucount_set(r, e);
}

static int nest(bool wall)
{
	struct err e = ERR_NONE;
	struct spec s;
	struct run r;

	if (ucount_enter(&s, &r, &e, wall) < 0)
		return broken(&e);
	return unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

/* Five instances where four are allowed. */
static int inotify_many(bool wall)
{
	struct err e = ERR_NONE;
	struct spec s;
	struct run r;

	if (ucount_enter(&s, &r, &e, wall) < 0)
		return broken(&e);
	for (int i = 0; i < 5; i++)
		if (inotify_init1(IN_CLOEXEC) < 0)
			return i == 4 ? errno : BROKEN;
	return 0;
}

/* With CAP_SYS_RESOURCE the payload could undo it; without, it cannot. */
static int raise_count(bool wall)
{
	struct err e = ERR_NONE;
	struct spec s;
	struct run r;
	int fd, ret;

	if (ucount_enter(&s, &r, &e, true) < 0)
		return broken(&e);
	/* A user who is not root has no capabilities: exec is not needed to lose them. */
	if (wall) {
		struct {
			uint32_t version;
			int pid;
		} header = { 0x20080522, 0 };
		uint32_t none[6] = { 0 };

		if (syscall(SYS_capset, &header, none) < 0)
			return BROKEN;
	}
	fd = openat(r.proc, "sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ret = write(fd, "7\n", 2) == 2 ? 0 : errno;
	return ret ? ret : unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

static void test_ucount_check(void)
{
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	s.ns[NS_USER].how = NS_HOST;
	set(&s, "ucount.max_user_namespaces", "0", "profile app");
	ok(wall_ucount.check(&s, &host, &e) == 0 && s.ucount[0] == LIMIT_UNSET,
	   "without a user namespace a profile's counts fall away: they would be the host's");
	set(&s, "ucount.max_user_namespaces", "0", "--set");
	ok(wall_ucount.check(&s, &host, &e) == -EINVAL && strstr(e.text, "user namespace"),
	   "what somebody asked for is refused instead");
	s.ns[NS_USER].how = NS_NEW;
	ok(wall_ucount.check(&s, &host, &e) == 0 && s.ucount[0] == 0, "with one it is taken");
}

static void test_ucount(void)
{
	int control = in_child(nest, false);

	test_ucount_check();
	if (control == BROKEN) {
		skip("the ucount wall", "no user namespaces here");
		return;
	}
	is_int(control, 0, "control: a user namespace can be made in a user namespace");
	is_int(in_child(nest, true), ENOSPC, "with max_user_namespaces = 0 it cannot");
	is_int(in_child(inotify_many, false), 0, "control: five inotify instances can be made");
	is_int(in_child(inotify_many, true), EMFILE, "with a count of four the fifth is refused");
	is_int(in_child(raise_count, false), 0, "control: its root can raise a count again");
	is_int(in_child(raise_count, true), EACCES, "without CAP_SYS_RESOURCE nobody can");
}

/* --- uts ------------------------------------------------------------------------------- */

static int rename_own(bool wall)
{
	struct err e = ERR_NONE;
	struct utsname u;
	autospec s;
	struct run r;

	spec_init(&s);
	run_of(&r, &s, &host);
	set(&s, "uts.name", "ward-test.example", "t");
	set(&s, "uts.domain", "nis.example", "t");
	if (!wall)
		s.ns[NS_UTS].how = NS_HOST;
	if (unshare(CLONE_NEWUTS) < 0)
		return BROKEN;
	if (uts_set(&r, &e) < 0)
		return broken(&e);
	if (uname(&u) < 0)
		return BROKEN;
	return strcmp(u.nodename, "ward-test.example") || strcmp(u.domainname, "nis.example");
}

static void test_uts_names(void)
{
	static const char *const good[] = { "a", "web-1", "a.b.c", "with_underscore", "0" };
	static const char *const bad[] = {
		"-a",
		".a",
		"a.",
		"a..b",
		"a b",
		"a/b",
		"a.-b",
		"\xc3\xa4",
		"12345678901234567890123456789012345678901234567890123456789012345"
	};
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ok(key_set(&s, "uts.name", good[i], "t", &e) == 0, "'%s' is a host name", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(key_set(&s, "uts.name", bad[i], "t", &e) == -EINVAL, "'%s' is none", bad[i]);
}

static void test_uts_check(void)
{
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	s.name = strdup("web");
	ok(wall_uts.check(&s, &host, &e) == 0 && s.uts.name && !strcmp(s.uts.name, "web"),
	   "the container's name is the default");
	set(&s, "uts.name", "given", "--hostname");
	ok(wall_uts.check(&s, &host, &e) == 0 && !strcmp(s.uts.name, "given"), "a given one stays");
	s.ns[NS_UTS].how = NS_HOST;
	ok(wall_uts.check(&s, &host, &e) == -EINVAL && strstr(e.text, "--hostname"),
	   "in the host's namespace it is refused: it would rename the host");
	set(&s, "uts.name", "", "--hostname");
	ok(wall_uts.check(&s, &host, &e) == 0 && !s.uts.name, "and there is no default there");
}

static void test_uts(void)
{
	struct utsname before, after;

	test_uts_names();
	test_uts_check();
	if (host.uid != 0) {
		skip("a name of its own", "not root");
		return;
	}
	uname(&before);
	is_int(in_child(rename_own, true), 0, "names are set in a namespace of its own");
	is_int(in_child(rename_own, false), 1, "control: with ns.uts = host the step does nothing");
	uname(&after);
	is_str(after.nodename, before.nodename, "the host keeps its name");
}

/* --- time ------------------------------------------------------------------------------ */

static long boottime_of_child(void)
{
	struct timespec now;
	int pipes[2];
	long seconds = -1;
	pid_t pid;

	if (pipe(pipes) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		clock_gettime(CLOCK_BOOTTIME, &now);
		seconds = now.tv_sec;
		_exit(write(pipes[1], &seconds, sizeof(seconds)) != sizeof(seconds));
	}
	waitpid(pid, NULL, 0);
	if (read(pipes[0], &seconds, sizeof(seconds)) != sizeof(seconds))
		seconds = -1;
	close(pipes[0]);
	close(pipes[1]);
	return seconds;
}

/* Bit 0: the child was not moved; bit 1: a later child was; bit 2: we were. */
static int move_clock(bool wall)
{
	struct err e = ERR_NONE;
	struct timespec now;
	long inside, later, ours;
	autospec s;
	struct run r;

	spec_init(&s);
	run_of(&r, &s, &host);
	set(&s, "time.boottime", "1000000", "t");
	if (wall && time_unshare(&r, &e) < 0)
		return broken(&e);
	inside = boottime_of_child();
	if (wall && time_return(&r, &e) < 0)
		return broken(&e);
	later = boottime_of_child();
	clock_gettime(CLOCK_BOOTTIME, &now);
	ours = now.tv_sec;
	if (time_return(&r, &e) < 0)
		return BROKEN;
	return (inside < ours + 999000) | (later > ours + 1000) << 1 |
	       (r.host_ns[NS_TIME] >= 0) << 2;
}

static int observe_clock(bool wall)
{
	struct err e = ERR_NONE;
	autospec asked;
	autospec seen;
	struct run r;
	struct look l = { 0 };
	char path[32];
	pid_t pid;

	spec_init(&asked);
	spec_init(&seen);
	run_of(&r, &asked, &host);
	set(&asked, "time.boottime", "-5", "t");
	set(&asked, "time.monotonic", "77", "t");
	if (wall && time_unshare(&r, &e) < 0)
		return broken(&e);
	pid = fork();
	while (pid == 0)
		pause();
	if (time_return(&r, &e) < 0)
		return broken(&e);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	l.proc = open(path, O_PATH | O_CLOEXEC);
	l.self = open("/proc/self", O_PATH | O_CLOEXEC);
	if (wall_time.observe(&l, &seen, &e) < 0)
		return broken(&e);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return walls_compare(&asked, &seen, &e) < 0 ? 1 : 0;
}

static int negative_clock(bool wall)
{
	struct err e = ERR_NONE;
	autospec s;
	struct run r;

	(void)wall;
	spec_init(&s);
	run_of(&r, &s, &host);
	set(&s, "time.boottime", "-4000000000", "t");
	if (time_unshare(&r, &e) != -ERANGE || !strstr(e.text, "negative"))
		return 1;
	return r.host_ns[NS_TIME] >= 0 ? 2 : 0;
}

static void test_time(void)
{
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	set(&s, "time.boottime", "5", "file:1");
	s.ns[NS_TIME].how = NS_HOST;
	ok(wall_time.check(&s, &host, &e) == -EINVAL && strstr(e.text, "file:1"),
	   "offsets without a time namespace are refused");
	if (host.uid != 0 || access("/proc/self/ns/time", F_OK) < 0) {
		skip("the time wall", "needs root and time namespaces");
		return;
	}
	s.ns[NS_TIME].how = NS_NEW;
	ok(wall_time.check(&s, &host, &e) == 0, "with one they are taken");
	is_int(in_child(move_clock, false), 1, "control: without the step a child has our uptime");
	is_int(in_child(move_clock, true), 0,
	       "the next child's uptime is moved; neither later ones' nor our own");
	is_int(in_child(observe_clock, false), 1,
	       "control: without the step the offsets are missed");
	is_int(in_child(observe_clock, true), 0,
	       "offsets, also negative ones, are seen from outside");
	is_int(in_child(negative_clock, true), 0,
	       "an offset that makes a clock negative is refused, and we are back in our own time");
}

/* --- labels ---------------------------------------------------------------------------- */

struct label {
	const struct wall *wall;
	const char *key, *value, *sign;
	int (*step)(struct run *r, struct err *e);
};

static void test_label(const struct label *l)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec s;
	struct run r;

	spec_init(&s);
	run_of(&r, &s, &host);
	ok(l->step(&r, &e) == 0, "%s: no label, nothing done", l->wall->name);
	if (access(l->sign, F_OK) == 0) {
		skip(l->key, "the host has it: its policy decides");
		return;
	}
	set(&s, l->key, l->value, "file:5");
	ok(l->wall->check(&s, &host, &e) == -ENOTSUP && strstr(e.text, "file:5") &&
		   strstr(e.text, l->value),
	   "%s: a label is refused where there is no such module", l->wall->name);
	ok(l->step(&r, &e) < 0 && strstr(e.text, l->value),
	   "%s: and if it came that far, the exec label cannot be set silently", l->wall->name);
	list_add(&s.optional, l->wall->name);
	ok(l->wall->check(&s, &host, &e) == 0, "%s: when optional it is left out", l->wall->name);
	key_get(&s, key_find(l->key, NULL), &text);
	is_str(str_text(&text), "", "so that nothing is written or claimed");
	list_clear(&s.optional);
	close(r.proc);
}

static void test_labels(void)
{
	static const struct label labels[] = {
		{ &wall_apparmor, "lsm.apparmor", "ward-test", "/sys/module/apparmor",
		  apparmor_exec },
		{ &wall_selinux, "lsm.selinux", "system_u:system_r:container_t:s0",
		  "/sys/fs/selinux/enforce", selinux_exec },
	};

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		test_label(&labels[i]);
}

int main(void)
{
	walls_init();
	log_level = LOG_ERROR;
	host = (struct host){ .uid = geteuid(), .privileged = geteuid() == 0 };
	if (!mkdtemp(directory))
		return 1;
	test_look_field();
	test_asked();
	test_optional_names();
	test_assume();
	test_open_proc();
	test_keyring();
	test_ucount();
	test_uts();
	test_time();
	test_labels();
	rmdir(directory);
	return done();
}
