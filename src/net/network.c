/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks coming up and going down. RUN/net/NAME/up says what was true when one came up; at every
 * start it is compared with what the kernel says now, and anything else is done again. */
#include "net/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "net/inner.h"
#include "net/lease.h"

/* The file "up". Only this program on this boot reads it. */
struct up {
	char magic[8];
	uint32_t size;
	struct network net;
	uint8_t mac[6];
	uint32_t world4, world6; /* interfaces that lead outside */
	struct filter_seen filter;
	uint64_t foreign;
	struct names_server names;
};
#define UP_MAGIC "wardup1"

/* Sockets for questions to the kernel. */
struct links {
	int route, filter;
};

static void links_close(struct links *l)
{
	fd_close(&l->route);
	fd_close(&l->filter);
}
#define autolinks __attribute__((cleanup(links_close))) struct links

static int links_open(struct links *l, struct err *e)
{
	l->route = nl_open(NETLINK_ROUTE, e);
	l->filter = l->route < 0 ? -EBADF : nl_open(NETLINK_NETFILTER, e);
	return l->route < 0 ? l->route : l->filter < 0 ? l->filter : 0;
}

static void rest(long milliseconds)
{
	nanosleep(&(struct timespec){ .tv_nsec = milliseconds * 1000000 }, NULL);
}

/* --- is it up? ----------------------------------------------------------------------- */

static bool up_read(const struct store *s, const char *name, struct up *out)
{
	char path[NET_NAME_MAX + 16];
	autoclose int fd = -EBADF;

	snprintf(path, sizeof(path), NET_FOLDER "/%s/up", name);
	fd = openat(s->run, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && read(fd, out, sizeof(*out)) == sizeof(*out) &&
	       !memcmp(out->magic, UP_MAGIC, sizeof(UP_MAGIC)) && out->size == sizeof(*out);
}

static int up_write(int dir, struct up *up, struct err *e)
{
	int ret;

	memcpy(up->magic, UP_MAGIC, sizeof(UP_MAGIC));
	up->size = sizeof(*up);
	ret = file_replace(dir, "up", (const char *)up, sizeof(*up), 0600);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "note that network %s is up", up->net.name);
}

static bool bridge_holds(const struct links *l, const struct up *up)
{
	struct err none = ERR_NONE;
	struct bridge b;

	return bridge_look(l->route, NULL, up->net.index, &b, &none) == 0 && b.up &&
	       !strcmp(b.name, up->net.bridge) && !memcmp(b.mac, up->mac, sizeof(b.mac));
}

/* The generation alone, or when others have changed theirs, what concerns us. */
static bool filter_holds(const struct store *s, const struct links *l, struct up *up)
{
	struct err none = ERR_NONE;
	struct filter_seen seen;
	autoclose int dir = -EBADF;
	uint32_t generation;

	if (filter_generation(l->filter, &generation, &none) < 0)
		return false;
	if (generation == up->filter.generation)
		return true;
	if (filter_look(l->filter, &seen, &none) < 0 || seen.hash != up->filter.hash)
		return false;
	up->filter = seen;
	/* If it cannot be noted, the next start looks closely again. */
	dir = net_run_dir(s, up->net.name, false, &none);
	if (dir >= 0)
		up_write(dir, up, &none);
	return true;
}

static bool holds(const struct store *s, const struct links *l, struct up *up)
{
	return bridge_holds(l, up) && filter_holds(s, l, up) &&
	       route_world(l->route, AF_INET) == up->world4 &&
	       route_world(l->route, AF_INET6) == up->world6 && foreign_hash() == up->foreign &&
	       (!up->names.pid || names_alive(&up->names));
}

/* --- coming up ----------------------------------------------------------------------- */

static int busy_set(int all, const char *name, struct err *e)
{
	int ret = file_replace(all, NET_BUSY, name, strlen(name), 0600);

	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "note that network %s is being changed", name);
}

static void busy_clear(int all)
{
	unlinkat(all, NET_BUSY, 0);
}

/* The first network of a host needs no definition: it is made with addresses that are free. */
static int define_default(const struct store *s, struct err *e)
{
	struct net_config c = { .name = NETWORK_DEFAULT, .nat = true };
	int ret = network_create(s, &c, true, true, e);

	return ret == -EEXIST ? 0 : ret;
}

static int read_definition(const struct store *s, const char *name, struct net_config *c,
			   struct err *e)
{
	int ret = net_config_read(s, name, c, e);

	if (ret == -ENOENT && !strcmp(name, NETWORK_DEFAULT)) {
		ret = define_default(s, e);
		if (ret == 0)
			ret = net_config_read(s, name, c, e);
	} else if (ret == -ENOENT) {
		err_hint(e, "`ward net create %s` makes it", name);
	}
	return ret;
}

static uint32_t choose_mtu(const struct net_config *c, const struct uplinks *up)
{
	uint32_t mtu = 1500;

	for (size_t i = 0; i < up->n && !c->mtu; i++)
		if (up->item[i].mtu >= 1280 && up->item[i].mtu < mtu)
			mtu = up->item[i].mtu;
	return c->mtu ? c->mtu : mtu;
}

static void fill_network(const struct net_config *c, const struct bridge *b, struct up *up)
{
	*up = (struct up){ .net = { .index = b->index, .mtu = b->mtu, .address4 = c->address4,
				    .length4 = c->length4, .address6 = c->address6,
				    .length6 = c->length6, .shared = c->shared } };
	memcpy(up->net.name, c->name, sizeof(up->net.name));
	memcpy(up->net.bridge, c->bridge, sizeof(up->net.bridge));
	memcpy(up->mac, c->mac, sizeof(up->mac));
}

struct telling {
	int dir;
	bool shared;
};

static int tell(const struct lease_entry *entry, void *ctx)
{
	const struct telling *t = ctx;
	struct err none = ERR_NONE;

	if (entry->live)
		names_add(t->dir, t->shared, entry->owner, entry->device, &entry->lease, &none);
	return 0;
}

/* Everything but the bridge, whose undo is the caller's. */
static int build(const struct store *s, const struct links *l, const struct net_config *c,
		 const struct uplinks *uplinks, int dir, struct up *up, struct err *e)
{
	struct telling t = { .dir = dir, .shared = c->shared };
	int ret = filter_load(s, c->name, NULL, e);

	/* The filter stands before anything is forwarded; again for what is forwarded since. */
	if (ret == 0)
		ret = forward_open(s, uplinks, c->bridge, e);
	if (ret == 0)
		ret = filter_load(s, c->name, NULL, e);
	if (ret == 0)
		ret = foreign_open(c->bridge, e);
	if (ret == 0)
		ret = filter_look(l->filter, &up->filter, e);
	if (ret == 0)
		ret = names_start(s, c, &up->names, e);
	if (ret == 0)
		ret = lease_each(s, c->name, tell, &t, e);
	up->world4 = route_world(l->route, AF_INET);
	up->world6 = route_world(l->route, AF_INET6);
	up->foreign = foreign_hash();
	return ret == 0 ? up_write(dir, up, e) : ret;
}

/* Is any network but this one up? */
static bool is_last(const struct store *s, const char *name)
{
	autolist names = { 0 };
	struct err none = ERR_NONE;
	struct up up;

	net_run_names(s, &names, &none);
	for (size_t i = 0; i < names.n; i++)
		if (strcmp(names.item[i], name) && up_read(s, names.item[i], &up))
			return false;
	return true;
}

static int take_down(const struct store *s, const struct links *l, const struct net_config *c,
		     struct err *e)
{
	autoclose int dir = net_run_dir(s, c->name, true, e);
	struct names_server server;
	struct err none = ERR_NONE;
	struct bridge b;
	int ret;

	if (dir < 0)
		return dir;
	names_running(dir, &server);
	names_stop(&server);
	foreign_close(c->bridge);
	unlinkat(dir, "up", 0);
	ret = bridge_look(l->route, c->bridge, 0, &b, &none);
	if (ret == 0 && !memcmp(b.mac, c->mac, sizeof(b.mac)))
		ret = bridge_remove(l->route, b.index, e);
	else
		ret = 0;
	/* Forwarding ends before the filter does. */
	if (ret == 0 && is_last(s, c->name))
		ret = forward_restore(s, e);
	return ret == 0 ? filter_load(s, NULL, c->name, e) : ret;
}

static int come_up(const struct store *s, const struct links *l, const struct net_config *c,
		   struct network *out, struct err *e)
{
	autoclose int dir = net_run_dir(s, c->name, true, e);
	struct uplinks uplinks = { .n = 0 };
	struct err none = ERR_NONE;
	struct bridge b;
	struct up up;
	bool made;
	int ret = dir < 0 ? dir : route_uplinks(l->route, &uplinks, e);

	if (ret < 0)
		return ret;
	ret = bridge_make(l->route, c, choose_mtu(c, &uplinks), &b, &made, e);
	if (ret < 0)
		return ret;
	fill_network(c, &b, &up);
	ret = build(s, l, c, &uplinks, dir, &up, e);
	if (ret == 0)
		*out = up.net;
	else if (made)
		take_down(s, l, c, &none);
	return ret;
}

/* At most a fifth of a second: longer than the children of a process that was killed live on with its
 * lock, shorter than anybody minds who only passes by. */
static int hold_soon(const struct store *s, struct net_held *h, struct err *e)
{
	int ret = net_hold(s, false, h, e);

	for (int i = 0; i < 40 && ret == -EWOULDBLOCK; i++) {
		net_held_drop(h);
		rest(5);
		ret = net_hold(s, false, h, e);
	}
	return ret;
}

static int up_slowly(const struct store *s, const struct links *l, const char *name,
		     struct network *out, struct err *e)
{
	autoheld held = { -EBADF, -EBADF };
	struct net_config c;
	int ret = read_definition(s, name, &c, e);

	if (ret == 0)
		ret = net_hold(s, true, &held, e);
	if (ret == 0)
		ret = busy_set(held.all, name, e);
	if (ret < 0)
		return ret;
	ret = come_up(s, l, &c, out, e);
	busy_clear(held.all);
	return ret < 0 ? err_add(e, "network %s", name) : 0;
}

int network_up(const struct store *s, const char *name, struct network *out, struct err *e)
{
	autolinks l = { -EBADF, -EBADF };
	int ret = net_only_root(s, name, e);
	struct up up;

	if (ret == 0)
		ret = net_config_check_name(name, e);
	if (ret == 0)
		ret = links_open(&l, e);
	if (ret < 0)
		return ret;
	if (!up_read(s, name, &up) || !holds(s, &l, &up))
		return up_slowly(s, &l, name, out, e);
	*out = up.net;
	return 0;
}

int network_mend(const struct store *s, const char *name, struct network *out, struct err *e)
{
	autolinks l = { -EBADF, -EBADF };
	int ret = net_only_root(s, name, e);

	if (ret == 0)
		ret = net_config_check_name(name, e);
	if (ret == 0)
		ret = links_open(&l, e);
	return ret < 0 ? ret : up_slowly(s, &l, name, out, e);
}

/* --- going down ---------------------------------------------------------------------- */

/* The kernel takes a moment to remove the devices of a container that has ended: at most a second. */
static int ports_left(int nl, int index)
{
	struct err none = ERR_NONE;
	int ports = bridge_ports(nl, index, &none);

	for (int i = 0; i < 50 && ports > 0; i++) {
		rest(20);
		ports = bridge_ports(nl, index, &none);
	}
	return ports;
}

int network_down(const struct store *s, const char *name, bool force, struct err *e)
{
	autolinks l = { -EBADF, -EBADF };
	autoheld held = { -EBADF, -EBADF };
	struct err none = ERR_NONE;
	struct net_config c;
	struct bridge b;
	int ports = 0, ret = net_only_root(s, name, e);

	if (ret == 0)
		ret = net_config_check_name(name, e);
	if (ret == 0)
		ret = net_config_read(s, name, &c, e);
	if (ret == 0)
		ret = links_open(&l, e);
	if (ret == 0)
		ret = net_hold(s, true, &held, e);
	if (ret < 0)
		return ret;
	if (!force && bridge_look(l.route, c.bridge, 0, &b, &none) == 0)
		ports = ports_left(l.route, b.index);
	if (ports > 0)
		return err_msg(
			e, EBUSY,
			"network %s is in use by %d interface%s: stop its containers, or use "
			"--force",
			name, ports, ports > 1 ? "s" : "");
	ret = busy_set(held.all, name, e);
	if (ret == 0)
		ret = take_down(s, &l, &c, e);
	if (ret == 0)
		busy_clear(held.all);
	return ret < 0 ? err_add(e, "network %s", name) : 0;
}

/* What a killed process began: with containers in the bridge it comes up, else it goes. */
static int finish(const struct store *s, const struct links *l, const struct net_config *c,
		  struct err *e)
{
	struct network ignored;
	struct bridge b;

	if (bridge_look(l->route, c->bridge, 0, &b, e) == 0 &&
	    bridge_ports(l->route, b.index, e) > 0)
		return come_up(s, l, c, &ignored, e);
	return take_down(s, l, c, e);
}

void network_gc(const struct store *s)
{
	char name[NET_NAME_MAX + 1] = "";
	autolinks l = { -EBADF, -EBADF };
	autoheld held = { -EBADF, -EBADF };
	struct err e = ERR_NONE;
	struct net_config c;
	struct stat st;
	ssize_t n;
	int fd;

	/* The usual case costs this one call. */
	if (s->rootless || fstatat(s->run, NET_FOLDER "/" NET_BUSY, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    hold_soon(s, &held, &e) < 0)
		return;
	fd = openat(held.all, NET_BUSY, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	fd_close(&fd);
	if (n > 0 && net_config_check_name(name, &e) == 0 &&
	    net_config_read(s, name, &c, &e) == 0 && links_open(&l, &e) == 0 &&
	    finish(s, &l, &c, &e) < 0)
		return;
	busy_clear(held.all);
}

/* --- looking ------------------------------------------------------------------------- */

bool network_is_up(const struct store *s, const char *name, struct network *out)
{
	autolinks l = { -EBADF, -EBADF };
	struct err none = ERR_NONE;
	struct up up;

	if (!up_read(s, name, &up) || links_open(&l, &none) < 0 || !bridge_holds(&l, &up))
		return false;
	*out = up.net;
	return true;
}
