/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device wall: which device numbers the container may open or make nodes for, whatever nodes
 * it finds. The list in the spec is the whole allow-list; everything else is refused with EPERM.
 *
 * cgroup v1: the devices controller. cgroup v2: an eBPF program on the container's cgroup, where
 * v1 does not have the controller. Where both are found (`ward device` finds what there is), an
 * access must pass both.
 * Sources: Documentation/admin-guide/cgroup-v1/devices.rst, cgroup-v2.rst "Device controller",
 * bpf(2). */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_device;

/* "c 1:3 rwm", "b *:* m", "a *:* rwm": type, major:minor (or * for each), and what may be done:
 * read, write, mknod. 0 or -EINVAL; no side effects. */
int device_rule_parse(const char *text, struct device_rule *rule);

/* Append a rule as device_rule_parse() takes it. */
void device_rule_print(const struct device_rule *rule, struct str *out);

/* Append a rule; 0 or -ENOMEM. */
int device_rules_add(struct device_rules *rules, const struct device_rule *rule);
void device_rules_clear(struct device_rules *rules);

/* Same effect, one form: no rule is covered by another, none is for both types unless it allows
 * everything, sorted. 0 or -ENOMEM. */
int device_rules_normalise(struct device_rules *rules);

/* Monitor, after cgroup_limit(), before anything of the image runs in the directories of r->cg:
 * enforce the spec's rules. Without CAP_SYS_ADMIN there is nothing to build: see device.c. */
int device_load(struct run *r, struct err *e);

/* Allow what `rule` (of type c or b) names in a running container, or refuse it from now on; what is
 * open stays open. -EBUSY: a rule for more devices than this one allows it, and would have to go as a whole. */
int device_change(const struct run_cgroup *cg, const struct device_rule *rule, bool allow,
		  struct err *e);

/* --- back ends: `dir` is the container's directory in the devices hierarchy, or on v2 --------- */

/* Refuse everything, then allow the rules. */
int device_v1_load(int dir, const struct device_rules *rules, struct err *e);
int device_v1_change(int dir, const struct device_rule *rule, bool allow, struct err *e);
/* What is allowed now. 0 or -errno. */
int device_v1_read(int dir, struct device_rules *out);

/* Attach a program for exactly these rules. */
int device_v2_load(int dir, const struct device_rules *rules, struct err *e);
/* Replace our program by one for these rules; there is always one, and never more is allowed than
 * by either. */
int device_v2_replace(int dir, const struct device_rules *rules, struct err *e);
/* The rules of the attached program, read back from the kernel's copy of it. -ENOENT: none is
 * attached; -EBADMSG: one that is not ours, or that the kernel does not show
 * (net.core.bpf_jit_harden with kernel.kptr_restrict). */
int device_v2_read(int dir, struct device_rules *out);
/* True when a program for exactly these rules is attached, by the kernel's copy of it or its digest. */
bool device_v2_holds(int dir, const struct device_rules *rules);
