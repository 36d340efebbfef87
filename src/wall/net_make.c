/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps that make a container's devices, in their order. */
#include "wall/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "wall/net_port.h"
#include "wall/net_record.h"
#include "wall/net_user.h"

/* --- monitor: before anything is made ------------------------------------------------------------- */

int net_prepare(struct run *r, struct err *e)
{
	const struct net_devices *devices = &r->spec->net.devices;
	int ret = 0;

	r->net.port = calloc(devices->n, sizeof(*r->net.port));
	if (!r->net.port)
		return err_mem(e);
	r->net.host = nl_open(NETLINK_ROUTE, e);
	if (r->net.host < 0)
		return r->net.host;
	for (size_t i = 0; i < devices->n && ret == 0; i++) {
		if (!net_is_made(&devices->item[i]))
			continue;
		ret = net_plan(r, &devices->item[i], r->net.port, r->net.n,
			       &r->net.port[r->net.n], e);
		r->net.n += ret == 0;
	}
	/* The names are written down before there is anything of that name. */
	return ret < 0 ? ret : net_record_write(r->claim.dir, r->net.port, r->net.n, e);
}

void net_forget(struct run *r)
{
	struct err ignored = ERR_NONE;

	if (r->net.leased)
		lease_release(r->store, r->spec->name, false, &ignored);
	net_close(r, &ignored);
	str_free(&r->net.resolv);
	str_free(&r->net.hosts);
	free(r->net.port);
	r->net.port = NULL;
	r->net.n = 0;
}

int net_close(struct run *r, struct err *e)
{
	(void)e;
	fd_close(&r->net_outside);
	fd_close(&r->net.host);
	fd_close(&r->net.inside);
	fd_close(&r->net.ns);
	return 0;
}

/* --- init ------------------------------------------------------------------------------------------ */

/* What new devices begin with. As on the host: nobody out there changes how packets go. */
static const struct {
	const char *path, *value;
} inside[] = {
	{ "sys/net/ipv4/conf/default/rp_filter", "1" },
	{ "sys/net/ipv4/conf/default/accept_redirects", "0" },
	{ "sys/net/ipv4/conf/default/accept_source_route", "0" },
	{ "sys/net/ipv6/conf/default/accept_ra", "0" },
	{ "sys/net/ipv6/conf/default/autoconf", "0" },
	{ "sys/net/ipv6/conf/default/accept_redirects", "0" },
	{ "sys/net/ipv6/conf/default/router_solicitations", "0" },
	/* The guard lets nobody else have its addresses: no second of waiting whether somebody does. */
	{ "sys/net/ipv6/conf/default/accept_dad", "0" },
};

int net_inside(struct run *r, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		int ret = file_write(r->proc, inside[i].path, inside[i].value);

		if (ret == 0 || ret == -ENOENT) /* a kernel without IPv6 */
			continue;
		errno = -ret;
		return err_sys(e, "set %s", inside[i].path);
	}
	r->net.inside = nl_open(NETLINK_ROUTE, e);
	return r->net.inside < 0 ? r->net.inside : 0;
}

/* --- monitor: making ---------------------------------------------------------------------------------- */

int net_take(struct run *r, struct err *e)
{
	r->net.ns = ioctl(r->net.inside, SIOCGSKNS);
	if (r->net.ns < 0 || fcntl(r->net.ns, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(e, "open the container's network namespace");
	return 0;
}

int net_script_up(struct run *r, const struct net_port *p, struct err *e)
{
	const struct net_script script = { .d = p->d,
					   .up = true,
					   .link = p->managed ? p->network.bridge :
						   p->d->link ? p->d->link :
								"",
					   .host = p->host };

	return p->d->script_up ? net_script(r, &script, e) : 0;
}

int net_publish(struct run *r, struct err *e)
{
	const struct list *asked = &r->spec->net.publish;
	autofree struct publish *ports = calloc(asked->n, sizeof(*ports));
	struct lease to = { 0 };
	int ret = 0;

	if (!ports)
		return err_mem(e);
	for (size_t i = 0; i < asked->n && ret == 0; i++)
		ret = publish_parse(asked->item[i], &ports[i], e);
	for (size_t i = r->net.n; i > 0; i--) {
		const struct net_port *p = &r->net.port[i - 1];

		for (size_t j = 0; p->managed && j < p->n; j++)
			if (p->address[j].family == AF_INET)
				memcpy(&to.address4, p->address[j].address, sizeof(to.address4));
			else
				memcpy(&to.address6, p->address[j].address, sizeof(to.address6));
		if (p->managed)
			memcpy(to.mac, p->mac, sizeof(to.mac));
	}
	return ret < 0 ? ret : publish_add(r->store, r->spec->name, &to, ports, asked->n, e);
}

int net_make_port(struct run *r, struct net_port *p, struct err *e)
{
	/* An ordinary user's port is the business of a helper, with the guard and all. */
	bool ours = !r->host->rootless;
	int ret = ours ? net_link_make(r, p, e) : net_user_nic(r, p, e);

	if (ret == 0 && ours)
		ret = net_link_connect(r, p, e);
	if (ret == 0)
		ret = net_address_set(r, p, e);
	if (ret == 0 && ours)
		ret = net_routes_change(r, p, true, e);
	return ret < 0 ? err_add(e, "net.%u", (unsigned)p->d->index) : 0;
}
