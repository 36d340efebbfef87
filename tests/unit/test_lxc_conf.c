/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's configuration: every key set, got, cleared and saved; lines, files, includes; old names. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "front/lxc_conf.h"
#include "front/lxc_key.h"
#include "tap.h"
#include "wall/wall.h"

/* What get gives, or "error CODE"; to be freed. */
static char *got(const struct lxc_config *c, const char *key)
{
	struct err e = ERR_NONE;
	struct str out = { 0 };
	int ret = lxc_conf_get(c, key, &out, &e);

	if (ret < 0) {
		str_free(&out);
		str_addf(&out, "error %d", -ret);
	}
	if (!out.text)
		str_add(&out, "");
	return out.text;
}

static bool gets(const struct lxc_config *c, const char *key, const char *want)
{
	autofree char *have = got(c, key);

	if (!strcmp(have, want))
		return true;
	printf("# %s is [%s], not [%s]\n", key, have, want);
	return false;
}

static int set(struct lxc_config *c, const char *key, const char *value)
{
	struct err e = ERR_NONE;
	int ret = lxc_conf_set(c, key, value, "test", &e);

	if (ret < 0)
		printf("# %s\n", e.text);
	return ret;
}

/* --- every key -------------------------------------------------------------------------- */

/* value NULL: `set` only. unset: what get gives before and after. before: set first. */
static const struct {
	const char *key, *value, *get, *unset;
	const char *before_key, *before;
} keys[] = {
	{ "lxc.arch", "amd64", "x86_64", "" },
	{ "lxc.arch", "armhf", "i686", "" },
	{ "lxc.apparmor.profile", "generated", "generated", "" },
	{ "lxc.apparmor.allow_incomplete", "1", "1", "0" },
	{ "lxc.apparmor.allow_nesting", "1", "1", "0" },
	{ "lxc.apparmor.raw", "deny /x rw,", "deny /x rw,\n", "" },
	{ "lxc.autodev.tmpfs.size", "1000", "1000", "500000" },
	{ "lxc.autodev.tmpfs.size", "much", "500000", "500000" },
	{ "lxc.autodev", "0", "0", "1" },
	{ "lxc.cap.drop", "sys_admin  net_raw", "sys_admin\nnet_raw\n", "" },
	{ "lxc.cap.drop", "12", "12\n", "" },
	{ "lxc.cap.keep", "none", "", "" },
	{ "lxc.cap.keep", "chown kill", "chown\nkill\n", "" },
	{ "lxc.cgroup2.memory.max", "1G", "1G\n", "" },
	{ "lxc.cgroup2.devices.allow", "c 1:3 rwm", "c 1:3 rwm\n", "" },
	{ "lxc.cgroup.memory.limit_in_bytes", "5", "5\n", "" },
	{ "lxc.cgroup.dir", "a//b/./c", "a/b/c", "" },
	{ "lxc.cgroup.dir.monitor", "m", "m", "" },
	{ "lxc.cgroup.dir.monitor.pivot", "p", "p", "" },
	{ "lxc.cgroup.dir.container", "c", "c", "" },
	{ "lxc.cgroup.dir.container.inner", "i", "i", "" },
	{ "lxc.cgroup.relative", "1", "1", "0" },
	{ "lxc.console.buffer.size", "auto", "131072", "0" },
	{ "lxc.console.buffer.size", "5 kB", "8192", "0" },
	{ "lxc.console.buffer.size", "1", "4096", "0" },
	{ "lxc.console.logfile", "//var//log/x", "/var/log/x", "" },
	{ "lxc.console.path", "none", "none", "" },
	{ "lxc.console.rotate", "1", "1", "0" },
	{ "lxc.console.size", "3MB", "4194304", "0" },
	{ "lxc.sched.core", "1", "1", "0" },
	{ "lxc.environment", "A=b c", "A=b c\n", "" },
	{ "lxc.environment.runtime", "A=1", "A=1\n", "" },
	{ "lxc.environment.hooks", "A=1", "A=1\n", "" },
	{ "lxc.ephemeral", "1", "1", "0" },
	{ "lxc.execute.cmd", "/bin/true x", "/bin/true x", "" },
	{ "lxc.group", "a b", "a\nb\n", "" },
	{ "lxc.hook.pre-start", "/bin/x a b", "/bin/x a b\n", "" },
	{ "lxc.hook.pre-mount", "/x", "/x\n", "" },
	{ "lxc.hook.mount", "/x", "/x\n", "" },
	{ "lxc.hook.autodev", "/x", "/x\n", "" },
	{ "lxc.hook.start-host", "/x", "/x\n", "" },
	{ "lxc.hook.start", "/x", "/x\n", "" },
	{ "lxc.hook.stop", "/x", "/x\n", "" },
	{ "lxc.hook.post-stop", "/x", "/x\n", "" },
	{ "lxc.hook.clone", "/x", "/x\n", "" },
	{ "lxc.hook.destroy", "/x", "/x\n", "" },
	{ "lxc.hook.version", "1", "1", "0" },
	{ "lxc.idmap", "u  0\t100000 65536", "u 0 100000 65536", "" },
	{ "lxc.init.cmd", "/bin/x  a 'b c'", "/bin/x  a 'b c'", "" },
	{ "lxc.init.cwd", "//a//b/", "/a/b", "" },
	{ "lxc.init.uid", "5", "5", "0" },
	{ "lxc.init.gid", "5", "5", "0" },
	{ "lxc.init.groups", "1,2", "1,2", "" },
	{ "lxc.keyring.session", "1", "1", "0" },
	{ "lxc.log.file", "/x", "/x", "" },
	{ "lxc.log.level", "info", "INFO", "NOTSET" },
	{ "lxc.log.level", "3", "NOTICE", "NOTSET" },
	{ "lxc.log.syslog", "local7", "local7", "" },
	{ "lxc.monitor.unshare", "1", "1", "0" },
	{ "lxc.monitor.signal.pdeath", "SIGTERM", "15", "9" },
	{ "lxc.mount.auto", "proc sys:ro", "proc:mixed sys:ro", "" },
	{ "lxc.mount.auto", "cgroup", "cgroup", "" },
	{ "lxc.mount.auto", "cgroup-full:rw:force proc:rw", "proc:rw cgroup-full:rw", "" },
	{ "lxc.mount.auto", "cgroup2 shmounts:/a:/b", "", "" },
	{ "lxc.mount.entry", "/a b none bind 0 0", "/a b none bind 0 0\n", "" },
	{ "lxc.mount.fstab", "//a/./b//c", "/a/b/c", "" },
	{ "lxc.namespace.clone", "pid user pid", "user\npid\n", "" },
	{ "lxc.namespace.keep", "net ipc", "ipc\nnet\n", "" },
	{ "lxc.namespace.share.net", "/run/netns/x", "/run/netns/x", "" },
	{ "lxc.time.offset.boot", "5 h", "18000s", "" },
	{ "lxc.time.offset.monotonic", "-15ms", "-15000000ns", "" },
	{ "lxc.no_new_privs", "1", "1", "0" },
	{ "lxc.prlimit.nofile", "1024 : 2048", "1024:2048", "" },
	{ "lxc.prlimit.nofile", "5:5", "5", "" },
	{ "lxc.prlimit.core", "unlimited", "unlimited", "" },
	{ "lxc.pty.max", "10", "10", "0" },
	{ "lxc.rootfs.managed", "0", "0", "1" },
	{ "lxc.rootfs.mount", "/mnt//x", "/mnt/x", "/usr/lib/x86_64-linux-gnu/lxc/rootfs" },
	{ "lxc.rootfs.options", "ro,idmap=container", "ro,idmap=container", "" },
	{ "lxc.rootfs.path", "dir:/x//y", "/x/y", "" },
	{ "lxc.rootfs.path", "overlay:/a:/b", "/a:/b", "" },
	{ "lxc.seccomp.allow_nesting", "1", "1", "0" },
	{ "lxc.seccomp.notify.cookie", "abc", "abc", "" },
	{ "lxc.seccomp.notify.proxy", "unix:/run/p", "/run/p", "" },
	{ "lxc.seccomp.profile", "/x", "/x", "" },
	{ "lxc.selinux.context", "a:b:c", "a:b:c", "" },
	{ "lxc.selinux.context.keyring", "a:b:c", "a:b:c", "" },
	{ "lxc.signal.halt", "SIGPWR", "30", "0" },
	{ "lxc.signal.halt", "sigrtmin+3", "37", "0" },
	{ "lxc.signal.reboot", "2", "2", "0" },
	{ "lxc.signal.stop", "SIGKILL", "9", "0" },
	{ "lxc.start.auto", "1", "1", "0" },
	{ "lxc.start.delay", "5", "5", "0" },
	{ "lxc.start.order", "-5", "-5", "0" },
	{ "lxc.tty.dir", "lxc", "lxc", "" },
	{ "lxc.tty.max", "4", "4", "0" },
	{ "lxc.uts.name", "c1", "c1", "" },
	{ "lxc.sysctl.kernel.msgmax", "7", "7", "" },
	{ "lxc.proc.oom_score_adj", "10", "10\n", "" },
	{ "ward.silence", "lxc", "lxc", "" },
	{ "ward.privileged", "1", "1", "" },
	{ "ward.memory.max", "1G", "1G\n", "" },
	{ "lxc.net.0.link", "br0", "br0", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.flags", "down", "up", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.name", "eth7", "eth7", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.hwaddr", "10:66:6a:01:02:03", "10:66:6a:01:02:03", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.mtu", "1400", "1400", "", "lxc.net.0.type", "phys" },
	{ "lxc.net.0.script.up", "/x y", "/x y", "", "lxc.net.0.type", "empty" },
	{ "lxc.net.0.script.down", "/x y", "/x y", "", "lxc.net.0.type", "empty" },
	{ "lxc.net.0.l2proxy", "1", "1", "0", "lxc.net.0.type", "ipvlan" },
	{ "lxc.net.0.ipv4.address", "10.0.3.7", "10.0.3.7/8", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.address", "192.168.3.7", "192.168.3.7/24", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.address", "10.0.3.6/24 10.0.3.255", "10.0.3.6/24", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.gateway", "auto", "auto", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv6.address", "fd00::1", "fd00::1/64", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv6.gateway", "fd00::ff", "fd00::ff", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.pair", "vethx", "vethx", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.mode", "router", "router", "bridge", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.n_rxqueues", "4", "4", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.n_txqueues", "4", "4", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.ipv4.route", "10.1.0.0/16", "10.1.0.0/16", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.ipv6.route", "fd01::/48", "fd01::/48", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.vlan.id", "none", "-1", "0", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.vlan.tagged.id", "6", "6", "", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.macvlan.mode", "bridge", "bridge", "private", "lxc.net.0.type", "macvlan" },
	{ "lxc.net.0.ipvlan.mode", "l2", "l2", "l3", "lxc.net.0.type", "ipvlan" },
	{ "lxc.net.0.ipvlan.isolation", "vepa", "vepa", "bridge", "lxc.net.0.type", "ipvlan" },
	{ "lxc.net.0.vlan.id", "5", "5", "0", "lxc.net.0.type", "vlan" },
};

/* unset, set, saved, read again, cleared in two ways. */
static bool one_key(size_t i)
{
	autolxc c = { 0 }, again = { 0 };
	struct err e = ERR_NONE;
	bool good = !keys[i].before_key || set(&c, keys[i].before_key, keys[i].before) == 0;
	autofree char *before = NULL;

	good &= gets(&c, keys[i].key, keys[i].unset);
	before = strdup(str_text(&c.text));
	good &= set(&c, keys[i].key, keys[i].value) == 0 && gets(&c, keys[i].key, keys[i].get);
	good &= lxc_conf_parse(&again, c.text.text, c.text.len, "saved", &e) == 0 &&
		gets(&again, keys[i].key, keys[i].get);
	good &= !strcmp(str_text(&c.text), str_text(&again.text));
	good &= lxc_conf_clear(&c, keys[i].key, &e) == 0 && gets(&c, keys[i].key, keys[i].unset);
	good &= !strcmp(str_text(&c.text), before);
	return good;
}

static void test_keys(void)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (one_key(i))
			continue;
		bad++;
		printf("# %s = %s: not what it should be\n", keys[i].key, keys[i].value);
	}
	ok(bad == 0, "%zu keys: set, get, save, read, clear", ARRAY_SIZE(keys));
}

static bool in_table(const char *name, bool net)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *key = keys[i].key + (net ? strlen("lxc.net.0.") : 0);
		size_t n = strlen(name);

		if (net == str_starts(keys[i].key, "lxc.net.0.") && !strncmp(key, name, n) &&
		    (!key[n] || key[n] == '.'))
			return true;
	}
	return false;
}

/* The table above leaves no row out. */
static void test_complete(void)
{
	size_t missing = 0;

	for (size_t i = 0; i < lxc_keys_n; i++)
		if (lxc_keys[i].form != LXC_NONE && !in_table(lxc_keys[i].name, false)) {
			printf("# %s\n", lxc_keys[i].name);
			missing++;
		}
	for (size_t i = 0; i < lxc_net_keys_n; i++)
		if (lxc_net_keys[i].form != LXC_NONE && strcmp(lxc_net_keys[i].name, "type") &&
		    !in_table(lxc_net_keys[i].name, true)) {
			printf("# net %s\n", lxc_net_keys[i].name);
			missing++;
		}
	ok(missing == 0, "every row of the tables is tried");
}

/* --- refused ---------------------------------------------------------------------------- */

static const struct {
	const char *key, *value, *says;
} refused[] = {
	{ "lxc.arch", "z80", "no architecture" },
	{ "lxc.arch", "", "empty" },
	{ "lxc.uts.name", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg", "64 bytes" },
	{ "lxc.start.auto", "2", "neither 0 nor 1" },
	{ "lxc.start.auto", "yes", "neither 0 nor 1" },
	{ "lxc.start.delay", "-5", "number" },
	{ "lxc.start.order", "1x", "whole number" },
	{ "lxc.signal.halt", "PWR", "SIGPWR" },
	{ "lxc.signal.halt", "SIGNONE", "SIGPWR" },
	{ "lxc.signal.halt", "65", "SIGPWR" },
	{ "lxc.cap.drop", "sys_adminn", "capability" },
	{ "lxc.cap.drop", "kill nonsense", "capability" },
	{ "lxc.idmap", "u 0 1 2 3", "INSIDE" },
	{ "lxc.idmap", "b 0 1 2", "INSIDE" },
	{ "lxc.idmap", "u 0 -1 2", "INSIDE" },
	{ "lxc.idmap", "u 0 1", "INSIDE" },
	{ "lxc.time.offset.boot", "5", "ms" },
	{ "lxc.time.offset.boot", "5 days", "ms" },
	{ "lxc.time.offset.boot", "99999999999999999999h", "ms" },
	{ "lxc.prlimit.nofile", "many", "unlimited" },
	{ "lxc.prlimit.nofile", "1:2:3", "unlimited" },
	{ "lxc.prlimit", "1", "empty value" },
	{ "lxc.sysctl", "1", "empty value" },
	{ "lxc.cgroup2", "1", "empty value" },
	{ "lxc.hook", "x", "empty value" },
	{ "lxc.net", "x", "empty value" },
	{ "lxc.net.0", "x", "empty value" },
	{ "lxc.hook.bogus", "x", "did you mean" },
	{ "lxc.hook.version", "2", "none of" },
	{ "lxc.namespace.clone", "users", "none of" },
	{ "lxc.mount.auto", "proc:ro", "none of" },
	{ "lxc.log.level", "9", "TRACE" },
	{ "lxc.log.syslog", "mail", "none of" },
	{ "lxc.console.size", "5 XB", "size" },
	{ "lxc.console.size", "99999999999999999GB", "size" },
	{ "lxc.seccomp.notify.proxy", "/run/x", "unix:" },
	{ "lxc.cgroup.dir", "/abs", "relative" },
	{ "lxc.cgroup.dir", "a/../b", "relative" },
	{ "lxc.cgroup.dir.container.inner", "a/b", "one directory" },
	{ "lxc.rootfs.options", "optional", "no meaning" },
	{ "lxc.rootfs.options", "idmap=x", "idmap" },
	{ "lxc.environment", "WARD_TEST_NOT_THERE", "no variable" },
	{ "lxc.init.groups", "1,x", "number" },
	{ "lxc.net.0.type", "token-ring", "none of" },
	{ "lxc.net.0.bogus", "1", "unknown key" },
	{ "lxc.net.0.lnk", "1", "lxc.net.N.link" },
	{ "lxc.net.x.link", "1", "unknown key" },
	{ "lxc.net.99999999999.link", "1", "unknown key" },
	{ "lxc.net.0.veth.pair", "v", "lxc.net.0.type = veth" },
	{ "lxc.net.0.link", "a-name-that-is-too-long", "15 bytes" },
	{ "lxc.net.0.hwaddr", "zz", "hardware address" },
	{ "lxc.net.0.hwaddr", "00:16:3e:xx:xx:x", "hardware address" },
	{ "lxc.net.0.ipv4.address", "1.2.3", "address" },
	{ "lxc.net.0.ipv4.address", "1.2.3.4/33", "address" },
	{ "lxc.net.0.ipv6.address", "fd00::1/129", "address" },
	{ "lxc.net.0.ipv4.gateway", "gw", "auto" },
	{ "lxc.nope", "1", "unknown key" },
	{ "lxc.utsname.x", "1", "unknown key" },
	{ "lxc.uts.nam", "1", "lxc.uts.name" },
	{ "lxc.uts.name", "a\tb\x01", "control" },
	{ "ward.silence", "loud", "none of" },
};

static void test_refused(void)
{
	size_t bad = 0;

	unsetenv("WARD_TEST_NOT_THERE");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct err e = ERR_NONE;
		autolxc c = { 0 };
		int ret = lxc_conf_set(&c, refused[i].key, refused[i].value, "here:7", &e);

		if (ret < 0 && str_starts(e.text, "here:7: ") && strstr(e.text, refused[i].says) &&
		    c.n == 0 && c.text.len == 0)
			continue;
		printf("# %s = %s: %d %s\n", refused[i].key, refused[i].value, ret, e.text);
		bad++;
	}
	ok(bad == 0, "%zu wrong values are refused, say where and why, and change nothing",
	   ARRAY_SIZE(refused));
}

/* --- lists, families, devices ----------------------------------------------------------- */

static void test_lists(void)
{
	autolxc c = { 0 };
	struct err e = ERR_NONE;

	set(&c, "lxc.group", "a b");
	set(&c, "lxc.group", "c");
	ok(gets(&c, "lxc.group", "a\nb\nc\n"), "a list appends");
	ok(set(&c, "lxc.group", "") == 0 && gets(&c, "lxc.group", "") && c.text.len == 0,
	   "an empty value clears it, and its lines");
	set(&c, "lxc.cap.drop", "kill");
	ok(set(&c, "lxc.cap.keep", "chown") < 0, "lxc.cap.keep after lxc.cap.drop is refused");
	set(&c, "lxc.cap.drop", "");
	set(&c, "lxc.cap.keep", "chown");
	set(&c, "lxc.cap.keep", "none");
	set(&c, "lxc.cap.keep", "kill");
	ok(gets(&c, "lxc.cap.keep", "kill\n"), "none begins the list anew");
	set(&c, "lxc.idmap", "u 0 100000 10");
	set(&c, "lxc.idmap", "g 0 100000 10");
	ok(gets(&c, "lxc.idmap", "u 0 100000 10\ng 0 100000 10"), "lxc.idmap: breaks between only");
	ok(gets(&c, "lxc.include", "error 38") && gets(&c, "lxc.hook", "error 22") &&
		   gets(&c, "lxc.nope", "error 22"),
	   "what has no value: ENOSYS and EINVAL");
	ok(lxc_conf_clear(&c, "lxc.nope", &e) == -EINVAL, "clearing an unknown key is refused");
	set(&c, "lxc.uts.name", "one");
	set(&c, "lxc.uts.name", "two");
	ok(gets(&c, "lxc.uts.name", "two") &&
		   strstr(c.text.text, "lxc.uts.name = one\nlxc.uts.name = two\n"),
	   "the last scalar counts; saved are both lines");
	set(&c, "lxc.autodev", "");
	ok(gets(&c, "lxc.autodev", "0") && lxc_conf_clear(&c, "lxc.autodev", &e) == 0 &&
		   gets(&c, "lxc.autodev", "1"),
	   "lxc.autodev: empty means 0, cleared means 1");
	set(&c, "lxc.rootfs.mount", "");
	ok(gets(&c, "lxc.rootfs.mount", ""), "lxc.rootfs.mount: empty stays empty");
}

static void test_families(void)
{
	autolxc c = { 0 };

	set(&c, "lxc.sysctl.net.ipv4.ip_forward", "0");
	set(&c, "lxc.sysctl.net.ipv4.ip_forward", "1");
	set(&c, "lxc.sysctl.kernel.msgmax", "7");
	ok(gets(&c, "lxc.sysctl",
		"lxc.sysctl.net.ipv4.ip_forward = 1\nlxc.sysctl.kernel.msgmax = 7\n"),
	   "lxc.sysctl lists each with its name");
	set(&c, "lxc.cgroup2.devices.allow", "c 1:3 rwm");
	set(&c, "lxc.cgroup2.devices.allow", "c 1:5 rwm");
	set(&c, "lxc.cgroup2.pids.max", "5");
	set(&c, "lxc.cgroup.dir", "below");
	ok(gets(&c, "lxc.cgroup2.devices.allow", "c 1:3 rwm\nc 1:5 rwm\n"),
	   "of one cgroup file all values are kept");
	set(&c, "lxc.cgroup2.devices.allow", "");
	ok(gets(&c, "lxc.cgroup2", "lxc.cgroup2.pids.max = 5\n"), "one file is cleared");
	set(&c, "lxc.cgroup2", "");
	set(&c, "lxc.cgroup", "");
	ok(gets(&c, "lxc.cgroup2", "") && gets(&c, "lxc.cgroup.dir", "below") &&
		   !strcmp(c.text.text + strlen(c.text.text) - 23, "lxc.cgroup.dir = below\n"),
	   "all files are cleared, and nothing that only looks like one");
	set(&c, "lxc.hook.start", "/a");
	set(&c, "lxc.hook.stop", "/b");
	set(&c, "lxc.hook", "");
	ok(gets(&c, "lxc.hook.start", "") && gets(&c, "lxc.hook.stop", "") &&
		   !strstr(c.text.text, "hook"),
	   "lxc.hook clears all hooks, and their lines");
}

static void test_net(void)
{
	autolxc c = { 0 };
	autostr keys_of = { 0 };
	struct err e = ERR_NONE;

	set(&c, "lxc.net.10.type", "macvlan");
	set(&c, "lxc.net.1.type", "veth");
	set(&c, "lxc.net.01.link", "br0");
	ok(gets(&c, "lxc.net", "veth\nmacvlan\n"), "types by index");
	ok(gets(&c, "lxc.net.1.link", "br0"), "an index is a number");
	ok(gets(&c, "lxc.net.1.macvlan.mode", "error 22") && gets(&c, "lxc.net.2.link", "error 22"),
	   "a key of another type, and one of no device, are refused");
	ok(lxc_conf_keys(&c, "lxc.net.10", &keys_of, &e) == 0 &&
		   strstr(keys_of.text, "macvlan.mode\n") && !strstr(keys_of.text, "veth"),
	   "keys of a device follow from its type");
	set(&c, "lxc.net.1.type", "veth");
	ok(gets(&c, "lxc.net.1.link", ""), "the type begins a device anew");
	set(&c, "lxc.net.1", "");
	ok(gets(&c, "lxc.net", "macvlan\n") && strstr(c.text.text, "lxc.net.10.type"),
	   "device 1 is cleared, device 10 is not");
	set(&c, "lxc.net", "");
	ok(gets(&c, "lxc.net", "") && c.text.len == 0, "all are cleared");
	set(&c, "lxc.net.0.type", "veth");
	set(&c, "lxc.net.0.hwaddr", "00:16:3E:xX:xx:xx");
	{
		autofree char *address = got(&c, "lxc.net.0.hwaddr");

		ok(strspn(address, "0123456789abcdefE:") == 17 && strstr(c.text.text, address),
		   "random digits are chosen once, and saved");
	}
}

static void test_names(void)
{
	autolxc c = { 0 };
	autostr all = { 0 }, cap = { 0 }, none = { 0 };
	struct err e = ERR_NONE;
	size_t n = 0;

	ok(lxc_conf_keys(&c, NULL, &all, &e) == 0, "all keys");
	for (const char *p = all.text; *p; p++)
		n += *p == '\n';
	/* LXC 7 has 87 rows: these without lxc.cgroup, with the families lxc.net. and
	 * lxc.namespace.share., which no version lists. */
	ok(n == 86, "there are 86 (%zu)", n);
	ok(str_starts(all.text, "lxc.arch\n") && !strstr(all.text, "ward"),
	   "none of them is ward's");
	ok(lxc_conf_keys(&c, "lxc.cap", &cap, &e) == 0 && !strcmp(cap.text, "drop\nkeep\n"),
	   "what stands below lxc.cap");
	ok(lxc_conf_keys(&c, "lxc.uts.name", &none, &e) == -EINVAL, "nothing stands below a key");
	ok(lxc_conf_known("lxc.arch") && lxc_conf_known("lxc.net.") &&
		   lxc_conf_known("lxc.prlimit") && lxc_conf_known("lxc.namespace.share.") &&
		   !lxc_conf_known("lxc.nope"),
	   "which keys there are");
	n = 0;
	for (size_t i = 0; i < lxc_net_keys_n; i++)
		n += lxc_net_keys[i].form != LXC_NONE;
	ok(n == 25, "and 25 of a device (%zu)", n);
}

/* --- texts ------------------------------------------------------------------------------ */

static int parse(struct lxc_config *c, const char *text, size_t len, struct err *e)
{
	*e = ERR_NONE;
	return lxc_conf_parse(c, text, len, "f", e);
}

static void test_text(void)
{
	static const char text[] = "lxc.uts.name = abc   \r\n# comment\r\nmartian line\n"
				   "   lxc.tty.max   =   4\n\n\tlxc.pty.max=7\n"
				   "lxc.init.cmd = \"a b\"\nlxc.init.cwd = '/x y'\n"
				   "lxc.group = \"a\nlxc.tty.max = 5 \nlxc.environment = A=b # c";
	static const char nul[] = "lxc.tty.max = 1\0lxc.pty.max = 2";
	autolxc c = { 0 }, d = { 0 };
	struct err e;

	ok(parse(&c, text, sizeof(text) - 1, &e) == 0, "a file with everything (%s)", e.text);
	ok(gets(&c, "lxc.uts.name", "abc") && gets(&c, "lxc.tty.max", "5") &&
		   gets(&c, "lxc.pty.max", "7"),
	   "CRLF, blanks, the last of two, no line break at the end");
	ok(gets(&c, "lxc.init.cmd", "a b") && gets(&c, "lxc.init.cwd", "/x y") &&
		   gets(&c, "lxc.group", "\"a\n"),
	   "one outer pair of quotes is taken off");
	ok(gets(&c, "lxc.environment", "A=b # c\n"), "there are no comments behind a value");
	ok(!strcmp(c.text.text,
		   "lxc.uts.name = abc   \n# comment\nmartian line\n   lxc.tty.max   =   4\n\n"
		   "\tlxc.pty.max=7\nlxc.init.cmd = \"a b\"\nlxc.init.cwd = '/x y'\n"
		   "lxc.group = \"a\nlxc.tty.max = 5 \nlxc.environment = A=b # c\n"),
	   "the text is kept as it was written");
	set(&c, "lxc.tty.max", "");
	ok(!strstr(c.text.text, "tty.max") && strstr(c.text.text, "martian"),
	   "cleared lines go, indented ones too");
	ok(c.entry && !strcmp(c.entry[0].where, "f:1") && !strcmp(c.entry[1].where, "f:6"),
	   "where a value came from");
	ok(parse(&d, nul, sizeof(nul) - 1, &e) == 0 && gets(&d, "lxc.pty.max", "2"),
	   "a NUL ends a line");
}

static void test_many(void)
{
	autostr text = { 0 };
	autolxc c = { 0 };
	struct err e;

	for (int i = 0; i <= LXC_ENTRIES_MAX; i++)
		str_add(&text, "lxc.group = g\n");
	ok(parse(&c, text.text, text.len, &e) == -E2BIG && c.n == LXC_ENTRIES_MAX &&
		   str_starts(e.text, "f:8193: "),
	   "there is a bound (%s)", e.text);
}

static void test_text_errors(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "\n\nlxc.tty.max 4\n", "f:3: a line is 'key = value'" },
		{ "lxc.tty.max = x\n", "f:1: lxc.tty.max: 'x' is not" },
		{ "lxc.ttymax = 4\n", "f:1: unknown key 'lxc.ttymax'; did you mean 'lxc.tty.max'?" },
		{ "lxc.include = /etc/passwd\n", "f:1: lxc.include: a file can only be included" },
		{ "lxc.\n", "f:1: a line is" },
		{ "lxc. = 1\n", "f:1: unknown key 'lxc.'" },
	};
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autolxc c = { 0 };
		struct err e;

		if (parse(&c, bad[i].text, strlen(bad[i].text), &e) < 0 &&
		    str_starts(e.text, bad[i].says))
			continue;
		printf("# %s: %s\n", bad[i].text, e.text);
		wrong++;
	}
	ok(wrong == 0, "errors say file, line and what is wrong");
}

/* --- old names -------------------------------------------------------------------------- */

static void test_old(void)
{
	static const char text[] =
		"lxc.utsname = old\nlxc.rootfs = /r\nlxc.rootfs.backend = overlayfs\n"
		"lxc.aa_profile = unconfined\nlxc.se_context = a:b\nlxc.seccomp = /s\n"
		"lxc.id_map = u 0 100000 65536\nlxc.tty = 4\nlxc.pts = 1024\n"
		"lxc.devttydir = lxc\nlxc.haltsignal = SIGPWR\nlxc.limit.nofile = 5\n"
		"lxc.pivotdir = lxc_putold\nlxc.kmsg = 0\nlxc.loglevel = 1\n"
		"lxc.network.type = veth\nlxc.network.link = br0\n"
		"lxc.network.ipv4 = 10.0.3.5/24\nlxc.network.type = empty\n"
		"lxc.network.3.type = phys\nlxc.mount = /fstab\nlxc.init_uid = 7\n";
	autolxc c = { 0 };
	struct err e;

	ok(parse(&c, text, sizeof(text) - 1, &e) == 0, "names of LXC 1 and 2 are read (%s)",
	   e.text);
	ok(gets(&c, "lxc.uts.name", "old") && gets(&c, "lxc.apparmor.profile", "unconfined") &&
		   gets(&c, "lxc.selinux.context", "a:b") &&
		   gets(&c, "lxc.seccomp.profile", "/s") &&
		   gets(&c, "lxc.idmap", "u 0 100000 65536") && gets(&c, "lxc.tty.max", "4") &&
		   gets(&c, "lxc.pty.max", "1024") && gets(&c, "lxc.tty.dir", "lxc") &&
		   gets(&c, "lxc.signal.halt", "30") && gets(&c, "lxc.prlimit.nofile", "5") &&
		   gets(&c, "lxc.mount.fstab", "/fstab") && gets(&c, "lxc.init.uid", "7"),
	   "and mean what today's do");
	ok(!strcmp(lxc_conf_value(&c, "lxc.rootfs.path"), "overlayfs:/r"),
	   "path and backend are one value");
	ok(gets(&c, "lxc.net", "veth\nempty\nphys\n") && gets(&c, "lxc.net.0.link", "br0") &&
		   gets(&c, "lxc.net.0.ipv4.address", "10.0.3.5/24"),
	   "each lxc.network.type begins a device");
	ok(c.hints.n == 22 &&
		   str_starts(c.hints.item[0], "f:1: lxc.utsname is called lxc.uts.name"),
	   "each is hinted at (%zu)", c.hints.n);
	ok(gets(&c, "lxc.utsname", "old"), "they can be asked for");
	ok(strstr(c.text.text, "lxc.utsname = old\n") != NULL, "the text keeps them");
	ok(set(&c, "lxc.uts.name", "") == 0 && !strstr(c.text.text, "lxc.utsname"),
	   "until they are cleared by today's name");
}

static void test_update(void)
{
	static const char old[] =
		"# mine\n  lxc.utsname\t=  a \nlxc.rootfs = /r\nlxc.network.type = veth\n"
		"lxc.network.link=br0\n\nlxc.network.type = phys\nlxc.network.ipv6 = fd00::1\n"
		"lxc.kmsg = 0\nlxc.rootfs.backend = overlayfs\nlxc.limit.core = 5\nother\n"
		"lxc.tty.max = 4\nlxc.network =\n";
	static const char new[] =
		"# mine\n  lxc.uts.name\t=  a \nlxc.rootfs.path = overlayfs:/r\n"
		"lxc.net.0.type = veth\nlxc.net.0.link=br0\n\nlxc.net.1.type = phys\n"
		"lxc.net.1.ipv6.address = fd00::1\nlxc.prlimit.core = 5\nother\n"
		"lxc.tty.max = 4\nlxc.net =\n";
	struct err e = ERR_NONE;
	autostr once = { 0 }, twice = { 0 }, path = { 0 }, bad = { 0 };

	ok(lxc_conf_update(old, sizeof(old) - 1, &once, &e) == 10, "an old text is rewritten");
	is_str(once.text, new, "in its names only");
	ok(lxc_conf_update(once.text, once.len, &twice, &e) == 0 && !strcmp(twice.text, new),
	   "once is enough");
	ok(lxc_conf_update("lxc.rootfs=/r", 13, &path, &e) == 1 &&
		   !strcmp(path.text, "lxc.rootfs.path=dir:/r\n"),
	   "a path without a backend is a directory");
	ok(lxc_conf_update("lxc.network.link = x", 20, &bad, &e) == -EINVAL &&
		   str_starts(e.text, "line 1: "),
	   "a device without a beginning is refused");
}

/* --- files ------------------------------------------------------------------------------ */

static char dir[] = "/tmp/ward-test-lxc-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir, name);
	return path[n];
}

static void write_file(const char *name, const char *format, const char *arg)
{
	FILE *f = fopen(path_of(name), "w");

	fprintf(f, format, arg);
	fclose(f);
}

static int load(struct lxc_config *c, const char *name, struct err *e)
{
	*e = ERR_NONE;
	return lxc_conf_load(c, path_of(name), e);
}

static void test_files(void)
{
	autolxc c = { 0 }, d = { 0 }, f = { 0 }, g = { 0 }, h = { 0 };
	struct err e;
	int fd;

	write_file("inc", "# inc\nlxc.ephemeral = 1\n", NULL);
	write_file("top", "lxc.tty.max = 1\nlxc.include = %s\nlxc.tty.max = 2\n", path_of("inc"));
	ok(load(&c, "top", &e) == 0 && gets(&c, "lxc.ephemeral", "1") &&
		   gets(&c, "lxc.tty.max", "2"),
	   "a file is included in its place (%s)", e.text);
	ok(!strstr(c.text.text, "ephemeral") && strstr(c.text.text, "lxc.include"),
	   "the text is that of the top-level file");
	mkdir(path_of("d"), 0755);
	write_file("d/20.conf", "lxc.tty.max = 20\nlxc.group = b\n", NULL);
	write_file("d/10.conf", "lxc.tty.max = 10\nlxc.group = a\n", NULL);
	write_file("d/30.txt", "nonsense\nlxc.nope = 1\n", NULL);
	write_file("d/.conf", "lxc.nope = 1\n", NULL);
	write_file("dirs", "lxc.include = %s\n", path_of("d"));
	ok(load(&d, "dirs", &e) == 0 && gets(&d, "lxc.group", "a\nb\n"),
	   "a directory: its *.conf, sorted (%s)", e.text);
	write_file("gone", "lxc.include = %s/nothing/\n", dir);
	ok(load(&f, "gone", &e) == 0, "a directory may be missing");
	write_file("gone", "lxc.include = %s/nothing\n", dir);
	ok(load(&f, "gone", &e) == -ENOENT && strstr(e.text, ":1: lxc.include: open "),
	   "a file may not (%s)", e.text);
	write_file("loop", "lxc.include = %s\n", path_of("loop2"));
	write_file("loop2", "lxc.include = %s\n", path_of("loop"));
	ok(load(&g, "loop", &e) == -ELOOP && strstr(e.text, "includes itself"), "a circle (%s)",
	   e.text);
	fd = open(path_of("big"), O_CREAT | O_WRONLY, 0644);
	ftruncate(fd, 100 << 20);
	close(fd);
	ok(load(&h, "big", &e) == -EFBIG, "100 MB (%s)", e.text);
	mkfifo(path_of("fifo"), 0644);
	write_file("tofifo", "lxc.include = %s\n", path_of("fifo"));
	ok(load(&h, "tofifo", &e) == -EINVAL, "a pipe cannot be included, nor waited for");
	ok(load(&h, "d", &e) == -EINVAL && load(&h, "missing", &e) == -ENOENT,
	   "a directory, and nothing, cannot be loaded");
	{
		autolxc s = { 0 };

		ok(lxc_conf_set(&s, "lxc.include", path_of("inc"), "api", &e) == 0 &&
			   gets(&s, "lxc.ephemeral", "1") &&
			   str_starts(s.text.text, "lxc.include = "),
		   "set_config_item() includes, and keeps the line");
	}
}

static void test_deep(void)
{
	autolxc c = { 0 };
	struct err e;
	char name[16];

	for (int i = 0; i < 20; i++) {
		char next[16];

		snprintf(name, sizeof(name), "deep%d", i);
		snprintf(next, sizeof(next), "deep%d", i + 1);
		write_file(name, i < 19 ? "lxc.include = %s\n" : "", path_of(next));
	}
	ok(load(&c, "deep0", &e) == -ELOOP && strstr(e.text, "files deep"), "too deep (%s)",
	   e.text);
}

static void test_stock(void)
{
	static const char *const stock[] = { "/usr/share/lxc/config/common.conf",
					     "/usr/share/lxc/config/userns.conf",
					     "/usr/share/lxc/config/nesting.conf",
					     "/usr/share/lxc/config/debian.common.conf",
					     "/usr/share/lxc/config/gentoo.moresecure.conf",
					     "/etc/lxc/default.conf" };
	size_t bad = 0, there = 0;

	for (size_t i = 0; i < ARRAY_SIZE(stock); i++) {
		autolxc c = { 0 };
		struct err e = ERR_NONE;

		if (access(stock[i], R_OK) < 0)
			continue;
		there++;
		if (lxc_conf_load(&c, stock[i], &e) == 0 && c.n && !c.hints.n)
			continue;
		printf("# %s: %s\n", stock[i], e.text);
		bad++;
	}
	if (!there)
		skip("the stock files", "Debian's package lxc is not installed");
	else
		ok(bad == 0, "%zu files of Debian's package lxc are read", there);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *level)
{
	(void)st;
	(void)kind;
	(void)level;
	return remove(path);
}

int main(void)
{
	walls_init();
	if (!mkdtemp(dir))
		return 1;
	test_keys();
	test_complete();
	test_refused();
	test_lists();
	test_families();
	test_net();
	test_names();
	test_text();
	test_text_errors();
	test_many();
	test_old();
	test_update();
	test_files();
	test_deep();
	test_stock();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return done();
}
