/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

/* A socket address holds 108 bytes, a path may be longer: it is named by descriptor. */
static struct sockaddr_un address(int dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/control", dir);
	return a;
}

int control_listen(struct run *r, struct err *e)
{
	struct sockaddr_un a = address(r->claim.dir);

	r->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->listener < 0)
		return err_sys(e, "make the control socket");
	if (bind(r->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(r->listener, 8) < 0)
		return err_sys(e, "listen on the control socket");
	return 0;
}

int control_call(const struct store *s, const char *name, const struct control_request *request,
		 struct control_reply *reply, struct err *e)
{
	autoclose int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	autoclose int dir = store_state_dir(s, name, e);
	struct sockaddr_un a = address(dir);
	ssize_t n;

	if (dir < 0)
		return err_msg(e, ESRCH, "container %s is not running", name);
	if (sock < 0)
		return err_sys(e, "make a socket");
	if (connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return err_msg(e, ESRCH, "container %s is not running", name);
		return err_sys(e, "reach the monitor of container %s", name);
	}
	if (send(sock, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return err_sys(e, "ask the monitor of container %s", name);
	do
		n = recv(sock, reply, sizeof(*reply), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "hear from the monitor of container %s", name);
	if (n != sizeof(*reply))
		return err_msg(e, ECONNRESET, "the monitor of container %s went away", name);
	reply->text[sizeof(reply->text) - 1] = '\0';
	if (reply->code > 0)
		return err_msg(e, reply->code, "container %s: %s", name, reply->text);
	return 0;
}
