/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UDP through the relay: a socket per sender, connected to the container, so that answers find back
 * and nobody else's are taken for them. The sender that was silent for longest makes room. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "net/relay.h"

enum { FLOWS_MAX = 128, DATAGRAM_MAX = 65536 };

struct flow {
	struct source source;
	int fd;
	const struct relay_port *port; /* NULL: free */
	struct sockaddr_storage from;
	socklen_t len;
	uint64_t used;
};

bool datagram_begin(struct relay *r)
{
	r->flows = calloc(FLOWS_MAX, sizeof(*r->flows));
	r->datagram = malloc(DATAGRAM_MAX);
	return r->flows && r->datagram;
}

static bool is_from(const struct flow *f, const struct relay_port *p,
		    const struct sockaddr_storage *from, socklen_t len)
{
	return f->port == p && f->len == len && !memcmp(&f->from, from, len);
}

/* The sender's flow; else the one to be used for him, which is then not his yet. */
static struct flow *flow_find(const struct relay *r, const struct relay_port *p,
			      const struct sockaddr_storage *from, socklen_t len)
{
	struct flow *oldest = &r->flows[0];

	for (size_t i = 0; i < FLOWS_MAX; i++) {
		if (is_from(&r->flows[i], p, from, len))
			return &r->flows[i];
		if (r->flows[i].used < oldest->used)
			oldest = &r->flows[i];
	}
	return oldest;
}

static bool flow_open(struct relay *r, const struct relay_port *p, struct flow *f,
		      const struct sockaddr_storage *from, socklen_t len)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = f } };
	struct sockaddr_storage to;
	socklen_t to_len = relay_target(p, &to);

	if (f->port)
		fd_close(&f->fd);
	*f = (struct flow){ .source = { SOURCE_FLOW }, .len = len };
	memcpy(&f->from, from, len);
	f->fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->fd >= 0 && connect(f->fd, (void *)&to, to_len) == 0 &&
	    epoll_ctl(r->epoll, EPOLL_CTL_ADD, f->fd, &event) == 0) {
		f->port = p;
		return true;
	}
	fd_close(&f->fd);
	return false;
}

void datagram_arrived(struct relay *r, const struct listener *l)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(l->port->socket, r->datagram, DATAGRAM_MAX, 0, (void *)&from, &len);
	struct flow *f;

	if (n < 0 || len > sizeof(from))
		return;
	f = flow_find(r, l->port, &from, len);
	if (!is_from(f, l->port, &from, len) && !flow_open(r, l->port, f, &from, len))
		return;
	f->used = ++r->datagrams;
	send(f->fd, r->datagram, (size_t)n, 0);
}

void datagram_answered(struct relay *r, struct source *s)
{
	struct flow *f = (struct flow *)s;
	ssize_t n;

	if (!f->port)
		return;
	n = recv(f->fd, r->datagram, DATAGRAM_MAX, 0);
	f->used = ++r->datagrams;
	if (n >= 0)
		sendto(f->port->socket, r->datagram, (size_t)n, 0, (void *)&f->from, f->len);
}
