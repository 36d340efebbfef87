/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the relay: a process that carries what the host itself sends to published ports.
 * relay.c starts and confines it, relay_stream.c carries TCP, relay_datagram.c UDP. */
#pragma once
#include "net/inner.h"

enum source_kind { SOURCE_CALLER, SOURCE_LISTENER, SOURCE_STREAM, SOURCE_FLOW };

/* What epoll(7) hands back. First member of what it is about. */
struct source {
	enum source_kind kind;
};

struct stream;
struct flow;

struct relay {
	int epoll;
	const struct relay_port *port;
	size_t n;
	struct stream *unused; /* connections that there could still be */
	struct flow *flows;
	uint64_t datagrams; /* how many there were: the clock of the flows */
	char *datagram;
};

struct listener {
	struct source source;
	const struct relay_port *port;
};

/* Get all memory that is ever needed; later there is no way to. */
bool stream_begin(struct relay *r);
bool datagram_begin(struct relay *r);

/* Something can be done; events as of epoll_wait(2). */
void stream_accept(struct relay *r, const struct listener *l);
void stream_ready(struct relay *r, struct source *s, uint32_t events);
void datagram_arrived(struct relay *r, const struct listener *l);
void datagram_answered(struct relay *r, struct source *s);

/* A family's socket address of a port's target: IPv4 is mapped in `to`. Returns its length. */
socklen_t relay_target(const struct relay_port *p, struct sockaddr_storage *out);
