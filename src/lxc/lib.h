/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside liblxc: what its files have in common. Each lib_*.c holds members of struct lxc_container
 * that belong together; lib_object.c puts them into the object. */
#pragma once
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <lxc/lxccontainer.h>
#include <lxc/version.h>

#include "base/err.h"
#include "base/str.h"
#include "front/lxc_conf.h"
#include "lxc/wire.h"

#define API __attribute__((visibility("default")))

/* --- the object (lib_object.c) --- */

/* What slock and privlock are. privlock is the object's, slock the container's on this host:
 * /run/lxc/lock/LXCPATH/.NAME, the file LXC's tools lock too. Both may be taken again by who has
 * them. */
struct lxc_lock {
	pthread_mutex_t mutex;
	char *path; /* slock only */
	int fd;
	unsigned depth;
};

/* Once per process, at the first use: the walls' keys. */
void lib_init(void);

/* What silence in a configuration means: LXC's letter for programs that use the library; the lxc-*
 * tools say otherwise before they do anything. */
void lib_set_secure(bool secure);
bool lib_is_secure(void);

void lib_lock(struct lxc_container *c);
void lib_unlock(struct lxc_container *c);
int lib_disk_lock(struct lxc_container *c, struct err *e);
void lib_disk_unlock(struct lxc_container *c);

/* The object's configuration, or NULL; and one that is made when there is none (NULL: no memory).
 * To be used between lib_lock() and lib_unlock(). */
struct lxc_config *lib_config(const struct lxc_container *c);
struct lxc_config *lib_config_make(struct lxc_container *c);

/* "LXCPATH/NAME" and "LXCPATH/NAME/BELOW". */
void lib_path(const struct lxc_container *c, const char *below, struct str *out);

/* Write a file anew, whole or not at all: 0, or -errno with e set. */
int lib_write(const char *path, const struct str *text, struct err *e);

/* Keep the error in c->error_string and log it. Always false. */
bool lib_fail(struct lxc_container *c, struct err *e);
/* The same for members that return numbers: always -1. */
int lib_fail_int(struct lxc_container *c, struct err *e);

/* Put the members of one file into an object. */
void lib_config_members(struct lxc_container *c);
void lib_state_members(struct lxc_container *c);
void lib_start_members(struct lxc_container *c);
void lib_stop_members(struct lxc_container *c);
void lib_create_members(struct lxc_container *c);
void lib_destroy_members(struct lxc_container *c);
void lib_attach_members(struct lxc_container *c);
void lib_console_members(struct lxc_container *c);
void lib_net_members(struct lxc_container *c);
void lib_cgroup_members(struct lxc_container *c);
void lib_device_members(struct lxc_container *c);
void lib_mount_members(struct lxc_container *c);
void lib_later_members(struct lxc_container *c);

/* Where the hierarchy of a controller is mounted ("memory", "name=systemd"; "" is v2): appended to
 * out. False: nowhere. lib_cgroup.c */
bool lib_cgroup_mount(const char *controller, struct str *out);

/* --- log (lib_log.c) --- */

enum lib_level { LIB_TRACE, LIB_DEBUG, LIB_INFO, LIB_NOTICE, LIB_WARN, LIB_ERROR };
void lib_log(const struct lxc_container *c, enum lib_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* --- asking a monitor (lib_call.c) --- */

struct lib_answer {
	int ret;
	uint64_t number;
	char *data; /* terminated; NULL: none */
	size_t len;
	int fd;	  /* sent along; -EBADF: none */
	int sock; /* the connection, when it is to be kept */
};
void lib_answer_free(struct lib_answer *a);
#define autoanswer __attribute__((cleanup(lib_answer_free))) struct lib_answer

/* What is asked: the number travels in the pointer when there are no data. */
struct lib_question {
	enum lxc_cmd cmd;
	uint64_t number;
	const void *data;
	size_t len;
	bool silent; /* no answer is expected: the connection is kept and returned at once */
	bool keep;
};

/* Returns 0, -ESRCH when nobody listens (the container does not run), or another negative errno;
 * what the monitor refused is its errno. */
int lib_ask(const struct lxc_container *c, const struct lib_question *q, struct lib_answer *a,
	    struct err *e);
int lib_ask_simple(const struct lxc_container *c, enum lxc_cmd cmd, struct lib_answer *a,
		   struct err *e);

/* Enum lxc_state of the container; LXC_STOPPED when nobody listens. */
int lib_state(const struct lxc_container *c);
pid_t lib_init_pid(const struct lxc_container *c);

/* Wait until one of `wanted` comes. timeout: seconds, -1 = for ever. The state, or -ETIMEDOUT ... */
int lib_wait(const struct lxc_container *c, const bool *wanted, int timeout, struct err *e);
/* Tell the monitor now, and wait for it later: what happens in between is not missed. Returns the
 * state if it is there already, LXC_STATES with the connection in *sock, or a negative errno. */
int lib_wait_begin(const struct lxc_container *c, const bool *wanted, int *sock, struct err *e);
int lib_wait_end(int sock, int64_t deadline_ms, struct err *e);
int64_t lib_deadline(int timeout); /* in milliseconds of CLOCK_MONOTONIC; -1 = never */
/* Until the monitor itself is gone. */
void lib_wait_gone(const struct lxc_container *c);

/* The arguments of a function that ends with NULL as an array, to be freed. */
char **lib_arguments(const char *first, va_list args);

/* A key of the running container's configuration, to be freed; NULL: unset, or not running. */
char *lib_running_item(const struct lxc_container *c, const char *key);
