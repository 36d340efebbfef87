/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses, routes, MAC patterns, rates and names as they are written; the record of devices. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spec/spec.h"
#include "tap.h"
#include "wall/net_record.h"
#include "wall/net_text.h"

static struct err e;

static void addresses(void)
{
	static const struct {
		const char *text;
		int family, length;
		const char *broadcast; /* NULL: none */
	} good[] = {
		{ "10.1.2.3/24", AF_INET, 24, "10.1.2.255" },
		{ "10.1.2.3", AF_INET, 8, "10.255.255.255" },
		{ "172.16.0.1", AF_INET, 16, "172.16.255.255" },
		{ "192.168.1.1", AF_INET, 24, "192.168.1.255" },
		{ "10.1.2.3/32", AF_INET, 32, NULL },
		{ "10.1.2.2/31", AF_INET, 31, NULL },
		{ "10.1.2.3/24 10.1.2.127", AF_INET, 24, "10.1.2.127" },
		{ "fd00::1", AF_INET6, 64, NULL },
		{ "fd00::1/128", AF_INET6, 128, NULL },
	};
	static const struct {
		const char *text;
		int family;
	} bad[] = {
		{ "", AF_INET },	   { "10.1.2", AF_INET },      { "10.1.2.3/33", AF_INET },
		{ "10.1.2.3/", AF_INET },  { "10.1.2.3/-1", AF_INET }, { "fd00::1", AF_INET },
		{ "0.0.0.0", AF_INET },	   { "224.0.0.1", AF_INET },   { "10.1.2.3/8 x", AF_INET },
		{ "10.1.2.3", AF_INET6 },  { "::", AF_INET6 },	       { "ff02::1", AF_INET6 },
		{ "fd00::1/129", AF_INET6 }, { "fd00::1 fd00::2", AF_INET6 }, { "fd00::1%eth0", AF_INET6 },
	};
	struct net_address a;
	char text[32];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		bool read = net_parse_address(good[i].text, good[i].family, &a, &e) == 0;

		ok(read && a.length == good[i].length, "%s has length %d", good[i].text, good[i].length);
		inet_ntop(AF_INET, &a.broadcast, text, sizeof(text));
		ok(a.has_broadcast == !!good[i].broadcast &&
			   (!a.has_broadcast || !strcmp(text, good[i].broadcast)),
		   "  and broadcast %s", good[i].broadcast ? good[i].broadcast : "none");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(net_parse_address(bad[i].text, bad[i].family, &a, &e), -EINVAL,
		       *bad[i].text ? bad[i].text : "nothing");
}

static void routes(void)
{
	struct net_address a;
	enum net_gateway kind;

	ok(net_parse_route("10.0.0.0/8", AF_INET, &a, &e) == 0, "a network");
	ok(net_parse_route("0.0.0.0/0", AF_INET, &a, &e) == 0, "every network");
	ok(net_parse_route("fd00:1::/32", AF_INET6, &a, &e) == 0, "one of IPv6");
	ok(net_parse_route("10.0.0.128/25", AF_INET, &a, &e) == 0, "half of a byte");
	is_int(net_parse_route("10.0.0.0", AF_INET, &a, &e), -EINVAL, "without a length");
	is_int(net_parse_route("10.0.0.1/8", AF_INET, &a, &e), -EINVAL, "with a host behind it");
	is_int(net_parse_route("10.0.0.64/25", AF_INET, &a, &e), -EINVAL, "with half of one");
	ok(net_parse_gateway("auto", AF_INET, &kind, &a, &e) == 0 && kind == NET_GATEWAY_AUTO,
	   "auto");
	ok(net_parse_gateway("dev", AF_INET, &kind, &a, &e) == 0 && kind == NET_GATEWAY_DEV, "dev");
	ok(net_parse_gateway("fe80::1", AF_INET6, &kind, &a, &e) == 0 &&
		   kind == NET_GATEWAY_ADDRESS,
	   "an address");
	is_int(net_parse_gateway("10.0.0.1/8", AF_INET, &kind, &a, &e), -EINVAL, "with a length");
	is_int(net_parse_gateway("car", AF_INET, &kind, NULL, &e), -EINVAL, "another word");
}

static void macs(void)
{
	static const uint8_t random[6] = { 0xff, 0x11, 0x22, 0x33, 0x44, 0x5a };
	static const uint8_t filled[6] = { 0xfe, 0x11, 0x26, 0x63, 0x7a, 0xbc };
	static const char *const bad[] = { "",
					   "02:00:00:00:00",
					   "02:00:00:00:00:0",
					   "02:00:00:00:00:000",
					   "02-00-00-00-00-00",
					   "01:00:00:00:00:01",
					   "0b:xx:xx:xx:xx:xx",
					   "00:00:00:00:00:00",
					   "0g:00:00:00:00:00" };
	uint8_t mac[6];

	ok(net_parse_mac("xx:xx:2X:6x:7a:BC", &e) == 0, "a pattern");
	net_fill_mac("xx:xx:26:63:7a:BC", random, mac);
	ok(!memcmp(mac, filled, 6), "is filled, and stays the address of one station");
	net_fill_mac("02:00:00:00:00:0x", random, mac);
	is_int(mac[5], 0x0a, "digit by digit");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(net_parse_mac(bad[i], &e), -EINVAL, *bad[i] ? bad[i] : "nothing");
}

static void rest(void)
{
	static const char *const names[] = { "", ".", "..", "a/b", "a:b", "a b", "eth%d", "sixteenletters16",
					     "\x1b[1m" };
	static const char *const rates[] = { "",	"0",  "x",     "10X",
					     "10Mbits", "-1", "10.5M", "1000001G" };
	uint64_t rate;
	uint16_t id;

	ok(net_parse_name("eth0.5", &e) == 0, "a name");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_int(net_parse_name(names[i], &e), -EINVAL, i ? "no name" : "nothing");
	ok(net_parse_rate("10M", &rate, &e) == 0 && rate == 10000000, "10M");
	ok(net_parse_rate("64kbit", &rate, &e) == 0 && rate == 64000, "64kbit");
	ok(net_parse_rate("7", &rate, &e) == 0 && rate == 7, "7");
	ok(net_parse_rate("max", &rate, &e) == 0 && rate == LIMIT_MAX, "max");
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		is_int(net_parse_rate(rates[i], &rate, &e), -EINVAL,
		       *rates[i] ? rates[i] : "nothing");
	ok(net_parse_vlan("4094", &id, &e) == 0 && id == 4094, "the last VLAN");
	is_int(net_parse_vlan("4095", &id, &e), -EINVAL, "one more");
	is_int(net_parse_vlan("0", &id, &e), -EINVAL, "none");
}

static void record(void)
{
	static const char text[] = "0 veth wv12345678 eth0 4 1500 02:11:22:33:44:55 default\n"
				   "12 phys eth5 lan0 7 1400 02:11:22:33:44:56 -\n";
	static const char *const bad[] = {
		"0 veth wv12345678 eth0 4 1500 02:11:22:33:44:55\n",
		"0 veth wv12345678 eth0 4 1500 02:11:22:33:44:55 default more\n",
		"0 what wv12345678 eth0 4 1500 02:11:22:33:44:55 default\n",
		"0 veth ../../etc eth0 4 1500 02:11:22:33:44:55 default\n",
		"x\n",
	};
	struct net_recorded *list;
	size_t n;

	ok(net_record_parse(text, &list, &n, &e) == 0 && n == 2, "a record of two devices");
	is_str(list[0].host, "wv12345678", "its names");
	is_str(list[0].network, "default", "its network");
	ok(list[1].index == 12 && list[1].kind == NET_PHYS && list[1].link == 7 &&
		   list[1].mtu == 1400 && list[1].mac[5] == 0x56,
	   "its numbers");
	free(list);
	ok(net_record_parse("", &list, &n, &e) == 0 && n == 0, "an empty one");
	free(list);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(net_record_parse(bad[i], &list, &n, &e), -EINVAL, "a damaged one");
}

int main(void)
{
	addresses();
	routes();
	macs();
	rest();
	record();
	return done();
}
