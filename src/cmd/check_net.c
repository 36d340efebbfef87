/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What networks need of this host: programs, kinds of devices, and firewalls that let pass. */
#include <errno.h>
#include <linux/if_link.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/nl.h"
#include "cmd/check.h"
#include "net/tool.h"

enum check_state check_program(const struct check *c, const struct host *h, struct str *found)
{
	char path[64];

	(void)h;
	if (tool_find(c->of, path, sizeof(path))) {
		str_add(found, path);
		return CHECK_OK;
	}
	str_add(found, "not installed");
	return CHECK_WARN;
}

/* --- kinds of devices ---------------------------------------------------------------- */

static const char *const kinds[] = { "bridge", "veth", "macvlan", "ipvlan", "vlan" };
enum { NEEDED = 2 };

/* Whether the kernel knows a kind: it is asked to make one without what macvlan and its like need, and
 * says "not supported" only of what it does not know. */
static bool knows(int nl, const char *kind)
{
	struct ifinfomsg head = { 0 };
	struct err e = ERR_NONE;
	struct nl_batch b;
	size_t info;

	nl_begin(&b);
	nl_request(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head), "try %s", kind);
	info = nl_nest(&b, IFLA_LINKINFO);
	nl_put_text(&b, IFLA_INFO_KIND, kind);
	nl_nest_end(&b, info);
	return nl_send(nl, &b, &e) != -EOPNOTSUPP;
}

/* In a network namespace that ends with the child. Exit status: a bit per kind that is missing. */
static void try_kinds(void)
{
	struct err e = ERR_NONE;
	autoclose int nl = -EBADF;
	int missing = 0;

	if (unshare(CLONE_NEWNET) < 0 && (unshare(CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNET) < 0))
		_exit(255);
	nl = nl_open(NETLINK_ROUTE, &e);
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && nl >= 0; i++)
		missing |= knows(nl, kinds[i]) ? 0 : 1 << i;
	_exit(nl < 0 ? 255 : missing);
}

enum check_state check_links(const struct check *c, const struct host *h, struct str *found)
{
	int status = 255;
	pid_t pid = fork();

	(void)c;
	(void)h;
	if (pid == 0)
		try_kinds();
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	status = pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	if (status == 255) {
		str_add(found, "cannot be tried here");
		return CHECK_WARN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!(status >> i & 1))
			str_addf(found, "%s%s", found->len ? " " : "", kinds[i]);
	return status & ((1 << NEEDED) - 1) ? CHECK_WARN : CHECK_OK;
}

/* --- forwarding ---------------------------------------------------------------------- */

enum check_state check_forwarding(const struct check *c, const struct host *h, struct str *found)
{
	bool four = sysctl_get("ipv4/conf/all/forwarding") == 1;
	bool six = sysctl_get("ipv6/conf/all/forwarding") == 1;
	bool each = sysctl_get("ipv6/conf/all/force_forwarding") >= 0;

	(void)c;
	(void)h;
	if (four || six)
		str_addf(found, "on for the whole host (%s)",
			 four && six ? "IPv4, IPv6" :
			 four	     ? "IPv4" :
				       "IPv6");
	else
		str_addf(found, "off; networks put it on for their bridges and uplinks%s",
			 each ? "" : ", IPv6 for the whole host");
	return CHECK_OK;
}

/* --- firewalls ----------------------------------------------------------------------- */

/* A chain of others that drops what it does not accept. "ip filter FORWARD" is iptables', and ward adds
 * its rules there; the others are the administrator's. */
static bool in_the_way(const char *table, const char *chain, const char *hook)
{
	if (!strstr(hook, "policy drop") ||
	    (!strstr(hook, "hook forward") && !strstr(hook, "hook input")))
		return false;
	return strcmp(table, "inet ward") && strcmp(table, "inet firewalld") &&
	       !((!strcmp(table, "ip filter") || !strcmp(table, "ip6 filter")) &&
		 (!strcmp(chain, "FORWARD") || !strcmp(chain, "INPUT")));
}

/* "table FAMILY NAME {", "chain NAME {", "type ... hook ...; policy drop;" */
static void read_chains(const char *text, struct str *found)
{
	char table[96] = "", chain[64] = "";

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		char line[256], family[16], name[64];

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		if (sscanf(line, "table %15s %63s", family, name) == 2)
			snprintf(table, sizeof(table), "%s %s", family, name);
		else if (sscanf(line, " chain %63s", name) == 1)
			snprintf(chain, sizeof(chain), "%s", name);
		else if (in_the_way(table, chain, line))
			str_addf(found, "%s%s %s drops", found->len ? ", " : "", table, chain);
	}
}

enum check_state check_firewalls(const struct check *c, const struct host *h, struct str *found)
{
	const char *argv[] = { "nft", "list", "chains", NULL };
	struct err e = ERR_NONE;
	autostr out = { 0 };
	char path[64];

	(void)c;
	if (!h->privileged || !tool_find("nft", path, sizeof(path)) ||
	    tool_must(path, argv, NULL, &out, &e) < 0) {
		str_add(found, "cannot be read by this user");
		return CHECK_OK;
	}
	read_chains(str_text(&out), found);
	if (found->len)
		return CHECK_WARN;
	str_add(found, "none in the way");
	return CHECK_OK;
}
