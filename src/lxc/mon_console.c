/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The console of a detached container: kept for `ward logs`, in lxc.console.logfile and in a ring
 * in memory, and connected to one client at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "lxc/mon.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum { RING_AUTO = 128 << 10 };

/* "auto", a number of bytes, or nothing. */
static uint64_t size_of(const struct mon *m, const char *key)
{
	const char *value = lxc_conf_value(&m->start->config, key);
	uint64_t size = 0;

	if (!value || !*value)
		return 0;
	if (!strcmp(value, "auto"))
		return RING_AUTO;
	return str_size(value, &size) == 0 ? size : 0;
}

static int open_ring(struct mon *m, struct err *e)
{
	uint64_t want = size_of(m, "lxc.console.buffer.size");
	struct mon_console *c = &m->console;

	if (!want)
		return 0;
	for (c->ring_size = 4096; c->ring_size < want && c->ring_size < 1 << 30;)
		c->ring_size *= 2;
	c->ring = mmap(NULL, c->ring_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	if (c->ring == MAP_FAILED) {
		c->ring = NULL;
		return err_sys(e, "take memory for lxc.console.buffer.size");
	}
	return 0;
}

static int open_file(struct mon *m, struct err *e)
{
	const char *path = m->start->console_log ?
				   m->start->console_log :
				   lxc_conf_value(&m->start->config, "lxc.console.logfile");
	struct mon_console *c = &m->console;
	struct stat st;

	if (!path || !*path)
		return 0;
	c->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		       0600);
	if (c->file < 0)
		return err_sys(e, "lxc.console.logfile: open %s", path);
	if (fstat(c->file, &st) < 0 || !S_ISREG(st.st_mode))
		return err_msg(e, EINVAL, "lxc.console.logfile: %s is not a regular file", path);
	c->file_size = (uint64_t)st.st_size;
	c->file_max = size_of(m, "lxc.console.size");
	return 0;
}

/* Clients get an end of a pair of their own: what they do to it (its modes, its size, its death) is
 * not done to the container's console. Made now: later the monitor may open nothing. */
static int open_pair(struct mon_console *c, struct err *e)
{
	struct termios raw;
	int zero = 0;

	c->client_end = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (c->client_end < 0 || ioctl(c->client_end, TIOCSPTLCK, &zero) < 0)
		return err_sys(e, "make a pseudo terminal for clients of the console");
	c->peer = ioctl(c->client_end, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (c->peer < 0 || tcgetattr(c->peer, &raw) < 0)
		return err_sys(e, "make a pseudo terminal for clients of the console");
	cfmakeraw(&raw);
	return tcsetattr(c->peer, TCSANOW, &raw) < 0 ? err_sys(e, "set up the clients' terminal") :
						       0;
}

int mon_console_open(struct mon *m, struct err *e)
{
	struct mon_console *c = &m->console;
	int ret;

	*c = (struct mon_console){ .master = -EBADF, .client_end = -EBADF, .peer = -EBADF,
				   .file = -EBADF, .log.fd = -EBADF };
	if (!m->c.guest->console)
		return 0;
	ret = open_ring(m, e);
	if (ret == 0)
		ret = open_file(m, e);
	return ret < 0 ? ret : open_pair(c, e);
}

void mon_console_begin(struct mon *m)
{
	struct mon_console *c = &m->console;
	struct err ignored = ERR_NONE;

	c->master = m->c.run.console;
	if (log_file_open(&c->log, m->c.run.claim.dir, m->spec->log_size, &ignored) < 0)
		c->log.fd = -EBADF;
	monitor_watch(m->loop, c->master, EPOLLIN, SLOT_CONSOLE);
	monitor_watch(m->loop, c->peer, EPOLLIN, SLOT_PEER);
}

/* --- output --------------------------------------------------------------------------------- */

static void ring_add(struct mon_console *c, const char *text, size_t n)
{
	if (n > c->ring_size) {
		text += n - c->ring_size;
		n = c->ring_size;
	}
	for (size_t i = 0; i < n; i++)
		c->ring[(c->ring_start + c->ring_used + i) % c->ring_size] = text[i];
	c->ring_used += n;
	if (c->ring_used > c->ring_size) {
		c->ring_start = (c->ring_start + c->ring_used - c->ring_size) % c->ring_size;
		c->ring_used = c->ring_size;
	}
}

/* A file that is full is begun again: the monitor may not rename what is outside of its store. */
static void file_add(struct mon_console *c, const char *text, size_t n)
{
	ssize_t written;

	if (c->file_max && c->file_size + n > c->file_max) {
		if (ftruncate(c->file, 0) < 0)
			return;
		c->file_size = 0;
	}
	written = write(c->file, text, n);
	if (written > 0)
		c->file_size += (uint64_t)written;
}

static void spread(struct mon_console *c, const char *text, size_t n)
{
	if (c->ring)
		ring_add(c, text, n);
	if (c->file >= 0)
		file_add(c, text, n);
	if (c->log.fd >= 0 && write(c->log.fd, text, n) == (ssize_t)n)
		log_file_wrote(&c->log, n);
	/* A client that does not read loses what it does not read: the container must go on. */
	if (c->connected)
		(void)!write(c->peer, text, n);
}

/* False: there is nothing more for now. */
static bool take_output(struct mon_console *c)
{
	char text[4096];
	ssize_t n = read(c->master, text, sizeof(text));

	if (n > 0)
		spread(c, text, (size_t)n);
	return n == (ssize_t)sizeof(text);
}

/* --- input ---------------------------------------------------------------------------------- */

static void watch_master(struct mon *m)
{
	struct mon_console *c = &m->console;

	monitor_unwatch(m->loop, c->master);
	monitor_watch(m->loop, c->master, EPOLLIN | (c->n_pending ? EPOLLOUT : 0), SLOT_CONSOLE);
	/* No more is read from the client than the console takes. */
	monitor_unwatch(m->loop, c->peer);
	if (!c->n_pending)
		monitor_watch(m->loop, c->peer, EPOLLIN, SLOT_PEER);
}

static void give_input(struct mon *m)
{
	struct mon_console *c = &m->console;
	bool waited = c->n_pending > 0;
	ssize_t n;

	if (!waited) {
		n = read(c->peer, c->pending, sizeof(c->pending));
		c->n_pending = n > 0 ? (size_t)n : 0;
	}
	n = c->n_pending ? write(c->master, c->pending, c->n_pending) : 0;
	if (n > 0) {
		c->n_pending -= (size_t)n;
		memmove(c->pending, c->pending + n, c->n_pending);
	}
	if (waited != (c->n_pending > 0))
		watch_master(m);
}

static void copy_size(struct mon_console *c)
{
	struct winsize size;

	if (ioctl(c->peer, TIOCGWINSZ, &size) == 0 && size.ws_row)
		ioctl(c->master, TIOCSWINSZ, &size);
}

void mon_console_ready(struct mon *m, enum mon_slot slot, uint32_t events)
{
	struct mon_console *c = &m->console;

	if (slot == SLOT_PEER) {
		copy_size(c);
		give_input(m);
		return;
	}
	if (events & EPOLLOUT)
		give_input(m);
	if (events & EPOLLIN)
		take_output(c);
	if (events & (EPOLLERR | EPOLLHUP))
		monitor_unwatch(m->loop, c->master);
}

/* --- clients -------------------------------------------------------------------------------- */

int mon_console_take(struct mon *m)
{
	struct mon_console *c = &m->console;

	if (c->client_end < 0)
		return -ENODEV;
	if (c->connected)
		return -EBUSY;
	tcflush(c->peer, TCIOFLUSH);
	tcflush(c->client_end, TCIOFLUSH);
	c->connected = true;
	return c->client_end;
}

void mon_console_release(struct mon *m)
{
	m->console.connected = false;
}

size_t mon_console_read(const struct mon *m, uint64_t max, struct mon_pieces *out)
{
	const struct mon_console *c = &m->console;
	size_t n = max && max < c->ring_used ? (size_t)max : c->ring_used;
	size_t first = n < c->ring_size - c->ring_start ? n : c->ring_size - c->ring_start;

	*out = (struct mon_pieces){ { c->ring + c->ring_start, c->ring }, { first, n - first } };
	return n;
}

void mon_console_clear(struct mon *m)
{
	m->console.ring_start = m->console.ring_used = 0;
	if (m->console.file >= 0 && ftruncate(m->console.file, 0) == 0)
		m->console.file_size = 0;
}

/* The end: what was written last is still in the console. */
void mon_console_close(struct mon *m)
{
	struct mon_console *c = &m->console;

	while (c->master >= 0 && take_output(c))
		;
	if (c->log.fd >= 0)
		log_file_close(&c->log);
	fd_close(&c->file);
	fd_close(&c->peer);
	fd_close(&c->client_end);
	c->master = -EBADF;
}
