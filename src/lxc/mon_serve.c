/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's command socket: an abstract name, so everybody in the network namespace can connect. Who
 * is answered is decided by the kernel's word on the peer (SO_PEERCRED), and every byte is taken
 * for hostile: wire.c. The process that does this has given up its rights. */
#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "lxc/mon.h"
#include "wall/cgroup.h"
#include "wall/ns.h"

int mon_listen(const char *lxcpath, const char *name, struct err *e)
{
	struct sockaddr_un address;
	socklen_t len = lxc_command_address(lxcpath, name, &address);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(e, "make the command socket");
	if (bind(fd, (const struct sockaddr *)&address, len) < 0) {
		if (errno == EADDRINUSE)
			return err_msg(e, EBUSY, "container %s is already running", name);
		return err_sys(e, "bind the command socket of container %s", name);
	}
	if (listen(fd, 64) < 0)
		return err_sys(e, "listen on the command socket of container %s", name);
	return take_fd(fd);
}

/* --- answers ------------------------------------------------------------------------------ */

static void drop(struct mon *m, struct mon_client *c)
{
	if (c->tty == 0)
		mon_console_release(m);
	monitor_unwatch(m->loop, c->fd);
	fd_close(&c->fd);
	free(c->data);
	*c = (struct mon_client){ .fd = -EBADF, .tty = -1 };
}

enum { FDS_MAX = 20 };

struct answer {
	int ret;
	uint64_t number;
	const int *fds;
	size_t n_fds;
	struct mon_pieces data;
};

static void add_fds(struct msghdr *msg, void *control, const struct answer *a)
{
	struct cmsghdr *head;
	size_t size = a->n_fds * sizeof(int);

	if (!a->n_fds)
		return;
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(size);
	head = CMSG_FIRSTHDR(msg);
	*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(size) };
	memcpy(CMSG_DATA(head), a->fds, size);
}

/* One message, never waited for: a client that does not read goes away empty-handed. */
static void answer(struct mon_client *c, const struct answer *a)
{
	struct lxc_response head = { .ret = a->ret, .data = a->number };
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov[] = { { &head, sizeof(head) },
			       { (char *)a->data.text[0], a->data.len[0] },
			       { (char *)a->data.text[1], a->data.len[1] } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov) };

	head.datalen = (int32_t)(a->data.len[0] + a->data.len[1]);
	add_fds(&msg, control, a);
	(void)!sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void answer_ret(struct mon_client *c, int ret)
{
	answer(c, &(struct answer){ .ret = ret });
}

static void answer_number(struct mon_client *c, uint64_t number)
{
	answer(c, &(struct answer){ .number = number });
}

/* missing: the errno when there is none. */
static void answer_fd(struct mon_client *c, int fd, int missing)
{
	if (fd < 0)
		answer_ret(c, -missing);
	else
		answer(c, &(struct answer){ .fds = &fd, .n_fds = 1 });
}

static void answer_text(struct mon_client *c, const char *text)
{
	answer(c, &(struct answer){ .data = { { text }, { strlen(text) + 1 } } });
}

/* --- commands ------------------------------------------------------------------------------ */

/* Each answers; true: the client is to stay. */
typedef bool server(struct mon *m, struct mon_client *c, const struct lxc_command *in);

static bool get_state(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	answer_number(c, (uint64_t)m->state);
	return false;
}

static bool get_init_pid(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	answer_number(c, (uint64_t)m->c.run.pid);
	return false;
}

static bool get_init_pidfd(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	answer_fd(c, m->c.run.pidfd, ESRCH);
	return false;
}

static bool get_devpts_fd(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	answer_fd(c, m->c.run.pts, EBADF);
	return false;
}

static bool get_clone_flags(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	uint64_t flags = 0;

	(void)in;
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (m->spec->ns[kind].how != NS_HOST)
			flags |= ns_flag((enum ns_kind)kind);
	answer_number(c, flags);
	return false;
}

static bool get_name(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	answer_text(c, m->start->name);
	return false;
}

static bool get_lxcpath(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	answer_text(c, m->start->lxcpath);
	return false;
}

static bool get_config_item(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	autostr value = { 0 };
	struct err e = ERR_NONE;
	int ret = in->text ? lxc_conf_get(&m->start->config, in->text, &value, &e) : -EINVAL;

	/* LXC's monitors have no answer for what is unset, and its tools no use for an empty one. */
	if (ret < 0 || !value.len)
		answer_ret(c, ret < 0 ? ret : -EINVAL);
	else
		answer_text(c, str_text(&value));
	return false;
}

/* A line of /proc/PID/cgroup is "4:memory,cpu:/path"; v2 is "0::/path". */
static bool has_controller(const char *line, const char *controller)
{
	const char *list = strchr(line, ':');
	size_t n = strlen(controller);

	if (!list)
		return false;
	if (!n)
		return !strncmp(line, "0::", 3);
	for (list++; *list && *list != ':'; list += strcspn(list, ",:"), list += *list == ',')
		if (strcspn(list, ",:") == n && !strncmp(list, controller, n))
			return true;
	return false;
}

/* The container's place in the hierarchy of a controller; v2 when there is none of its own. One where
 * it is not in a cgroup of its own is nobody's to give away. */
static int find_cgroup(const struct mon *m, const char *controller, char *out, size_t size)
{
	for (const char *p = m->cgroups; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *path;
		int n;

		if (!has_controller(p, controller))
			continue;
		path = strchr(strchr(p, ':') + 1, ':') + 1;
		n = (int)strcspn(path, "\n");
		/* Limits are on the container's cgroup, not on the one its init may manage. */
		if (n > 8 && !strncmp(path + n - 8, "/payload", 8))
			n -= 8;
		snprintf(out, size, "%.*s", n, path);
		return n > 1 ? 0 : -ENOENT;
	}
	return *controller ? find_cgroup(m, "", out, size) : -ENOENT;
}

static bool get_cgroup(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	char path[4096];
	int ret = find_cgroup(m, in->text ? in->text : "", path, sizeof(path));

	if (ret < 0)
		answer_ret(c, ret);
	else
		answer_text(c, path);
	return false;
}

static int hierarchy_of(const char *controller)
{
	static const char *const names[CG_HIERARCHIES] = {
		[CG_UNIFIED] = "",	     [CG_MEMORY] = "memory",   [CG_PIDS] = "pids",
		[CG_CPU] = "cpu",	     [CG_CPUACCT] = "cpuacct", [CG_CPUSET] = "cpuset",
		[CG_DEVICES] = "devices", [CG_FREEZER] = "freezer", [CG_BLKIO] = "blkio",
		[CG_HUGETLB] = "hugetlb", [CG_SYSTEMD] = "name=systemd",
	};

	for (int i = 0; i < CG_HIERARCHIES; i++)
		if (!strcmp(names[i], controller))
			return i;
	return -1;
}

static bool get_cgroup_fd(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	const struct run_cgroup *cg = &m->c.run.cg;
	int h = hierarchy_of(in->controller);
	int fd = h < 0 ? -EBADF : cg->dir[h];
	struct lxc_cgroup_fd out = { .magic = CGROUP_SUPER_MAGIC };

	/* Where there is no v1, v2 has all controllers. */
	if (fd < 0 && m->c.host.cgroup_v2_only)
		fd = cg->dir[h = CG_UNIFIED];
	if (fd < 0) {
		answer_ret(c, -ENOENT);
		return false;
	}
	if (h == CG_UNIFIED)
		out.magic = CGROUP2_SUPER_MAGIC;
	out.fd = fd;
	memcpy(out.controller, in->controller, sizeof(out.controller));
	answer(c, &(struct answer){ .fds = &fd,
				    .n_fds = 1,
				    .data = { { (const char *)&out }, { sizeof(out) } } });
	return false;
}

/* Where a process is put that enters the container. */
static bool get_cgroup_ctx(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	const struct run_cgroup *cg = &m->c.run.cg;
	struct lxc_cgroup_ctx out = { 0 };

	(void)in;
	for (int h = 0; h < CG_HIERARCHIES; h++) {
		int fd = h == CG_UNIFIED && cg->inner >= 0 ? cg->inner : cg->dir[h];

		if (fd >= 0 && out.n < ARRAY_SIZE(out.fd))
			out.fd[out.n++] = fd;
	}
	answer(c, &(struct answer){ .fds = out.fd,
				    .n_fds = out.n,
				    .data = { { (const char *)&out }, { sizeof(out) } } });
	return false;
}

static bool get_cgroup2_fd(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	int fd = m->c.run.cg.dir[CG_UNIFIED];

	(void)in;
	answer_fd(c, fd, ENOENT);
	return false;
}

/* No answer but the end of the connection, when the container has ended. */
static bool stop(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	struct err e = ERR_NONE;
	autostr value = { 0 };
	int sig = SIGKILL;

	(void)in;
	if (lxc_conf_get(&m->start->config, "lxc.signal.stop", &value, &e) == 0 &&
	    atoi(str_text(&value)) > 0)
		sig = atoi(str_text(&value));
	if (monitor_do(m->loop, CONTROL_KILL, sig, &e) < 0) {
		answer_ret(c, -e.code);
		return false;
	}
	c->stops = true;
	return true;
}

static bool freeze_or_thaw(struct mon *m, struct mon_client *c, enum control_op op)
{
	struct err e = ERR_NONE;
	bool done = op == CONTROL_FREEZE ? m->state == LXC_FROZEN : m->state == LXC_RUNNING;

	if (!done && monitor_do(m->loop, op, 0, &e) < 0)
		answer_ret(c, -e.code);
	else
		answer_ret(c, 0);
	return false;
}

static bool freeze(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	return freeze_or_thaw(m, c, CONTROL_FREEZE);
}

static bool unfreeze(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)in;
	return freeze_or_thaw(m, c, CONTROL_THAW);
}

/* On v1, LXC's tools write to the freezer themselves and tell the monitor afterwards. */
static bool serve_state_clients(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	switch (in->number) {
	case LXC_FROZEN:
		return freeze_or_thaw(m, c, CONTROL_FREEZE);
	case LXC_THAWED:
	case LXC_RUNNING:
		return freeze_or_thaw(m, c, CONTROL_THAW);
	default:
		answer_ret(c, 0);
		return false;
	}
}

static bool add_state_client(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	if (in->wanted[m->state]) {
		answer(c, &(struct answer){ .ret = (int)m->state, .number = (uint64_t)m->state });
		return false;
	}
	memcpy(c->wanted, in->wanted, sizeof(c->wanted));
	c->waits = true;
	answer(c, &(struct answer){ .ret = LXC_STATES, .number = LXC_STATES });
	return true;
}

static bool tty_is_free(const struct mon *m, int tty)
{
	for (int i = 0; i < MON_CLIENTS; i++)
		if (m->clients[i].fd >= 0 && m->clients[i].tty == tty)
			return false;
	return tty > 0 && tty <= DEV_TTYS_MAX && m->c.run.tty[tty - 1].master >= 0;
}

/* 0 is the console, -1 any other that is free. The connection is the right to it. */
static bool get_tty_fd(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	int tty = in->number, fd;

	for (tty = tty < 0 ? 1 : tty; in->number < 0 && tty < DEV_TTYS_MAX && !tty_is_free(m, tty);)
		tty++;
	fd = tty == 0		 ? mon_console_take(m) :
	     tty_is_free(m, tty) ? m->c.run.tty[tty - 1].master :
				   -EBUSY;
	if (fd < 0) {
		answer_ret(c, fd);
		return false;
	}
	c->tty = tty;
	answer(c, &(struct answer){ .number = (uint64_t)tty, .fds = &fd, .n_fds = 1 });
	return true;
}

/* The client sets the size of the terminal it holds by itself. */
static bool terminal_winch(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)m;
	(void)in;
	answer_ret(c, 0);
	return false;
}

static bool console_log(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	struct answer a = { 0 };

	if (!m->console.ring)
		a.ret = -EINVAL;
	else if (in->log.read && !mon_console_read(m, in->log.read_max, &a.data))
		a.ret = -ENODATA;
	answer(c, &a);
	if (a.ret == 0 && in->log.clear)
		mon_console_clear(m);
	return false;
}

static bool unsupported(struct mon *m, struct mon_client *c, const struct lxc_command *in)
{
	(void)m;
	(void)in;
	answer_ret(c, -EOPNOTSUPP);
	return false;
}

static server *const servers[LXC_CMDS] = {
	[LXC_CMD_GET_TTY_FD] = get_tty_fd,
	[LXC_CMD_TERMINAL_WINCH] = terminal_winch,
	[LXC_CMD_STOP] = stop,
	[LXC_CMD_GET_STATE] = get_state,
	[LXC_CMD_GET_INIT_PID] = get_init_pid,
	[LXC_CMD_GET_CLONE_FLAGS] = get_clone_flags,
	[LXC_CMD_GET_CGROUP] = get_cgroup,
	[LXC_CMD_GET_CONFIG_ITEM] = get_config_item,
	[LXC_CMD_GET_NAME] = get_name,
	[LXC_CMD_GET_LXCPATH] = get_lxcpath,
	[LXC_CMD_ADD_STATE_CLIENT] = add_state_client,
	[LXC_CMD_CONSOLE_LOG] = console_log,
	[LXC_CMD_SERVE_STATE_CLIENTS] = serve_state_clients,
	[LXC_CMD_FREEZE] = freeze,
	[LXC_CMD_UNFREEZE] = unfreeze,
	[LXC_CMD_GET_CGROUP2_FD] = get_cgroup2_fd,
	[LXC_CMD_GET_INIT_PIDFD] = get_init_pidfd,
	[LXC_CMD_GET_LIMIT_CGROUP] = get_cgroup,
	[LXC_CMD_GET_LIMIT_CGROUP2_FD] = get_cgroup2_fd,
	[LXC_CMD_GET_DEVPTS_FD] = get_devpts_fd,
	[LXC_CMD_GET_CGROUP_CTX] = get_cgroup_ctx,
	[LXC_CMD_GET_CGROUP_FD] = get_cgroup_fd,
	[LXC_CMD_GET_LIMIT_CGROUP_FD] = get_cgroup_fd,
};

/* --- clients -------------------------------------------------------------------------------- */

/* Root, or who started the container: the same user and group. */
static bool allowed(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	return peer.uid == 0 || (peer.uid == getuid() && peer.gid == getgid());
}

static void welcome(struct mon *m)
{
	autoclose int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct mon_client refused = { .fd = fd };

	if (fd < 0)
		return;
	if (!allowed(fd)) {
		answer_ret(&refused, -EPERM);
		return;
	}
	for (uint32_t i = 0; i < MON_CLIENTS; i++) {
		if (m->clients[i].fd >= 0)
			continue;
		if (monitor_watch(m->loop, fd, EPOLLIN | EPOLLRDHUP, SLOT_CLIENT + i) == 0)
			m->clients[i] = (struct mon_client){ .fd = take_fd(fd), .tty = -1 };
		return;
	}
	answer_ret(&refused, -EBUSY);
}

static void obey(struct mon *m, struct mon_client *c)
{
	struct lxc_command command;
	server *serve;
	bool stays;

	if (lxc_command_parse(&c->head, c->data, &command) < 0) {
		answer_ret(c, -EINVAL);
		drop(m, c);
		return;
	}
	serve = servers[command.cmd] ? servers[command.cmd] : unsupported;
	stays = serve(m, c, &command);
	free(c->data);
	c->data = NULL;
	c->got = 0;
	/* It may be gone already: its stop, and the end of everything. */
	if (!stays && c->fd >= 0)
		drop(m, c);
}

/* 1: all of `want` is there; 0: not yet; -1: the client is gone, or will never be any good. */
static int fill(struct mon_client *c, void *to, size_t want, size_t before)
{
	ssize_t n = recv(c->fd, (char *)to + (c->got - before), want - (c->got - before),
			 MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	c->got += (size_t)n;
	return c->got - before == want;
}

static void listen_to(struct mon *m, struct mon_client *c)
{
	int ret = 1;

	/* One request per connection: what stays has nothing more to say. */
	if (c->stops || c->waits || c->tty >= 0) {
		drop(m, c);
		return;
	}
	if (c->got < sizeof(c->head))
		ret = fill(c, &c->head, sizeof(c->head), 0);
	if (ret == 1 && !lxc_request_valid(&c->head))
		ret = -1;
	if (ret == 1 && c->head.datalen > 0) {
		if (!c->data)
			c->data = malloc((size_t)c->head.datalen);
		ret = c->data ? fill(c, c->data, (size_t)c->head.datalen, sizeof(c->head)) : -1;
	}
	if (ret < 0)
		drop(m, c);
	else if (ret > 0)
		obey(m, c);
}

void mon_serve_ready(struct mon *m, uint32_t slot)
{
	if (slot == SLOT_LISTENER)
		welcome(m);
	else if (slot - SLOT_CLIENT < MON_CLIENTS && m->clients[slot - SLOT_CLIENT].fd >= 0)
		listen_to(m, &m->clients[slot - SLOT_CLIENT]);
}

void mon_serve_state(struct mon *m, enum lxc_state state)
{
	struct lxc_msg msg = { .type = LXC_MSG_STATE, .value = (int32_t)state };

	snprintf(msg.name, sizeof(msg.name), "%s", m->start->name);
	for (int i = 0; i < MON_CLIENTS; i++) {
		struct mon_client *c = &m->clients[i];

		if (c->fd < 0 || !c->waits || !c->wanted[state])
			continue;
		(void)!send(c->fd, &msg, sizeof(msg), MSG_NOSIGNAL | MSG_DONTWAIT);
		drop(m, c);
	}
}

void mon_serve_end(struct mon *m)
{
	for (int i = 0; i < MON_CLIENTS; i++)
		if (m->clients[i].fd >= 0)
			drop(m, &m->clients[i]);
}
