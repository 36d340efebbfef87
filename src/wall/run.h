/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct run: what one container owns in the kernel while it is being started and while it
 * runs: descriptors and pids. The spec it serves is const. Descriptors are -EBADF when unset. */
#pragma once
#include <linux/filter.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"
#include "store/range.h"
#include "store/store.h"

/* cgroup hierarchies that ward knows. CG_UNIFIED is cgroup v2, alone or beside v1. */
enum cg_hierarchy {
	CG_UNIFIED,
	CG_MEMORY,
	CG_PIDS,
	CG_CPU,
	CG_CPUACCT,
	CG_CPUSET,
	CG_DEVICES,
	CG_FREEZER,
	CG_BLKIO,
	CG_HUGETLB,
	CG_SYSTEMD, /* the named v1 hierarchy that systemd wants for itself */
	CG_HIERARCHIES
};

struct cgroup_layout;

/* The container's own directory in each hierarchy that is used, and the file through which a
 * process puts itself in (v1 `tasks`; on v2 the directory is given to clone3). */
struct run_cgroup {
	int dir[CG_HIERARCHIES];
	int tasks[CG_HIERARCHIES];
	int made[CG_HIERARCHIES]; /* directories above dir[] that are ours; -1: not counted yet */
	char base[256]; /* below it dir[] lies, when that was delegated to us; else empty */
	struct cgroup_layout *layout; /* between cgroup_create() and cgroup_limit() */
	int inner; /* v2: the directory for CLONE_INTO_CGROUP: dir[CG_UNIFIED] or its delegated child */
	bool device_program; /* the device rules are a program on dir[CG_UNIFIED], if also a list */
};

struct net_port;

/* The container's network while it is being made: wall/net_port.h. */
struct run_net {
	int host, inside; /* netlink sockets in our network namespace and in the container's */
	int ns;		  /* the container's network namespace */
	int keeper;	  /* launch/keeper.h: our end of the pipe */
	pid_t keeper_pid;
	int report; /* wall/net_maker.c: what the process that makes the devices has to say */
	pid_t maker;
	struct net_port *port; /* one for each device */
	size_t n;
	bool leased;		  /* some network has given us an address, or was about to */
	struct str resolv, hosts; /* files to lay over the image's */
};

/* Answers about this host that decide which rows of the order run; filled once. */
struct host {
	bool privileged; /* CAP_SYS_ADMIN in the initial user namespace */
	bool rootless;	 /* our rows run inside an outer user namespace */
	bool single_id;	 /* rootless without subordinate ids: only the caller's own id */
	uid_t uid;	 /* of the caller */
	gid_t gid;
	int landlock_abi; /* 0 = none */
	bool cgroup_v2_only;
	bool cgroup_usable; /* some hierarchy can be written */
};

/* Who the payload is, resolved in the container's own /etc/passwd where names were given. */
struct identity {
	uint32_t uid, gid;
	uint32_t groups[64];
	uint32_t n_groups;
	char home[256];
};

/* A terminal beside the console. */
enum { DEV_TTYS_MAX = 16 };
struct run_tty {
	int master, slave; /* both stay open: a getty that ends is no end of the terminal */
};

struct order;
struct enter;

struct run {
	const struct order *order; /* launch/launch.h: the table this run follows */
	const struct spec *spec;
	const struct host *host;

	/* Both sides. */
	int sync;    /* our end of the SOCK_SEQPACKET pair */
	bool inside; /* this is the container's init, not the monitor */

	/* Monitor side. */
	pid_t pid; /* init, as the host sees it */
	int pidfd;
	int peer;	     /* init's end of the pair, until the clone */
	int proc;	     /* the host's /proc, O_PATH: the only one that is ever read */
	uint64_t start_time; /* of the monitor; 0: not asked yet */
	struct store *store;
	struct claim claim;    /* state directory and lock, held as long as the container lives */
	int cache;	       /* directory of what may be computed again: compiled filters */
	int host_ns[NS_KINDS]; /* the host's namespaces that we left, to come back to */
	int target;	       /* exec: pidfd of the running container's init */
	int stage_ns;	       /* the staging mount namespace, when we have left it */
	int kernel_proc, kernel_sys; /* the container's /proc and /sys as mounts, until masked */
	int userns;		     /* init's user namespace: ids for id-mapped mounts */
	int root;		     /* the staged root mount, O_PATH */
	int mask;	     /* staged tmpfs with an empty file and an empty directory, for masks */
	int dev;	     /* the staged /dev, O_PATH */
	uint64_t dev_number; /* of its tmpfs, st_dev */
	int pts;	     /* the container's devpts instance, O_PATH */
	int console;	     /* master end of the console's pty */
	int terminal;	     /* its slave end, for init */
	bool detached;	     /* nobody's terminal: output goes to the log */
	int stdio[3];	     /* what init gets as 0, 1, 2 */
	int relay[3];	     /* our end, where stdio[] is a relay pipe */
	int sink[3];	     /* outputs: where we write what comes out of a relay */
	char **caller_argv;  /* of main(), to be forgotten by init */
	char **argv, **envp; /* the payload's; envp has one free place at the end, for HOME */
	bool exec_failed;    /* everything was built, but the program could not be executed */
	int64_t begin_usec;  /* of the first row, for --debug */
	size_t started;	     /* monitor: rows of the order to undo */
	size_t next;	     /* init: the row that comes next */
	int *trees;	     /* the spec's volumes as detached mounts */
	int net_user;	     /* pidfd of the minder of pasta: wall/net_pasta.c */
	int net_report;	     /* what it has to say, until it is heard */
	int net_outside; /* rootless: to the process that may call ward-user-nic: wall/net_nic.c */
	/* Told before the program starts; may be NULL. An error ends the start. */
	int (*verified)(const struct run *r, struct err *e);
	void *verified_ctx;
	struct spec *seen;		/* what the kernel showed when the posture was verified */
	int listener;			/* control socket */
	struct id_map uid_map, gid_map; /* as written to the kernel */
	struct run_cgroup cg;
	struct run_net net;
	struct range range; /* taken from the store; count 0 = none */

	/* The LXC front door's. */
	const char *lxcpath;	   /* where the container's definition lies; NULL: it is not its */
	const struct enter *enter; /* launch/enter.h: a function of the caller's is run inside */
	struct run_tty tty[DEV_TTYS_MAX]; /* /dev/tty1 is the first */

	struct identity identity; /* resolved by the monitor, sent to init */

	/* Compiled before the clone, loaded by init. */
	struct sock_fprog filter;
};

/* All descriptors unset. */
void run_init(struct run *r, const struct spec *spec, const struct host *host);

/* The id outside of the user namespace (in the monitor's ids) of `inside`, or -1 when it has
 * none. An empty map maps every id to itself: no user namespace. */
int64_t run_outside(const struct id_map *map, uint32_t inside);
