/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of the host, as far as they are data: definitions, what -p says, leases, the filter's text.
 * What the kernel makes of it: tests/net. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/config.h"
#include "net/inner.h"
#include "net/lease.h"
#include "net/network.h"
#include "tap.h"

static char top[] = "/tmp/ward-test-net-XXXXXX";
static struct store store;
static struct err e;

/* --- definitions ----------------------------------------------------------------------------- */

static void test_keys(void)
{
	static const struct {
		const char *key, *value;
		int ret;
	} rows[] = {
		{ "subnet4", "10.1.2.0/24", 0 },
		{ "subnet4", "10.1.2.254/24", 0 },
		{ "subnet4", "10.1.2.0/30", 0 },
		{ "subnet4", "none", 0 },
		{ "subnet4", "10.1.2.0/31", -EINVAL },
		{ "subnet4", "10.1.2.0/7", -EINVAL },
		{ "subnet4", "10.1.2.0", -EINVAL },
		{ "subnet4", "10.1.2.255/24", -EINVAL },
		{ "subnet4", "127.0.0.0/24", -EINVAL },
		{ "subnet4", "169.254.0.0/24", -EINVAL },
		{ "subnet4", "224.0.0.0/24", -EINVAL },
		{ "subnet4", "0.0.0.0/24", -EINVAL },
		{ "subnet6", "fd00:1::/64", 0 },
		{ "subnet6", "2001:db8::1/112", 0 },
		{ "subnet6", "fe80::/64", -EINVAL },
		{ "subnet6", "ff00::/64", -EINVAL },
		{ "subnet6", "::1/64", -EINVAL },
		{ "subnet6", "fd00::/120", -EINVAL },
		{ "bridge", "ward0", 0 },
		{ "bridge", "../x", -EINVAL },
		{ "bridge", "a-name-of-sixteen", -EINVAL },
		{ "mtu", "1280", 0 },
		{ "mtu", "0", 0 },
		{ "mtu", "1279", -EINVAL },
		{ "mtu", "65536", -EINVAL },
		{ "mac", "02:00:00:00:00:01", 0 },
		{ "mac", "01:00:00:00:00:01", -EINVAL },
		{ "mac", "02:00:00:00:00:1", -EINVAL },
		{ "mac", "02:00:00:00:00:0g", -EINVAL },
		{ "shared", "yes", 0 },
		{ "shared", "maybe", -EINVAL },
		{ "connections", "100", 0 },
		{ "connections", "-1", -EINVAL },
		{ "allow-host", "tcp:22", 0 },
		{ "allow-host", "sctp:22", -EINVAL },
		{ "allow-host", "tcp:0", -EINVAL },
		{ "allow-host", "tcp:65536", -EINVAL },
		{ "colour", "red", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct net_config c = { .nat = true };

		ok(net_config_set(&c, rows[i].key, rows[i].value, &e) == rows[i].ret, "%s=%s is %s",
		   rows[i].key, rows[i].value, rows[i].ret ? "refused" : "taken");
	}
}

static void test_round_trip(void)
{
	static const char text[] =
		"bridge=wn0\nmac=02:11:22:33:44:55\nmtu=1400\n"
		"subnet4=10.9.8.1/24\nsubnet6=fd00:9::1/64\nshared=yes\nnat=no\n"
		"rebind=no\nconnections=77\nallow-host=tcp:5432\nallow-host=udp:123\n";
	struct net_config c = { .nat = true };
	autostr out = { 0 };

	ok(net_config_parse(text, strlen(text), &c, &e) == 0, "a whole definition is read");
	net_config_write(&c, &out);
	is_str(str_text(&out), text, "and written as it was");
	c = (struct net_config){ .nat = true };
	ok(net_config_parse("bridge=x\n", 9, &c, &e) == -EINVAL,
	   "a network without addresses is refused");
	ok(net_config_parse("bridge", 6, &c, &e) == -EINVAL, "a line without = is refused");
	ok(net_config_hosts(24) == 253 && net_config_hosts(30) == 1 && net_config_hosts(16) == 4093,
	   "subnets hold the containers they hold");
	ok(net_config_check_name("-published", &e) == -EINVAL &&
		   net_config_check_name("sixteen-letters-", &e) == -EINVAL &&
		   net_config_check_name("a", &e) == 0,
	   "a network cannot have the name of one of ward's own files");
}

/* --- published ports --------------------------------------------------------------------------- */

static void test_publish(void)
{
	static const struct {
		const char *text, *host;
		unsigned from, to, count, protocol;
	} rows[] = {
		{ "8080:80", "::", 8080, 80, 1, IPPROTO_TCP },
		{ "53:5353/udp", "::", 53, 5353, 1, IPPROTO_UDP },
		{ "127.0.0.1:8080:80/tcp", "::ffff:127.0.0.1", 8080, 80, 1, IPPROTO_TCP },
		{ "0.0.0.0:1:1", "::", 1, 1, 1, IPPROTO_TCP },
		{ "[::1]:8080:80", "::1", 8080, 80, 1, IPPROTO_TCP },
		{ "[2001:db8::5]:5000-5009:6000-6009", "2001:db8::5", 5000, 6000, 10, IPPROTO_TCP },
		{ "1-256:1-256", "::", 1, 1, 256, IPPROTO_TCP },
	};
	static const char *const refused[] = {
		"", ":", "80", "80:", ":80", "0:80", "80:0", "65536:80", "80:80/sctp", "80:80/",
		"80-81:80", "81-80:81-80", "1-257:1-257", "host:80:80", "1.2.3:80:80", "::1:80:80",
		"[::1:80:80", "[fe80::1]:80:80", "[ff02::1]:80:80", "-80:80", "80:80-", " 80:80",
		"80:80 ", "+80:80",
	};
	struct publish p;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct in6_addr host;

		inet_pton(AF_INET6, rows[i].host, &host);
		ok(publish_parse(rows[i].text, &p, &e) == 0 && p.from == rows[i].from &&
			   p.to == rows[i].to && p.count == rows[i].count &&
			   p.protocol == rows[i].protocol && IN6_ARE_ADDR_EQUAL(&p.host, &host),
		   "-p %s", rows[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		ok(publish_parse(refused[i], &p, &e) == -EINVAL, "-p '%s' is refused", refused[i]);
}

/* --- leases -------------------------------------------------------------------------------------- */

static struct network network(const char *name, const char *four, uint8_t length4)
{
	struct network n = { .length4 = length4, .length6 = 64 };

	snprintf(n.name, sizeof(n.name), "%s", name);
	inet_pton(AF_INET, four, &n.address4);
	inet_pton(AF_INET6, "fd00:5::1", &n.address6);
	return n;
}

static void define(const struct network *n)
{
	struct net_config c = { .nat = true, .address4 = n->address4, .length4 = n->length4,
				.address6 = n->address6, .length6 = n->length6 };

	snprintf(c.name, sizeof(c.name), "%s", n->name);
	snprintf(c.bridge, sizeof(c.bridge), "%s", n->name);
	net_config_save(&store, &c, &e);
}

static int take(const struct network *n, const char *owner, bool kept, const char *want,
		struct lease *out)
{
	struct lease asked = { .address4.s_addr = 0 };

	e = ERR_NONE;
	if (want && strchr(want, ':'))
		inet_pton(AF_INET6, want, &asked.address6);
	else if (want)
		inet_pton(AF_INET, want, &asked.address4);
	return lease_take(&store, n, owner, 0, kept, &asked, out, &e);
}

static const char *four(const struct lease *l)
{
	static char text[2][INET_ADDRSTRLEN];
	static int turn;

	turn = !turn;
	return inet_ntop(AF_INET, &l->address4, text[turn], sizeof(text[0]));
}

static bool same(const struct lease *a, const struct lease *b)
{
	return a->address4.s_addr == b->address4.s_addr && !memcmp(a->mac, b->mac, 6) &&
	       IN6_ARE_ADDR_EQUAL(&a->address6, &b->address6);
}

static void test_leases(void)
{
	struct network n = network("small", "10.5.5.1", 29);
	struct lease a, b, c, again;
	char six[INET6_ADDRSTRLEN];

	define(&n);
	ok(take(&n, "a", false, NULL, &a) == 0, "a container gets a lease");
	is_str(four(&a), "10.5.5.2", "the first address that is not the bridge's");
	is_str(inet_ntop(AF_INET6, &a.address6, six, sizeof(six)), "fd00:5::2", "and one of IPv6");
	ok((a.mac[0] & 3) == 2, "its hardware address is a local one of one device");
	ok(take(&n, "b", false, NULL, &b) == 0 && b.address4.s_addr != a.address4.s_addr,
	   "another gets another");
	lease_release(&store, "a", false, &e);
	ok(take(&n, "c", false, NULL, &c) == 0 && c.address4.s_addr != a.address4.s_addr,
	   "an address that was given back rests while there are others");
	ok(take(&n, "a", false, NULL, &again) == 0 && same(&a, &again),
	   "who comes back gets what he had");
	ok(take(&n, "d", false, "10.5.5.2", &again) == -EADDRINUSE && strstr(e.text, "container a"),
	   "an address of another is refused by name");
	ok(take(&n, "d", false, "fd00:5::2", &again) == -EADDRINUSE, "of IPv6 too");
	ok(take(&n, "d", false, "10.5.5.1", &again) == -EINVAL, "the bridge's address is refused");
	ok(take(&n, "d", false, "10.5.5.7", &again) == -EINVAL, "broadcast is refused");
	ok(take(&n, "d", false, "10.5.6.2", &again) == -EINVAL,
	   "an address of elsewhere is refused");
	ok(take(&n, "d", false, "10.5.5.6", &again) == 0, "a free one is given");
	is_str(four(&again), "10.5.5.6", "as asked");
	ok(take(&n, "f", false, "fd00:5::99", &again) == 0 &&
		   !strcmp(inet_ntop(AF_INET6, &again.address6, six, sizeof(six)), "fd00:5::99"),
	   "an IPv6 address can be asked for");
	ok(take(&n, "g", false, NULL, &again) == -ENOSPC && strstr(e.text, "all 5"),
	   "when all are taken, that is said");
	lease_release(&store, "b", false, &e);
	lease_release(&store, "d", false, &e);
	ok(take(&n, "g", false, NULL, &again) == 0 && again.address4.s_addr == b.address4.s_addr,
	   "then the one that was free for longest is given");
}

static int count(const struct lease_entry *entry, void *ctx)
{
	*(int *)ctx += entry->owner[0] != '\0';
	return 0;
}

static void reboot(const char *name)
{
	net_run_remove(&store, name, &e);
}

static void test_kept(void)
{
	struct network n = network("kept", "10.6.6.1", 24);
	struct lease a, b, again;
	int left = 0;

	define(&n);
	ok(take(&n, "made", true, "10.6.6.40", &a) == 0, "a defined container asks for an address");
	ok(take(&n, "other", false, NULL, &b) == 0, "a passing one has another");
	lease_release(&store, "made", false, &e);
	lease_release(&store, "other", false, &e);
	ok(take(&n, "thief", false, "10.6.6.40", &again) == -EADDRINUSE,
	   "the first one's is kept while it does not run");
	reboot("kept");
	ok(take(&n, "made", true, NULL, &again) == 0 && same(&a, &again),
	   "and after the machine was started again");
	ok(lease_each(&store, "kept", count, &left, &e) == 0 && left == 1,
	   "the passing one's is forgotten then");
	reboot("kept");
	ok(lease_release(&store, "made", true, &e) == 0, "forgetting needs no start before");
	reboot("kept");
	ok(take(&n, "thief", false, "10.6.6.40", &again) == 0, "what was forgotten is free");
	ok(lease_release(&store, "nobody", true, &e) == 0, "giving back nothing is no error");
}

static void test_damage(void)
{
	struct network n = network("damage", "10.7.7.1", 24);
	struct lease a;
	char junk[256];
	autoclose int dir = -EBADF;

	define(&n);
	dir = net_run_dir(&store, "damage", true, &e);
	memset(junk, 'x', sizeof(junk));
	file_replace(dir, "leases", junk, sizeof(junk), 0600);
	ok(take(&n, "a", false, NULL, &a) == -EUCLEAN, "a damaged file of leases gives nothing");
}

/* --- the filter ------------------------------------------------------------------------------------- */

static bool says(const struct str *text, const char *what)
{
	return strstr(str_text(text), what) != NULL;
}

static void test_filter(void)
{
	static const char definition[] = "bridge=wn0\nsubnet4=10.9.8.1/24\nnat=yes\nshared=no\n"
					 "allow-host=tcp:5432\nconnections=7\n";
	struct net_config c = { .nat = true };
	struct list none = { 0 };
	struct filter_input in = { .net = &c, .n = 1, .opened4 = &none, .opened6 = &none,
				   .elements = "", .connections = 9 };
	autostr text = { 0 }, empty = { 0 };

	net_config_parse(definition, strlen(definition), &c, &e);
	filter_text(&in, &text);
	ok(says(&text, "ip saddr 10.9.8.1/24 oifname != @bridges masquerade"),
	   "the subnet is hidden");
	ok(says(&text, "\"wn0\" . tcp . 5432"), "the allowed port is there");
	ok(says(&text, "ip saddr ct count over 7 "), "the limit of connections is the network's");
	ok(!says(&text, "iifname \"wn0\" oifname \"wn0\" accept"), "its containers are apart");
	c.shared = true;
	c.nat = false;
	c.connections = 0;
	str_free(&text);
	filter_text(&in, &text);
	ok(says(&text, "iifname \"wn0\" oifname \"wn0\" accept"), "those of a shared one are not");
	ok(!says(&text, "masquerade"), "without NAT nothing is hidden");
	ok(says(&text, "ip saddr ct count over 9 "), "the host's share is the limit then");
	in.n = 0;
	filter_text(&in, &empty);
	ok(!says(&empty, "chain"), "without a network there is no table");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_all(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	char run[64], lib[64];

	if (!mkdtemp(top))
		return 1;
	snprintf(run, sizeof(run), "%s/run", top);
	snprintf(lib, sizeof(lib), "%s/lib", top);
	setenv("WARD_RUN_DIR", run, 1);
	setenv("WARD_LIB_DIR", lib, 1);
	if (store_open(&store, &e) < 0) {
		printf("# %s\n", e.text);
		return 1;
	}
	test_keys();
	test_round_trip();
	test_publish();
	test_leases();
	test_kept();
	test_damage();
	test_filter();
	store_close(&store);
	remove_all();
	return done();
}
