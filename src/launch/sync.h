/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conversation of monitor and init: typed datagrams on one SOCK_SEQPACKET pair.
 *
 * A datagram is a head, then exactly the bytes its type says, with at most MSG_FDS_MAX descriptors.
 * Anything else is EPROTO and ends the container. From the moment init has touched the image
 * its words are only printed, cleaned and cut; nothing is decided by them. An error of either
 * side is a message; end of file means that the other side is gone, or, after `go`, that the
 * payload was executed (the socket is close-on-exec). */
#pragma once
#include <stddef.h>

#include "base/err.h"

enum msg_type {
	MSG_ERROR,   /* either side: struct err, what went wrong */
	MSG_MAPPED,  /* monitor: the id maps are written; `tasks` of each v1 cgroup */
	MSG_ENTERED, /* init: it is in all its namespaces but the mount namespace */
	MSG_STAGED,  /* monitor: the mounts are ready; struct identity [, terminal] */
	MSG_MOUNTED, /* init: it has its own copy of the mounts */
	MSG_SEALED,  /* init: every wall is up */
	MSG_GO,	     /* monitor: the posture is verified */
	MSG_TYPES
};

enum { MSG_FDS_MAX = 16 };

/* Send one message. `data` must have the size that belongs to the type. Returns 0 or -errno. */
int sync_send(int sock, enum msg_type type, const void *data, const int *fds, size_t n_fds,
	      struct err *e);

/* Wait for one message of `type`. fds has room for `max` descriptors, *got receives their number;
 * more than that are closed and are an error. Returns 0; -errno with e set: what the other side
 * reported, cleaned, or -ECONNRESET when it is gone. */
int sync_wait(int sock, enum msg_type type, void *data, int *fds, size_t max, size_t *got,
	      struct err *e);

/* An error that init has reported and nobody has read yet: e is replaced by it. For the moment in
 * which a step of the monitor failed because init is gone. */
void sync_pending(int sock, struct err *e);

/* Wait for the end of the conversation: 0 when the socket was closed by exec or exit, else the
 * error that init reported. */
int sync_wait_end(int sock, struct err *e);

/* Parse one received datagram, without side effects (fuzzed): the type is `want` or MSG_ERROR
 * and the size fits. Returns 0, -EPROTO, or the code of a reported error with e set. */
int sync_parse(const void *packet, size_t size, enum msg_type want, void *data, struct err *e);
