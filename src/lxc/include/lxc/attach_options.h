/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a program or a function is run in a container that runs already: liblxc.so.1, attach(). */
#ifndef __LXC_ATTACH_OPTIONS_H
#define __LXC_ATTACH_OPTIONS_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the caller's environment. */
enum {
	LXC_ATTACH_KEEP_ENV = 0,
	LXC_ATTACH_CLEAR_ENV = 1,
};

/* Which walls of the container stand around the program, and what else is to be done. */
enum {
	LXC_ATTACH_MOVE_TO_CGROUP = 0x00000001,
	LXC_ATTACH_DROP_CAPABILITIES = 0x00000002,
	LXC_ATTACH_SET_PERSONALITY = 0x00000004,
	LXC_ATTACH_LSM_EXEC = 0x00000008,
	LXC_ATTACH_REMOUNT_PROC_SYS = 0x00010000,
	LXC_ATTACH_LSM_NOW = 0x00020000,
	LXC_ATTACH_NO_NEW_PRIVS = 0x00040000, /* whatever the configuration says */
	LXC_ATTACH_TERMINAL = 0x00080000,     /* give it a terminal of the container */
	LXC_ATTACH_LSM_LABEL = 0x00100000,    /* .lsm_label is set */
	LXC_ATTACH_SETGROUPS = 0x00200000,    /* .groups is set */
	LXC_ATTACH_DEFAULT = 0x0000ffff,
};

#define LXC_ATTACH_LSM (LXC_ATTACH_LSM_EXEC | LXC_ATTACH_LSM_NOW | LXC_ATTACH_LSM_LABEL)
#define LXC_ATTACH_DETECT_PERSONALITY (~0L)

/* The function that runs inside; its result is the exit status of the process. */
typedef int (*lxc_attach_exec_t)(void *payload);

typedef struct lxc_groups_t {
	size_t size;
	gid_t *list;
} lxc_groups_t;

/* The structure has no size in it: newer members are read only when their flag says that the caller
 * knows them. */
typedef struct lxc_attach_options_t {
	int attach_flags;
	int namespaces; /* CLONE_NEW*, -1: all that the container has of its own */
	long personality;
	char *initial_cwd; /* NULL: the caller's if it exists inside, else / */
	uid_t uid;	   /* inside; (uid_t)-1: root, or the first id there is */
	gid_t gid;
	int env_policy;
	char **extra_env_vars; /* NAME=VALUE, ends with NULL */
	char **extra_keep_env; /* names to keep with LXC_ATTACH_CLEAR_ENV */
	int stdin_fd, stdout_fd, stderr_fd;
	int log_fd;	     /* where the process says why it could not run; may be -EBADF */
	char *lsm_label;     /* with LXC_ATTACH_LSM_LABEL */
	lxc_groups_t groups; /* with LXC_ATTACH_SETGROUPS */
} lxc_attach_options_t;

#define LXC_ATTACH_OPTIONS_DEFAULT                                                                 \
	{                                                                                          \
		.attach_flags = LXC_ATTACH_DEFAULT, .namespaces = -1,                              \
		.personality = LXC_ATTACH_DETECT_PERSONALITY, .initial_cwd = NULL,                 \
		.uid = (uid_t)-1, .gid = (gid_t)-1, .env_policy = LXC_ATTACH_KEEP_ENV,             \
		.extra_env_vars = NULL, .extra_keep_env = NULL, .stdin_fd = 0, .stdout_fd = 1,     \
		.stderr_fd = 2, .log_fd = -EBADF, .lsm_label = NULL, .groups = {}                  \
	}

typedef struct lxc_attach_command_t {
	char *program;
	char **argv; /* ends with NULL */
} lxc_attach_command_t;

/* For attach(): execute a lxc_attach_command_t, or the user's shell (no payload). */
extern int lxc_attach_run_command(void *payload);
extern int lxc_attach_run_shell(void *payload);

#ifdef __cplusplus
}
#endif

#endif
