/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to `ward net`: its subcommands, in the files cmd/net*.c. */
#pragma once
#include "cmd/cmd.h"
#include "net/config.h"
#include "net/network.h"

extern const struct cmd cmd_net_ls, cmd_net_up, cmd_net_down, cmd_net_create, cmd_net_rm,
	cmd_net_info, cmd_net_leases, cmd_net_attach, cmd_net_detach;

/* "10.1.2.1/22", "" when there is none. */
void net_show4(struct in_addr address, uint8_t length, struct str *out);
void net_show6(const struct in6_addr *address, uint8_t length, struct str *out);
