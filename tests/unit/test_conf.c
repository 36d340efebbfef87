/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration text: syntax, profiles, includes, and writing a spec back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/conf.h"
#include "front/gate.h"
#include "front/profile.h"
#include "spec/dump.h"
#include "spec/key.h"
#include "tap.h"
#include "wall/wall.h"

static struct err e;

static int parse(struct spec *s, const char *text)
{
	e = ERR_NONE;
	return conf_parse(s, text, strlen(text), "test.conf", &e);
}

/* The value of a key as text, in a buffer of its own per call site. */
static const char *value(const struct spec *s, const char *name, struct str *out)
{
	str_free(out);
	key_get(s, key_find(name, NULL), out);
	return str_text(out);
}

#define value_is(s, name, want, what)                                                              \
	do {                                                                                       \
		autostr got__ = { 0 };                                                             \
		is_str(value(s, name, &got__), want, what);                                        \
	} while (0)

/* The text is refused, with a message that holds `says`. */
static void refused(const char *text, const char *says, const char *what)
{
	autospec s;

	spec_init(&s);
	if (!ok(parse(&s, text) < 0 && strstr(e.text, says), "%s", what))
		printf("#   got '%s'\n", e.text);
}

static void test_lines(void)
{
	autospec s;

	spec_init(&s);
	ok(parse(&s, "# comment\n\n  \t\npids.max = 12\r\n  memory.max=1M  \nprocess.cwd = /a#b") ==
		   0,
	   "comments, blank lines, CRLF, blanks and a last line without an end are fine");
	value_is(&s, "pids.max", "12", "a value ends before the CR");
	value_is(&s, "process.cwd", "/a#b", "a '#' in a value is part of it");
	value_is(&s, "memory.max", "1048576", "blanks around key and value do not count");
	is_str(key_origin(&s, "memory.max"), "test.conf:5", "an origin is file and line");
	is_str(key_origin(&s, "cpu.weight"), "built-in", "what nobody set has no origin");
	ok(parse(&s, "\xef\xbb\xbfpids.max = 13\n") == 0, "a byte order mark is passed over");
	value_is(&s, "pids.max", "13", "the line behind the mark counts");
	ok(parse(&s, "pids.max =\n") == 0, "an empty value is no error");
	value_is(&s, "pids.max", "", "an empty value clears");
}

static void test_lists(void)
{
	autospec s;

	spec_init(&s);
	parse(&s, "proc.mask = /a\nproc.mask = /b\n");
	value_is(&s, "proc.mask", "/a\n/b", "a list key appends");
	parse(&s, "proc.mask =\nproc.mask = /c\n");
	value_is(&s, "proc.mask", "/c", "an empty value empties the list");
}

static void test_words(void)
{
	autospec s;

	spec_init(&s);
	ok(parse(&s, "process.args = a\\nb\\x09\\\\\nprocess.args = \\\"\\\"\nprocess.args = \"\"\n"
		     "process.args = \"\\x20c \"\n") == 0,
	   "escapes are read");
	is_int(s.process.args.n, 4, "four words");
	is_str(s.process.args.n > 0 ? s.process.args.item[0] : NULL, "a\nb\t\\", "\\n \\x09 \\\\");
	is_str(s.process.args.n > 1 ? s.process.args.item[1] : NULL, "\"\"", "escaped quotes stay");
	is_str(s.process.args.n > 2 ? s.process.args.item[2] : NULL, "", "\"\" is the empty word");
	is_str(s.process.args.n > 3 ? s.process.args.item[3] : NULL, " c ", "quotes keep blanks");
	ok(parse(&s, "process.args =\n") == 0 && s.process.args.n == 0, "an empty value clears");
	refused("process.args = \\w\n", "test.conf:1", "an unknown escape is refused");
	refused("process.args = \\x00\n", "test.conf:1", "NUL cannot be escaped");
}

static void test_env(void)
{
	autospec s;

	spec_init(&s);
	parse(&s, "process.env = A=1\nprocess.env = B=2\nprocess.env = A=3\nprocess.env = AB=4\n");
	value_is(&s, "process.env", "A=3\nB=2\nAB=4", "a later value of a variable replaces it");
	refused("process.env = novalue\n", "NAME=VALUE", "a variable without '=' is refused");
	refused("process.env = =x\n", "NAME=VALUE", "a variable without a name is refused");
}

static void test_bad_lines(void)
{
	refused("pids.max = 1\nbogus\n", "test.conf:2",
		"a line without '=' is refused with its place");
	refused("memory.mux = 1\n", "'memory.max'", "an unknown key gets the nearest name");
	refused("\n\npids.max = many\n", "test.conf:3: pids.max",
		"a bad value names place and key");
	refused("Pids.Max = 1\n", "test.conf:1", "upper case is no key");
	refused("\x1b[31m = 1\n", "not the name of a key", "control characters are not repeated");
	refused("[section]\n", "sections", "sections are refused");
	refused("include = other.conf\n", "only possible in a file", "a text cannot include");
	refused("include =\n", "no file", "an include of nothing is refused");
	refused("origin = --memory\n", "origin", "only a whole configuration names origins");
}

static void test_bad_bytes(void)
{
	autospec s;
	autostr text = { 0 };

	spec_init(&s);
	e = ERR_NONE;
	ok(conf_parse(&s, "pids.max = 1\npids\0.max = 2\n", 27, "nul.conf", &e) < 0 &&
		   strstr(e.text, "nul.conf:2"),
	   "a NUL byte is refused with its place");
	str_add(&text, "uts.name = ");
	for (int i = 0; i < 70000; i++)
		str_add(&text, "x");
	e = ERR_NONE;
	ok(conf_parse(&s, text.text, text.len, "long.conf", &e) == -E2BIG,
	   "a line of more than 64 KiB is refused");
}

static void test_profiles(void)
{
	for (size_t i = 0; profile_name(i); i++) {
		autospec s;

		spec_init(&s);
		e = ERR_NONE;
		if (!ok(profile_apply(&s, profile_name(i), "test", &e) == 0, "profile %s is read",
			profile_name(i)))
			printf("#   %s\n", e.text);
		is_str(s.profile, profile_name(i), "and its name is remembered");
		ok(profile_is_fresh(&s), "and nothing but a profile has set a key");
		ok(str_starts(key_origin(&s, "seccomp.policy"), "profile "), "origins say profile");
	}
}

static void test_profile_rules(void)
{
	autospec s;

	spec_init(&s);
	ok(parse(&s, "profile = system\npids.max = 5\n") == 0, "profile comes first");
	value_is(&s, "seccomp.policy", "system", "a profile sets its keys");
	value_is(&s, "pids.max", "5", "and the file's own come after it");
	refused("pids.max = 5\nprofile = app\n", "before any other key",
		"profile cannot come later");
	refused("profile = apq\n", "'app'", "an unknown profile gets the nearest name");
	refused("profile = ../app\n", "no profile", "a profile is not a path");

	spec_free(&s);
	spec_init(&s);
	profile_apply(&s, "app", "default", &e);
	ok(parse(&s, "profile = system\n") == 0, "a file may replace the default profile");
	value_is(
		&s, "proc.mask",
		"/proc/acpi\n/proc/asound\n/proc/interrupts\n/proc/kallsyms\n/proc/kcore\n"
		"/proc/keys\n/proc/latency_stats\n/proc/sched_debug\n/proc/scsi\n/proc/sysrq-trigger\n"
		"/proc/timer_list\n/proc/timer_stats\n/sys/devices/virtual/powercap\n/sys/firmware\n"
		"/sys/fs/selinux",
		"and nothing of the first one stays behind in lists");
	profile_apply(&s, "app", "--profile", &e);
	ok(parse(&s, "profile = system\npids.max = 7\n") == 0,
	   "with --profile a file's word is passed over");
	is_str(s.profile, "app", "--profile has the last word");
	ok(parse(&s, "profile = none\n") < 0, "but a whole configuration cannot be laid over it");
}

/* The table in the documentation of profiles, as far as keys say it. */
static void test_posture(void)
{
	static const struct {
		const char *profile, *key, *value;
	} rows[] = {
		{ "app", "process.user", "1000:1000" },	    { "app", "rootfs.readonly", "true" },
		{ "app", "rootfs.nosuid", "true" },	    { "app", "rootfs.nodev", "true" },
		{ "app", "caps.bounding", "none" },	    { "app", "no_new_privs", "true" },
		{ "app", "landlock", "true" },		    { "app", "seccomp.policy", "app" },
		{ "app", "memory.swap", "0" },		    { "app", "ucount.max_user_namespaces", "0" },
		{ "app", "rlimit.core", "0:0" },	    { "app", "keyring", "true" },
		{ "immutable", "rootfs.readonly", "true" }, { "immutable", "process.user", "1000:1000" },
		{ "immutable", "caps.bounding", "none" },   { "immutable", "proc.mode", "ro" },
		{ "system", "process.user", "0:0" },	    { "system", "rootfs.readonly", "false" },
		{ "system", "rootfs.nosuid", "true" },	    { "system", "rootfs.nodev", "true" },
		{ "system", "ns.user", "new" },		    { "system", "seccomp.policy", "system" },
		{ "appliance", "seccomp.policy", "system" }, { "appliance", "ns.user", "new" },
		{ "privileged", "ns.user", "host" },	    { "privileged", "seccomp.policy", "system" },
		{ "privileged", "ucount.max_user_namespaces", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		autospec s;
		char what[128];

		spec_init(&s);
		profile_apply(&s, rows[i].profile, "test", &e);
		snprintf(what, sizeof(what), "%s: %s = %s", rows[i].profile, rows[i].key, rows[i].value);
		value_is(&s, rows[i].key, rows[i].value, what);
	}
}

/* Every key that bounds something is set and finite in every profile but privileged. */
static void test_finite(void)
{
	static const char *const limits[] = {
		"memory.max", "memory.swap", "pids.max", "cpu.weight", "io.weight",
		"cgroup.max_descendants", "cgroup.max_depth", "dev.pts_max", "dev.shm_size",
		"rlimit.nofile", "rlimit.nproc", "rlimit.core", "rlimit.memlock", "rlimit.msgqueue",
		"rlimit.sigpending", "rlimit.rtprio", "ucount.max_user_namespaces",
		"ucount.max_mnt_namespaces", "ucount.max_inotify_instances", "log.size",
	};

	for (size_t i = 0; profile_name(i); i++) {
		autospec s;

		if (!strcmp(profile_name(i), "privileged"))
			continue;
		spec_init(&s);
		profile_apply(&s, profile_name(i), "test", &e);
		for (size_t j = 0; j < sizeof(limits) / sizeof(limits[0]); j++) {
			autostr got = { 0 };

			value(&s, limits[j], &got);
			if (!got.len || strstr(got.text, "max"))
				ok(false, "%s: %s is finite", profile_name(i), limits[j]);
		}
		ok(true, "%s: the limits were looked at", profile_name(i));
	}
}

static void test_system_caps(void)
{
	static const char *const never[] = { "sys_module", "sys_rawio", "sys_time", "mac_admin",
					     "mac_override", "sys_resource", "bpf", "perfmon",
					     "audit_control", "checkpoint_restore", "wake_alarm",
					     "block_suspend", "syslog" };
	autospec s;
	autostr got = { 0 };

	spec_init(&s);
	profile_apply(&s, "system", "test", &e);
	value(&s, "caps.bounding", &got);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		char word[40];

		snprintf(word, sizeof(word), " %s ", never[i]);
		ok(!strstr(str_text(&got), word), "system has no %s", never[i]);
	}
	ok(strstr(str_text(&got), "sys_admin") != NULL, "system has sys_admin (the control)");
}

/* --- files ------------------------------------------------------------------------------ */

static void put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		perror(name);
	close(fd);
}

static void read_refused(int dir, const char *file, const char *says, const char *what)
{
	autospec s;

	spec_init(&s);
	e = ERR_NONE;
	if (!ok(conf_read(&s, dir, file, &e) < 0 && strstr(e.text, says), "%s", what))
		printf("#   got '%s'\n", e.text);
}

static void test_includes(int dir)
{
	autospec s;

	mkdirat(dir, "sub", 0700);
	put(dir, "a.conf", "include = sub/b.conf\ncpu.weight = 7\n");
	put(dir, "sub/b.conf", "pids.max = 3\ninclude = c.conf\n");
	put(dir, "sub/c.conf", "profile = system\n");
	read_refused(dir, "a.conf", "sub/c.conf:1",
		     "an included profile line after a key is refused");
	put(dir, "sub/c.conf", "uts.name = deep\n");
	spec_init(&s);
	e = ERR_NONE;
	if (!ok(conf_read(&s, dir, "a.conf", &e) == 0,
		"includes are relative to the file that includes"))
		printf("#   %s\n", e.text);
	value_is(&s, "uts.name", "deep", "the innermost file counts");
	is_str(key_origin(&s, "pids.max"), "sub/b.conf:1", "origins name the included file");
	is_str(key_origin(&s, "cpu.weight"), "a.conf:2", "and the including one");
	put(dir, "sub/c.conf", "include = ../a.conf\n");
	read_refused(dir, "a.conf", "includes itself", "a cycle is refused");
	put(dir, "sub/c.conf", "include = nothing.conf\n");
	read_refused(dir, "a.conf", "sub/c.conf:1", "a missing file names who wanted it");
}

static void test_depth(int dir)
{
	char name[16], text[64];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		snprintf(text, sizeof(text), "include = d%d\n", i + 1);
		put(dir, name, i < 19 ? text : "pids.max = 1\n");
	}
	read_refused(dir, "d0", "deep", "twenty files deep is refused");
	read_refused(dir, "d2", "deep", "one more than allowed is refused");
	for (int from = 3; from < 20; from += 16) {
		autospec s;

		snprintf(name, sizeof(name), "d%d", from);
		spec_init(&s);
		ok(conf_read(&s, dir, name, &e) == 0, "%d includes are allowed", 19 - from);
	}
}

static void test_odd_files(int dir)
{
	int fd = openat(dir, "big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ok(ftruncate(fd, CONF_FILE_MAX + 1) == 0, "a large file is made");
	close(fd);
	mkfifoat(dir, "fifo", 0600);
	read_refused(dir, "big", "larger than 1 MiB", "a file of more than 1 MiB is refused");
	read_refused(dir, "fifo", "not a regular file", "a FIFO is refused and not waited for");
	read_refused(dir, "sub", "", "a directory is refused");
	read_refused(dir, "none", "none", "a missing file is named");
	read_refused(AT_FDCWD, "/dev/zero", "not a regular file", "a device is refused");
	read_refused(dir, "", "", "an empty name is refused");
}

/* --- dump ------------------------------------------------------------------------------- */

static void round_trip(const struct spec *s, const char *what)
{
	autostr first = { 0 }, second = { 0 };
	autospec again;
	size_t different = 0;

	spec_init(&again);
	profile_apply(&again, "app", "default", &e);
	dump_write(s, true, &first);
	e = ERR_NONE;
	if (!ok(conf_parse(&again, str_text(&first), first.len, "dump", &e) == 0,
		"%s: a dump is read", what))
		printf("#   %s\n", e.text);
	for (size_t i = 0; i < key_count_all(); i++) {
		const struct key *k = key_at(i);

		if (key_equal(k, s, &again) &&
		    (k->flags & KEY_HIDDEN ||
		     !strcmp(key_origin(s, k->name), key_origin(&again, k->name)) ||
		     !strcmp(key_origin(&again, k->name), "built-in")))
			continue;
		different++;
		printf("#   %s: %s (%s) / %s\n", what, k->name, key_origin(s, k->name),
		       key_origin(&again, k->name));
	}
	is_int(different, 0, "  with the same values, by the same origins");
	dump_write(&again, true, &second);
	is_str(str_text(&second), str_text(&first), "  and dumps to the same text");
}

/* What lies on top of what survives. */
static void test_order(const struct spec *s)
{
	static const char *const targets[] = { "/tmp", "/run", "/y", "/y/z", "/y/z/w" };
	autostr text = { 0 };
	autospec again;

	spec_init(&again);
	dump_write(s, false, &text);
	conf_parse(&again, str_text(&text), text.len, "dump", &e);
	is_int(again.volumes.n, 5, "five volumes");
	for (size_t i = 0; i < again.volumes.n && i < 5; i++)
		is_str(again.volumes.item[i].target, targets[i], "in the order written");
}

static void test_dump(void)
{
	autospec s;

	for (size_t i = 0; profile_name(i); i++) {
		autospec p;

		spec_init(&p);
		profile_apply(&p, profile_name(i), "default", &e);
		round_trip(&p, profile_name(i));
	}
	spec_init(&s);
	profile_apply(&s, "app", "--profile", &e);
	gate_open(&s, "tun", "x.conf:1", &e);
	gate_open(&s, "cap:net_raw", "--allow", &e);
	key_set(&s, "spec.name", "web", "--name", &e);
	key_set(&s, "rootfs.path", " /a b\t", "ROOTFS", &e);
	key_set(&s, "process.args", "\\x20x\\n\\\\ \\x20", "command line", &e);
	key_set(&s, "process.args", "\"\"", "command line", &e);
	key_set(&s, "process.env", "Q=\"quoted\"", "--env", &e);
	key_set(&s, "process.env", "R=\"", "--env", &e);
	key_set(&s, "process.terminal", "true", "--tty", &e);
	key_set(&s, "volume", "/x:/y:exec", "--volume", &e);
	key_set(&s, "tmpfs", "/y/z", "--tmpfs", &e);
	key_set(&s, "volume", "/x:/y/z/w", "--volume", &e);
	key_set(&s, "cpu.max", "1.5", "--cpus", &e);
	key_set(&s, "io.max", "8:0 rbps=1M", "--set", &e);
	key_set(&s, "optional", "landlock", "--set", &e);
	round_trip(&s, "odd values");
	test_order(&s);
}

int main(void)
{
	char path[] = "/tmp/ward-test-conf-XXXXXX";
	int dir;

	walls_init();
	test_lines();
	test_lists();
	test_words();
	test_env();
	test_bad_lines();
	test_bad_bytes();
	test_profiles();
	test_profile_rules();
	test_posture();
	test_finite();
	test_system_caps();
	test_dump();

	if (!mkdtemp(path))
		return 1;
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	test_includes(dir);
	test_depth(dir);
	test_odd_files(dir);
	close(dir);
	if (fork() == 0) {
		execlp("rm", "rm", "-rf", path, NULL);
		_exit(1);
	}
	return done();
}
