/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's keys of network devices: ward's have the same names, with few exceptions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "front/lxc_translate.h"
#include "spec/key.h"

enum { DEVICES_MAX = 256 };

/* The first device that is said takes the place of those of the profile. */
static int begin_devices(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const struct lxc_entry *first = t->c->entry;

	while (first->key->to != lxc_to_net)
		first++;
	return first == entry ? key_set(t->s, "net", "", entry->where, e) : 0;
}

/* LXC leaves a device down unless it is told otherwise; ward brings it up. */
static int add_device(struct lxc_translation *t, const struct lxc_entry *entry, const char *number,
		      struct err *e)
{
	char key[64];
	int ret;

	if (t->s->net.devices.n == DEVICES_MAX)
		return err_msg(e, E2BIG, "more than %d devices", DEVICES_MAX);
	if (!strcmp(entry->value, "none"))
		return key_set(t->s, "ns.net", "host", entry->where, e);
	snprintf(key, sizeof(key), "net.%s.type", number);
	ret = key_set(t->s, key, entry->value, entry->where, e);
	if (ret < 0 || !strcmp(entry->value, "empty"))
		return ret;
	snprintf(key, sizeof(key), "net.%s.up", number);
	return key_set(t->s, key, "false", entry->where, e);
}

int lxc_to_net(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const char *number = entry->name + strlen("lxc.net."), *value = entry->value;
	const char *word = entry->key->name;
	char index[16], key[96];
	int ret = begin_devices(t, entry, e);

	if (ret < 0)
		return ret;
	snprintf(index, sizeof(index), "%.*s", (int)strcspn(number, "."), number);
	if (!strcmp(word, "type"))
		return add_device(t, entry, index, e);
	if (!strcmp(word, "flags")) {
		word = "up";
		value = "true";
	}
	if (!strcmp(word, "veth.vlan.id") && !strcmp(value, "-1"))
		value = "none";
	snprintf(key, sizeof(key), "net.%s.%s", index, word);
	return key_set(t->s, key, value, entry->where, e);
}
