/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ordinary user's port of a bridge, made by the set-user-ID program ward-user-nic (src/usernic/)
 * where /etc/lxc/lxc-usernet grants it.
 *
 * The kernel ignores the set-user-ID bit in the monitor's user namespace. So a process stays outside
 * of it, with the caller's own rights, and runs the program when the monitor asks. What it asks with
 * is the container's network namespace as a descriptor: no pid that could be somebody else's. */
#include "wall/net_user.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "spec/key.h"
#include "wall/net_port.h"

enum { NETNS_FD = 3 };

static bool is_wanted(const struct net_device *d)
{
	return d->kind == NET_VETH && d->link != NULL;
}

int net_user_nic_check(const struct spec *s, const struct net_device *d, struct err *e)
{
	const struct {
		const char *key;
		bool set;
	} rows[] = {
		{ "veth.mode", d->veth_mode != NET_VETH_BRIDGE },
		{ "veth.pair", d->pair != NULL },
		{ "veth.vlan.id", d->vlan != NULL },
		{ "veth.vlan.tagged.id", d->vlan_tagged.n > 0 },
		{ "veth.ipv4.route", d->route4.n > 0 },
		{ "veth.ipv6.route", d->route6.n > 0 },
		{ "veth.n_rxqueues", d->rxqueues > 0 },
		{ "veth.n_txqueues", d->txqueues > 0 },
		{ "hwaddr", d->hwaddr != NULL },
		{ "mtu", d->mtu > 0 },
		{ "l2proxy", d->l2proxy },
		{ "guard", !d->guard },
		{ "isolated", !d->isolated },
		{ "limit", d->flows != LIMIT_MAX || d->rate_in != LIMIT_MAX || d->rate_out != LIMIT_MAX },
	};

	if (!is_wanted(d)) {
		err_msg(e, EPERM, "net.%u.type: an ordinary user has no device of this type",
			d->index);
		return err_hint(
			e, "the type user needs no rights; a veth needs a link to a bridge that "
			   "/etc/lxc/lxc-usernet grants you");
	}
	if (s->net.publish.n)
		return err_msg(e, EPERM,
			       "publish: an ordinary user publishes ports through the type "
			       "user only");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].set)
			return err_msg(
				e, EPERM,
				"net.%u.%s: of an ordinary user's port, ward-user-nic decides this",
				d->index, rows[i].key);
	return 0;
}

/* --- outside --------------------------------------------------------------------------- */

struct question {
	char bridge[IFNAMSIZ], inside[IFNAMSIZ];
};

struct answer {
	int code; /* 0: text is what the program printed; else errno, and why */
	char text[256];
};

static _Noreturn void nic_exec(const struct question *q, int netns, int say)
{
	/* execve(2) does not change its arguments; its prototype is older than const. */
	char *argv[] = { (char *)"ward-user-nic",      (char *)"create",
			 (char *)"-",		       (char *)"-",
			 (char *)"/proc/self/fd/3",    (char *)"veth",
			 (char *)q->bridge,	       (char *)q->inside,
			 NULL };

	if (dup2(say, 1) < 0 || dup2(say, 2) < 0 || dup2(netns, NETNS_FD) < 0 ||
	    sys_close_range(NETNS_FD + 1, ~0U, 0) < 0)
		_exit(126);
	execve(WARD_USER_NIC, argv, environ);
	_exit(errno == ENOENT ? 127 : 126);
}

static void nic_answer(struct answer *a, int status, const struct str *said)
{
	const char *text = str_text(said), *prefix = "ward: user nic: ";

	if (str_starts(text, prefix))
		text += strlen(prefix);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 126) {
		a->code = ECHILD;
		text = WARD_USER_NIC " could not be run";
	} else if (WEXITSTATUS(status) == 127) {
		a->code = ENOENT;
		text = WARD_USER_NIC " is not installed: it makes such a device";
	} else if (WEXITSTATUS(status) != 0) {
		a->code = EPERM;
	}
	snprintf(a->text, sizeof(a->text), "%.*s", (int)strcspn(text, "\n"), text);
}

static void nic_run(const struct question *q, int netns, struct answer *a)
{
	autoclose int hear = -EBADF, say = -EBADF;
	autostr said = { 0 };
	int pair[2], status = 0;
	pid_t pid;

	*a = (struct answer){ .code = ECHILD, .text = "ward-user-nic could not be started" };
	if (pipe2(pair, O_CLOEXEC) < 0)
		return;
	hear = pair[0];
	say = pair[1];
	pid = fork();
	if (pid == 0)
		nic_exec(q, netns, say);
	if (pid < 0)
		return;
	fd_close(&say);
	file_read_fd(hear, sizeof(a->text) - 1, &said);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return;
	a->code = 0;
	nic_answer(a, status, &said);
}

/* One question with one descriptor; -1 at the end. */
static int receive(int from, struct question *q)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = { q, sizeof(*q) };
	struct msghdr m = { .msg_iov = &data,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) != sizeof(*q))
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	q->bridge[IFNAMSIZ - 1] = q->inside[IFNAMSIZ - 1] = '\0';
	return fd;
}

static _Noreturn void outside_main(int with)
{
	struct question q;
	struct answer a;
	int netns;

	if (dup2(with, 3) < 0 || sys_close_range(4, ~0U, 0) < 0)
		_exit(1);
	while ((netns = receive(3, &q)) >= 0) {
		nic_run(&q, netns, &a);
		close(netns);
		if (send(3, &a, sizeof(a), MSG_NOSIGNAL) < 0)
			_exit(1);
	}
	_exit(0);
}

int net_user_outside(struct run *r, struct err *e)
{
	int pair[2], status;
	bool wanted = false;
	pid_t pid;

	for (size_t i = 0; i < r->spec->net.devices.n; i++)
		wanted |= is_wanted(&r->spec->net.devices.item[i]);
	if (!wanted)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket");
	pid = fork();
	if (pid == 0) {
		/* Twice: nobody has to wait for it, it ends when the socket does. */
		close(pair[0]);
		if (fork() == 0)
			outside_main(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	r->net_outside = pair[0];
	if (pid < 0)
		return err_sys(e, "leave a process outside of the user namespace");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* --- the monitor's side ---------------------------------------------------------------- */

static int ask(const struct run *r, const struct question *q, struct answer *a, struct err *e)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec data = { (void *)q, sizeof(*q) };
	struct msghdr m = { .msg_iov = &data,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.head), &r->net.ns, sizeof(int));
	if (sendmsg(r->net_outside, &m, MSG_NOSIGNAL) < 0)
		return err_sys(e, "ask for ward-user-nic");
	if (recv(r->net_outside, a, sizeof(*a), 0) != sizeof(*a))
		return err_msg(e, ECONNRESET, "the process that runs ward-user-nic has died");
	a->text[sizeof(a->text) - 1] = '\0';
	return 0;
}

int net_user_nic(struct run *r, struct net_port *p, struct err *e)
{
	struct net_link link;
	struct question q = { 0 };
	struct answer a;
	int ret;

	snprintf(q.bridge, sizeof(q.bridge), "%s", p->d->link);
	snprintf(q.inside, sizeof(q.inside), "%s", p->inside);
	ret = ask(r, &q, &a, e);
	if (ret < 0)
		return ret;
	if (a.code) {
		err_msg(e, a.code, "link %s: %s", p->d->link, a.text);
		err_clean(e);
		return -e->code;
	}
	if (sscanf(a.text, "%15[^:]:%d:%15[^:]:%d", p->inside, &p->inside_index, p->host,
		   &p->host_index) != 4)
		return err_msg(e, EPROTO, "link %s: ward-user-nic says '%s'", p->d->link, a.text);
	ret = net_link_look(r->net.inside, p->inside, 0, &link, e);
	if (ret < 0)
		return ret;
	p->inside_index = link.index;
	memcpy(p->mac, link.mac, sizeof(p->mac));
	return 0;
}
