/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "launch/control.h"
#include "launch/launch.h"
#include "store/state.h"
#include "wall/cgroup.h"
#include "watch/flow.h"
#include "watch/log_file.h"
#include "watch/terminal.h"

/* Those who wait never take the last places: somebody must be able to bring about the end. */
enum { CLIENTS_MAX = 64, WAIT_MAX = 48, STOP_MAX = 60, FLOWS_MAX = 3 };

struct client {
	int fd;
	bool waits;	/* answered when the container has ended */
	uint64_t since; /* number of its connection */
};

struct monitor {
	struct run *r;
	enum state_id state;
	int epoll, signals, timer;
	struct client clients[CLIENTS_MAX];
	uint64_t connections;
	struct flow flows[FLOWS_MAX];
	struct log_file log;
	struct terminal terminal;
	bool eager;   /* our input is a file: always ready, and epoll does not take it */
	bool stopped; /* somebody asked for the end and waits for it */
	bool ended;
	int status, code; /* code: CLD_EXITED, CLD_KILLED ... */
	const struct guest *guest;
};

/* --- states ---------------------------------------------------------------------------- */

/* Everything that can happen to a running container, whoever wants it. */
enum event { EV_STOP, EV_KILL, EV_FREEZE, EV_THAW, EV_TIMEOUT, EV_END, EVENTS };

typedef int action(struct monitor *m, int arg, struct err *e);

static void set_state(struct monitor *m, enum state_id id)
{
	struct err e = ERR_NONE;
	struct state state;

	m->state = id;
	if (m->guest)
		m->guest->state(m->guest->ctx, id);
	if (state_read(m->r->claim.dir, &state, &e) < 0)
		return;
	state.id = id;
	if (state_write(m->r->claim.dir, &state, &e) < 0)
		log_warn("%s", e.text);
}

static int send_signal(struct monitor *m, int sig, struct err *e)
{
	if (sys_pidfd_send_signal(m->r->pidfd, sig) < 0 && errno != ESRCH)
		return err_sys(e, "send signal %d", sig);
	return 0;
}

static int do_kill(struct monitor *m, int sig, struct err *e)
{
	if (sig == SIGKILL && cgroup_kill(&m->r->cg) == 0)
		return 0;
	return send_signal(m, sig, e);
}

static int do_stop(struct monitor *m, int seconds, struct err *e)
{
	struct itimerspec when = { 0 };

	if (seconds < 0)
		seconds = (int)m->r->spec->stop.seconds;
	when.it_value.tv_sec = seconds;
	m->stopped = true;
	set_state(m, STATE_STOPPING);
	if (seconds == 0)
		return do_kill(m, SIGKILL, e);
	if (timerfd_settime(m->timer, 0, &when, NULL) < 0)
		return err_sys(e, "start the stop timer");
	return send_signal(m, m->r->spec->stop.signal, e);
}

static int do_freeze(struct monitor *m, int arg, struct err *e)
{
	int ret = cgroup_freeze(&m->r->cg, true, e);

	(void)arg;
	if (ret == 0)
		set_state(m, STATE_PAUSED);
	return ret;
}

static int do_thaw(struct monitor *m, int arg, struct err *e)
{
	int ret = cgroup_freeze(&m->r->cg, false, e);

	(void)arg;
	if (ret == 0)
		set_state(m, STATE_RUNNING);
	return ret;
}

/* A frozen process handles no signal: it is woken to be asked to end. */
static int do_thaw_stop(struct monitor *m, int seconds, struct err *e)
{
	int ret = do_thaw(m, 0, e);

	return ret < 0 ? ret : do_stop(m, seconds, e);
}

static int do_timeout(struct monitor *m, int arg, struct err *e)
{
	(void)arg;
	return do_kill(m, SIGKILL, e);
}

static int do_nothing(struct monitor *m, int arg, struct err *e)
{
	(void)m;
	(void)arg;
	(void)e;
	return 0;
}

static int do_end(struct monitor *m, int arg, struct err *e)
{
	(void)e;
	m->ended = true;
	m->status = arg;
	m->state = STATE_STOPPED;
	return 0;
}

/* An empty cell is refused, with the name of the state. */
static action *const table[STATE_IDS][EVENTS] = {
	[STATE_RUNNING] = {
		[EV_STOP] = do_stop,
		[EV_KILL] = do_kill,
		[EV_FREEZE] = do_freeze,
		[EV_END] = do_end,
	},
	[STATE_PAUSED] = {
		[EV_STOP] = do_thaw_stop,
		[EV_KILL] = do_kill,
		[EV_THAW] = do_thaw,
		[EV_END] = do_end,
	},
	[STATE_STOPPING] = {
		[EV_STOP] = do_stop, /* a shorter patience, or none */
		[EV_KILL] = do_kill,
		[EV_TIMEOUT] = do_timeout,
		[EV_END] = do_end,
	},
	[STATE_STOPPED] = {
		[EV_STOP] = do_nothing,
		[EV_KILL] = do_nothing,
	},
};

static int happen(struct monitor *m, enum event event, int arg, struct err *e)
{
	static const char *const verbs[EVENTS] = {
		"stop", "signal", "freeze", "thaw", "kill", "end"
	};
	action *act = table[m->state][event];

	if (!act)
		return err_msg(e, EINVAL, "cannot %s a container that is %s", verbs[event],
			       state_name(m->state));
	return act(m, arg, e);
}

/* --- event sources --------------------------------------------------------------------- */

static void on_end(struct monitor *m)
{
	siginfo_t info = { 0 };
	struct err e = ERR_NONE;

	if (waitid(P_PIDFD, (id_t)m->r->pidfd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return;
	m->code = info.si_code;
	happen(m, EV_END, info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status, &e);
}

static void on_signals(struct monitor *m)
{
	struct signalfd_siginfo info;
	struct err e = ERR_NONE;

	while (read(m->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && m->r->console >= 0)
			terminal_resize(STDIN_FILENO, m->r->console);
		else if (info.ssi_signo != SIGWINCH &&
			 happen(m, EV_KILL, (int)info.ssi_signo, &e) < 0)
			log_warn("%s", e.text);
	}
}

static void on_timer(struct monitor *m)
{
	uint64_t times;
	struct err e = ERR_NONE;

	if (read(m->timer, &times, sizeof(times)) == sizeof(times) &&
	    happen(m, EV_TIMEOUT, 0, &e) < 0)
		log_warn("%s", e.text);
}

static void reply(struct client *c, int code, int status, const char *text)
{
	struct control_reply answer = { .code = code, .status = status };

	snprintf(answer.text, sizeof(answer.text), "%s", text);
	/* A client that went away needs no answer. */
	(void)!send(c->fd, &answer, sizeof(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
	fd_close(&c->fd);
	c->waits = false;
}

static void wait_for_end(struct monitor *m, struct client *c, int max)
{
	int waiting = 0;

	for (int i = 0; i < CLIENTS_MAX; i++)
		waiting += m->clients[i].waits;
	c->waits = waiting < max;
	if (!c->waits)
		reply(c, EAGAIN, 0, "too many wait for its end already");
}

static const struct {
	enum event event;
	int waits; /* answered at the end, if not more than so many wait */
} ops[CONTROL_OPS] = {
	[CONTROL_STOP] = { EV_STOP, STOP_MAX }, [CONTROL_KILL] = { EV_KILL, 0 },
	[CONTROL_FREEZE] = { EV_FREEZE, 0 },	[CONTROL_THAW] = { EV_THAW, 0 },
	[CONTROL_WAIT] = { EVENTS, WAIT_MAX },
};

static void serve(struct monitor *m, struct client *c, const struct control_request *request)
{
	struct err e = ERR_NONE;

	if (request->op >= CONTROL_OPS) {
		reply(c, EINVAL, 0, "unknown request");
		return;
	}
	if (ops[request->op].event != EVENTS && happen(m, ops[request->op].event, request->arg, &e) < 0) {
		reply(c, e.code, 0, e.text);
		return;
	}
	if (ops[request->op].waits)
		wait_for_end(m, c, ops[request->op].waits);
	else
		reply(c, 0, 0, "");
}

static bool watch_fd(struct monitor *m, int fd, uint32_t events, uint64_t id)
{
	struct epoll_event event = { .events = events, .data.u64 = id };

	return epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Ids of the event sources; clients and flows are numbered from theirs. */
enum source {
	SRC_PIDFD,
	SRC_SIGNALS,
	SRC_TIMER,
	SRC_LISTENER,
	SRC_FLOW,
	SRC_CLIENT = 64,
	SRC_GUEST = 256
};

static bool client_allowed(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	return peer.uid == getuid() || peer.uid == 0;
}

/* A free place, or that of the client which has been silent longest. */
static struct client *client_place(struct monitor *m)
{
	struct client *place = NULL;

	for (struct client *c = m->clients; c < m->clients + CLIENTS_MAX; c++) {
		if (c->fd < 0)
			return c;
		if (!c->waits && (!place || c->since < place->since))
			place = c;
	}
	fd_close(&place->fd);
	return place;
}

static void on_connect(struct monitor *m)
{
	autoclose int fd = accept4(m->r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	if (fd < 0 || !client_allowed(fd))
		return;
	c = client_place(m);
	*c = (struct client){ .fd = take_fd(fd), .since = m->connections++ };
	watch_fd(m, c->fd, EPOLLIN, SRC_CLIENT + (uint64_t)(c - m->clients));
}

static void on_client(struct monitor *m, struct client *c)
{
	struct control_request request;
	ssize_t n = recv(c->fd, &request, sizeof(request), MSG_DONTWAIT | MSG_TRUNC);

	if (n == sizeof(request) && !c->waits)
		serve(m, c, &request);
	else if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
		fd_close(&c->fd);
		c->waits = false;
	}
}

/* --- input and output ------------------------------------------------------------------ */

static void flow_start(struct monitor *m, int i, int from, int to)
{
	m->flows[i].from = from;
	m->flows[i].to = to;
	if (!watch_fd(m, from, EPOLLIN, SRC_FLOW + (uint64_t)i))
		m->eager = true;
}

static void flow_stop(struct monitor *m, int i)
{
	struct flow *f = &m->flows[i];

	epoll_ctl(m->epoll, EPOLL_CTL_DEL, f->from, NULL);
	epoll_ctl(m->epoll, EPOLL_CTL_DEL, f->to, NULL);
	/* The end of our input is the end of the program's; a reader that went away is told to the
	 * program by the end of its pipe (SIGPIPE). */
	if (i == 0 || f->from == m->r->relay[i])
		fd_close(&m->r->relay[i]);
	f->from = f->to = -EBADF;
}

static void flow_service(struct monitor *m, int i)
{
	struct flow *f = &m->flows[i];
	size_t before = f->written;
	bool was_writing = flow_wants_write(f);
	struct epoll_event event = { .data.u64 = SRC_FLOW + (uint64_t)i };

	if (!flow_move(f)) {
		flow_stop(m, i);
		return;
	}
	if (f->to == m->log.fd) {
		log_file_wrote(&m->log, f->written - before);
		f->to = m->log.fd;
	}
	if (was_writing == flow_wants_write(f))
		return;
	/* A full sink is waited for instead of the source, and the other way round. */
	epoll_ctl(m->epoll, EPOLL_CTL_DEL, was_writing ? f->to : f->from, NULL);
	event.events = was_writing ? EPOLLIN : EPOLLOUT;
	epoll_ctl(m->epoll, EPOLL_CTL_ADD, was_writing ? f->from : f->to, &event);
}

static int flows_start(struct monitor *m, int log_dir, struct err *e)
{
	struct run *r = m->r;
	int ret = 0;

	if (r->detached && m->guest && m->guest->console)
		return 0;
	if (r->detached) {
		ret = log_file_open(&m->log, log_dir, r->spec->log_size, e);
		if (ret < 0)
			return ret;
		m->flows[1].lossy = true;
		flow_start(m, 1, r->console >= 0 ? r->console : r->relay[1], m->log.fd);
		return 0;
	}
	if (r->console >= 0) {
		terminal_resize(STDIN_FILENO, r->console);
		terminal_raw(&m->terminal, STDIN_FILENO);
		flow_start(m, 0, STDIN_FILENO, r->console);
		flow_start(m, 1, r->console, r->sink[1]);
		return 0;
	}
	if (r->relay[0] >= 0)
		flow_start(m, 0, STDIN_FILENO, r->relay[0]);
	for (int i = 1; i < FLOWS_MAX; i++)
		if (r->relay[i] >= 0)
			flow_start(m, i, r->relay[i], r->sink[i]);
	return 0;
}

/* What the program wrote before it ended is still in the pipes. A reader that takes its time gets it
 * all, unless somebody has told, or tells us to end. */
static void flow_drain(struct monitor *m, struct flow *f)
{
	while (f->from >= 0 && f->to >= 0 && flow_move(f)) {
		struct pollfd sink[] = { { .fd = f->to, .events = POLLOUT },
					 { .fd = m->signals, .events = POLLIN } };
		struct pollfd source = { .fd = f->from, .events = POLLIN };

		if (!flow_wants_write(f) && (poll(&source, 1, 0) <= 0 || !source.revents))
			return;
		if (flow_wants_write(f) &&
		    (poll(sink, ARRAY_SIZE(sink), m->stopped ? 0 : -1) <= 0 || sink[1].revents))
			return;
	}
}

/* What the program wrote and nobody took: to whom it was written must know. The first one that is
 * found is told; 0 when all was delivered. */
static int output_lost(const struct monitor *m, struct err *e)
{
	static const char *const names[FLOWS_MAX] = { [1] = "output", [2] = "error" };

	for (int i = 1; i < FLOWS_MAX && !m->r->detached; i++) {
		if (!m->flows[i].error)
			continue;
		errno = m->flows[i].error;
		return err_sys(e, "write to standard %s what the program wrote", names[i]);
	}
	return 0;
}

/* --- the loop -------------------------------------------------------------------------- */

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH };

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(set, passed_on[i]);
}

void monitor_block_signals(void)
{
	sigset_t set;

	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void dispatch(struct monitor *m, uint64_t id, uint32_t events)
{
	if (id >= SRC_GUEST) {
		m->guest->ready(m->guest->ctx, (uint32_t)(id - SRC_GUEST), events);
		return;
	}
	if (id >= SRC_CLIENT) {
		on_client(m, &m->clients[id - SRC_CLIENT]);
		return;
	}
	if (id >= SRC_FLOW) {
		flow_service(m, (int)(id - SRC_FLOW));
		return;
	}
	switch ((enum source)id) {
	case SRC_PIDFD:
		on_end(m);
		break;
	case SRC_SIGNALS:
		on_signals(m);
		break;
	case SRC_TIMER:
		on_timer(m);
		break;
	case SRC_LISTENER:
		on_connect(m);
		break;
	case SRC_FLOW:
	case SRC_CLIENT:
	case SRC_GUEST:
		break;
	}
}

static int loop(struct monitor *m, struct err *e)
{
	struct epoll_event events[8];

	while (!m->ended) {
		int n = epoll_wait(m->epoll, events, ARRAY_SIZE(events), m->eager ? 10 : -1);

		if (n < 0 && errno != EINTR)
			return err_sys(e, "wait for events");
		for (int i = 0; i < n && !m->ended; i++)
			dispatch(m, events[i].data.u64, events[i].events);
		if (m->eager && m->flows[0].from >= 0)
			flow_service(m, 0);
		m->eager = m->eager && m->flows[0].from >= 0;
	}
	return 0;
}

static int sources(struct monitor *m, struct err *e)
{
	sigset_t set;

	signal_set(&set);
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->epoll < 0 || m->signals < 0 || m->timer < 0)
		return err_sys(e, "make the monitor's event sources");
	watch_fd(m, m->r->pidfd, EPOLLIN, SRC_PIDFD);
	watch_fd(m, m->signals, EPOLLIN, SRC_SIGNALS);
	watch_fd(m, m->timer, EPOLLIN, SRC_TIMER);
	watch_fd(m, m->r->listener, EPOLLIN, SRC_LISTENER);
	return 0;
}

/* --- guests ---------------------------------------------------------------------------- */

int monitor_watch(struct monitor *m, int fd, uint32_t events, uint32_t slot)
{
	return watch_fd(m, fd, events, SRC_GUEST + (uint64_t)slot) ? 0 : -errno;
}

void monitor_unwatch(struct monitor *m, int fd)
{
	epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
}

int monitor_do(struct monitor *m, enum control_op op, int arg, struct err *e)
{
	return happen(m, ops[op].event, arg, e);
}

int monitor_run(struct run *r, int log_dir, const struct guest *guest, int *status, struct err *e)
{
	struct monitor m = {
		.r = r, .state = STATE_RUNNING, .log.fd = -EBADF, .terminal.fd = -EBADF,
		.guest = guest,
	};
	int ret;

	for (int i = 0; i < CLIENTS_MAX; i++)
		m.clients[i].fd = -EBADF;
	for (int i = 0; i < FLOWS_MAX; i++)
		m.flows[i].from = m.flows[i].to = -EBADF;
	ret = sources(&m, e);
	if (ret == 0)
		ret = flows_start(&m, log_dir, e);
	if (ret == 0 && guest)
		guest->begin(guest->ctx, &m);
	if (ret == 0)
		ret = loop(&m, e);
	for (int i = 1; i < FLOWS_MAX; i++)
		flow_drain(&m, &m.flows[i]);
	if (guest && m.ended)
		guest->drain(guest->ctx);
	terminal_restore(&m.terminal);
	log_file_close(&m.log);
	launch_undo(r);
	/* Whoever waits is told when nothing is left. */
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (m.clients[i].fd >= 0)
			reply(&m.clients[i], 0, m.status, "");
	if (guest)
		guest->end(guest->ctx, m.code, m.status);
	*status = m.status;
	if (ret < 0 || output_lost(&m, e) == 0)
		return ret;
	if (m.status == 0)
		return -e->code;
	/* A program that failed tells more by its own status than we could by ours. */
	log_error("%s", e->text);
	return 0;
}
