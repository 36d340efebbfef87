/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A wall: one kind of isolation, one file.
 *
 * Every wall file has the same sections in the same order: (1) what it stops, by which kernel
 * interfaces, what is lost without it; (2) keys; (3) check; (4) steps in the order of the
 * phases, undo beside its step; (5) observe; (6) rules; (7) the struct wall. Walls do not
 * include each other; launch/order.c says in which order their steps run. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "spec/key.h"
#include "spec/spec.h"
#include "wall/run.h"

/* Kernel state of one process, read once and shared by the observe() functions. */
struct look {
	const struct host *host;
	pid_t pid;
	int proc;	      /* /proc/PID of the host's procfs, O_PATH */
	int self;	      /* our own /proc/self, to compare namespaces with */
	struct str status;    /* /proc/PID/status */
	struct str mountinfo; /* /proc/PID/mountinfo */
	const struct run_cgroup *cg;
	const struct run_net *net; /* with sockets during a start; else NULL */
};

/* The value after "Name:" in a /proc status text, as the rest of its line without leading
 * blanks, copied into out. False when the field is missing. */
bool look_field(const struct look *l, const char *name, char *out, size_t size);

/* The mount options of the topmost mount at `point`, as ",ro,nosuid," so that a word can be looked
 * for with its commas. Field 5 and 6 of proc_pid_mountinfo(5). False when nothing is mounted
 * there. */
bool look_mount(const struct look *l, const char *point, char *options, size_t size);

/* Is the process's namespace `kind` (a file in /proc/PID/ns) the one that we are in? 0 or -errno. */
int look_shares(const struct look *l, const char *kind, bool *shared);

/* One line of a posture report, judged on what was seen. */
struct rule {
	const char *id; /* stable: "idmap.own-range" */
	bool (*holds)(const struct spec *seen);
	const char *good, *bad; /* a sentence each */
};

enum settled {
	SETTLED_SEALED,	 /* when init is sealed; look.status is read */
	SETTLED_ENTERED, /* when init is in its namespaces and cgroups */
	SETTLED_MOUNTED, /* when init has its mounts; look.mountinfo is read */
};

struct wall {
	const char *name;
	const char *stops; /* one line: what this wall stops */
	const struct key *keys;
	size_t n_keys;
	/* Refuse impossible values and combinations; may normalise `s`. */
	int (*check)(struct spec *s, const struct host *h, struct err *e);
	/* From when on that cannot change any more. What is settled early is verified while init
	 * goes on. */
	enum settled settled;
	/* It needs the rights to trace init, which an ordinary user has when init is sealed. */
	bool traces;
	/* Fill the wall's part of `seen` from the kernel. */
	int (*observe)(const struct look *l, struct spec *seen, struct err *e);
	/* What KEY_SEEN rows cannot say: compare `seen` with what the run built. Optional. */
	int (*verify)(const struct run *r, const struct look *l, const struct spec *seen,
		      struct err *e);
	const struct rule *rules;
	size_t n_rules;
	/* Append what holds, in a few words, for the summary: "ids 0-65535 are 1879048192-..." */
	void (*summary)(const struct spec *seen, struct str *out);
};

/* Every wall, in the order in which they are documented. NULL-terminated. */
extern const struct wall *const walls[];

/* Register the walls' keys; once, at the start of main(). */
void walls_init(void);

/* Run every wall's check(); afterwards the spec is const. */
int walls_check(struct spec *s, const struct host *h, struct err *e);

/* Fill `seen` from the process in `l`. */
int walls_observe(const struct look *l, struct spec *seen, struct err *e);

/* Compare every KEY_SEEN row that asks for something (its text is not empty) with what the kernel
 * showed; walls named in asked->optional only warn. The error names the wall, the key, what was
 * asked and by whom, and what is there. Returns 0, or -EPROTO. */
int walls_compare(const struct spec *asked, const struct spec *seen, struct err *e);

/* For the walls that are settled at `when`: observe into `seen`, compare with r->spec, and ask the
 * wall's own verify(). */
int walls_verify(const struct run *r, const struct look *l, enum settled when, struct spec *seen,
		 struct err *e);

/* Copy into `seen` the rows that no kernel interface shows (not KEY_SEEN, and left alone by
 * observe()), so that rules and summaries can speak of them. A report must mark these as
 * configured, not seen. Returns 0 or -ENOMEM. */
int walls_assume(const struct spec *asked, struct spec *seen, struct err *e);

/* True when a person, a file or a gate set the key: not the profile, and not nobody. A profile's
 * default may give way to an exception; an explicit wish is granted or refused. */
bool wall_asked(const struct spec *s, const char *key);

/* True when the spec says that it may start without this wall. */
bool wall_optional(const struct spec *s, const char *wall);

/* Open `path` below the host's procfs `proc` (struct run). The result is proven to be on a procfs,
 * and reached without leaving it; below sys/ a mount on the way is allowed, because hosts that
 * are containers themselves have one there. Returns a descriptor or -errno. */
int wall_open_proc(int proc, const char *path, int flags);

/* Write one control file of the host's procfs in one write(2). Returns 0 or -errno. */
int wall_write_proc(int proc, const char *path, const char *text);
