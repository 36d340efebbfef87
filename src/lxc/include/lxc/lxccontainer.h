/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* liblxc.so.1 of ward: the interface of the LXC library, binary compatible with its version 6.
 *
 * A container is an object with functions: c->start(c, 0, NULL). lxc_container_new() makes one and
 * lxc_container_put() releases it. Functions that answer bool say whether they succeeded; then
 * c->error_string holds one sentence that says what was attempted and why it was not possible.
 * Memory that a function returns is to be freed by the caller unless something else is said. An
 * object may be used by several threads at once. */
#ifndef __LXC_CONTAINER_H
#define __LXC_CONTAINER_H

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <lxc/attach_options.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clone() */
#define LXC_CLONE_KEEPNAME (1 << 0)
#define LXC_CLONE_KEEPMACADDR (1 << 1)
#define LXC_CLONE_SNAPSHOT (1 << 2)
#define LXC_CLONE_KEEPBDEVTYPE (1 << 3)
#define LXC_CLONE_MAYBE_SNAPSHOT (1 << 4)
#define LXC_CLONE_MAXFLAGS (1 << 5)
#define LXC_CLONE_ALLOW_RUNNING (1 << 6)

/* create() */
#define LXC_CREATE_QUIET (1 << 0) /* the template's output goes nowhere */
#define LXC_CREATE_MAXFLAGS (1 << 1)

#define LXC_MOUNT_API_V1 1

struct bdev_specs;
struct lxc_snapshot;
struct lxc_lock;
struct lxc_conf;
struct migrate_opts;
struct lxc_console_log;

struct lxc_mount {
	int version; /* LXC_MOUNT_API_V1 */
};

struct lxc_container {
	/* What belongs to the library, but for the members that say otherwise. */
	char *name;
	char *configfile;
	char *pidfile; /* set by the caller: where start() keeps the monitor's pid */
	struct lxc_lock *slock;
	struct lxc_lock *privlock;
	int numthreads;
	struct lxc_conf *lxc_conf; /* NULL: there is no configuration */
	char *error_string;	   /* to be read: why the last function failed */
	int error_num;		   /* to be read: exit status of the container's program */
	bool daemonize;
	char *config_path;

	/* Is there a configuration file? */
	bool (*is_defined)(struct lxc_container *c);
	/* "STOPPED", "RUNNING" ...; not to be freed. */
	const char *(*state)(struct lxc_container *c);
	bool (*is_running)(struct lxc_container *c);
	bool (*freeze)(struct lxc_container *c);
	bool (*unfreeze)(struct lxc_container *c);
	/* As the caller sees it, or -1. */
	pid_t (*init_pid)(struct lxc_container *c);
	/* Add a file to the configuration; NULL: the container's own. */
	bool (*load_config)(struct lxc_container *c, const char *alt_file);
	/* argv NULL: lxc.init.cmd, or lxc.execute.cmd with useinit. With useinit a small init starts
	 * the program. Returns when the container runs, or (without daemonize) when it has ended. */
	bool (*start)(struct lxc_container *c, int useinit, char *const argv[]);
	bool (*startl)(struct lxc_container *c, int useinit, ...);
	/* At once, without asking. */
	bool (*stop)(struct lxc_container *c);
	bool (*want_daemonize)(struct lxc_container *c, bool state);
	bool (*want_close_all_fds)(struct lxc_container *c, bool state);
	char *(*config_file_name)(struct lxc_container *c);
	/* state: "RUNNING|STOPPED"; timeout in seconds, -1: for ever. */
	bool (*wait)(struct lxc_container *c, const char *state, int timeout);
	bool (*set_config_item)(struct lxc_container *c, const char *key, const char *value);
	bool (*destroy)(struct lxc_container *c);
	/* alt_file NULL: the container's own. */
	bool (*save_config)(struct lxc_container *c, const char *alt_file);
	/* t: template; NULL: the configuration alone. */
	bool (*create)(struct lxc_container *c, const char *t, const char *bdevtype,
		       struct bdev_specs *specs, int flags, char *const argv[]);
	bool (*createl)(struct lxc_container *c, const char *t, const char *bdevtype,
			struct bdev_specs *specs, int flags, ...);
	bool (*rename)(struct lxc_container *c, const char *newname);
	bool (*reboot)(struct lxc_container *c);
	/* Ask it to end. timeout: seconds to wait, 0: do not, -1: for ever. */
	bool (*shutdown)(struct lxc_container *c, int timeout);
	void (*clear_config)(struct lxc_container *c);
	bool (*clear_config_item)(struct lxc_container *c, const char *key);
	/* Length of the value, -1 on failure; retv may be NULL to learn the length. */
	int (*get_config_item)(struct lxc_container *c, const char *key, char *retv, int inlen);
	char *(*get_running_config_item)(struct lxc_container *c, const char *key);
	int (*get_keys)(struct lxc_container *c, const char *key, char *retv, int inlen);
	/* Arrays that end with NULL; free each and the array. */
	char **(*get_interfaces)(struct lxc_container *c);
	char **(*get_ips)(struct lxc_container *c, const char *interface, const char *family,
			  int scope);
	int (*get_cgroup_item)(struct lxc_container *c, const char *subsys, char *retv, int inlen);
	bool (*set_cgroup_item)(struct lxc_container *c, const char *subsys, const char *value);
	/* Not to be freed. */
	const char *(*get_config_path)(struct lxc_container *c);
	bool (*set_config_path)(struct lxc_container *c, const char *path);
	struct lxc_container *(*clone)(struct lxc_container *c, const char *newname,
				       const char *lxcpath, int flags, const char *bdevtype,
				       const char *bdevdata, uint64_t newsize, char **hookargs);
	/* A terminal of the container: *ttynum -1 chooses a free one, 0 is the console. *ptxfd receives
	 * the terminal; closing the descriptor returned gives it back. */
	int (*console_getfd)(struct lxc_container *c, int *ttynum, int *ptxfd);
	/* Connect a terminal with the caller's until the escape sequence (Ctrl+letter q);
	 * escape: 1 for Ctrl+a ... */
	int (*console)(struct lxc_container *c, int ttynum, int stdinfd, int stdoutfd, int stderrfd,
		       int escape);
	/* *attached_process is a child of the caller, to be waited for. */
	int (*attach)(struct lxc_container *c, lxc_attach_exec_t exec_function, void *exec_payload,
		      lxc_attach_options_t *options, pid_t *attached_process);
	/* What waitpid(2) says, or -1. */
	int (*attach_run_wait)(struct lxc_container *c, lxc_attach_options_t *options,
			       const char *program, const char *const argv[]);
	int (*attach_run_waitl)(struct lxc_container *c, lxc_attach_options_t *options,
				const char *program, const char *arg, ...);
	int (*snapshot)(struct lxc_container *c, const char *commentfile);
	int (*snapshot_list)(struct lxc_container *c, struct lxc_snapshot **snapshots);
	bool (*snapshot_restore)(struct lxc_container *c, const char *snapname,
				 const char *newname);
	bool (*snapshot_destroy)(struct lxc_container *c, const char *snapname);
	bool (*may_control)(struct lxc_container *c);
	/* dest_path NULL: as src_path. */
	bool (*add_device_node)(struct lxc_container *c, const char *src_path,
				const char *dest_path);
	bool (*remove_device_node)(struct lxc_container *c, const char *src_path,
				   const char *dest_path);
	bool (*attach_interface)(struct lxc_container *c, const char *dev, const char *dst_dev);
	bool (*detach_interface)(struct lxc_container *c, const char *dev, const char *dst_dev);
	bool (*checkpoint)(struct lxc_container *c, char *directory, bool stop, bool verbose);
	bool (*restore)(struct lxc_container *c, char *directory, bool verbose);
	bool (*destroy_with_snapshots)(struct lxc_container *c);
	bool (*snapshot_destroy_all)(struct lxc_container *c);
	int (*migrate)(struct lxc_container *c, unsigned int cmd, struct migrate_opts *opts,
		       unsigned int size);
	int (*console_log)(struct lxc_container *c, struct lxc_console_log *log);
	bool (*reboot2)(struct lxc_container *c, int timeout);
	int (*mount)(struct lxc_container *c, const char *source, const char *target,
		     const char *filesystemtype, unsigned long mountflags, const void *data,
		     struct lxc_mount *mnt);
	int (*umount)(struct lxc_container *c, const char *target, unsigned long mountflags,
		      struct lxc_mount *mnt);
	/* Descriptors, or a negative errno. */
	int (*seccomp_notify_fd)(struct lxc_container *c);
	int (*seccomp_notify_fd_active)(struct lxc_container *c);
	int (*init_pidfd)(struct lxc_container *c);
	int (*devpts_fd)(struct lxc_container *c);
	int rcv_timeout; /* the library's; see set_timeout() */
	/* How many seconds an answer of the monitor is waited for; 0: for ever. */
	bool (*set_timeout)(struct lxc_container *c, int timeout);
};

struct lxc_snapshot {
	char *name;
	char *comment_pathname;
	char *timestamp;
	char *lxcpath;
	void (*free)(struct lxc_snapshot *s);
};

/* Where a new container keeps its files. */
struct bdev_specs {
	char *fstype;
	uint64_t fssize; /* bytes */
	struct {
		char *zfsroot;
	} zfs;
	struct {
		char *vg;
		char *lv;
		char *thinpool;
	} lvm;
	char *dir;
	struct {
		char *rbdname;
		char *rbdpool;
		char *rbduser; /* read for "rbd" only: older callers do not have it */
	} rbd;
};

enum {
	MIGRATE_PRE_DUMP,
	MIGRATE_DUMP,
	MIGRATE_RESTORE,
	MIGRATE_FEATURE_CHECK,
};

#define FEATURE_MEM_TRACK (1ULL << 0)
#define FEATURE_LAZY_PAGES (1ULL << 1)

/* Members may be added at the end: migrate() is told the size. */
struct migrate_opts {
	char *directory;
	bool verbose;
	bool stop;
	char *predump_dir;
	char *pageserver_address;
	char *pageserver_port;
	bool preserves_inodes;
	char *action_script;
	bool disable_skip_in_flight;
	uint64_t ghost_limit;
	uint64_t features_to_check;
};

struct lxc_console_log {
	bool clear;
	bool read;
	uint64_t *read_max; /* in: at most this much, 0 = all; out: how much it was */
	char *data;	    /* not terminated, to be freed */
};

struct lxc_log {
	const char *name;
	const char *lxcpath;
	const char *file;
	const char *level;
	const char *prefix;
	bool quiet;
};

/* configpath NULL: the global lxc.lxcpath. NULL: out of memory, or the container's configuration
 * cannot be read. */
struct lxc_container *lxc_container_new(const char *name, const char *configpath);
/* One more reference: 1, or 0 when the object is gone. */
int lxc_container_get(struct lxc_container *c);
/* One less: 0, 1 when that was the last one, -1 on failure. */
int lxc_container_put(struct lxc_container *c);

/* Fill up to eight names of states (static text) when `states` is not NULL; returns eight. */
int lxc_get_wait_states(const char **states);
/* The value of a key of lxc.conf, or its default; not to be freed. */
const char *lxc_get_global_config_item(const char *key);
const char *lxc_get_version(void);

/* Names and objects, sorted; each array may be left out (NULL). Returns how many, or -1. */
int list_defined_containers(const char *lxcpath, char ***names, struct lxc_container ***cret);
int list_active_containers(const char *lxcpath, char ***names, struct lxc_container ***cret);
int list_all_containers(const char *lxcpath, char ***names, struct lxc_container ***cret);

/* 0, or a negative number. */
int lxc_log_init(struct lxc_log *log);
void lxc_log_close(void);

bool lxc_config_item_is_supported(const char *key);
bool lxc_has_api_extension(const char *extension);

#ifdef __cplusplus
}
#endif

#endif
