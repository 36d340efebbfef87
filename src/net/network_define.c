/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks being defined and forgotten. */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/nl.h"
#include "net/inner.h"

static bool overlap6(const struct net_config *a, const struct net_config *b)
{
	unsigned bits = a->length6 < b->length6 ? a->length6 : b->length6;
	unsigned bytes = bits / 8, rest = bits % 8;
	const uint8_t *x = a->address6.s6_addr, *y = b->address6.s6_addr;

	return bits && !memcmp(x, y, bytes) &&
	       (!rest || !((x[bytes] ^ y[bytes]) & (uint8_t)(0xff << (8 - rest))));
}

static int clashes(const struct store *s, const struct net_config *c, struct err *e)
{
	autolist names = { 0 };
	int ret = net_config_names(s, &names, e);

	for (size_t i = 0; i < names.n && ret == 0; i++) {
		struct net_config other;

		if (net_config_read(s, names.item[i], &other, e) < 0)
			continue;
		if (!strcmp(other.bridge, c->bridge))
			ret = err_msg(e, EEXIST, "bridge %s belongs to network %s", c->bridge,
				      other.name);
		else if (overlap6(c, &other))
			ret = err_msg(e, EADDRINUSE, "subnet6 overlaps that of network %s", other.name);
	}
	return ret;
}

int network_create(const struct store *s, struct net_config *c, bool choose4, bool choose6,
		   struct err *e)
{
	autoclose int nl = -EBADF;
	autoheld held = { -EBADF, -EBADF };
	struct net_config old;
	int ret = net_only_root(s, c->name, e);

	if (ret == 0)
		ret = net_config_check_name(c->name, e);
	if (ret == 0)
		nl = nl_open(NETLINK_ROUTE, e);
	if (ret == 0)
		ret = nl < 0 ? nl : net_hold(s, true, &held, e);
	if (ret < 0)
		return ret;
	if (net_config_read(s, c->name, &old, e) == 0)
		return err_msg(e, EEXIST, "network %s exists already", c->name);
	if (!c->bridge[0])
		snprintf(c->bridge, sizeof(c->bridge), "%s",
			 strcmp(c->name, NETWORK_DEFAULT) ? c->name : NETWORK_BRIDGE);
	ret = clashes(s, c, e);
	if (ret == 0 && !choose4)
		ret = route_is_free(nl, s, c, e);
	if (ret == 0)
		ret = route_choose(nl, s, c, choose4, choose6, e);
	if (ret == 0 && getrandom(c->mac, sizeof(c->mac), 0) != sizeof(c->mac))
		ret = err_sys(e, "read random numbers");
	c->mac[0] = (uint8_t)((c->mac[0] & ~1) | 2);
	return ret == 0 ? net_config_save(s, c, e) : ret;
}

int network_remove(const struct store *s, const char *name, bool force, struct err *e)
{
	int ret = network_down(s, name, force, e);

	if (ret == 0)
		ret = net_config_remove(s, name, e);
	if (ret == 0)
		ret = net_run_remove(s, name, e);
	return ret;
}
