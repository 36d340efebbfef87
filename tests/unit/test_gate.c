/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gates: every row opens, belongs together, and takes the arguments it says. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "front/gate.h"
#include "front/profile.h"
#include "spec/key.h"
#include "tap.h"
#include "wall/wall.h"

static struct err e;

static void start(struct spec *s, const char *profile)
{
	spec_init(s);
	if (profile_apply(s, profile, "default", &e) < 0)
		printf("# %s\n", e.text);
}

static int open_gate(struct spec *s, const char *gate)
{
	e = ERR_NONE;
	return gate_open(s, gate, "t.conf:1", &e);
}

static bool has(const struct spec *s, const char *key, const char *part)
{
	autostr got = { 0 };

	key_get(s, key_find(key, NULL), &got);
	return strstr(str_text(&got), part) != NULL;
}

/* An argument that each kind accepts. */
static const char *sample(const char *kind)
{
	static const char *const samples[][2] = {
		{ "port", "80" },	     { "path", "/run/x.sock" }, { "device", "/dev/null" },
		{ "capability", "net_raw" }, { "syscall", "ptrace" },	{ "filesystem", "tmpfs" },
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (!strcmp(samples[i][0], kind))
			return samples[i][1];
	return "?";
}

/* What the walls say of a profile with the gate open; devices that this host lacks are not the
 * gate's fault. */
static void check_walls(const char *profile, const char *gate)
{
	static const struct host host = { .privileged = true, .landlock_abi = 7,
					  .cgroup_usable = true };
	struct stat st;
	autospec s;

	start(&s, profile);
	if (!ok(open_gate(&s, gate) == 0, "%s: gate %s opens", profile, gate))
		printf("#   %s\n", e.text);
	for (size_t i = 0; i < s.dev.nodes.n; i++) {
		if (stat(s.dev.nodes.item[i], &st) == 0)
			continue;
		skip("  and the walls agree", s.dev.nodes.item[i]);
		return;
	}
	key_set(&s, "rootfs.path", "/srv", "test", &e);
	e = ERR_NONE;
	if (!ok(walls_check(&s, &host, &e) == 0, "  and the walls agree"))
		printf("#   %s\n", e.text);
}

static void test_every_gate(void)
{
	autogates all = { 0 };

	ok(gates_load(&all, &e) == 0 && all.n >= 20, "the table is read");
	for (size_t i = 0; i < all.n; i++) {
		const struct gate *g = &all.item[i];
		char written[64];

		snprintf(written, sizeof(written), "%s%s%s", g->name, g->arg ? ":" : "",
			 g->arg ? sample(g->arg) : "");
		ok(g->doc && *g->doc && g->cost && *g->cost, "%s says what it is for and what it costs",
		   g->name);
		check_walls("app", written);
		check_walls("system", written);
	}
}

static void test_together(void)
{
	autospec s;

	start(&s, "app");
	open_gate(&s, "tun");
	ok(has(&s, "dev.node", "/dev/net/tun"), "tun shows the device");
	ok(has(&s, "caps.bounding", "net_admin"), "tun gives the capability");
	ok(has(&s, "caps.ambient", "net_admin"), "also across execve, to who is not root");
	is_str(key_origin(&s, "dev.node"), "gate tun (t.conf:1)",
	       "the origin names gate and place");
	ok(list_has(&s.gates, "tun"), "the gate is remembered");
	is_int(open_gate(&s, "tun"), 0, "opening it again is no error");
	is_int(s.dev.nodes.n, 1, "and changes nothing");

	spec_free(&s);
	start(&s, "app");
	open_gate(&s, "fuse");
	ok(has(&s, "dev.node", "/dev/fuse") && has(&s, "caps.ambient", "sys_admin") &&
		   has(&s, "seccomp.allow", "mount") && !s.landlock,
	   "fuse opens device, capability, system call, and takes Landlock down");
	ok(!s.cgroup.delegate && s.ns[NS_USER].how == NS_NEW, "and nothing else (the control)");

	spec_free(&s);
	start(&s, "system");
	open_gate(&s, "firewall");
	ok(has(&s, "seccomp.netlink", "netfilter"), "firewall opens the netlink protocol");
	open_gate(&s, "nesting");
	ok(!has(&s, "ucount.max_user_namespaces", "0\n") && s.ucount[0] == 64,
	   "nesting lifts the count of user namespaces");
	is_int(s.proc.mask.n, 0, "nesting unmasks /proc, or a fresh procfs could not be mounted");
}

static void test_arguments(void)
{
	static const struct {
		const char *gate, *says;
	} bad[] = {
		{ "tun:x", "takes no argument" },
		{ "port", "port:N" },
		{ "port:", "port:N" },
		{ "port:0", "1 to 65535" },
		{ "port:65536", "1 to 65535" },
		{ "port:080x", "1 to 65535" },
		{ "port:-1", "1 to 65535" },
		{ "device:kvm", "below /dev" },
		{ "device:/etc/passwd", "below /dev" },
		{ "device:/dev/../etc/passwd", "below /dev" },
		{ "device:/dev/", "below /dev" },
		{ "bind:etc", "absolute" },
		{ "bind:/a:/b", "absolute" },
		{ "bind:/a/..", "absolute" },
		{ "cap:NET RAW", "lower case" },
		{ "cap:net_rew", "net_rew" },
		{ "syscall:a b", "system call" },
		{ "mount:ext4", "on the host" },
		{ "mount:", "mount:TYPE" },
		{ "tunn", "'tun'" },
		{ "nothing-like-it", "ward help gates" },
		{ "", "missing" },
		{ "tun\t", "missing" },
		{ "[tun]", "no gate" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		autospec s;

		start(&s, "app");
		if (!ok(open_gate(&s, bad[i].gate) < 0 && strstr(e.text, bad[i].says) &&
			str_starts(e.text, i == 15 ? "" : "t.conf:1"), "'%s' is refused", bad[i].gate))
			printf("#   got '%s'\n", e.text);
		ok(!s.gates.n, "  and not remembered");
	}
}

static void test_usage(void)
{
	autogates all = { 0 };

	gates_load(&all, &e);
	for (size_t i = 0; i < all.n; i++) {
		autostr usage = { 0 };

		gate_usage(&all.item[i], &usage);
		ok(!strchr(str_text(&usage), ':') == !all.item[i].arg, "%s shows whether it takes one",
		   str_text(&usage));
	}
}

int main(void)
{
	walls_init();
	test_every_gate();
	test_together();
	test_arguments();
	test_usage();
	return done();
}
