/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc.hook.*: programs of the host that hear of a container, lxc.container.conf(5).
 *
 * The command is cut into words at its blanks, with quotes as in a shell; there is no shell, and what
 * only a shell could read is refused. With lxc.hook.version = 0 the words NAME, "lxc" and the type
 * follow (and the arguments of the caller); with 1 they are in the environment only. Its output goes
 * to standard error. It inherits the caller's environment, with these added: LXC_NAME,
 * LXC_CONFIG_FILE, LXC_ROOTFS_PATH, LXC_ROOTFS_MOUNT, LXC_CONSOLE, LXC_CONSOLE_LOGPATH,
 * LXC_CGNS_AWARE, LXC_LOG_LEVEL, LXC_HOOK_VERSION, LXC_HOOK_TYPE and LXC_HOOK_SECTION (version 1),
 * LXC_PID, LXC_TARGET, LXC_SRC_NAME (where they are known), and lxc.environment and
 * lxc.environment.hooks. */
#pragma once
#include <sys/types.h>

#include "base/err.h"
#include "front/lxc_conf.h"

struct lxc_hook {
	const struct lxc_config *config;
	const char *name;	 /* of the container */
	const char *config_file; /* may be NULL */
	pid_t pid;		 /* of its init, 0 = there is none */
	const char *target;	 /* stop and post-stop: "stop" or "reboot"; else NULL */
	const char *source;	 /* clone: the name it was copied from; else NULL */
	char *const *args;	 /* more words, NULL-terminated; may be NULL */
};

/* Run all hooks of one type ("pre-start", "stop" ...) in the order written, each until its end. The
 * first that fails ends it; of stop and post-stop all are run, and failures are only warned about.
 * Signals that the caller blocks are not blocked in them. Returns 0 or -errno. */
int lxc_hook_run(const struct lxc_hook *h, const char *type, struct err *e);
