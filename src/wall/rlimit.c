/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: one process taking all files, locked memory, signals, queues or real time of the host,
 * and a core dump carrying its memory away. Interfaces: prlimit(2), /proc/PID/limits.
 *
 * Set by the monitor, before init changes its ids, because raising a hard limit needs
 * CAP_SYS_RESOURCE in the initial user namespace: inside there is none.
 *
 * A value is SOFT or SOFT:HARD. More than ward's own hard limit is an error where ward may not
 * raise it. "SOFT:HARD?" means "as much of it as there is": it is lowered without a word. The
 * profiles use this, so that they start everywhere. Which values were written so is remembered:
 * `ward exec` may be called by somebody who has less than the one who started the container.
 *
 * Lost without it: the cgroup's limits remain; they know no files, signals or queues. */
#include "wall/rlimit.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* A hard limit with '?', until check() has resolved it: no real limit is that large. The bits
 * below are the value, all ones being "max". */
#define LOWER_BIT (1ULL << 62)
#define LOWER_MAX (LOWER_BIT - 1)

/* The kernel's rlimit64, which the C library's struct is only on some machines. */
struct limit {
	uint64_t soft, hard; /* UINT64_MAX = RLIM64_INFINITY = LIMIT_MAX */
};

static int prlimit64_call(pid_t pid, int kind, const struct limit *set, struct limit *old)
{
	return (int)syscall(SYS_prlimit64, pid, kind, set, old);
}

/* Key and the label in /proc/PID/limits, by the kernel's number. */
static const struct {
	const char *key, *label;
} kinds[RLIMIT_KINDS] = {
	[RLIMIT_AS] = { "rlimit.as", "Max address space" },
	[RLIMIT_CORE] = { "rlimit.core", "Max core file size" },
	[RLIMIT_CPU] = { "rlimit.cpu", "Max cpu time" },
	[RLIMIT_DATA] = { "rlimit.data", "Max data size" },
	[RLIMIT_FSIZE] = { "rlimit.fsize", "Max file size" },
	[RLIMIT_LOCKS] = { "rlimit.locks", "Max file locks" },
	[RLIMIT_MEMLOCK] = { "rlimit.memlock", "Max locked memory" },
	[RLIMIT_MSGQUEUE] = { "rlimit.msgqueue", "Max msgqueue size" },
	[RLIMIT_NICE] = { "rlimit.nice", "Max nice priority" },
	[RLIMIT_NOFILE] = { "rlimit.nofile", "Max open files" },
	[RLIMIT_NPROC] = { "rlimit.nproc", "Max processes" },
	[RLIMIT_RSS] = { "rlimit.rss", "Max resident set" },
	[RLIMIT_RTPRIO] = { "rlimit.rtprio", "Max realtime priority" },
	[RLIMIT_RTTIME] = { "rlimit.rttime", "Max realtime timeout" },
	[RLIMIT_SIGPENDING] = { "rlimit.sigpending", "Max pending signals" },
	[RLIMIT_STACK] = { "rlimit.stack", "Max stack size" },
};

/* --- keys ------------------------------------------------------------------------------ */

static bool lowers(const struct rlimit_value *v)
{
	return v->hard != LIMIT_MAX && v->hard & LOWER_BIT;
}

static uint64_t wanted_hard(const struct rlimit_value *v)
{
	if (!lowers(v))
		return v->hard;
	return (v->hard & LOWER_MAX) == LOWER_MAX ? LIMIT_MAX : v->hard & LOWER_MAX;
}

static int limit_parse(const char *text, uint64_t *out)
{
	if (str_size(text, out) < 0 || (*out != LIMIT_MAX && *out >= LOWER_MAX))
		return -EINVAL;
	return 0;
}

static int rlimit_key_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct rlimit_value v = { .set = true };
	char copy[64], *hard;
	size_t n = strlen(value);
	bool lower = n && value[n - 1] == '?';

	(void)k;
	if (n >= sizeof(copy))
		return err_msg(e, EINVAL, "'%.40s...' is too long", value);
	memcpy(copy, value, n + 1);
	if (lower)
		copy[n - 1] = '\0';
	hard = strchr(copy, ':');
	if (hard)
		*hard++ = '\0';
	if (limit_parse(copy, &v.soft) < 0 || limit_parse(hard ? hard : copy, &v.hard) < 0)
		return err_msg(e, EINVAL,
			       "'%s' is not SOFT or SOFT:HARD, each a number or max, with a "
			       "? at the end to take what there is",
			       value);
	if (v.soft > v.hard)
		return err_msg(e, EINVAL, "'%s': the soft limit is above the hard one", value);
	if (lower)
		v.hard = LOWER_BIT | (v.hard == LIMIT_MAX ? LOWER_MAX : v.hard);
	*(struct rlimit_value *)field = v;
	return 0;
}

static void limit_text(uint64_t limit, struct str *out)
{
	if (limit == LIMIT_MAX)
		str_add(out, "max");
	else
		str_addu(out, limit);
}

static void rlimit_key_get(const struct key *k, const void *field, struct str *out)
{
	const struct rlimit_value *v = field;

	(void)k;
	if (!v->set)
		return;
	limit_text(v->soft, out);
	str_add(out, ":");
	limit_text(wanted_hard(v), out);
	if (lowers(v))
		str_add(out, "?");
}

static void rlimit_key_clear(const struct key *k, void *field)
{
	(void)k;
	*(struct rlimit_value *)field = (struct rlimit_value){ 0 };
}

static const struct key_type key_rlimit = {
	.name = "SOFT[:HARD]", .set = rlimit_key_set, .get = rlimit_key_get,
	.clear = rlimit_key_clear
};

#define RLIMIT_ROW(kind, what, says)                                                               \
	{                                                                                          \
		.name = "rlimit." what, .type = &key_rlimit, .at = SPEC(rlimit[kind]),             \
		.metavar = "SOFT[:HARD][?]", .flags = KEY_SEEN, .doc = says                        \
	}

static const struct key keys[] = {
	RLIMIT_ROW(RLIMIT_AS, "as", "bytes of address space of a process"),
	RLIMIT_ROW(RLIMIT_CORE, "core", "bytes of a core dump"),
	RLIMIT_ROW(RLIMIT_CPU, "cpu", "seconds of processor time of a process"),
	RLIMIT_ROW(RLIMIT_DATA, "data", "bytes of private writable memory of a process"),
	RLIMIT_ROW(RLIMIT_FSIZE, "fsize", "bytes of a file it writes"),
	RLIMIT_ROW(RLIMIT_LOCKS, "locks", "file locks; not used by kernels since 2.4.25"),
	RLIMIT_ROW(RLIMIT_MEMLOCK, "memlock", "bytes locked into memory, per user"),
	RLIMIT_ROW(RLIMIT_MSGQUEUE, "msgqueue", "bytes in POSIX message queues, per user"),
	RLIMIT_ROW(RLIMIT_NICE, "nice", "20 minus the best nice value that may be set"),
	RLIMIT_ROW(RLIMIT_NOFILE, "nofile", "highest file descriptor of a process plus one"),
	RLIMIT_ROW(RLIMIT_NPROC, "nproc", "processes and threads, per user"),
	RLIMIT_ROW(RLIMIT_RSS, "rss", "resident memory; not used by kernels since 2.4.30"),
	RLIMIT_ROW(RLIMIT_RTPRIO, "rtprio", "highest real-time priority that may be set"),
	RLIMIT_ROW(RLIMIT_RTTIME, "rttime", "microseconds of real-time work without a pause"),
	RLIMIT_ROW(RLIMIT_SIGPENDING, "sigpending", "queued signals and POSIX timers, per user"),
	RLIMIT_ROW(RLIMIT_STACK, "stack", "bytes of a process's stack"),
	{ .name = "spec.rlimit_least", .type = &key_list, .at = SPEC(rlimit_least),
	  .flags = KEY_HIDDEN, .doc = "limits of which less will do" },
};

/* --- check ----------------------------------------------------------------------------- */

/* capable(CAP_SYS_RESOURCE) asks the initial user namespace. */
static bool may_raise(const struct host *h)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return h->privileged && syscall(SYS_capget, &header, data) == 0 &&
	       data[0].effective & 1U << CAP_SYS_RESOURCE;
}

/* Replace a '?' by a number, refuse what cannot be had. `have` is our own limit. */
static int check_one(struct rlimit_value *v, const char *key, const struct limit *have,
		     const struct spec *s, struct err *e)
{
	uint64_t hard = wanted_hard(v);
	autostr limit = { 0 };

	if (hard > have->hard && !lowers(v)) {
		limit_text(have->hard, &limit);
		err_msg(e, EPERM, "%s (%s): ward's own hard limit is %s and it may not raise it",
			key, key_origin(s, key), str_text(&limit));
		return err_hint(e,
				"ask for less, write a ? behind the value to take what there is, "
				"or give ward CAP_SYS_RESOURCE");
	}
	v->hard = hard < have->hard ? hard : have->hard;
	v->soft = v->soft < v->hard ? v->soft : v->hard;
	return 0;
}

static int rlimit_check(struct spec *s, const struct host *h, struct err *e)
{
	bool raise = may_raise(h);

	for (int i = 0; i < RLIMIT_KINDS; i++) {
		struct rlimit_value *v = &s->rlimit[i];
		struct limit have;
		int ret;

		if (!v->set)
			continue;
		if (prlimit64_call(0, i, NULL, &have) < 0)
			return err_sys(e, "%s: read our own limit", kinds[i].key);
		if (raise)
			have.hard = LIMIT_MAX;
		if (lowers(v) && list_add(&s->rlimit_least, kinds[i].key) < 0)
			return err_mem(e);
		ret = check_one(v, kinds[i].key, &have, s, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* What was resolved for whoever started the container is more than this caller has. */
static bool set_least(const struct run *r, int kind, struct limit set)
{
	struct limit have;

	if (errno != EPERM || !list_has(&r->spec->rlimit_least, kinds[kind].key) ||
	    prlimit64_call(r->pid, kind, NULL, &have) < 0)
		return false;
	set.hard = set.hard < have.hard ? set.hard : have.hard;
	set.soft = set.soft < set.hard ? set.soft : set.hard;
	return prlimit64_call(r->pid, kind, &set, NULL) == 0;
}

int rlimit_set(struct run *r, struct err *e)
{
	for (int i = 0; i < RLIMIT_KINDS; i++) {
		const struct rlimit_value *v = &r->spec->rlimit[i];
		const struct limit set = { v->soft, v->hard };
		struct limit old = { 0, 0 };

		if (!v->set || prlimit64_call(r->pid, i, &set, NULL) == 0 || set_least(r, i, set))
			continue;
		err_sys(e, "%s (%s): set %" PRIu64 ":%" PRIu64, kinds[i].key,
			key_origin(r->spec, kinds[i].key), set.soft, set.hard);
		prlimit64_call(r->pid, i, NULL, &old);
		return err_hint(e, "the hard limit is %" PRIu64 "%s", old.hard,
				i == RLIMIT_NOFILE ? ", and fs.nr_open bounds it too" : "");
	}
	return 0;
}

static int set_oom(const struct run *r, const char *process, struct err *e)
{
	char path[32], text[16];
	int ret;

	/* 0 is inherited, and a service manager may have chosen another value for us: left alone. */
	if (r->spec->process.oom_score_adj == 0)
		return 0;
	snprintf(path, sizeof(path), "%s/oom_score_adj", process);
	snprintf(text, sizeof(text), "%d", r->spec->process.oom_score_adj);
	ret = wall_write_proc(r->proc, path, text);
	if (ret == 0)
		return 0;
	errno = -ret;
	err_sys(e, "%s: set process.oom_score_adj to %s",
		key_origin(r->spec, "process.oom_score_adj"), text);
	return ret == -EACCES ? err_hint(e, "lowering it needs CAP_SYS_RESOURCE") : ret;
}

int rlimit_oom(struct run *r, struct err *e)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)r->pid);
	return set_oom(r, pid, e);
}

int rlimit_oom_own(struct run *r, struct err *e)
{
	return set_oom(r, "self", e);
}

/* --- observe --------------------------------------------------------------------------- */

/* One of the two numbers of a line; leaves *text behind it. */
static bool limit_read(char **text, uint64_t *limit)
{
	char *word;

	do
		word = strsep(text, " ");
	while (word && !*word);
	if (!word)
		return false;
	if (!strcmp(word, "unlimited"))
		*limit = LIMIT_MAX;
	else if (str_u64(word, 10, 0, UINT64_MAX, limit) < 0)
		return false;
	return true;
}

/* "Max open files            1024                 524288               files     " */
static bool line_read(char *line, struct spec *seen)
{
	for (int i = 0; i < RLIMIT_KINDS; i++) {
		struct rlimit_value *v = &seen->rlimit[i];
		char *rest = line + strlen(kinds[i].label);

		if (!str_starts(line, kinds[i].label) || *rest != ' ')
			continue;
		v->set = limit_read(&rest, &v->soft) && limit_read(&rest, &v->hard);
		return v->set;
	}
	return true; /* the heading, or a limit of a newer kernel */
}

static int rlimit_observe(const struct look *l, struct spec *seen, struct err *e)
{
	autostr text = { 0 };
	char *rest, *line;
	int ret = file_read(l->proc, "limits", 16384, &text);

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read /proc/%d/limits", (int)l->pid);
	}
	rest = text.text;
	while ((line = strsep(&rest, "\n")))
		if (!line_read(line, seen))
			return err_msg(e, EPROTO, "/proc/%d/limits: '%.60s' is not understood",
				       (int)l->pid, line);
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool bounded(const struct spec *s, int kind)
{
	return s->rlimit[kind].set && s->rlimit[kind].hard != LIMIT_MAX;
}

static bool holds_core(const struct spec *s)
{
	return s->rlimit[RLIMIT_CORE].set && s->rlimit[RLIMIT_CORE].hard == 0;
}

/* The kernel's default of 2^20 and more lets one process hold as many file objects. */
static bool holds_nofile(const struct spec *s)
{
	return bounded(s, RLIMIT_NOFILE) && s->rlimit[RLIMIT_NOFILE].hard <= 1048576;
}

static bool holds_memlock(const struct spec *s)
{
	return bounded(s, RLIMIT_MEMLOCK);
}

static bool holds_realtime(const struct spec *s)
{
	return s->rlimit[RLIMIT_RTPRIO].set && s->rlimit[RLIMIT_RTPRIO].hard == 0;
}

static const struct rule rules[] = {
	{ "rlimit.core", holds_core, "no core dump leaves the container",
	  "a crash hands a core dump to the host's handler or disk" },
	{ "rlimit.nofile", holds_nofile, "open files of a process are bounded",
	  "a process may open more than a million files" },
	{ "rlimit.memlock", holds_memlock, "locked memory is bounded",
	  "locked memory is unbounded" },
	{ "rlimit.realtime", holds_realtime, "no real-time scheduling",
	  "real-time scheduling can starve the host" },
};

static void rlimit_summary(const struct spec *seen, struct str *out)
{
	static const int told[] = { RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_CORE };
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		if (!bounded(seen, told[i]))
			continue;
		str_addf(out, "%s%s %" PRIu64, between, kinds[told[i]].key + strlen("rlimit."),
			 seen->rlimit[told[i]].hard);
		between = ", ";
	}
}

const struct wall wall_rlimit = {
	.name = "rlimit",
	.stops = "one process taking all files, locked memory, signals or queues of the host",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = rlimit_check,
	.settled = SETTLED_ENTERED,
	.observe = rlimit_observe,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = rlimit_summary,
};
