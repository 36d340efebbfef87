/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink requests: several in one datagram, each acknowledged. netlink(7), rtnetlink(7).
 *
 *	struct nl_batch b;
 *	nl_begin(&b);
 *	nl_request(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head), "make veth %s", name);
 *	nl_put_text(&b, IFLA_IFNAME, name);
 *	size_t info = nl_nest(&b, IFLA_LINKINFO);
 *	...
 *	nl_nest_end(&b, info);
 *	return nl_send(socket, &b, e);
 *
 * Errors carry the kernel's own sentence (NLM_F_ACK with NETLINK_EXT_ACK) after the words given to
 * nl_request(). */
#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { NL_BATCH_MAX = 16384, NL_REQUESTS_MAX = 32 };

struct nl_batch {
	size_t size;	/* bytes used */
	size_t request; /* where the last request begins */
	unsigned n;	/* requests */
	bool full;	/* something did not fit: nl_send() refuses */
	char what[NL_REQUESTS_MAX][64];
	_Alignas(NLMSG_ALIGNTO) char data[NL_BATCH_MAX];
};

/* A socket of `protocol` (NETLINK_ROUTE) in the caller's network namespace, with extended
 * acknowledgements; or -errno with e set. */
int nl_open(int protocol, struct err *e);

void nl_begin(struct nl_batch *b);

/* Begin a request; head is the fixed part of its type (struct ifinfomsg ...). NLM_F_REQUEST and
 * NLM_F_ACK are added. The words say what is attempted, for the error. */
void nl_request(struct nl_batch *b, uint16_t type, uint16_t flags, const void *head, size_t size,
		const char *what, ...) __attribute__((format(printf, 6, 7)));

/* Attributes of the last request. */
void nl_put(struct nl_batch *b, uint16_t type, const void *data, size_t size);
void nl_put_u8(struct nl_batch *b, uint16_t type, uint8_t value);
void nl_put_u16(struct nl_batch *b, uint16_t type, uint16_t value);
void nl_put_u32(struct nl_batch *b, uint16_t type, uint32_t value);
void nl_put_text(struct nl_batch *b, uint16_t type, const char *text); /* with its final NUL */
size_t nl_nest(struct nl_batch *b, uint16_t type);
/* ... with something fixed before the attributes, as VETH_INFO_PEER has. */
size_t nl_nest_head(struct nl_batch *b, uint16_t type, const void *head, size_t size);
void nl_nest_end(struct nl_batch *b, size_t nest);

/* Send all requests and read their acknowledgements. The first that fails is the error; the
 * kernel goes on with those behind it, so undo must bear that. 0 or -errno. */
int nl_send(int socket, struct nl_batch *b, struct err *e);

/* Send one request (built in b, with or without NLM_F_DUMP) and hand every answer to each(). each()
 * returns 0 to go on. Returns 0, what each() returned, or -errno. */
int nl_ask(int socket, struct nl_batch *b, int (*each)(const struct nlmsghdr *m, void *ctx),
	   void *ctx, struct err *e);

/* The attributes of a message behind its fixed part of `head` bytes, by type: attr[type] or NULL; types
 * above max are left out. Lengths are checked against the message, which the caller knows to be whole.
 * attr has room for max + 1. No side effects (fuzzed). */
void nl_attributes(const struct nlmsghdr *m, size_t head, const struct rtattr **attr, size_t max);
void nl_nested(const struct rtattr *nest, const struct rtattr **attr, size_t max);

/* What an attribute holds. NULL, 0: it is missing, or not of that size. */
const void *nl_data(const struct rtattr *a, size_t size); /* at least `size` bytes */
uint32_t nl_number(const struct rtattr *a);		  /* of 8, 16 or 32 bits */
const char *nl_text(const struct rtattr *a);		  /* with a NUL inside */

/* The index of the interface called `name` in the socket's namespace, or -ENODEV, -errno
 * with e set. */
int nl_index(int socket, const char *name, struct err *e);
