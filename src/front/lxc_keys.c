/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every key of LXC 6 and 7, in the order in which LXC lists them. lxc.container.conf(5). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "front/lxc_key.h"
#include "front/lxc_translate.h"

static const size_t host_name_max = 64, tty_dir_max = 255, interface_max = 15;
static const char *const namespaces[] = { "user", "mnt", "pid",	   "uts",
					  "ipc",  "net", "cgroup", "time", NULL };
static const char *const syslogs[] = { "daemon", "local0", "local1", "local2", "local3",
				       "local4", "local5", "local6", "local7", NULL };
static const char *const zero_one[] = { "0", "1", NULL };
static const char *const silences[] = { "secure", "lxc", NULL };

/* clang-format off */
#define NUMBER .read = lxc_read_u32, .unset = "0"
#define SWITCH .read = lxc_read_bool, .unset = "0"
#define HOOK(type) { .name = "lxc.hook." type, .form = LXC_LINES, .to = lxc_to_hook }

const struct lxc_key lxc_keys[] = {
	{ .name = "lxc.arch", .flags = LXC_EMPTY_REFUSED, .read = lxc_read_arch,
	  .show = lxc_show_arch, .to = lxc_to_arch },
	{ .name = "lxc.apparmor.profile", .to = lxc_to_apparmor },
	{ .name = "lxc.apparmor.allow_incomplete", SWITCH,
	  .kept = "ward's mounts do not depend on AppArmor" },
	{ .name = "lxc.apparmor.allow_nesting", SWITCH, .to = lxc_to_apparmor_nesting },
	{ .name = "lxc.apparmor.raw", .form = LXC_LINES, .to = lxc_to_apparmor_raw },
	{ .name = "lxc.autodev.tmpfs.size", .read = lxc_read_tmpfs, .unset = "500000",
	  .kept = "ward's /dev has a small fixed size, and holds no files but nodes" },
	{ .name = "lxc.autodev", .flags = LXC_EMPTY_IS, .empty = "0", .read = lxc_read_bool,
	  .unset = "1", .to = lxc_to_autodev },
	{ .name = "lxc.cap.drop", .form = LXC_WORDS, .read = lxc_read_cap, .not_with = "lxc.cap.keep",
	  .to = lxc_to_drop },
	{ .name = "lxc.cap.keep", .form = LXC_WORDS, .read = lxc_read_cap, .not_with = "lxc.cap.drop",
	  .show = lxc_show_keep, .to = lxc_to_keep },
	{ .name = "lxc.cgroup2", .form = LXC_LINES, .flags = LXC_FAMILY, .to = lxc_to_cgroup },
	{ .name = "lxc.cgroup.dir.monitor.pivot", .read = lxc_read_below, .to = lxc_to_cgroup_place },
	{ .name = "lxc.cgroup.dir.monitor", .read = lxc_read_below, .to = lxc_to_cgroup_place },
	{ .name = "lxc.cgroup.dir.container.inner", .read = lxc_read_component,
	  .to = lxc_to_cgroup_place },
	{ .name = "lxc.cgroup.dir.container", .read = lxc_read_below, .to = lxc_to_cgroup_dir },
	{ .name = "lxc.cgroup.dir", .read = lxc_read_below, .to = lxc_to_cgroup_dir },
	{ .name = "lxc.cgroup.relative", SWITCH, .to = lxc_to_cgroup_place },
	{ .name = "lxc.cgroup", .form = LXC_LINES, .flags = LXC_FAMILY, .to = lxc_to_cgroup },
	{ .name = "lxc.console.buffer.size", .read = lxc_read_size, .unset = "0",
	  .kept = "for lxc-console and the library" },
	{ .name = "lxc.console.logfile", .read = lxc_read_path, .kept = "for lxc-start" },
	{ .name = "lxc.console.path", .read = lxc_read_path, .to = lxc_to_console },
	{ .name = "lxc.console.rotate", SWITCH, .kept = "for the library" },
	{ .name = "lxc.console.size", .read = lxc_read_size, .unset = "0", .kept = "for lxc-start" },
	{ .name = "lxc.sched.core", SWITCH, .to = lxc_to_core },
	{ .name = "lxc.environment", .form = LXC_LINES, .read = lxc_read_env,
	  .to = lxc_to_environment },
	{ .name = "lxc.environment.runtime", .form = LXC_LINES, .read = lxc_read_env,
	  .to = lxc_to_environment },
	{ .name = "lxc.environment.hooks", .form = LXC_LINES, .read = lxc_read_env,
	  .kept = "for hooks" },
	{ .name = "lxc.ephemeral", SWITCH, .kept = "for lxc-start: removed when it ends" },
	{ .name = "lxc.execute.cmd", .kept = "for lxc-execute" },
	{ .name = "lxc.group", .form = LXC_WORDS, .kept = "for lxc-autostart and lxc-ls" },
	HOOK("autodev"), HOOK("clone"), HOOK("destroy"), HOOK("mount"), HOOK("post-stop"),
	HOOK("pre-mount"), HOOK("pre-start"), HOOK("start"), HOOK("start-host"), HOOK("stop"),
	{ .name = "lxc.hook.version", .read = lxc_read_word, .of = zero_one, .unset = "0",
	  .kept = "for hooks" },
	{ .name = "lxc.hook", .form = LXC_NONE },
	{ .name = "lxc.idmap", .form = LXC_LINES, .flags = LXC_BETWEEN, .read = lxc_read_idmap,
	  .to = lxc_to_idmap },
	{ .name = "lxc.include", .form = LXC_NONE },
	{ .name = "lxc.init.cmd", .to = lxc_to_command },
	{ .name = "lxc.init.gid", NUMBER, .to = lxc_to_user },
	{ .name = "lxc.init.groups", .form = LXC_COMMAS, .read = lxc_read_u32, .to = lxc_to_groups },
	{ .name = "lxc.init.uid", NUMBER, .to = lxc_to_user },
	{ .name = "lxc.init.cwd", .read = lxc_read_path, .ward = "process.cwd" },
	{ .name = "lxc.keyring.session", SWITCH, .to = lxc_to_keyring },
	{ .name = "lxc.log.file", .read = lxc_read_path, .kept = "for the lxc-* tools" },
	{ .name = "lxc.log.level", .read = lxc_read_level, .unset = "NOTSET",
	  .kept = "for the lxc-* tools" },
	{ .name = "lxc.log.syslog", .read = lxc_read_word, .of = syslogs,
	  .kept = "for the lxc-* tools" },
	{ .name = "lxc.monitor.unshare", NUMBER,
	  .kept = "ward's monitor makes all mounts in a mount namespace of its own" },
	{ .name = "lxc.monitor.signal.pdeath", .read = lxc_read_signal, .unset = "9",
	  .to = lxc_to_pdeath },
	{ .name = "lxc.mount.auto", .form = LXC_WORDS, .read = lxc_read_auto, .show = lxc_show_auto,
	  .to = lxc_to_auto },
	{ .name = "lxc.mount.entry", .form = LXC_LINES, .to = lxc_to_entry },
	{ .name = "lxc.mount.fstab", .read = lxc_read_path, .to = lxc_to_fstab },
	{ .name = "lxc.namespace.clone", .form = LXC_WORDS, .read = lxc_read_word, .of = namespaces,
	  .not_with = "lxc.namespace.keep", .show = lxc_show_namespaces, .to = lxc_to_clone },
	{ .name = "lxc.namespace.keep", .form = LXC_WORDS, .read = lxc_read_word, .of = namespaces,
	  .not_with = "lxc.namespace.clone", .show = lxc_show_namespaces, .to = lxc_to_unshared },
	{ .name = "lxc.namespace.share", .flags = LXC_FAMILY | LXC_HIDDEN, .to = lxc_to_share },
	{ .name = "lxc.time.offset.boot", .read = lxc_read_time, .to = lxc_to_time },
	{ .name = "lxc.time.offset.monotonic", .read = lxc_read_time, .to = lxc_to_time },
	{ .name = "lxc.net", .form = LXC_NONE },
	{ .name = "lxc.no_new_privs", SWITCH, .ward = "no_new_privs" },
	{ .name = "lxc.prlimit", .flags = LXC_FAMILY, .read = lxc_read_limit, .to = lxc_to_limit },
	{ .name = "lxc.pty.max", NUMBER, .to = lxc_to_pts },
	{ .name = "lxc.rootfs.managed", .read = lxc_read_bool, .unset = "1", .kept = "for lxc-destroy" },
	{ .name = "lxc.rootfs.mount", .flags = LXC_EMPTY_IS, .empty = "", .read = lxc_read_path,
	  .unset = "/usr/lib/x86_64-linux-gnu/lxc/rootfs",
	  .kept = "ward mounts in a place of its own that nobody else sees" },
	{ .name = "lxc.rootfs.options", .read = lxc_read_options, .to = lxc_to_options },
	{ .name = "lxc.rootfs.path", .read = lxc_read_rootfs, .show = lxc_show_rootfs,
	  .to = lxc_to_rootfs },
	{ .name = "lxc.seccomp.allow_nesting", SWITCH,
	  .kept = "ward's filters are always added to those that are there" },
	{ .name = "lxc.seccomp.notify.cookie", .to = lxc_to_notify },
	{ .name = "lxc.seccomp.notify.proxy", .read = lxc_read_proxy, .to = lxc_to_notify },
	{ .name = "lxc.seccomp.profile", .read = lxc_read_path, .to = lxc_to_seccomp },
	{ .name = "lxc.selinux.context.keyring", .to = lxc_to_selinux },
	{ .name = "lxc.selinux.context", .to = lxc_to_selinux },
	{ .name = "lxc.signal.halt", .read = lxc_read_signal, .unset = "0", .to = lxc_to_halt },
	{ .name = "lxc.signal.reboot", .read = lxc_read_signal, .unset = "0", .kept = "for lxc-stop -r" },
	{ .name = "lxc.signal.stop", .read = lxc_read_signal, .unset = "0", .kept = "for lxc-stop -k" },
	{ .name = "lxc.start.auto", SWITCH, .kept = "for lxc-autostart" },
	{ .name = "lxc.start.delay", NUMBER, .kept = "for lxc-autostart" },
	{ .name = "lxc.start.order", .read = lxc_read_int, .unset = "0", .kept = "for lxc-autostart" },
	{ .name = "lxc.tty.dir", .read = lxc_read_below, .of = &tty_dir_max, .to = lxc_to_ttys },
	{ .name = "lxc.tty.max", NUMBER, .to = lxc_to_ttys },
	{ .name = "lxc.uts.name", .read = lxc_read_name, .of = &host_name_max, .ward = "uts.name" },
	{ .name = "lxc.sysctl", .flags = LXC_FAMILY, .to = lxc_to_sysctl },
	{ .name = "lxc.proc", .form = LXC_LINES, .flags = LXC_FAMILY, .to = lxc_to_proc },

	/* For ward only; to liblxc these lines mean nothing, so one file serves both. */
	{ .name = "ward.silence", .flags = LXC_HIDDEN, .read = lxc_read_word, .of = silences,
	  .kept = "what is not said here" },
	{ .name = "ward.privileged", .flags = LXC_HIDDEN, .read = lxc_read_bool,
	  .kept = "whose root the container's root is" },
	{ .name = "ward", .form = LXC_LINES, .flags = LXC_FAMILY | LXC_HIDDEN, .to = lxc_to_ward },
};
const size_t lxc_keys_n = ARRAY_SIZE(lxc_keys);

#define VETH .only = "veth"
const struct lxc_key lxc_net_keys[] = {
	{ .name = "", .form = LXC_NONE }, /* the device itself: first */
	{ .name = "type", .read = lxc_read_word,
	  .of = (const char *const[]){ "veth", "macvlan", "ipvlan", "vlan", "phys", "empty", "none", NULL },
	  .to = lxc_to_net },
	{ .name = "script.up", .to = lxc_to_net },
	{ .name = "script.down", .to = lxc_to_net },
	{ .name = "flags", .read = lxc_read_up, .to = lxc_to_net },
	{ .name = "link", .read = lxc_read_name, .of = &interface_max, .to = lxc_to_net },
	{ .name = "name", .read = lxc_read_name, .of = &interface_max, .to = lxc_to_net },
	{ .name = "hwaddr", .read = lxc_read_hwaddr, .to = lxc_to_net },
	{ .name = "mtu", .read = lxc_read_u32, .to = lxc_to_net },
	{ .name = "ipv6.address", .form = LXC_LINES, .flags = LXC_BETWEEN, .read = lxc_read_address6,
	  .to = lxc_to_net },
	{ .name = "ipv6.gateway", .read = lxc_read_gateway6, .to = lxc_to_net },
	{ .name = "ipv4.address", .form = LXC_LINES, .flags = LXC_BETWEEN, .read = lxc_read_address4,
	  .show = lxc_show_addresses, .to = lxc_to_net },
	{ .name = "ipv4.gateway", .read = lxc_read_gateway4, .to = lxc_to_net },
	{ .name = "l2proxy", SWITCH, .to = lxc_to_net },
	{ .name = "veth.pair", VETH, .read = lxc_read_name, .of = &interface_max, .to = lxc_to_net },
	{ .name = "veth.ipv4.route", VETH, .form = LXC_LINES, .flags = LXC_BETWEEN,
	  .read = lxc_read_route4, .to = lxc_to_net },
	{ .name = "veth.ipv6.route", VETH, .form = LXC_LINES, .flags = LXC_BETWEEN,
	  .read = lxc_read_route6, .to = lxc_to_net },
	{ .name = "veth.vlan.id", VETH, .read = lxc_read_vlan, .unset = "0", .to = lxc_to_net },
	{ .name = "veth.vlan.tagged.id", VETH, .form = LXC_LINES, .flags = LXC_BETWEEN,
	  .read = lxc_read_vlan_id, .to = lxc_to_net },
	{ .name = "veth.mode", VETH, .read = lxc_read_word, .unset = "bridge",
	  .of = (const char *const[]){ "bridge", "router", NULL }, .to = lxc_to_net },
	{ .name = "veth.n_rxqueues", VETH, .read = lxc_read_queues, .to = lxc_to_net },
	{ .name = "veth.n_txqueues", VETH, .read = lxc_read_queues, .to = lxc_to_net },
	{ .name = "macvlan.mode", .only = "macvlan", .read = lxc_read_word, .unset = "private",
	  .of = (const char *const[]){ "private", "vepa", "bridge", "passthru", NULL },
	  .to = lxc_to_net },
	{ .name = "ipvlan.mode", .only = "ipvlan", .read = lxc_read_word, .unset = "l3",
	  .of = (const char *const[]){ "l3", "l3s", "l2", NULL }, .to = lxc_to_net },
	{ .name = "ipvlan.isolation", .only = "ipvlan", .read = lxc_read_word, .unset = "bridge",
	  .of = (const char *const[]){ "bridge", "private", "vepa", NULL }, .to = lxc_to_net },
	{ .name = "vlan.id", .only = "vlan", .read = lxc_read_vlan_id, .unset = "0", .to = lxc_to_net },
};
const size_t lxc_net_keys_n = ARRAY_SIZE(lxc_net_keys);
/* clang-format on */

/* --- finding one ------------------------------------------------------------------------ */

static const struct lxc_key *find_exact(const struct lxc_key *keys, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* "lxc.cgroup2.memory.max": the family that it belongs to. */
static const struct lxc_key *find_family(const char *name, const char **rest)
{
	for (size_t i = 0; i < lxc_keys_n; i++) {
		size_t n = strlen(lxc_keys[i].name);

		if (!(lxc_keys[i].flags & LXC_FAMILY) || strncmp(name, lxc_keys[i].name, n) ||
		    name[n] != '.' || !name[n + 1])
			continue;
		*rest = name + n + 1;
		return &lxc_keys[i];
	}
	return NULL;
}

/* "0.link" behind "lxc.net." */
static const struct lxc_key *find_net(const char *text, struct lxc_name *out)
{
	size_t digits = strspn(text, "0123456789");
	const struct lxc_key *k;
	char number[16];
	uint64_t index;

	if (!digits || digits >= sizeof(number) || (text[digits] && text[digits] != '.'))
		return NULL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (str_u64(number, 10, 0, INT32_MAX - 1, &index) < 0)
		return NULL;
	out->rest = text + digits + (text[digits] == '.');
	k = find_exact(lxc_net_keys, lxc_net_keys_n, out->rest);
	out->net = true;
	out->index = (uint32_t)index;
	snprintf(out->text, sizeof(out->text), "lxc.net.%u%s%s", out->index, *out->rest ? "." : "",
		 out->rest);
	return k;
}

static int key_unknown(const char *name, struct err *e)
{
	const char *names[ARRAY_SIZE(lxc_keys) + ARRAY_SIZE(lxc_net_keys)], *nearest;
	bool net = str_starts(name, "lxc.net.");
	const char *subkey = net ? name + strcspn(name, "0123456789") : name;
	size_t n = 0;

	subkey += net ? strspn(subkey, "0123456789") : 0;
	subkey += net && *subkey == '.';
	for (size_t i = 0; net && i < lxc_net_keys_n; i++)
		names[n++] = lxc_net_keys[i].name;
	for (size_t i = 0; !net && i < lxc_keys_n; i++)
		names[n++] = lxc_keys[i].name;
	err_msg(e, EINVAL, "unknown key '%.128s'", name);
	nearest = str_nearest(subkey, names, n);
	if (!nearest || !*nearest)
		return err_hint(e, "lxc.container.conf(5) lists them");
	return err_hint(e, "did you mean '%s%s'?", net ? "lxc.net.N." : "", nearest);
}

int lxc_key_find(const char *name, struct lxc_name *out, struct err *e)
{
	*out = (struct lxc_name){ .rest = "" };
	if (strlen(name) >= sizeof(out->text) || str_has_control(name) || strchr(name, ' '))
		return err_msg(e, EINVAL, "what stands before '=' is not the name of a key");
	snprintf(out->text, sizeof(out->text), "%s", name);
	if (str_starts(name, "lxc.net."))
		out->key = find_net(name + strlen("lxc.net."), out);
	else
		out->key = find_exact(lxc_keys, lxc_keys_n, name);
	if (!out->key && !out->net)
		out->key = find_family(name, &out->rest);
	/* It is to live as long as the struct, and `name` may not. */
	out->rest = out->text + strlen(out->text) - strlen(out->rest);
	return out->key ? 0 : key_unknown(name, e);
}

bool lxc_conf_known(const char *name)
{
	struct err ignored = ERR_NONE;
	struct lxc_name found;
	size_t n = strlen(name);

	for (size_t i = 0; i < lxc_keys_n; i++)
		if (n && name[n - 1] == '.' && strlen(lxc_keys[i].name) == n - 1 &&
		    !strncmp(lxc_keys[i].name, name, n - 1))
			return lxc_keys[i].flags & LXC_FAMILY || !strcmp(name, "lxc.net.");
	return lxc_key_find(name, &found, &ignored) == 0;
}
