/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same configuration calls made to the installed liblxc.so.1 and to ward's own: set, get, save,
 * clear. Where the two differ, the table says why; a reason for a difference that is not there is an
 * error too. Written against liblxc 5.0.2 of Debian 12.
 *
 *	peer_lxc_config		prints TAP; skips when there is no liblxc */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "front/lxc_conf.h"
#include "wall/wall.h"

/* The members of struct lxc_container that are used, by their offsets on x86_64. */
enum { SET = 192, SAVE = 208, CLEAR = 264, GET = 272, CONTAINER_SIZE = 584 };

struct lxc_container {
	char bytes[CONTAINER_SIZE];
};
typedef bool set_item(struct lxc_container *c, const char *key, const char *value);
typedef bool clear_item(struct lxc_container *c, const char *key);
typedef bool save(struct lxc_container *c, const char *path);
typedef int get_item(struct lxc_container *c, const char *key, char *out, int size);

static void *member(struct lxc_container *c, size_t offset)
{
	void *function;

	memcpy(&function, c->bytes + offset, sizeof(function));
	return function;
}

static struct lxc_container *(*lxc_new)(const char *name, const char *path);
static int (*lxc_put)(struct lxc_container *c);
static char folder[] = "/tmp/ward-peer-lxc-XXXXXX";

/* --- the table -------------------------------------------------------------------------- */

#define KEPT "LXC keeps a value that it refused"
#define NULL_TEXT "LXC gives back \"(null)\" where nothing is set"
#define NOT_CLEARED "LXC does not clear it"
#define INVALID "LXC gives back \"(invalid)\" once it was cleared"

static const struct {
	const char *key, *value;
	const char *before_key, *before; /* set first */
	const char *why; /* they differ */
} cases[] = {
	{ "lxc.arch", "amd64" },
	{ "lxc.arch", "armhf" },
	{ "lxc.arch", "z80" },
	{ "lxc.arch", "" },
	{ "lxc.apparmor.profile", "generated" },
	{ "lxc.apparmor.allow_incomplete", "1" },
	{ "lxc.apparmor.allow_nesting", "1" },
	{ "lxc.apparmor.raw", "a" },
	{ "lxc.autodev", "0" },
	{ "lxc.autodev", "" },
	{ "lxc.autodev", "2", .why = KEPT },
	{ "lxc.autodev.tmpfs.size", "1000" },
	{ "lxc.autodev.tmpfs.size", "abc" },
	{ "lxc.cap.drop", "sys_admin  net_raw" },
	{ "lxc.cap.drop", "12" },
	{ "lxc.cap.drop", "nonsense" },
	{ "lxc.cap.keep", "none" },
	{ "lxc.cap.keep", "chown kill" },
	{ "lxc.cap.keep", "chown", "lxc.cap.drop", "kill", .why = "of two lists that exclude each other LXC has one" },
	{ "lxc.cap.drop", "chown", "lxc.cap.keep", "kill", .why = "of two lists that exclude each other LXC has one" },
	{ "lxc.cgroup2.memory.max", "1G" },
	{ "lxc.cgroup2.devices.allow", "c 1:5 rwm", "lxc.cgroup2.devices.allow", "c 1:3 rwm" },
	{ "lxc.cgroup2.devices.allow", "", "lxc.cgroup2.devices.allow", "c 1:3 rwm" },
	{ "lxc.cgroup2", "1" },
	{ "lxc.cgroup.memory.limit_in_bytes", "5" },
	{ "lxc.cgroup", "", "lxc.cgroup.memory.limit_in_bytes", "5" },
	{ "lxc.cgroup.dir", "a//b", .why = NULL_TEXT },
	{ "lxc.cgroup.dir", "a/../b", .why = NULL_TEXT },
	{ "lxc.cgroup.dir", "/abs", .why = "refused by both, but LXC then gives back \"(null)\"" },
	{ "lxc.cgroup.dir.container", "abc", .why = NULL_TEXT },
	{ "lxc.cgroup.dir.container.inner", "a", .why = NULL_TEXT },
	{ "lxc.cgroup.dir.container.inner", "a/b", .why = NULL_TEXT },
	{ "lxc.cgroup.relative", "1" },
	{ "lxc.console.buffer.size", "auto" },
	{ "lxc.console.buffer.size", "5 kB" },
	{ "lxc.console.buffer.size", "5" },
	{ "lxc.console.buffer.size", "0", .why = "0 means off, LXC makes a page of it" },
	{ "lxc.console.logfile", "//x//y" },
	{ "lxc.console.path", "none" },
	{ "lxc.console.path", "//a//b/./c/" },
	{ "lxc.console.rotate", "1" },
	{ "lxc.console.size", "3MB" },
	{ "lxc.sched.core", "1" },
	{ "lxc.environment", "A=1" },
	{ "lxc.environment", "A=2", "lxc.environment", "A=1" },
	{ "lxc.environment", "HOME" },
	{ "lxc.environment", "NOT_THERE_AT_ALL" },
	{ "lxc.ephemeral", "1" },
	{ "lxc.ephemeral", "2", .why = KEPT },
	{ "lxc.execute.cmd", "/bin/true x" },
	{ "lxc.group", "c", "lxc.group", "a b" },
	{ "lxc.group", "", "lxc.group", "a b" },
	{ "lxc.hook.start", "/bin/y", "lxc.hook.start", "/bin/x a b" },
	{ "lxc.hook.start-host", "/x" },
	{ "lxc.hook.bogus", "x" },
	{ "lxc.hook", "x" },
	{ "lxc.hook.version", "1" },
	{ "lxc.hook.version", "2" },
	{ "lxc.idmap", "g 0 100000 65536", "lxc.idmap", "u 0 100000 65536" },
	{ "lxc.idmap", "u  1\t200000   5", .why = "with a single map LXC cannot save, and does not say so" },
	{ "lxc.idmap", "u 0 1 2 3" },
	{ "lxc.idmap", "b 0 1 2" },
	{ "lxc.idmap", "host", .why = "ward's own word: no user namespace" },
	{ "lxc.include", "/nonexistent" },
	{ "lxc.init.cmd", "/bin/x  a 'b c'" },
	{ "lxc.init.cwd", "//a//b/" },
	{ "lxc.init.uid", "5" },
	{ "lxc.init.uid", "-1" },
	{ "lxc.init.uid", "5x", .why = "LXC 5 takes the 5; LXC 7 refuses it, as ward does" },
	{ "lxc.init.groups", "3", "lxc.init.groups", "1,2" },
	{ "lxc.init.groups", "1, 2" },
	{ "lxc.init.groups", "a" },
	{ "lxc.keyring.session", "1" },
	{ "lxc.log.level", "INFO" },
	{ "lxc.log.level", "3" },
	{ "lxc.log.level", "12" },
	{ "lxc.log.syslog", "daemon" },
	{ "lxc.log.syslog", "bogus" },
	{ "lxc.monitor.unshare", "1" },
	{ "lxc.monitor.signal.pdeath", "SIGTERM", .why = "cleared it is 0 to LXC, which is not its default" },
	{ "lxc.monitor.signal.pdeath", "0", .why = "cleared it is 0 to LXC, which is not its default" },
	{ "lxc.mount.auto", "proc sys:ro" },
	{ "lxc.mount.auto", "proc:rw", "lxc.mount.auto", "proc sys" },
	{ "lxc.mount.auto", "cgroup" },
	{ "lxc.mount.auto", "cgroup:ro" },
	{ "lxc.mount.auto", "cgroup-full" },
	{ "lxc.mount.auto", "cgroup2" },
	{ "lxc.mount.auto", "cgroup:mixed:force",
	  .why = "given back as cgroup:mixed; LXC leaves it out" },
	{ "lxc.mount.auto", "bogus" },
	{ "lxc.mount.entry", "/c d none bind,optional 0 0", "lxc.mount.entry", "/a b none bind 0 0" },
	{ "lxc.mount.fstab", "//a/./b//c" },
	{ "lxc.mount.fstab", "", .why = "LXC clears it and then reports a failure" },
	{ "lxc.namespace.clone", "pid", "lxc.namespace.clone", "user mnt" },
	{ "lxc.namespace.clone", "bogus" },
	{ "lxc.namespace.keep", "net ipc" },
	{ "lxc.namespace.keep", "net", "lxc.namespace.clone", "pid" },
	{ "lxc.namespace.share.net", "foo", .why = NULL_TEXT },
	{ "lxc.namespace.share.bogus", "x", .why = "refused by both in the end: ward when it starts" },
	{ "lxc.time.offset.boot", "5 h", .why = "LXC 5 writes \"18000 s\\n\", LXC 6 and ward 18000s" },
	{ "lxc.no_new_privs", "1" },
	{ "lxc.prlimit.nofile", "1024:2048" },
	{ "lxc.prlimit.nofile", "1 : 2" },
	{ "lxc.prlimit.nofile", "5:5" },
	{ "lxc.prlimit.nofile", "5", "lxc.prlimit.nofile", "1024:2048" },
	{ "lxc.prlimit.core", "unlimited" },
	{ "lxc.prlimit.nofile", "abc" },
	{ "lxc.prlimit", "1" },
	{ "lxc.pty.max", "10" },
	{ "lxc.rootfs.managed", "0" },
	{ "lxc.rootfs.mount", "/mnt//x", .why = "cleared it is empty to LXC, which is not its default" },
	{ "lxc.rootfs.mount", "", .why = "cleared it is empty to LXC, which is not its default" },
	{ "lxc.rootfs.options", "ro,idmap=container" },
	{ "lxc.rootfs.options", "optional" },
	{ "lxc.rootfs.options", "create=dir" },
	{ "lxc.rootfs.options", "idmap=xx" },
	{ "lxc.rootfs.path", "dir:/x//y" },
	{ "lxc.rootfs.path", "overlay:/a:/b" },
	{ "lxc.rootfs.path", "loop:/a" },
	{ "lxc.rootfs.path", "/a:b", .why = "a path with a ':' in it; LXC takes /a for a kind of storage" },
	{ "lxc.seccomp.allow_nesting", "1" },
	{ "lxc.seccomp.notify.cookie", "abc" },
	{ "lxc.seccomp.notify.proxy", "unix:/x" },
	{ "lxc.seccomp.notify.proxy", "foo" },
	{ "lxc.seccomp.profile", "/x" },
	{ "lxc.selinux.context", "x:y:z" },
	{ "lxc.selinux.context.keyring", "a" },
	{ "lxc.signal.halt", "SIGPWR" },
	{ "lxc.signal.halt", "sigrtmin+3" },
	{ "lxc.signal.halt", "PWR" },
	{ "lxc.signal.halt", "99", .why = "there is no signal 99" },
	{ "lxc.signal.reboot", "2" },
	{ "lxc.signal.stop", "9" },
	{ "lxc.start.auto", "1" },
	{ "lxc.start.auto", "yes" },
	{ "lxc.start.delay", "5" },
	{ "lxc.start.delay", "-5" },
	{ "lxc.start.order", "-5" },
	{ "lxc.tty.dir", "lxc" },
	{ "lxc.tty.max", "4", .why = NOT_CLEARED },
	{ "lxc.tty.max", "", "lxc.tty.max", "4" },
	{ "lxc.uts.name", "abc" },
	{ "lxc.uts.name", "", "lxc.uts.name", "abc" },
	{ "lxc.uts.name", "two", "lxc.uts.name", "one" },
	{ "lxc.uts.name", "\"q\"" },
	{ "lxc.uts.name", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg" },
	{ "lxc.sysctl.kernel.msgmax", "7", "lxc.sysctl.kernel.msgmax", "6" },
	{ "lxc.sysctl", "1" },
	{ "lxc.proc.oom_score_adj", "10", .why = "LXC writes no line break behind it" },
	{ "lxc.nope", "1" },
	{ "lxc.utsname", "old", .why = "historic names are understood" },
	{ "lxc.net", "x" },
	{ "lxc.net.0.type", "veth", .why = "without a type there is no device to ask; "
	  NULL_TEXT },
	{ "lxc.net.0.type", "bogus",
	  .why = "refused by both, but LXC then has a device without a type" },
	{ "lxc.net.00.type", "veth", .why = "saved as lxc.net.0.type, as it is called" },
	{ "lxc.net.0.type", "macvlan", "lxc.net.0.type", "veth", .why = "without a type there is no "
	  "device to ask; " NULL_TEXT },
	{ "lxc.net.0.link", "br0", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.link", "a-name-that-is-too-long", "lxc.net.0.type", "veth",
	  .why = "LXC cuts or fails later; the kernel has 15 bytes" },
	{ "lxc.net.0.flags", "down", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.name", "eth7", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.hwaddr", "00:16:3e:01:02:03", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.hwaddr", "zz", "lxc.net.0.type", "veth", .why = "not an address" },
	{ "lxc.net.0.mtu", "1400", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.l2proxy", "1", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.script.up", "/x y", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.address", "10.0.3.5/24", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.address", "10.0.3.7", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.address", "10.0.3.6/24 10.0.3.255", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.address", "1.2.3", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.address", "1.2.3.4/33", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv4.gateway", "auto", "lxc.net.0.type", "veth", .why = NOT_CLEARED },
	{ "lxc.net.0.ipv4.gateway", "dev", "lxc.net.0.type", "veth", .why = NOT_CLEARED },
	{ "lxc.net.0.ipv6.address", "fd00::1", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipv6.gateway", "fd00::ff", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.pair", "vethx", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.mode", "router", "lxc.net.0.type", "veth", .why = INVALID },
	{ "lxc.net.0.veth.ipv4.route", "10.1.0.0/16", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.vlan.id", "5", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.vlan.id", "4095", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.veth.vlan.tagged.id", "7", "lxc.net.0.veth.vlan.tagged.id", "6" },
	{ "lxc.net.0.veth.vlan.tagged.id", "7", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.macvlan.mode", "bridge", "lxc.net.0.type", "macvlan", .why = INVALID },
	{ "lxc.net.0.macvlan.mode", "bridge", "lxc.net.0.type", "veth" },
	{ "lxc.net.0.ipvlan.mode", "l3s", "lxc.net.0.type", "ipvlan", .why = INVALID },
	{ "lxc.net.0.vlan.id", "5", "lxc.net.0.type", "vlan" },
	{ "lxc.net.0.bogus", "1", "lxc.net.0.type", "veth" },
	{ "lxc.net.0", "", "lxc.net.0.type", "veth" },
	{ "lxc.net", "", "lxc.net.0.type", "veth" },
};

/* --- both sides ------------------------------------------------------------------------- */

static void say_get(struct str *out, const char *key, int length, const char *text)
{
	str_addf(out, "get %s: %d %s\n", key, length < 0 ? -1 : length, length > 0 ? text : "");
}

static void ask_lxc(size_t i, struct str *out)
{
	struct lxc_container *c = lxc_new("x", folder);
	set_item *set = member(c, SET);
	get_item *get = member(c, GET);
	char text[4096] = "", path[128];
	autostr saved = { 0 };
	FILE *f;

	if (cases[i].before_key)
		str_addf(out, "before: %d\n", set(c, cases[i].before_key, cases[i].before));
	str_addf(out, "set: %d\n", set(c, cases[i].key, cases[i].value));
	say_get(out, cases[i].key, get(c, cases[i].key, text, sizeof(text)), text);
	snprintf(path, sizeof(path), "%s/saved", folder);
	((save *)member(c, SAVE))(c, path);
	f = fopen(path, "r");
	for (int ch; f && (ch = fgetc(f)) != EOF;)
		str_addf(&saved, "%c", ch);
	if (f)
		fclose(f);
	unlink(path);
	str_addf(out, "saved: %s", str_text(&saved));
	str_addf(out, "clear: %d\n", ((clear_item *)member(c, CLEAR))(c, cases[i].key));
	say_get(out, cases[i].key, get(c, cases[i].key, text, sizeof(text)), text);
	lxc_put(c);
}

static void get_ward(const struct lxc_config *c, const char *key, struct str *out)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	int ret = lxc_conf_get(c, key, &text, &e);

	say_get(out, key, ret < 0 ? -1 : (int)text.len, str_text(&text));
}

static void ask_ward(size_t i, struct str *out)
{
	struct err e = ERR_NONE;
	autolxc c = { 0 };

	if (cases[i].before_key)
		str_addf(out, "before: %d\n",
			 lxc_conf_set(&c, cases[i].before_key, cases[i].before, "t", &e) == 0);
	str_addf(out, "set: %d\n", lxc_conf_set(&c, cases[i].key, cases[i].value, "t", &e) == 0);
	get_ward(&c, cases[i].key, out);
	str_addf(out, "saved: %s", str_text(&c.text));
	str_addf(out, "clear: %d\n", lxc_conf_clear(&c, cases[i].key, &e) == 0);
	get_ward(&c, cases[i].key, out);
}

static void show(const char *who, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (*line)
			printf("#   %s %s\n", who, line);
}

static bool one_case(size_t i)
{
	autostr lxc = { 0 }, ward = { 0 };
	bool same;

	ask_lxc(i, &lxc);
	ask_ward(i, &ward);
	same = !strcmp(str_text(&lxc), str_text(&ward));
	printf("%s %zu - %s = %s%s%s\n", same == !cases[i].why ? "ok" : "not ok", i + 1,
	       cases[i].key, cases[i].value, cases[i].why ? ": differs: " : "",
	       cases[i].why ? cases[i].why : "");
	if (same != !cases[i].why) {
		show("lxc ", lxc.text);
		show("ward", ward.text);
	}
	return same == !cases[i].why;
}

int main(void)
{
	void *library = dlopen("liblxc.so.1", RTLD_NOW);
	char path[64];
	size_t bad = 0;

	if (!library) {
		printf("1..0 # SKIP there is no liblxc.so.1 to compare with\n");
		return 0;
	}
	*(void **)&lxc_new = dlsym(library, "lxc_container_new");
	*(void **)&lxc_put = dlsym(library, "lxc_container_put");
	walls_init();
	if (!lxc_new || !lxc_put || !mkdtemp(folder))
		return 1;
	/* Where the container has a directory, its configuration can be saved. */
	snprintf(path, sizeof(path), "%s/x", folder);
	mkdir(path, 0700);
	printf("1..%zu\n", ARRAY_SIZE(cases));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		bad += !one_case(i);
	rmdir(path);
	rmdir(folder);
	return bad ? 1 : 0;
}
