/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/net_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "spec/spec.h"

/* --- addresses -------------------------------------------------------------------------- */

size_t net_address_size(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

/* The classes of RFC 791, which LXC's configurations still count on. */
static uint8_t class_length(const uint8_t *address)
{
	if (address[0] < 128)
		return 8;
	return address[0] < 192 ? 16 : 24;
}

static uint32_t host_bits(uint8_t length)
{
	return length >= 32 ? 0 : UINT32_MAX >> length;
}

/* Where every host of a network listens: its last address, unless it has no more than two. */
static void compute_broadcast(struct net_address *a)
{
	uint32_t address;

	if (a->family != AF_INET || a->length > 30)
		return;
	memcpy(&address, a->address, sizeof(address));
	a->broadcast.s_addr = address | htonl(host_bits(a->length));
	a->has_broadcast = true;
}

/* "ADDRESS[/LENGTH]", the first `n` bytes of text. */
static int parse_prefix(const char *text, size_t n, int family, struct net_address *out,
			struct err *e)
{
	char word[64], *slash;
	uint64_t length;

	*out = (struct net_address){ .family = family };
	if (n >= sizeof(word))
		return err_msg(e, EINVAL, "'%.64s' is not an %s address", text,
			       family_name(family));
	memcpy(word, text, n);
	word[n] = '\0';
	slash = strchr(word, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(family, word, out->address) != 1)
		return err_msg(e, EINVAL, "'%.64s' is not an %s address", word,
			       family_name(family));
	if (slash && str_u64(slash, 10, 0, net_address_size(family) * 8, &length) < 0)
		return err_msg(e, EINVAL, "'%.16s' is not the length of an %s network (0 to %zu)",
			       slash, family_name(family), net_address_size(family) * 8);
	out->has_length = slash;
	out->length = slash ? (uint8_t)length : family == AF_INET ? class_length(out->address) : 64;
	return 0;
}

/* Addresses that no station can have. */
static int check_station(const struct net_address *a, const char *text, struct err *e)
{
	static const uint8_t none[16];
	bool group = a->family == AF_INET ? a->address[0] >= 224 : a->address[0] == 0xff;

	if (!memcmp(a->address, none, net_address_size(a->family)))
		return err_msg(e, EINVAL, "'%.64s' means no address at all", text);
	if (group)
		return err_msg(e, EINVAL, "'%.64s' is the address of a group, not of one station",
			       text);
	return 0;
}

int net_parse_address(const char *text, int family, struct net_address *out, struct err *e)
{
	size_t n = strcspn(text, " \t"), blanks = strspn(text + n, " \t");
	const char *broadcast = text + n + blanks;
	int ret = parse_prefix(text, n, family, out, e);

	if (ret == 0)
		ret = check_station(out, text, e);
	if (ret < 0)
		return ret;
	if (!*broadcast) {
		compute_broadcast(out);
		return 0;
	}
	if (family != AF_INET)
		return err_msg(e, EINVAL, "'%.64s': only IPv4 has a broadcast address", text);
	if (inet_pton(AF_INET, broadcast, &out->broadcast) != 1)
		return err_msg(e, EINVAL, "'%.64s' is not a broadcast address", broadcast);
	out->has_broadcast = true;
	return 0;
}

/* True when bits behind the length are set. */
static bool has_host_bits(const struct net_address *a)
{
	for (size_t i = 0; i < net_address_size(a->family); i++) {
		size_t first = i * 8;
		uint8_t keep = first + 8 <= a->length ? 0xff :
			       first >= a->length     ? 0 :
							(uint8_t)(0xff00U >> (a->length - first));

		if (a->address[i] & (uint8_t)~keep)
			return true;
	}
	return false;
}

int net_parse_route(const char *text, int family, struct net_address *out, struct err *e)
{
	int ret = parse_prefix(text, strlen(text), family, out, e);

	if (ret < 0)
		return ret;
	if (!out->has_length)
		return err_msg(e, EINVAL, "'%.64s' has no length; write %s/%u for one address",
			       text, text, family == AF_INET ? 32U : 128U);
	if (has_host_bits(out))
		return err_msg(e, EINVAL, "'%.64s' is not a network: it is longer than /%u", text,
			       (unsigned)out->length);
	return 0;
}

int net_parse_gateway(const char *text, int family, enum net_gateway *kind, struct net_address *out,
		      struct err *e)
{
	struct net_address ignored;
	int ret;

	out = out ? out : &ignored;
	*out = (struct net_address){ .family = family };
	*kind = !strcmp(text, "auto") ? NET_GATEWAY_AUTO :
		!strcmp(text, "dev")  ? NET_GATEWAY_DEV :
					NET_GATEWAY_ADDRESS;
	if (*kind != NET_GATEWAY_ADDRESS)
		return 0;
	if (strchr(text, '/'))
		return err_msg(e, EINVAL, "'%.64s': a gateway is one address, without a length",
			       text);
	ret = parse_prefix(text, strlen(text), family, out, e);
	return ret < 0 ? err_hint(e, "'auto' and 'dev' are words for it") :
			 check_station(out, text, e);
}

/* --- MAC addresses ------------------------------------------------------------------------ */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool any_digit(char c)
{
	return c == 'x' || c == 'X';
}

int net_parse_mac(const char *text, struct err *e)
{
	static const char like[] = "02:12:34:xx:xx:xx";
	bool zero = true;

	for (size_t i = 0; i < strlen(like); i++) {
		bool good = i % 3 == 2 ? text[i] == ':' : hex_digit(text[i]) >= 0 || any_digit(text[i]);

		/* The NUL of a text that is too short is not good either. */
		if (!good)
			return err_msg(e, EINVAL,
				       "'%.32s' is not a MAC address like %s, where x is any digit",
				       text, like);
		zero = zero && (text[i] == '0' || text[i] == ':');
	}
	if (text[strlen(like)])
		return err_msg(e, EINVAL, "'%.32s' is longer than a MAC address", text);
	if (zero)
		return err_msg(e, EINVAL, "'%s' means no address at all", text);
	if (!any_digit(text[1]) && hex_digit(text[1]) & 1)
		return err_msg(e, EINVAL,
			       "'%s' is the address of a group: its second digit must be even",
			       text);
	return 0;
}

void net_fill_mac(const char *pattern, const uint8_t random[6], uint8_t mac[6])
{
	for (size_t i = 0; i < 6; i++) {
		const char *digits = pattern + 3 * i;
		int high = any_digit(digits[0]) ? random[i] >> 4 : hex_digit(digits[0]);
		int low = any_digit(digits[1]) ? random[i] & 0x0f : hex_digit(digits[1]);

		if (i == 0)
			low &= 0x0e;
		mac[i] = (uint8_t)(high << 4 | low);
	}
}

/* --- the rest ----------------------------------------------------------------------------- */

int net_parse_name(const char *text, struct err *e)
{
	if (strlen(text) >= IFNAMSIZ)
		return err_msg(e, EINVAL,
			       "'%.40s' is too long for an interface: at most %d letters", text,
			       IFNAMSIZ - 1);
	if (!*text || !strcmp(text, ".") || !strcmp(text, ".."))
		return err_msg(e, EINVAL, "'%s' is not a name", text);
	for (const char *p = text; *p; p++)
		/* '%' would be a pattern to the kernel. */
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("/:%", *p))
			return err_msg(e, EINVAL, "'%s' holds what the name of an interface cannot",
				       text);
	return 0;
}

int net_parse_rate(const char *text, uint64_t *out, struct err *e)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} units[] = { { "T", 1000000000000 }, { "G", 1000000000 }, { "M", 1000000 },
		      { "K", 1000 },	      { "k", 1000 },	   { "", 1 } };
	char number[24];
	size_t n = strspn(text, "0123456789");
	const char *unit = text + n;

	if (!strcmp(text, "max")) {
		*out = LIMIT_MAX;
		return 0;
	}
	for (size_t i = 0; n > 0 && n < sizeof(number) && i < ARRAY_SIZE(units); i++) {
		size_t len = strlen(units[i].suffix);

		if (strncmp(unit, units[i].suffix, len) || (unit[len] && strcmp(unit + len, "bit")))
			continue;
		memcpy(number, text, n);
		number[n] = '\0';
		/* Far above every line there is, and far below an overflow. */
		if (str_u64(number, 10, 1, 1000000000000000 / units[i].factor, out) < 0)
			break;
		*out *= units[i].factor;
		return 0;
	}
	return err_msg(e, EINVAL,
		       "'%.32s' is not a rate: bits per second, with K, M, G or T, or max", text);
}

int net_parse_vlan(const char *text, uint16_t *out, struct err *e)
{
	uint64_t id;

	if (str_u64(text, 10, 1, 4094, &id) < 0)
		return err_msg(e, EINVAL, "'%.16s' is not a VLAN (1 to 4094)", text);
	*out = (uint16_t)id;
	return 0;
}
