/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walls by name, for the table in walls.c. Each is defined in the file of its name. */
#pragma once
#include "wall/wall.h"

extern const struct wall wall_ns, wall_idmap, wall_rootfs, wall_mount, wall_dev, wall_device;
extern const struct wall wall_proc, wall_net, wall_uts, wall_time, wall_cgroup, wall_ucount;
extern const struct wall wall_rlimit, wall_keyring, wall_cred, wall_caps, wall_seccomp;
extern const struct wall wall_landlock, wall_apparmor, wall_selinux;
