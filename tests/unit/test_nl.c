/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink requests: how they are laid out, and what the kernel answers. */
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/nl.h"
#include "tap.h"

static struct err e;

static void layout(void)
{
	struct ifinfomsg head = { .ifi_index = 7 };
	const struct rtattr *attr[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];
	static struct nl_batch b;
	const struct nlmsghdr *m = (const void *)b.data;
	size_t nest;

	nl_begin(&b);
	nl_request(&b, RTM_NEWLINK, NLM_F_CREATE, &head, sizeof(head), "make %s", "x");
	nl_put_text(&b, IFLA_IFNAME, "eth0");
	nl_put_u32(&b, IFLA_MTU, 1400);
	nest = nl_nest(&b, IFLA_LINKINFO);
	nl_put_text(&b, IFLA_INFO_KIND, "veth");
	nl_nest_end(&b, nest);
	nl_request(&b, RTM_SETLINK, 0, &head, sizeof(head), "second");

	is_int(m->nlmsg_seq, 1, "requests are numbered");
	ok(m->nlmsg_flags == (NLM_F_CREATE | NLM_F_REQUEST | NLM_F_ACK),
	   "and each is acknowledged");
	is_str(b.what[0], "make x", "and has its words");
	nl_attributes(m, sizeof(head), attr, IFLA_LINKINFO);
	is_str(nl_text(attr[IFLA_IFNAME]), "eth0", "an attribute of text is found again");
	is_int(nl_number(attr[IFLA_MTU]), 1400, "one of a number too");
	ok(!attr[IFLA_ADDRESS] && nl_number(NULL) == 0 && !nl_text(NULL),
	   "one that is missing is none");
	nl_nested(attr[IFLA_LINKINFO], info, IFLA_INFO_KIND);
	is_str(nl_text(info[IFLA_INFO_KIND]), "veth", "and one inside of another");
	m = (const void *)(b.data + m->nlmsg_len);
	ok(m->nlmsg_seq == 2 && m->nlmsg_type == RTM_SETLINK, "the next request follows");
}

static void limits(void)
{
	static const char large[NL_BATCH_MAX];
	static struct nl_batch b;
	struct ifinfomsg head = { 0 };

	nl_begin(&b);
	nl_request(&b, RTM_NEWLINK, 0, &head, sizeof(head), "large");
	nl_put(&b, 1, large, sizeof(large));
	ok(b.full && nl_send(-1, &b, &e) == -EMSGSIZE, "what does not fit is not sent");
	nl_begin(&b);
	for (int i = 0; i <= NL_REQUESTS_MAX; i++)
		nl_request(&b, RTM_NEWLINK, 0, &head, sizeof(head), "one of many");
	ok(b.full, "nor are more requests than there are words for");
}

static int count(const struct nlmsghdr *m, void *ctx)
{
	*(int *)ctx += m->nlmsg_type == RTM_NEWLINK;
	return 0;
}

static int stop(const struct nlmsghdr *m, void *ctx)
{
	(void)m;
	return *(int *)ctx;
}

static void ask(int fd, int lo)
{
	struct ifinfomsg head = { .ifi_index = lo };
	static struct nl_batch b;
	int n = 0, code = -EXDEV;

	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "look at lo");
	ok(nl_ask(fd, &b, count, &n, &e) == 0 && n == 1, "one answer to one question");
	n = 0;
	head.ifi_index = 0;
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head), "list");
	ok(nl_ask(fd, &b, count, &n, &e) == 0 && n >= 1, "many to one for all");
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head), "list");
	is_int(nl_ask(fd, &b, stop, &code, &e), -EXDEV, "the reader may stop");
	head.ifi_index = 0x7ffffff0;
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "look at nothing");
	is_int(nl_ask(fd, &b, count, &n, &e), -ENODEV, "the kernel's error is ours");
	ok(strstr(e.text, "look at nothing: "), "with our words: %s", e.text);
}

/* Asking for what nobody may, so that this needs no rights: two requests, two errors. */
static void errors(int fd)
{
	struct ifinfomsg head = { .ifi_index = 0x7ffffff0 };
	static struct nl_batch b;
	int n = 0;

	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "first");
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "second");
	is_int(nl_send(fd, &b, &e), -ENODEV, "of several errors the first is told");
	ok(!strncmp(e.text, "first: ", 7), "with its words: %s", e.text);
	head.ifi_index = nl_index(fd, "lo", &e);
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &head, sizeof(head), "after");
	ok(nl_ask(fd, &b, count, &n, &e) == 0 && n == 1, "and none is left for the next question");
}

int main(void)
{
	autoclose int fd = -EBADF;
	int lo;

	layout();
	limits();
	fd = nl_open(NETLINK_ROUTE, &e);
	ok(fd >= 0, "a socket");
	lo = nl_index(fd, "lo", &e);
	ok(lo > 0, "lo has an index");
	is_int(nl_index(fd, "no-such-thing", &e), -ENODEV, "what is not there has none");
	is_int(nl_index(fd, "a-name-that-is-too-long", &e), -ENODEV,
	       "nor has what cannot be there");
	ask(fd, lo);
	errors(fd);
	return done();
}
