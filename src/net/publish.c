/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that lead to a container. Who comes from outside is led on by the packet filter;
 * the host itself, whose packets to 127.0.0.1 and ::1 must not leave the loopback interface
 * (route_localnet stays 0), by a relay. The relay holds the ports, so that a port that is taken is
 * refused, and nobody takes it later.
 *
 * RUN/net/-published/OWNER says what there is, before it is: "relay PID START", "to ADDRESS4 ADDRESS6",
 * "port HOST FROM TO COUNT PROTOCOL". */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "base/path.h"
#include "base/sys.h"
#include "net/inner.h"
#include "store/state.h"

enum { RECORD_MAX = 1 << 18 };

/* --- the record ---------------------------------------------------------------------- */

struct record {
	pid_t relay;
	uint64_t start_time;
	struct lease to;
	struct publish port[PUBLISH_MAX];
	size_t n;
};

static int records_dir(const struct store *s, bool make, struct err *e)
{
	return net_run_dir(s, NET_PUBLISHED, make, e);
}

static void record_text(const struct record *r, struct str *out)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];

	str_addf(out, "relay %d %llu\nto %s %s\n", (int)r->relay, (unsigned long long)r->start_time,
		 inet_ntop(AF_INET, &r->to.address4, four, sizeof(four)),
		 inet_ntop(AF_INET6, &r->to.address6, six, sizeof(six)));
	for (size_t i = 0; i < r->n; i++)
		str_addf(out, "port %s %u %u %u %u\n",
			 inet_ntop(AF_INET6, &r->port[i].host, six, sizeof(six)), r->port[i].from,
			 r->port[i].to, r->port[i].count, r->port[i].protocol);
}

static void record_line(const char *line, struct record *r)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];
	unsigned from, to, count, protocol;
	unsigned long long start;
	int pid;

	if (sscanf(line, "relay %d %llu", &pid, &start) == 2) {
		r->relay = pid;
		r->start_time = start;
	} else if (sscanf(line, "to %15s %45s", four, six) == 2) {
		inet_pton(AF_INET, four, &r->to.address4);
		inet_pton(AF_INET6, six, &r->to.address6);
	} else if (r->n < PUBLISH_MAX &&
		   sscanf(line, "port %45s %u %u %u %u", six, &from, &to, &count, &protocol) == 5) {
		struct publish *p = &r->port[r->n++];

		*p = (struct publish){ .from = (uint16_t)from, .to = (uint16_t)to,
				       .count = (uint16_t)count, .protocol = (uint8_t)protocol };
		inet_pton(AF_INET6, six, &p->host);
	}
}

static int record_read(int dir, const char *owner, struct record *r)
{
	autostr text = { 0 };
	int ret = file_read(dir, owner, RECORD_MAX, &text);

	*r = (struct record){ .relay = 0 };
	for (const char *p = str_text(&text); *p; p += strcspn(p, "\n"), p += *p == '\n')
		record_line(p, r);
	return ret;
}

static int record_write(int dir, const char *owner, const struct record *r, struct err *e)
{
	autostr text = { 0 };
	int ret;

	record_text(r, &text);
	ret = text.failed ? -ENOMEM : file_replace(dir, owner, text.text, text.len, 0600);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "note the published ports of container %s", owner);
}

/* Call visit() for every container with published ports; a number but 0 ends it and is returned. */
typedef int record_visit(const char *owner, const struct record *r, void *ctx);

static int each_record(const struct store *s, record_visit *visit, void *ctx, struct err *e)
{
	int dir = records_dir(s, false, e);
	autoclosedir DIR *d = dir < 0 ? NULL : fdopendir(dir);
	autofree struct record *r = malloc(sizeof(*r));
	struct dirent *entry;
	int ret = 0;

	if (dir == -ENOENT)
		return 0;
	if (dir < 0 || !d || !r)
		return dir < 0 ? dir : err_mem(e);
	while (ret == 0 && (entry = readdir(d)))
		if (path_is_name(entry->d_name) && record_read(dirfd(d), entry->d_name, r) == 0)
			ret = visit(entry->d_name, r, ctx);
	return ret;
}

/* --- the filter's part --------------------------------------------------------------- */

static void element_line(const struct record *r, const struct publish *p, uint16_t i, bool six,
			 struct str *out)
{
	bool every = IN6_IS_ADDR_UNSPECIFIED(&p->host);
	char host[INET6_ADDRSTRLEN] = "", to[INET6_ADDRSTRLEN];

	if ((!every && IN6_IS_ADDR_V4MAPPED(&p->host) == six) ||
	    (six ? IN6_IS_ADDR_UNSPECIFIED(&r->to.address6) : !r->to.address4.s_addr))
		return;
	if (!every && six)
		inet_ntop(AF_INET6, &p->host, host, sizeof(host));
	else if (!every)
		inet_ntop(AF_INET, p->host.s6_addr + 12, host, sizeof(host));
	if (six)
		inet_ntop(AF_INET6, &r->to.address6, to, sizeof(to));
	else
		inet_ntop(AF_INET, &r->to.address4, to, sizeof(to));
	str_addf(out, "add element inet " NET_TABLE " %s%c { %s%s%s . %u : %s . %u }\n",
		 every ? "port" : "host", six ? '6' : '4', host, every ? "" : " . ",
		 p->protocol == IPPROTO_TCP ? "tcp" : "udp", p->from + i, to, p->to + i);
}

static int add_elements(const char *owner, const struct record *r, void *ctx)
{
	(void)owner;
	for (size_t i = 0; i < r->n; i++)
		for (uint16_t k = 0; k < r->port[i].count; k++) {
			element_line(r, &r->port[i], k, false, ctx);
			element_line(r, &r->port[i], k, true, ctx);
		}
	return 0;
}

int publish_elements(const struct store *s, struct str *out, struct err *e)
{
	return each_record(s, add_elements, out, e);
}

/* --- the ports ----------------------------------------------------------------------- */

struct sockets {
	struct relay_port item[2 * PUBLISH_MAX];
	size_t n;
};

static void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		fd_close(&s->item[i].socket);
}

static bool overlaps(const struct publish *a, const struct publish *b)
{
	return a->protocol == b->protocol && a->from < b->from + b->count &&
	       b->from < a->from + a->count &&
	       (IN6_IS_ADDR_UNSPECIFIED(&a->host) || IN6_IS_ADDR_UNSPECIFIED(&b->host) ||
		IN6_ARE_ADDR_EQUAL(&a->host, &b->host));
}

struct rival {
	const struct publish *port;
	char owner[STORE_NAME_MAX + 1];
};

static int is_rival(const char *owner, const struct record *r, void *ctx)
{
	struct rival *rival = ctx;

	for (size_t i = 0; i < r->n; i++)
		if (overlaps(&r->port[i], rival->port)) {
			snprintf(rival->owner, sizeof(rival->owner), "%.64s", owner);
			return 1;
		}
	return 0;
}

static int taken(const struct store *s, const struct publish *p, uint16_t port, struct err *e)
{
	struct publish one = *p;
	struct rival rival = { .port = &one };
	struct err none = ERR_NONE;

	one.from = port;
	one.count = 1;
	if (each_record(s, is_rival, &rival, &none) == 1)
		return err_msg(e, EADDRINUSE, "publish port %u: it is published by container %s",
			       port, rival.owner);
	return err_msg(e, EADDRINUSE, "publish port %u: a program of the host has it", port);
}

static int bind_one(const struct store *s, const struct publish *p, uint16_t i, int family,
		    const struct lease *to, struct sockets *out, struct err *e)
{
	static const int on = 1;
	const bool tcp = p->protocol == IPPROTO_TCP;
	autoclose int fd =
		socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uint16_t port = (uint16_t)(p->from + i);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port),
				    .sin6_addr = p->host };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct relay_port *r = &out->item[out->n];

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : err_sys(e, "publish port %u", port);
	memcpy(&four.sin_addr, p->host.s6_addr + 12, 4);
	if (tcp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if ((family == AF_INET ? bind(fd, (void *)&four, sizeof(four)) :
				 bind(fd, (void *)&six, sizeof(six))) < 0 ||
	    (tcp && listen(fd, 128) < 0)) {
		/* A host without IPv6 knows the family, but has no address to bind to. */
		if (family == AF_INET6 && errno == EADDRNOTAVAIL &&
		    IN6_IS_ADDR_UNSPECIFIED(&p->host))
			return 0;
		return errno == EADDRINUSE ? taken(s, p, port, e) :
					     err_sys(e, "publish port %u", port);
	}
	*r = (struct relay_port){ .protocol = p->protocol, .to = { .sin6_family = AF_INET6 } };
	/* The container's address of the same family, or the one it has. */
	if ((family == AF_INET6 || !to->address4.s_addr) && !IN6_IS_ADDR_UNSPECIFIED(&to->address6)) {
		r->to.sin6_addr = to->address6;
	} else {
		r->to.sin6_addr.s6_addr[10] = r->to.sin6_addr.s6_addr[11] = 0xff;
		memcpy(r->to.sin6_addr.s6_addr + 12, &to->address4, 4);
	}
	r->to.sin6_port = htons((uint16_t)(p->to + i));
	r->socket = take_fd(fd);
	out->n++;
	return 0;
}

static int bind_all(const struct store *s, const struct lease *to, const struct publish *p,
		    size_t n, struct sockets *out, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		bool mapped = IN6_IS_ADDR_V4MAPPED(&p[i].host);
		bool every = IN6_IS_ADDR_UNSPECIFIED(&p[i].host);

		for (uint16_t k = 0; k < p[i].count; k++) {
			if (out->n + 2 > ARRAY_SIZE(out->item))
				return err_msg(e, E2BIG, "at most %d ports of a container can be published",
					       PUBLISH_MAX);
			if (ret == 0 && (every || mapped))
				ret = bind_one(s, &p[i], k, AF_INET, to, out, e);
			if (ret == 0 && !mapped)
				ret = bind_one(s, &p[i], k, AF_INET6, to, out, e);
		}
	}
	return ret;
}

/* --- adding and removing ------------------------------------------------------------- */

static void relay_stop(const struct record *r)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int pidfd = r->relay > 0 ? sys_pidfd_open(r->relay) : -EBADF;
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0 || proc < 0 || !state_same_process(proc, r->relay, r->start_time))
		return;
	sys_pidfd_send_signal(pidfd, SIGKILL);
	poll(&gone, 1, 2000);
}

static int record_undo(int dir, const char *owner, const struct record *r, struct err *e)
{
	autoclose int nf = nl_open(NETLINK_NETFILTER, e);
	int ret = nf < 0 ? nf : element_change(nf, false, &r->to, r->port, r->n, e);

	relay_stop(r);
	/* The record goes when nothing is left that it speaks of. */
	if (ret == 0 && unlinkat(dir, owner, 0) < 0 && errno != ENOENT)
		ret = err_sys(e, "forget the published ports of container %s", owner);
	return ret;
}

static int record_do(int dir, const char *owner, struct record *r, const struct sockets *ports,
		     struct err *e)
{
	autoclose int nf = nl_open(NETLINK_NETFILTER, e);
	int ret = nf < 0 ? nf : record_write(dir, owner, r, e);

	if (ret == 0)
		ret = relay_start(ports->item, ports->n, &r->relay, &r->start_time, e);
	if (ret == 0)
		ret = record_write(dir, owner, r, e);
	return ret == 0 ? element_change(nf, true, &r->to, r->port, r->n, e) : ret;
}

int publish_add(const struct store *s, const char *owner, const struct lease *to,
		const struct publish *ports, size_t n, struct err *e)
{
	autofree struct sockets *sockets = calloc(1, sizeof(*sockets));
	autofree struct record *r = calloc(1, sizeof(*r));
	/* The filter is not loaded anew while a record and its elements differ. */
	autoheld held = NET_HELD_NONE;
	autoclose int dir = records_dir(s, true, e);
	struct err none = ERR_NONE;
	int ret;

	if (dir < 0)
		return dir;
	if (!sockets || !r)
		return err_mem(e);
	if (n > PUBLISH_MAX)
		return err_msg(e, E2BIG, "at most %d ports of a container can be published",
			       PUBLISH_MAX);
	r->to = *to;
	memcpy(r->port, ports, n * sizeof(*ports));
	r->n = n;
	ret = net_hold(s, true, &held, e);
	if (ret == 0)
		ret = bind_all(s, to, ports, n, sockets, e);
	if (ret == 0) {
		ret = record_do(dir, owner, r, sockets, e);
		if (ret < 0)
			record_undo(dir, owner, r, &none);
	}
	sockets_close(sockets);
	return ret;
}

int publish_remove(const struct store *s, const char *owner, struct err *e)
{
	autoheld held = NET_HELD_NONE;
	autoclose int dir = records_dir(s, false, e);
	autofree struct record *r = malloc(sizeof(*r));
	int ret;

	if (dir == -ENOENT)
		return 0;
	if (dir < 0 || !r)
		return dir < 0 ? dir : err_mem(e);
	ret = record_read(dir, owner, r);
	if (ret == -ENOENT)
		return 0;
	ret = net_hold(s, true, &held, e);
	return ret < 0 ? ret : record_undo(dir, owner, r, e);
}
