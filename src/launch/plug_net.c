/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/plug_net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "front/conf.h"
#include "front/net_words.h"
#include "launch/keeper.h"
#include "spec/dump.h"
#include "spec/key.h"
#include "wall/net.h"
#include "wall/net_keys.h"
#include "wall/net_look.h"
#include "wall/net_record.h"

/* --- the container --------------------------------------------------------------------------------- */

/* One at a time: what is read here is written back changed. The lock is that of *turn, a descriptor which a
 * keeper does not keep. */
static int take_turn(struct run *r, struct spec *spec, int *turn, struct err *e)
{
	autofree char *name = strdup(r->spec->name);

	if (!r->host->privileged)
		return err_msg(e, EPERM,
			       "only root can change the network devices of a running container");
	*turn = openat(r->claim.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*turn < 0 || flock(*turn, LOCK_EX) < 0)
		return err_sys(e, "lock the container's configuration");
	spec_init(spec);
	if (!name)
		return err_mem(e);
	if (conf_read(spec, r->claim.dir, "config", e) < 0)
		return -e->code;
	free(spec->name);
	spec->name = take_ptr(name);
	r->spec = spec;
	if (spec->ns[NS_NET].how != NS_NEW)
		return err_msg(e, EINVAL, "it has no network of its own (%s)",
			       key_origin(spec, "ns.net"));
	return 0;
}

static int open_sockets(struct run *r, struct err *e)
{
	char path[16];
	autoclose int process = -EBADF;

	snprintf(path, sizeof(path), "%d", (int)r->pid);
	process = openat(r->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return err_sys(e, "open /proc/%s", path);
	r->net.host = nl_open(NETLINK_ROUTE, e);
	if (r->net.host < 0)
		return r->net.host;
	r->net.inside = net_enter(process, false, e);
	return r->net.inside < 0 ? r->net.inside : net_take(r, e);
}

static int save_config(const struct run *r, struct err *e)
{
	autostr text = { 0 };
	int ret;

	dump_write(r->spec, true, &text);
	ret = text.failed ? -ENOMEM :
			    file_replace(r->claim.dir, "config", str_text(&text), text.len, 0600);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "remember the container's configuration");
}

static void record_name(uint32_t index, char out[24])
{
	snprintf(out, 24, NET_RECORD ".%u", (unsigned)index);
}

/* --- attach ------------------------------------------------------------------------------------------- */

/* A name that no device inside has had so far. */
static int choose_name(struct spec *spec, uint32_t n, const struct net_recorded *was, size_t n_was,
		       struct err *e)
{
	char key[64], name[IFNAMSIZ];
	unsigned i = 0;
	size_t j;

	if (spec->net.devices.item[spec->net.devices.n - 1].name)
		return 0;
	do {
		snprintf(name, sizeof(name), "eth%u", i++);
		for (j = 0; j < n_was && strcmp(was[j].inside, name) != 0; j++)
			;
	} while (j < n_was);
	snprintf(key, sizeof(key), "net.%u.name", (unsigned)n);
	return key_set(spec, key, name, "ward net attach", e);
}

/* What only root can take away, when the container has ended. The file is its sign: emptied, the device was
 * detached before. */
static int start_keeper(struct run *r, const struct net_port *p, struct err *e)
{
	struct spec *spec = (struct spec *)(uintptr_t)r->spec;
	char name[24];
	int ret;

	record_name(p->d->index, name);
	ret = net_record_write_as(r->claim.dir, name, p, 1, e);
	while (ret == 0 && spec->net.devices.n > 1)
		net_items.remove(spec, spec->net.devices.item[0].index);
	list_clear(&spec->net.publish);
	/* A container that was started without a lease does not look for one at its end. */
	if (ret < 0 || (!net_needs_keeper(spec) && !p->managed))
		return ret;
	return keeper_start_for(r, name, e);
}

/* first: it has no other, which would lead to the world already. */
static int make(struct run *r, const struct net_device *d, bool first, struct net_port *p,
		struct err *e)
{
	static const struct net_port other = { .gateway = { { .kind = NET_GATEWAY_AUTO },
							    { .kind = NET_GATEWAY_AUTO } } };
	struct err ignored = ERR_NONE;
	int ret = net_plan(r, d, &other, first ? 0 : 1, p, e);

	if (ret == 0)
		ret = net_record_change(r->claim.dir, d->index, p, e);
	if (ret == 0)
		ret = net_make_port(r, p, e);
	if (ret == 0)
		ret = net_script_up(r, p, e);
	if (ret == 0)
		ret = save_config(r, e);
	if (ret == 0)
		ret = start_keeper(r, p, e);
	if (ret < 0) {
		net_unmake_port(r, p);
		net_record_change(r->claim.dir, d->index, NULL, &ignored);
	}
	return ret;
}

static int attach(struct run *r, struct spec *spec, const char *words, char name[16], struct err *e)
{
	autofree struct net_recorded *was = NULL;
	uint32_t n = net_words_next(spec);
	struct net_port port;
	size_t n_was;
	int ret = net_record_read(r->claim.dir, &was, &n_was, e);

	if (ret == 0)
		ret = net_words_add(spec, words, "--net", e);
	if (ret == 0)
		ret = choose_name(spec, n, was, n_was, e);
	if (ret == 0)
		ret = net_check(spec, r->host, e);
	if (ret < 0)
		return ret;
	if (!net_is_made(&spec->net.devices.item[spec->net.devices.n - 1]))
		return err_msg(e, EINVAL,
			       "only a device that is made over netlink can be attached");
	ret = open_sockets(r, e);
	if (ret == 0)
		ret = make(r, &spec->net.devices.item[spec->net.devices.n - 1], n_was == 0, &port,
			   e);
	snprintf(name, 16, "%s", ret == 0 ? port.inside : "");
	return ret;
}

int plug_net(struct run *r, const char *words, char name[16], struct err *e)
{
	struct err ignored = ERR_NONE;
	autoclose int turn = -EBADF;
	autospec spec = { 0 };
	int ret = take_turn(r, &spec, &turn, e);

	if (ret == 0)
		ret = attach(r, &spec, words, name, e);
	net_close(r, &ignored);
	r->spec = NULL;
	return ret;
}

/* --- detach ------------------------------------------------------------------------------------------- */

static const struct net_recorded *find(const struct net_recorded *was, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%u", (unsigned)was[i].index);
		if (!strcmp(was[i].inside, name) || !strcmp(number, name))
			return &was[i];
	}
	return NULL;
}

static int forget(struct run *r, struct spec *spec, const struct net_recorded *device,
		  struct err *e)
{
	autoclose int sign = -EBADF;
	char name[24];
	int ret;

	record_name(device->index, name);
	sign = openat(r->claim.dir, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
	unlinkat(r->claim.dir, name, 0);
	ret = net_record_change(r->claim.dir, device->index, NULL, e);
	snprintf(name, sizeof(name), "net.%u", (unsigned)device->index);
	if (ret == 0)
		ret = key_set(spec, name, "", "ward net detach", e);
	return ret < 0 ? ret : save_config(r, e);
}

static int detach(struct run *r, struct spec *spec, const char *name, struct err *e)
{
	autofree struct net_recorded *was = NULL;
	const struct net_recorded *device = NULL;
	size_t n;
	int ret = net_record_read(r->claim.dir, &was, &n, e);

	if (ret == 0)
		device = find(was, n, name);
	if (!device)
		return ret < 0 ? ret : err_msg(e, ENODEV, "it has no network device %.32s", name);
	ret = open_sockets(r, e);
	if (ret == 0)
		ret = net_undo_device(r, device, e);
	return ret < 0 ? ret : forget(r, spec, device, e);
}

int unplug_net(struct run *r, const char *name, struct err *e)
{
	struct err ignored = ERR_NONE;
	autoclose int turn = -EBADF;
	autospec spec = { 0 };
	int ret = take_turn(r, &spec, &turn, e);

	if (ret == 0)
		ret = detach(r, &spec, name, e);
	net_close(r, &ignored);
	r->spec = NULL;
	return ret;
}
