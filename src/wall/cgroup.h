/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup wall: limits on processes, memory, CPU, I/O and huge pages, and the handle by which
 * all processes of a container are frozen, counted and killed. cgroup v2 alone, v1 alone and
 * hybrids of the two look the same from here; struct run_cgroup (wall/run.h) holds what is used.
 *
 * Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of the kernel. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_cgroup;

/* Fill cgroup_v2_only and cgroup_usable. Looks at /sys/fs/cgroup only, changes nothing. */
void cgroup_look(struct host *h);

/* One sentence on what is missing and how to get it, or NULL when cgroups can be used. */
const char *cgroup_missing(const struct host *h);

/* Controllers of cgroup v2, as words with blanks between: those that the kernel has there, and those
 * of the cgroup in which we may make others. `where` receives its path. */
void cgroup_v2_offer(struct str *all, struct str *ours, struct str *where);

/* Monitor of an ordinary user, who has no cgroup but one that was delegated to his session: write
 * down where that is (r->cg.base), so that a cleaner finds it from another session. */
void cgroup_place(struct run *r);

/* Monitor: make "ward-NAME" in cgroup v2, which the clone needs (r->cg); what else there is comes
 * with cgroup_limit(), beside init's own work. Needs r->uid_map and r->gid_map when
 * cgroup.delegate is set. An unprivileged caller without a writable cgroup gets nothing and 0:
 * see cgroup_missing(). On failure nothing is left behind. */
int cgroup_create(struct run *r, struct err *e);

/* Monitor, after the clone and before init runs anything but our own code: the v1 directories, all
 * limits and the device rules. */
int cgroup_limit(struct run *r, struct err *e);

/* Init, still with the monitor's ids: enter the v1 hierarchies by writing "0" to `tasks`, which
 * for the single thread that asks for itself takes microseconds; a pid in cgroup.procs waits for
 * an RCU grace period. (v2 is entered by clone3(CLONE_INTO_CGROUP) with r->cg.inner.)
 * Allocates nothing. */
int cgroup_join(struct run *r, struct err *e);

/* Monitor, before it gives up the right to look: remember how many directories above the container's
 * are ours to remove with it. parent: cgroup.parent, may be NULL. */
void cgroup_count(struct run_cgroup *cg, const char *parent);

/* Then: open the directory that holds the topmost of them (O_PATH). Its descriptor or -errno. */
int cgroup_top_open(const struct run_cgroup *cg, enum cg_hierarchy h);

/* Undo of cgroup_create(): kill what is left inside, remove, close. Idempotent. */
void cgroup_remove(struct run *r);

/* Remove what a monitor that was killed left behind: everything inside "ward-NAME" below
 * `parent` (cgroup.parent, may be NULL) is killed and the directory removed, in all hierarchies.
 * 0 also when there is nothing. */
int cgroup_remove_named(const char *parent, const char *name, struct err *e);

/* Open the directories of a running container: r->cg.dir, tasks and inner, for exec, info and
 * freeze. Found through r->pid when it is set, else through the spec's cgroup.parent (r->spec
 * may be NULL). With a pid, `inner` is the cgroup of init itself, wherever below its own subtree
 * it went: a cgroup that holds a process can always take another. -ESRCH when there is none.
 * Released by cgroup_close(). */
int cgroup_reopen(struct run *r, const char *name, struct err *e);

/* The limits of a running container (r->cg, opened by cgroup_reopen()) that `keys` names become those
 * of r->spec, and are read back. -EOPNOTSUPP when it was started without the controller. What was
 * changed before an error stays changed. */
int cgroup_update(struct run *r, const struct list *keys, struct err *e);

/* Close all descriptors; the cgroups stay. */
void cgroup_close(struct run_cgroup *cg);

/* SIGKILL to everything inside, frozen or not. Does not wait. 0 or -errno. */
int cgroup_kill(const struct run_cgroup *cg);

/* Stop or continue everything inside; returns when the kernel says that it is done, or after
 * ten seconds with -ETIMEDOUT (and thaws again). */
int cgroup_freeze(const struct run_cgroup *cg, bool frozen, struct err *e);

/* True when no live process is inside (also when there is no cgroup). */
bool cgroup_is_empty(const struct run_cgroup *cg);

/* What a container uses now. LIMIT_UNSET: the kernel does not say, because the controller is
 * not in use for it. LIMIT_MAX in a limit: none. */
struct cgroup_stats {
	uint64_t pids, pids_max;
	uint64_t memory, memory_max, memory_peak, swap; /* bytes */
	uint64_t oom_kills;
	uint64_t cpu_usec, cpu_user_usec, cpu_system_usec;
	uint64_t throttled, throttled_usec; /* times and time held back by cpu.max */
	uint64_t io_read, io_written;	    /* bytes */
};

/* 0, or -ENOENT when the container has no cgroup. */
int cgroup_stats(const struct run_cgroup *cg, struct cgroup_stats *out);
