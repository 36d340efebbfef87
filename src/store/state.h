/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of one container: the file "state" in its state directory.
 *
 * Lines of key=value, written whole and renamed, so that a reader sees one state or the next.
 * It names what has to be cleaned up when the owner dies; a pid counts only together with the
 * start time of its process, or a new process with an old number would be killed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum state_id {
	STATE_CREATING,
	STATE_CREATED,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_STOPPING,
	STATE_STOPPED,
	STATE_IDS
};

/* A further member needs one row in state.c's table. Text holds no control characters. */
struct state {
	enum state_id id;
	pid_t pid;	     /* init; 0 = none yet */
	uint64_t start_time; /* of init, state_start_time() */
	pid_t monitor;
	uint64_t monitor_start_time;
	int64_t created, started; /* CLOCK_REALTIME, seconds; 0 = not yet */
	int exit_status;	  /* 0..255, 128 + signal; -1 = has not ended */
	uint32_t range_base, range_gid_base, range_count; /* count 0 = none taken */
	uint64_t dev;					  /* device number of the tmpfs at /dev */
	char cgroup_parent[256];
	char profile[64];
	char lxcpath[256]; /* a container of the LXC front door: where its definition lies */
};

/* A state in which nothing has happened: STATE_CREATING, exit_status -1. */
void state_init(struct state *s);

/* Write `s` as dir/state. On a tmpfs: one file made, written, renamed. 0 or -errno with e set. */
int state_write(int dir, const struct state *s, struct err *e);

/* Read dir/state. Keys that are missing keep their defaults, unknown ones are ignored (an older
 * or newer ward wrote them); a damaged value is an error. Returns 0, -ENOENT when there is no
 * state yet, or another -errno; e is set. */
int state_read(int dir, struct state *s, struct err *e);

/* The same from memory; text need not be terminated. */
int state_parse(const char *text, size_t len, struct state *s, struct err *e);

/* "creating", "running", ...; NULL when out of range. */
const char *state_name(enum state_id id);

/* When a process started, in clock ticks after boot: field 22 of /proc/PID/stat (proc(5)). With
 * the pid it names one process of this boot. proc: the host's /proc. 0 = no such process. */
uint64_t state_start_time(int proc, pid_t pid);

/* True when `pid` is still the process that started at `start_time`. */
bool state_same_process(int proc, pid_t pid, uint64_t start_time);
