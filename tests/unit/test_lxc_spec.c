/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From LXC's configuration to a specification: what each key becomes, and what silence means. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "front/conf.h"
#include "front/lxc_spec.h"
#include "front/profile.h"
#include "spec/key.h"
#include "tap.h"
#include "wall/wall.h"

static const struct lxc_host v2 = { .unified = true }, v1 = { 0 };
static struct err e;

static int translate(const char *text, enum lxc_silence silence, const struct lxc_host *host,
		     struct spec *s, struct lxc_notes *notes)
{
	autolxc c = { 0 };
	int ret;

	e = ERR_NONE;
	spec_init(s);
	ret = lxc_conf_parse(&c, text, strlen(text), "c", &e);
	return ret < 0 ? ret : lxc_to_spec(&c, silence, host, s, notes, &e);
}

/* "net.0.mtu" is a row of many. */
static void value_of(const struct spec *s, const char *name, struct str *out)
{
	const struct key *k = key_find(name, NULL);

	if (k->items)
		key_get_numbered(s, k, (uint32_t)atoi(name + strcspn(name, "0123456789")), out);
	else
		key_get(s, k, out);
}

/* --- one line, one key ------------------------------------------------------------------- */

static const struct {
	const char *text, *key, *want;
} rows[] = {
	{ "lxc.uts.name = c1\n", "uts.name", "c1" },
	{ "lxc.arch = i686\n", "seccomp.foreign_abi", "true" },
	{ "lxc.arch = x86_64\n", "seccomp.foreign_abi", "false" },
	{ "lxc.init.cmd = /bin/x  a 'b \"c' \"\" d\"e f\"\n", "process.args", "/bin/x\na\nb \"c\n\"\"\nde f" },
	{ "lxc.init.uid = 5\n", "process.user", "5:0" },
	{ "lxc.init.uid = 5\nlxc.init.gid = 6\n", "process.user", "5:6" },
	{ "lxc.init.cwd = /srv\n", "process.cwd", "/srv" },
	{ "lxc.environment = A=b\\c\n", "process.env",
	  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\ncontainer=ward\nA=b\\\\c" },
	{ "lxc.signal.halt = SIGUSR1\n", "stop.signal", "USR1" },
	{ "lxc.signal.halt = 0\n", "stop.signal", "RTMIN+3" },
	{ "lxc.no_new_privs = 0\n", "no_new_privs", "false" },
	{ "lxc.no_new_privs = 1\n", "no_new_privs", "true" },
	{ "lxc.keyring.session = 0\n", "keyring", "false" },
	{ "lxc.prlimit.nofile = 10:20\n", "rlimit.nofile", "10:20" },
	{ "lxc.prlimit.7 = 10:20\n", "rlimit.nofile", "10:20" },
	{ "lxc.prlimit.core = unlimited\n", "rlimit.core", "max:max" },
	{ "lxc.prlimit.core = 5:unlimited\n", "rlimit.core", "5:max" },
	{ "lxc.proc.oom_score_adj = -5\n", "process.oom_score_adj", "-5" },
	{ "lxc.sysctl.net.ipv4.ip_forward = 1\n", "sysctl", "net.ipv4.ip_forward=1" },
	{ "lxc.cap.keep = none\n", "caps.bounding", "none" },
	{ "lxc.cap.keep = chown\nlxc.cap.keep = kill\n", "caps.bounding", "chown kill" },
	{ "lxc.cap.keep = chown\n", "caps.effective", "chown" },
	{ "lxc.seccomp.profile = /x/y\n", "seccomp.lxc", "/x/y" },
	{ "lxc.console.path = none\n", "process.terminal", "false" },
	{ "lxc.uts.name = x\n", "process.terminal", "true" },
	{ "lxc.pty.max = 100\nlxc.tty.max = 4\n", "dev.pts_max", "104" },
	{ "lxc.tty.max = 4\n", "dev.pts_max", "256" },
	{ "lxc.time.offset.boot = -2 h\n", "time.boottime", "-7200" },
	{ "lxc.time.offset.monotonic = 3000ms\n", "time.monotonic", "3" },
	{ "lxc.namespace.clone = net uts\n", "ns.ipc", "host" },
	{ "lxc.namespace.clone = net uts\n", "ns.net", "new" },
	{ "lxc.namespace.clone = net uts\n", "ns.user", "new" },
	{ "lxc.namespace.keep = ipc\n", "ns.ipc", "host" },
	{ "lxc.namespace.keep = ipc\n", "ns.net", "new" },
	{ "lxc.namespace.share.net = /run/netns/x\n", "ns.net", "/run/netns/x" },
	{ "lxc.namespace.share.pid = 1\n", "ns.pid", "/proc/1/ns/pid" },
	{ "lxc.idmap = u 0 100000 65536\nlxc.idmap = u 65536 7 1\n", "idmap.uid", "0 100000 65536\n65536 7 1" },
	{ "lxc.idmap = u 0 100000 65536\n", "rootfs.idmap", "false" },
	{ "lxc.idmap = u 0 100000 65536\nlxc.rootfs.options = idmap=container\n", "rootfs.idmap", "true" },
	{ "lxc.uts.name = x\n", "rootfs.idmap", "true" },
	{ "lxc.uts.name = x\n", "ns.user", "new" },
	{ "lxc.idmap = host\n", "ns.user", "host" },
	{ "ward.privileged = 1\n", "ns.user", "host" },
	{ "ward.privileged = 1\n", "no_new_privs", "true" },
	{ "lxc.rootfs.path = dir:/a/b\n", "rootfs.path", "/a/b" },
	{ "lxc.rootfs.path = /a/b\n", "rootfs.type", "dir" },
	{ "lxc.rootfs.path = overlay:/l1:/l2:/c/overlay/delta\n", "rootfs.lower", "/l1\n/l2" },
	{ "lxc.rootfs.path = overlay:/l1:/l2:/c/overlay/delta\n", "rootfs.upper", "/c/overlay" },
	{ "lxc.rootfs.path = overlayfs:/l1:/c/delta0\n", "rootfs.upper_name", "delta0" },
	{ "lxc.rootfs.path = overlayfs:/l1:/c/delta0\n", "rootfs.type", "overlay" },
	{ "lxc.rootfs.path = /a\nlxc.rootfs.options = ro,nosuid,noexec\n", "rootfs.readonly", "true" },
	{ "lxc.rootfs.options = suid\n", "rootfs.nosuid", "false" },
	{ "lxc.mount.auto = sys:rw\n", "sys.mode", "rw" },
	{ "lxc.mount.auto = sys\n", "sys.mode", "ro" },
	{ "lxc.mount.auto = proc\n", "proc.readonly", "/proc/apm\n/proc/bus\n/proc/fs\n/proc/irq\n/proc/sys" },
	{ "lxc.mount.auto = proc:rw\n", "proc.readonly", "/proc/apm\n/proc/bus\n/proc/fs\n/proc/irq" },
	{ "lxc.mount.auto = cgroup:ro:force\n", "cgroup.mode", "ro" },
	{ "lxc.cgroup2.memory.max = 1G\n", "memory.max", "1073741824" },
	{ "lxc.cgroup.memory.limit_in_bytes = 1G\n", "memory.max", "1073741824" },
	{ "lxc.cgroup.memory.limit_in_bytes = -1\n", "memory.max", "max" },
	{ "lxc.cgroup.memory.limit_in_bytes = 1G\nlxc.cgroup.memory.memsw.limit_in_bytes = 3G\n", "memory.swap", "2147483648" },
	{ "lxc.cgroup2.memory.swap.max = 5M\n", "memory.swap", "5242880" },
	{ "lxc.cgroup2.memory.high = 5M\n", "memory.high", "5242880" },
	{ "lxc.cgroup.memory.soft_limit_in_bytes = 5M\n", "memory.low", "5242880" },
	{ "lxc.cgroup.cpu.shares = 512\n", "cpu.weight", "50" },
	{ "lxc.cgroup.cpu.shares = 2\n", "cpu.weight", "1" },
	{ "lxc.cgroup2.cpu.weight = 77\n", "cpu.weight", "77" },
	{ "lxc.cgroup.cpu.cfs_quota_us = 50000\n", "cpu.max", "50000 100000" },
	{ "lxc.cgroup.cpu.cfs_period_us = 200000\nlxc.cgroup.cpu.cfs_quota_us = 50000\n", "cpu.max", "50000 200000" },
	{ "lxc.cgroup2.cpu.max = 50000\n", "cpu.max", "50000 100000" },
	{ "lxc.cgroup2.cpu.max = 50000 80000\n", "cpu.max", "50000 80000" },
	{ "lxc.cgroup.cpuset.cpus = 0-1\n", "cpuset.cpus", "0-1" },
	{ "lxc.cgroup2.pids.max = 50\n", "pids.max", "50" },
	{ "lxc.cgroup.blkio.weight = 250\n", "io.weight", "50" },
	{ "lxc.cgroup2.io.weight = default 30\n", "io.weight", "30" },
	{ "lxc.cgroup.blkio.throttle.write_bps_device = 8:0 1048576\n", "io.max", "8:0 wbps=1048576" },
	{ "lxc.cgroup2.io.max = 8:0 rbps=5\n", "io.max", "8:0 rbps=5" },
	{ "lxc.cgroup2.hugetlb.2MB.max = 4M\n", "hugetlb.max", "2MB=4M" },
	{ "lxc.cgroup.hugetlb.2MB.limit_in_bytes = 4M\n", "hugetlb.max", "2MB=4M" },
	{ "lxc.cgroup2.misc.max = x 5\n", "cgroup.raw", "v2 misc.max x 5" },
	{ "lxc.cgroup2.devices.deny = a\nlxc.cgroup2.devices.allow = c 1:3 rwm\n", "device.rule", "c 1:3 rwm" },
	{ "lxc.cgroup2.devices.allow = a\n", "device.rule", "a *:* rwm" },
	{ "lxc.cgroup2.devices.allow = a\nlxc.cgroup2.devices.deny = c 1:3 rwm\n", "device.rule",
	  "c 1:3 rw\nc 1:5 rw\nc 1:7 rw\nc 1:8 rw\nc 1:9 rw\nc 5:0 rw\nc 5:2 rw\nc 136:* rw" },
	{ "lxc.cgroup2.devices.allow = a\nlxc.cgroup2.devices.deny = a\n", "device.rule", "" },
	{ "lxc.cgroup2.devices.deny = a\nlxc.cgroup2.devices.deny =\n", "device.rule",
	  "c 1:3 rw\nc 1:5 rw\nc 1:7 rw\nc 1:8 rw\nc 1:9 rw\nc 5:0 rw\nc 5:2 rw\nc 136:* rw" },
	{ "lxc.cgroup.dir = lxc\n", "cgroup.parent", "lxc" },
	{ "lxc.mount.entry = /srv/data data none bind,ro,optional,create=dir 0 0\n", "volume",
	  "/srv/data:/data:ro,nosuid,nodev,exec,bind,private,optional,idmap" },
	{ "lxc.idmap = u 0 100000 9\nlxc.mount.entry = /srv/d d none rbind,noexec,dev,suid 0 0\n", "volume",
	  "/srv/d:/d:rw,suid,dev,noexec,rbind,private,noidmap" },
	{ "lxc.idmap = u 0 100000 9\nlxc.mount.entry = /srv/d d none bind,idmap=container\n", "volume",
	  "/srv/d:/d:rw,nosuid,nodev,exec,bind,private,idmap" },
	{ "lxc.mount.entry = /sys/fs/fuse/connections sys/fs/fuse/connections none bind,optional 0 0\n", "volume",
	  "/sys/fs/fuse/connections:/sys/fs/fuse/connections:rw,nosuid,nodev,exec,bind,private,optional,noidmap" },
	{ "lxc.mount.entry = /srv/a\\040b c none bind\n", "volume",
	  "/srv/a b:/c:rw,nosuid,nodev,exec,bind,private,idmap" },
	{ "lxc.rootfs.path = /r/c1\nlxc.mount.entry = /srv/d /r/c1/x none bind\n", "volume",
	  "/srv/d:/x:rw,nosuid,nodev,exec,bind,private,idmap" },
	{ "lxc.mount.entry = /srv/d /var/lib/lxc/c1/rootfs/x none bind\n", "volume",
	  "/srv/d:/x:rw,nosuid,nodev,exec,bind,private,idmap" },
	{ "lxc.mount.entry = tmpfs tmp tmpfs size=5M,nr_inodes=77,mode=1777,noexec 0 0\n", "tmpfs",
	  "/run:rw,nosuid,nodev,noexec,size=67108864,inodes=16384,mode=755\n"
	  "/tmp:rw,nosuid,nodev,noexec,size=5242880,inodes=77,mode=1777" },
	{ "lxc.mount.entry = /dev/null dev/null none bind,create=file 0 0\n", "dev.node", "/dev/null" },
	{ "lxc.mount.entry = /dev/nothing-here dev/nothing-here none bind,optional 0 0\n", "dev.node", "" },
	{ "lxc.mount.entry = /dev/nothing-here dev/nothing-here none bind,optional 0 0\n", "volume", "" },
	{ "lxc.mount.entry = /run/x run/x none bind 0 0\n", "spec.gates", "bind:/run/x" },
	{ "lxc.mount.entry = /srv/x x none bind 0 0\n", "spec.gates", "" },
	{ "lxc.mount.entry = proc proc proc ro 0 0\n", "proc.mode", "ro" },
	{ "lxc.mount.entry = sysfs sys sysfs defaults 0 0\n", "sys.mode", "rw" },
	{ "lxc.net.0.type = veth\nlxc.net.0.link = br0\n", "net.0.link", "br0" },
	{ "lxc.net.0.type = veth\n", "net.0.up", "false" },
	{ "lxc.net.0.type = veth\nlxc.net.0.flags = up\n", "net.0.up", "true" },
	{ "lxc.net.2.type = macvlan\nlxc.net.2.macvlan.mode = bridge\n", "net.2.macvlan.mode", "bridge" },
	{ "lxc.net.0.type = veth\nlxc.net.0.veth.vlan.id = none\n", "net.0.veth.vlan.id", "none" },
	{ "lxc.net.0.type = veth\nlxc.net.0.ipv4.address = 10.0.3.5/24 10.0.3.255\n", "net.0.ipv4.address",
	  "10.0.3.5/24 10.0.3.255" },
	{ "lxc.net.0.type = none\n", "ns.net", "host" },
	{ "ward.memory.max = 5M\nlxc.cgroup2.memory.max = 1G\n", "memory.max", "5242880" },
	{ "ward.allow = nesting\n", "spec.gates", "nesting" },
};

static void test_rows(void)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autonotes notes = { 0 };
		autostr have = { 0 };
		autospec s;
		int ret = translate(rows[i].text, LXC_SECURE, &v2, &s, &notes);

		if (ret == 0)
			value_of(&s, rows[i].key, &have);
		if (ret == 0 && !strcmp(str_text(&have), rows[i].want))
			continue;
		bad++;
		printf("# %s# %s is [%s], not [%s]; %s\n", rows[i].text, rows[i].key,
		       str_text(&have), rows[i].want, e.text);
	}
	ok(bad == 0, "%zu translations", ARRAY_SIZE(rows));
}

/* --- silence ----------------------------------------------------------------------------- */

static void test_silence(void)
{
	static const struct {
		const char *key, *secure, *lxc;
	} silent[] = {
		{ "ns.user", "new", "host" },
		{ "seccomp.policy", "system", "none" },
		{ "no_new_privs", "true", "false" },
		{ "memory.max", "2147483648", "max" },
		{ "pids.max", "2048", "max" },
		{ "proc.mode", "rw", "none" },
		{ "rootfs.nosuid", "true", "false" },
		{ "device.rule",
		  "c 1:3 rw\nc 1:5 rw\nc 1:7 rw\nc 1:8 rw\nc 1:9 rw\nc 5:0 rw\nc 5:2 rw\nc 136:* rw",
		  "a *:* rwm" },
		{ "caps.bounding", NULL, "all" },
	};
	autonotes a = { 0 }, b = { 0 };
	autospec secure, lxc;
	size_t bad = 0;

	ok(translate("lxc.uts.name = x\n", LXC_SECURE, &v2, &secure, &a) == 0 &&
		   translate("lxc.uts.name = x\n", LXC_LETTER, &v2, &lxc, &b) == 0,
	   "the same file in both senses (%s)", e.text);
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		autostr x = { 0 }, y = { 0 };

		value_of(&secure, silent[i].key, &x);
		value_of(&lxc, silent[i].key, &y);
		if ((!silent[i].secure || !strcmp(str_text(&x), silent[i].secure)) &&
		    strcmp(str_text(&x), str_text(&y)) && !strcmp(str_text(&y), silent[i].lxc))
			continue;
		printf("# %s: secure [%s], lxc [%s]\n", silent[i].key, str_text(&x), str_text(&y));
		bad++;
	}
	ok(bad == 0, "what is not said is ward's, or LXC's");
	ok(!a.n && !b.n, "and nothing is lost");
}

static void test_silence_of(void)
{
	char path[] = "/tmp/ward-test-silence-XXXXXX";
	int fd = mkstemp(path);
	enum lxc_silence what;
	autolxc c = { 0 }, own = { 0 };

	e = ERR_NONE;
	lxc_conf_parse(&own, "ward.silence = secure\n", 22, "c", &e);
	ok(lxc_silence_of(&c, "/nowhere/ward.conf", LXC_LETTER, &what, &e) == 0 &&
		   what == LXC_LETTER,
	   "nobody says it");
	ok(write(fd, "# x\nward.silence = lxc\n", 23) == 23 &&
		   lxc_silence_of(&c, path, LXC_SECURE, &what, &e) == 0 && what == LXC_LETTER,
	   "the machine says it");
	ok(lxc_silence_of(&own, path, LXC_LETTER, &what, &e) == 0 && what == LXC_SECURE,
	   "the container says it");
	ok(pwrite(fd, "ward.silence = loud \n#", 22, 0) == 22 &&
		   lxc_silence_of(&c, path, LXC_SECURE, &what, &e) == -EINVAL &&
		   strstr(e.text, ":1: ward.silence"),
	   "a wrong word (%s)", e.text);
	close(fd);
	unlink(path);
}

/* --- stated keys, layouts ----------------------------------------------------------------- */

static bool key_is(const struct spec *s, const char *name, const char *want)
{
	autostr have = { 0 };

	value_of(s, name, &have);
	if (!strcmp(str_text(&have), want))
		return true;
	printf("# %s is [%s], not [%s]\n", name, str_text(&have), want);
	return false;
}

static void test_layouts(void)
{
	static const char both[] =
		"lxc.cgroup.memory.limit_in_bytes = 1M\nlxc.cgroup2.memory.max = 2M\n"
		"lxc.cgroup.devices.deny = a\nlxc.cgroup.devices.allow = c 1:3 rw\n"
		"lxc.cgroup2.devices.deny = a\nlxc.cgroup2.devices.allow = c 1:5 rw\n";
	autonotes notes = { 0 };
	autospec a, b, c, d;

	ok(translate(both, LXC_SECURE, &v2, &a, &notes) == 0 &&
		   key_is(&a, "memory.max", "2097152") && key_is(&a, "device.rule", "c 1:5 rw"),
	   "of two layouts, that of the machine counts: v2");
	ok(translate(both, LXC_SECURE, &v1, &b, &notes) == 0 &&
		   key_is(&b, "memory.max", "1048576") && key_is(&b, "device.rule", "c 1:3 rw"),
	   "v1");
	ok(translate("lxc.cgroup.memory.swappiness = 5\n", LXC_SECURE, &v1, &c, &notes) == 0 &&
		   key_is(&c, "cgroup.raw", "v1 memory.swappiness 5") && !notes.n,
	   "a file without a key is written as it stands");
	ok(translate("lxc.cgroup.memory.swappiness = 5\n", LXC_SECURE, &v2, &d, &notes) == 0 &&
		   key_is(&d, "cgroup.raw", "") && notes.n == 1 && notes.item[0].lost,
	   "unless the machine has no such layout: then it is said");
}

static void test_stated(void)
{
	autonotes notes = { 0 };
	autospec s, t, u;

	ok(translate("lxc.cgroup2.devices.allow = a\nlxc.cgroup2.devices.deny = c 1:3 rwm\n",
		     LXC_LETTER, &v2, &u, &notes) == -EINVAL,
	   "in LXC's sense, what would leave all devices open is an error");
	ok(translate(
		   "lxc.idmap = u 0 100000 65536\nlxc.cap.drop = sys_admin\nlxc.mount.auto = proc sys:rw\n",
		   LXC_LETTER, &v2, &s, &notes) == 0 &&
		   key_is(&s, "ns.user", "new") && key_is(&s, "sys.mode", "rw") &&
		   key_is(&s, "proc.readonly", "/proc/sys\n/proc/sysrq-trigger") &&
		   !strstr(key_origin(&s, "idmap.uid"), "profile"),
	   "what is stated counts in LXC's sense too (%s)", e.text);
	ok(translate("lxc.cap.drop = net_raw\nlxc.cap.drop =\n", LXC_SECURE, &v2, &t, &notes) ==
			   0 &&
		   strstr(key_origin(&t, "caps.drop"), "built-in"),
	   "an empty value is silence again");
	ok(!strcmp(key_origin(&s, "sys.mode"), "c:3"), "keys know the line that set them");
}

/* --- what cannot be had ------------------------------------------------------------------- */

static void test_notes(void)
{
	static const struct {
		const char *text;
		bool lost;
		const char *says;
	} noted[] = {
		{ "lxc.start.auto = 1\n", false, "lxc-autostart" },
		{ "lxc.ephemeral = 1\n", false, "lxc-start" },
		{ "lxc.hook.clone = /x\n", false, "lxc-copy" },
		{ "lxc.autodev = 0\n", true, "/dev of its own" },
		{ "lxc.tty.max = 4\n", false, "console" },
		{ "lxc.sched.core = 1\n", true, "core scheduling" },
		{ "lxc.apparmor.profile = generated\n", false, "not switched on" },
		{ "lxc.apparmor.allow_nesting = 1\n", false, "ward.allow = nesting" },
		{ "lxc.selinux.context = a:b\n", true, "not switched on" },
		{ "lxc.seccomp.notify.proxy = unix:/x\n", true, "another process" },
		{ "lxc.mount.entry = /srv/x /elsewhere none bind\n", true, "not below" },
		{ "lxc.mount.entry = /dev/sda1 mnt ext4 ro\n", true, "ext4" },
		{ "lxc.mount.entry = x y none bind,relative\n", true, "link" },
		{ "lxc.mount.entry = /srv/a:b y none bind\n", true, "':'" },
		{ "lxc.mount.entry = /srv/a y none bind,uid=5\n", true, "'uid=5'" },
		{ "lxc.rootfs.options = noatime\n", true, "'noatime'" },
		{ "lxc.mount.auto = shmounts:/x\n", true, "shared directory" },
		{ "lxc.idmap = host\n", true, "root of the host" },
		{ "lxc.cgroup2.devices.deny = c 1:3 rw\n", true, "denied" },
		{ "lxc.time.offset.boot = 5ms\n", true, "whole seconds" },
		{ "lxc.init.groups = 5\n", true, "supplementary" },
		{ "lxc.monitor.signal.pdeath = SIGTERM\n", true, "monitor" },
	};
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(noted); i++) {
		autonotes notes = { 0 };
		autospec s;
		int ret = translate(noted[i].text, LXC_SECURE, &v2, &s, &notes);

		if (ret == 0 && notes.n == 1 && notes.item[0].lost == noted[i].lost &&
		    strstr(notes.item[0].text, noted[i].says) && !strcmp(notes.item[0].where, "c:1"))
			continue;
		printf("# %s# %d, %zu notes, %s; %s\n", noted[i].text, ret, notes.n,
		       notes.n ? notes.item[0].text : "", e.text);
		bad++;
	}
	ok(bad == 0, "%zu lines that are not in a specification are noted", ARRAY_SIZE(noted));
}

static void test_errors(void)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "lxc.prlimit.bogus = 1\n", "c:1: lxc.prlimit.bogus: there is no such limit" },
		{ "lxc.rootfs.path = loop:/x\n", "c:1: lxc.rootfs.path: 'loop:/x'" },
		{ "lxc.rootfs.path = overlay:/x\n", "c:1: lxc.rootfs.path: 'overlay:/x' is not" },
		{ "lxc.init.cmd = /bin/x 'y\n", "c:1: lxc.init.cmd: a quote" },
		{ "lxc.namespace.share.net = other\n", "c:1: lxc.namespace.share.net: 'other'" },
		{ "lxc.mount.entry = /a b none\n", "c:1: lxc.mount.entry: '/a b none' is not" },
		{ "lxc.cgroup2.memory.max = lots\n", "c:1: memory.max: 'lots' is not a size" },
		{ "lxc.cgroup2.cgroup.procs = 1\n", "c:1: cgroup.raw: cgroup.procs is no limit" },
		{ "lxc.cgroup2.../x.y = 1\n", "c:1: cgroup.raw: " },
		{ "lxc.mount.fstab = /nowhere/fstab\n", "c:1: lxc.mount.fstab: read /nowhere/fstab" },
		{ "ward.nonsense = 1\n", "c:1: unknown key 'nonsense'" },
		{ "ward.spec.name = 1\n", "c:1: ward.spec.name is not for setting" },
		{ "ward.allow = everything\n", "c:1: " },
	};
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autonotes notes = { 0 };
		autospec s;

		if (translate(wrong[i].text, LXC_SECURE, &v2, &s, &notes) < 0 &&
		    str_starts(e.text, wrong[i].says))
			continue;
		printf("# %s# %s\n", wrong[i].text, e.text);
		bad++;
	}
	ok(bad == 0, "%zu wrong lines are errors that say where", ARRAY_SIZE(wrong));
}

/* What the manual shows, lxc.container.conf(5): several devices, maps, cgroups, mounts. */
static void test_examples(void)
{
	static const char network[] =
		"lxc.uts.name = complex\nlxc.net.0.type = veth\nlxc.net.0.flags = up\n"
		"lxc.net.0.link = br0\nlxc.net.0.hwaddr = 4a:49:43:49:79:bf\n"
		"lxc.net.0.ipv4.address = 10.2.3.5/24 10.2.3.255\n"
		"lxc.net.0.ipv6.address = 2003:db8:1:0:214:1234:fe0b:3597\n"
		"lxc.net.1.type = macvlan\nlxc.net.1.flags = up\nlxc.net.1.link = eth0\n"
		"lxc.net.1.hwaddr = 4a:49:43:49:79:bd\nlxc.net.2.type = phys\n"
		"lxc.net.2.flags = up\nlxc.net.2.link = dummy0\nlxc.net.2.hwaddr = 4a:49:43:49:79:ff\n";
	static const char rest[] =
		"lxc.idmap = u 0 100000 10000\nlxc.idmap = g 0 100000 10000\n"
		"lxc.cgroup.cpuset.cpus = 0,1\nlxc.cgroup.cpu.shares = 1234\n"
		"lxc.cgroup.devices.deny = a\nlxc.cgroup.devices.allow = c 1:3 rw\n"
		"lxc.cgroup.devices.allow = b 8:0 rw\nlxc.rootfs.path = dir:/mnt/rootfs.complex\n"
		"lxc.rootfs.options = idmap=container\nlxc.mount.entry = /lib lib none ro,bind 0 0\n"
		"lxc.cap.drop = sys_module mknod setuid net_raw\nlxc.cap.drop = mac_override\n";
	autonotes a = { 0 }, b = { 0 };
	autospec s, t;

	ok(translate(network, LXC_SECURE, &v1, &s, &a) == 0 && !a.n && s.net.devices.n == 3 &&
		   key_is(&s, "net.2.link", "dummy0") && key_is(&s, "net.1.type", "macvlan"),
	   "the manual's network (%s)", e.text);
	ok(translate(rest, LXC_SECURE, &v1, &t, &b) == 0 && !b.n &&
		   key_is(&t, "cpuset.cpus", "0-1") && key_is(&t, "cpu.weight", "120") &&
		   key_is(&t, "device.rule", "c 1:3 rw\nb 8:0 rw") &&
		   key_is(&t, "rootfs.idmap", "true"),
	   "its ids, limits, devices and mounts (%s)", e.text);
}

static void test_fstab(void)
{
	char path[] = "/tmp/ward-test-fstab-XXXXXX", text[128];
	static const char lines[] =
		"# comment\n\n/srv/a a none bind\n/dev/sda1 b ext4 ro\n/srv/c c none bind,ro\n";
	int fd = mkstemp(path);
	autonotes notes = { 0 };
	autospec s;

	snprintf(text, sizeof(text), "lxc.mount.fstab = %s\n", path);
	ok(write(fd, lines, sizeof(lines) - 1) > 0 &&
		   translate(text, LXC_SECURE, &v2, &s, &notes) == 0 &&
		   key_is(&s, "volume",
			  "/srv/a:/a:rw,nosuid,nodev,exec,bind,private,idmap\n"
			  "/srv/c:/c:ro,nosuid,nodev,exec,bind,private,idmap"),
	   "lxc.mount.fstab is a file of entries (%s)", e.text);
	ok(notes.n == 1 && strstr(notes.item[0].text, ":4: a file system of type ext4"),
	   "a line that cannot be had takes no other with it");
	close(fd);
	unlink(path);
}

/* --- printing ----------------------------------------------------------------------------- */

/* What is printed is read back as the same specification. */
static bool prints(const char *text, enum lxc_silence silence)
{
	autonotes notes = { 0 };
	autostr out = { 0 };
	autospec s, again;
	bool same = translate(text, silence, &v2, &s, &notes) == 0 &&
		    lxc_print(&s, &notes, &out, &e) == 0;

	spec_init(&again);
	same = same && conf_parse(&again, out.text, out.len, "printed", &e) == 0;
	for (size_t i = 0; same && i < key_count_all(); i++) {
		if (key_at(i)->items || key_equal(key_at(i), &s, &again))
			continue;
		printf("# %s\n", key_at(i)->name);
		same = false;
	}
	if (!same)
		printf("# %s# %s\n%s\n", text, e.text, str_text(&out));
	return same;
}

static void test_print(void)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		bad += !prints(rows[i].text, LXC_SECURE) +
		       (!strstr(rows[i].text, "allow = a\nlxc.cgroup2.devices.deny = c") &&
			!prints(rows[i].text, LXC_LETTER));
	ok(bad == 0, "all of it is printed as a configuration that means the same");
}

int main(void)
{
	walls_init();
	test_rows();
	test_silence();
	test_silence_of();
	test_layouts();
	test_stated();
	test_notes();
	test_errors();
	test_examples();
	test_fstab();
	test_print();
	return done();
}
