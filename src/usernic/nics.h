/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /run/lxc/nics: who has taken which ports. The same file, the same lock and the same lines as those
 * of LXC's lxc-user-nic, so that both may be used on one machine. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "usernic/caller.h"
#include "usernic/usernet.h"

struct nics {
	int fd;		 /* locked */
	struct str text; /* what is in it; interfaces that are gone were removed */
};

/* Open, lock and read. Waits ten seconds for another one at most: -EBUSY. 0 or -errno with e set. */
int nics_open(struct nics *n, struct err *e);

/* Unlock, close and free. Idempotent. */
void nics_close(struct nics *n);

/* Read /etc/lxc/lxc-usernet and find a line that lets the caller have one more port of `bridge`; out
 * is the line to add, without an interface yet. -EPERM: no line; -EDQUOT: all are taken. */
int nics_grant(const struct nics *n, const struct caller *c, const char *bridge,
	       struct usernet_line *out, struct err *e);

/* True when `interface` of this bridge was given to the caller. */
bool nics_is_his(const struct nics *n, const struct caller *c, const char *bridge,
		 const char *interface);

int nics_add(struct nics *n, const struct usernet_line *line, struct err *e);
int nics_remove(struct nics *n, const char *interface, struct err *e);
