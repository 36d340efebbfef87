/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/net_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "wall/net_keys.h"
#include "wall/wall.h"

/* --- what was not said ----------------------------------------------------------------------- */

static uint64_t hash(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211U; /* FNV-1a */
	return h;
}

/* Digits for a MAC address that was not given. A container that is kept has the same again at its next
 * start, or a DHCP server would give it a new address each time. */
static int mac_digits(const struct run *r, uint32_t index, uint8_t out[6], struct err *e)
{
	uint64_t h = hash(14695981039346656037U, r->spec->name);
	char path[STORE_NAME_MAX + 32], id[16];
	autostr machine = { 0 };

	snprintf(path, sizeof(path), "containers/%s/config", r->spec->name);
	if (faccessat(r->store->lib, path, F_OK, 0) == 0 &&
	    file_read(AT_FDCWD, "/etc/machine-id", 64, &machine) >= 0) {
		snprintf(id, sizeof(id), "/%u", (unsigned)index);
		h = hash(hash(h, str_text(&machine)), id);
		memcpy(out, &h, 6);
		return 0;
	}
	if (getrandom(out, 6, 0) != 6)
		return err_sys(e, "get random bytes");
	return 0;
}

/* Of one station, and made up. */
static void mac_local(uint8_t mac[6])
{
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
}

static int plan_mac(const struct run *r, struct net_port *p, struct err *e)
{
	uint8_t digits[6];
	int ret = mac_digits(r, p->d->index, digits, e);

	if (ret < 0)
		return ret;
	if (p->d->hwaddr) {
		net_fill_mac(p->d->hwaddr, digits, p->mac);
		return 0;
	}
	memcpy(p->mac, digits, sizeof(digits));
	mac_local(p->mac);
	return 0;
}

/* The host's end. A bridge without an address of its own takes the lowest of its ports: ours is high. */
static int plan_host_end(struct net_port *p, struct err *e)
{
	if (getrandom(p->host_mac, sizeof(p->host_mac), 0) != sizeof(p->host_mac))
		return err_sys(e, "get random bytes");
	if (p->d->pair)
		snprintf(p->host, sizeof(p->host), "%s", p->d->pair);
	else
		snprintf(p->host, sizeof(p->host), "wv%02x%02x%02x%02x", p->host_mac[2],
			 p->host_mac[3], p->host_mac[4], p->host_mac[5]);
	p->host_mac[0] = 0xfe;
	return 0;
}

static bool name_taken(const char *name, const struct spec *s, const struct net_port *before,
		       size_t n)
{
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (s->net.devices.item[i].name && !strcmp(s->net.devices.item[i].name, name))
			return true;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(before[i].inside, name))
			return true;
	return false;
}

static void plan_name(const struct spec *s, const struct net_port *before, size_t n,
		      struct net_port *p)
{
	unsigned i = 0;

	if (p->d->name) {
		snprintf(p->inside, sizeof(p->inside), "%s", p->d->name);
		return;
	}
	do
		snprintf(p->inside, sizeof(p->inside), "eth%u", i++);
	while (name_taken(p->inside, s, before, n));
}

/* --- addresses -------------------------------------------------------------------------------- */

static int add_address(struct net_port *p, const struct net_address *a, struct err *e)
{
	if (p->n == NET_ADDRESSES)
		return err_msg(e, E2BIG, "net.%u: more than %d addresses", (unsigned)p->d->index,
			       NET_ADDRESSES);
	p->address[p->n++] = *a;
	return 0;
}

static int plan_list(struct net_port *p, const struct list *list, int family, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < list->n && ret == 0; i++) {
		struct net_address a;

		ret = net_parse_address(list->item[i], family, &a, e);
		if (ret == 0)
			ret = add_address(p, &a, e);
	}
	return ret;
}

static bool has_gateway(const struct net_port *port, size_t n, size_t family)
{
	for (size_t i = 0; i < n; i++)
		if (port[i].gateway[family].kind != NET_GATEWAY_NONE)
			return true;
	return false;
}

/* Unless something was said, the first device on a network of ward's leads to the world. */
static int plan_gateway(struct run *r, struct net_port *p, const struct net_port *before, size_t n,
			int family, struct err *e)
{
	const char *text = family == AF_INET ? p->d->gateway4 : p->d->gateway6;
	size_t i = family == AF_INET ? 0 : 1;
	struct net_address *to = &p->gateway[i].address;
	int ret;

	*to = (struct net_address){ .family = family };
	if (!text && (!p->managed || has_gateway(before, n, i)))
		return 0;
	ret = net_parse_gateway(text ? text : "auto", family, &p->gateway[i].kind, to, e);
	if (ret < 0 || p->gateway[i].kind != NET_GATEWAY_AUTO)
		return ret;
	p->gateway[i].kind = NET_GATEWAY_ADDRESS;
	if (!p->managed && net_link_address(r->net.host, p->link, family, to, e) < 0)
		return err_add(e, "net.%u: the gateway is auto", (unsigned)p->d->index);
	if (!p->managed)
		return 0;
	if (family == AF_INET)
		memcpy(to->address, &p->network.address4, sizeof(p->network.address4));
	else
		memcpy(to->address, &p->network.address6, sizeof(p->network.address6));
	/* A network may have one family only. */
	if (family == AF_INET ? !p->network.address4.s_addr :
				IN6_IS_ADDR_UNSPECIFIED(&p->network.address6))
		p->gateway[i].kind = NET_GATEWAY_NONE;
	return 0;
}

/* --- a network of ward's ------------------------------------------------------------------------ */

static int wanted(const struct net_port *p, struct lease *want, struct err *e)
{
	const struct net_device *d = p->d;
	struct net_address a;
	int ret = 0;

	if (d->hwaddr)
		memcpy(want->mac, p->mac, sizeof(want->mac));
	if (d->address4.n)
		ret = net_parse_address(d->address4.item[0], AF_INET, &a, e);
	if (ret == 0 && d->address4.n)
		memcpy(&want->address4, a.address, sizeof(want->address4));
	if (ret == 0 && d->address6.n)
		ret = net_parse_address(d->address6.item[0], AF_INET6, &a, e);
	if (ret == 0 && d->address6.n)
		memcpy(&want->address6, a.address, sizeof(want->address6));
	return ret;
}

static int plan_lease(struct run *r, struct net_port *p, struct err *e)
{
	struct lease want = { 0 }, lease;
	struct net_address a = { .family = AF_INET, .length = p->network.length4 };
	char path[STORE_NAME_MAX + 32];
	int ret = wanted(p, &want, e);

	snprintf(path, sizeof(path), "containers/%s/config", r->spec->name);
	if (ret == 0)
		ret = lease_take(r->store, &p->network, r->spec->name, p->d->index,
				 faccessat(r->store->lib, path, F_OK, 0) == 0, &want, &lease, e);
	if (ret < 0)
		return ret;
	memcpy(p->mac, lease.mac, sizeof(p->mac));
	if (lease.address4.s_addr) {
		memcpy(a.address, &lease.address4, sizeof(lease.address4));
		a.broadcast.s_addr = lease.address4.s_addr |
				     htonl(a.length >= 32 ? 0 : UINT32_MAX >> a.length);
		a.has_broadcast = a.length <= 30;
		ret = add_address(p, &a, e);
	}
	if (ret == 0 && !IN6_IS_ADDR_UNSPECIFIED(&lease.address6)) {
		a = (struct net_address){ .family = AF_INET6, .length = p->network.length6 };
		memcpy(a.address, &lease.address6, sizeof(lease.address6));
		ret = add_address(p, &a, e);
	}
	return ret;
}

static int plan_network(struct run *r, struct net_port *p, struct err *e)
{
	const char *name = p->d->network ? p->d->network : NETWORK_DEFAULT;
	char key[64];
	int ret = network_up(r->store, name, &p->network, e);

	net_key(key, p->d, "type");
	if (ret < 0 && !wall_asked(r->spec, key)) {
		err_add(e, "network %s", name);
		return err_hint(e, "it is a default of %s; --net=none starts without a network",
				key_origin(r->spec, key));
	}
	if (ret < 0)
		return err_add(e, "network %s", name);
	p->managed = r->net.leased = true;
	p->link = p->network.index;
	p->mtu = p->d->mtu ? p->d->mtu : p->network.mtu;
	/* A network that is shared is one; but a person's word is the last. */
	net_key(key, p->d, "isolated");
	if (p->network.shared && !wall_asked(r->spec, key))
		p->isolated = false;
	return plan_lease(r, p, e);
}

/* --- a link of the administrator's ---------------------------------------------------------------- */

/* "eth+": the first interface that begins so. */
static int first_of(const char *pattern, char name[IFNAMSIZ], struct err *e)
{
	size_t n = strlen(pattern) - 1;
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (const struct if_nameindex *i = all; i && i->if_name && !found; i++) {
		found = !strncmp(i->if_name, pattern, n);
		if (found)
			snprintf(name, IFNAMSIZ, "%s", i->if_name);
	}
	if_freenameindex(all);
	return found ? 0 : err_msg(e, ENODEV, "there is no interface %s", pattern);
}

static int plan_link(struct run *r, struct net_port *p, struct err *e)
{
	const struct net_device *d = p->d;
	struct net_link link;
	char name[IFNAMSIZ], key[64];
	int ret = 0;

	net_key(key, d, "link");
	if (!d->link)
		return 0;
	snprintf(name, sizeof(name), "%s", d->link);
	if (d->kind == NET_PHYS && str_ends(d->link, "+"))
		ret = first_of(d->link, name, e);
	if (ret == 0)
		ret = net_link_look(r->net.host, name, 0, &link, e);
	if (ret < 0)
		return err_add(e, "%s: %s", key_origin(r->spec, key), key);
	if (d->kind == NET_VETH && d->veth_mode == NET_VETH_BRIDGE && strcmp(link.kind, "bridge"))
		return err_msg(e, EINVAL, "%s: %s: %s is not a bridge of the kernel's (but %s)",
			       key_origin(r->spec, key), key, name,
			       *link.kind ? link.kind : "a device");
	p->link = link.index;
	/* In router mode the link only has a say about neighbours. */
	p->mtu = d->mtu ? d->mtu : d->kind == NET_VETH ? link.mtu : 0;
	if (d->kind != NET_VETH)
		snprintf(p->host, sizeof(p->host), "%s", name);
	if ((d->kind == NET_PHYS && !d->hwaddr) || d->kind == NET_IPVLAN)
		memcpy(p->mac, link.mac, sizeof(p->mac));
	if (d->kind == NET_PHYS)
		memcpy(p->host_mac, link.mac, sizeof(p->host_mac));
	p->host_mtu = link.mtu;
	return 0;
}

int net_plan_addresses(struct net_port *p, struct err *e)
{
	int ret = plan_list(p, &p->d->address4, AF_INET, e);

	return ret < 0 ? ret : plan_list(p, &p->d->address6, AF_INET6, e);
}

int net_plan(struct run *r, const struct net_device *d, const struct net_port *before, size_t n,
	     struct net_port *p, struct err *e)
{
	bool managed = d->kind == NET_VETH && d->veth_mode == NET_VETH_BRIDGE && !d->link;
	int ret;

	*p = (struct net_port){ .d = d, .mtu = d->mtu, .isolated = d->isolated };
	plan_name(r->spec, before, n, p);
	ret = plan_mac(r, p, e);
	if (ret == 0 && d->kind == NET_VETH)
		ret = plan_host_end(p, e);
	if (ret == 0)
		ret = managed ? plan_network(r, p, e) : plan_link(r, p, e);
	if (ret == 0 && !managed)
		ret = net_plan_addresses(p, e);
	if (ret == 0)
		ret = plan_gateway(r, p, before, n, AF_INET, e);
	return ret < 0 ? ret : plan_gateway(r, p, before, n, AF_INET6, e);
}
