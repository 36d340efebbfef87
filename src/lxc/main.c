/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward-lxc: the monitor of LXC containers, and the lxc-* tools, each under its name. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "lxc/mon.h"
#include "lxc/tool.h"

static int usage(void)
{
	log_error("this program is called by the names of what it does: lxc-start, lxc-attach ...");
	return 1;
}

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	name = name ? name + 1 : argc > 0 ? argv[0] : "";
	if (argc > 0 && !strncmp(argv[0], START_TITLE, sizeof(START_TITLE) - 1))
		return mon_main(argc, argv);
	for (size_t i = 0; tools[i]; i++)
		if (!strcmp(tools[i]->name, name))
			return tool_main(tools[i], argc, argv);
	return usage();
}
