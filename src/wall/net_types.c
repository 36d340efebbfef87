/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/net_types.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "base/path.h"
#include "net/network.h"
#include "wall/net_text.h"

/* --- types: what protects others ---------------------------------------------------------- */

/* What protects others is on again when it is cleared, not off. */
static int on_set(const struct key *k, void *field, const char *value, struct err *e)
{
	return key_bool.set(k, field, value, e);
}

static void on_get(const struct key *k, const void *field, struct str *out)
{
	key_bool.get(k, field, out);
}

static void on_clear(const struct key *k, void *field)
{
	(void)k;
	*(bool *)field = true;
}

const struct key_type net_key_on = {
	.name = "bool", .set = on_set, .get = on_get, .clear = on_clear
};

/* --- types: text that is checked --------------------------------------------------------- */

static int text_set(const struct key *k, void *field, const char *value, struct err *e)
{
	int ret = (*(net_reads *const *)k->of)(value, e);

	return ret < 0 ? ret : key_string.set(k, field, value, e);
}

static void text_get(const struct key *k, const void *field, struct str *out)
{
	key_string.get(k, field, out);
}

static void text_clear(const struct key *k, void *field)
{
	key_string.clear(k, field);
}

static int texts_set(const struct key *k, void *field, const char *value, struct err *e)
{
	int ret = (*(net_reads *const *)k->of)(value, e);

	return ret < 0 ? ret : key_list.set(k, field, value, e);
}

static void texts_get(const struct key *k, const void *field, struct str *out)
{
	key_list.get(k, field, out);
}

static void texts_clear(const struct key *k, void *field)
{
	key_list.clear(k, field);
}

#define TEXT_TYPE(type, what)                                                                      \
	const struct key_type type = {                                                      \
		.name = what, .set = text_set, .get = text_get, .clear = text_clear                \
	}
#define TEXTS_TYPE(type, what)                                                                     \
	const struct key_type type = { .name = what,                                        \
					      .many = true,                                        \
					      .set = texts_set,                                    \
					      .get = texts_get,                                    \
					      .clear = texts_clear }

TEXT_TYPE(net_key_interface, "interface");
TEXT_TYPE(net_key_network, "network");
TEXT_TYPE(net_key_mac, "MAC address");
TEXT_TYPE(net_key_gateway, "address, auto or dev");
TEXT_TYPE(net_key_vlan, "VLAN or none");
TEXTS_TYPE(net_key_addresses, "addresses");
TEXTS_TYPE(net_key_routes, "networks");
TEXTS_TYPE(net_key_vlans, "VLANs");

static int read_address4(const char *value, struct err *e)
{
	struct net_address a;

	return net_parse_address(value, AF_INET, &a, e);
}

static int read_address6(const char *value, struct err *e)
{
	struct net_address a;

	return net_parse_address(value, AF_INET6, &a, e);
}

static int read_route4(const char *value, struct err *e)
{
	struct net_address a;

	return net_parse_route(value, AF_INET, &a, e);
}

static int read_route6(const char *value, struct err *e)
{
	struct net_address a;

	return net_parse_route(value, AF_INET6, &a, e);
}

static int read_gateway4(const char *value, struct err *e)
{
	enum net_gateway kind;

	return net_parse_gateway(value, AF_INET, &kind, NULL, e);
}

static int read_gateway6(const char *value, struct err *e)
{
	enum net_gateway kind;

	return net_parse_gateway(value, AF_INET6, &kind, NULL, e);
}

static int read_vlan(const char *value, struct err *e)
{
	uint16_t id;

	return strcmp(value, "none") ? net_parse_vlan(value, &id, e) : 0;
}

static int read_vlans(const char *value, struct err *e)
{
	uint16_t id;

	return net_parse_vlan(value, &id, e);
}

/* Which networks there are is not known before the start. */
static int read_network(const char *value, struct err *e)
{
	if (strlen(value) < sizeof(((struct network *)0)->name) && path_is_name(value))
		return 0;
	return err_msg(e, EINVAL,
		       "'%.40s' is not the name of a network: at most %zu letters, digits, "
		       "'_', '.' and '-'",
		       value, sizeof(((struct network *)0)->name) - 1);
}

net_reads *const net_interface_of = net_parse_name;
net_reads *const net_mac_of = net_parse_mac;
net_reads *const net_address4_of = read_address4;
net_reads *const net_address6_of = read_address6;
net_reads *const net_route4_of = read_route4;
net_reads *const net_route6_of = read_route6;
net_reads *const net_gateway4_of = read_gateway4;
net_reads *const net_gateway6_of = read_gateway6;
net_reads *const net_vlan_of = read_vlan;
net_reads *const net_vlans_of = read_vlans;
net_reads *const net_network_of = read_network;

/* --- types: numbers ---------------------------------------------------------------------- */

static int number_set(const struct key *k, void *field, const char *value, struct err *e)
{
	const struct key_bounds *b = k->of;
	uint64_t wide;

	if (str_u64(value, 10, (uint64_t)b->min, (uint64_t)b->max, &wide) < 0)
		return err_msg(e, EINVAL, "'%.32s' is not a number from %" PRId64 " to %" PRId64,
			       value, b->min, b->max);
	*(uint32_t *)field = (uint32_t)wide;
	return 0;
}

static void number_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	if (*(const uint32_t *)field)
		str_addf(out, "%" PRIu32, *(const uint32_t *)field);
}

static void number_clear(const struct key *k, void *field)
{
	(void)k;
	*(uint32_t *)field = 0;
}

/* 0 = not set: left to the kernel. */
const struct key_type net_key_number = {
	.name = "number", .set = number_set, .get = number_get, .clear = number_clear
};

static int mode_set(const struct key *k, void *field, const char *value, struct err *e)
{
	autostr all = { 0 };

	for (const struct net_mode *m = k->of; m->word; m++) {
		if (!strcmp(m->word, value)) {
			*(uint32_t *)field = m->value;
			return 0;
		}
		str_addf(&all, "%s%s", m == k->of ? "" : ", ", m->word);
	}
	return err_msg(e, EINVAL, "'%.32s' is none of %s", value, str_text(&all));
}

static void mode_get(const struct key *k, const void *field, struct str *out)
{
	for (const struct net_mode *m = k->of; m->word; m++)
		if (m->value == *(const uint32_t *)field)
			str_add(out, m->word);
}

static void mode_clear(const struct key *k, void *field)
{
	*(uint32_t *)field = ((const struct net_mode *)k->of)->value;
}

const struct key_type net_key_mode = {
	.name = "word", .set = mode_set, .get = mode_get, .clear = mode_clear
};

static int rate_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	return net_parse_rate(value, field, e);
}

static void limit_get(const struct key *k, const void *field, struct str *out)
{
	key_count.get(k, field, out);
}

static void limit_clear(const struct key *k, void *field)
{
	(void)k;
	*(uint64_t *)field = LIMIT_MAX;
}

static int flows_set(const struct key *k, void *field, const char *value, struct err *e)
{
	return key_count.set(k, field, value, e);
}

const struct key_type net_key_rate = {
	.name = "bits per second", .set = rate_set, .get = limit_get, .clear = limit_clear
};
const struct key_type net_key_flows = {
	.name = "count", .set = flows_set, .get = limit_get, .clear = limit_clear
};

/* --- types: published ports ----------------------------------------------------------------- */

static int publish_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct publish ports;
	int ret = publish_parse(value, &ports, e);

	return ret < 0 ? ret : key_list.set(k, field, value, e);
}

const struct key_type net_key_publish = {
	.name = "list", .many = true, .set = publish_set, .get = texts_get, .clear = texts_clear
};
