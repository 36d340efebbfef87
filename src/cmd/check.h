/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to `ward check`: one row per thing that ward uses of a host. */
#pragma once
#include "base/str.h"
#include "wall/run.h"

enum check_state {
	CHECK_OK,
	CHECK_WARN,    /* ward runs, something is lost */
	CHECK_MISSING, /* ward cannot run */
};

struct check {
	const char *name;
	/* Find out and append what was found, in a few words. Never MISSING unless ward cannot
	 * run without it for this caller. */
	enum check_state (*probe)(const struct check *c, const struct host *h, struct str *found);
	const char *lost; /* without it */
	const char *fix;
	/* For probes that serve several rows. */
	const char *of;	    /* a file below /proc/sys, or the name of a controller */
	long min, max;	    /* the numbers in it that are good */
	bool absent_is_bad; /* the file is missing */
	bool users_only;    /* says nothing about root */
};

typedef enum check_state check_probe(const struct check *c, const struct host *h,
				     struct str *found);

/* check_kernel.c: what this kernel can do, found out by doing it. */
check_probe check_version, check_userns, check_namespaces, check_time, check_mount_api,
	check_openat2, check_clone3, check_idmap, check_landlock, check_lsm, check_seccomp,
	check_devices, check_overlay;

/* check_host.c: how this host is set up. */
check_probe check_cgroups, check_controller, check_swap, check_delegation, check_ids,
	check_newuidmap, check_state_dir, check_sysctl, check_core_pattern;

/* check_net.c: what networks need. */
check_probe check_program, check_links, check_forwarding, check_firewalls;
