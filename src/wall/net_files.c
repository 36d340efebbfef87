/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two small files over those of the image, so that a program finds names without anybody writing into the
 * image: resolv.conf(5) and hosts(5). The profiles say who gets them: one program does; a distribution,
 * whose own services write these files, does not. */
#include "wall/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/nl.h"
#include "base/sys.h"
#include "wall/net_record.h"
#include "wall/net_user.h"
#include "wall/stage.h"

static bool gives_names(const struct net_device *d)
{
	return d->kind == NET_USER || d->kind == NET_AUTO ||
	       (d->kind == NET_VETH && d->veth_mode == NET_VETH_BRIDGE && !d->link);
}

static const char *joined(const struct spec *s)
{
	static const char word[] = "container:";
	const char *path = s->ns[NS_NET].how == NS_JOIN ? s->ns[NS_NET].path : "";

	return str_starts(path, word) ? path + strlen(word) : NULL;
}

bool net_wants_files(const struct spec *s)
{
	if (s->net.files && joined(s))
		return true;
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (s->net.files && gives_names(&s->net.devices.item[i]))
			return true;
	return false;
}

/* --- text ------------------------------------------------------------------------------------------ */

static void put_server(struct str *out, int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, address, text, sizeof(text)))
		str_addf(out, "nameserver %s\n", text);
}

static void put_name(struct str *out, const struct net_address *a, const struct spec *s)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(a->family, a->address, text, sizeof(text)))
		return;
	str_addf(out, "%s %s%s%s\n", text, s->uts.name, s->uts.domain ? " " : "",
		 s->uts.domain ? s->uts.domain : "");
}

/* The other container's networks are ours: the addresses of their bridges. */
static int put_joined(struct run *r, struct str *out, struct err *e)
{
	autoclose int dir = store_state_dir(r->store, joined(r->spec), e);
	autoclose int nl = nl_open(NETLINK_ROUTE, e);
	autofree struct net_recorded *was = NULL;
	struct err none = ERR_NONE;
	size_t n;
	int ret = dir < 0 ? dir : nl < 0 ? nl : net_record_read(dir, &was, &n, e);

	for (size_t i = 0; ret == 0 && i < n; i++)
		for (int six = 0; six < 2 && strcmp(was[i].network, "-") != 0; six++) {
			int family = six ? AF_INET6 : AF_INET;
			struct net_address a;

			if (net_link_address(nl, was[i].link, family, &a, &none) == 0)
				put_server(out, family, a.address);
		}
	return ret;
}

int net_texts(struct run *r, struct err *e)
{
	struct str *resolv = &r->net.resolv, *hosts = &r->net.hosts;

	if (joined(r->spec) && put_joined(r, resolv, e) < 0)
		return -e->code;
	if (net_user_device(r->spec))
		str_add(resolv, "nameserver " NET_USER_DNS4 "\nnameserver " NET_USER_DNS6 "\n");
	str_add(hosts, "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
	for (size_t i = 0; i < r->net.n; i++) {
		const struct net_port *p = &r->net.port[i];

		if (p->managed && p->network.address4.s_addr)
			put_server(resolv, AF_INET, &p->network.address4);
		if (p->managed && !IN6_IS_ADDR_UNSPECIFIED(&p->network.address6))
			put_server(resolv, AF_INET6, &p->network.address6);
		for (size_t j = 0; j < p->n && r->spec->uts.name; j++)
			put_name(hosts, &p->address[j], r->spec);
	}
	return resolv->failed || hosts->failed ? err_mem(e) : 0;
}

/* --- mounts ---------------------------------------------------------------------------------------- */

/* `name` lies among the masks (proc.masks), and is read-only like these. */
static int lay(const struct run *r, const char *path, const char *name, struct err *e)
{
	autoclose int target = stage_target(r, path, true, e);
	autoclose int tree = -EBADF;

	/* An ordinary user may not make what is missing in an image of root's. */
	if (target == -EROFS || target == -EACCES || target == -ELOOP || target == -ENOTDIR) {
		log_warn("%s", e->text);
		*e = ERR_NONE;
		return 0;
	}
	if (target < 0)
		return target;
	tree = sys_open_tree(r->mask, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return err_sys(e, "copy the %s of the network", name);
	return stage_attach(tree, target, path, e);
}

int net_files(struct run *r, struct err *e)
{
	/* A container that was joined may have no network with names. */
	int ret = r->net.resolv.len ? lay(r, "/etc/resolv.conf", "resolv.conf", e) : 0;

	return ret < 0 ? ret : lay(r, "/etc/hosts", "hosts", e);
}
