/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/sync.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "wall/run.h"

static const struct {
	const char *name;
	size_t size;
} types[MSG_TYPES] = {
	[MSG_ERROR] = { "error", sizeof(struct err) },
	[MSG_MAPPED] = { "mapped", 0 },
	[MSG_ENTERED] = { "entered", 0 },
	[MSG_STAGED] = { "staged", sizeof(struct identity) },
	[MSG_MOUNTED] = { "mounted", 0 },
	[MSG_SEALED] = { "sealed", 0 },
	[MSG_GO] = { "go", 0 },
};

struct head {
	uint32_t type;
	uint32_t size;
};

struct packet {
	struct head head;
	union {
		struct err err;
		struct identity identity;
	} data;
};

union control {
	char room[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
	struct cmsghdr align;
};

static void control_put(struct msghdr *msg, union control *control, const int *fds, size_t n)
{
	struct cmsghdr *c;

	msg->msg_control = control->room;
	msg->msg_controllen = CMSG_SPACE(sizeof(int) * n);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
}

int sync_send(int sock, enum msg_type type, const void *data, const int *fds, size_t n_fds,
	      struct err *e)
{
	struct head head = { .type = type, .size = (uint32_t)types[type].size };
	struct iovec part[] = { { &head, sizeof(head) }, { (void *)data, types[type].size } };
	struct msghdr msg = { .msg_iov = part, .msg_iovlen = types[type].size ? 2 : 1 };
	union control control = { { 0 } };
	struct err theirs = ERR_NONE;
	ssize_t n;

	if (n_fds)
		control_put(&msg, &control, fds, n_fds);
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	/* A closed peer may have said why before: "Broken pipe" would hide the cause. */
	if (type != MSG_ERROR && (errno == EPIPE || errno == ECONNRESET) &&
	    sync_wait_end(sock, &theirs) < 0) {
		*e = theirs;
		return -e->code;
	}
	return err_sys(e, "send `%s`", types[type].name);
}

int sync_parse(const void *packet, size_t size, enum msg_type want, void *data, struct err *e)
{
	struct head head;

	if (size < sizeof(head))
		return err_msg(e, EPROTO, "a message is cut short");
	memcpy(&head, packet, sizeof(head));
	if ((head.type != want && head.type != MSG_ERROR) || head.size != types[head.type].size ||
	    size != sizeof(head) + head.size)
		return err_msg(e, EPROTO, "a message is not `%s`", types[want].name);
	if (head.type == MSG_ERROR) {
		memcpy(e, (const char *)packet + sizeof(head), sizeof(*e));
		err_clean(e);
		if (e->code <= 0 || e->code > 4095)
			e->code = EPROTO;
		return -e->code;
	}
	if (head.size)
		memcpy(data, (const char *)packet + sizeof(head), head.size);
	return 0;
}

/* Take the descriptors out of a received message. More than wanted are closed. */
static size_t control_take(struct msghdr *msg, int *fds, size_t want)
{
	size_t got = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (got < want)
				fds[got] = fd;
			else
				close(fd);
			got++;
		}
	}
	return got;
}

/* One datagram into `packet`. Returns its size, 0 at the end of the conversation. */
static ssize_t sync_receive(int sock, struct packet *packet, int *fds, size_t want, size_t *got,
			    struct err *e)
{
	union control control = { { 0 } };
	struct iovec part = { packet, sizeof(*packet) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	ssize_t n;

	/* A peer that went away without reading what we sent is reported first, once; what it said
	 * before is still in the queue behind that. */
	for (int resets = 0; (n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC)) < 0;) {
		if (errno == ECONNRESET && resets++ == 0)
			continue;
		if (errno == ECONNRESET)
			break;
		if (errno != EINTR)
			return err_sys(e, "receive a message");
	}
	*got = n > 0 ? control_take(&msg, fds, want) : 0;
	if (n > 0 && msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return err_msg(e, EPROTO, "a message is too long");
	return n < 0 ? 0 : n;
}

int sync_wait(int sock, enum msg_type type, void *data, int *fds, size_t max, size_t *got,
	      struct err *e)
{
	struct packet packet;
	size_t came = 0;
	ssize_t n = sync_receive(sock, &packet, fds, max, &came, e);
	int ret;

	if (n == 0)
		return err_msg(e, ECONNRESET, "the other side is gone, waited for `%s`",
			       types[type].name);
	ret = n < 0 ? (int)n : sync_parse(&packet, (size_t)n, type, data, e);
	if (ret == 0 && came > max)
		ret = err_msg(e, EPROTO, "`%s` came with %zu descriptors too many",
			      types[type].name, came - max);
	for (size_t i = 0; ret < 0 && i < came && i < max; i++)
		close(fds[i]);
	if (got)
		*got = came;
	return ret;
}

void sync_pending(int sock, struct err *e)
{
	struct pollfd ready = { .fd = sock, .events = POLLIN };
	struct err theirs = ERR_NONE;
	struct packet packet;

	while (sock >= 0 && poll(&ready, 1, 0) > 0) {
		size_t came = 0;
		ssize_t n = sync_receive(sock, &packet, NULL, 0, &came, &theirs);

		if (n <= 0)
			return;
		if (packet.head.type == MSG_ERROR &&
		    sync_parse(&packet, (size_t)n, MSG_ERROR, NULL, &theirs) < 0) {
			*e = theirs;
			return;
		}
	}
}

int sync_wait_end(int sock, struct err *e)
{
	struct packet packet;
	size_t got = 0;
	ssize_t n = sync_receive(sock, &packet, NULL, 0, &got, e);

	if (n == 0)
		return 0;
	return n < 0 ? (int)n : sync_parse(&packet, (size_t)n, MSG_ERROR, NULL, e);
}
