/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs to no container: lxc.conf, the version, what the library can do. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "front/conf.h"
#include "lxc/lib.h"
#include "lxc/name.h"

API const char *lxc_get_version(void)
{
	return LXC_VERSION;
}

static const char *const extensions[] = {
	"lxc_log", "lxc_config_item_is_supported", "console_log", "reboot2", "mount_injection",
	"cgroup_relative", "mount_injection_file", "seccomp_allow_nesting", "seccomp_notify",
	"network_veth_routes", "network_ipvlan", "network_l2proxy",
	"network_gateway_device_route", "network_phys_macvlan_mtu", "network_veth_router",
	"cgroup2_devices", "cgroup2", "pidfd", "cgroup_advanced_isolation",
	"network_bridge_vlan", "time_namespace", "seccomp_allow_deny_syntax", "devpts_fd",
	"seccomp_notify_fd_active", "seccomp_proxy_send_notify_fd", "idmapped_mounts",
	"idmapped_mounts_v2", "core_scheduling", "cgroup2_auto_mounting",
	"environment_runtime_hooks",
};

API bool lxc_has_api_extension(const char *extension)
{
	for (size_t i = 0; extension && i < ARRAY_SIZE(extensions); i++)
		if (!strcmp(extensions[i], extension))
			return true;
	return !extension;
}

API bool lxc_config_item_is_supported(const char *key)
{
	return key && lxc_conf_known(key);
}

API int lxc_get_wait_states(const char **states)
{
	for (int i = 0; states && i < LXC_STATES; i++)
		states[i] = lxc_state_name(i);
	return LXC_STATES;
}

/* --- lxc.conf ------------------------------------------------------------------------------------ */

enum { ITEMS = 9 };

static const struct {
	const char *key, *value; /* NULL: a place, or unset */
} defaults[ITEMS] = {
	{ "lxc.lxcpath", NULL },
	{ "lxc.default_config", NULL },
	{ "lxc.bdev.lvm.vg", "lxc" },
	{ "lxc.bdev.lvm.thin_pool", "lxc" },
	{ "lxc.bdev.zfs.root", "lxc" },
	{ "lxc.bdev.rbd.rbdpool", "lxc" },
	{ "lxc.bdev.rbd.rbduser", "admin" },
	{ "lxc.cgroup.pattern", NULL },
	{ "lxc.cgroup.use", NULL },
};

/* Callers keep what they were given: it is read once and stays. */
static char *values[ITEMS];

static int take_line(void *ctx, const char *key, const char *value, const char *origin,
		     struct err *e)
{
	(void)ctx;
	(void)origin;
	for (size_t i = 0; value && i < ITEMS; i++) {
		if (strcmp(defaults[i].key, key))
			continue;
		free(values[i]);
		values[i] = strdup(value);
		return values[i] ? 0 : err_mem(e);
	}
	return 0;
}

static void read_global(void)
{
	autostr path = { 0 }, text = { 0 };
	struct err e = ERR_NONE;

	lxc_default_place(LXC_PLACE_GLOBAL_CONFIG, &path);
	if (file_read(AT_FDCWD, str_text(&path), CONF_FILE_MAX, &text) == 0 &&
	    conf_walk(str_text(&text), text.len, str_text(&path), take_line, NULL, &e) < 0)
		lib_log(NULL, LIB_ERROR, "%s", e.text);
	for (size_t i = 0; i < ITEMS; i++) {
		autostr place = { 0 };

		if (values[i])
			continue;
		if (i <= LXC_PLACE_DEFAULT_CONFIG)
			lxc_default_place((enum lxc_place)i, &place);
		else if (defaults[i].value)
			str_add(&place, defaults[i].value);
		values[i] = place.len ? strdup(str_text(&place)) : NULL;
	}
}

API const char *lxc_get_global_config_item(const char *key)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_global);
	for (size_t i = 0; key && i < ITEMS; i++)
		if (!strcmp(defaults[i].key, key))
			return values[i];
	errno = EINVAL;
	return NULL;
}
