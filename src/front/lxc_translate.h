/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a key of LXC means to ward: the functions of the column `to` of lxc_keys[]. Private to
 * front/lxc_*.c. Each gets one entry and sets keys of t->s; -ENOTSUP with e set makes a note. */
#pragma once
#include "front/lxc_key.h"
#include "front/lxc_spec.h"

struct lxc_translation {
	const struct lxc_config *c;
	const struct lxc_host *host;
	enum lxc_silence silence;
	struct spec *s;
	struct lxc_notes *notes;
};

/* Say what a part of the entry does not come to. */
int lxc_note(struct lxc_translation *t, const struct lxc_entry *entry, const char *text, bool lost,
	     struct err *e);

typedef int lxc_to(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e);

/* lxc_spec.c */
lxc_to lxc_to_ward;

/* lxc_spec_process.c: the first process and what belongs to it */
lxc_to lxc_to_arch;
lxc_to lxc_to_command;
lxc_to lxc_to_user;
lxc_to lxc_to_groups;
lxc_to lxc_to_environment;
lxc_to lxc_to_drop;
lxc_to lxc_to_keep;
lxc_to lxc_to_limit;
lxc_to lxc_to_proc;
lxc_to lxc_to_sysctl;
lxc_to lxc_to_pdeath;
lxc_to lxc_to_keyring;
lxc_to lxc_to_core;
lxc_to lxc_to_halt;
lxc_to lxc_to_apparmor;
lxc_to lxc_to_apparmor_raw;
lxc_to lxc_to_apparmor_nesting;
lxc_to lxc_to_selinux;
lxc_to lxc_to_seccomp;
lxc_to lxc_to_notify;

/* lxc_spec_space.c: namespaces, ids, clocks */
lxc_to lxc_to_idmap;
lxc_to lxc_to_clone;
lxc_to lxc_to_unshared;
lxc_to lxc_to_share;
lxc_to lxc_to_time;

/* lxc_spec_mount.c: files and devices */
lxc_to lxc_to_rootfs;
lxc_to lxc_to_options;
lxc_to lxc_to_fstab;
lxc_to lxc_to_entry;
lxc_to lxc_to_auto;
lxc_to lxc_to_autodev;
lxc_to lxc_to_pts;
lxc_to lxc_to_ttys;
lxc_to lxc_to_console;
lxc_to lxc_to_hook;

/* lxc_spec_cgroup.c */
lxc_to lxc_to_cgroup;
lxc_to lxc_to_cgroup_dir;
lxc_to lxc_to_cgroup_place;

/* lxc_spec_net.c */
lxc_to lxc_to_net;
