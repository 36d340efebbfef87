/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows net.N.* and publish; of the wall net. */
#pragma once
#include <stddef.h>

#include "spec/key.h"

enum { NET_KEYS = 35 };
extern const struct key net_keys[NET_KEYS];
extern const struct key_items net_items;

/* "veth", "macvlan" ... by enum net_kind; NULL behind the last. */
extern const char *const net_kinds[];

/* "net.3.mtu" for a device and a word; "net.3" for the empty word. */
void net_key(char out[64], const struct net_device *d, const char *word);
