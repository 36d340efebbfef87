/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port guard on devices, in network namespaces made here: attached, looked at, shared by the
 * ports of a bridge, gone with the interface; and who may take it off. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/nl.h"
#include "guard_packets.h"
#include "spec/spec.h"
#include "tap.h"
#include "wall/net_guard_inner.h"

#define HOOK_IN TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define HOOK_OUT TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

static int nl; /* in our network namespace */
static struct nl_batch b;
static struct err e;

/* --- devices ---------------------------------------------------------------------------------- */

static struct guard example(void)
{
	struct guard g = { .filter = true,
			   .n4 = 1,
			   .n6 = 1,
			   .flows = LIMIT_MAX,
			   .rate_in = LIMIT_MAX,
			   .rate_out = LIMIT_MAX };
	struct packet p;

	packet_make(&p, "me ip g");
	memcpy(g.mac, p.byte, 6);
	memcpy(g.address4, p.byte + 6, 4);
	memcpy(g.address6, p.byte + 10, 16);
	return g;
}

static void put_ifinfo(const struct ifinfomsg *head)
{
	memcpy(b.data + b.size, head, sizeof(*head));
	b.size += NLMSG_ALIGN(sizeof(*head));
	((struct nlmsghdr *)(void *)(b.data + b.request))->nlmsg_len =
		(uint32_t)(b.size - b.request);
}

static int bridge(const char *name)
{
	struct ifinfomsg head = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	size_t info;

	nl_begin(&b);
	nl_request(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head), "bridge");
	nl_put_text(&b, IFLA_IFNAME, name);
	info = nl_nest(&b, IFLA_LINKINFO);
	nl_put_text(&b, IFLA_INFO_KIND, "bridge");
	nl_nest_end(&b, info);
	return nl_send(nl, &b, &e) < 0 ? -1 : nl_index(nl, name, &e);
}

/* A veth whose other end, `peer`, may be in another namespace. Returns the index of the near
 * one. */
static int veth(const char *name, const char *peer, int ns)
{
	struct ifinfomsg head = { 0 };
	size_t info, data, other;

	nl_begin(&b);
	nl_request(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head), "veth");
	nl_put_text(&b, IFLA_IFNAME, name);
	info = nl_nest(&b, IFLA_LINKINFO);
	nl_put_text(&b, IFLA_INFO_KIND, "veth");
	data = nl_nest(&b, IFLA_INFO_DATA);
	other = nl_nest(&b, VETH_INFO_PEER);
	put_ifinfo(&head);
	nl_put_text(&b, IFLA_IFNAME, peer);
	if (ns >= 0)
		nl_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)ns);
	nl_nest_end(&b, other);
	nl_nest_end(&b, data);
	nl_nest_end(&b, info);
	return nl_send(nl, &b, &e) < 0 ? -1 : nl_index(nl, name, &e);
}

static int change(uint16_t type, int index, unsigned flags)
{
	struct ifinfomsg head = { .ifi_index = index, .ifi_flags = flags, .ifi_change = flags };

	nl_begin(&b);
	nl_request(&b, type, 0, &head, sizeof(head), "change a link");
	return nl_send(nl, &b, &e);
}

static int up(const char *name)
{
	return change(RTM_NEWLINK, nl_index(nl, name, &e), IFF_UP);
}

static bool emit(const char *name, const char *text)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = nl_index(nl, name, &e) };
	autoclose int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct packet p;

	packet_make(&p, text);
	return sendto(fd, p.byte, p.n, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)p.n;
}

static uint64_t dropped(int index)
{
	struct guard_counters counters = { 0 };

	if (guard_look(nl, index, GUARD_HOST_END, &counters, &e) < 0)
		printf("# %s\n", e.text);
	return counters.dropped_packets;
}

static uint32_t program_id(int index, uint32_t hook)
{
	autoclose int fd = guard_classifier_program(nl, index, hook, 0, 1);
	struct bpf_prog_info info = { 0 };

	return fd >= 0 && bpf_info(fd, &info) == 0 ? info.id : 0;
}

#define GOOD "all me 0806 0001 0800 06 04 0001 me ip 00*6 ip9"
#define BAD "all me 0806 0001 0800 06 04 0001 me ip9 00*6 ip9"

/* --- the host's end --------------------------------------------------------------------------- */

static void test_alone(void)
{
	struct guard_counters counters;
	struct guard g = example();
	int index = veth("a0", "a1", -1);

	is_int(guard_look(nl, index, GUARD_HOST_END, &counters, &e), -ENOENT,
	       "there is no guard before");
	is_int(guard_attach(nl, index, GUARD_HOST_END, &g, &e), 0, "attached");
	is_int(guard_look(nl, index, GUARD_HOST_END, &counters, &e), 0, "and seen");
	up("a0");
	up("a1");
	/* What the kernel sends by itself from the other end, which has another MAC address. */
	usleep(1000);
	ok(emit("a1", GOOD) && dropped(index) < 100, "a good packet is sent");
	for (int i = 0; i < 100; i++)
		emit("a1", BAD);
	ok(dropped(index) >= 100, "100 bad ones are dropped");
	ok(emit("a1", "all me 86dd 60 000000 0014 06"), "a short IPv6 packet is sent");
	is_int(change(RTM_DELLINK, index, 0), 0, "the interface goes");
	is_int(guard_look(nl, index, GUARD_HOST_END, &counters, &e), -ENODEV, "and the guard");
	is_int(guard_attach(nl, index, GUARD_HOST_END, &g, &e), -ENODEV,
	       "on an interface that is gone none is attached");
}

/* Rates are queues at both ends, of the kernel's type tbf. */
static int queue_kind(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[TCA_KIND + 1];
	const struct tcmsg *t = NLMSG_DATA(m);
	int *index = ctx;
	const char *kind;

	if (m->nlmsg_type != RTM_NEWQDISC || t->tcm_ifindex != *index)
		return 0;
	nl_attributes(m, sizeof(*t), attr, TCA_KIND);
	kind = nl_text(attr[TCA_KIND]);
	return t->tcm_parent == TC_H_ROOT && kind && !strcmp(kind, "tbf");
}

static int has_queue(int index)
{
	struct tcmsg head = { .tcm_ifindex = index };

	nl_begin(&b);
	nl_request(&b, RTM_GETQDISC, NLM_F_DUMP, &head, sizeof(head), "list queues");
	return nl_ask(nl, &b, queue_kind, &index, &e);
}

static void test_rates(void)
{
	struct guard_counters counters;
	struct guard g = example();
	int near = veth("r0", "r1", -1), far = nl_index(nl, "r1", &e);

	g.rate_in = 1000000;
	g.rate_out = UINT64_C(40000000000);
	is_int(guard_attach(nl, near, GUARD_HOST_END, &g, &e), 0, "rates: the host's end");
	is_int(guard_attach(nl, far, GUARD_PEER, &g, &e), 0, "and the other");
	is_int(has_queue(near), 1, "into the container: a queue");
	is_int(has_queue(far), 1, "out of it: another");
	is_int(guard_attach(nl, far, GUARD_INSIDE, &g, &e), -EOPNOTSUPP,
	       "into a device without a host's end: refused");
	change(RTM_DELLINK, near, 0);
	g.filter = false;
	near = veth("r0", "r1", -1);
	is_int(guard_attach(nl, near, GUARD_HOST_END, &g, &e), 0, "rates without the filter");
	is_int(guard_look(nl, near, GUARD_HOST_END, &counters, &e), -ENODATA,
	       "are not taken for it");
	change(RTM_DELLINK, near, 0);
	g = example();
	near = veth("r0", "r1", -1);
	guard_attach(nl, near, GUARD_HOST_END, &g, &e);
	is_int(has_queue(near), 0, "control: without a rate there is none");
	change(RTM_DELLINK, near, 0);
}

/* --- one program for all ports ---------------------------------------------------------------- */

/* Say that another interface has the place of `index` in the map of a port. */
static void take_place(int of, int index, int other)
{
	autoclose int program = guard_classifier_program(nl, of, HOOK_IN, 0, 1);
	uint32_t entries = 1, key;
	autoclose int ports = guard_map(program, &entries);
	struct guard_port port = { .index = (uint32_t)other };
	union bpf_attr attr;

	key = (uint32_t)index % entries;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)ports;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&port;
	sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static void test_shared(void)
{
	struct guard g = example();
	int keeper = bridge("br"), first, second, third;

	g.keeper = keeper;
	first = veth("s0", "s1", -1);
	second = veth("t0", "t1", -1);
	is_int(guard_attach(nl, first, GUARD_HOST_END, &g, &e), 0, "shared: the first port");
	g.mac[5]++;
	is_int(guard_attach(nl, second, GUARD_HOST_END, &g, &e), 0, "and a second");
	ok(program_id(first, HOOK_IN) && program_id(first, HOOK_IN) == program_id(second, HOOK_IN),
	   "have one program");
	ok(!program_id(keeper, HOOK_IN), "which the bridge itself does not run");
	up("s0");
	up("s1");
	up("t0");
	up("t1");
	usleep(1000);
	for (int i = 0; i < 100; i++)
		emit("t1", GOOD);
	ok(dropped(second) >= 100, "the MAC address of the one is bad on the other");
	ok(emit("s1", GOOD) && dropped(first) < 100, "and each counts for itself");
	change(RTM_DELLINK, first, 0);
	third = veth("u0", "u1", -1);
	take_place(second, third, first);
	is_int(guard_attach(nl, third, GUARD_HOST_END, &g, &e), 0, "the place of one that is gone");
	ok(program_id(third, HOOK_IN) == program_id(second, HOOK_IN), "is free");
	change(RTM_DELLINK, third, 0);
	third = veth("u0", "u1", -1);
	take_place(second, third, second);
	is_int(guard_attach(nl, third, GUARD_HOST_END, &g, &e), 0, "where another has the place");
	ok(program_id(third, HOOK_IN) != program_id(second, HOOK_IN), "it gets its own program");
	ok(dropped(second) >= 100, "the ports that are there keep theirs");
	g.n4 = GUARD_ADDRESSES;
	memset(g.address4, 10, sizeof(g.address4));
	change(RTM_DELLINK, third, 0);
	third = veth("u0", "u1", -1);
	is_int(guard_attach(nl, third, GUARD_HOST_END, &g, &e), 0, "one with 16 addresses");
	ok(program_id(third, HOOK_IN) != program_id(second, HOOK_IN), "has its own program");
	change(RTM_DELLINK, keeper, 0);
	emit("t1", BAD);
	ok(dropped(second) > 100, "without the bridge, the guard stays");
	g = example();
	g.keeper = keeper;
	change(RTM_DELLINK, third, 0);
	third = veth("u0", "u1", -1);
	is_int(guard_attach(nl, third, GUARD_HOST_END, &g, &e), -ENODEV,
	       "on a bridge that is gone none is attached");
	change(RTM_DELLINK, second, 0);
	change(RTM_DELLINK, third, 0);
}

/* --- the container's own device --------------------------------------------------------------- */

enum { TCX_EGRESS = 47 };

/* Root of a user namespace tries to take every guard off interface 2 of its network namespace. Exit
 * status: bit 0: bpf(2) could, bit 1: netlink could. */
static int attack(int index)
{
	struct tcmsg head = { .tcm_ifindex = index,
			      .tcm_parent = TC_H_CLSACT,
			      .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0) };
	union bpf_attr attr;
	int status = 0, inside = nl_open(NETLINK_ROUTE, &e);

	for (unsigned flags = 0; flags <= 16; flags += 8) { /* BPF_F_BEFORE, BPF_F_AFTER */
		memset(&attr, 0, sizeof(attr));
		attr.target_fd = (uint32_t)index;
		attr.attach_type = TCX_EGRESS;
		attr.attach_flags = flags;
		status |= sys_bpf(BPF_PROG_DETACH, &attr) == 0;
	}
	nl_begin(&b);
	nl_request(&b, RTM_DELQDISC, 0, &head, sizeof(head), "remove");
	return status | (nl_send(inside, &b, &e) == 0) << 1;
}

struct inside {
	pid_t pid;
	int pidfd, go, ns;
};

/* A process that is root of its own user and network namespace, and attacks when it is told to. */
static struct inside inside_begin(void)
{
	struct inside i = { 0 };
	int pipe_go[2], pipe_ready[2];
	char path[64], c = 0;

	if (pipe(pipe_go) < 0 || pipe(pipe_ready) < 0)
		return i;
	fflush(stdout);
	i.pid = fork();
	if (i.pid == 0) {
		int index = 0;

		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(100);
		if (write(pipe_ready[1], "r", 1) != 1 ||
		    read(pipe_go[0], &index, sizeof(index)) != sizeof(index))
			_exit(101);
		_exit(attack(index));
	}
	if (read(pipe_ready[0], &c, 1) != 1)
		printf("# no namespaces\n");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)i.pid);
	i.ns = open(path, O_RDONLY | O_CLOEXEC);
	i.go = pipe_go[1];
	close(pipe_go[0]);
	close(pipe_ready[0]);
	close(pipe_ready[1]);
	return i;
}

static int inside_attack(struct inside *i, int index)
{
	int status;

	if (write(i->go, &index, sizeof(index)) != sizeof(index))
		return -1;
	waitpid(i->pid, &status, 0);
	close(i->go);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int nl_in(int ns)
{
	autoclose int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	if (setns(ns, CLONE_NEWNET) < 0)
		return -1;
	fd = nl_open(NETLINK_ROUTE, &e);
	return setns(here, CLONE_NEWNET) < 0 ? -1 : fd;
}

static void test_inside(void)
{
	struct guard_counters counters;
	struct guard g = example();
	struct inside i = inside_begin();
	autoclose int there = nl_in(i.ns);
	int near = veth("i0", "eth0", i.ns), index = nl_index(there, "eth0", &e);

	is_int(guard_attach(there, index, GUARD_INSIDE, &g, &e), 0,
	       "inside: attached from another namespace");
	is_int(guard_look(there, index, GUARD_INSIDE, &counters, &e), 0, "and seen from there");
	is_int(guard_look(nl, near, GUARD_HOST_END, &counters, &e), -ENOENT, "nothing is here");
	ok(nl_index(nl, "i0", &e) == near, "and we are back in our own");
	is_int(inside_attack(&i, index), 0,
	       "root of the container takes it off neither by bpf nor by netlink");
	is_int(guard_look(there, index, GUARD_INSIDE, &counters, &e), 0, "it is still there");
	is_int(guard_detach(there, index, &e), 0, "the host does");
	is_int(guard_look(there, index, GUARD_INSIDE, &counters, &e), -ENOENT, "then it is gone");
	is_int(guard_detach(there, index, &e), 0, "once more is no error");
	change(RTM_DELLINK, near, 0);
	close(i.ns);
}

/* The control: a classifier on the same device, which is what old kernels have. */
static void test_inside_classifier(void)
{
	struct guard g = example();
	struct inside i = inside_begin();
	autoclose int there = nl_in(i.ns);
	int near = veth("i0", "eth0", i.ns), index = nl_index(there, "eth0", &e), program;
	struct guard_counters counters;

	/* The program of any guard. */
	guard_attach(nl, near, GUARD_HOST_END, &g, &e);
	program = guard_classifier_program(nl, near, HOOK_IN, 0, 1);
	is_int(guard_classifier_put(there, index, HOOK_OUT, 0, 1, program, &e), 0,
	       "control: as a classifier it is attached too");
	is_int(guard_look(there, index, GUARD_INSIDE, &counters, &e), 0, "and seen");
	is_int(inside_attack(&i, index), 2, "root of the container takes that off by netlink");
	is_int(guard_look(there, index, GUARD_INSIDE, &counters, &e), -ENOENT, "it is gone");
	close(program);
	change(RTM_DELLINK, near, 0);
	close(i.ns);
}

static bool have_tcx(void)
{
	int index = veth("x0", "x1", -1), program = -1, ret;
	struct guard g = example();

	guard_attach(nl, index, GUARD_HOST_END, &g, &e);
	program = guard_classifier_program(nl, index, HOOK_IN, 0, 1);
	ret = guard_tcx_put(nl, index, program);
	close(program);
	change(RTM_DELLINK, index, 0);
	return ret == 0;
}

int main(void)
{
	if (getuid() || unshare(CLONE_NEWNET) < 0) {
		skip("everything on devices", "not root");
		return done();
	}
	nl = nl_open(NETLINK_ROUTE, &e);
	test_alone();
	test_rates();
	test_shared();
	if (have_tcx())
		test_inside();
	else
		skip("the container's own device", "the kernel has no tcx");
	test_inside_classifier();
	return done();
}
