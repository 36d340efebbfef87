/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of network devices: rows with a number in them, --net, and what the check refuses. */
#include <errno.h>
#include <string.h>

#include "front/conf.h"
#include "front/net_words.h"
#include "front/profile.h"
#include "spec/dump.h"
#include "spec/key.h"
#include "spec/numbered.h"
#include "tap.h"
#include "wall/net.h"
#include "wall/wall.h"

static struct err e;

static int set(struct spec *s, const char *key, const char *value)
{
	e = ERR_NONE;
	return key_set(s, key, value, "t.conf:1", &e);
}

static const struct net_device *device(const struct spec *s, size_t i)
{
	return i < s->net.devices.n ? &s->net.devices.item[i] : NULL;
}

static void names(void)
{
	char row[NUMBERED_NAME_MAX], name[NUMBERED_NAME_MAX];
	uint32_t n;

	ok(numbered_split("net.12.mtu", row, &n) && n == 12, "a number in a name");
	is_str(row, "net.N.mtu", "and the row it belongs to");
	ok(numbered_split("net.0", row, &n) && n == 0 && !strcmp(row, "net.N"), "at its end too");
	numbered_join("net.N.veth.mode", 3, name);
	is_str(name, "net.3.veth.mode", "and back");
	ok(!numbered_split("net.mtu", row, &n) && !numbered_split("net.01.mtu", row, &n) &&
		   !numbered_split("net.1x.mtu", row, &n) &&
		   !numbered_split("net.4294967296", row, &n),
	   "other names have none");
	ok(key_find("net.5.mtu", NULL) == key_find("net.N.mtu", NULL), "all numbers are one row");
}

static void setting(void)
{
	autospec s;

	spec_init(&s);
	ok(set(&s, "net.7.mtu", "1400") == 0 && set(&s, "net.2.type", "macvlan") == 0 &&
		   set(&s, "net.5.link", "br0") == 0,
	   "gaps are allowed, in any order");
	ok(s.net.devices.n == 3 && device(&s, 0)->index == 2 && device(&s, 2)->index == 7,
	   "devices stand by their numbers");
	is_int(device(&s, 2)->kind, NET_AUTO, "without a type it is the default one");
	is_str(key_origin(&s, "net.7.mtu"), "t.conf:1", "who set a key is known");
	is_str(key_origin(&s, "net.2.mtu"), "built-in", "of each device by itself");
	ok(set(&s, "net.7.type", "veth") == 0 && device(&s, 2)->mtu == 0,
	   "a type clears the other keys");
	is_str(key_origin(&s, "net.7.mtu"), "built-in", "and who set them");
	ok(set(&s, "net.5", "") == 0 && s.net.devices.n == 2, "an empty device is removed");
	ok(set(&s, "net.9.mtu", "") == 0 && s.net.devices.n == 2, "clearing a key makes no device");
	is_int(set(&s, "net.7", "veth"), -EINVAL, "a device takes no value");
	is_int(set(&s, "net", "veth"), -EINVAL, "nor do all of them");
	is_int(set(&s, "net.N.mtu", "1400"), -EINVAL, "N is not a number");
	ok(set(&s, "net.7.guard", "off") == 0 && !device(&s, 1)->guard,
	   "the guard can be turned off");
	ok(set(&s, "net.7.guard", "") == 0 && device(&s, 1)->guard, "and is on again when cleared");
	is_int(set(&s, "net.7.mtuu", "1"), -EINVAL, "a key that is not there");
	ok(strstr(e.text, "did you mean 'net.7.mtu'?"), "the nearest one is named: %s", e.text);
	ok(set(&s, "net", "") == 0 && s.net.devices.n == 0, "all are removed at once");
}

static void dumping(void)
{
	autostr first = { 0 }, second = { 0 };
	autospec s, again;

	spec_init(&s);
	spec_init(&again);
	set(&s, "net.3.type", "veth");
	set(&s, "net.3.ipv4.address", "10.1.2.3/24");
	set(&s, "net.3.ipv4.address", "10.1.2.4/24");
	set(&s, "net.3.up", "");
	set(&s, "net.3.isolated", "true");
	set(&s, "net.1.type", "empty");
	set(&s, "publish", "8080:80");
	dump_write(&s, true, &first);
	ok(conf_parse(&again, str_text(&first), first.len, "dump", &e) == 0, "a dump is read: %s",
	   e.text);
	dump_write(&again, true, &second);
	is_str(str_text(&second), str_text(&first), "and dumps to the same text");
	ok(again.net.devices.n == 2 && device(&again, 1)->address4.n == 2 && !device(&again, 1)->up,
	   "with the same devices");
	ok(wall_asked(&again, "net.3.isolated"), "a default that was asked for stays asked for");
	ok(!strstr(str_text(&first), "macvlan"), "what nobody said is left out");
}

static void words(void)
{
	static const char *const bad[] = { "veth,mtu", "veth,nokey=1", "what", "network:", "empty,mtu=1",
					   "container:a b", "veth,=1" };
	autospec s;

	spec_init(&s);
	profile_apply(&s, "system", "default", &e);
	is_int(s.net.devices.n, 1, "the profile system has a device");
	ok(net_words_apply(&s, "network:web,limit.out=10M,guard=off", "--net", &e) == 0,
	   "--net: %s", e.text);
	ok(s.net.devices.n == 1 && !strcmp(device(&s, 0)->network, "web") &&
		   device(&s, 0)->rate_out == 10000000 && !device(&s, 0)->guard,
	   "replaces it");
	ok(net_words_apply(&s, "bridge:br0", "--net", &e) == 0 && s.net.devices.n == 2 &&
		   device(&s, 1)->index == 1 && !strcmp(device(&s, 1)->link, "br0"),
	   "the next is one more");
	spec_free(&s);
	spec_init(&s);
	profile_apply(&s, "system", "default", &e);
	ok(net_words_apply(&s, "none", "--net", &e) == 0 && !s.net.devices.n, "none is none");
	ok(net_words_apply(&s, "container:web", "--net", &e) == 0 && s.ns[NS_NET].how == NS_JOIN &&
		   !strcmp(s.ns[NS_NET].path, "container:web"),
	   "another container's");
	ok(net_words_apply(&s, "host", "--net", &e) == 0 && s.ns[NS_NET].how == NS_HOST &&
		   list_has(&s.gates, "host-net"),
	   "the host's is a gate");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = ERR_NONE;
		ok(net_words_apply(&s, bad[i], "--net", &e) == -EINVAL, "%s: %s", bad[i], e.text);
	}
}

/* Configurations that cannot be, and a word of what is said about them. */
static void refusals(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "net.0.type = macvlan", "net.0.link: a device of type macvlan needs one" },
		{ "net.0.type = vlan\nnet.0.link = eth0", "net.0.vlan.id" },
		{ "net.0.type = phys\nnet.0.link = eth0\nnet.0.macvlan.mode = vepa", "no such key" },
		{ "net.0.type = empty\nnet.0.mtu = 1400", "no such key" },
		{ "net.0.type = ipvlan\nnet.0.link = eth0\nnet.0.hwaddr = 02:xx:xx:xx:xx:xx", "no such key" },
		{ "net.0.type = veth\nnet.0.link = br0\nnet.0.network = web", "not both" },
		{ "net.0.type = veth\nnet.0.link = eth+", "only the type phys" },
		{ "net.0.type = veth\nnet.0.veth.vlan.id = 7", "set link" },
		{ "net.0.type = veth\nnet.0.veth.mode = router", "router needs an address" },
		{ "net.0.type = veth\nnet.0.link = br0\nnet.0.ipv4.gateway = auto", "needs an address" },
		{ "net.0.type = veth\nnet.0.ipv4.address = 10.1.1.2\nnet.0.ipv4.address = 10.1.1.3",
		  "one address of each family" },
		{ "net.0.type = veth\nnet.0.name = lo", "loopback" },
		{ "net.0.type = veth\nnet.0.script.up = hello", "absolute path" },
		{ "net.0.type = veth\nnet.0.name = a\nnet.1.type = veth\nnet.1.name = a", "net.0 is called" },
		{ "net.0.type = veth\nnet.0.link = b\nnet.0.ipv4.address = 10.1.1.2/8\n"
		  "net.1.type = veth\nnet.1.link = b\nnet.1.ipv4.address = 10.1.1.2/24", "has the same" },
		{ "net.0.type = veth\nnet.0.link = b\nnet.0.ipv4.address = 10.1.1.2/8\n"
		  "net.0.ipv4.address = 10.1.1.2/24", "has the same" },
		{ "net.0.type = veth\nnet.0.l2proxy = on", "l2proxy" },
		{ "net.0.type = veth\nnet.0.limit.out = 10", "limit.out" },
		{ "net.0.type = macvlan\nnet.0.link = e\nnet.0.limit.in = 10M", "limit.in" },
		{ "net.0.type = veth\nnet.0.guard = off\nnet.0.limit.flows = 10", "limit.flows" },
		{ "net.0.type = veth\nnet.0.ipv6.address = fd00::1\nnet.0.mtu = 1000", "1280" },
		{ "ns.net = host\nnet.0.type = veth", "network namespace of its own" },
		{ "publish = 8080:80", "add --net" },
		{ "net.0.type = veth\nnet.0.link = br0\npublish = 8080:80", "add --net" },
		{ "ns.net = container:x\npublish = 8080:80", "no network of its own" },
	};
	static const struct host host = { .privileged = true };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		autospec s;
		int ret;

		spec_init(&s);
		e = ERR_NONE;
		ret = conf_parse(&s, bad[i].text, strlen(bad[i].text), "t.conf", &e);
		if (ret == 0)
			ret = net_check(&s, &host, &e);
		ok(ret < 0 && strstr(e.text, bad[i].says) && strstr(e.text, "t.conf:"), "%s", e.text);
	}
}

static void granted(void)
{
	static const struct host root = { .privileged = true }, user = { .rootless = true };
	autospec s;

	spec_init(&s);
	set(&s, "net.0.mtu", "1400");
	ok(net_check(&s, &root, &e) == 0 && device(&s, 0)->kind == NET_VETH,
	   "auto is a veth of root's");
	spec_free(&s);
	spec_init(&s);
	net_words_apply(&s, "auto", "--net", &e);
	ok(net_check(&s, &user, &e) == 0 && device(&s, 0)->kind == NET_USER, "and user for others");
	spec_free(&s);
	spec_init(&s);
	net_words_apply(&s, "macvlan,link=eth0", "--net", &e);
	is_int(net_check(&s, &user, &e), -EPERM, "who cannot make a device");
	spec_free(&s);
	spec_init(&s);
	profile_apply(&s, "system", "default", &e);
	key_set(&s, "ns.net", "host", "--set", &e);
	ok(net_check(&s, &root, &e) == 0 && !s.net.devices.n,
	   "a profile's device makes place for the host's");
}

int main(void)
{
	walls_init();
	names();
	setting();
	dumping();
	words();
	refusals();
	granted();
	return done();
}
