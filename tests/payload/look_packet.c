/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes that send raw frames, and that hear them. A frame is written as words:
 *
 *	me 02:00:00:00:00:01 10.0.0.1 fe80::1 00*20 0806	(hexadecimal digits)
 *
 * me is the MAC address of the interface, all that of everybody. Lengths and checksums of IP, UDP,
 * ICMP and ICMPv6 are filled in, so that a victim would believe it. A comma ends one frame and
 * begins the next. */
#include "look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct frame {
	uint8_t byte[2048];
	size_t n;
};

static void put(struct frame *f, const void *bytes, size_t n)
{
	if (f->n + n <= sizeof(f->byte)) {
		memcpy(f->byte + f->n, bytes, n);
		f->n += n;
	}
}

static int put_digits(struct frame *f, const char *word)
{
	for (; *word; word++) {
		char pair[] = { word[0], word[1], 0 }, *end;
		uint8_t byte;

		if (*word == ':')
			continue;
		byte = (uint8_t)strtoul(pair, &end, 16);
		if (end != pair + 2)
			return EINVAL;
		put(f, &byte, 1);
		word++;
	}
	return 0;
}

static int put_word(struct frame *f, const char *word, const uint8_t me[6])
{
	static const uint8_t zeros[256];
	uint8_t address[16];

	if (!strcmp(word, "all")) {
		put(f, "\xff\xff\xff\xff\xff\xff", 6);
	} else if (!strcmp(word, "me")) {
		put(f, me, 6);
	} else if (!strncmp(word, "00*", 3)) {
		put(f, zeros, (size_t)number(word + 3) % sizeof(zeros));
	} else if (inet_pton(AF_INET, word, address) == 1) {
		put(f, address, 4);
	} else if (inet_pton(AF_INET6, word, address) == 1) {
		put(f, address, 16);
	} else {
		return put_digits(f, word);
	}
	return 0;
}

/* --- lengths and checksums -------------------------------------------------------------------- */

static uint32_t sum(const uint8_t *bytes, size_t n)
{
	uint32_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return total;
}

static void put_sum(uint8_t *at, uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	total = ~total & 0xffff;
	at[0] = (uint8_t)(total >> 8);
	at[1] = (uint8_t)total;
}

static void fill4(uint8_t *ip, size_t n)
{
	size_t head = (ip[0] & 15u) * 4;
	uint8_t *next = ip + head;

	if (n < 20 || head < 20 || n < head + 8)
		return;
	ip[2] = (uint8_t)(n >> 8);
	ip[3] = (uint8_t)n;
	ip[10] = ip[11] = 0;
	put_sum(ip + 10, sum(ip, head));
	if (ip[9] == IPPROTO_ICMP || ip[9] == IPPROTO_IGMP)
		put_sum(next + 2, sum(next, n - head));
	if (ip[9] == IPPROTO_UDP) {
		next[4] = (uint8_t)((n - head) >> 8);
		next[5] = (uint8_t)(n - head);
	}
}

/* Past the extension headers, as the kernel walks. */
static size_t upper6(const uint8_t *ip, size_t n, uint8_t *protocol)
{
	size_t at = 40;

	*protocol = ip[6];
	while (at + 8 <= n && (*protocol == IPPROTO_HOPOPTS || *protocol == IPPROTO_DSTOPTS ||
			       *protocol == IPPROTO_ROUTING || *protocol == IPPROTO_FRAGMENT)) {
		size_t size = *protocol == IPPROTO_FRAGMENT ? 8 : ((size_t)ip[at + 1] + 1) * 8;

		*protocol = ip[at];
		at += size;
	}
	return at;
}

static void fill6(uint8_t *ip, size_t n)
{
	uint8_t protocol, *next;
	size_t at, size;
	uint32_t total;

	if (n < 48)
		return;
	ip[4] = (uint8_t)((n - 40) >> 8);
	ip[5] = (uint8_t)(n - 40);
	at = upper6(ip, n, &protocol);
	if (at + 8 > n || (protocol != IPPROTO_ICMPV6 && protocol != IPPROTO_UDP))
		return;
	next = ip + at;
	size = n - at;
	if (protocol == IPPROTO_UDP) {
		next[4] = (uint8_t)(size >> 8);
		next[5] = (uint8_t)size;
	}
	total = sum(ip + 8, 32) + (uint32_t)size + protocol + sum(next, size);
	put_sum(next + (protocol == IPPROTO_UDP ? 6 : 2), total);
}

static void fill(struct frame *f)
{
	uint16_t type;

	if (f->n < 34)
		return;
	type = (uint16_t)(f->byte[12] << 8 | f->byte[13]);
	if (type == ETH_P_IP)
		fill4(f->byte + 14, f->n - 14);
	if (type == ETH_P_IPV6)
		fill6(f->byte + 14, f->n - 14);
}

/* --- probes ----------------------------------------------------------------------------------- */

/* A raw socket on the interface; *me receives its MAC address. Negative errno. */
static int raw_socket(const char *name, uint8_t me[6])
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq request = { 0 };

	if (fd < 0)
		return -errno;
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	memcpy(me, request.ifr_hwaddr.sa_data, 6);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return -errno;
	at.sll_ifindex = request.ifr_ifindex;
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : fd;
}

static int do_packet(int argc, char **argv)
{
	struct frame f = { .n = 0 };
	uint8_t me[6];
	int fd = raw_socket(argv[0], me);

	if (fd < 0)
		return -fd;
	for (int i = 1; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], ",")) {
			if (put_word(&f, argv[i], me))
				return EINVAL;
			continue;
		}
		fill(&f);
		if (send(fd, f.byte, f.n, 0) < 0)
			return errno;
		f.n = 0;
	}
	return 0;
}

static bool holds(const struct frame *f, const char *text)
{
	return memmem(f->byte, f->n, text, strlen(text));
}

/* Say "ready", then which words came along until the first one did. */
static int do_hears(int argc, char **argv)
{
	uint8_t me[6];
	int fd = raw_socket(argv[0], me);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return -fd;
	puts("ready");
	fflush(stdout);
	while (poll(&p, 1, 20000) == 1) {
		struct frame f = { .n = 0 };
		ssize_t n = recv(fd, f.byte, sizeof(f.byte), 0);

		f.n = n > 0 ? (size_t)n : 0;
		if (holds(&f, argv[1]))
			return 0;
		for (int i = 2; i < argc; i++) {
			if (holds(&f, argv[i]))
				puts(argv[i]);
		}
		fflush(stdout);
	}
	return ETIMEDOUT;
}

const struct probe probes_packet[] = {
	TRY("packet", 2, do_packet, "INTERFACE WORD...", "send raw frames"),
	SHOW("hears", 2, do_hears, "INTERFACE LAST WORD...", "print which words come along"),
	{ 0 },
};
