/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/net_look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "wall/net_guard.h"
#include "wall/net_keys.h"
#include "wall/net_port.h"
#include "wall/net_text.h"

/* --- devices ---------------------------------------------------------------------------------------- */

static const struct {
	const char *word; /* IFLA_INFO_KIND */
	enum net_kind kind;
} kinds[] = {
	{ "veth", NET_VETH },	{ "macvlan", NET_MACVLAN }, { "ipvlan", NET_IPVLAN },
	{ "vlan", NET_VLAN },	{ "tun", NET_USER },	    { "", NET_PHYS },
};

struct looking {
	struct spec *seen;
	int inside, host;
	int index[NET_DEVICES_MAX]; /* of each device inside */
	int peer[NET_DEVICES_MAX];  /* of a veth: our end */
	bool failed;
};

static char *mac_text(const struct rtattr *a)
{
	const uint8_t *m = nl_data(a, 6);
	char *text = NULL;

	if (!m || asprintf(&text, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
			   m[5]) < 0)
		return NULL;
	return text;
}

bool net_look_device(const struct nlmsghdr *m, const struct rtattr **attr, enum net_kind *kind,
		     char name[IFNAMSIZ])
{
	const struct ifinfomsg *head = NLMSG_DATA(m);
	const struct rtattr *info[IFLA_INFO_KIND + 1];
	const char *text, *word;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
	    head->ifi_type != ARPHRD_ETHER)
		return false;
	nl_attributes(m, sizeof(*head), attr, NET_LOOK_ATTRS);
	nl_nested(attr[IFLA_LINKINFO], info, IFLA_INFO_KIND);
	text = nl_text(attr[IFLA_IFNAME]);
	word = nl_text(info[IFLA_INFO_KIND]);
	if (!text)
		return false;
	/* Root of the container has chosen it, and the kernel takes nearly every byte. */
	for (size_t i = 0; i < IFNAMSIZ; i++) {
		name[i] = (char)(text[i] > ' ' && text[i] < 0x7f ? text[i] : text[i] ? '?' : '\0');
		if (!text[i])
			break;
	}
	name[IFNAMSIZ - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		*kind = kinds[i].kind;
		if (!strcmp(kinds[i].word, word ? word : ""))
			return true;
	}
	return false;
}

static int each_device(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[NET_LOOK_ATTRS + 1];
	const struct ifinfomsg *head = NLMSG_DATA(m);
	struct looking *look = ctx;
	size_t n = look->seen->net.devices.n;
	struct net_device *d;
	enum net_kind found;
	char name[IFNAMSIZ];

	if (n >= NET_DEVICES_MAX || !net_look_device(m, attr, &found, name))
		return 0;
	d = net_items.item(look->seen, (uint32_t)n, true);
	if (!d)
		return -ENOMEM;
	d->kind = found;
	d->up = head->ifi_flags & IFF_UP;
	d->guard = d->isolated = false;
	d->name = strdup(name);
	d->hwaddr = mac_text(attr[IFLA_ADDRESS]);
	d->mtu = nl_number(attr[IFLA_MTU]);
	look->index[n] = head->ifi_index;
	look->peer[n] = found == NET_VETH ? (int)nl_number(attr[IFLA_LINK]) : 0;
	return d->name ? 0 : -ENOMEM;
}

static int each_seen_address(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[IFA_LOCAL + 1];
	const struct ifaddrmsg *head = NLMSG_DATA(m);
	struct looking *look = ctx;
	char text[INET6_ADDRSTRLEN + 8];
	const void *address;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
	    head->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	nl_attributes(m, sizeof(*head), attr, IFA_LOCAL);
	address = nl_data(attr[attr[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS],
			  net_address_size(head->ifa_family));
	if (!address || !inet_ntop(head->ifa_family, address, text, INET6_ADDRSTRLEN))
		return 0;
	snprintf(text + strlen(text), 8, "/%u", (unsigned)head->ifa_prefixlen);
	for (size_t i = 0; i < look->seen->net.devices.n; i++) {
		struct net_device *d = &look->seen->net.devices.item[i];
		struct list *to = head->ifa_family == AF_INET ? &d->address4 : &d->address6;

		if (look->index[i] == (int)head->ifa_index && to->n < NET_ADDRESSES &&
		    list_add(to, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* --- their ends on the host -------------------------------------------------------------------------- */

struct host_end {
	int master;
	bool isolated;
	char name[IFNAMSIZ];
};

static int each_host_end(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[IFLA_LINKINFO + 1], *info[IFLA_INFO_SLAVE_DATA + 1];
	const struct rtattr *port[IFLA_BRPORT_ISOLATED + 1];
	const struct ifinfomsg *head = NLMSG_DATA(m);
	struct host_end *end = ctx;
	const char *name;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)))
		return 0;
	nl_attributes(m, sizeof(*head), attr, IFLA_LINKINFO);
	nl_nested(attr[IFLA_LINKINFO], info, IFLA_INFO_SLAVE_DATA);
	nl_nested(info[IFLA_INFO_SLAVE_DATA], port, IFLA_BRPORT_ISOLATED);
	name = nl_text(attr[IFLA_IFNAME]);
	snprintf(end->name, sizeof(end->name), "%s", name ? name : "");
	end->master = (int)nl_number(attr[IFLA_MASTER]);
	end->isolated = nl_number(port[IFLA_BRPORT_ISOLATED]);
	return 0;
}

/* A neighbour on the host that cannot be found is none of ours (a veth between two containers). */
static int look_host_end(struct looking *look, size_t i, struct err *e)
{
	struct net_device *d = &look->seen->net.devices.item[i];
	struct ifinfomsg head = { .ifi_index = look->peer[i] };
	struct host_end end = { 0 };
	struct guard_counters ignored;
	struct net_link bridge;
	struct nl_batch b;
	int ret;

	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "look at the host's end of %s",
		   d->name);
	ret = nl_ask(look->host, &b, each_host_end, &end, e);
	if (ret == -ENODEV)
		return 0;
	if (ret == 0 && end.master)
		ret = net_link_look(look->host, NULL, end.master, &bridge, e);
	if (ret < 0)
		return ret;
	d->pair = strdup(end.name);
	d->link = end.master ? strdup(bridge.name) : NULL;
	/* Without a bridge there are no neighbours. */
	d->isolated = end.isolated || !end.master;
	d->guard |= guard_look(look->host, look->peer[i], GUARD_HOST_END, &ignored, e) == 0;
	return 0;
}

static int look_ends(struct looking *look, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < look->seen->net.devices.n && ret == 0; i++) {
		struct net_device *d = &look->seen->net.devices.item[i];
		struct guard_counters ignored;
		struct err none = ERR_NONE;

		if (d->kind == NET_VETH && look->peer[i])
			ret = look_host_end(look, i, e);
		/* A veth may have been lent too. */
		if (ret == 0 && d->kind != NET_USER && !d->guard)
			d->guard = guard_look(look->inside, look->index[i], GUARD_INSIDE, &ignored,
					      &none) == 0;
	}
	return ret;
}

static int look_inside(struct looking *look, struct err *e)
{
	struct ifinfomsg links = { 0 };
	struct ifaddrmsg addresses = { 0 };
	struct nl_batch b;
	int ret;

	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, NLM_F_DUMP, &links, sizeof(links), "list the devices inside");
	ret = nl_ask(look->inside, &b, each_device, look, e);
	if (ret == 0) {
		nl_begin(&b);
		nl_request(&b, RTM_GETADDR, NLM_F_DUMP, &addresses, sizeof(addresses),
			   "list the addresses inside");
		ret = nl_ask(look->inside, &b, each_seen_address, look, e);
	}
	if (ret == -ENOMEM && !e->code)
		err_mem(e);
	return ret < 0 ? ret : look_ends(look, e);
}

static bool is_our_own(const struct look *l)
{
	struct stat theirs, ours;

	return fstatat(l->proc, "ns/net", &theirs, 0) < 0 ||
	       fstatat(l->self, "ns/net", &ours, 0) < 0 || theirs.st_ino == ours.st_ino;
}

int net_observe(const struct look *l, struct spec *seen, struct err *e)
{
	struct looking look = { .seen = seen };
	autoclose int host = -EBADF, inside = -EBADF;

	if (l->net && l->net->inside >= 0) {
		look.host = l->net->host;
		look.inside = l->net->inside;
		return look_inside(&look, e);
	}
	/* During a start without devices there is nothing to see. */
	if (l->net || is_our_own(l))
		return 0;
	look.inside = inside = net_enter(l->proc, l->host->rootless, e);
	if (inside < 0)
		return inside;
	look.host = host = nl_open(NETLINK_ROUTE, e);
	return host < 0 ? host : look_inside(&look, e);
}

/* --- verify ------------------------------------------------------------------------------------------- */

static int missing(const struct net_port *p, struct err *e, const char *what, const char *asked,
		   const char *have)
{
	return err_msg(e, EPROTO, "net.%u: %s: asked %s, the kernel shows %s",
		       (unsigned)p->d->index, what, asked, have ? have : "nothing");
}

static int verify_addresses(const struct net_port *p, const struct net_device *d, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct net_address *a = &p->address[i];
		char text[INET6_ADDRSTRLEN + 8];

		inet_ntop(a->family, a->address, text, INET6_ADDRSTRLEN);
		snprintf(text + strlen(text), 8, "/%u", (unsigned)a->length);
		if (!list_has(a->family == AF_INET ? &d->address4 : &d->address6, text))
			return missing(p, e, "address", text, "another, or none");
	}
	return 0;
}

/* What nobody shows over netlink. */
static int verify_sysctls(const struct run *r, const struct net_port *p, struct err *e)
{
	bool port = p->d->veth_mode == NET_VETH_BRIDGE && p->link;
	const char *name = port ? "disable_ipv6" : "accept_ra", *asked = port ? "1\n" : "0\n";
	autostr text = { 0 };
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "sys/net/ipv6/conf/%s/%s", p->host, name);
	ret = file_read(r->proc, path, 16, &text);
	if (ret == -ENOENT || (ret == 0 && !strcmp(str_text(&text), asked)))
		return 0;
	return err_msg(e, EPROTO, "net.%u: %s of %s is not what it was set to",
		       (unsigned)p->d->index, name, p->host);
}

static int verify_host_end(const struct run *r, const struct net_port *p,
			   const struct net_device *d, struct err *e)
{
	bool port = p->d->veth_mode == NET_VETH_BRIDGE && p->link;
	const char *bridge = p->managed ? p->network.bridge : p->d->link;

	if (!d->pair || strcmp(d->pair, p->host))
		return missing(p, e, "veth.pair", p->host, d->pair);
	if (port && (!d->link || strcmp(d->link, bridge)))
		return missing(p, e, "link", bridge, d->link);
	if (p->isolated && !d->isolated)
		return missing(p, e, "isolated", "true", "false");
	return verify_sysctls(r, p, e);
}

static int verify_port(const struct run *r, const struct net_port *p, const struct spec *seen,
		       struct err *e)
{
	static const uint8_t none[6];
	const struct net_device *d = NULL;
	uint8_t mac[6] = { 0 };
	int ret = 0;

	for (size_t i = 0; i < seen->net.devices.n && !d; i++)
		if (!strcmp(seen->net.devices.item[i].name, p->inside))
			d = &seen->net.devices.item[i];
	if (!d || (d->kind != p->d->kind && p->d->kind != NET_PHYS))
		return missing(p, e, "device", p->inside, d ? net_kinds[d->kind] : NULL);
	if (d->hwaddr && net_parse_mac(d->hwaddr, e) == 0)
		net_fill_mac(d->hwaddr, none, mac);
	if (memcmp(mac, p->mac, sizeof(mac)))
		return missing(p, e, "hwaddr", "another", d->hwaddr);
	if (d->up != p->d->up || (p->mtu && d->mtu != p->mtu))
		return missing(p, e, d->up != p->d->up ? "up" : "mtu", "another", "this");
	ret = verify_addresses(p, d, e);
	/* An ordinary user can see neither the guard nor the port that a helper has made for him. */
	if (ret < 0 || r->host->rootless)
		return ret;
	if (p->d->guard && !d->guard)
		return missing(p, e, "guard", "true", "false");
	return p->d->kind == NET_VETH ? verify_host_end(r, p, d, e) : 0;
}

int net_verify(const struct run *r, const struct look *l, const struct spec *seen, struct err *e)
{
	int ret = 0;

	(void)l;
	for (size_t i = 0; i < r->net.n && ret == 0; i++)
		ret = verify_port(r, &r->net.port[i], seen, e);
	return ret;
}

/* --- words ------------------------------------------------------------------------------------------------ */

void net_look_words(const struct net_device *d, struct str *out)
{
	str_addf(out, "%s %s", net_kinds[d->kind], d->name ? d->name : "?");
	for (size_t i = 0; i < d->address4.n; i++)
		str_addf(out, " %s", d->address4.item[i]);
	for (size_t i = 0; i < d->address6.n; i++)
		str_addf(out, " %s", d->address6.item[i]);
	if (d->link)
		str_addf(out, " on %s", d->link);
	if (d->kind != NET_USER)
		str_add(out, d->guard ? ", guarded" : ", not guarded");
}
