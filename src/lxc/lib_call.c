/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking a monitor, ours or LXC's, over its command socket. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "lxc/lib.h"

enum { ANSWER_MAX = 1 << 30 };

void lib_answer_free(struct lib_answer *a)
{
	free(a->data);
	fd_close(&a->fd);
	fd_close(&a->sock);
}

static int not_running(const struct lxc_container *c, struct err *e)
{
	return err_msg(e, ESRCH, "container %s is not running", c->name);
}

static int call(const struct lxc_container *c, struct err *e)
{
	struct sockaddr_un address;
	socklen_t len = lxc_command_address(c->config_path, c->name, &address);
	struct timeval patience = { .tv_sec = c->rcv_timeout };
	autoclose int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return err_sys(e, "make a socket");
	if (connect(sock, (const struct sockaddr *)&address, len) < 0) {
		if (errno == ECONNREFUSED)
			return not_running(c, e);
		return err_sys(e, "reach the monitor of container %s", c->name);
	}
	if (c->rcv_timeout > 0)
		setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return take_fd(sock);
}

/* LXC's monitors want to be told who asks; the kernel sees to it that it is true. */
static int say(int sock, const struct lib_question *q)
{
	struct lxc_request head = { .cmd = (int32_t)q->cmd, .datalen = (int32_t)q->len,
				    .data = q->number };
	struct ucred self = { .pid = getpid(), .uid = geteuid(), .gid = getegid() };
	char control[CMSG_SPACE(sizeof(self))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { &head, sizeof(head) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	*cmsg = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS,
				  .cmsg_len = CMSG_LEN(sizeof(self)) };
	memcpy(CMSG_DATA(cmsg), &self, sizeof(self));
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) != sizeof(head))
		return -errno;
	if (q->len && send(sock, q->data, q->len, MSG_NOSIGNAL) != (ssize_t)q->len)
		return -errno;
	return 0;
}

static ssize_t receive(int sock, struct msghdr *msg)
{
	ssize_t n;

	do
		n = recvmsg(sock, msg, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	return n;
}

static void take_fds(struct msghdr *msg, struct lib_answer *a)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (a->fd < 0)
				a->fd = fd;
			else
				close(fd);
		}
	}
}

static int take_data(int sock, size_t len, struct lib_answer *a)
{
	size_t got = 0;

	a->data = malloc(len + 1);
	if (!a->data)
		return -ENOMEM;
	while (got < len) {
		ssize_t n = recv(sock, a->data + got, len - got, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		got += (size_t)n;
	}
	a->data[len] = '\0';
	a->len = len;
	return 0;
}

static int hear(int sock, struct lib_answer *a)
{
	struct lxc_response head;
	char control[CMSG_SPACE(16 * sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { &head, sizeof(head) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = receive(sock, &msg);

	if (n < 0)
		return -errno;
	take_fds(&msg, a);
	if (n != sizeof(head) || head.datalen < 0 || head.datalen > ANSWER_MAX)
		return n == 0 ? -ECONNRESET : -EPROTO;
	a->ret = head.ret;
	a->number = head.data;
	return head.datalen ? take_data(sock, (size_t)head.datalen, a) : 0;
}

int lib_ask(const struct lxc_container *c, const struct lib_question *q, struct lib_answer *a,
	    struct err *e)
{
	autoclose int sock = -EBADF;
	int ret;

	*a = (struct lib_answer){ .fd = -EBADF, .sock = -EBADF };
	sock = call(c, e);
	if (sock < 0)
		return sock;
	ret = say(sock, q);
	/* Who is not answered is told so before he has asked. */
	if ((ret == 0 || ret == -EPIPE) && !q->silent)
		ret = hear(sock, a);
	/* It ended while we asked. */
	if (ret == -ECONNRESET || ret == -EPIPE)
		return not_running(c, e);
	if (ret < 0)
		return err_msg(e, -ret, "ask the monitor of container %s: %s", c->name,
			       ret == -EAGAIN ? "no answer in time" : strerror(-ret));
	if (a->ret < 0)
		return err_msg(e, -a->ret, "the monitor of container %s refuses: %s", c->name,
			       strerror(-a->ret));
	if (q->keep || q->silent)
		a->sock = take_fd(sock);
	return 0;
}

int lib_ask_simple(const struct lxc_container *c, enum lxc_cmd cmd, struct lib_answer *a,
		   struct err *e)
{
	return lib_ask(c, &(struct lib_question){ .cmd = cmd }, a, e);
}

int lib_state(const struct lxc_container *c)
{
	struct err e = ERR_NONE;
	autoanswer a = { 0 };
	int ret = lib_ask_simple(c, LXC_CMD_GET_STATE, &a, &e);

	if (ret == -ESRCH)
		return LXC_STOPPED;
	return ret < 0 ? ret : (int)a.number;
}

pid_t lib_init_pid(const struct lxc_container *c)
{
	struct err e = ERR_NONE;
	autoanswer a = { 0 };

	return lib_ask_simple(c, LXC_CMD_GET_INIT_PID, &a, &e) < 0 ? -1 : (pid_t)a.number;
}

char *lib_running_item(const struct lxc_container *c, const char *key)
{
	struct lib_question q = { .cmd = LXC_CMD_GET_CONFIG_ITEM, .data = key,
				  .len = strlen(key) + 1 };
	struct err e = ERR_NONE;
	autoanswer a = { 0 };

	if (lib_ask(c, &q, &a, &e) < 0 || !a.data || !*a.data)
		return NULL;
	return take_ptr(a.data);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t lib_deadline(int timeout)
{
	return timeout < 0 ? -1 : now_ms() + (int64_t)timeout * 1000;
}

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	return deadline < 0 ? -1 : left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

int lib_wait_begin(const struct lxc_container *c, const bool *wanted, int *sock, struct err *e)
{
	int32_t numbers[LXC_STATES];
	struct lib_question q = { .cmd = LXC_CMD_ADD_STATE_CLIENT, .data = numbers,
				  .len = sizeof(numbers), .keep = true };
	autoanswer a = { 0 };
	int ret;

	for (int i = 0; i < LXC_STATES; i++)
		numbers[i] = wanted[i];
	ret = lib_ask(c, &q, &a, e);
	if (ret < 0)
		return ret;
	/* Some monitors say it in the one place, some in the other. */
	if (a.ret == 0)
		a.ret = (int)a.number;
	if (a.ret == LXC_STATES)
		*sock = take_fd(a.sock);
	return a.ret;
}

int lib_wait_end(int sock, int64_t deadline, struct err *e)
{
	struct lxc_msg msg;
	size_t got = 0;

	while (got < sizeof(msg)) {
		struct pollfd p = { .fd = sock, .events = POLLIN };
		int ready = poll(&p, 1, left_ms(deadline));
		ssize_t n;

		if (ready == 0 && deadline >= 0 && left_ms(deadline) == 0)
			return err_msg(e, ETIMEDOUT, "the container did not get there in time");
		if (ready <= 0)
			continue;
		n = recv(sock, (char *)&msg + got, sizeof(msg) - got, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return err_msg(e, ESRCH, "the container ended");
		got += n > 0 ? (size_t)n : 0;
	}
	return lxc_state_name(msg.value) ? msg.value : err_msg(e, EPROTO, "an unknown state");
}

int lib_wait(const struct lxc_container *c, const bool *wanted, int timeout, struct err *e)
{
	int64_t deadline = lib_deadline(timeout);

	for (;;) {
		autoclose int sock = -EBADF;
		int ret = lib_wait_begin(c, wanted, &sock, e);

		if (ret == LXC_STATES)
			ret = lib_wait_end(sock, deadline, e);
		if (ret == -ESRCH && wanted[LXC_STOPPED])
			return LXC_STOPPED;
		if (ret != -ESRCH)
			return ret;
		/* It does not run, and nothing tells us when it will. */
		if (left_ms(deadline) == 0)
			return err_msg(e, ETIMEDOUT, "container %s did not get there in time",
				       c->name);
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
}

void lib_wait_gone(const struct lxc_container *c)
{
	for (;;) {
		struct err e = ERR_NONE;
		autoclose int sock = call(c, &e);
		char byte;

		if (sock < 0)
			return;
		/* A monitor that ends does not answer any more: its end is our answer. */
		while (recv(sock, &byte, 1, 0) < 0 && errno == EINTR)
			;
	}
}
