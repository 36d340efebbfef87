/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward-user-nic: what it reads of lxc-usernet, and whose a network namespace is. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/sys.h"
#include "tap.h"
#include "usernic/caller.h"
#include "usernic/usernet.h"

/* --- lines ----------------------------------------------------------------------------- */

static int collect(const struct usernet_line *line, void *ctx)
{
	usernet_write(line, ctx);
	return 0;
}

static void test_lines(void)
{
	static const struct {
		const char *text, *read, *says;
	} rows[] = {
		{ "alice veth br0 2\n", "alice veth br0 2\n", "a line is read" },
		{ "alice veth br0 2", "alice veth br0 2\n", "the last line needs no end" },
		{ "\talice  veth\tbr0 2  \n", "alice veth br0 2\n", "blanks do not matter" },
		{ "@staff veth br0 2\n", "@staff veth br0 2\n", "a group is read" },
		{ "alice veth br0 2 # so\n", "alice veth br0 2\n", "a comment may follow" },
		{ "# alice veth br0 2\n#a b c d\n", "", "a comment grants nothing" },
		{ "alice veth br0\n", "", "three words grant nothing" },
		{ "alice veth br0 2 3\n", "", "five words grant nothing" },
		{ "alice veth abcdefghijklmnop 2\n", "", "no interface has so long a name" },
		{ "alice veth br\0010 2\n", "", "control characters grant nothing" },
		{ "x\nalice veth br0 2\ny\n", "alice veth br0 2\n", "bad lines are passed over" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autostr read = { 0 };

		usernet_parse(rows[i].text, strlen(rows[i].text), collect, &read);
		is_str(str_text(&read), rows[i].read, rows[i].says);
	}
}

static void test_counts(void)
{
	static const char taken[] =
		"alice veth br0 a\nalice veth br1 b\nalice veth br0 c\nbob veth br0 d\n";
	static const struct {
		const char *count;
		uint32_t is;
	} rows[] = { { "7", 7 },	  { "0", 0 },  { "-1", 0 },	   { "1k", 0 },
		     { "4294967295", UINT32_MAX }, { "4294967296", 0 }, { "0x9", 0 } };
	struct usernet_line line = { "alice", "veth", "br0", "" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(line.last, sizeof(line.last), "%s", rows[i].count);
		is_int(usernet_count(&line), rows[i].is, rows[i].count);
	}
	is_int(usernet_taken(taken, strlen(taken), &line), 2,
	       "same owner, type and bridge are counted");
	line.owner[0] = 'A';
	is_int(usernet_taken(taken, strlen(taken), &line), 0, "another owner has none");
}

static bool is_not_a(const char *interface, void *ctx)
{
	(void)ctx;
	return strcmp(interface, "a") != 0;
}

static void test_cull(void)
{
	static const char text[] = "alice veth br0 a\nbob veth br0 b\n";
	autostr kept = { 0 };

	usernet_cull(text, strlen(text), is_not_a, NULL, &kept);
	is_str(str_text(&kept), "bob veth br0 b\n", "what is gone is left out");
}

/* --- the caller ------------------------------------------------------------------------ */

static void test_owner(void)
{
	struct caller c = { .uid = 1000, .name = "alice", .n_groups = 1, .group = { "staff" } };

	ok(caller_is(&c, "alice"), "a line is his by name");
	ok(caller_is(&c, "1000"), "or by number");
	ok(caller_is(&c, "@staff"), "or by a group of his");
	ok(!caller_is(&c, "bob") && !caller_is(&c, "@wheel") && !caller_is(&c, "staff") &&
		   !caller_is(&c, "@alice") && !caller_is(&c, ""),
	   "no other is");
}

static void test_given(void)
{
	is_int(caller_given("/proc/self/fd/7"), 7, "a descriptor is given");
	is_int(caller_given("/proc/self/fd/2"), -1, "a standard stream is none");
	is_int(caller_given("/proc/self/fd/7/x"), -1, "more than a number is none");
	is_int(caller_given("/proc/1/fd/7"), -1, "another's is none");
	is_int(caller_given("1234"), -1, "a pid is none");
}

/* A process that sleeps in new namespaces of these kinds. */
static pid_t sleeper(int flags)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (unshare(flags) < 0)
			_exit(1);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool takes(const struct caller *c, pid_t pid, const char *what, struct err *e)
{
	autoclose int fd = -EBADF;
	char text[64];

	snprintf(text, sizeof(text), what, (int)pid);
	fd = caller_netns(c, text, caller_given(text), e);
	return fd >= 0;
}

static void test_netns(void)
{
	static const char *const refused[] = { "/proc/%d/ns/pid", "/proc/%d/ns/user", "/proc/%d/stat",
					       "/proc/%d/no-such", "/dev/null", "/no/such", "0", "-1",
					       "4194304", "", "x", "/proc/self/ns/net" };
	struct caller root = { .uid = 0, .gid = 0 }, other = { .uid = 4242, .gid = 4242 };
	struct err e = ERR_NONE, first = ERR_NONE;
	pid_t own = sleeper(CLONE_NEWUSER | CLONE_NEWNET), hosts = sleeper(CLONE_NEWNET);

	if (geteuid() != 0 || own < 0 || hosts < 0) {
		skip("whose a network namespace is", "needs root and user namespaces");
		return;
	}
	ok(takes(&root, own, "%d", &e), "a namespace that the caller made is taken by pid");
	ok(takes(&root, own, "/proc/%d/ns/net", &e), "and by path");
	ok(!takes(&other, own, "%d", &first), "another's is refused");
	ok(!takes(&root, hosts, "%d", &e), "one that the host's user namespace owns is refused");
	is_str(e.text, first.text, "in the same words");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		e = ERR_NONE;
		ok(!takes(&root, own, refused[i], &e) && !strcmp(e.text, first.text) && e.code == EPERM,
		   "'%s' is refused in the same words", refused[i]);
	}
	end(own);
	end(hosts);
}

int main(void)
{
	test_lines();
	test_counts();
	test_cull();
	test_owner();
	test_given();
	test_netns();
	return done();
}
