/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firewalls of others. An "accept" ends the table it stands in and no other: what ours lets pass,
 * Docker's FORWARD policy DROP or firewalld's default zone may still drop. They are told to pass our
 * bridges; what our bridges may do, our table says.
 *
 * iptables rules are appended, or put before a last rule that refuses everything: an administrator's
 * own rules keep their say. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "net/inner.h"

/* --- iptables ------------------------------------------------------------------------ */

/* Each keeps rules of its own. */
static const struct iptables {
	const char *program, *fallback;
	const char *tables; /* of the legacy one: its loaded tables */
	const char *family; /* of the one on nftables: its table `filter` */
} iptables[] = {
	{ "iptables-nft", "iptables", NULL, "ip" },
	{ "ip6tables-nft", "ip6tables", NULL, "ip6" },
	{ "iptables-legacy", "iptables", "/proc/net/ip_tables_names", NULL },
	{ "ip6tables-legacy", "ip6tables", "/proc/net/ip6_tables_names", NULL },
};

static const struct row {
	const char *chain, *direction;
} rows[] = {
	{ "FORWARD", "-i" },
	{ "FORWARD", "-o" },
	{ "INPUT", "-i" },
};

/* "table ip filter" ... : all tables of nftables, a line each. */
static void list_tables(struct str *out)
{
	const char *argv[] = { "nft", "list", "tables", NULL };
	struct err none = ERR_NONE;
	char path[64];

	if (tool_find("nft", path, sizeof(path)))
		tool_must(path, argv, NULL, out, &none);
}

static bool has_table(const struct str *tables, const char *family, const char *name)
{
	char line[64];

	snprintf(line, sizeof(line), "table %s %s\n", family, name);
	return strstr(str_text(tables), line) != NULL;
}

/* Looking with iptables itself would load modules and make tables. */
static bool in_use(const struct iptables *t, const struct str *tables)
{
	autostr names = { 0 };

	if (t->family)
		return has_table(tables, t->family, "filter");
	return file_read(AT_FDCWD, t->tables, 4096, &names) == 0 &&
	       strstr(str_text(&names), "filter");
}

static const char *program_of(const struct iptables *t, char *path, size_t size)
{
	const char *found = tool_find(t->program, path, size);

	return found ? found : tool_find(t->fallback, path, size);
}

/* A chain as -S prints it. */
struct chain {
	struct str text;
	bool refuses;	       /* by its policy, or by a last rule without conditions */
	unsigned last_refusal; /* number of that rule; 0 = none */
};

static void read_chain(struct chain *c, const char *name)
{
	char drop[64], reject[64], policy[64];
	unsigned number = 0;

	snprintf(policy, sizeof(policy), "-P %s DROP", name);
	snprintf(drop, sizeof(drop), "-A %s -j DROP", name);
	snprintf(reject, sizeof(reject), "-A %s -j REJECT", name);
	for (const char *line = str_text(&c->text); *line; line += strcspn(line, "\n"), line += *line == '\n') {
		number += line[1] == 'A';
		c->refuses |= str_starts(line, policy);
		c->last_refusal = str_starts(line, drop) || str_starts(line, reject) ? number : 0;
	}
	c->refuses |= c->last_refusal != 0;
}

static int list_chain(const char *path, const char *name, struct chain *c, struct err *e)
{
	const char *argv[] = { path, "-w", "5", "-S", name, NULL };
	int ret = tool_must(path, argv, NULL, &c->text, e);

	if (ret == 0)
		read_chain(c, name);
	return ret;
}

static bool has_rule(const struct chain *c, const struct row *row, const char *bridge)
{
	char rule[128];
	const char *at;

	snprintf(rule, sizeof(rule), "-A %s %s %s -m comment --comment ward -j ACCEPT", row->chain,
		 row->direction, bridge);
	at = strstr(str_text(&c->text), rule);
	return at && (at[strlen(rule)] == '\n' || !at[strlen(rule)]);
}

static int change_rule(const char *path, const char *how, const char *place, const struct row *row,
		       const char *bridge, struct err *e)
{
	const char *argv[20] = { path, "-w", "5", how, row->chain };
	size_t n = 5;

	if (place)
		argv[n++] = place;
	argv[n++] = row->direction;
	argv[n++] = bridge;
	for (const char *const *p = (const char *const[]){ "-m", "comment", "--comment", "ward",
							   "-j", "ACCEPT", NULL };
	     *p; p++)
		argv[n++] = *p;
	return tool_must(path, argv, NULL, NULL, e);
}

static int open_row(const char *path, const struct row *row, const char *bridge, struct err *e)
{
	struct chain c = { .refuses = false };
	struct err none = ERR_NONE;
	char place[16];
	int ret = 0;

	/* A table `filter` that iptables cannot read is the administrator's own: `ward check` tells. */
	if (list_chain(path, row->chain, &c, &none) == 0 && c.refuses && !has_rule(&c, row, bridge)) {
		snprintf(place, sizeof(place), "%u", c.last_refusal);
		ret = c.last_refusal ? change_rule(path, "-I", place, row, bridge, e) :
				       change_rule(path, "-A", NULL, row, bridge, e);
	}
	str_free(&c.text);
	return ret;
}

static int close_row(const char *path, const struct row *row, const char *bridge, struct err *e)
{
	struct chain c = { .refuses = false };

	if (list_chain(path, row->chain, &c, e) == 0 && has_rule(&c, row, bridge))
		change_rule(path, "-D", NULL, row, bridge, e);
	str_free(&c.text);
	return 0;
}

/* --- firewalld ----------------------------------------------------------------------- */

/* Its settings for the running firewall: those on disk are the administrator's. A reload forgets ours, and
 * the next start sees that its chains are others and comes here again. */
static int firewalld(const char *what, const char *bridge, struct err *e)
{
	char path[64], word[32 + IFNAMSIZ];
	const char *state[] = { "firewall-cmd", "--state", NULL };
	const char *argv[] = { "firewall-cmd", "--zone=trusted", word, NULL };
	struct err none = ERR_NONE;

	if (!tool_find("firewall-cmd", path, sizeof(path)) ||
	    tool_run(path, state, NULL, NULL, &none) != 0)
		return 0;
	snprintf(word, sizeof(word), "--%s-interface=%s", what, bridge);
	return tool_must(path, argv, NULL, NULL, e);
}

/* --- all ----------------------------------------------------------------------------- */

/* Returns whether any iptables is in use: firewalld may stand behind it. */
static int each_iptables(const struct str *tables, const char *bridge,
			 int (*act)(const char *path, const struct row *row, const char *bridge,
				    struct err *e),
			 bool *any, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(iptables) && ret == 0; i++) {
		char path[64];

		if (!in_use(&iptables[i], tables) || !program_of(&iptables[i], path, sizeof(path)))
			continue;
		*any = true;
		for (size_t k = 0; k < ARRAY_SIZE(rows) && ret == 0; k++)
			ret = act(path, &rows[k], bridge, e);
	}
	return ret;
}

static int change_all(const char *bridge,
		      int (*act)(const char *path, const struct row *row, const char *bridge,
				 struct err *e),
		      const char *word, struct err *e)
{
	autostr tables = { 0 };
	bool any = false;
	int ret;

	list_tables(&tables);
	ret = each_iptables(&tables, bridge, act, &any, e);
	if (ret == 0 && (any || has_table(&tables, "inet", "firewalld")))
		ret = firewalld(word, bridge, e);
	return ret;
}

int foreign_open(const char *bridge, struct err *e)
{
	int ret = change_all(bridge, open_row, "change", e);

	return ret < 0 ? err_add(e, "let the host's firewall pass the bridge %s", bridge) : 0;
}

void foreign_close(const char *bridge)
{
	struct err none = ERR_NONE;

	change_all(bridge, close_row, "remove", &none);
}

uint64_t foreign_hash(void)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < ARRAY_SIZE(iptables); i++) {
		autostr names = { 0 };

		if (iptables[i].tables)
			file_read(AT_FDCWD, iptables[i].tables, 4096, &names);
		for (size_t k = 0; k < names.len; k++)
			hash = (hash ^ (uint8_t)names.text[k]) * 0x100000001b3ULL;
	}
	return hash;
}
