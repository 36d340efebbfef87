/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static const char *const states[LXC_STATES] = {
	[LXC_STOPPED] = "STOPPED",   [LXC_STARTING] = "STARTING", [LXC_RUNNING] = "RUNNING",
	[LXC_STOPPING] = "STOPPING", [LXC_ABORTING] = "ABORTING", [LXC_FREEZING] = "FREEZING",
	[LXC_FROZEN] = "FROZEN",     [LXC_THAWED] = "THAWED",
};

const char *lxc_state_name(int state)
{
	return state >= 0 && state < LXC_STATES ? states[state] : NULL;
}

int lxc_state_number(const char *name, size_t len)
{
	for (int i = 0; i < LXC_STATES; i++)
		if (strlen(states[i]) == len && !memcmp(states[i], name, len))
			return i;
	return -1;
}

/* What a command carries. */
enum cargo {
	CARGO_NONE,   /* nothing, or a number in the pointer */
	CARGO_TEXT,   /* a terminated text */
	CARGO_STATES, /* LXC_STATES numbers */
	CARGO_LOG,    /* struct lxc_log_request */
	CARGO_CGROUP, /* struct lxc_cgroup_fd */
	CARGO_ANY,    /* what it holds does not matter */
};

static const enum cargo cargos[LXC_CMDS] = {
	[LXC_CMD_GET_CGROUP] = CARGO_TEXT,
	[LXC_CMD_GET_LIMIT_CGROUP] = CARGO_TEXT,
	[LXC_CMD_GET_CONFIG_ITEM] = CARGO_TEXT,
	[LXC_CMD_ADD_STATE_CLIENT] = CARGO_STATES,
	[LXC_CMD_CONSOLE_LOG] = CARGO_LOG,
	[LXC_CMD_SECCOMP_NOTIFY_ADD_LISTENER] = CARGO_ANY,
	[LXC_CMD_ADD_BPF_DEVICE_CGROUP] = CARGO_ANY,
	[LXC_CMD_GET_CGROUP_CTX] = CARGO_ANY,
	[LXC_CMD_GET_CGROUP_FD] = CARGO_CGROUP,
	[LXC_CMD_GET_LIMIT_CGROUP_FD] = CARGO_CGROUP,
};

bool lxc_request_valid(const struct lxc_request *head)
{
	return head->cmd >= 0 && head->cmd < LXC_CMDS && head->datalen >= 0 &&
	       head->datalen <= LXC_CMD_DATA_MAX;
}

static int parse_text(const char *data, size_t len, struct lxc_command *out)
{
	if (len == 0)
		return 0;
	/* Terminated, and nothing behind the end. */
	if (memchr(data, '\0', len) != data + len - 1)
		return -EINVAL;
	out->text = data;
	return 0;
}

static int parse_states(const void *data, size_t len, struct lxc_command *out)
{
	int32_t number[LXC_STATES];

	if (len != sizeof(number))
		return -EINVAL;
	memcpy(number, data, sizeof(number));
	for (int i = 0; i < LXC_STATES; i++)
		out->wanted[i] = number[i] != 0;
	return 0;
}

static int parse_log(const void *data, size_t len, struct lxc_command *out)
{
	const unsigned char *bytes = data;

	if (len < sizeof(out->log))
		return -EINVAL;
	/* A byte that is neither 0 nor 1 must never become a bool. */
	out->log.clear = bytes[offsetof(struct lxc_log_request, clear)] != 0;
	out->log.read = bytes[offsetof(struct lxc_log_request, read)] != 0;
	memcpy(&out->log.read_max, bytes + offsetof(struct lxc_log_request, read_max),
	       sizeof(out->log.read_max));
	return 0;
}

static int parse_cgroup(const void *data, size_t len, struct lxc_command *out)
{
	struct lxc_cgroup_fd in;

	if (len != sizeof(in))
		return -EINVAL;
	memcpy(&in, data, sizeof(in));
	if (!memchr(in.controller, '\0', sizeof(in.controller)))
		return -EINVAL;
	memcpy(out->controller, in.controller, sizeof(out->controller));
	return 0;
}

int lxc_command_parse(const struct lxc_request *head, const void *data, struct lxc_command *out)
{
	size_t len;

	if (!lxc_request_valid(head))
		return -EINVAL;
	*out = (struct lxc_command){ .cmd = (enum lxc_cmd)head->cmd };
	out->number = (int)(int64_t)head->data;
	len = (size_t)head->datalen;
	switch (cargos[out->cmd]) {
	case CARGO_NONE:
	case CARGO_ANY:
		return 0;
	case CARGO_TEXT:
		return parse_text(data, len, out);
	case CARGO_STATES:
		return parse_states(data, len, out);
	case CARGO_LOG:
		return parse_log(data, len, out);
	case CARGO_CGROUP:
		return parse_cgroup(data, len, out);
	}
	return -EINVAL;
}

uint64_t lxc_hash(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

/* One byte of sun_path makes the name abstract, and one is kept for LXC's terminator. */
socklen_t lxc_command_address(const char *lxcpath, const char *name, struct sockaddr_un *out)
{
	autostr whole = { 0 };
	size_t room = sizeof(out->sun_path) - 1;
	int n;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(out->sun_path + 1, room, "%s/%s/command", lxcpath, name);
	if (n < 0 || (size_t)n >= room) {
		str_addf(&whole, "%s/%s", lxcpath, name);
		memset(out->sun_path, 0, sizeof(out->sun_path));
		n = snprintf(out->sun_path + 1, room, "lxc/%016llx/command",
			     (unsigned long long)lxc_hash(str_text(&whole)));
	}
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

void lxc_runtime_path(struct str *out)
{
	const char *dir = geteuid() == 0 ? "/run" : secure_getenv("XDG_RUNTIME_DIR");
	const char *home = secure_getenv("HOME");

	if (dir)
		str_addf(out, "%s/lxc", dir);
	else
		str_addf(out, "%s/.cache/lxc/run/lxc", home ? home : "");
}

void lxc_fifo_path(const char *lxcpath, struct str *out)
{
	lxc_runtime_path(out);
	str_addf(out, "/%s/monitor-fifo", lxcpath);
}
