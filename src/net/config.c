/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"

/* --- values -------------------------------------------------------------------------- */

static int refused(struct err *e, const char *value, const char *what)
{
	struct err clean = ERR_NONE;

	snprintf(clean.text, sizeof(clean.text), "%.80s", value);
	err_clean(&clean);
	return err_msg(e, EINVAL, "'%s' is not %s", clean.text, what);
}

static int set_bool(bool *at, const char *value, struct err *e)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return refused(e, value, "yes or no");
	*at = value[0] == 'y';
	return 0;
}

/* "ADDRESS/LENGTH" into text and length. */
static int split_length(const char *value, unsigned max, char *address, size_t size,
			uint8_t *length)
{
	const char *slash = strchr(value, '/');
	size_t n = slash ? (size_t)(slash - value) : 0;
	uint64_t bits;

	if (!n || n >= size || str_u64(slash + 1, 10, 1, max, &bits) < 0)
		return -EINVAL;
	memcpy(address, value, n);
	address[n] = '\0';
	*length = (uint8_t)bits;
	return 0;
}

static uint32_t mask4(uint8_t length)
{
	return length ? ~0U << (32 - length) : 0;
}

/* The bridge's own address: the one that was written, or the first when it was the subnet's. */
static int set_subnet4(struct net_config *c, const char *value, struct err *e)
{
	static const char what[] = "an IPv4 subnet for containers, as 10.1.2.0/24 (at least /30)";
	char text[INET_ADDRSTRLEN];
	struct in_addr address;
	uint32_t host, own;
	uint8_t length;

	if (!strcmp(value, "none")) {
		c->address4.s_addr = 0;
		c->length4 = 0;
		return 0;
	}
	if (split_length(value, 30, text, sizeof(text), &length) < 0 || length < 8 ||
	    inet_pton(AF_INET, text, &address) != 1)
		return refused(e, value, what);
	host = ntohl(address.s_addr);
	/* Loopback, link-local, multicast and beyond are nobody's to give away. */
	if (host >> 24 == 0 || host >> 24 == 127 || host >> 16 == 0xa9fe || host >> 28 >= 0xe)
		return refused(e, value, what);
	own = host & ~mask4(length);
	if (own == ~mask4(length))
		return refused(e, value, what);
	c->address4.s_addr = htonl(own ? host : host + 1);
	c->length4 = length;
	return 0;
}

static int set_subnet6(struct net_config *c, const char *value, struct err *e)
{
	static const char what[] =
		"an IPv6 subnet for containers, as fd00:1:2:3::/64 (/48 to /112)";
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	uint8_t length;
	bool zero = true;

	if (!strcmp(value, "none")) {
		c->address6 = in6addr_any;
		c->length6 = 0;
		return 0;
	}
	if (split_length(value, 112, text, sizeof(text), &length) < 0 || length < 48 ||
	    inet_pton(AF_INET6, text, &address) != 1 || IN6_IS_ADDR_MULTICAST(&address) ||
	    IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_V4MAPPED(&address) ||
	    !address.s6_addr[0])
		return refused(e, value, what);
	for (unsigned bit = length; bit < 128; bit++)
		zero &= !(address.s6_addr[bit / 8] & (0x80 >> bit % 8));
	if (zero)
		address.s6_addr[15] = 1;
	c->address6 = address;
	c->length6 = length;
	return 0;
}

static int set_bridge(struct net_config *c, const char *value, struct err *e)
{
	size_t n = strlen(value);

	if (!n || n >= sizeof(c->bridge) || !path_is_name(value))
		return refused(e, value,
			       "a name for a bridge: at most 15 letters, digits and _ . -");
	memcpy(c->bridge, value, n + 1);
	return 0;
}

static int set_mtu(struct net_config *c, const char *value, struct err *e)
{
	uint64_t mtu;

	/* IPv6 needs 1280. */
	if (str_u64(value, 10, 0, 65535, &mtu) < 0 || (mtu && mtu < 1280))
		return refused(e, value, "an MTU: 1280 to 65535, or 0 for the uplink's");
	c->mtu = (uint32_t)mtu;
	return 0;
}

static int set_connections(struct net_config *c, const char *value, struct err *e)
{
	uint64_t n;

	if (str_u64(value, 10, 0, 1 << 24, &n) < 0)
		return refused(e, value, "a number of connections");
	c->connections = (uint32_t)n;
	return 0;
}

static int set_mac(struct net_config *c, const char *value, struct err *e)
{
	unsigned b[6];
	int end = 0;

	if (strlen(value) != 17 ||
	    sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 ||
	    end != 17 || (b[0] & 1))
		return refused(e, value, "the hardware address of an interface");
	for (size_t i = 0; i < 6; i++)
		c->mac[i] = (uint8_t)b[i];
	return 0;
}

static int set_allow(struct net_config *c, const char *value, struct err *e)
{
	bool tcp = str_starts(value, "tcp:"), udp = str_starts(value, "udp:");
	uint64_t port;

	if ((!tcp && !udp) || str_u64(value + 4, 10, 1, 65535, &port) < 0)
		return refused(e, value, "a port of the host, as tcp:5432 or udp:123");
	if (c->n_allow == NET_ALLOW_MAX)
		return err_msg(e, EINVAL, "at most %d ports of the host can be allowed",
			       NET_ALLOW_MAX);
	c->allow[c->n_allow++] = (struct net_allow){ .protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP,
						     .port = (uint16_t)port };
	return 0;
}

static int set_shared(struct net_config *c, const char *value, struct err *e)
{
	return set_bool(&c->shared, value, e);
}

static int set_nat(struct net_config *c, const char *value, struct err *e)
{
	return set_bool(&c->nat, value, e);
}

static int set_rebind(struct net_config *c, const char *value, struct err *e)
{
	return set_bool(&c->rebind, value, e);
}

static const struct {
	const char *name;
	int (*set)(struct net_config *c, const char *value, struct err *e);
} keys[] = {
	{ "bridge", set_bridge },
	{ "mtu", set_mtu },
	{ "mac", set_mac },
	{ "subnet4", set_subnet4 },
	{ "subnet6", set_subnet6 },
	{ "shared", set_shared },
	{ "nat", set_nat },
	{ "rebind", set_rebind },
	{ "connections", set_connections },
	{ "allow-host", set_allow },
};

/* --- text ---------------------------------------------------------------------------- */

int net_config_set(struct net_config *c, const char *key, const char *value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, key))
			return keys[i].set(c, value, e) < 0 ? err_add(e, "%s", key) : 0;
	return refused(e, key, "a key of a network");
}

static int parse_line(const char *line, size_t n, struct net_config *c, struct err *e)
{
	const char *equals = memchr(line, '=', n);
	char key[32], value[128];
	size_t k = equals ? (size_t)(equals - line) : n, v = equals ? n - k - 1 : 0;

	if (!n || line[0] == '#')
		return 0;
	if (!equals || k >= sizeof(key) || v >= sizeof(value) || memchr(line, '\0', n))
		return err_msg(e, EINVAL, "a line of a network's definition is key=value");
	memcpy(key, line, k);
	key[k] = '\0';
	memcpy(value, equals + 1, v);
	value[v] = '\0';
	return net_config_set(c, key, value, e);
}

int net_config_parse(const char *text, size_t len, struct net_config *c, struct err *e)
{
	unsigned number = 1;

	for (size_t at = 0; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		if (parse_line(text + at, n, c, e) < 0)
			return err_add(e, "line %u", number);
		at += n + 1;
	}
	if (!c->bridge[0])
		return err_msg(e, EINVAL, "no bridge is named");
	if (!c->length4 && !c->length6)
		return err_msg(e, EINVAL, "it has neither IPv4 nor IPv6");
	return 0;
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

void net_config_write(const struct net_config *c, struct str *out)
{
	char text[INET6_ADDRSTRLEN];
	const uint8_t *m = c->mac;

	str_addf(out, "bridge=%s\nmac=%02x:%02x:%02x:%02x:%02x:%02x\nmtu=%u\n", c->bridge, m[0],
		 m[1], m[2], m[3], m[4], m[5], c->mtu);
	if (c->length4)
		str_addf(out, "subnet4=%s/%u\n",
			 inet_ntop(AF_INET, &c->address4, text, sizeof(text)), c->length4);
	if (c->length6)
		str_addf(out, "subnet6=%s/%u\n",
			 inet_ntop(AF_INET6, &c->address6, text, sizeof(text)), c->length6);
	str_addf(out, "shared=%s\nnat=%s\nrebind=%s\nconnections=%u\n", yes_no(c->shared),
		 yes_no(c->nat), yes_no(c->rebind), c->connections);
	for (size_t i = 0; i < c->n_allow; i++)
		str_addf(out, "allow-host=%s:%u\n",
			 c->allow[i].protocol == IPPROTO_TCP ? "tcp" : "udp", c->allow[i].port);
}

uint32_t net_config_hosts(uint8_t length4)
{
	enum { MOST = 4093 };

	/* Without the subnet's own address, its broadcast and the bridge's. */
	return length4 > 20 ? (1U << (32 - length4)) - 3 : MOST;
}

int net_config_check_name(const char *name, struct err *e)
{
	if (path_is_name(name) && strlen(name) <= NET_NAME_MAX)
		return 0;
	return refused(e, name, "a name for a network: at most 15 letters, digits and _ . -");
}
