/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of walls, alone in its file: a unit test of one wall defines a shorter one. */
#include "wall/walls.h"

#include <stddef.h>

/* cred stands before caps: what the capabilities mean depends on who the payload is. */
const struct wall *const walls[] = {
	&wall_ns,      &wall_idmap,   &wall_rootfs,   &wall_mount,    &wall_dev,
	&wall_device,  &wall_proc,    &wall_net,      &wall_uts,      &wall_time,
	&wall_cgroup,  &wall_ucount,  &wall_rlimit,   &wall_keyring,  &wall_cred,
	&wall_caps,    &wall_seccomp, &wall_landlock, &wall_apparmor, &wall_selinux,
	NULL,
};
