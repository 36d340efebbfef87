/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kind `user`: pasta(1) makes a tap device inside and turns what is sent there into sockets of
 * its own. Nothing of the host's network is changed, so nobody needs a right to do so. What it is
 * told, and what is looked at before; how it is run is in net_pasta.c. */
#include "wall/net_user.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "net/network.h"
#include "wall/net.h"
#include "wall/net_pasta.h"
#include "wall/net_text.h"
#include "wall/wall.h"

/* --- arguments ------------------------------------------------------------------------- */

/* An address of a device, as pasta wants it. */
struct address {
	char text[INET6_ADDRSTRLEN]; /* "" = none */
	char length[4];		     /* "" = not given */
};

static int address_of(const struct net_device *d, int family, struct address *out, struct err *e)
{
	const struct list *from = family == AF_INET ? &d->address4 : &d->address6;
	struct net_address address;
	int ret;

	*out = (struct address){ 0 };
	if (from->n == 0)
		return 0;
	if (from->n > 1)
		return err_msg(e, EINVAL, "it has one address of each family");
	ret = net_parse_address(from->item[0], family, &address, e);
	if (ret < 0)
		return ret;
	if (family == AF_INET6 && address.length != 64)
		return err_msg(e, EINVAL, "pasta knows IPv6 networks of /64 only, not /%u",
			       address.length);
	inet_ntop(family, address.address, out->text, sizeof(out->text));
	if (address.has_length && family == AF_INET)
		snprintf(out->length, sizeof(out->length), "%u", address.length);
	return 0;
}

static int gateway_of(const struct net_device *d, int family, char out[INET6_ADDRSTRLEN],
		      struct err *e)
{
	const char *text = family == AF_INET ? d->gateway4 : d->gateway6;
	enum net_gateway kind = NET_GATEWAY_NONE;
	struct net_address address;
	int ret = text ? net_parse_gateway(text, family, &kind, &address, e) : 0;

	out[0] = '\0';
	if (ret < 0)
		return ret;
	if (kind == NET_GATEWAY_DEV)
		return err_msg(e, EINVAL, "its gateway is an address or auto, not dev");
	if (kind == NET_GATEWAY_ADDRESS)
		inet_ntop(family, address.address, out, INET6_ADDRSTRLEN);
	return 0;
}

/* What the spec says about addresses, in pasta's words. */
struct addressing {
	struct address four, six;
	char gateway4[INET6_ADDRSTRLEN], gateway6[INET6_ADDRSTRLEN];
};

static int addressing(const struct net_device *d, struct addressing *out, struct err *e)
{
	int ret = address_of(d, AF_INET, &out->four, e);

	if (ret == 0)
		ret = address_of(d, AF_INET6, &out->six, e);
	if (ret == 0)
		ret = gateway_of(d, AF_INET, out->gateway4, e);
	if (ret == 0)
		ret = gateway_of(d, AF_INET6, out->gateway6, e);
	return ret < 0 ? err_add(e, "net.%u (kind user)", d->index) : 0;
}

int net_user_check(const struct spec *s, const struct net_device *d, struct err *e)
{
	struct addressing ignored;
	unsigned users = 0;

	for (size_t i = 0; i < s->net.devices.n; i++)
		users += s->net.devices.item[i].kind == NET_USER;
	if (users > 1)
		return err_msg(e, EINVAL,
			       "net.%u.type: a container has at most one device of kind user",
			       d->index);
	if (s->ns[NS_USER].how == NS_HOST)
		return err_msg(
			e, EINVAL,
			"net.%u.type: user needs a user namespace, or pasta would have to run as "
			"root of the host; use veth",
			d->index);
	if (s->idmap.uid.n == 1 && s->idmap.uid.range[0].count == 1)
		return err_msg(e, EINVAL,
			       "net.%u.type: user needs a second id in idmap.uid, for pasta",
			       d->index);
	if (d->hwaddr && strpbrk(d->hwaddr, "xX"))
		return err_msg(
			e, EINVAL,
			"net.%u.hwaddr: a device of kind user takes no pattern, only an address",
			d->index);
	return addressing(d, &ignored, e);
}

/* Everything that pasta is told, in order; a pair without value is a flag. */
static int arguments(const struct run *r, const struct net_device *d, struct list *out,
		     struct err *e)
{
	const struct spec *s = r->spec;
	struct addressing a;
	char mtu[16];
	/* An init system may ask for its address; a program that we are pid 1 for does not. */
	const bool dhcp = !s->process.reaper;
	int ret = addressing(d, &a, e);

	if (ret < 0)
		return ret;
	snprintf(mtu, sizeof(mtu), "%u", d->mtu);
	const struct {
		const char *option, *value;
		bool wanted;
	} rows[] = {
		{ "pasta", NULL, true },
		{ "--quiet", NULL, true },
		/* Its standard input; whoever may not open our /proc/PID/ns may still use this. */
		{ "--netns", "/proc/self/fd/0", true },
		{ "--netns-only", NULL, true },
		{ "--no-netns-quit", NULL, true },
		{ "--ns-ifname", d->name ? d->name : "eth0", true },
		{ "--config-net", NULL, d->up },
		/* Else the gateway's address leads to the host's own loopback. */
		{ "--no-map-gw", NULL, true },
		{ "--no-ra", NULL, true },
		{ "--no-dhcp", NULL, !dhcp },
		{ "--no-dhcpv6", NULL, !dhcp },
		{ "--dns-forward", NET_USER_DNS4, true },
		{ "--dns-forward", NET_USER_DNS6, true },
		{ "--ns-mac-addr", d->hwaddr, d->hwaddr != NULL },
		{ "--mtu", mtu, d->mtu > 0 },
		{ "--address", a.four.text, a.four.text[0] != '\0' },
		{ "--netmask", a.four.length, a.four.length[0] != '\0' },
		{ "--address", a.six.text, a.six.text[0] != '\0' },
		{ "--gateway", a.gateway4, a.gateway4[0] != '\0' },
		{ "--gateway", a.gateway6, a.gateway6[0] != '\0' },
		/* By default pasta forwards whatever somebody listens on, in both directions. */
		{ "--tcp-ns", "none", true },
		{ "--udp-ns", "none", true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].wanted && (list_add(out, rows[i].option) < 0 ||
				       (rows[i].value && list_add(out, rows[i].value) < 0)))
			return err_mem(e);
	return 0;
}

/* --- published ports ------------------------------------------------------------------- */

/* pasta is content when one of the two families can be bound. Not we: somebody else may be the one
 * who answers there. */
static int port_free(const struct publish *p, uint16_t port, int family, struct err *e)
{
	const int stream = p->protocol == IPPROTO_TCP, on = 1;
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = p->host };
	autoclose int fd = socket(family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	int ret;

	/* A kernel without this family has nobody on it. */
	if (fd < 0)
		return 0;
	memcpy(&four.sin_addr, &p->host.s6_addr[12], sizeof(four.sin_addr));
	/* A connection that has just ended is no listener; two of these would be let by for UDP. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &stream, sizeof(stream));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	ret = family == AF_INET ? bind(fd, (struct sockaddr *)&four, sizeof(four)) :
				  bind(fd, (struct sockaddr *)&six, sizeof(six));
	return ret < 0 ? err_sys(e, "publish: take port %u of the host", port) : 0;
}

static int ports_free(const struct run *r, const struct publish *p, const char *text, struct err *e)
{
	const bool any = IN6_IS_ADDR_UNSPECIFIED(&p->host), four = IN6_IS_ADDR_V4MAPPED(&p->host);
	autostr first = { 0 };
	uint64_t low = 1024;
	int ret = 0;

	if (file_read(r->proc, "sys/net/ipv4/ip_unprivileged_port_start", 16, &first) == 0)
		low = strtoul(str_text(&first), NULL, 10);
	/* Root may, but pasta never runs as root. */
	if (p->from < low)
		return err_msg(e, EACCES,
			       "publish: %s: a network of kind user cannot take ports below %u; "
			       "the sysctl net.ipv4.ip_unprivileged_port_start says so",
			       text, (unsigned)low);
	for (unsigned port = p->from; ret == 0 && port < p->from + (unsigned)p->count; port++) {
		if (any || four)
			ret = port_free(p, (uint16_t)port, AF_INET, e);
		if (ret == 0 && !four)
			ret = port_free(p, (uint16_t)port, AF_INET6, e);
	}
	return ret;
}

/* "ADDRESS/FROM-TO:FROM-TO", as pasta writes a published port. */
static int publish_argument(const struct run *r, const char *text, struct list *out, bool *has,
			    struct err *e)
{
	struct publish p;
	char host[INET6_ADDRSTRLEN] = "", spec[INET6_ADDRSTRLEN + 64];
	int ret = publish_parse(text, &p, e);

	if (ret == 0)
		ret = ports_free(r, &p, text, e);
	if (ret < 0)
		return ret;
	if (IN6_IS_ADDR_V4MAPPED(&p.host))
		inet_ntop(AF_INET, &p.host.s6_addr[12], host, sizeof(host));
	else if (!IN6_IS_ADDR_UNSPECIFIED(&p.host))
		inet_ntop(AF_INET6, &p.host, host, sizeof(host));
	snprintf(spec, sizeof(spec), "%s%s%u-%u:%u-%u", host, host[0] ? "/" : "", p.from,
		 p.from + p.count - 1U, p.to, p.to + p.count - 1U);
	has[p.protocol == IPPROTO_UDP] = true;
	if (list_add(out, p.protocol == IPPROTO_UDP ? "--udp-ports" : "--tcp-ports") < 0 ||
	    list_add(out, spec) < 0)
		return err_mem(e);
	return 0;
}

static int publish_arguments(const struct run *r, struct list *out, struct err *e)
{
	static const char *const option[] = { "--tcp-ports", "--udp-ports" };
	bool has[2] = { false };
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < r->spec->net.publish.n; i++)
		ret = publish_argument(r, r->spec->net.publish.item[i], out, has, e);
	for (size_t i = 0; ret == 0 && i < ARRAY_SIZE(has); i++)
		if (!has[i] && (list_add(out, option[i]) < 0 || list_add(out, "none") < 0))
			return err_mem(e);
	return ret;
}

/* --- steps ----------------------------------------------------------------------------- */

static char **vector(const struct list *l)
{
	char **argv = calloc(l->n + 1, sizeof(*argv));

	for (size_t i = 0; argv && i < l->n; i++)
		argv[i] = l->item[i];
	return argv;
}

int net_user_start(struct run *r, struct err *e)
{
	const struct net_device *d = net_user_device(r->spec);
	struct list args = { 0 };
	autofree char **argv = NULL;
	int ret = arguments(r, d, &args, e);

	if (ret == 0)
		ret = publish_arguments(r, &args, e);
	argv = vector(&args);
	if (ret == 0 && !argv)
		ret = err_mem(e);
	if (ret == 0)
		ret = pasta_start(r, d, argv, e);
	list_clear(&args);
	return ret;
}

int net_user_wait(struct run *r, struct err *e)
{
	autoclose int from = take_fd(r->net_report);
	struct err said;
	ssize_t n;

	do
		n = read(from, &said, sizeof(said));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(said))
		return err_msg(e, ECHILD, "the minder of pasta has died");
	if (said.code == 0)
		return 0;
	*e = said;
	err_clean(e);
	return -e->code;
}

void net_user_stop(struct run *r)
{
	siginfo_t info;

	fd_close(&r->net_report);
	if (r->net_user < 0)
		return;
	sys_pidfd_send_signal(r->net_user, SIGKILL);
	while (waitid(P_PIDFD, (id_t)r->net_user, &info, WEXITED) < 0 && errno == EINTR)
		;
	fd_close(&r->net_user);
}
