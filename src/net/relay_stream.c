/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCP through the relay: two sockets and a pipe for each direction, splice(2) between them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "net/relay.h"

enum { STREAMS_MAX = 256, CHUNK = 65536 };

/* One socket of the two: what it reads goes through `pipe` to the other. */
struct end {
	struct source source;
	struct stream *stream;
	int fd;
	int pipe[2];
	size_t held; /* bytes in the pipe */
	bool ended;  /* the sender has said all */
	bool closed; /* and the receiver was told */
	uint32_t wants;
};

struct stream {
	struct end end[2]; /* who came, and the container */
	bool connected;
	struct stream *next; /* of those that are free */
};

/* As many as there can be descriptors for: a connection that cannot be accepted would wake us for ever. */
static size_t streams_max(const struct relay *r)
{
	enum { EACH = 6, OTHERS = 192 };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max < r->n + OTHERS + EACH)
		return 0;
	files.rlim_max = (files.rlim_max - r->n - OTHERS) / EACH;
	return files.rlim_max < STREAMS_MAX ? (size_t)files.rlim_max : STREAMS_MAX;
}

bool stream_begin(struct relay *r)
{
	size_t n = streams_max(r);
	struct stream *all = calloc(n, sizeof(*all));

	for (size_t i = 0; all && i < n; i++) {
		all[i].next = r->unused;
		r->unused = &all[i];
	}
	return all != NULL;
}

static struct stream *stream_new(struct relay *r)
{
	struct stream *s = r->unused;

	if (!s)
		return NULL;
	r->unused = s->next;
	*s = (struct stream){ .connected = false };
	for (int i = 0; i < 2; i++)
		s->end[i] = (struct end){ .source = { SOURCE_STREAM }, .stream = s, .fd = -EBADF,
					  .pipe = { -EBADF, -EBADF } };
	return s;
}

/* epoll forgets what is closed. */
static void stream_close(struct relay *r, struct stream *s)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&s->end[i].fd);
		fd_close(&s->end[i].pipe[0]);
		fd_close(&s->end[i].pipe[1]);
	}
	s->next = r->unused;
	r->unused = s;
}

static struct end *other(struct end *a)
{
	return &a->stream->end[a == &a->stream->end[0]];
}

/* What to wait for at one socket: to read when its pipe is empty, to write when the other's is not. */
static uint32_t wanted(struct end *a)
{
	uint32_t wants = other(a)->held ? EPOLLOUT : 0;

	if (!a->stream->connected)
		return a == &a->stream->end[1] ? EPOLLOUT : 0;
	return wants | (!a->held && !a->ended ? EPOLLIN : 0);
}

/* A hang-up is told of whatever is waited for, so that a socket from which nothing is wanted is not
 * watched at all. */
static bool wait_for(struct relay *r, struct end *a)
{
	struct epoll_event event = { .events = wanted(a), .data = { .ptr = a } };
	int operation = !a->wants ? EPOLL_CTL_ADD : !event.events ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (event.events == a->wants)
		return true;
	a->wants = event.events;
	return epoll_ctl(r->epoll, operation, a->fd, &event) == 0;
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Move what `a` sends as far as it goes. False: the connection is broken. */
static bool carry(struct end *a)
{
	ssize_t n;

	if (!a->held && !a->ended) {
		n = splice(a->fd, NULL, a->pipe[1], NULL, CHUNK, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n < 0 && !again())
			return false;
		a->ended = n == 0;
		a->held += n > 0 ? (size_t)n : 0;
	}
	if (a->held) {
		n = splice(a->pipe[0], NULL, other(a)->fd, NULL, a->held,
			   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n < 0 && !again())
			return false;
		a->held -= n > 0 ? (size_t)n : 0;
	}
	if (a->ended && !a->held && !a->closed) {
		shutdown(other(a)->fd, SHUT_WR);
		a->closed = true;
	}
	return true;
}

static bool finish_connect(struct stream *s)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(s->end[1].fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 || code)
		return false;
	s->connected = true;
	return true;
}

void stream_ready(struct relay *r, struct source *source, uint32_t events)
{
	struct end *a = (struct end *)source;
	struct stream *s = a->stream;
	bool good = true;

	/* Its other end was closed by an event before this one. */
	if (a->fd < 0)
		return;
	if (!s->connected && a == &s->end[1])
		good = finish_connect(s);
	else if (events & EPOLLERR)
		good = false;
	if (good && s->connected)
		good = carry(&s->end[0]) && carry(&s->end[1]);
	if (good && !(s->end[0].closed && s->end[1].closed) && wait_for(r, &s->end[0]) &&
	    wait_for(r, &s->end[1]))
		return;
	stream_close(r, s);
}

static bool stream_open(struct relay *r, const struct relay_port *p, struct stream *s)
{
	struct sockaddr_storage to;
	socklen_t len = relay_target(p, &to);

	s->end[1].fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->end[1].fd < 0 ||
	    (connect(s->end[1].fd, (void *)&to, len) < 0 && errno != EINPROGRESS))
		return false;
	for (int i = 0; i < 2; i++)
		if (pipe2(s->end[i].pipe, O_NONBLOCK | O_CLOEXEC) < 0)
			return false;
	return wait_for(r, &s->end[1]);
}

void stream_accept(struct relay *r, const struct listener *l)
{
	int fd = accept4(l->port->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct stream *s = fd < 0 ? NULL : stream_new(r);

	if (!s) {
		fd_close(&fd);
		return;
	}
	s->end[0].fd = fd;
	if (!stream_open(r, l->port, s))
		stream_close(r, s);
}
