/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How values of lxc.net.N.* are written. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "front/lxc_key.h"

enum { VLAN_MAX = 4094, PREFIX4_MAX = 32, PREFIX6_MAX = 128 };

static int done(const struct str *out, struct err *e)
{
	return out->failed ? err_mem(e) : 0;
}

/* Whatever is said, "down" too, means up: only silence leaves a device down. */
int lxc_read_up(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	(void)value;
	str_add(out, "up");
	return done(out, e);
}

/* --- hardware addresses ------------------------------------------------------------------ */

void lxc_complete_hwaddr(char *address)
{
	static const char digits[] = "0123456789abcdef";

	for (char *p = address; *p; p++) {
		unsigned char random;

		if ((*p | 0x20) != 'x' || getrandom(&random, 1, 0) != 1)
			continue;
		/* The lowest bit of the first byte would make it a group's address. */
		*p = digits[p == address + 1 ? random & 0x0e : random & 0x0f];
	}
}

int lxc_read_hwaddr(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	autofree char *copy = strdup(value);
	size_t n = strlen(value);

	(void)k;
	if (!copy)
		return err_mem(e);
	for (size_t i = 0; i < n; i++)
		if (i % 3 == 2 ? value[i] != ':' :
				 !isxdigit((unsigned char)value[i]) && (value[i] | 0x20) != 'x')
			n = 0;
	if (n != sizeof("00:16:3e:xx:xx:xx") - 1)
		return err_msg(e, EINVAL,
			       "'%s' is not a hardware address like 10:66:6a:xx:xx:xx, in which an "
			       "x is a random digit",
			       value);
	lxc_complete_hwaddr(copy);
	str_add(out, copy);
	return done(out, e);
}

/* --- addresses --------------------------------------------------------------------------- */

/* The length of a network when none is written: by the class of the address. */
static unsigned class_length(const struct in_addr *address)
{
	uint32_t host = ntohl(address->s_addr);

	return host >> 31 == 0 ? 8 : host >> 30 == 2 ? 16 : host >> 29 == 6 ? 24 : 0;
}

static int prefix_parse(const char *text, uint64_t max, unsigned *length)
{
	uint64_t number;

	if (str_u64(text, 10, 0, max, &number) < 0)
		return -EINVAL;
	*length = (unsigned)number;
	return 0;
}

/* ADDRESS[/LEN] [BROADCAST] */
int lxc_read_address4(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	autofree char *copy = strdup(value);
	char *broadcast, *slash, text[INET_ADDRSTRLEN];
	struct in_addr address, other;
	unsigned length;
	bool good;

	(void)k;
	if (!copy)
		return err_mem(e);
	broadcast = copy + strcspn(copy, " \t");
	if (*broadcast)
		*broadcast++ = '\0';
	broadcast = lxc_text_trim(broadcast);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	good = inet_pton(AF_INET, copy, &address) == 1;
	length = good ? class_length(&address) : 0;
	good &= !slash || prefix_parse(slash, PREFIX4_MAX, &length) == 0;
	good &= !*broadcast || inet_pton(AF_INET, broadcast, &other) == 1;
	if (!good)
		return err_msg(e, EINVAL,
			       "'%s' is not an address like 10.0.3.5/24, with the "
			       "broadcast address behind a blank if it is an unusual one",
			       value);
	inet_ntop(AF_INET, &address, text, sizeof(text));
	str_addf(out, "%s/%u%s%s", text, length, *broadcast ? " " : "", broadcast);
	return done(out, e);
}

static int network_parse(int family, const char *value, unsigned length, bool needs_length,
			 struct str *out, struct err *e)
{
	bool six = family == AF_INET6;
	autofree char *copy = strdup(value);
	char *slash = copy ? strchr(copy, '/') : NULL, text[INET6_ADDRSTRLEN];
	struct in6_addr address; /* large enough for both */

	if (!copy)
		return err_mem(e);
	if (slash)
		*slash++ = '\0';
	if (inet_pton(family, copy, &address) != 1 || (needs_length && !slash) ||
	    (slash && prefix_parse(slash, six ? PREFIX6_MAX : PREFIX4_MAX, &length) < 0))
		return err_msg(e, EINVAL, "'%s' is not an address like %s", value,
			       six ? "fd00::5/64" : "10.0.3.0/24");
	inet_ntop(family, &address, text, sizeof(text));
	str_addf(out, "%s/%u", text, length);
	return done(out, e);
}

int lxc_read_address6(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	return network_parse(AF_INET6, value, 64, false, out, e);
}

int lxc_read_route4(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	return network_parse(AF_INET, value, 0, true, out, e);
}

int lxc_read_route6(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	return network_parse(AF_INET6, value, 0, true, out, e);
}

static int gateway_parse(int family, const char *value, struct str *out, struct err *e)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];

	if (!strcmp(value, "auto") || !strcmp(value, "dev")) {
		str_add(out, value);
		return done(out, e);
	}
	if (inet_pton(family, value, &address) != 1)
		return err_msg(e, EINVAL, "'%s' is neither an address, auto nor dev", value);
	str_add(out, inet_ntop(family, &address, text, sizeof(text)));
	return done(out, e);
}

int lxc_read_gateway4(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	return gateway_parse(AF_INET, value, out, e);
}

int lxc_read_gateway6(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	return gateway_parse(AF_INET6, value, out, e);
}

/* --- numbers ----------------------------------------------------------------------------- */

static int number_parse(const char *value, uint64_t min, uint64_t max, struct str *out,
			struct err *e)
{
	uint64_t number;

	if (str_u64(value, 10, min, max, &number) < 0)
		return err_msg(e, EINVAL, "'%s' is not a number from %" PRIu64 " to %" PRIu64,
			       value, min, max);
	str_addf(out, "%" PRIu64, number);
	return done(out, e);
}

/* "none" is -1 to LXC, also when asked. */
int lxc_read_vlan(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	if (strcmp(value, "none"))
		return number_parse(value, 0, VLAN_MAX, out, e);
	str_add(out, "-1");
	return done(out, e);
}

int lxc_read_vlan_id(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	return number_parse(value, 0, VLAN_MAX, out, e);
}

int lxc_read_queues(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	return number_parse(value, 1, UINT16_MAX, out, e);
}
