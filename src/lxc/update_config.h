/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-update-config: rewrite the names of LXC 1 and 2 in a configuration. */
#pragma once

/* As main(): `-c FILE`. What it was is kept as FILE.backup; a file without such names is left alone.
 * Returns the exit status. */
int lxc_update_config(int argc, char **argv);
