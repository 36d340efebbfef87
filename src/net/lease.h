/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has which address, for `ward net leases`. Taking and giving back: net/network.h. */
#pragma once
#include "net/network.h"

struct lease_entry {
	const char *owner;
	uint32_t device;
	bool live; /* the container runs; else the address is only kept for it */
	bool kept;
	struct lease lease;
};

/* Returns 0 to go on; anything else ends the walk and is returned. The leases are locked meanwhile. */
typedef int lease_visit(const struct lease_entry *entry, void *ctx);
int lease_each(const struct store *s, const char *name, lease_visit *visit, void *ctx,
	       struct err *e);
