/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct spec: one container as plain data.
 *
 * The front doors fill it from a profile and then from what the user said; the walls check it;
 * after spec_check() it is const for ever. It owns strings and arrays only: no descriptors, no
 * pids. The same type is filled by the walls' observe() with what the kernel shows, so that
 * "asked" and "seen" can be compared field by field.
 *
 * Every member is set through a row of a key table (spec/key.h); the row says what it means. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* Kinds of namespaces, in the order of namespaces(7). */
enum ns_kind { NS_USER, NS_MOUNT, NS_PID, NS_NET, NS_IPC, NS_UTS, NS_CGROUP, NS_TIME, NS_KINDS };

enum ns_how { NS_NEW, NS_HOST, NS_JOIN };

struct ns {
	enum ns_how how;
	char *path; /* NS_JOIN: a namespace file, /proc/PID/ns/KIND or a bind mount of one */
};

/* `count` ids from `inside` (in the container) are `outside` (on the host). */
struct id_range {
	uint32_t inside, outside, count;
};

struct id_map {
	struct id_range *range;
	size_t n; /* 0 = take a free range from the store */
};

enum rootfs_kind { ROOTFS_DIR, ROOTFS_OVERLAY, ROOTFS_HOST };

/* Whose are the files of a volume? */
enum volume_ids {
	VOLUME_AUTO, /* read-only: as VOLUME_IDMAP; else its owner is the program, see wall/mount.c */
	VOLUME_IDMAP,	/* ids on disk are the container's ids */
	VOLUME_NOIDMAP, /* ids on disk are the host's */
};

/* A directory, file or tmpfs that is mounted into the container. */
struct volume {
	char *source;	/* NULL for tmpfs */
	char *target;	/* absolute, resolved inside the root */
	uint64_t attr;	/* MOUNT_ATTR_RDONLY, _NOSUID, _NODEV, _NOEXEC */
	bool recursive; /* bind submounts too */
	bool optional;	/* left out when the source is missing */
	enum volume_ids ids;
	bool slave;	 /* receive host mounts below it */
	uint64_t size;	 /* tmpfs: bytes */
	uint64_t inodes; /* tmpfs */
	uint32_t mode;	 /* tmpfs: permissions of its root */
};

struct volumes {
	struct volume *item;
	size_t n;
};

enum device_type { DEVICE_ANY = 'a', DEVICE_CHAR = 'c', DEVICE_BLOCK = 'b' };

/* What may be done with a device: rwm, m = mknod. -1 = every number. */
struct device_rule {
	enum device_type type;
	int64_t major, minor;
	bool read, write, mknod;
};

struct device_rules {
	struct device_rule *item;
	size_t n;
};

struct rlimit_value {
	bool set;
	uint64_t soft, hard;
};
enum { RLIMIT_KINDS = 16 };

/* Per-user-namespace counts, /proc/sys/user/max_*: the order of ucount_names[] in wall/ucount.c */
enum { UCOUNT_KINDS = 12 };

/* How a network device of the container comes to be. */
enum net_kind {
	NET_AUTO, /* until check(): NET_VETH on the network "default"; NET_USER for an ordinary user */
	NET_EMPTY, /* nothing: loopback only */
	NET_VETH,
	NET_MACVLAN,
	NET_IPVLAN,
	NET_VLAN,
	NET_PHYS, /* a device of the host, moved into the container */
	NET_USER, /* no device of the host: packets are sockets of a process of the caller's */
};

enum net_veth_mode { NET_VETH_BRIDGE, NET_VETH_ROUTER };

/* One network device, the keys net.N.*. Addresses stay text until the wall's check() has read them. */
struct net_device {
	uint32_t index; /* N: devices are made in its order; gaps are allowed */
	enum net_kind kind;
	bool up;
	char *network; /* veth: a network of `ward net`; link and network exclude each other */
	char *link; /* veth: a bridge of the administrator's; the parent or the device itself of others */
	char *name;   /* inside; NULL = eth0, eth1 ... */
	char *hwaddr; /* may hold x for a random digit; NULL = made up, and kept with the lease */
	uint32_t mtu; /* 0 = the link's */
	struct list address4, address6; /* "ADDRESS[/LEN] [BROADCAST]" */
	char *gateway4, *gateway6;	/* an address, "auto" or "dev" */
	bool l2proxy;
	char *script_up, *script_down;
	char *pair; /* veth: name of the host's end */
	enum net_veth_mode veth_mode;
	uint32_t rxqueues, txqueues;
	struct list route4, route6; /* veth: routes on the host towards the container */
	char *vlan;		    /* veth: untagged VLAN of the bridge port, or "none" */
	struct list vlan_tagged;
	uint32_t macvlan_mode, ipvlan_mode,
		ipvlan_isolation; /* MACVLAN_MODE_*, IPVLAN_* of if_link.h */
	uint32_t vlan_id;
	bool guard;	/* the filter on the host's side of the port */
	bool isolated;	/* no layer 2 path to other isolated ports of the bridge */
	uint64_t flows; /* new flows per second; LIMIT_MAX = any */
	uint64_t rate_in,
		rate_out; /* bits per second into and out of the container; LIMIT_MAX = any */
};

struct net_devices {
	struct net_device *item; /* by index */
	size_t n;
};

enum mount_mode { MOUNT_NONE, MOUNT_RO, MOUNT_RW };
enum proc_hide { HIDEPID_OFF, HIDEPID_NOACCESS, HIDEPID_INVISIBLE, HIDEPID_PTRACEABLE };

#define LIMIT_MAX UINT64_MAX /* "max": no limit */
#define LIMIT_UNSET (UINT64_MAX - 1) /* the kernel's default is left alone */

struct origin {
	char *where; /* "profile app", "file:line", "--memory", "gate tun" */
};

/* Of rows that are there many times, by their whole names: "net.0.mtu". */
struct numbered_origin {
	char *name, *where;
};
struct numbered_origins {
	struct numbered_origin *item;
	size_t n;
};

struct spec {
	char *name;
	char *profile;
	struct list gates;    /* exceptions granted, as written: "tun", "device:/dev/kvm" */
	struct list optional; /* walls whose absence does not stop the start */

	struct {
		struct list args;
		struct list env; /* NAME=VALUE */
		char *cwd;
		char *user;   /* "uid[:gid]" or "name[:group]"; resolved by the run */
		uint32_t uid; /* as seen on the host; only observe() fills it */
		uint32_t umask;
		bool terminal;
		bool reaper; /* our own pid 1, which forwards signals and reaps orphans */
		int oom_score_adj;
	} process;

	struct {
		int signal;	  /* asks the payload to end */
		uint64_t seconds; /* until it is killed */
	} stop;
	uint64_t log_size; /* bytes of output kept when detached */

	struct ns ns[NS_KINDS];
	struct {
		int64_t monotonic, boottime; /* seconds added to the host's clocks */
	} time;

	struct {
		struct id_map uid, gid;
		uint64_t size; /* ids taken from the store when no map is given */
	} idmap;
	uint64_t ucount[UCOUNT_KINDS]; /* LIMIT_UNSET = host's value */

	struct {
		enum rootfs_kind kind;
		char *path;	   /* ROOTFS_DIR */
		struct list lower; /* ROOTFS_OVERLAY, topmost first */
		char *upper;	   /* NULL = tmpfs, else a directory for upper and work */
		char *upper_name;  /* of the upper directory in it; NULL = "data" */
		uint64_t upper_size;
		uint64_t attr; /* MOUNT_ATTR_* of the root mount */
		bool idmap;
	} rootfs;
	struct volumes volumes; /* binds and tmpfs, mounted in the order written */

	struct {
		struct list nodes; /* host device nodes to add: /dev/net/tun */
		uint64_t pts_max;
		uint32_t ttys; /* /dev/tty1 ... beside the console */
		uint64_t shm_size;
		struct device_rules rules; /* the whole allow-list */
	} dev;

	struct {
		enum mount_mode proc, sys, cgroup;
		struct list mask;     /* empty file or directory mounted over it */
		struct list readonly; /* bound read-only onto itself */
		enum proc_hide hidepid;
		bool subset_pid;
		bool own_ids;	    /* boot_id and machine-id of its own */
		struct list sysctl; /* name=value */
	} proc;

	struct {
		char *name, *domain;
	} uts;

	struct {
		uint64_t bounding, permitted, effective, inheritable, ambient;
		uint32_t securebits;
		bool no_new_privs;
	} caps;

	struct {
		char *policy;	   /* "app", "system", "none" or a file */
		struct list allow; /* names and @sets added by gates and the user */
		struct list deny;
		struct list families; /* address families added */
		struct list netlink;  /* netlink protocols added */
		char *lxc; /* a policy of LXC's, which a call must pass too; NULL = none */
		bool foreign_abi;
	} seccomp;
	bool landlock;
	struct {
		char *apparmor, *selinux;
	} lsm;
	bool keyring; /* a session keyring of its own */

	struct {
		char *parent;  /* below each hierarchy's root; NULL = the root itself */
		bool delegate; /* a subtree that the container's root may manage */
		uint64_t pids;
		uint64_t memory, swap, memory_low, memory_high;
		uint64_t cpu_weight;		/* 1..10000, v2's scale */
		uint64_t cpu_quota, cpu_period; /* microseconds */
		char *cpuset_cpus, *cpuset_mems;
		uint64_t io_weight;  /* 1..10000 */
		struct list io_max;  /* "MAJ:MIN rbps=.. wbps=.. riops=.. wiops=.." */
		struct list hugetlb; /* "2MB=SIZE" */
		uint64_t max_descendants, max_depth;
		struct list raw; /* "v1|v2 FILE VALUE": files without a key of their own */
	} cgroup;
	struct rlimit_value rlimit[RLIMIT_KINDS];
	struct list rlimit_least; /* keys of limits that were written with a '?' */

	struct {
		struct net_devices devices;
		struct list
			publish; /* "[ADDRESS:]PORT:PORT[/udp]": ports of the host that lead inside */
		bool files;	 /* a resolv.conf and a hosts file over the image's */
	} net;

	/* One per row of the key table, in its order: who set it last. */
	struct origin *origin;
	struct numbered_origins numbered;
};

/* Make an empty spec: every key cleared. The keys must be registered (spec/key.h). */
void spec_init(struct spec *s);

/* Release everything a spec owns; safe on a zeroed one. */
void spec_free(struct spec *s);
#define autospec __attribute__((cleanup(spec_free))) struct spec
