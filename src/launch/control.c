/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

/* A socket address holds 108 bytes and a path may be longer: the name is relative to the state
 * directory, which is entered for that. (Not /proc/self/fd: an ordinary user's monitor sees the
 * container's /proc by then.) */
static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "control" };

int control_listen(struct run *r, struct err *e)
{
	r->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->listener < 0)
		return err_sys(e, "make the control socket");
	if (fchdir(r->claim.dir) < 0 ||
	    bind(r->listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(r->listener, 8) < 0)
		return err_sys(e, "listen on the control socket");
	return 0;
}

static int control_connect(int sock, int dir)
{
	autoclose int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret = 0;

	if (fchdir(dir) < 0 ||
	    connect(sock, (const struct sockaddr *)&address, sizeof(address)) < 0)
		ret = -errno;
	if (here >= 0 && fchdir(here) < 0)
		ret = -errno;
	return ret;
}

int control_call(const struct store *s, const char *name, const struct control_request *request,
		 struct control_reply *reply, struct err *e)
{
	autoclose int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	autoclose int dir = store_state_dir(s, name, e);
	ssize_t n;
	int ret;

	if (dir < 0)
		return err_msg(e, ESRCH, "container %s is not running", name);
	if (sock < 0)
		return err_sys(e, "make a socket");
	ret = control_connect(sock, dir);
	if (ret == -ENOENT || ret == -ECONNREFUSED)
		return err_msg(e, ESRCH, "container %s is not running", name);
	if (ret < 0) {
		errno = -ret;
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
