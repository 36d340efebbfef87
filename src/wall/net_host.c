/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces of the host: looking at them, and removing one of ours. */
#include "wall/net_port.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "base/nl.h"

static int each_link(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[IFLA_IFALIAS + 1], *info[IFLA_INFO_KIND + 1];
	const struct ifinfomsg *head = NLMSG_DATA(m);
	struct net_link *l = ctx;
	const char *name, *kind, *alias;
	const void *mac;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)))
		return 0;
	nl_attributes(m, sizeof(*head), attr, IFLA_IFALIAS);
	nl_nested(attr[IFLA_LINKINFO], info, IFLA_INFO_KIND);
	name = nl_text(attr[IFLA_IFNAME]);
	kind = nl_text(info[IFLA_INFO_KIND]);
	alias = nl_text(attr[IFLA_IFALIAS]);
	mac = nl_data(attr[IFLA_ADDRESS], sizeof(l->mac));
	l->index = head->ifi_index;
	l->mtu = nl_number(attr[IFLA_MTU]);
	if (mac)
		memcpy(l->mac, mac, sizeof(l->mac));
	snprintf(l->name, sizeof(l->name), "%s", name ? name : "");
	snprintf(l->kind, sizeof(l->kind), "%s", kind ? kind : "");
	snprintf(l->alias, sizeof(l->alias), "%s", alias ? alias : "");
	return 0;
}

int net_link_look(int nl, const char *name, int index, struct net_link *out, struct err *e)
{
	struct ifinfomsg head = { .ifi_index = name ? 0 : index };
	struct nl_batch b;
	int ret;

	*out = (struct net_link){ 0 };
	if (name) {
		ret = nl_index(nl, name, e);
		if (ret < 0)
			return ret;
		head.ifi_index = ret;
	}
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "look at the interface %s",
		   name ? name : "");
	ret = nl_ask(nl, &b, each_link, out, e);
	if (ret == 0 && !out->index)
		ret = err_msg(e, ENODEV, "there is no interface %s", name ? name : "any more");
	return ret;
}

void net_alias(const char *owner, char out[128])
{
	snprintf(out, 128, "ward %s", owner);
}

int net_link_remove(int nl, const char *name, const char *owner, struct err *e)
{
	struct ifinfomsg head = { 0 };
	struct net_link link;
	struct nl_batch b;
	char alias[128];
	int ret = net_link_look(nl, name, 0, &link, e);

	if (ret == -ENODEV)
		return 0;
	net_alias(owner, alias);
	if (ret < 0 || strcmp(link.alias, alias))
		return ret;
	head.ifi_index = link.index;
	nl_begin(&b);
	nl_request(&b, RTM_DELLINK, 0, &head, sizeof(head), "remove the interface %s", name);
	ret = nl_send(nl, &b, e);
	return ret == -ENODEV ? 0 : ret;
}

/* The address of an interface of the host that a gateway "auto" means. */
struct find_address {
	int index, family;
	bool found;
	struct net_address *out;
};

static int each_address(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[IFA_LOCAL + 1];
	const struct ifaddrmsg *head = NLMSG_DATA(m);
	struct find_address *f = ctx;
	size_t size = net_address_size(f->family);
	const void *address;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
	    f->found || (int)head->ifa_index != f->index || head->ifa_family != f->family ||
	    head->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	nl_attributes(m, sizeof(*head), attr, IFA_LOCAL);
	address = nl_data(attr[attr[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS], size);
	if (!address)
		return 0;
	memcpy(f->out->address, address, size);
	f->found = true;
	return 0;
}

int net_link_address(int nl, int index, int family, struct net_address *out, struct err *e)
{
	struct ifaddrmsg head = { .ifa_family = (uint8_t)family };
	struct find_address find = { .index = index, .family = family, .out = out };
	struct nl_batch b;
	int ret;

	*out = (struct net_address){ .family = family };
	nl_begin(&b);
	nl_request(&b, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head), "read the host's addresses");
	ret = nl_ask(nl, &b, each_address, &find, e);
	if (ret == 0 && !find.found)
		ret = err_msg(e, EADDRNOTAVAIL, "the link has no %s address",
			      family == AF_INET ? "IPv4" : "IPv6");
	return ret;
}
