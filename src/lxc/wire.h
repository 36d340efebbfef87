/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words that LXC's tools and monitors exchange: names of sockets, commands, states. They are
 * those of LXC 4 to 7, so that either's tools see the other's containers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/str.h"

/* States of a container, numbered as on the wire. */
enum lxc_state {
	LXC_STOPPED,
	LXC_STARTING,
	LXC_RUNNING,
	LXC_STOPPING,
	LXC_ABORTING,
	LXC_FREEZING,
	LXC_FROZEN,
	LXC_THAWED,
	LXC_STATES
};

/* "STOPPED" ...; NULL when out of range. And back: -1 for an unknown word. */
const char *lxc_state_name(int state);
int lxc_state_number(const char *name, size_t len);

enum lxc_cmd {
	LXC_CMD_GET_TTY_FD,
	LXC_CMD_TERMINAL_WINCH,
	LXC_CMD_STOP,
	LXC_CMD_GET_STATE,
	LXC_CMD_GET_INIT_PID,
	LXC_CMD_GET_CLONE_FLAGS,
	LXC_CMD_GET_CGROUP,
	LXC_CMD_GET_CONFIG_ITEM,
	LXC_CMD_GET_NAME,
	LXC_CMD_GET_LXCPATH,
	LXC_CMD_ADD_STATE_CLIENT,
	LXC_CMD_CONSOLE_LOG,
	LXC_CMD_SERVE_STATE_CLIENTS,
	LXC_CMD_SECCOMP_NOTIFY_ADD_LISTENER,
	LXC_CMD_ADD_BPF_DEVICE_CGROUP,
	LXC_CMD_FREEZE,
	LXC_CMD_UNFREEZE,
	LXC_CMD_GET_CGROUP2_FD,
	LXC_CMD_GET_INIT_PIDFD,
	LXC_CMD_GET_LIMIT_CGROUP,
	LXC_CMD_GET_LIMIT_CGROUP2_FD,
	LXC_CMD_GET_DEVPTS_FD,
	LXC_CMD_GET_SECCOMP_NOTIFY_FD,
	LXC_CMD_GET_CGROUP_CTX,
	LXC_CMD_GET_CGROUP_FD,
	LXC_CMD_GET_LIMIT_CGROUP_FD,
	LXC_CMD_GET_SYSTEMD_SCOPE,
	LXC_CMDS
};

enum { LXC_CMD_DATA_MAX = 8192 };

/* A pointer of the sender travels in both; small numbers are put into it. */
struct lxc_request {
	int32_t cmd;
	int32_t datalen;
	uint64_t data;
};

struct lxc_response {
	int32_t ret; /* 0, a positive answer, or a negative errno */
	int32_t datalen;
	uint64_t data;
};

/* What a state client and the fan-out daemon are told. */
enum lxc_msg_type { LXC_MSG_STATE, LXC_MSG_PRIORITY, LXC_MSG_EXIT_CODE };
struct lxc_msg {
	int32_t type;
	char name[256];
	int32_t value;
};

/* What CONSOLE_LOG carries. */
struct lxc_log_request {
	bool clear, read;
	uint64_t read_max;
};

/* What GET_CGROUP_FD carries there and back: one hierarchy, by the name of a controller. */
struct lxc_cgroup_fd {
	uint32_t layout, utilities;
	uint32_t magic;	     /* of its file system: statfs(2) */
	int32_t fd;	     /* as the sender numbers it; the descriptor itself comes along */
	char controller[64]; /* "": v2 */
};

/* What GET_CGROUP_CTX answers: all of them. */
struct lxc_cgroup_ctx {
	uint32_t layout, utilities;
	uint32_t n;
	int32_t fd[20];
	uint32_t unused;
};

/* A request that was read and understood. */
struct lxc_command {
	enum lxc_cmd cmd;
	int number;
	const char *text; /* terminated, into the data; NULL when there was none */
	bool wanted[LXC_STATES];
	struct lxc_log_request log;
	char controller[64];
};

/* True when `head` may be a request: then head->datalen bytes follow (0..LXC_CMD_DATA_MAX). */
bool lxc_request_valid(const struct lxc_request *head);

/* Understand a whole request from a peer that is trusted with nothing. data: head->datalen bytes.
 * Returns 0, or -EINVAL. */
int lxc_command_parse(const struct lxc_request *head, const void *data, struct lxc_command *out);

/* The abstract address of a container's command socket; returns its length. */
socklen_t lxc_command_address(const char *lxcpath, const char *name, struct sockaddr_un *out);

/* The number that long names are shortened to (FNV-1a, 64 bits). */
uint64_t lxc_hash(const char *text);

/* Where the fan-out daemon of lxc-monitor listens for `lxcpath`: "/run/lxc/LXCPATH/monitor-fifo". */
void lxc_fifo_path(const char *lxcpath, struct str *out);

/* $XDG_RUNTIME_DIR/lxc or /run/lxc. */
void lxc_runtime_path(struct str *out);

/* What the library's child and the monitor say to who waits for a start. */
enum lxc_word { LXC_WORD_STATE, LXC_WORD_RUNNING, LXC_WORD_FAILED, LXC_WORD_ENDED };
struct lxc_report {
	uint32_t word;
	int32_t value; /* STATE: enum lxc_state; ENDED: exit status, 128 + signal; FAILED: exit status */
	int32_t code;	/* ENDED: CLD_EXITED, CLD_KILLED ... */
	int32_t pid;	/* RUNNING: the process that watches the container */
	struct err err; /* FAILED */
};
