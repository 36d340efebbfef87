/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper: mon.h. */
#include "lxc/mon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "launch/gc.h"
#include "lxc/hook.h"
#include "lxc/lib_create.h"
#include "wall/wall.h"

/* What the keeper knows of the watcher when it has ended. */
struct outcome {
	bool ran, told; /* it ran; the end was told */
	int status, code;
	struct err err; /* why it did not run */
	int failed;	/* exit status for who waits */
};

static void report(int fd, enum lxc_word word, int value, int code, int pid, const struct err *e)
{
	struct lxc_report r = { .word = word, .value = value, .code = code, .pid = pid };

	if (fd < 0)
		return;
	if (e)
		r.err = *e;
	(void)!send(fd, &r, sizeof(r), MSG_NOSIGNAL);
}

void mon_tell(const struct mon *m, enum lxc_word word, int value, int code, const struct err *e)
{
	report(m->up, word, value, code, (int)getpid(), e);
}

static int read_start(struct lxc_start *s, struct err *e)
{
	autostr text = { 0 };
	int ret;

	if (lseek(START_TEXT_FD, 0, SEEK_SET) < 0)
		return err_sys(e, "read what the library says");
	ret = file_read_fd(START_TEXT_FD, 64 << 20, &text);
	if (ret < 0)
		return err_msg(e, -ret, "read what the library says: %s", strerror(-ret));
	return lxc_start_parse(text.text, text.len, s, e);
}

/* --- files that outlive the watcher ------------------------------------------------------ */

static int pidfile_write(const char *path, struct err *e)
{
	autoclose int fd = -EBADF;
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)getpid());

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || file_write_all(fd, text, (size_t)n) < 0)
		return err_sys(e, "write the pid file %s", path);
	return 0;
}

/* lxc-monitor's daemon, if there is one, fans this out to who watches many containers. */
static void tell_fifo(const struct lxc_start *s, enum lxc_msg_type type, int value)
{
	struct lxc_msg msg = { .type = type, .value = value };
	autostr path = { 0 };
	autoclose int fd = -EBADF;
	struct stat st;

	lxc_fifo_path(s->lxcpath, &path);
	fd = open(str_text(&path), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return;
	snprintf(msg.name, sizeof(msg.name), "%s", s->name);
	(void)!write(fd, &msg, sizeof(msg));
}

int mon_hooks(const struct mon *m, const char *type, int pid, const char *target, struct err *e)
{
	struct lxc_hook h = { .config = &m->start->config, .name = m->start->name,
			      .config_file = m->start->configfile, .pid = pid, .target = target };

	return lxc_hook_run(&h, type, e);
}

/* --- the watcher ---------------------------------------------------------------------------- */

static _Noreturn void watcher(struct mon *m, char **argv)
{
	struct err e = ERR_NONE;
	autospec spec = { 0 };
	int ret;

	/* Whoever kills the keeper means the container. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	spec_init(&spec);
	ret = mon_spec(m, &spec, &e);
	if (ret == 0)
		ret = mon_watch(m, &spec, argv, &e);
	if (ret < 0)
		mon_tell(m, LXC_WORD_FAILED,
			 m->c.run.exec_failed ? (e.code == ENOENT ? 127 : 126) : 1, 0, &e);
	_exit(0);
}

static void hear(const struct mon *m, const struct lxc_report *said, int to, struct outcome *o)
{
	switch ((enum lxc_word)said->word) {
	case LXC_WORD_STATE:
		if (lxc_state_name(said->value))
			tell_fifo(m->start, LXC_MSG_STATE, said->value);
		break;
	case LXC_WORD_RUNNING:
		o->ran = true;
		report(to, LXC_WORD_RUNNING, 0, 0, said->pid, NULL);
		break;
	case LXC_WORD_FAILED:
		o->err = said->err;
		err_clean(&o->err);
		o->failed = said->value;
		break;
	case LXC_WORD_ENDED:
		o->told = true;
		o->status = said->value;
		o->code = said->code;
		break;
	}
}

/* A signal to the keeper, whose pid is in pid files, is meant for the container. */
static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

static int keeper_signals(struct err *e)
{
	static const int ignored[] = { SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(&set, passed_on[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, "wait for signals") : fd;
}

/* Until the watcher's end of the socket is closed: nothing else can make it. */
static void listen_to(const struct mon *m, int sock, pid_t watcher, int to, struct outcome *o)
{
	struct pollfd p[] = { { .fd = sock, .events = POLLIN },
			      { .fd = m->signals, .events = POLLIN } };
	struct signalfd_siginfo info;
	struct lxc_report said;

	for (;;) {
		ssize_t n;

		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		while (p[1].revents && read(m->signals, &info, sizeof(info)) == sizeof(info))
			kill(watcher, (int)info.ssi_signo);
		if (!p[0].revents)
			continue;
		n = recv(sock, &said, sizeof(said), MSG_DONTWAIT);
		if (n == sizeof(said))
			hear(m, &said, to, o);
		else if (n >= 0 || (errno != EINTR && errno != EAGAIN))
			return;
	}
}

/* One life of the container. */
static int live(struct mon *m, char **argv, int to, struct outcome *o, struct err *e)
{
	autoclose int mine = -EBADF;
	int pair[2];
	pid_t pid;

	if (mon_hooks(m, "pre-start", 0, NULL, e) < 0)
		return -e->code;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make the watcher's socket");
	mine = pair[0];
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		if (m->start->daemonize)
			fd_close(&to);
		m->up = pair[1];
		watcher(m, argv);
	}
	close(pair[1]);
	if (pid < 0)
		return err_sys(e, "start the watcher");
	listen_to(m, mine, pid, to, o);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (!o->ran && !o->err.code)
		err_msg(&o->err, ECONNRESET, "the monitor ended before the container ran");
	/* Killed: nobody else cleans up after it, and who asked for the end waits for us. */
	if (o->ran && !o->told)
		gc_run(&m->c.store);
	return 0;
}

/* A container's init that calls reboot(2) dies of a hangup (pid_namespaces(7)); one that halts, of
 * an interrupt. */
static bool wants_reboot(const struct outcome *o)
{
	return o->told && o->code == CLD_KILLED && o->status == 128 + SIGHUP;
}

/* What the host does when a life has ended; failures are warned about. */
static void after(const struct mon *m, const struct outcome *o)
{
	const char *target = wants_reboot(o) ? "reboot" : "stop";
	struct err ignored = ERR_NONE;

	if (o->ran)
		mon_hooks(m, "stop", 0, target, &ignored);
	mon_hooks(m, "post-stop", 0, target, &ignored);
}

/* lxc.ephemeral: gone with its end, and who asked for that waits until our listener is closed. */
static void remove_ephemeral(struct mon *m)
{
	const char *value = lxc_conf_value(&m->start->config, "lxc.ephemeral");
	struct err e = ERR_NONE;
	struct lxc_container *c;

	if (!value || strcmp(value, "1"))
		return;
	c = lxc_container_new(m->start->name, m->start->lxcpath);
	if (c && lib_destroy_now(c, &e) < 0)
		log_warn("%s", e.text);
	if (c)
		lxc_container_put(c);
}

static int keep(struct mon *m, char **argv, int to, struct err *e)
{
	struct outcome o = { 0 };
	int ret;

	m->listener = mon_listen(m->start->lxcpath, m->start->name, e);
	if (m->listener < 0)
		return m->listener;
	ret = pidfile_write(m->start->pidfile, e);
	if (ret < 0)
		return ret;
	tell_fifo(m->start, LXC_MSG_STATE, LXC_STARTING);
	do {
		o = (struct outcome){ 0 };
		ret = live(m, argv, to, &o, e);
		after(m, &o);
	} while (ret == 0 && wants_reboot(&o));
	if (ret == 0 && o.err.code) {
		*e = o.err;
		ret = -e->code;
		tell_fifo(m->start, LXC_MSG_STATE, LXC_ABORTING);
		report(to, LXC_WORD_FAILED, o.failed, 0, 0, e);
		*e = ERR_NONE;
	}
	tell_fifo(m->start, LXC_MSG_STATE, LXC_STOPPED);
	tell_fifo(m->start, LXC_MSG_EXIT_CODE, o.status);
	if (m->start->pidfile)
		unlink(m->start->pidfile);
	if (ret == 0)
		remove_ephemeral(m);
	if (o.told)
		report(to, LXC_WORD_ENDED, o.status, o.code, 0, NULL);
	return ret;
}

/* The host, the store; and out of reach of the container's root, where it has any rights. */
static int open_host(struct mon *m, char **argv, struct err *e)
{
	autospec spec = { 0 };
	int ret = container_open(&m->c, e);

	if (ret < 0)
		return ret;
	m->c.argv = argv + 1; /* container_protect() counts from a command's name */
	spec_init(&spec);
	ret = mon_spec(m, &spec, e);
	return ret < 0 ? ret : container_protect(&m->c, &spec, e);
}

int mon_main(int argc, char **argv)
{
	static struct mon m;
	autostart start = { 0 };
	struct err e = ERR_NONE;
	int ret;

	(void)argc;
	walls_init();
	m.start = &start;
	m.signals = keeper_signals(&e);
	ret = m.signals < 0 ? m.signals : read_start(&start, &e);
	if (ret == 0)
		ret = open_host(&m, argv, &e);
	if (ret == 0) {
		fcntl(START_TEXT_FD, F_SETFD, FD_CLOEXEC);
		fcntl(START_REPORT_FD, F_SETFD, FD_CLOEXEC);
		ret = keep(&m, argv, START_REPORT_FD, &e);
	}
	if (ret < 0 && e.code)
		report(START_REPORT_FD, LXC_WORD_FAILED, 1, 0, 0, &e);
	container_close(&m.c);
	return ret < 0;
}
