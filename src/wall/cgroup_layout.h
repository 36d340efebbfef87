/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the cgroup wall: where the hierarchies are, how a limit is said in each layout,
 * and what its files have in common. */
#pragma once
#include "wall/cgroup.h"

/* --- cgroup_layout.c: where ----------------------------------------------------------------- */

#define CGROUP_BIT(hierarchy) (1U << (hierarchy))
#define CGROUP_PREFIX "ward-"
#define CGROUP_PAYLOAD "payload" /* the delegated child */

/* Directories below which containers' directories are made; -EBADF where a hierarchy is not
 * mounted, not wanted or not writable for us. */
struct cgroup_layout {
	int base[CG_HIERARCHIES];
	unsigned v2; /* CGROUP_BIT() of each controller that base[CG_UNIFIED] offers */
};

/* Open the hierarchies in `wanted`, but not what cgroup v2 makes superfluous when it is there: it
 * freezes, kills and counts CPU time without a controller. With `parent`, base is the root of the
 * hierarchy; else the root where it is writable, or the place that was delegated to us. */
void cgroup_layout_open(struct cgroup_layout *l, unsigned wanted, const char *parent);
void cgroup_layout_close(struct cgroup_layout *l);

/* True when base[h] is the same v1 hierarchy as an earlier one: cpu and cpuacct are often mounted
 * together. */
bool cgroup_layout_shared(const struct cgroup_layout *l, enum cg_hierarchy h);

/* The root of a mounted hierarchy, or -errno. */
int cgroup_mount_open(enum cg_hierarchy h);

/* The word for the controller in messages and, on v2, in cgroup.controllers. */
const char *cgroup_word(enum cg_hierarchy h);

/* The path after the hierarchy's line in the text of /proc/PID/cgroup. 0, or -ENOENT. */
int cgroup_path(const char *text, enum cg_hierarchy h, struct str *path);

/* The full path of an open cgroup directory, for messages. */
const char *cgroup_where(int dir, char *out, size_t size);

/* True when the process whose /proc/PID/cgroup is `text` lives in `dir` or below it. */
bool cgroup_holds(int dir, enum cg_hierarchy h, const char *text);

/* Words of `mask` as "+memory +pids". */
void cgroup_words(unsigned mask, struct str *out);

/* --- cgroup_keys.c: values ------------------------------------------------------------------ */

extern const struct key_type key_cpu_max;  /* uint64_t[2]: quota and period in microseconds */
extern const struct key_type key_cpu_list; /* char *: "0-3,8", normalised as the kernel prints it */
extern const struct key_type key_io_max;   /* struct list */
extern const struct key_type key_hugetlb;  /* struct list */

enum { CPU_PERIOD = 100000, WEIGHT_DEFAULT = 100 };

/* One line of io.max. LIMIT_UNSET where nothing is said. */
enum io_direction { IO_RBPS, IO_WBPS, IO_RIOPS, IO_WIOPS, IO_DIRECTIONS };
extern const char *const io_words[IO_DIRECTIONS];

struct io_max {
	uint32_t major, minor;
	uint64_t limit[IO_DIRECTIONS];
};
int io_max_parse(const char *text, struct io_max *io);

/* "2MB=SIZE"; size is "2MB", limit in bytes. */
struct hugetlb_max {
	char size[16];
	uint64_t limit;
};
int hugetlb_parse(const char *text, struct hugetlb_max *h);

/* --- cgroup_v1.c, cgroup_v2.c: how a limit is said -------------------------------------------- */

enum cgroup_limit {
	LIMIT_PIDS,
	LIMIT_MEMORY,
	LIMIT_SWAP, /* after memory: v1 wants memsw >= memory */
	LIMIT_LOW,
	LIMIT_HIGH,
	LIMIT_WEIGHT,
	LIMIT_CPU,
	LIMIT_CPUSET,
	LIMIT_IO_WEIGHT,
	LIMIT_IO,
	LIMIT_HUGETLB,
	LIMIT_TREE, /* cgroup.max.descendants and .depth */
	LIMIT_KINDS
};

/* One row per limit: the key it is set by, the controller it needs, and whether a spec asks for
 * more than a new cgroup has anyway. In cgroup.c. */
struct cgroup_row {
	const char *key;
	enum cg_hierarchy controller;
	bool (*asked)(const struct spec *s);
};
extern const struct cgroup_row cgroup_rows[LIMIT_KINDS];

/* write: the spec's value into the directory. -ENOENT and -EOPNOTSUPP mean that this kernel or
 * layout cannot do it. NULL: the layout has no such limit. read: into `seen`, which already
 * holds "no limit"; NULL: nothing to compare. */
struct cgroup_io {
	int (*write)(int dir, const struct spec *s, struct err *e);
	void (*read)(int dir, struct spec *seen);
};
extern const struct cgroup_io cgroup_v1[LIMIT_KINDS], cgroup_v2[LIMIT_KINDS];

/* Controllers listed in `file` (cgroup.controllers or cgroup.subtree_control). */
unsigned cgroup_v2_controllers(int dir, const char *file);

/* Offer the controllers in `mask` to the children of `dir`; only those not yet offered are
 * written. Where nobody but us lives in `dir`, we step into a leaf of our own first: a cgroup
 * with processes cannot pass controllers on. */
int cgroup_v2_enable(int dir, unsigned mask, struct err *e);

/* -EOPNOTSUPP when `dir` is part of a threaded subtree, or of one that cannot be one. */
int cgroup_v2_check_type(int dir, struct err *e);

/* Said alike in both. */
int cgroup_cpuset_write(int dir, const struct spec *s, struct err *e);
void cgroup_cpuset_read(int dir, struct spec *seen);
uint64_t cgroup_bfq_weight(uint64_t weight);

/* v1 cpuset: a new directory has no CPUs and no memory nodes, and nothing can enter it. */
int cgroup_v1_cpuset_inherit(int parent, int dir, struct err *e);

/* --- cgroup_raw.c: files without a key ------------------------------------------------------- */

extern const struct key_type key_cgroup_raw; /* struct list */

/* CGROUP_BIT() of each controller whose files are to be written. */
unsigned cgroup_raw_controllers(const struct spec *s);

/* Write them, into the directories of r->cg. */
int cgroup_raw_write(const struct run *r, struct err *e);

/* --- shared by both ------------------------------------------------------------------------- */

/* Write a formatted value to a control file; -errno with e set. */
int cgroup_write(int dir, struct err *e, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A file of one number: LIMIT_MAX for "max", -1 and what the kernel shows for "no limit";
 * LIMIT_UNSET when the file is missing. */
uint64_t cgroup_number(int dir, const char *file);

/* The same into *field, which is left alone when the file is missing. */
void cgroup_number_read(int dir, const char *file, uint64_t *field);

/* The number after `name ` in a file of "name value" lines; LIMIT_UNSET when missing. */
uint64_t cgroup_field(int dir, const char *file, const char *name);

/* How a write of a swap limit without a file for it ends: 0 when the host has no swap to use. */
int cgroup_no_swap_file(const char *file, struct err *e);

/* Does the host have swap, and does this kernel count it per cgroup? */
bool cgroup_host_swaps(void);
bool cgroup_counts_swap(void);

/* --- cgroup_find.c: names and removal --------------------------------------------------------- */

enum { CGROUP_NAME_SIZE = 80 }; /* "ward-" and a name of at most 64 (path_is_name) */

/* "ward-NAME" into out; -EINVAL when `name` is none that a container may have. */
int cgroup_name(char out[CGROUP_NAME_SIZE], const char *name, struct err *e);

/* Remove every directory of `cg`, which is named `name`, killing what is still inside, and those
 * above it that were made for cgroup.parent (`parent`, may be NULL). What is gone is closed.
 * 0 or -errno (-EBUSY: a process did not end within five seconds). */
int cgroup_destroy(struct run_cgroup *cg, const char *name, const char *parent);

/* Directories of cgroup.parent that we made bear a mark, an extended attribute, so that whoever
 * empties them last takes them away again, and an administrator's directories stay.
 * cgroup_parents_made: how many are marked, beginning with `dir` and upwards, whose path ends in
 * `path` (may be NULL: none). cgroup_parents_remove: so many of them, as far as they are empty. */
void cgroup_parent_mark(int dir);
int cgroup_parents_made(int dir, const char *path);
void cgroup_parents_remove(int dir, const char *path, int made);

/* Open the v1 `tasks` files and the v2 directory through which processes get in, where that has
 * not been done yet. */
int cgroup_entrances_open(struct run_cgroup *cg, struct err *e);

/* The v2 part of it alone: what the clone needs. */
int cgroup_inner_open(struct run_cgroup *cg, struct err *e);

/* --- cgroup_tree.c: processes --------------------------------------------------------------- */

/* Remove all cgroups below `dir`, deepest first. -EBUSY when one holds processes. */
int cgroup_tree_remove(int dir);

/* Wait until nothing lives inside. 0 or -ETIMEDOUT. */
int cgroup_wait_empty(const struct run_cgroup *cg, int timeout_ms);

/* Milliseconds on a clock that never jumps. */
int64_t cgroup_clock(void);
