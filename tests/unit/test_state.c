/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a container as a file. */
#include <inttypes.h>
#include <sys/prctl.h>

#include "store_top.h"

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
	prctl(PR_SET_NAME, "test_state");
	ok(state_same_process(proc, getpid(), start), "we are the same process");
	ok(!state_same_process(proc, getpid(), start + 1), "but not one of another time");
	ok(!state_same_process(proc, getpid(), 0), "nor one of an unknown time");
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	ok(state_start_time(proc, pid) == 0, "a process that is gone has none");
}

static void tests(const struct store *s)
{
	test_state(s);
	test_state_parse();
	test_start_time();
}

int main(void)
{
	return in_store(tests);
}
