/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where containers lie, and what ward calls them. */
#pragma once
#include <stdbool.h>

#include "base/str.h"

/* The directory of containers, of the default configuration and of lxc.conf that hold when nobody
 * says otherwise: root's, or those below the caller's home. */
enum lxc_place { LXC_PLACE_LXCPATH, LXC_PLACE_DEFAULT_CONFIG, LXC_PLACE_GLOBAL_CONFIG };
void lxc_default_place(enum lxc_place place, struct str *out);

/* The name of a container in ward's store, to be freed: its own when it lies in the default
 * directory, else one that no other directory's container has. NULL: out of memory. */
char *lxc_store_name(const char *lxcpath, const char *name);
