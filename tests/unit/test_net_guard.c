/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard. Its program over written packets (BPF_PROG_TEST_RUN): of every rule the packet
 * that is refused and its neighbour that passes; then thousands of random ones against the rules
 * written a second time (guard_rules.h). */

#include "guard_ask.h"
#include "guard_rules.h"
#include "tap.h"

/* --- rule by rule ----------------------------------------------------------------------------- */

static const struct {
	bool good;
	const char *what, *text;
} rows[] = {
	/* whose frame, which protocol */
	{ true, "UDP from the own addresses", IP4("11", "ip", "ip9") UDP("1234", "0035") "00*8" },
	{ false, "another source MAC",
	  "you you 0800 45 00 0040 0000 0000 40 11 0000 ip ip9 " UDP("1234", "0035") "00*8" },
	{ false, "a VLAN tag",
	  "you me 8100 0005 0800 45 00 0040 0000 0000 40 11 0000 ip ip9 00*20" },
	{ false, "a VLAN tag of a provider", "you me 88a8 0005 0800 45 00 0040 00*60" },
	{ false, "MPLS", "you me 8847 00*60" },
	{ false, "LLDP", "0180c200000e me 88cc 00*60" },
	{ false, "a spanning tree BPDU", "0180c2000000 me 0026 42 42 03 00*60" },
	{ false, "PPPoE discovery", "all me 8863 00*60" },
	{ false, "EAPOL", "0180c2000003 me 888e 00*60" },
	{ false, "a frame of headers cut short",
	  ETH("0800") "45 00 0040 0000 0000 40 11 0000 ip ip" },
	/* ARP */
	{ true, "ARP: a request", ARP("0001", "me", "ip") },
	{ true, "ARP: a reply", ARP("0002", "me", "ip2") },
	{ true, "ARP: a probe from 0.0.0.0", ARP("0001", "me", "any4") },
	{ false, "ARP: a reply from 0.0.0.0", ARP("0002", "me", "any4") },
	{ false, "ARP: a foreign address", ARP("0002", "me", "ip9") },
	{ false, "ARP: a foreign MAC inside", ARP("0002", "you", "ip") },
	{ false, "ARP: operation 0", ARP("0000", "me", "ip") },
	{ false, "ARP: a reverse request", ARP("0003", "me", "ip") },
	{ false, "ARP: of another hardware", "all me 0806 0006 0800 06 04 0001 me ip 00*6 ip9" },
	{ false, "ARP: of another protocol", "all me 0806 0001 86dd 06 04 0001 me ip 00*6 ip9" },
	{ false, "ARP: with another length", "all me 0806 0001 0800 06 10 0001 me ip 00*6 ip9" },
	{ false, "ARP: cut short", "all me 0806 0001 0800 06 04 0001 me ip 00*6 0a0002" },
	/* IPv4 */
	{ true, "IPv4: TCP", IP4("06", "ip2", "ip9") "00*20" },
	{ false, "IPv4: a foreign source", IP4("06", "ip9", "ip") "00*20" },
	{ false, "IPv4: 0.0.0.0", IP4("06", "any4", "ip9") "00*20" },
	{ false, "IPv4: broadcast as source", IP4("11", "all4", "ip9") UDP("1234", "0035") },
	{ false, "IPv4: version 6", ETH("0800") "65 00 0040 0000 0000 40 06 0000 ip ip9 00*20" },
	{ false, "IPv4: a header of 16 bytes",
	  ETH("0800") "44 00 0040 0000 0000 40 06 0000 ip ip9 00*20" },
	{ true, "IPv4: SCTP", IP4("84", "ip", "ip9") "00*20" },
	{ true, "IPv4: ESP", IP4("32", "ip", "ip9") "00*20" },
	{ false, "IPv4: OSPF", IP4("59", "ip", "ip9") "00*20" },
	{ false, "IPv4: VRRP", IP4("70", "ip", "ip9") "00*20" },
	{ false, "IPv4: PIM", IP4("67", "ip", "ip9") "20 00 0000 00*16" },
	{ false, "IPv4: a protocol nobody knows", IP4("fd", "ip", "ip9") "00*20" },
	{ false, "IPv4: ICMPv6", IP4("3a", "ip", "ip9") "86 00*20" },
	{ true, "ICMP: echo", IP4("01", "ip", "ip9") "08 00 0000 00*8" },
	{ false, "ICMP: redirect", IP4("01", "ip", "ip9") "05 00 0000 00*8" },
	{ false, "ICMP: router advertisement", IP4("01", "ip", "ip9") "09 00 0000 00*8" },
	{ false, "ICMP: none at all", IP4("01", "ip", "ip9") },
	{ true, "IGMP: a report, behind an option",
	  ETH("0800") "46 c0 0028 0000 0000 01 02 0000 ip e0000016 94040000 22 00 0000 00*12" },
	{ false, "IGMP: a query, behind an option",
	  ETH("0800") "46 c0 0028 0000 0000 01 02 0000 ip e0000001 94040000 11 00 0000 00*12" },
	{ false, "IGMP: a fragment", IP4_("2000", "02", "ip", "ip9") "22 00 0000 00*12" },
	{ false, "IGMP: multicast router advertisement",
	  IP4("02", "ip", "e000006a") "30 00 0000 00*12" },
	/* DHCP for IPv4 */
	{ true, "DHCP: discovery", IP4("11", "any4", "all4") UDP("0044", "0043") BOOTP("me") },
	{ false, "DHCP: discovery for another MAC",
	  IP4("11", "any4", "all4") UDP("0044", "0043") BOOTP("you") },
	{ false, "DHCP: discovery to one host",
	  IP4("11", "any4", "ip9") UDP("0044", "0043") BOOTP("me") },
	{ false, "DHCP: discovery from another port",
	  IP4("11", "any4", "all4") UDP("0045", "0043") BOOTP("me") },
	{ false, "DHCP: 0.0.0.0 to another port",
	  IP4("11", "any4", "all4") UDP("0044", "0045") BOOTP("me") },
	{ false, "DHCP: a fragment from 0.0.0.0",
	  IP4_("2000", "11", "any4", "all4") UDP("0044", "0043") BOOTP("me") },
	{ true, "DHCP: renewal", IP4("11", "ip", "ip9") UDP("0044", "0043") BOOTP("me") },
	{ false, "DHCP: renewal for another MAC",
	  IP4("11", "ip", "ip9") UDP("0044", "0043") BOOTP("you") },
	{ false, "DHCP: renewal, fragmented",
	  IP4_("2000", "11", "ip", "ip9") UDP("0044", "0043") BOOTP("me") },
	{ false, "DHCP: as a relay",
	  IP4("11", "ip", "ip9") UDP("0044", "0043") "01 01 06 00 00*20 ip me 00*10" },
	{ false, "DHCP: a request cut short",
	  IP4("11", "ip", "ip9") UDP("0044", "0043") "01 01 06 00 00*20 any4 020000aabb" },
	{ false, "DHCP: a server",
	  IP4("11", "ip", "all4") UDP("0043", "0044") "02 01 06 00 00*40" },
	{ false, "DHCP: a server on another port",
	  IP4("11", "ip", "all4") UDP("1234", "0044") "02 01 06 00 00*40" },
	{ false, "DHCP: a server behind IP options",
	  ETH("0800") "48 00 0040 0000 0000 40 11 0000 ip all4 01010101 01010101 01010101 " UDP(
		  "0043", "0044") "02 01 06 00 00*40" },
	{ true, "DNS behind IP options",
	  ETH("0800") "48 00 0040 0000 0000 40 11 0000 ip all4 01010101 01010101 01010101 " UDP(
		  "1234", "0035") "00*40" },
	{ false, "DHCP: a server, first fragment",
	  IP4_("2000", "11", "ip", "all4") UDP("0043", "0044") "00*40" },
	{ false, "UDP: a first fragment without its header",
	  IP4_("2000", "11", "ip", "all4") "0000 00" },
	{ true, "UDP: a later fragment, whatever it holds",
	  IP4_("0001", "11", "ip", "ip9") UDP("0043", "0044") "00*40" },
	{ false, "a later fragment from a foreign address",
	  IP4_("0001", "11", "ip9", "ip") UDP("0043", "0044") "00*40" },
	{ false, "a later fragment of a protocol nobody knows",
	  IP4_("0001", "fd", "ip", "ip9") "00*40" },
	/* IPv6 */
	{ true, "IPv6: TCP from the link-local address", IP6("06", "ll", "g9") "00*20" },
	{ true, "IPv6: TCP from a global one", IP6("06", "g2", "g9") "00*20" },
	{ false, "IPv6: a foreign global source", IP6("06", "g9", "g") "00*20" },
	{ false, "IPv6: a foreign link-local source", IP6("06", "ll9", "g") "00*20" },
	{ false, "IPv6: TCP from ::", IP6("06", "any6", "g9") "00*20" },
	{ false, "IPv6: version 4", ETH("86dd") "40 000000 0014 06 40 ll g9 00*20" },
	{ true, "IPv6: UDP", IP6("11", "g", "g9") UDP("1234", "0035") "00*8" },
	{ false, "IPv6: UDP cut short", IP6("11", "g", "g9") "1234 0035 00" },
	{ true, "IPv6: nothing behind it", IP6("3b", "g", "g9") },
	{ false, "IPv6: OSPF", IP6("59", "ll", "g9") "00*20" },
	{ false, "IPv6: PIM", IP6("67", "ll", "g9") "00*20" },
	{ false, "IPv6: a mobility header", IP6("87", "g", "g9") "3a 00*20" },
	{ false, "IPv6: an authentication header", IP6("33", "g", "g9") "3a 04 00*40" },
	{ true, "DHCPv6: a client", IP6("11", "ll", "nodes") UDP("0222", "0223") "00*8" },
	{ false, "DHCPv6: a server", IP6("11", "ll", "nodes") UDP("0223", "0222") "00*8" },
	{ false, "DHCPv6: a server on another port",
	  IP6("11", "ll", "nodes") UDP("1234", "0222") "00*8" },
	{ false, "DHCPv6: a server behind an extension header",
	  IP6("3c", "ll", "nodes") OPTION("11") UDP("0223", "0222") "00*8" },
	{ true, "UDP behind an extension header",
	  IP6("3c", "ll", "nodes") OPTION("11") UDP("1234", "0035") "00*8" },
	{ false, "DHCPv6: a server, first fragment",
	  IP6("2c", "ll", "nodes") FIRST("11") UDP("0223", "0222") "00*8" },
	{ true, "UDP: a first fragment",
	  IP6("2c", "ll", "nodes") FIRST("11") UDP("1234", "0035") "00*8" },
	{ true, "UDP: a later fragment",
	  IP6("2c", "ll", "nodes") LATER("11") UDP("0223", "0222") "00*8" },
	/* the chain */
	{ true, "four extension headers",
	  IP6("00", "g", "g9") HOP("3c") OPTION("2b") OPTION("3c") OPTION("06") "00*20" },
	{ false, "five extension headers",
	  IP6("00", "g", "g9") HOP("3c") OPTION("2b") OPTION("3c") OPTION("3c")
		  OPTION("06") "00*20" },
	{ false, "hop-by-hop options that are not first",
	  IP6("3c", "g", "g9") OPTION("00") HOP("06") "00*20" },
	{ true, "a long extension header", IP6("3c", "g", "g9") "06 03 011c 00*28 00*20" },
	{ false, "an extension header that goes past the end",
	  IP6("3c", "g", "g9") "11 03 011c 00*28" },
	{ false, "a fragment header behind a fragment header",
	  IP6("2c", "g", "g9") FIRST("2c") FIRST("06") "00*20" },
	{ false, "an extension header behind the fragment header",
	  IP6("2c", "g", "g9") FIRST("3c") OPTION("06") "00*20" },
	{ false, "a fragment header cut short", IP6("2c", "g", "g9") "06 00 0001 00" },
	/* ICMPv6 */
	{ true, "ICMPv6: echo", IP6("3a", "g", "g9") "80 00 0000 00*8" },
	{ true, "ICMPv6: an answer", IP6("3a", "g", "g9") "81 00 0000 00*8" },
	{ true, "ICMPv6: echo in fragments", IP6("2c", "g", "g9") FIRST("3a") "80 00 0000 00*8" },
	{ true, "ICMPv6: too big", IP6("3a", "g", "g9") "02 00 0000 00*40" },
	{ false, "ICMPv6: echo from ::", IP6("3a", "any6", "g9") "80 00 0000 00*20" },
	{ false, "ICMPv6: router advertisement", IP6("3a", "ll", "nodes") "86 00 0000 00*12" },
	{ false, "ICMPv6: router advertisement behind an extension header",
	  IP6("3c", "ll", "nodes") OPTION("3a") "86 00 0000 00*12" },
	{ true, "ICMPv6: echo behind an extension header",
	  IP6("3c", "ll", "nodes") OPTION("3a") "80 00 0000 00*12" },
	{ false, "ICMPv6: router advertisement behind a hop-by-hop header",
	  IP6("00", "ll", "nodes") HOP("3a") "86 00 0000 00*12" },
	{ false, "ICMPv6: router advertisement in a first fragment",
	  IP6("2c", "ll", "nodes") FIRST("3a") "86 00 0000 00*12" },
	{ false, "ICMPv6: router advertisement in a first fragment behind options",
	  IP6("3c", "ll", "nodes") OPTION("2c") FIRST("3a") "86 00 0000 00*12" },
	{ false, "ICMPv6: redirect", IP6("3a", "ll", "nodes") "89 00 0000 00*36" },
	{ false, "ICMPv6: router renumbering", IP6("3a", "g", "g9") "8a 00 0000 00*36" },
	{ false, "ICMPv6: node information", IP6("3a", "g", "g9") "8b 00 0000 00*36" },
	{ false, "ICMPv6: multicast router advertisement",
	  IP6("3a", "ll", "nodes") "97 00 0000 00*8" },
	{ false, "ICMPv6: cut short", IP6("3a", "g", "g9") "80 00" },
	{ true, "MLD: a report", IP6("00", "ll", "nodes") HOP("3a") "8f 00 0000 00*20" },
	{ true, "MLD: a report from ::", IP6("00", "any6", "nodes") HOP("3a") "8f 00 0000 00*20" },
	{ true, "MLD: a report of version 1 from ::",
	  IP6("00", "any6", "nodes") HOP("3a") "83 00 0000 00*20" },
	{ false, "MLD: done from ::", IP6("00", "any6", "nodes") HOP("3a") "84 00 0000 00*20" },
	{ false, "MLD: a query", IP6("00", "ll", "nodes") HOP("3a") "82 00 0000 00*20" },
	{ false, "MLD: a query from ::", IP6("00", "any6", "nodes") HOP("3a") "82 00 0000 00*20" },
	/* neighbour discovery */
	{ true, "NS: with the own MAC",
	  IP6_("0020", "3a", "ll", "nodes") ND("87", "g9") "01 01 me" },
	{ false, "NS: with a foreign MAC",
	  IP6_("0020", "3a", "ll", "nodes") ND("87", "g9") "01 01 you" },
	{ true, "NS: without a MAC", IP6("3a", "ll", "nodes") ND("87", "g9") },
	{ false, "NS: behind a fragment header",
	  IP6_("0028", "2c", "ll", "nodes") FIRST("3a") ND("87", "g9") },
	{ false, "NS: with an option of no length",
	  IP6_("0020", "3a", "ll", "nodes") ND("87", "g9") "0e 00 me" },
	{ true, "NS: with a nonce", IP6_("0020", "3a", "ll", "nodes") ND("87", "g9") "0e 01 me" },
	{ false, "NS: with a foreign MAC behind a nonce",
	  IP6_("0028", "3a", "ll", "nodes") ND("87", "g9") "0e 01 me 01 01 you" },
	{ true, "NS: with three options",
	  IP6_("0030", "3a", "ll", "nodes") ND("87", "g9") "0e 01 me 0e 01 me 01 01 me" },
	{ false, "NS: with four options",
	  IP6_("0038", "3a", "ll", "nodes") ND("87", "g9") "0e 01 me 0e 01 me 0e 01 me 01 01 me" },
	{ false, "NS: with a MAC of 14 bytes",
	  IP6_("0028", "3a", "ll", "nodes") ND("87", "g9") "01 02 me 00*8" },
	{ false, "NS: with half an option",
	  IP6_("001c", "3a", "ll", "nodes") ND("87", "g9") "01 01 0200" },
	{ true, "DAD: of an own address", IP6("3a", "any6", "nodes") ND("87", "g") },
	{ true, "DAD: with a nonce",
	  IP6_("0020", "3a", "any6", "nodes") ND("87", "ll") "0e 01 123456789abc" },
	{ false, "DAD: of a foreign address", IP6("3a", "any6", "nodes") ND("87", "g9") },
	{ false, "DAD: with a foreign MAC",
	  IP6_("0020", "3a", "any6", "nodes") ND("87", "g") "01 01 you" },
	{ true, "NA: for an own address",
	  IP6_("0020", "3a", "g", "nodes") ND("88", "g2") "02 01 me" },
	{ false, "NA: for a foreign address",
	  IP6_("0020", "3a", "g", "nodes") ND("88", "g9") "02 01 me" },
	{ false, "NA: with a foreign MAC",
	  IP6_("0020", "3a", "g", "nodes") ND("88", "g") "02 01 you" },
	{ false, "NA: with a foreign MAC behind options",
	  IP6_("0028", "3c", "g", "nodes") OPTION("3a") ND("88", "g") "02 01 you" },
	{ false, "NA: from ::", IP6("3a", "any6", "nodes") ND("88", "g") },
	{ false, "NA: cut short", IP6("3a", "g", "nodes") "88 00 0000 00000000 fd00" },
	{ true, "RS: with the own MAC",
	  IP6_("0010", "3a", "ll", "nodes") "85 00 0000 00000000 01 01 me" },
	{ false, "RS: with a foreign MAC",
	  IP6_("0010", "3a", "ll", "nodes") "85 00 0000 00000000 01 01 you" },
};

static void test_rows(bool shared)
{
	struct guard g = example();
	struct asked a = ask_begin(&g, shared);
	uint64_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct packet p;
		int got;

		packet_make(&p, rows[i].text);
		got = answer(&a, &p);
		bad += !rows[i].good;
		ok(got == (rows[i].good ? -1 : 2) && packet_is_good(&p) == rows[i].good, "%s %s",
		   rows[i].what, rows[i].good ? "passes" : "is dropped");
		if (got != -1 && got != 2)
			printf("# the kernel: %s\n", strerror(-1000 - got));
	}
	is_int((long long)ask_counters(&a).dropped_packets, (long long)bad,
	       "all that was dropped is counted");
	ask_end(&a);
}

/* Each packet that passes, cut behind every byte: the program and the rules agree. */
static void test_cut(void)
{
	struct guard g = example();
	struct asked a = ask_begin(&g, false);
	int wrong = 0, n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct packet p;

		packet_make(&p, rows[i].text);
		/* The kernel takes nothing shorter than a header and a byte. */
		for (; p.n > 15; p.n--, n++)
			wrong += (answer(&a, &p) == -1) != packet_is_good(&p);
	}
	ok(!wrong && n > 5000, "%d packets cut short: %d are judged wrongly", n, wrong);
	ask_end(&a);
}

/* --- at random -------------------------------------------------------------------------------- */

static uint64_t random_state = 20140131;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 33) % n;
}

/* Bytes that mean something somewhere. */
static uint8_t random_byte(void)
{
	static const uint8_t telling[] = {
		0,  1,	2,  3,	 4,   6,   17,	20,  43,  44,  50,  51,	 58,   59,   60,   67,	68,
		69, 70, 96, 130, 131, 132, 133, 134, 135, 136, 137, 143, 0x22, 0x23, 0x46, 0xff
	};

	return random_below(3) ? telling[random_below(sizeof(telling))] :
				 (uint8_t)random_below(256);
}

static void insert(struct packet *p, size_t at, const char *text)
{
	struct packet more;

	packet_make(&more, text);
	if (at > p->n || p->n + more.n > sizeof(p->byte))
		return;
	memmove(p->byte + at + more.n, p->byte + at, p->n - at);
	memcpy(p->byte + at, more.byte, more.n);
	p->n += more.n;
}

static void put_word(struct packet *p, size_t at)
{
	struct packet word;

	packet_make(&word, packet_words[random_below(ARRAY_SIZE(packet_words))].name);
	if (at + word.n <= p->n)
		memcpy(p->byte + at, word.byte, word.n);
}

/* One change to a packet: a byte, an address, its length, a header more. */
static void mutate(struct packet *p)
{
	static const char *const headers[] = { HOP("3a"),    OPTION("3a"), OPTION("11"),
					       FIRST("3a"),  FIRST("11"),  LATER("3a"),
					       OPTION("2c"), OPTION("2b"), "02 01 me",
					       "01 01 me",   "0e 01 you" };
	static const size_t places[] = { 6, 14, 22, 26, 28, 38, 62, 54, 78 };
	size_t at = random_below((uint32_t)p->n);

	switch (random_below(6)) {
	case 0:
	case 1:
		p->byte[at] = random_byte();
		break;
	case 2:
		put_word(p, places[random_below(ARRAY_SIZE(places))]);
		break;
	case 3:
		if (p->n > 20 && !random_below(4))
			p->n -= random_below((uint32_t)p->n - 16);
		break;
	case 4:
		insert(p, 14 + 8 * random_below(12), headers[random_below(ARRAY_SIZE(headers))]);
		if (p->n > 20)
			p->byte[20] = random_byte();
		break;
	case 5:
		/* The length that an IPv6 header gives: that of the packet. */
		if (p->n > 54) {
			p->byte[18] = (uint8_t)((p->n - 54) >> 8);
			p->byte[19] = (uint8_t)(p->n - 54);
		}
		break;
	}
}

static void show(const struct packet *p)
{
	printf("# ");
	for (size_t i = 0; i < p->n; i++)
		printf("%02x", p->byte[i]);
	printf("\n");
}

static void test_random(bool shared)
{
	enum { ROUNDS = 40000 };
	struct guard g = example();
	struct asked a = ask_begin(&g, shared);
	int wrong = 0, good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t changes = 1 + random_below(4);
		struct packet p;
		bool want;

		packet_make(&p, rows[random_below(ARRAY_SIZE(rows))].text);
		while (changes--)
			mutate(&p);
		if (p.n < 15)
			continue;
		want = packet_is_good(&p);
		good += want;
		if ((answer(&a, &p) == -1) == want)
			continue;
		if (wrong++ < 5)
			show(&p);
	}
	ok(!wrong, "%d random packets: %d are judged wrongly", ROUNDS, wrong);
	ok(good > ROUNDS / 20 && good < ROUNDS * 19 / 20, "both answers were wanted: %d passed",
	   good);
	ask_end(&a);
}

/* --- guards that differ ----------------------------------------------------------------------- */

static void test_other_guards(void)
{
	struct guard g = example();
	struct asked a;

	g.n4 = g.n6 = 0;
	a = ask_begin(&g, true);
	ok(passes(&a, IP6("06", "ll", "g9") "00*20"),
	   "without addresses the link-local one remains");
	ok(!passes(&a, IP4("06", "ip", "ip9") "00*20"), "and no IPv4 address");
	ok(!passes(&a, ARP("0001", "me", "ip")), "nor ARP for one");
	ok(passes(&a, ARP("0001", "me", "any4")), "but a probe");
	ok(!passes(&a, IP4("06", "any4", "ip9") "00*20"),
	   "0.0.0.0 is not an unused place of the list");
	ok(!passes(&a, IP6("06", "any6", "g9") "00*20"), "nor is ::");
	ask_end(&a);
	g.any4 = g.any6 = true;
	a = ask_begin(&g, false);
	ok(passes(&a, IP4("06", "ip9", "ip") "00*20"), "any IPv4 address: passes");
	ok(!passes(&a, IP4("06", "7f000001", "ip") "00*20"), "but not 127.0.0.1");
	ok(!passes(&a, IP4("06", "e0000001", "ip") "00*20"), "nor a multicast address");
	ok(!passes(&a, IP4("06", "any4", "ip") "00*20"), "nor 0.0.0.0");
	ok(passes(&a, ARP("0002", "me", "ip9")), "ARP with it passes, for nobody knows");
	ok(!passes(&a, ARP("0002", "you", "ip9")), "but not for another MAC");
	ok(passes(&a, IP6("06", "g9", "g") "00*20"), "any IPv6 address: passes");
	ok(!passes(&a, IP6("06", "ll9", "g") "00*20"), "but no foreign link-local one");
	ok(!passes(&a, IP6("06", "00*15 01", "g") "00*20"), "nor ::1");
	ok(!passes(&a, IP6("06", "nodes", "g") "00*20"), "nor a multicast address");
	ok(passes(&a, IP6_("0020", "3a", "g", "nodes") ND("88", "g9") "02 01 me"),
	   "NA with it passes");
	ok(!passes(&a, IP6_("0020", "3a", "g", "nodes") ND("88", "ll9") "02 01 me"),
	   "but not for a foreign link-local one");
	ok(!passes(&a, IP6("3a", "ll", "nodes") "86 00 0000 00*12"),
	   "router advertisements do not");
	ok(!passes(&a, IP4("11", "ip9", "all4") UDP("0043", "0044") "00*40"), "nor DHCP servers");
	ask_end(&a);
	g = example();
	g.any4 = g.any6 = true;
	a = ask_begin(&g, false);
	ok(passes(&a, IP4("06", "ip9", "ip") "00*20"), "a router: packets of others pass");
	ok(!passes(&a, ARP("0002", "me", "ip9")), "but ARP only for its own");
	ok(!passes(&a, IP6_("0020", "3a", "g", "nodes") ND("88", "g9") "02 01 me"),
	   "and NA only for its own");
	ask_end(&a);
}

static void test_nobody(void)
{
	struct guard g = example();
	struct asked a = ask_begin(&g, true);
	struct guard_port port;
	struct packet p;

	ok(passes(&a, ARP("0001", "me", "ip")), "a port that the shared program knows");
	guard_port_fill(&port, &g, 1 + GUARD_PORTS);
	map_entry(BPF_MAP_UPDATE_ELEM, a.ports, a.key, &port);
	packet_make(&p, ARP("0001", "me", "ip"));
	is_int(answer(&a, &p), 2, "from one that it does not know, all is dropped");
	ask_end(&a);
}

/* Whatever is asked: a program that loads, or a refusal. */
static void test_random_guards(void)
{
	int failed = 0;

	for (int i = 0; i < 60; i++) {
		struct guard g = example();
		struct asked a;

		g.filter = random_below(8);
		g.any4 = random_below(2);
		g.any6 = random_below(2);
		g.n4 = random_below(GUARD_ADDRESSES + 1);
		g.n6 = random_below(GUARD_ADDRESSES + 1);
		g.flows = random_below(2) ? LIMIT_MAX : 1 + random_below(1000000);
		g.rate_out = random_below(2) ? LIMIT_MAX : 64000 + random_below(1u << 30);
		a = ask_begin(&g, g.n4 <= 4 && g.n6 <= 4 && random_below(2));
		if (a.program < 0)
			printf("# %s: %zu and %zu addresses\n", strerror(-a.program), g.n4, g.n6);
		failed += a.program < 0;
		ask_end(&a);
	}
	is_int(failed, 0, "all random guards load");
}

static void test_check(void)
{
	struct err e = ERR_NONE;
	struct guard g = example();

	is_int(guard_check(&g, &e), 0, "the example can be asked for");
	g.rate_in = 63999;
	is_int(guard_check(&g, &e), -EINVAL, "a rate too low is refused");
	ok(strstr(e.text, "into"), "and which one is said: %s", e.text);
	g = example();
	g.rate_out = GUARD_RATE_MOST + 1;
	is_int(guard_check(&g, &e), -EINVAL, "a rate too high is refused");
	g = example();
	g.flows = 0;
	is_int(guard_check(&g, &e), -EINVAL, "no flows at all are refused");
	g.flows = 10;
	g.filter = false;
	is_int(guard_check(&g, &e), -EINVAL, "flows without the filter are refused");
	g = example();
	g.mac[0] |= 1;
	is_int(guard_check(&g, &e), -EINVAL, "a MAC address of a group is refused");
	g = example();
	memset(&g.address4[1], 0, 4);
	is_int(guard_check(&g, &e), -EINVAL, "0.0.0.0 is refused");
	g = example();
	g.address6[1].s6_addr[0] = 0xff;
	is_int(guard_check(&g, &e), -EINVAL, "a multicast address is refused");
}

int main(void)
{
	struct guard g = example();
	struct asked a;

	test_check();
	a = ask_begin(&g, false);
	if (a.program == -EPERM || a.ports < 0) {
		skip("everything that loads a program", "no CAP_BPF and CAP_NET_ADMIN here");
		return done();
	}
	ask_end(&a);
	test_rows(false);
	test_rows(true);
	test_cut();
	test_random(false);
	test_random(true);
	test_other_guards();
	test_nobody();
	test_random_guards();
	return done();
}
