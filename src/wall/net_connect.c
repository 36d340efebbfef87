/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connecting a device that was made: everything that must hold is set while it is down. rtnetlink(7),
 * linux/if_link.h, linux/if_bridge.h. */
#include "wall/net_port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "wall/net_guard.h"
#include "wall/wall.h"

/* Linux 6.3; older kernels leave it out. */
enum { BRPORT_MCAST_MAX_GROUPS = 42 };
/* What a container may make its bridge remember. */
enum { GROUPS_MAX = 64, GROUP_HOSTS_MAX = 64 };

/* --- the host's end: sysctls -------------------------------------------------------------------- */

static const struct {
	int id;
	uint32_t value;
} conf4[] = {
	{ IPV4_DEVCONF_RP_FILTER, 1 },
	{ IPV4_DEVCONF_ACCEPT_REDIRECTS, 0 },
	{ IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, 0 },
	{ IPV4_DEVCONF_SEND_REDIRECTS, 0 },
};

static const struct {
	const char *name, *value;
	bool port; /* what is left to say of the port of a bridge, which has no addresses at all */
} conf6[] = {
	{ "disable_ipv6", "1", true },
	{ "accept_ra", "0", true },
	{ "autoconf", "0", false },
	{ "accept_redirects", "0", false },
	{ "router_solicitations", "0", false },
	{ "accept_source_route", "-1", false },
};

/* A container's router advertisement must not reach the host (CVE-2020-13401, CVE-2020-10749). */
static int host_conf6(const struct run *r, const struct net_port *p, bool port, struct err *e)
{
	char path[64];
	autoclose int dir = -EBADF;
	int ret = 0;

	snprintf(path, sizeof(path), "sys/net/ipv6/conf/%s", p->host);
	dir = wall_open_proc(r->proc, path, O_RDONLY | O_DIRECTORY);
	if (dir == -ENOENT) /* a kernel without IPv6 */
		return 0;
	if (dir < 0)
		ret = dir;
	for (size_t i = 0; i < ARRAY_SIZE(conf6) && ret == 0; i++)
		if (conf6[i].port == port || !port)
			ret = strcmp(conf6[i].name, "disable_ipv6") || port ?
				      file_write(dir, conf6[i].name, conf6[i].value) :
				      0;
	if (ret == 0 && !port)
		ret = file_write(dir, "proxy_ndp", "1");
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "set the sysctls of %s", p->host);
}

static void put_conf4(struct nl_batch *b, const struct net_port *p)
{
	struct ifinfomsg head = { .ifi_index = p->host_index };
	size_t spec, family, conf;

	nl_request(b, RTM_SETLINK, 0, &head, sizeof(head), "set the sysctls of %s", p->host);
	spec = nl_nest(b, IFLA_AF_SPEC);
	family = nl_nest(b, AF_INET);
	conf = nl_nest(b, IFLA_INET_CONF);
	for (size_t i = 0; i < ARRAY_SIZE(conf4); i++)
		nl_put_u32(b, (uint16_t)conf4[i].id, conf4[i].value);
	nl_nest_end(b, conf);
	nl_nest_end(b, family);
	nl_nest_end(b, spec);
}

/* --- the host's end: port of a bridge ------------------------------------------------------------- */

static const struct {
	uint16_t attribute;
	uint8_t value;
} port_flags[] = {
	{ IFLA_BRPORT_LEARNING, 0 },	  /* the one address below is all that is behind it */
	{ IFLA_BRPORT_UNICAST_FLOOD, 0 }, /* so nobody else's frames are shown to it */
	{ IFLA_BRPORT_GUARD, 1 },	  /* a frame of the spanning tree shuts the port */
	{ IFLA_BRPORT_PROTECT, 1 },	  /* and it never becomes the root */
	{ IFLA_BRPORT_MODE, 0 },	  /* no hairpin */
	{ IFLA_BRPORT_MULTICAST_ROUTER, MDB_RTR_TYPE_DISABLED },
};

static void put_port(struct nl_batch *b, const struct net_port *p)
{
	size_t data;

	nl_put_text(b, IFLA_INFO_SLAVE_KIND, "bridge");
	data = nl_nest(b, IFLA_INFO_SLAVE_DATA);
	for (size_t i = 0; i < ARRAY_SIZE(port_flags); i++)
		nl_put_u8(b, port_flags[i].attribute, port_flags[i].value);
	nl_put_u8(b, IFLA_BRPORT_ISOLATED, p->isolated);
	nl_put_u32(b, IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, GROUP_HOSTS_MAX);
	nl_put_u32(b, BRPORT_MCAST_MAX_GROUPS, GROUPS_MAX);
	nl_nest_end(b, data);
}

/* The bridge does not learn where the container is, so it is told. */
static void put_static_entry(struct nl_batch *b, const struct net_port *p)
{
	struct ndmsg head = { .ndm_family = AF_BRIDGE,
			      .ndm_ifindex = p->host_index,
			      .ndm_state = NUD_NOARP,
			      .ndm_flags = NTF_MASTER };

	nl_request(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head),
		   "tell the bridge who is behind %s", p->host);
	nl_put(b, NDA_LLADDR, p->mac, sizeof(p->mac));
}

static void put_vlan(struct nl_batch *b, const struct net_port *p, uint16_t type, uint16_t id,
		     uint16_t flags)
{
	struct ifinfomsg head = { .ifi_family = AF_BRIDGE, .ifi_index = p->host_index };
	struct bridge_vlan_info info = { .flags = flags, .vid = id };
	size_t spec;

	nl_request(b, type, 0, &head, sizeof(head), "VLAN %u of the bridge port %s", (unsigned)id,
		   p->host);
	spec = nl_nest(b, IFLA_AF_SPEC);
	nl_put(b, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
	nl_nest_end(b, spec);
}

static int put_vlans(struct nl_batch *b, const struct net_port *p, struct err *e)
{
	const struct net_device *d = p->d;
	uint16_t id;
	int ret = 0;

	/* Every port begins in VLAN 1 of its bridge. */
	if (d->vlan)
		put_vlan(b, p, RTM_DELLINK, 1, 0);
	if (d->vlan && strcmp(d->vlan, "none"))
		ret = net_parse_vlan(d->vlan, &id, e);
	if (ret == 0 && d->vlan && strcmp(d->vlan, "none"))
		put_vlan(b, p, RTM_SETLINK, id, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	for (size_t i = 0; i < d->vlan_tagged.n && ret == 0; i++) {
		ret = net_parse_vlan(d->vlan_tagged.item[i], &id, e);
		if (ret == 0)
			put_vlan(b, p, RTM_SETLINK, id, 0);
	}
	return ret;
}

/* --- guard ------------------------------------------------------------------------------------------ */

static int attach_guard(struct run *r, const struct net_port *p, struct err *e)
{
	const struct net_device *d = p->d;
	bool host = d->kind == NET_VETH;
	struct guard g = { .filter = d->guard,
			   /* Packets of networks behind the container have addresses of these. */
			   .any4 = d->route4.n > 0,
			   .any6 = d->route6.n > 0,
			   .flows = d->flows,
			   .rate_in = d->rate_in,
			   .rate_out = d->rate_out,
			   .keeper = p->managed ? p->link : 0 };
	int ret;

	if (!d->guard && d->flows == LIMIT_MAX && d->rate_in == LIMIT_MAX &&
	    d->rate_out == LIMIT_MAX)
		return 0;
	memcpy(g.mac, p->mac, sizeof(g.mac));
	for (size_t i = 0; i < p->n; i++) {
		const struct net_address *a = &p->address[i];

		if (a->family == AF_INET)
			memcpy(&g.address4[g.n4++], a->address, sizeof(g.address4[0]));
		else
			memcpy(&g.address6[g.n6++], a->address, sizeof(g.address6[0]));
	}
	g.any4 |= !p->managed && !g.n4;
	g.any6 |= !p->managed && !g.n6;
	if (!host)
		return guard_attach(r->net.inside, p->inside_index, GUARD_INSIDE, &g, e);
	ret = guard_attach(r->net.host, p->host_index, GUARD_HOST_END, &g, e);
	return ret < 0 ? ret : guard_attach(r->net.inside, p->inside_index, GUARD_PEER, &g, e);
}

/* --- all together ------------------------------------------------------------------------------------- */

static int host_up(struct run *r, const struct net_port *p, bool port, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = p->host_index,
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	char alias[128];
	struct nl_batch b;
	int ret = 0;

	nl_begin(&b);
	put_conf4(&b, p);
	if (port)
		put_static_entry(&b, p);
	if (port)
		ret = put_vlans(&b, p, e);
	if (ret < 0)
		return ret;
	nl_request(&b, RTM_NEWLINK, 0, &head, sizeof(head), "bring up %s", p->host);
	net_alias(r->spec->name, alias);
	nl_put_text(&b, IFLA_IFALIAS, alias);
	if (port) {
		size_t info = nl_nest(&b, IFLA_LINKINFO);

		put_port(&b, p);
		nl_nest_end(&b, info);
	}
	ret = nl_send(r->net.host, &b, e);
	if (ret == -EOPNOTSUPP && (p->d->vlan || p->d->vlan_tagged.n))
		err_hint(e, "the bridge, or this kernel, does not filter VLANs");
	return ret;
}

int net_link_connect(struct run *r, struct net_port *p, struct err *e)
{
	bool port = p->d->kind == NET_VETH && p->d->veth_mode == NET_VETH_BRIDGE && p->link;
	int ret;

	if (p->d->kind != NET_VETH)
		return attach_guard(r, p, e);
	ret = host_conf6(r, p, port, e);
	if (ret == 0)
		ret = attach_guard(r, p, e);
	return ret < 0 ? ret : host_up(r, p, port, e);
}
