/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard's limits: which packets are one flow, how many flows may be new, how many bytes
 * come through. */
#include "guard_ask.h"
#include "tap.h"

/* A flow that is known, and a packet that comes when no new flow may: is it the same one? */
static const struct {
	bool same;
	const char *what, *known, *then;
} flow_rows[] = {
	{ true, "UDP, once more", IP4("11", "ip", "ip9") UDP("1234", "0035") "00*8",
	  IP4("11", "ip", "ip9") UDP("1234", "0035") "00*9" },
	{ false, "UDP from another port", IP4("11", "ip", "ip9") UDP("1234", "0035"),
	  IP4("11", "ip", "ip9") UDP("1235", "0035") },
	{ false, "UDP to another port", IP4("11", "ip", "ip9") UDP("1234", "0035"),
	  IP4("11", "ip", "ip9") UDP("1234", "0036") },
	{ false, "UDP to another address", IP4("11", "ip", "ip9") UDP("1234", "0035"),
	  IP4("11", "ip", "ip") UDP("1234", "0035") },
	{ false, "UDP from another address", IP4("11", "ip", "ip9") UDP("1234", "0035"),
	  IP4("11", "ip2", "ip9") UDP("1234", "0035") },
	{ false, "TCP instead of UDP", IP4("11", "ip", "ip9") UDP("1234", "0035"),
	  IP4("06", "ip", "ip9") UDP("1234", "0035") "00*12" },
	{ false, "SCTP to another port", IP4("84", "ip", "ip9") UDP("1234", "0035"),
	  IP4("84", "ip", "ip9") UDP("1234", "0036") },
	{ true, "the next echo", IP4("01", "ip", "ip9") "08 00 1111 2222 0001",
	  IP4("01", "ip", "ip9") "08 00 3333 2222 0002" },
	{ false, "echo of another program", IP4("01", "ip", "ip9") "08 00 1111 2222 0001",
	  IP4("01", "ip", "ip9") "08 00 1111 2223 0001" },
	{ true, "a later fragment after the first",
	  IP4_("2000", "11", "ip", "ip9") UDP("1234", "0035"),
	  IP4_("0002", "11", "ip", "ip9") UDP("5678", "9abc") },
	{ true, "IPv6: once more", IP6("06", "g", "g9") "1234 0050 00*16",
	  IP6("06", "g", "g9") "1234 0050 00*17" },
	{ false, "IPv6: to another address", IP6("06", "g", "g9") "1234 0050 00*16",
	  IP6("06", "g", "g2") "1234 0050 00*16" },
	{ false, "IPv6: to another port", IP6("11", "g", "g9") UDP("1234", "0035"),
	  IP6("11", "g", "g9") UDP("1234", "0036") },
	{ true, "IPv6: the next echo", IP6("3a", "g", "g9") "80 00 1111 2222 0001",
	  IP6("3a", "g", "g9") "80 00 3333 2222 0002" },
	{ true, "IPv6: a later fragment after another", IP6("2c", "g", "g9") LATER("11") "00*8",
	  IP6("2c", "g", "g9") LATER("11") "1122 00*6" },
	{ true, "ARP, which is no flow", IP4("11", "ip", "ip9") UDP("1234", "0035"),
	  ARP("0001", "me", "ip") },
	{ true, "neighbour discovery, which is no flow", IP4("11", "ip", "ip9") UDP("1234", "0035"),
	  IP6("3a", "ll", "nodes") ND("87", "g9") },
};

static void test_flow(size_t row)
{
	struct guard g = example();
	struct guard_port port;
	struct asked a;
	int again = 0;

	g.flows = 1;
	a = ask_begin(&g, false);
	/* One, and for a long time no other. */
	guard_port_fill(&port, &g, 1);
	port.flow_price = UINT64_C(1000000000000);
	port.flow_depth = 0;
	map_entry(BPF_MAP_UPDATE_ELEM, a.ports, a.key, &port);
	for (int i = 0; i < 5; i++)
		again += passes(&a, flow_rows[row].known);
	is_int(again, 5, "one flow is new once");
	ok(passes(&a, flow_rows[row].then) == flow_rows[row].same, "%s: %s", flow_rows[row].what,
	   flow_rows[row].same ? "passes" : "is one too many");
	is_int((long long)ask_counters(&a).dropped_flows, !flow_rows[row].same,
	       "and what was dropped is counted");
	ask_end(&a);
}

/* A second's worth may come at once, and the one that finds the bucket not quite empty. */
static void test_flow_rate(void)
{
	struct guard g = example();
	struct asked a;
	int passed = 0;

	g.flows = 100;
	a = ask_begin(&g, false);
	for (int i = 0; i < 1000; i++) {
		struct packet p;

		packet_make(&p, IP4("11", "ip", "ip9") UDP("1234", "0009"));
		p.byte[34] = (uint8_t)(i >> 8);
		p.byte[35] = (uint8_t)i;
		passed += answer(&a, &p) == -1;
	}
	ok(passed >= 100 && passed < 900, "of 1000 new flows, 100 a second, %d pass at once",
	   passed);
	ask_end(&a);
}

static void test_rate(void)
{
	struct guard g = example();
	struct guard_counters counters;
	int passed = 0;
	struct asked a;

	/* 64 kbit/s; 4 x 65536 bytes may come at once, and a thousand packets of 1514 bytes are 1.5
	 * MB. */
	g.rate_out = GUARD_RATE_LEAST;
	a = ask_begin(&g, false);
	for (int i = 0; i < 1000; i++)
		passed += passes(&a, IP4("11", "ip", "ip9") UDP("1234", "0035") "00*1472");
	counters = ask_counters(&a);
	ok(passed >= 173 && passed < 250, "of 1000 packets, %d pass at once", passed);
	is_int((long long)counters.dropped_rate, 1000 - passed, "the others are counted");
	ask_end(&a);
}

int main(void)
{
	struct guard g = example();
	struct asked a = ask_begin(&g, false);

	if (a.program == -EPERM || a.ports < 0) {
		skip("everything that loads a program", "no CAP_BPF and CAP_NET_ADMIN here");
		return done();
	}
	ask_end(&a);
	for (size_t i = 0; i < ARRAY_SIZE(flow_rows); i++)
		test_flow(i);
	test_flow_rate();
	test_rate();
	return done();
}
