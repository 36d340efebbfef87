/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes of sockets and of System V and POSIX inter-process communication. */
#include "look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int try_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	int result = errno_of(fd);

	if (fd >= 0)
		close(fd);
	return result;
}

static int do_socket(int argc, char **argv)
{
	return try_socket((int)number(argv[0]), argc > 1 ? (int)number(argv[1]) : SOCK_DGRAM,
			  argc > 2 ? (int)number(argv[2]) : 0);
}

static int do_netlink(int argc, char **argv)
{
	(void)argc;
	return try_socket(AF_NETLINK, SOCK_RAW, (int)number(argv[0]));
}

/* With garbage above bit 31, which the kernel ignores. */
static int do_socket_high(int argc, char **argv)
{
	(void)argc;
	return errno_of(syscall(SYS_socket, 0x100000000UL | (unsigned long)number(argv[0]),
				(long)SOCK_DGRAM, 0L));
}

static int do_socketpair(int argc, char **argv)
{
	int fds[2];

	(void)argc;
	return errno_of(socketpair((int)number(argv[0]), SOCK_DGRAM, 0, fds));
}

/* Every address family that can be opened, with any type. */
static int do_families(int argc, char **argv)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };

	(void)argc;
	(void)argv;
	for (int family = 0; family < 64; family++) {
		bool opened = false;

		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			opened = opened || !try_socket(family, types[i], 0);
		if (opened)
			printf("%d ", family);
	}
	puts("");
	return 0;
}

static int do_netlinks(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int protocol = 0; protocol < 32; protocol++) {
		if (!try_socket(AF_NETLINK, SOCK_RAW, protocol))
			printf("%d ", protocol);
	}
	puts("");
	return 0;
}

#ifdef __x86_64__
/* socket(2) of i386 (359), through the 32-bit entry. */
static int do_int80_socket(int argc, char **argv)
{
	long result = 359, family = number(argv[0]);

	(void)argc;
	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(family), "c"((long)SOCK_DGRAM), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? (int)-result : 0;
}
#else
static int do_int80_socket(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ENOSYS;
}
#endif

static int do_connect(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)argc;
	if (fd < 0)
		return errno;
	to.sin_port = htons((unsigned short)number(argv[1]));
	if (inet_pton(AF_INET, argv[0], &to.sin_addr) != 1)
		return EINVAL;
	return errno_of(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int do_listen(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)argc;
	if (fd < 0)
		return errno;
	at.sin_port = htons((unsigned short)number(argv[0]));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return errno;
	return errno_of(listen(fd, 1));
}

/* A path, or @name for an abstract one. */
static int unix_address(const char *name, struct sockaddr_un *un, socklen_t *size)
{
	size_t len = strlen(name);

	if (len >= sizeof(un->sun_path))
		return EINVAL;
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, name, len);
	if (name[0] == '@')
		un->sun_path[0] = 0;
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

static int do_connect_unix(int argc, char **argv)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un un;
	socklen_t size;

	(void)argc;
	if (fd < 0)
		return errno;
	if (unix_address(argv[0], &un, &size))
		return EINVAL;
	return errno_of(connect(fd, (struct sockaddr *)&un, size));
}

/* Listen and say so, for a minute at most. Run by the tests on the host. */
static int do_listen_unix(int argc, char **argv)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un un;
	socklen_t size;

	(void)argc;
	if (fd < 0)
		return errno;
	if (unix_address(argv[0], &un, &size))
		return EINVAL;
	if (bind(fd, (struct sockaddr *)&un, size) < 0 || listen(fd, 8) < 0)
		return errno;
	puts("listening");
	fflush(stdout);
	sleep(60);
	return 0;
}

static int do_shm(int argc, char **argv)
{
	(void)argc;
	return errno_of(shmget((key_t)number(argv[0]), 0, 0));
}

static int do_shm_make(int argc, char **argv)
{
	int id = shmget((key_t)number(argv[0]), 4096, IPC_CREAT | IPC_EXCL | 0666);

	(void)argc;
	if (id < 0)
		return errno;
	printf("%d\n", id);
	return 0;
}

static int do_mq_open(int argc, char **argv)
{
	(void)argc;
	return errno_of(mq_open(argv[0], O_RDONLY));
}

static int do_interfaces(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/net/dev", "re");
	char line[512];

	(void)argc;
	(void)argv;
	if (!f)
		return errno;
	for (int n = 0; fgets(line, sizeof(line), f); n++) {
		char *colon = strchr(line, ':'), *name = line + strspn(line, " ");

		if (n < 2 || !colon)
			continue;
		*colon = 0;
		puts(name);
	}
	fclose(f);
	return 0;
}

const struct probe probes_net[] = {
	TRY("socket", 1, do_socket, "FAMILY [TYPE [PROTO]]", "open a socket"),
	TRY("socket-high", 1, do_socket_high, "FAMILY", "with garbage above bit 31"),
	TRY("socketpair", 1, do_socketpair, "FAMILY", "open a pair"),
	TRY("netlink", 1, do_netlink, "PROTO", "open a netlink socket"),
	SHOW("families", 0, do_families, "", "list what socket() lets through"),
	SHOW("netlinks", 0, do_netlinks, "", "list the netlink protocols let through"),
	TRY("int80-socket", 1, do_int80_socket, "FAMILY", "through the 32-bit entry"),
	TRY("connect", 2, do_connect, "ADDRESS PORT", "TCP"),
	TRY("listen", 1, do_listen, "PORT", "TCP on every address"),
	TRY("connect-unix", 1, do_connect_unix, "PATH|@NAME", "connect to a unix socket"),
	SHOW("listen-unix", 1, do_listen_unix, "PATH|@NAME", "for a minute"),
	TRY("shm", 1, do_shm, "KEY", "find a System V segment"),
	SHOW("shm-make", 1, do_shm_make, "KEY", "make one"),
	TRY("mq-open", 1, do_mq_open, "/NAME", "find a message queue"),
	SHOW("interfaces", 0, do_interfaces, "", "list network interfaces"),
	{ 0 },
};
