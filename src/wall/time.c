/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: learning from the uptime when the host was started, and telling containers of one host
 * by it; and it lets a moved container's clocks go on. Interfaces: unshare(CLONE_NEWTIME),
 * /proc/PID/timens_offsets (time_namespaces(7)). The real-time clock has no namespace.
 *
 * Made by the monitor before the clone: offsets can only be written before the first process is
 * inside, and from the user namespace that owns it.
 *
 * Without offsets an own time namespace hides nothing; it is built all the same when asked for,
 * so that "ns.time = new" is true: measured on 6.18 it costs 12 us of the monitor (unshare 2,
 * offsets 3, return 7), 3 us of the child, and 3 % of a clock_gettime(2) in the vdso.
 *
 * Lost without it: uptime and boot time are the host's. */
#include "wall/time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

/* --- keys ------------------------------------------------------------------------------ */

/* KTIME_SEC_MAX / 2, the kernel's bound; it also refuses what would make a clock negative. */
static const struct key_bounds bounds = { -4611686018, 4611686018 };

static const struct key keys[] = {
	{ .name = "time.monotonic", .type = &key_int64, .of = &bounds, .at = SPEC(time.monotonic),
	  .metavar = "SECONDS", .flags = KEY_SEEN, .doc = "added to the host's monotonic clock" },
	{ .name = "time.boottime", .type = &key_int64, .of = &bounds, .at = SPEC(time.boottime),
	  .metavar = "SECONDS", .flags = KEY_SEEN,
	  .doc = "added to the host's boot-time clock, which uptime shows" },
};

/* --- check ----------------------------------------------------------------------------- */

static bool time_known(void)
{
	struct stat st;

	return stat("/proc/self/ns/time", &st) == 0;
}

static int time_check(struct spec *s, const struct host *h, struct err *e)
{
	bool offsets = s->time.monotonic || s->time.boottime;

	(void)h;
	if (s->ns[NS_TIME].how != NS_NEW && offsets)
		return err_msg(e, EINVAL, "%s: clock offsets need ns.time = new",
			       key_origin(s,
					  s->time.monotonic ? "time.monotonic" : "time.boottime"));
	if (s->ns[NS_TIME].how != NS_NEW || time_known())
		return 0;
	if (offsets || (wall_asked(s, "ns.time") && !wall_optional(s, "time")))
		return err_msg(e, ENOTSUP,
			       "%s: this kernel has no time namespaces (CONFIG_TIME_NS)",
			       key_origin(s, "ns.time"));
	log_note("no time namespaces in this kernel: uptime is the host's");
	s->ns[NS_TIME].how = NS_HOST;
	return 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

static int write_offsets(struct run *r, struct err *e)
{
	const struct spec *s = r->spec;
	char text[96];
	int ret;

	if (!s->time.monotonic && !s->time.boottime)
		return 0;
	snprintf(text, sizeof(text), "monotonic %" PRId64 " 0\nboottime %" PRId64 " 0\n",
		 s->time.monotonic, s->time.boottime);
	ret = wall_write_proc(r->proc, "self/timens_offsets", text);
	if (ret == 0)
		return 0;
	errno = -ret;
	err_sys(e, "time.monotonic, time.boottime: write /proc/self/timens_offsets");
	return ret == -ERANGE ? err_hint(e, "no clock may become negative") : ret;
}

int time_unshare(struct run *r, struct err *e)
{
	int ret;

	if (r->spec->ns[NS_TIME].how != NS_NEW)
		return 0;
	/* A namespace file is a magic link, which wall_open_proc() rightly refuses. */
	r->host_ns[NS_TIME] = openat(r->proc, "self/ns/time", O_RDONLY | O_CLOEXEC);
	if (r->host_ns[NS_TIME] < 0)
		return err_sys(e, "ns.time: remember the host's time namespace");
	if (unshare(CLONE_NEWTIME) < 0) {
		fd_close(&r->host_ns[NS_TIME]);
		return err_sys(e, "ns.time: make a time namespace");
	}
	ret = write_offsets(r, e);
	if (ret < 0) {
		struct err ignored;

		time_return(r, &ignored);
	}
	return ret;
}

int time_return(struct run *r, struct err *e)
{
	if (r->spec->ns[NS_TIME].how != NS_NEW || r->host_ns[NS_TIME] < 0)
		return 0;
	if (setns(r->host_ns[NS_TIME], CLONE_NEWTIME) < 0)
		return err_sys(e, "ns.time: come back to the host's time namespace");
	fd_close(&r->host_ns[NS_TIME]);
	return 0;
}

/* --- observe --------------------------------------------------------------------------- */

/* Ward may itself run with offsets: what the container shares with it is no offset. */
static bool time_shared(const struct look *l)
{
	bool shared;

	return look_shares(l, "time", &shared) < 0 || shared;
}

static bool offset_read(const char *text, const char *clock, int64_t *seconds)
{
	const char *line = strstr(text, clock);
	long nanoseconds;

	return line && sscanf(line + strlen(clock), "%" SCNd64 " %ld", seconds, &nanoseconds) == 2;
}

static int time_observe(const struct look *l, struct spec *seen, struct err *e)
{
	autostr text = { 0 };
	int ret;

	if (time_shared(l))
		return 0;
	ret = file_read(l->proc, "timens_offsets", 256, &text);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read /proc/%d/timens_offsets", (int)l->pid);
	}
	if (!offset_read(str_text(&text), "monotonic", &seen->time.monotonic) ||
	    !offset_read(str_text(&text), "boottime", &seen->time.boottime))
		return err_msg(e, EPROTO, "/proc/%d/timens_offsets is not understood", (int)l->pid);
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool holds_uptime(const struct spec *s)
{
	return s->time.boottime != 0;
}

static const struct rule rules[] = {
	{ "time.uptime", holds_uptime, "the host's uptime is not told",
	  "the host's uptime can be read" },
};

static void time_summary(const struct spec *seen, struct str *out)
{
	if (seen->time.monotonic || seen->time.boottime)
		str_addf(out, "clocks moved by %+" PRId64 " s, uptime by %+" PRId64 " s",
			 seen->time.monotonic, seen->time.boottime);
}

const struct wall wall_time = {
	.name = "time",
	.stops = "learning from the uptime when the host was started",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = time_check,
	.settled = SETTLED_ENTERED,
	.observe = time_observe,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = time_summary,
};
