/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/flow.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

bool flow_wants_read(const struct flow *f)
{
	return !f->done && f->start == f->end;
}

bool flow_wants_write(const struct flow *f)
{
	return f->start < f->end;
}

static bool ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

static void flow_read(struct flow *f)
{
	ssize_t n;

	if (!ready(f->from, POLLIN))
		return;
	n = read(f->from, f->data, sizeof(f->data));
	if (n > 0) {
		f->start = 0;
		f->end = (size_t)n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		/* A pty whose last slave was closed reads as EIO: that is its end. */
		f->done = true;
	}
}

static void flow_write(struct flow *f)
{
	ssize_t n;

	/* The sink may be the caller's own terminal, whose flags are not ours to change, so
	 * readiness is asked for instead of O_NONBLOCK. */
	if (!ready(f->to, POLLOUT))
		return;
	n = write(f->to, f->data + f->start, f->end - f->start);
	if (n > 0) {
		f->start += (size_t)n;
		f->written += (size_t)n;
	} else if (errno != EINTR && errno != EAGAIN) {
		/* A reader may stop reading whenever it likes. */
		f->error = errno == EPIPE ? 0 : errno;
		f->start = f->end;
		f->done = !f->lossy;
	}
}

bool flow_move(struct flow *f)
{
	if (flow_wants_write(f))
		flow_write(f);
	if (flow_wants_read(f)) {
		flow_read(f);
		if (flow_wants_write(f))
			flow_write(f);
	}
	return !f->done || flow_wants_write(f);
}
