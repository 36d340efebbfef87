/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements of the maps of published ports: they come and go with containers, too often and from too
 * lowly a process (the one that cleans up) to execute nft(8).
 *
 * A transaction is one datagram: NFNL_MSG_BATCH_BEGIN, the changes, NFNL_MSG_BATCH_END. The kernel
 * works it off within send(2); whether it acknowledges the frame depends on its version, so only
 * errors count. Keys and values are rows of 4-byte registers. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/nl.h"
#include "net/inner.h"

/* Which map a port belongs to, and what goes into it. */
struct element {
	const char *map;
	uint8_t key[24], value[20];
	size_t key_size, value_size;
};

static size_t put_register(uint8_t *at, const void *data, size_t size)
{
	memset(at, 0, (size + 3) & ~(size_t)3);
	memcpy(at, data, size);
	return (size + 3) & ~(size_t)3;
}

/* False: the container has no address of that family, and the relay serves it alone. */
static bool make(const struct lease *to, const struct publish *p, uint16_t i, bool six,
		 struct element *out)
{
	bool every = IN6_IS_ADDR_UNSPECIFIED(&p->host);
	bool mapped = IN6_IS_ADDR_V4MAPPED(&p->host);
	uint16_t from = htons((uint16_t)(p->from + i)), target = htons((uint16_t)(p->to + i));

	*out = (struct element){ .map = six   ? (every ? "port6" : "host6") :
					every ? "port4" :
						"host4" };
	if ((!every && mapped == six) ||
	    (six ? IN6_IS_ADDR_UNSPECIFIED(&to->address6) : !to->address4.s_addr))
		return false;
	if (!every && six)
		out->key_size = put_register(out->key, &p->host, 16);
	else if (!every)
		out->key_size = put_register(out->key, p->host.s6_addr + 12, 4);
	out->key_size += put_register(out->key + out->key_size, &p->protocol, 1);
	out->key_size += put_register(out->key + out->key_size, &from, 2);
	out->value_size = six ? put_register(out->value, &to->address6, 16) :
				put_register(out->value, &to->address4, 4);
	out->value_size += put_register(out->value + out->value_size, &target, 2);
	return true;
}

static void put_frame(struct nl_batch *b, uint16_t type)
{
	struct nfgenmsg head = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };
	struct nlmsghdr *m;

	nl_request(b, type, 0, &head, sizeof(head), "change published ports");
	m = (struct nlmsghdr *)(void *)(b->data + b->request);
	m->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
}

static void put_value(struct nl_batch *b, uint16_t type, const uint8_t *data, size_t size)
{
	size_t nest = nl_nest(b, type);

	nl_put(b, NFTA_DATA_VALUE, data, size);
	nl_nest_end(b, nest);
}

/* One message holds elements of one map. */
static size_t put_list(struct nl_batch *b, bool add, const char *map)
{
	struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };

	nl_request(b, NFNL_SUBSYS_NFTABLES << 8 | (add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM),
		   add ? NLM_F_CREATE : 0, &head, sizeof(head), "%s published ports",
		   add ? "add" : "remove");
	nl_put_text(b, NFTA_SET_ELEM_LIST_TABLE, NET_TABLE);
	nl_put_text(b, NFTA_SET_ELEM_LIST_SET, map);
	return nl_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
}

static void put_element(struct nl_batch *b, bool add, const struct element *x)
{
	size_t one = nl_nest(b, NFTA_LIST_ELEM);

	put_value(b, NFTA_SET_ELEM_KEY, x->key, x->key_size);
	if (add)
		put_value(b, NFTA_SET_ELEM_DATA, x->value, x->value_size);
	nl_nest_end(b, one);
}

/* What the kernel said: 0 or the first error. */
static int answers(int nf, struct err *e)
{
	_Alignas(NLMSG_ALIGNTO) char answer[8192];
	int ret = 0;

	for (;;) {
		ssize_t n = recv(nf, answer, sizeof(answer), MSG_DONTWAIT);
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ret : err_sys(e, "change published ports");
		for (const struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, (unsigned)left);
		     m = NLMSG_NEXT(m, left)) {
			const struct nlmsgerr *error = NLMSG_DATA(m);

			if (m->nlmsg_type != NLMSG_ERROR || !error->error || ret)
				continue;
			errno = -error->error;
			ret = err_sys(e, "change published ports in the packet filter");
		}
	}
}

static int transact(int nf, struct nl_batch *b, struct err *e)
{
	put_frame(b, NFNL_MSG_BATCH_END);
	if (b->full)
		return err_msg(e, EMSGSIZE, "too many published ports at once");
	if (send(nf, b->data, b->size, 0) < 0)
		return err_sys(e, "change published ports in the packet filter");
	return answers(nf, e);
}

/* Ports of one range in one family, which fit into one message. */
enum { CHUNK = 64 };

struct part {
	const struct lease *to;
	const struct publish *p;
	uint16_t from, count;
	bool six;
};

static void put_part(struct nl_batch *b, bool add, const struct part *part)
{
	struct element x;
	size_t list;

	if (!make(part->to, part->p, part->from, part->six, &x))
		return;
	list = put_list(b, add, x.map);
	for (uint16_t k = 0; k < part->count; k++)
		if (make(part->to, part->p, (uint16_t)(part->from + k), part->six, &x))
			put_element(b, add, &x);
	nl_nest_end(b, list);
}

static void begin(struct nl_batch *b)
{
	nl_begin(b);
	put_frame(b, NFNL_MSG_BATCH_BEGIN);
}

/* One by one, for when some of them are gone already. */
static int remove_singly(int nf, const struct part *part, struct err *e)
{
	struct part one = *part;
	struct nl_batch b;
	int ret = 0;

	for (one.count = 1; one.from < part->from + part->count && ret == 0; one.from++) {
		begin(&b);
		put_part(&b, false, &one);
		if (b.n > 1)
			ret = transact(nf, &b, e);
		ret = ret == -ENOENT ? 0 : ret;
	}
	return ret;
}

/* Call act() for every part; it returns 0 to go on. */
static int each_part(const struct lease *to, const struct publish *p, size_t n,
		     int (*act)(const struct part *part, void *ctx), void *ctx)
{
	int ret = 0;

	for (size_t i = 0; i < n; i++)
		for (uint16_t k = 0; k < p[i].count; k += CHUNK)
			for (int six = 0; six < 2 && ret == 0; six++) {
				uint16_t left = (uint16_t)(p[i].count - k);
				struct part part = { to, &p[i], k, left < CHUNK ? left : CHUNK, six };

				ret = act(&part, ctx);
			}
	return ret;
}

struct change {
	int nf;
	bool add;
	struct nl_batch *b;
	struct err *e;
};

/* A transaction takes the kernel milliseconds, so they are as large as they can be. */
static int flush(struct change *c)
{
	int ret = c->b->n > 1 ? transact(c->nf, c->b, c->e) : 0;

	begin(c->b);
	return ret;
}

static int gather(const struct part *part, void *ctx)
{
	struct change *c = ctx;

	put_part(c->b, c->add, part);
	return c->b->n > NL_REQUESTS_MAX - 4 || c->b->size > NL_BATCH_MAX / 2 ? flush(c) : 0;
}

static int drop_part(const struct part *part, void *ctx)
{
	struct change *c = ctx;

	return remove_singly(c->nf, part, c->e);
}

int element_change(int nf, bool add, const struct lease *to, const struct publish *p, size_t n,
		   struct err *e)
{
	struct nl_batch b;
	struct change c = { .nf = nf, .add = add, .b = &b, .e = e };
	int ret;

	begin(&b);
	ret = each_part(to, p, n, gather, &c);
	if (ret == 0)
		ret = flush(&c);
	return ret == -ENOENT && !add ? each_part(to, p, n, drop_part, &c) : ret;
}
