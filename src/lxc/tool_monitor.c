/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-monitor, and lxc-monitord, which it starts: changes of the states of all containers of a directory.
 *
 * Monitors of containers write a struct lxc_msg into a FIFO when somebody reads it. One daemon per
 * directory does, and hands what it reads to its clients, who connect to an abstract socket. It ends
 * when nobody has been connected for half a minute. Both are LXC's own, so that its monitors and
 * tools fit. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/mem.h"
#include "lxc/tool.h"
#include "lxc/wire.h"

enum { CLIENTS_MAX = 64, IDLE_MS = 30000 };

static const char quit_word[4] = { 'q', 'u', 'i', 't' };

/* "@lxc/HASH/LXCPATH", cut to what an address holds. */
static socklen_t monitor_address(const char *lxcpath, struct sockaddr_un *out)
{
	autostr whole = { 0 }, name = { 0 };
	size_t n;

	str_addf(&whole, "lxc/%s/monitor-sock", lxcpath);
	str_addf(&name, "lxc/%016llx/%s", (unsigned long long)lxc_hash(str_text(&whole)), lxcpath);
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = name.len < sizeof(out->sun_path) - 2 ? name.len : sizeof(out->sun_path) - 2;
	memcpy(out->sun_path + 1, str_text(&name), n);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
}

/* --- the daemon ---------------------------------------------------------------------------------- */

struct daemon {
	struct pollfd fd[2 + CLIENTS_MAX]; /* the FIFO, the socket, clients */
	size_t n;
};

/* Only root, and who the daemon belongs to. */
static bool may_listen(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || (peer.uid == getuid() && peer.gid == getgid()));
}

static void daemon_accept(struct daemon *d)
{
	int fd = accept4(d->fd[1].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (!may_listen(fd) || d->n == ARRAY_SIZE(d->fd)) {
		close(fd);
		return;
	}
	d->fd[d->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void daemon_tell(struct daemon *d)
{
	struct lxc_msg message;

	while (read(d->fd[0].fd, &message, sizeof(message)) == sizeof(message))
		for (size_t i = 2; i < d->n; i++)
			/* Who does not read in time misses it. */
			send(d->fd[i].fd, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What clients say: "quit", or nothing and they are gone. False when the daemon is to end. */
static bool daemon_hear(struct daemon *d)
{
	char word[sizeof(quit_word)];
	ssize_t n;

	for (size_t i = 2; i < d->n; i++) {
		if (!d->fd[i].revents)
			continue;
		n = recv(d->fd[i].fd, word, sizeof(word), MSG_DONTWAIT);
		if (n == (ssize_t)sizeof(word) && !memcmp(word, quit_word, sizeof(word)))
			return false;
		if (n > 0)
			continue;
		close(d->fd[i].fd);
		d->fd[i--] = d->fd[--d->n];
	}
	return true;
}

static void daemon_loop(struct daemon *d)
{
	for (;;) {
		int n = poll(d->fd, d->n, d->n > 2 ? -1 : IDLE_MS);

		if ((n == 0 && d->n == 2) || (n < 0 && errno != EINTR))
			return;
		if (n < 0)
			continue;
		if (d->fd[0].revents)
			daemon_tell(d);
		if (!daemon_hear(d))
			return;
		if (d->fd[1].revents)
			daemon_accept(d);
	}
}

/* The FIFO, opened for both so that its writers' ends are no end of file. */
static int open_fifo(const char *path)
{
	struct stat st;
	autoclose int fd = -EBADF;

	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode) || st.st_uid != geteuid())
		return -EPERM;
	return take_fd(fd);
}

static int open_socket(const char *lxcpath)
{
	struct sockaddr_un address;
	socklen_t size = monitor_address(lxcpath, &address);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 16) < 0)
		return -errno;
	return take_fd(fd);
}

/* Make the directories of the FIFO: below /run/lxc they are root's, below $XDG_RUNTIME_DIR the caller's. */
static int make_directories(const char *fifo)
{
	autofree char *path = strdup(fifo);

	for (char *p = path ? path + 1 : NULL; p && (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return path ? 0 : -ENOMEM;
}

/* lxc-monitord LXCPATH PIPE: a byte into PIPE says that it listens. --daemon LXCPATH: in front. */
static int monitord(const char *lxcpath, int pipe)
{
	struct daemon d = { .n = 2 };
	struct tool_args a = { .name = lxcpath };
	autostr path = { 0 };
	int ret;

	lxc_fifo_path(lxcpath, &path);
	ret = make_directories(str_text(&path));
	d.fd[1] = (struct pollfd){ .fd = open_socket(lxcpath), .events = POLLIN };
	if (d.fd[1].fd == -EADDRINUSE) /* there is one */
		ret = -EEXIST;
	d.fd[0] = (struct pollfd){ .fd = ret < 0 ? ret : open_fifo(str_text(&path)),
				   .events = POLLIN };
	if (ret != -EEXIST && (d.fd[0].fd < 0 || d.fd[1].fd < 0))
		return tool_error(&a, "%s cannot be watched: %s", str_text(&path),
				  strerror(d.fd[0].fd < 0 ? -d.fd[0].fd : -d.fd[1].fd));
	if (pipe >= 0) {
		if (write(pipe, "S", 1) < 0)
			return 1;
		close(pipe);
	}
	if (ret == -EEXIST)
		return 0;
	daemon_loop(&d);
	unlink(str_text(&path));
	return 0;
}

static int monitord_main(int argc, char **argv)
{
	struct tool_args a = { 0 };
	int64_t pipe = -1;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "--daemon"))
		return monitord(argv[2], -1);
	if (argc != 3 || str_i64(argv[2], 0, 1 << 20, &pipe) < 0)
		return tool_error(&a, "usage: lxc-monitord LXCPATH PIPE | --daemon LXCPATH");
	return monitord(argv[1], (int)pipe);
}

const struct tool tool_monitord = { .name = "lxc-monitord", .main = monitord_main };

/* --- lxc-monitor ---------------------------------------------------------------------------------- */

struct monitor_args {
	struct tool_args common;
	bool quit;
};

static const struct opt monitor_opts[] = { { .name = "name",
					     .letter = 'n',
					     .arg = OPT_VALUE,
					     .metavar = "REGEX",
					     .take = opt_text,
					     .at = offsetof(struct monitor_args, common.name),
					     .doc = "only names that match; all by default" },
					   { .name = "quit",
					     .letter = 'Q',
					     .take = opt_true,
					     .at = offsetof(struct monitor_args, quit),
					     .doc = "tell the daemon that collects states to end" },
					   { 0 } };

static int connect_daemon(const char *lxcpath)
{
	struct sockaddr_un address;
	socklen_t size = monitor_address(lxcpath, &address);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) < 0)
		return -errno;
	return take_fd(fd);
}

/* The caller's terminal and pipes would otherwise stay open as long as the daemon lives. */
static void let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
}

/* A child of a child, so that nobody has to reap it; it is ours in everything but its life. */
static void start_daemon(const char *lxcpath)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		if (fork() == 0) {
			let_go();
			_exit(monitord(lxcpath, ends[1]));
		}
		_exit(0);
	}
	close(ends[1]);
	if (pid > 0 && waitpid(pid, NULL, 0) == pid && read(ends[0], &byte, 1) < 0)
		errno = 0; /* connecting will tell */
	close(ends[0]);
}

static int quit_daemon(const struct tool_args *a, const char *lxcpath)
{
	autoclose int fd = connect_daemon(lxcpath);

	if (fd < 0 || send(fd, quit_word, sizeof(quit_word), MSG_NOSIGNAL) < 0)
		return tool_error(a, "no lxc-monitord watches %s", lxcpath);
	return 0;
}

static void print_message(const struct lxc_msg *m)
{
	if (m->type == LXC_MSG_STATE && lxc_state_name(m->value))
		printf("'%s' changed state to [%s]\n", m->name, lxc_state_name(m->value));
	else if (m->type == LXC_MSG_EXIT_CODE)
		printf("'%s' exited with status [%d]\n", m->name, m->value >> 8 & 0xff);
	fflush(stdout);
}

static int monitor_loop(const struct tool_args *a, struct pollfd *fd, size_t n,
			const regex_t *names)
{
	struct lxc_msg message;

	for (;;) {
		if (poll(fd, n, -1) < 0 && errno != EINTR)
			return tool_error(a, "wait for changes: %m");
		for (size_t i = 0; i < n; i++) {
			if (!fd[i].revents)
				continue;
			if (recv(fd[i].fd, &message, sizeof(message), MSG_WAITALL) !=
			    sizeof(message))
				return tool_error(a, "lxc-monitord has ended");
			message.name[sizeof(message.name) - 1] = '\0';
			if (!regexec(names, message.name, 0, NULL, 0))
				print_message(&message);
		}
	}
}

static int monitor_watch(const struct tool_args *a, const regex_t *names)
{
	autofree struct pollfd *fd = calloc(a->paths.n, sizeof(*fd));

	for (size_t i = 0; fd && i < a->paths.n; i++) {
		fd[i] = (struct pollfd){ .fd = connect_daemon(a->paths.item[i]), .events = POLLIN };
		if (fd[i].fd < 0) {
			start_daemon(a->paths.item[i]);
			fd[i].fd = connect_daemon(a->paths.item[i]);
		}
		if (fd[i].fd < 0)
			return tool_error(a, "lxc-monitord for %s cannot be reached: %s",
					  a->paths.item[i], strerror(-fd[i].fd));
	}
	return fd ? monitor_loop(a, fd, a->paths.n, names) : tool_error(a, "no memory");
}

static int monitor_run(void *args, int argc, char **argv)
{
	struct monitor_args *a = args;
	autostr whole = { 0 };
	regex_t names;
	int status = 0;

	str_addf(&whole, "^%s$", a->common.name ? a->common.name : argc > 0 ? argv[0] : ".*");
	for (size_t i = 0; a->quit && i < a->common.paths.n; i++)
		status |= quit_daemon(&a->common, a->common.paths.item[i]);
	if (a->quit)
		return status;
	if (regcomp(&names, str_text(&whole), REG_EXTENDED | REG_NOSUB))
		return tool_error(&a->common, "that is not a regular expression");
	status = monitor_watch(&a->common, &names);
	regfree(&names);
	return status;
}

const struct tool tool_monitor = {
	.name = "lxc-monitor",
	.operands = "[REGEX]",
	.doc = "Print the changes of state of containers as they happen.",
	.opts = monitor_opts,
	.size = sizeof(struct monitor_args),
	.run = monitor_run,
};
