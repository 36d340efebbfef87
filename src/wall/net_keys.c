/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of the network: net.N.*, publish. */
#include "wall/net_keys.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wall/net_types.h"

/* --- devices ---------------------------------------------------------------------------- */

static const struct net_device fresh = {
	.up = true,
	.macvlan_mode = MACVLAN_MODE_PRIVATE,
	.ipvlan_mode = IPVLAN_MODE_L3,
	.guard = true,
	.isolated = true,
	.flows = LIMIT_MAX,
	.rate_in = LIMIT_MAX,
	.rate_out = LIMIT_MAX,
};

/* What a device owns: everything else is plain numbers. */
static const size_t texts[] = {
	offsetof(struct net_device, network),	  offsetof(struct net_device, link),
	offsetof(struct net_device, name),	  offsetof(struct net_device, hwaddr),
	offsetof(struct net_device, gateway4),	  offsetof(struct net_device, gateway6),
	offsetof(struct net_device, script_up),	  offsetof(struct net_device, script_down),
	offsetof(struct net_device, pair),	  offsetof(struct net_device, vlan),
};
static const size_t lists[] = {
	offsetof(struct net_device, address4),	  offsetof(struct net_device, address6),
	offsetof(struct net_device, route4),	  offsetof(struct net_device, route6),
	offsetof(struct net_device, vlan_tagged),
};

static void device_free(struct net_device *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*(char **)(void *)((char *)d + texts[i]));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		list_clear((struct list *)(void *)((char *)d + lists[i]));
}

/* The place of device `number`, or where it would come. */
static size_t device_place(const struct spec *s, uint32_t number)
{
	size_t i = 0;

	while (i < s->net.devices.n && s->net.devices.item[i].index < number)
		i++;
	return i;
}

static void *device_item(struct spec *s, uint32_t number, bool make)
{
	struct net_devices *list = &s->net.devices;
	size_t i = device_place(s, number);
	struct net_device *grown;

	if (i < list->n && list->item[i].index == number)
		return &list->item[i];
	if (!make)
		return NULL;
	grown = reallocarray(list->item, list->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	list->item = grown;
	memmove(&grown[i + 1], &grown[i], (list->n - i) * sizeof(*grown));
	list->n++;
	grown[i] = fresh;
	grown[i].index = number;
	return &grown[i];
}

static bool device_number(const struct spec *s, size_t i, uint32_t *number)
{
	if (i >= s->net.devices.n)
		return false;
	*number = s->net.devices.item[i].index;
	return true;
}

static void device_remove(struct spec *s, uint32_t number)
{
	struct net_devices *list = &s->net.devices;
	size_t i = device_place(s, number);

	if (i >= list->n || list->item[i].index != number)
		return;
	device_free(&list->item[i]);
	list->n--;
	memmove(&list->item[i], &list->item[i + 1], (list->n - i) * sizeof(*list->item));
}

const struct key_items net_items = {
	.fresh = &fresh, .item = device_item, .number = device_number, .remove = device_remove
};

void net_key(char out[64], const struct net_device *d, const char *word)
{
	snprintf(out, 64, "net.%u%s%s", (unsigned)d->index, *word ? "." : "", word);
}

/* --- types: the devices themselves ------------------------------------------------------ */

static int devices_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)field;
	(void)value;
	return err_msg(e, EINVAL, "it takes no value; write %s = veth",
		       k->items ? "net.N.type" : "net.0.type");
}

static void devices_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	(void)field;
	(void)out;
}

static void devices_clear(const struct key *k, void *field)
{
	struct net_devices *list = field;

	(void)k;
	for (size_t i = 0; i < list->n; i++)
		device_free(&list->item[i]);
	free(list->item);
	*list = (struct net_devices){ 0 };
}

static void device_clear(const struct key *k, void *field)
{
	(void)k;
	(void)field; /* key_set() has removed it */
}

static const struct key_type key_devices = {
	.name = "devices", .set = devices_set, .get = devices_get, .clear = devices_clear
};
static const struct key_type key_device = {
	.name = "device", .set = devices_set, .get = devices_get, .clear = device_clear
};

const char *const net_kinds[] = { "auto",   "empty", "veth", "macvlan",
				  "ipvlan", "vlan",  "phys", "user", NULL };

/* LXC's word for the host's network is Docker's word for none. */
static int kind_set(const struct key *k, void *field, const char *value, struct err *e)
{
	if (!strcmp(value, "none"))
		return err_msg(e, EINVAL,
			       "'none' is the host's network to some and no network to others; "
			       "write empty for the latter, and open the gate host-net for the "
			       "former");
	return key_enum.set(k, field, value, e);
}

static void kind_get(const struct key *k, const void *field, struct str *out)
{
	key_enum.get(k, field, out);
}

static void kind_clear(const struct key *k, void *field)
{
	key_enum.clear(k, field);
}

static const struct key_type key_kind = {
	.name = "word", .set = kind_set, .get = kind_get, .clear = kind_clear
};

/* --- rows -------------------------------------------------------------------------------- */

static const char *const veth_modes[] = { "bridge", "router", NULL };
static const struct net_mode macvlan_modes[] = { { "private", MACVLAN_MODE_PRIVATE },
					     { "vepa", MACVLAN_MODE_VEPA },
					     { "bridge", MACVLAN_MODE_BRIDGE },
					     { "passthru", MACVLAN_MODE_PASSTHRU },
					     { 0 } };
static const struct net_mode ipvlan_modes[] = { { "l3", IPVLAN_MODE_L3 },
					    { "l3s", IPVLAN_MODE_L3S },
					    { "l2", IPVLAN_MODE_L2 },
					    { 0 } };
static const struct net_mode ipvlan_isolations[] = { { "bridge", 0 },
						 { "private", IPVLAN_F_PRIVATE },
						 { "vepa", IPVLAN_F_VEPA },
						 { 0 } };
static const struct key_bounds mtu_bounds = { .min = 68, .max = 65535 };
static const struct key_bounds queue_bounds = { .min = 1, .max = 256 };
static const struct key_bounds vlan_bounds = { .min = 1, .max = 4094 };
static const struct key_bounds flow_bounds = { .min = 1, .max = 1000000000 };

/* LXC has the same words, with few exceptions. */
#define NUMBERED(word, member)                                                                     \
	.name = "net.N." word, .items = &net_items, .at = offsetof(struct net_device, member)
#define LXC(word) .lxc = "lxc.net.N." word

/* clang-format off */
const struct key net_keys[NET_KEYS] = {
	{ .name = "net", .type = &key_devices, .at = SPEC(net.devices), .lxc = "lxc.net",
	  .doc = "an empty value removes all network devices" },
	{ .name = "net.N", .type = &key_device, .items = &net_items, .flags = KEY_WHOLE,
	  .lxc = "lxc.net.N", .doc = "an empty value removes network device N" },
	{ NUMBERED("type", kind), LXC("type"), .type = &key_kind, .of = net_kinds,
	  .flags = KEY_KIND, .metavar = "KIND",
	  .doc = "kind of the device; setting it clears all its other keys. auto: veth, or user for "
		 "an ordinary user; empty: no device; veth: on a bridge; macvlan, ipvlan, vlan: "
		 "beside a device of the host; phys: a device of the host, lent; user: no device of "
		 "the host at all" },
	{ NUMBERED("network", network), .type = &net_key_network, .of = &net_network_of,
	  .metavar = "NAME", .doc = "network of `ward net` that a veth is on" },
	{ NUMBERED("link", link), LXC("link"), .type = &net_key_interface, .of = &net_interface_of,
	  .metavar = "INTERFACE",
	  .doc = "veth: a bridge of your own in place of a network; macvlan, ipvlan, vlan: the "
		 "device of the host beside it; phys: the device" },
	{ NUMBERED("up", up), LXC("flags"), .type = &key_bool, .metavar = "BOOL",
	  .doc = "bring the device up" },
	{ NUMBERED("name", name), LXC("name"), .type = &net_key_interface, .of = &net_interface_of,
	  .metavar = "INTERFACE", .doc = "name inside; otherwise eth0, eth1 ..." },
	{ NUMBERED("hwaddr", hwaddr), LXC("hwaddr"), .type = &net_key_mac, .of = &net_mac_of,
	  .metavar = "MAC", .doc = "its MAC address; x stands for a random digit" },
	{ NUMBERED("mtu", mtu), LXC("mtu"), .type = &net_key_number, .of = &mtu_bounds,
	  .metavar = "BYTES", .doc = "largest packet; otherwise that of the link" },
	{ NUMBERED("ipv4.address", address4), LXC("ipv4.address"), .type = &net_key_addresses,
	  .of = &net_address4_of, .metavar = "ADDRESS[/LENGTH] [BROADCAST]", .doc = "its address" },
	{ NUMBERED("ipv4.gateway", gateway4), LXC("ipv4.gateway"), .type = &net_key_gateway,
	  .of = &net_gateway4_of, .metavar = "ADDRESS|auto|dev",
	  .doc = "where the default route leads; auto: to the bridge, dev: to the device" },
	{ NUMBERED("ipv6.address", address6), LXC("ipv6.address"), .type = &net_key_addresses,
	  .of = &net_address6_of, .metavar = "ADDRESS[/LENGTH]", .doc = "its address" },
	{ NUMBERED("ipv6.gateway", gateway6), LXC("ipv6.gateway"), .type = &net_key_gateway,
	  .of = &net_gateway6_of, .metavar = "ADDRESS|auto|dev",
	  .doc = "where the default route leads; auto: to the bridge, dev: to the device" },
	{ NUMBERED("l2proxy", l2proxy), LXC("l2proxy"), .type = &key_bool, .metavar = "BOOL",
	  .doc = "the host answers for its addresses on the link (ARP, NDP)" },
	{ NUMBERED("script.up", script_up), LXC("script.up"), .type = &key_string,
	  .metavar = "COMMAND", .doc = "program of the host that is run when the device is there" },
	{ NUMBERED("script.down", script_down), LXC("script.down"), .type = &key_string,
	  .metavar = "COMMAND", .doc = "program of the host that is run before the device goes" },
	{ NUMBERED("veth.pair", pair), LXC("veth.pair"), .type = &net_key_interface,
	  .of = &net_interface_of, .metavar = "INTERFACE",
	  .doc = "name of the host's end; otherwise one is made up" },
	{ NUMBERED("veth.mode", veth_mode), LXC("veth.mode"), .type = &key_enum, .of = veth_modes,
	  .metavar = "MODE",
	  .doc = "bridge, or router: no bridge, the host routes to the container's addresses" },
	{ NUMBERED("veth.n_rxqueues", rxqueues), LXC("veth.n_rxqueues"), .type = &net_key_number,
	  .of = &queue_bounds, .metavar = "NUMBER", .doc = "queues for receiving" },
	{ NUMBERED("veth.n_txqueues", txqueues), LXC("veth.n_txqueues"), .type = &net_key_number,
	  .of = &queue_bounds, .metavar = "NUMBER", .doc = "queues for sending" },
	{ NUMBERED("veth.ipv4.route", route4), LXC("veth.ipv4.route"), .type = &net_key_routes,
	  .of = &net_route4_of, .metavar = "NETWORK/LENGTH",
	  .doc = "the host sends packets for this network to the container" },
	{ NUMBERED("veth.ipv6.route", route6), LXC("veth.ipv6.route"), .type = &net_key_routes,
	  .of = &net_route6_of, .metavar = "NETWORK/LENGTH",
	  .doc = "the host sends packets for this network to the container" },
	{ NUMBERED("veth.vlan.id", vlan), LXC("veth.vlan.id"), .type = &net_key_vlan, .of = &net_vlan_of,
	  .metavar = "VLAN|none", .doc = "VLAN of the bridge whose packets have no tag here" },
	{ NUMBERED("veth.vlan.tagged.id", vlan_tagged), LXC("veth.vlan.tagged.id"),
	  .type = &net_key_vlans, .of = &net_vlans_of, .metavar = "VLAN",
	  .doc = "VLAN of the bridge whose packets have a tag here" },
	{ NUMBERED("macvlan.mode", macvlan_mode), LXC("macvlan.mode"), .type = &net_key_mode,
	  .of = macvlan_modes, .metavar = "MODE",
	  .doc = "whom it may talk to: private, vepa, bridge or passthru" },
	{ NUMBERED("ipvlan.mode", ipvlan_mode), LXC("ipvlan.mode"), .type = &net_key_mode,
	  .of = ipvlan_modes, .metavar = "MODE", .doc = "l3, l3s or l2" },
	{ NUMBERED("ipvlan.isolation", ipvlan_isolation), LXC("ipvlan.isolation"),
	  .type = &net_key_mode, .of = ipvlan_isolations, .metavar = "MODE",
	  .doc = "whom it may talk to: bridge, private or vepa" },
	{ NUMBERED("vlan.id", vlan_id), LXC("vlan.id"), .type = &net_key_number, .of = &vlan_bounds,
	  .metavar = "VLAN", .doc = "which VLAN of the link it is" },
	{ NUMBERED("guard", guard), .type = &net_key_on, .metavar = "BOOL",
	  .doc = "only packets with its own addresses leave it, and none that would redirect others" },
	{ NUMBERED("isolated", isolated), .type = &net_key_on, .metavar = "BOOL",
	  .doc = "no way to other isolated ports of the bridge; off on a network of your own that is "
		 "shared" },
	{ NUMBERED("limit.flows", flows), .type = &net_key_flows, .of = &flow_bounds,
	  .metavar = "NUMBER", .doc = "new connections per second" },
	{ NUMBERED("limit.in", rate_in), .type = &net_key_rate, .metavar = "RATE",
	  .doc = "bits per second into the container: 10M" },
	{ NUMBERED("limit.out", rate_out), .type = &net_key_rate, .metavar = "RATE",
	  .doc = "bits per second out of it" },
	{ .name = "net.files", .type = &key_bool, .at = SPEC(net.files), .metavar = "BOOL",
	  .doc = "show a resolv.conf with the network's name server and a hosts file with the "
		 "container's name, over those of the image" },
	{ .name = "publish", .type = &net_key_publish, .at = SPEC(net.publish), .flag = "publish",
	  .metavar = "[ADDRESS:]PORT:PORT[/udp]",
	  .doc = "a port of the host that leads to one inside; ranges as 8000-8009:80-89" },
};
/* clang-format on */
