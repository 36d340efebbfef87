/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file "net" in a container's state directory: which devices are, or were about to be, made. What it
 * names is what has to be taken away. A line per device:
 *
 *	NUMBER KIND NAME_HERE NAME_INSIDE LINK MTU MAC NETWORK
 *
 * NAME_HERE is the host's end of a veth, what a lent device was called, or the link; LINK its index, or
 * the bridge's; NETWORK a network of ward's. "-" where there is none. MTU and MAC of a lent device are what
 * it gets back at home. */
#include "wall/net_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "wall/net_keys.h"

static void put_port(const struct net_port *p, struct str *out)
{
	bool lent = p->d->kind == NET_PHYS;
	const uint8_t *mac = lent ? p->host_mac : p->mac;

	str_addf(out, "%u %s %s %s %d %u %02x:%02x:%02x:%02x:%02x:%02x %s\n", (unsigned)p->d->index,
		 net_kinds[p->d->kind], *p->host ? p->host : "-", p->inside, p->link,
		 (unsigned)(lent ? p->host_mtu : p->mtu), mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5], p->managed ? p->network.name : "-");
}

static int save(int dir, const char *name, struct str *text, struct err *e)
{
	int ret = text->failed ? -ENOMEM : file_replace(dir, name, str_text(text), text->len, 0600);

	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "remember the container's network devices");
}

int net_record_write_as(int dir, const char *name, const struct net_port *port, size_t n,
			struct err *e)
{
	autostr text = { 0 };

	for (size_t i = 0; i < n; i++)
		put_port(&port[i], &text);
	return save(dir, name, &text, e);
}

int net_record_write(int dir, const struct net_port *port, size_t n, struct err *e)
{
	return net_record_write_as(dir, NET_RECORD, port, n, e);
}

static int read_text(int dir, const char *name, struct str *text, struct err *e)
{
	int ret = file_read(dir, name, 16384, text);

	if (ret == 0 || ret == -ENOENT)
		return 0;
	errno = -ret;
	return err_sys(e, "read the record of network devices");
}

int net_record_change(int dir, uint32_t index, const struct net_port *add, struct err *e)
{
	autostr old = { 0 }, text = { 0 };
	int ret = read_text(dir, NET_RECORD, &old, e);

	for (const char *line = str_text(&old); *line;) {
		size_t len = strcspn(line, "\n");

		if (strtoul(line, NULL, 10) != index)
			str_addn(&text, line, len + (line[len] == '\n'));
		line += len + (line[len] == '\n');
	}
	if (add)
		put_port(add, &text);
	return ret < 0 ? ret : save(dir, NET_RECORD, &text, e);
}

static int kind_of(const char *word)
{
	for (int i = 0; net_kinds[i]; i++)
		if (!strcmp(net_kinds[i], word))
			return i;
	return -EINVAL;
}

static int parse_line(const char *line, struct net_recorded *r)
{
	static const uint8_t none[6];
	struct err ignored = ERR_NONE;
	char kind[16], mac[18];
	int end = 0, found;

	*r = (struct net_recorded){ 0 };
	if (sscanf(line, "%" SCNu32 " %15s %15s %15s %d %" SCNu32 " %17s %15s%n", &r->index, kind,
		   r->host, r->inside, &r->link, &r->mtu, mac, r->network, &end) != 8 ||
	    line[end])
		return -EINVAL;
	found = kind_of(kind);
	if (found < 0 || net_parse_name(r->inside, &ignored) < 0 ||
	    (strcmp(r->host, "-") && net_parse_name(r->host, &ignored) < 0))
		return -EINVAL;
	r->kind = (enum net_kind)found;
	if (net_parse_mac(mac, &ignored) == 0)
		net_fill_mac(mac, none, r->mac);
	return 0;
}

int net_record_parse(const char *text, struct net_recorded **out, size_t *n, struct err *e)
{
	autofree struct net_recorded *list = NULL;
	autofree char *copy = strdup(text);
	char *rest = copy, *line;

	*out = NULL;
	*n = 0;
	if (!copy)
		return err_mem(e);
	while ((line = strsep(&rest, "\n"))) {
		struct net_recorded *grown;

		if (!*line)
			continue;
		grown = reallocarray(list, *n + 1, sizeof(*grown));
		if (!grown)
			return err_mem(e);
		list = grown;
		if (parse_line(line, &list[*n]) < 0 || *n >= NET_DEVICES_MAX)
			return err_msg(e, EINVAL, "the record of network devices is damaged");
		(*n)++;
	}
	*out = take_ptr(list);
	return 0;
}

int net_record_read(int dir, struct net_recorded **out, size_t *n, struct err *e)
{
	autostr text = { 0 };
	int ret = read_text(dir, NET_RECORD, &text, e);

	*out = NULL;
	*n = 0;
	return ret < 0 ? ret : net_record_parse(str_text(&text), out, n, e);
}
