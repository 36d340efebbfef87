/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/tool.h"

#include <stddef.h>

#include "lxc/update_config.h"

static const struct tool tool_update_config = {
	.name = "lxc-update-config",
	.main = lxc_update_config,
};

const struct tool *const tools[] = {
	&tool_attach,	   &tool_autostart, &tool_cgroup,
	&tool_checkconfig, &tool_config,    &tool_console,
	&tool_create,	   &tool_destroy,   &tool_device,
	&tool_execute,	   &tool_freeze,    &tool_info,
	&tool_ls,	   &tool_monitor,   &tool_monitord,
	&tool_start,	   &tool_stop,	    &tool_top,
	&tool_unfreeze,	   &tool_unshare,   &tool_update_config,
	&tool_usernsexec,  &tool_wait,	    NULL,
};
