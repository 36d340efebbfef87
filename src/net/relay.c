/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The relay's process: started, confined, its loop. Should it be taken over, the attacker has a user id
 * that nobody else has, no files, and sockets to the published ports of one container. */
#include "net/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/sys.h"
#include "store/state.h"

socklen_t relay_target(const struct relay_port *p, struct sockaddr_storage *out)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = p->to.sin6_port };

	memset(out, 0, sizeof(*out));
	if (!IN6_IS_ADDR_V4MAPPED(&p->to.sin6_addr)) {
		memcpy(out, &p->to, sizeof(p->to));
		return sizeof(p->to);
	}
	memcpy(&four.sin_addr, p->to.sin6_addr.s6_addr + 12, 4);
	memcpy(out, &four, sizeof(four));
	return sizeof(four);
}

/* --- confining ----------------------------------------------------------------------- */

/* Below the pool of containers' ids and far above those of people. */
enum { RELAY_UID = 0x6f000000, NOBODY = 65534 };

static bool drop_user(void)
{
	const uid_t id = RELAY_UID + (uid_t)getpid();

	if (setgroups(0, NULL) < 0)
		return false;
	/* Where ids are few (ward inside a container), nobody has to do. */
	return (setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0) ||
	       (setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

/* No file at all; with ABI 4, connections to the container's ports only (landlock(7)). */
static bool drop_files(const struct relay *r)
{
	struct {
		uint64_t fs, net;
	} attr = { .fs = (1ULL << 13) - 1 };
	struct {
		uint64_t access, port;
	} rule = { .access = 1ULL << 1 }; /* LANDLOCK_ACCESS_NET_CONNECT_TCP */
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	autoclose int rules = -EBADF;

	if (abi < 1)
		return true;
	attr.net = abi >= 4 ? 3 : 0; /* bind and connect */
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
			     abi >= 4 ? sizeof(attr) : sizeof(attr.fs), 0);
	if (rules < 0)
		return false;
	for (size_t i = 0; i < r->n && abi >= 4; i++) {
		rule.port = ntohs(r->port[i].to.sin6_port);
		if (syscall(SYS_landlock_add_rule, rules, 2, &rule, 0) < 0) /* ..._RULE_NET_PORT */
			return false;
	}
	return syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

#ifdef __x86_64__
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH 0 /* the filter is left out */
#endif

static const unsigned short calls[] = {
	SYS_splice, SYS_accept4, SYS_connect, SYS_pipe2, SYS_close, SYS_shutdown, SYS_getsockopt,
	SYS_recvfrom, SYS_sendto, SYS_epoll_ctl, SYS_epoll_pwait, SYS_exit_group, SYS_exit,
	SYS_rt_sigreturn, SYS_restart_syscall,
#ifdef __x86_64__
	SYS_epoll_wait,
#endif
};

static bool drop_calls(void)
{
	struct sock_filter code[ARRAY_SIZE(calls) + 12];
	struct sock_fprog program = { .filter = code };
	size_t n = 0;

	if (!NATIVE_ARCH)
		return true;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i],
							 (uint8_t)(ARRAY_SIZE(calls) - i + 4), 0);
	/* Sockets of the internet only. */
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, args[0]));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static bool confine(const struct relay *r)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	prctl(PR_SET_NAME, "ward:relay");
	return chdir("/") == 0 && drop_user() && prctl(PR_SET_DUMPABLE, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && drop_files(r) && drop_calls();
}

/* --- the loop ------------------------------------------------------------------------ */

static void loop(struct relay *r)
{
	struct epoll_event events[64];

	for (;;) {
		int n = epoll_wait(r->epoll, events, ARRAY_SIZE(events), -1);

		for (int i = 0; i < n; i++) {
			struct source *s = events[i].data.ptr;
			const struct listener *l = (const struct listener *)s;

			switch (s->kind) {
			case SOURCE_CALLER:
				return;
			case SOURCE_LISTENER:
				if (l->port->protocol == IPPROTO_TCP)
					stream_accept(r, l);
				else
					datagram_arrived(r, l);
				break;
			case SOURCE_STREAM:
				stream_ready(r, s, events[i].events);
				break;
			case SOURCE_FLOW:
				datagram_answered(r, s);
				break;
			}
		}
		if (n < 0 && errno != EINTR)
			return;
	}
}

static bool watch(const struct relay *r, int fd, struct source *s)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = s } };

	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* The process, from its first to its last instruction. caller: a pidfd of who started it; said: a socket
 * on which it tells its pid when it is ready, or -errno. */
static void live(const struct relay_port *ports, size_t n, int caller, int said)
{
	struct source ended = { SOURCE_CALLER };
	struct listener *listeners = calloc(n, sizeof(*listeners));
	struct relay_port *own = calloc(n, sizeof(*own));
	struct relay r = { .epoll = epoll_create1(EPOLL_CLOEXEC), .port = own, .n = n };
	bool good = listeners && own && r.epoll >= 0 && stream_begin(&r) && datagram_begin(&r) &&
		    watch(&r, caller, &ended);
	int answer = getpid();

	for (size_t i = 0; i < n && good; i++) {
		own[i] = ports[i];
		listeners[i] = (struct listener){ .source = { SOURCE_LISTENER }, .port = &own[i] };
		good = watch(&r, own[i].socket, &listeners[i].source);
	}
	if (!good || !confine(&r))
		answer = errno ? -errno : -EIO;
	send(said, &answer, sizeof(answer), MSG_NOSIGNAL);
	close(said);
	if (answer > 0)
		loop(&r);
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Close everything but the given descriptors: the caller's lock would keep its container alive, its
 * pipes their readers waiting. */
static void close_others(int *keep, size_t n)
{
	unsigned next = 0;

	qsort(keep, n, sizeof(*keep), compare);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned)keep[i] > next)
			sys_close_range(next, (unsigned)keep[i] - 1, 0);
		next = (unsigned)keep[i] + 1;
	}
	sys_close_range(next, ~0U, 0);
	/* Where standard streams were, connections must not be. */
	for (int i = 0; i < 3; i++)
		open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* A child that ends at once makes the relay nobody's child: the caller waits for its own only. */
static void detach(const struct relay_port *ports, size_t n, int caller, int said)
{
	autofree int *keep = calloc(n + 2, sizeof(*keep));
	sigset_t none;

	if (!keep || setsid() < 0 || fork() != 0)
		_exit(0);
	for (size_t i = 0; i < n; i++)
		keep[i] = ports[i].socket;
	keep[n] = caller;
	keep[n + 1] = said;
	close_others(keep, n + 2);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	live(ports, n, caller, said);
}

int relay_start(const struct relay_port *ports, size_t n, pid_t *pid, uint64_t *start_time,
		struct err *e)
{
	autoclose int caller = sys_pidfd_open(getpid());
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int pair[2], answer = 0, ret = 0;
	pid_t child;

	if (caller < 0 || proc < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "start the relay of published ports");
	child = fork();
	if (child == 0)
		detach(ports, n, caller, pair[1]);
	if (child < 0)
		ret = err_sys(e, "start the relay of published ports");
	fd_close(&pair[1]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (ret == 0 && recv(pair[0], &answer, sizeof(answer), 0) != sizeof(answer))
		answer = -EIO;
	fd_close(&pair[0]);
	if (ret < 0)
		return ret;
	if (answer < 0) {
		errno = -answer;
		return err_sys(e, "confine the relay of published ports");
	}
	*pid = answer;
	*start_time = state_start_time(proc, answer);
	return 0;
}
