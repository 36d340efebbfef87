/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is the packet filter still what we loaded? Asked at every start, so without a program:
 * NETLINK_NETFILTER, linux/netfilter/nf_tables.h.
 *
 * The generation is one number for the whole ruleset: unchanged, everything is as it was. Others'
 * firewalls change it too; then the handles of our rules and of the chains that could stand in our
 * way are hashed, with those of their tables. A handle is never used twice in a table, nor that of a
 * table in a namespace. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/nl.h"
#include "net/inner.h"

static void ask(struct nl_batch *b, uint8_t message, uint16_t flags, uint8_t family)
{
	struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };

	nl_begin(b);
	nl_request(b, NFNL_SUBSYS_NFTABLES << 8 | message, flags, &head, sizeof(head),
		   "ask for the packet filter");
}

static int note_generation(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[NFTA_GEN_ID + 1];
	const void *id;

	nl_attributes(m, sizeof(struct nfgenmsg), attr, NFTA_GEN_ID);
	id = nl_data(attr[NFTA_GEN_ID], sizeof(uint32_t));
	if (id)
		memcpy(ctx, id, sizeof(uint32_t));
	return 0;
}

int filter_generation(int nf, uint32_t *out, struct err *e)
{
	struct nl_batch b;

	*out = 0;
	ask(&b, NFT_MSG_GETGEN, 0, AF_UNSPEC);
	return nl_ask(nf, &b, note_generation, out, e);
}

enum { TABLES_MAX = 64 };

struct look {
	uint64_t hash;
	struct {
		uint8_t family;
		char name[64];
		uint64_t handle;
	} table[TABLES_MAX];
	size_t n;
};

/* FNV-1a */
static void mix(struct look *l, const void *data, size_t size)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++)
		l->hash = (l->hash ^ p[i]) * 0x100000001b3ULL;
}

static void mix_attribute(struct look *l, const struct rtattr *a)
{
	if (a)
		mix(l, RTA_DATA(a), RTA_PAYLOAD(a));
}

static int note_table(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[NFTA_TABLE_HANDLE + 1];
	const struct nfgenmsg *head = NLMSG_DATA(m);
	struct look *l = ctx;
	const char *name;
	const void *handle;

	nl_attributes(m, sizeof(*head), attr, NFTA_TABLE_HANDLE);
	name = nl_text(attr[NFTA_TABLE_NAME]);
	handle = nl_data(attr[NFTA_TABLE_HANDLE], sizeof(l->table[0].handle));
	if (!name || !handle || l->n == TABLES_MAX)
		return 0;
	l->table[l->n].family = head->nfgen_family;
	snprintf(l->table[l->n].name, sizeof(l->table[0].name), "%s", name);
	memcpy(&l->table[l->n++].handle, handle, sizeof(l->table[0].handle));
	return 0;
}

static void mix_table(struct look *l, uint8_t family, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->table[i].family == family && !strcmp(l->table[i].name, name))
			mix(l, &l->table[i].handle, sizeof(l->table[i].handle));
}

static int mix_rule(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[NFTA_RULE_HANDLE + 1];

	nl_attributes(m, sizeof(struct nfgenmsg), attr, NFTA_RULE_HANDLE);
	mix_attribute(ctx, attr[NFTA_RULE_CHAIN]);
	mix_attribute(ctx, attr[NFTA_RULE_HANDLE]);
	return 0;
}

/* Base chains of others at the hooks where ours let pass. */
static int mix_chain(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[NFTA_CHAIN_POLICY + 1], *hook[NFTA_HOOK_HOOKNUM + 1];
	const struct nfgenmsg *head = NLMSG_DATA(m);
	const uint8_t family = head->nfgen_family;
	const char *table;
	const void *number;
	uint32_t at;

	nl_attributes(m, sizeof(*head), attr, NFTA_CHAIN_POLICY);
	nl_nested(attr[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_HOOKNUM);
	table = nl_text(attr[NFTA_CHAIN_TABLE]);
	number = nl_data(hook[NFTA_HOOK_HOOKNUM], sizeof(at));
	if (!number || !table ||
	    (family != NFPROTO_INET && family != NFPROTO_IPV4 && family != NFPROTO_IPV6))
		return 0;
	memcpy(&at, number, sizeof(at));
	if (ntohl(at) != NF_INET_FORWARD && ntohl(at) != NF_INET_LOCAL_IN)
		return 0;
	mix_table(ctx, family, table);
	mix_attribute(ctx, attr[NFTA_CHAIN_HANDLE]);
	mix_attribute(ctx, attr[NFTA_CHAIN_POLICY]);
	return 0;
}

int filter_look(int nf, struct filter_seen *out, struct err *e)
{
	struct look l = { .hash = 0xcbf29ce484222325ULL };
	struct nl_batch b;
	int ret;

	/* First: what changes while we look counts as changed the next time. */
	ret = filter_generation(nf, &out->generation, e);
	if (ret == 0) {
		ask(&b, NFT_MSG_GETTABLE, NLM_F_DUMP, NFPROTO_UNSPEC);
		ret = nl_ask(nf, &b, note_table, &l, e);
	}
	if (ret == 0) {
		ask(&b, NFT_MSG_GETRULE, NLM_F_DUMP, NFPROTO_INET);
		nl_put_text(&b, NFTA_RULE_TABLE, NET_TABLE);
		ret = nl_ask(nf, &b, mix_rule, &l, e);
	}
	if (ret == 0) {
		ask(&b, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC);
		ret = nl_ask(nf, &b, mix_chain, &l, e);
	}
	out->hash = l.hash;
	return ret;
}
