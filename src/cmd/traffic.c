/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "wall/net_keys.h"

void traffic_read(const struct host *h, int proc, pid_t pid, struct traffic *out)
{
	struct err ignored = ERR_NONE;
	struct stat theirs, ours;
	autoclose int process = -EBADF, inside = -EBADF;
	char path[16];
	int n;

	out->n = 0;
	snprintf(path, sizeof(path), "%d", (int)pid);
	process = openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0 || fstatat(process, "ns/net", &theirs, 0) < 0 ||
	    fstatat(proc, "self/ns/net", &ours, 0) < 0 || theirs.st_ino == ours.st_ino)
		return;
	inside = net_enter(process, h->rootless, &ignored);
	n = inside < 0 ? inside : net_traffic(inside, out->item, TRAFFIC_MAX, &ignored);
	out->n = n < 0 ? 0 : (size_t)n;
}

static const struct net_traffic *find(const struct traffic *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->item[i].name, name))
			return &t->item[i];
	return NULL;
}

static void way(struct json_out *j, const char *key, uint64_t bytes, uint64_t packets,
		uint64_t dropped)
{
	json_open_object(j, key);
	json_put_u64(j, "bytes", bytes);
	json_put_u64(j, "packets", packets);
	json_put_u64(j, "dropped", dropped);
	json_close(j);
}

void traffic_json(const struct spec *seen, const struct traffic *t, struct json_out *j)
{
	json_open_array(j, "network");
	for (size_t i = 0; i < seen->net.devices.n; i++) {
		const struct net_device *d = &seen->net.devices.item[i];
		const struct net_traffic *count = find(t, d->name);

		json_open_object(j, NULL);
		json_put_string(j, "name", d->name);
		json_put_string(j, "type", net_kinds[d->kind]);
		json_put_bool(j, "up", d->up);
		json_put_string(j, "hwaddr", d->hwaddr);
		json_put_u64(j, "mtu", d->mtu);
		json_put_list(j, "ipv4", &d->address4);
		json_put_list(j, "ipv6", &d->address6);
		json_put_string(j, "link", d->link);
		json_put_string(j, "pair", d->pair);
		json_put_bool(j, "guard", d->guard);
		json_put_bool(j, "isolated", d->isolated);
		if (count)
			way(j, "in", count->in_bytes, count->in_packets, count->in_dropped);
		if (count)
			way(j, "out", count->out_bytes, count->out_packets, count->out_dropped);
		json_close(j);
	}
	json_close(j);
}

void traffic_text(const struct traffic *t, struct str *out)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct net_traffic *c = &t->item[i];

		str_addf(out, "  %-16s in %" PRIu64 " bytes, %" PRIu64 " packets, %" PRIu64
			      " dropped; out %" PRIu64 " bytes, %" PRIu64 " packets, %" PRIu64
			      " dropped\n",
			 c->name, c->in_bytes, c->in_packets, c->in_dropped, c->out_bytes,
			 c->out_packets, c->out_dropped);
	}
}
