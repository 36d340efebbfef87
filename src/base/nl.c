/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/nl.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"

enum { ANSWER_MAX = 32768 };

int nl_open(int protocol, struct err *e)
{
	static const int on = 1;
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return err_sys(e, "open a netlink socket");
	/* The kernel's own sentence, and not a copy of our request. Without them we know less. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return take_fd(fd);
}

/* --- building -------------------------------------------------------------------------- */

void nl_begin(struct nl_batch *b)
{
	b->size = b->request = 0;
	b->n = 0;
	b->full = false;
}

static struct nlmsghdr *last_request(struct nl_batch *b)
{
	return (struct nlmsghdr *)(void *)(b->data + b->request);
}

/* Append `size` bytes, padded with zeros, and count them to the last request. NULL: no room. */
static void *append(struct nl_batch *b, const void *data, size_t size)
{
	size_t room = NLMSG_ALIGN(size);
	char *at = b->data + b->size;

	if (b->full || size > NL_BATCH_MAX || room > NL_BATCH_MAX - b->size) {
		b->full = true;
		return NULL;
	}
	memset(at, 0, room);
	if (data)
		memcpy(at, data, size);
	b->size += room;
	last_request(b)->nlmsg_len = (uint32_t)(b->size - b->request);
	return at;
}

void nl_request(struct nl_batch *b, uint16_t type, uint16_t flags, const void *head, size_t size,
		const char *what, ...)
{
	struct nlmsghdr m = { .nlmsg_type = type,
			      .nlmsg_flags = flags | NLM_F_REQUEST | NLM_F_ACK,
			      .nlmsg_seq = b->n + 1 };
	va_list args;

	if (b->full || b->n >= NL_REQUESTS_MAX || b->size + sizeof(m) > NL_BATCH_MAX) {
		b->full = true;
		return;
	}
	va_start(args, what);
	vsnprintf(b->what[b->n], sizeof(b->what[0]), what, args);
	va_end(args);
	b->request = b->size;
	memcpy(b->data + b->size, &m, sizeof(m));
	b->size += sizeof(m);
	b->n++;
	append(b, head, size);
}

void nl_put(struct nl_batch *b, uint16_t type, const void *data, size_t size)
{
	struct rtattr a = { .rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(size) };

	if (size > UINT16_MAX - RTA_LENGTH(0))
		b->full = true;
	else if (append(b, &a, sizeof(a)) && size)
		append(b, data, size);
}

void nl_put_u8(struct nl_batch *b, uint16_t type, uint8_t value)
{
	nl_put(b, type, &value, sizeof(value));
}

void nl_put_u16(struct nl_batch *b, uint16_t type, uint16_t value)
{
	nl_put(b, type, &value, sizeof(value));
}

void nl_put_u32(struct nl_batch *b, uint16_t type, uint32_t value)
{
	nl_put(b, type, &value, sizeof(value));
}

void nl_put_text(struct nl_batch *b, uint16_t type, const char *text)
{
	nl_put(b, type, text, strlen(text) + 1);
}

size_t nl_nest(struct nl_batch *b, uint16_t type)
{
	size_t nest = b->size;

	nl_put(b, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

size_t nl_nest_head(struct nl_batch *b, uint16_t type, const void *head, size_t size)
{
	size_t nest = nl_nest(b, type);

	append(b, head, size);
	return nest;
}

void nl_nest_end(struct nl_batch *b, size_t nest)
{
	struct rtattr *a = (struct rtattr *)(void *)(b->data + nest);

	if (b->full)
		return;
	if (b->size - nest > UINT16_MAX)
		b->full = true;
	else
		a->rta_len = (uint16_t)(b->size - nest);
}

/* --- talking --------------------------------------------------------------------------- */

static int transmit(int fd, const struct nl_batch *b, struct err *e)
{
	ssize_t n;

	if (b->full || !b->n)
		return err_msg(e, EMSGSIZE, "a netlink request is too large");
	do
		n = send(fd, b->data, b->size, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(e, "%s", b->what[0]) : 0;
}

/* One datagram of the kernel. Root of a container may send to any netlink socket in its own
 * namespace, and some of ours are there: what another process says is not heard. */
static ssize_t receive(int fd, void *answer, size_t size, struct err *e)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, answer, size, MSG_TRUNC, (void *)&from, &len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "receive a netlink answer");
		if (from.nl_pid != 0)
			continue;
		if ((size_t)n > size)
			return err_msg(e, EMSGSIZE, "a netlink answer is too large");
		return n;
	}
}

/* What the kernel says besides the number, or NULL. */
static const char *said(const struct nlmsghdr *m)
{
	const struct rtattr *attr[NLMSGERR_ATTR_MSG + 1];
	size_t head = sizeof(struct nlmsgerr);

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(m->nlmsg_flags & NLM_F_CAPPED)) {
		const struct nlmsgerr *error = NLMSG_DATA(m);

		if (error->msg.nlmsg_len < NLMSG_HDRLEN)
			return NULL;
		head += error->msg.nlmsg_len - NLMSG_HDRLEN;
	}
	nl_attributes(m, head, attr, NLMSGERR_ATTR_MSG);
	return nl_text(attr[NLMSGERR_ATTR_MSG]);
}

/* The answer to one request: 0, or the kernel's error as ours. */
static int judge(const struct nlmsghdr *m, const struct nl_batch *b, struct err *e)
{
	const struct nlmsgerr *error = NLMSG_DATA(m);
	unsigned which = m->nlmsg_seq - 1;
	const char *more;

	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
		return err_msg(e, EPROTO, "a netlink answer is cut short");
	if (!error->error)
		return 0;
	errno = -error->error;
	err_sys(e, "%s", which < b->n ? b->what[which] : "netlink");
	more = said(m);
	return more ? err_hint(e, "%.160s", more) : -e->code;
}

int nl_send(int fd, struct nl_batch *b, struct err *e)
{
	_Alignas(NLMSG_ALIGNTO) char answer[ANSWER_MAX];
	unsigned acks = 0;
	int ret = transmit(fd, b, e);

	if (ret < 0)
		return ret;
	while (acks < b->n) {
		struct err each = ERR_NONE;
		ssize_t n = receive(fd, answer, sizeof(answer), e);
		int left = (int)n;

		if (n < 0)
			return (int)n;
		for (const struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, (unsigned)left);
		     m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_type != NLMSG_ERROR)
				continue;
			acks++;
			if (judge(m, b, &each) < 0 && ret == 0) {
				*e = each;
				ret = -e->code;
			}
		}
	}
	return ret;
}

int nl_ask(int fd, struct nl_batch *b, int (*each)(const struct nlmsghdr *m, void *ctx), void *ctx,
	   struct err *e)
{
	_Alignas(NLMSG_ALIGNTO) char answer[ANSWER_MAX];
	int ret = transmit(fd, b, e);

	if (ret < 0)
		return ret;
	for (;;) {
		ssize_t n = receive(fd, answer, sizeof(answer), e);
		int left = (int)n;

		if (n < 0)
			return (int)n;
		for (const struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, (unsigned)left);
		     m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_type == NLMSG_DONE)
				return ret;
			if (m->nlmsg_type == NLMSG_ERROR)
				return ret ? ret : judge(m, b, e);
			/* To its end in any case, or the next question gets this one's answers. */
			if (ret == 0)
				ret = each(m, ctx);
		}
	}
}

/* --- reading --------------------------------------------------------------------------- */

static void attributes(const char *at, size_t left, const struct rtattr **attr, size_t max)
{
	memset(attr, 0, (max + 1) * sizeof(*attr));
	while (left >= sizeof(struct rtattr)) {
		const struct rtattr *a = (const void *)at;
		size_t type = a->rta_type & NLA_TYPE_MASK, step = RTA_ALIGN(a->rta_len);

		if (a->rta_len < sizeof(*a) || a->rta_len > left)
			return;
		if (type <= max)
			attr[type] = a;
		if (step > left)
			return;
		at += step;
		left -= step;
	}
}

void nl_attributes(const struct nlmsghdr *m, size_t head, const struct rtattr **attr, size_t max)
{
	size_t before = NLMSG_HDRLEN + NLMSG_ALIGN(head);
	size_t len = m->nlmsg_len;

	attributes((const char *)m + before, len > before ? len - before : 0, attr, max);
}

void nl_nested(const struct rtattr *nest, const struct rtattr **attr, size_t max)
{
	if (nest)
		attributes(RTA_DATA(nest), RTA_PAYLOAD(nest), attr, max);
	else
		memset(attr, 0, (max + 1) * sizeof(*attr));
}

const void *nl_data(const struct rtattr *a, size_t size)
{
	return a && RTA_PAYLOAD(a) >= size ? RTA_DATA(a) : NULL;
}

uint32_t nl_number(const struct rtattr *a)
{
	uint32_t wide = 0;
	uint16_t half = 0;

	switch (a ? RTA_PAYLOAD(a) : 0) {
	case sizeof(uint8_t):
		return *(const uint8_t *)RTA_DATA(a);
	case sizeof(half):
		memcpy(&half, RTA_DATA(a), sizeof(half));
		return half;
	case sizeof(wide):
		memcpy(&wide, RTA_DATA(a), sizeof(wide));
		return wide;
	}
	return 0;
}

const char *nl_text(const struct rtattr *a)
{
	return a && RTA_PAYLOAD(a) && memchr(RTA_DATA(a), '\0', RTA_PAYLOAD(a)) ? RTA_DATA(a) :
										  NULL;
}

int nl_index(int fd, const char *name, struct err *e)
{
	struct ifreq request = { 0 };

	/* An ioctl, which any socket answers for its namespace: a quarter of what a message costs. */
	if (strlen(name) >= sizeof(request.ifr_name))
		return err_msg(e, ENODEV, "there is no interface %.32s: its name is too long",
			       name);
	strcpy(request.ifr_name, name);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return errno == ENODEV ? err_msg(e, ENODEV, "there is no interface %s", name) :
					 err_sys(e, "look for the interface %s", name);
	return request.ifr_ifindex;
}
