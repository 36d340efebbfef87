/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the keys net.N.* cannot mean is refused before anything is made. */
#include "wall/net.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "wall/net_guard.h"
#include "wall/net_keys.h"
#include "wall/net_user.h"

struct subject {
	const struct spec *s;
	const struct host *h;
	const struct net_device *d;
};

/* "ward.conf:3: net.0.link: ..." */
static int __attribute__((format(printf, 5, 6)))
refuse(const struct subject *u, const char *word, int code, struct err *e, const char *fmt, ...)
{
	char key[64], type[64], text[256];
	const char *where;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	net_key(key, u->d, word);
	net_key(type, u->d, "type");
	/* Who asked for the device has left out the key. */
	where = key_origin(u->s, key);
	if (!strcmp(where, "built-in"))
		where = key_origin(u->s, type);
	return err_msg(e, code, "%s: %s: %s", where, key, text);
}

static bool on_network(const struct net_device *d)
{
	return d->kind == NET_VETH && d->veth_mode == NET_VETH_BRIDGE && !d->link;
}

/* --- keys that belong to a kind ---------------------------------------------------------------- */

#define KIND(k) (1U << (k))
#define BESIDE (KIND(NET_MACVLAN) | KIND(NET_IPVLAN) | KIND(NET_VLAN))
#define MADE (KIND(NET_VETH) | BESIDE | KIND(NET_PHYS))

/* Which kinds have the keys that begin so; the first that fits. */
static const struct {
	const char *word;
	unsigned kinds;
} belongs[] = {
	{ "type", ~0U },
	{ "veth.", KIND(NET_VETH) },
	{ "macvlan.", KIND(NET_MACVLAN) },
	{ "ipvlan.", KIND(NET_IPVLAN) },
	{ "vlan.", KIND(NET_VLAN) },
	{ "network", KIND(NET_VETH) },
	{ "isolated", KIND(NET_VETH) },
	{ "l2proxy", KIND(NET_VETH) | KIND(NET_IPVLAN) },
	/* It has the address of its parent. */
	{ "hwaddr", (MADE & ~KIND(NET_IPVLAN)) | KIND(NET_USER) },
	{ "link", MADE },
	{ "up", MADE },
	{ "script.", MADE },
	{ "guard", MADE },
	{ "limit.", MADE },
	{ "name", MADE | KIND(NET_USER) },
	{ "mtu", MADE | KIND(NET_USER) },
	{ "ipv", MADE | KIND(NET_USER) },
};

static bool is_fresh(const struct subject *u, const struct key *k)
{
	autostr value = { 0 }, fresh = { 0 };

	k->type->get(k, (const char *)u->d + k->at, &value);
	k->type->get(k, (const char *)k->items->fresh + k->at, &fresh);
	return !strcmp(str_text(&value), str_text(&fresh));
}

static int check_keys(const struct subject *u, struct err *e)
{
	for (size_t i = 0; i < NET_KEYS; i++) {
		const struct key *k = &net_keys[i];
		const char *word = k->name + strlen("net.N.");
		size_t j = 0;

		if (!k->items || k->flags & KEY_WHOLE || is_fresh(u, k))
			continue;
		while (!str_starts(word, belongs[j].word))
			j++;
		if (!(belongs[j].kinds & KIND(u->d->kind)))
			return refuse(u, word, EINVAL, e, "a device of type %s has no such key",
				      net_kinds[u->d->kind]);
	}
	return 0;
}

/* --- one device ----------------------------------------------------------------------------------- */

static int check_rights(const struct subject *u, struct err *e)
{
	if (!u->h->rootless || u->d->kind == NET_EMPTY || u->d->kind == NET_USER)
		return 0;
	if (u->d->kind == NET_VETH)
		return net_user_nic_check(u->s, u->d, e);
	refuse(u, "type", EPERM, e, "an ordinary user cannot make a device of type %s",
	       net_kinds[u->d->kind]);
	return err_hint(e, "the type user needs no rights: --net user");
}

static int check_link(const struct subject *u, struct err *e)
{
	const struct net_device *d = u->d;

	if (KIND(d->kind) & (BESIDE | KIND(NET_PHYS)) && !d->link)
		return refuse(u, "link", EINVAL, e, "a device of type %s needs one of the host's",
			      net_kinds[d->kind]);
	if (d->link && d->network)
		return refuse(
			u, "link", EINVAL, e,
			"a device is on a network of ward's or on a bridge of your own, not both");
	if (d->link && str_ends(d->link, "+") && d->kind != NET_PHYS)
		return refuse(u, "link", EINVAL, e, "only the type phys may choose among several");
	if (d->kind == NET_VLAN && !d->vlan_id)
		return refuse(u, "vlan.id", EINVAL, e, "a device of type vlan needs one");
	if (d->network && d->veth_mode == NET_VETH_ROUTER)
		return refuse(u, "network", EINVAL, e,
			      "in router mode there is no bridge to be on");
	if ((d->vlan || d->vlan_tagged.n) && !(d->link && d->veth_mode == NET_VETH_BRIDGE))
		return refuse(u, d->vlan ? "veth.vlan.id" : "veth.vlan.tagged.id", EINVAL, e,
			      "VLANs are for a bridge of your own: set link");
	if (d->l2proxy && (!d->link || (d->kind == NET_VETH && d->veth_mode != NET_VETH_ROUTER)))
		return refuse(
			u, "l2proxy", EINVAL, e,
			"it is for a veth in router mode and for an ipvlan, and needs a link");
	return 0;
}

static int check_addresses(const struct subject *u, struct err *e)
{
	const struct net_device *d = u->d;

	if (d->address4.n + d->address6.n > NET_ADDRESSES)
		return refuse(u, "ipv4.address", E2BIG, e, "more than %d addresses", NET_ADDRESSES);
	if (d->route4.n + d->route6.n > NET_ADDRESSES)
		return refuse(u, "veth.ipv4.route", E2BIG, e, "more than %d routes", NET_ADDRESSES);
	if (on_network(d) && (d->address4.n > 1 || d->address6.n > 1))
		return refuse(u, d->address4.n > 1 ? "ipv4.address" : "ipv6.address", EINVAL, e,
			      "a network gives out one address of each family");
	if (d->kind == NET_VETH && d->veth_mode == NET_VETH_ROUTER &&
	    d->address4.n + d->address6.n == 0)
		return refuse(u, "veth.mode", EINVAL, e,
			      "router needs an address: ipv4.address, ipv6.address");
	if (d->gateway4 && !d->address4.n && d->kind != NET_USER && !on_network(d))
		return refuse(u, "ipv4.gateway", EINVAL, e, "it needs an address: ipv4.address");
	if (d->gateway6 && !d->address6.n && d->kind != NET_USER && !on_network(d))
		return refuse(u, "ipv6.gateway", EINVAL, e, "it needs an address: ipv6.address");
	if ((d->gateway4 || d->gateway6) && !d->up)
		return refuse(u, "up", EINVAL, e, "a gateway needs a device that is up");
	if (d->address6.n && d->mtu && d->mtu < 1280)
		return refuse(u, "mtu", EINVAL, e, "IPv6 needs at least 1280");
	return 0;
}

static int check_names(const struct subject *u, struct err *e)
{
	const struct net_device *d = u->d;

	if (d->name && !strcmp(d->name, "lo"))
		return refuse(u, "name", EINVAL, e, "lo is the loopback interface");
	for (int up = 0; up < 2; up++) {
		const char *script = up ? d->script_up : d->script_down;

		if (script && script[0] != '/')
			return refuse(u, up ? "script.up" : "script.down", EINVAL, e,
				      "'%.64s' does not begin with an absolute path", script);
	}
	return 0;
}

/* The guard knows what it can count. */
static int check_limits(const struct subject *u, struct err *e)
{
	const struct net_device *d = u->d;
	const struct guard g = { .filter = d->guard,
				 .mac = { 2 },
				 .any4 = true,
				 .any6 = true,
				 .flows = d->flows,
				 .rate_in = d->rate_in,
				 .rate_out = d->rate_out };
	struct err why = ERR_NONE;

	if (d->rate_in != LIMIT_MAX && d->kind != NET_VETH && net_is_made(d))
		return refuse(u, "limit.in", EINVAL, e,
			      "nothing before a device of type %s could hold packets back",
			      net_kinds[d->kind]);
	if (!net_is_made(d) || guard_check(&g, &why) == 0)
		return 0;
	return refuse(u,
		      d->rate_in != LIMIT_MAX  ? "limit.in" :
		      d->rate_out != LIMIT_MAX ? "limit.out" :
						 "limit.flows",
		      why.code, e, "%s", why.text);
}

static int check_user(const struct subject *u, struct err *e)
{
	return u->d->kind == NET_USER ? net_user_check(u->s, u->d, e) : 0;
}

/* --- one beside another ------------------------------------------------------------------------------ */

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* The same address twice, however it is written. */
static bool share_address(const struct list *a, const struct list *b, int family)
{
	struct err ignored = ERR_NONE;

	for (size_t i = 0; i < a->n; i++)
		for (size_t j = a == b ? i + 1 : 0; j < b->n; j++) {
			struct net_address x, y;

			if (net_parse_address(a->item[i], family, &x, &ignored) == 0 &&
			    net_parse_address(b->item[j], family, &y, &ignored) == 0 &&
			    !memcmp(x.address, y.address, sizeof(x.address)))
				return true;
		}
	return false;
}

static int check_others(const struct subject *u, struct err *e)
{
	const struct net_devices *all = &u->s->net.devices;
	const struct net_device *d = u->d;

	for (size_t i = 0; i < all->n; i++) {
		const struct net_device *o = &all->item[i];

		if (o->index > d->index)
			continue;
		if (share_address(&d->address4, &o->address4, AF_INET))
			return refuse(u, "ipv4.address", EINVAL, e, "net.%u has the same",
				      (unsigned)o->index);
		if (share_address(&d->address6, &o->address6, AF_INET6))
			return refuse(u, "ipv6.address", EINVAL, e, "net.%u has the same",
				      (unsigned)o->index);
		if (o == d)
			continue;
		if (same(d->name, o->name))
			return refuse(u, "name", EINVAL, e, "net.%u is called %s too",
				      (unsigned)o->index, d->name);
		if (same(d->pair, o->pair))
			return refuse(u, "veth.pair", EINVAL, e, "net.%u has the name %s too",
				      (unsigned)o->index, d->pair);
		if (d->kind == NET_USER && o->kind == NET_USER)
			return refuse(u, "type", EINVAL, e, "net.%u is of type user too",
				      (unsigned)o->index);
	}
	return 0;
}

/* --- all ------------------------------------------------------------------------------------------------ */

static int check_device(const struct spec *s, const struct host *h, const struct net_device *d,
			struct err *e)
{
	static int (*const checks[])(const struct subject *u, struct err *e) = {
		check_rights, check_keys, check_link, check_addresses,
		check_names,  check_limits, check_user, check_others,
	};
	const struct subject u = { s, h, d };
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(checks) && ret == 0; i++)
		ret = checks[i](&u, e);
	return ret;
}

/* Without a network namespace of its own there is nothing to put a device into. A profile's gives way. */
static int check_shared(struct spec *s, struct err *e)
{
	const struct net_devices *all = &s->net.devices;
	char key[64];

	for (size_t i = 0; i < all->n; i++) {
		net_key(key, &all->item[i], "type");
		if (all->item[i].kind != NET_EMPTY && wall_asked(s, key))
			return err_msg(e, EINVAL,
				       "%s: %s: a device needs a network namespace of its own, but "
				       "ns.net is %s (%s)",
				       key_origin(s, key), key,
				       s->ns[NS_NET].how == NS_HOST ? "the host's" : "somebody else's",
				       key_origin(s, "ns.net"));
	}
	if (s->net.publish.n)
		return err_msg(e, EINVAL,
			       "%s: publish: the container has no network of its own (%s)",
			       key_origin(s, "publish"), key_origin(s, "ns.net"));
	net_keys[0].type->clear(&net_keys[0], &s->net.devices);
	return 0;
}

static int check_publish(const struct spec *s, struct err *e)
{
	if (!s->net.publish.n || net_user_device(s))
		return 0;
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (on_network(&s->net.devices.item[i]))
			return 0;
	err_msg(e, EINVAL, "%s: publish: the container is on no network whose ports lead to it",
		key_origin(s, "publish"));
	return err_hint(e, "add --net");
}

int net_check(struct spec *s, const struct host *h, struct err *e)
{
	struct net_devices *all = &s->net.devices;
	int ret = 0;

	if (s->ns[NS_NET].how != NS_NEW)
		return check_shared(s, e);
	if (all->n > NET_DEVICES_MAX)
		return err_msg(e, E2BIG, "%s: net: more than %d devices", key_origin(s, "net"),
			       NET_DEVICES_MAX);
	for (size_t i = 0; i < all->n; i++)
		if (all->item[i].kind == NET_AUTO)
			all->item[i].kind = h->rootless ? NET_USER : NET_VETH;
	for (size_t i = 0; i < all->n && ret == 0; i++)
		ret = check_device(s, h, &all->item[i], e);
	return ret < 0 ? ret : check_publish(s, e);
}
