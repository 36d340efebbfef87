/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor of a container of the LXC front door: `[lxc monitor] LXCPATH NAME`.
 *
 * Two processes. The keeper has the caller's rights and does nothing but wait for the watcher:
 * it starts it anew when the container reboots, and does what comes after the end (hooks, the
 * removal of an ephemeral container). The watcher starts the container, gives up its rights,
 * and serves LXC's command socket from ward's event loop. Nothing that a container or a client
 * says reaches the keeper but fixed numbers through the watcher: docs/decisions/0015. */
#pragma once
#include <stdbool.h>

#include "lxc/start.h"
#include "lxc/wire.h"
#include "watch/container.h"
#include "watch/log_file.h"
#include "watch/monitor.h"

enum { MON_CLIENTS = 32, MON_TTYS = 64 };

/* Numbers of descriptors in the loop. */
enum mon_slot { SLOT_LISTENER, SLOT_CONSOLE, SLOT_PEER, SLOT_CLIENT };

struct mon_client {
	int fd;
	struct lxc_request head;
	char *data; /* of the request that is being read */
	size_t got; /* bytes of head and data */
	int tty;    /* the terminal it holds; -1 = none, 0 = the console */
	bool stops; /* its connection is closed when the container has ended */
	bool waits; /* for one of .wanted */
	bool wanted[LXC_STATES];
};

/* The console of a container that runs detached: read at all times, for whoever looks later. */
struct mon_console {
	int master;	/* the container's; not owned */
	int client_end; /* what a client gets: the other side of `peer` */
	int peer;
	bool connected;
	char pending[4096]; /* what a client typed and the console has not taken */
	size_t n_pending;
	struct log_file log; /* of `ward logs` */
	int file;	     /* lxc.console.logfile, -EBADF = none */
	uint64_t file_size, file_max;
	char *ring; /* lxc.console.buffer.size; NULL = none */
	size_t ring_size, ring_start, ring_used;
};

struct mon {
	const struct lxc_start *start;
	const struct spec *spec;
	struct container c;
	struct monitor *loop;
	int up;	      /* to the keeper */
	int listener; /* the command socket */
	int signals;  /* the keeper's */
	enum lxc_state state;
	bool watched; /* the loop has begun */
	struct mon_client clients[MON_CLIENTS];
	struct mon_console console;
	char *cgroups; /* /proc/PID/cgroup of init at its start */
};

/* --- mon.c --- */

/* main() of a monitor. */
int mon_main(int argc, char **argv);

/* The watcher tells the keeper. */
void mon_tell(const struct mon *m, enum lxc_word word, int value, int code, const struct err *e);

/* Run the host's programs that lxc.hook.TYPE names. */
int mon_hooks(const struct mon *m, const char *type, int pid, const char *target, struct err *e);

/* --- mon_watch.c --- */

/* Start the container and watch it until it ends, telling the keeper; e: why it did not start. */
int mon_watch(struct mon *m, struct spec *spec, char **argv, struct err *e);

/* --- mon_spec.c --- */

/* What the configuration means to ward, with the name and the command. */
int mon_spec(const struct mon *m, struct spec *spec, struct err *e);

/* --- mon_serve.c: the command socket --- */

int mon_listen(const char *lxcpath, const char *name, struct err *e);
void mon_serve_ready(struct mon *m, uint32_t slot);
/* The state is another one: who waits for it is told. */
void mon_serve_state(struct mon *m, enum lxc_state state);
void mon_serve_end(struct mon *m);

/* --- mon_console.c --- */

/* Before the start, with all rights. */
int mon_console_open(struct mon *m, struct err *e);
void mon_console_begin(struct mon *m);
void mon_console_ready(struct mon *m, enum mon_slot slot, uint32_t events);
/* Give the console to a client: a descriptor that stays ours, or a negative errno. */
int mon_console_take(struct mon *m);
void mon_console_release(struct mon *m);
/* What is in the ring: at most max bytes (0: all), in two pieces. */
struct mon_pieces {
	const char *text[2];
	size_t len[2];
};
size_t mon_console_read(const struct mon *m, uint64_t max, struct mon_pieces *out);
void mon_console_clear(struct mon *m);
void mon_console_close(struct mon *m);
