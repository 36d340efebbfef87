/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands by name, for the table in main.c. Each is defined in the file of its name. */
#pragma once
#include "cmd/cmd.h"

extern const struct cmd cmd_run, cmd_create, cmd_start, cmd_stop, cmd_rm, cmd_exec, cmd_ls,
	cmd_info, cmd_wait, cmd_logs, cmd_freeze, cmd_thaw, cmd_plan, cmd_defaults, cmd_keys,
	cmd_check, cmd_convert, cmd_device, cmd_restart, cmd_rename, cmd_update, cmd_net, cmd_top,
	cmd_harden_host, cmd_help, cmd_completion;
