/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define STATE_MAX 16384 /* bytes of the file */

static const char *const state_names[STATE_IDS] = {
	[STATE_CREATING] = "creating", [STATE_CREATED] = "created",   [STATE_RUNNING] = "running",
	[STATE_PAUSED] = "paused",     [STATE_STOPPING] = "stopping", [STATE_STOPPED] = "stopped",
};

const char *state_name(enum state_id id)
{
	return (unsigned)id < STATE_IDS ? state_names[id] : NULL;
}

/* --- the table ---------------------------------------------------------------------------- */

enum field_type { FIELD_STATE, FIELD_PID, FIELD_INT, FIELD_U32, FIELD_U64, FIELD_I64, FIELD_TEXT };

struct field {
	const char *key;
	enum field_type type;
	size_t at, size;
};

#define FIELD(k, t, member)                                                                        \
	{                                                                                          \
		.key = k, .type = t, .at = offsetof(struct state, member),                         \
		.size = sizeof(((struct state *)0)->member)                                        \
	}

static const struct field fields[] = {
	FIELD("state", FIELD_STATE, id),
	FIELD("pid", FIELD_PID, pid),
	FIELD("start_time", FIELD_U64, start_time),
	FIELD("monitor", FIELD_PID, monitor),
	FIELD("monitor_start_time", FIELD_U64, monitor_start_time),
	FIELD("created", FIELD_I64, created),
	FIELD("started", FIELD_I64, started),
	FIELD("exit_status", FIELD_INT, exit_status),
	FIELD("range_base", FIELD_U32, range_base),
	FIELD("range_gid_base", FIELD_U32, range_gid_base),
	FIELD("range_count", FIELD_U32, range_count),
	FIELD("dev", FIELD_U64, dev),
	FIELD("cgroup_parent", FIELD_TEXT, cgroup_parent),
	FIELD("profile", FIELD_TEXT, profile),
	FIELD("lxcpath", FIELD_TEXT, lxcpath),
};

void state_init(struct state *s)
{
	*s = (struct state){ .id = STATE_CREATING, .exit_status = -1 };
}

/* --- writing ------------------------------------------------------------------------------ */

static int field_write(const struct field *f, const struct state *s, struct str *out)
{
	const void *at = (const char *)s + f->at;

	switch (f->type) {
	case FIELD_STATE:
		if (!state_name(*(const enum state_id *)at))
			return -EINVAL;
		str_addf(out, "%s=%s\n", f->key, state_name(*(const enum state_id *)at));
		return 0;
	case FIELD_PID:
	case FIELD_INT:
		str_addf(out, "%s=%d\n", f->key, *(const int *)at);
		return 0;
	case FIELD_U32:
		str_addf(out, "%s=%" PRIu32 "\n", f->key, *(const uint32_t *)at);
		return 0;
	case FIELD_U64:
		str_addf(out, "%s=%" PRIu64 "\n", f->key, *(const uint64_t *)at);
		return 0;
	case FIELD_I64:
		str_addf(out, "%s=%" PRId64 "\n", f->key, *(const int64_t *)at);
		return 0;
	case FIELD_TEXT:
		/* A line end in a text would forge the lines behind it. */
		if (!memchr(at, '\0', f->size) || str_has_control(at))
			return -EINVAL;
		str_addf(out, "%s=%s\n", f->key, (const char *)at);
		return 0;
	}
	return -EINVAL;
}

int state_write(int dir, const struct state *s, struct err *e)
{
	autostr text = { 0 };
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (field_write(&fields[i], s, &text) < 0)
			return err_msg(e, EINVAL,
				       "write the state: %s holds what cannot be written",
				       fields[i].key);
	if (text.failed)
		return err_mem(e);
	ret = file_replace(dir, "state", text.text, text.len, 0600);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "write the state of the container");
	}
	return 0;
}

/* --- reading ------------------------------------------------------------------------------ */

static int field_read_name(const char *value, enum state_id *id)
{
	for (int i = 0; i < STATE_IDS; i++) {
		if (strcmp(value, state_names[i]))
			continue;
		*id = (enum state_id)i;
		return 0;
	}
	return -EINVAL;
}

static int field_read(const struct field *f, const char *value, struct state *s)
{
	void *at = (char *)s + f->at;
	uint64_t u = 0;
	int64_t i = 0;
	int ret;

	switch (f->type) {
	case FIELD_STATE:
		return field_read_name(value, at);
	case FIELD_PID:
	case FIELD_INT:
		/* kill(2) takes a negative pid for a group and -1 for everybody. */
		ret = str_i64(value, f->type == FIELD_PID ? 0 : INT_MIN, INT_MAX, &i);
		*(int *)at = (int)i;
		return ret;
	case FIELD_U32:
		ret = str_u64(value, 10, 0, UINT32_MAX, &u);
		*(uint32_t *)at = (uint32_t)u;
		return ret;
	case FIELD_U64:
		return str_u64(value, 10, 0, UINT64_MAX, at);
	case FIELD_I64:
		return str_i64(value, INT64_MIN, INT64_MAX, at);
	case FIELD_TEXT:
		if (strlen(value) >= f->size || str_has_control(value))
			return -EINVAL;
		strcpy(at, value);
		return 0;
	}
	return -EINVAL;
}

/* One line, terminated; seen: one bit per field. */
static int state_parse_line(char *line, struct state *s, uint32_t *seen, struct err *e)
{
	char *value = strchr(line, '=');

	if (!value)
		return 0;
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(line, fields[i].key))
			continue;
		if (*seen & (1U << i))
			return err_msg(e, EBADMSG, "the state is damaged: %s appears twice", line);
		*seen |= 1U << i;
		if (field_read(&fields[i], value, s) < 0)
			return err_msg(e, EBADMSG, "the state is damaged: %s has no valid value",
				       line);
		return 0;
	}
	return 0;
}

_Static_assert(ARRAY_SIZE(fields) <= 32, "one bit per field");

int state_parse(const char *text, size_t len, struct state *s, struct err *e)
{
	const char *end = text + len;
	uint32_t seen = 0;
	char line[512];
	int ret = 0;

	state_init(s);
	if (memchr(text, '\0', len))
		return err_msg(e, EBADMSG, "the state is damaged: it contains a NUL byte");
	while (text < end && ret == 0) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);

		/* The last line has its end too, or a part of the file is missing. */
		if (!stop || n >= sizeof(line))
			return err_msg(e, EBADMSG, "the state is damaged: %s",
				       stop ? "a line is too long" : "its end is missing");
		memcpy(line, text, n);
		line[n] = '\0';
		ret = state_parse_line(line, s, &seen, e);
		text = stop + 1;
	}
	return ret;
}

int state_read(int dir, struct state *s, struct err *e)
{
	autostr text = { 0 };
	int ret = file_read(dir, "state", STATE_MAX, &text);

	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "read the state of the container");
	}
	return state_parse(str_text(&text), text.len, s, e);
}

/* --- processes ---------------------------------------------------------------------------- */

uint64_t state_start_time(int proc, pid_t pid)
{
	char path[32], stat[1024];
	autoclose int fd = -EBADF;
	const char *p;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", (int)pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
	if (n <= 0)
		return 0;
	stat[n] = '\0';
	/* Field 2 is a name of the process's own choice, brackets and all: only the last ")" ends
	 * it. */
	p = strrchr(stat, ')');
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoull(p, NULL, 10) : 0;
}

bool state_same_process(int proc, pid_t pid, uint64_t start_time)
{
	return pid > 0 && start_time > 0 && state_start_time(proc, pid) == start_time;
}
