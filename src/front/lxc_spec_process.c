/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's keys of the first process: who it is, what it may, how it is filtered. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "front/lxc_translate.h"
#include "spec/common_keys.h"
#include "spec/key.h"

static const char *rest_of(const struct lxc_entry *entry)
{
	return entry->name + strlen(entry->key->name) + 1;
}

int lxc_to_arch(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	int ret;

	if (!lxc_arch_is_32(entry->value))
		return 0;
	ret = key_set(t->s, "seccomp.foreign_abi", "true", entry->where, e);
	return ret < 0 ? ret :
			 err_msg(e, ENOTSUP,
				 "32-bit programs run, but uname(2) inside still says "
				 "the machine's own architecture");
}

/* --- command and user ------------------------------------------------------------------- */

static int add_word(struct lxc_translation *t, const struct str *word, const char *where,
		    struct err *e)
{
	autostr escaped = { 0 };

	word_escape(str_text(word), &escaped);
	if (word->failed || escaped.failed)
		return err_mem(e);
	return key_set(t->s, "process.args", str_text(&escaped), where, e);
}

/* One word of a command line with quotes as in a shell, without its expansions. */
static const char *next_word(const char *p, struct str *word)
{
	char quote = '\0';

	for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? '\0' : *p;
		else
			str_addn(word, p, 1);
	}
	return quote ? NULL : p + strspn(p, " \t");
}

int lxc_to_command(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const char *p = entry->value + strspn(entry->value, " \t");
	int ret = key_set(t->s, "process.args", "", entry->where, e);

	while (ret == 0 && *p) {
		autostr word = { 0 };

		p = next_word(p, &word);
		if (!p)
			return err_msg(e, EINVAL, "a quote is not closed");
		ret = add_word(t, &word, entry->where, e);
	}
	return ret;
}

int lxc_to_user(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const char *uid = lxc_conf_value(t->c, "lxc.init.uid");
	const char *gid = lxc_conf_value(t->c, "lxc.init.gid");
	char user[32];

	snprintf(user, sizeof(user), "%s:%s", uid ? uid : "0", gid ? gid : "0");
	return key_set(t->s, "process.user", user, entry->where, e);
}

int lxc_to_groups(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	(void)t;
	(void)entry;
	return err_msg(e, ENOTSUP,
		       "supplementary groups are those of the user in the container's "
		       "own /etc/group");
}

int lxc_to_environment(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	autostr escaped = { 0 };

	word_escape(entry->value, &escaped);
	if (escaped.failed)
		return err_mem(e);
	return key_set(t->s, "process.env", str_text(&escaped), entry->where, e);
}

int lxc_to_halt(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!strcmp(entry->value, "0"))
		return 0;
	return key_set(t->s, "stop.signal", entry->value, entry->where, e);
}

int lxc_to_pdeath(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	(void)t;
	if (!strcmp(entry->value, "9"))
		return 0;
	return err_msg(e, ENOTSUP,
		       "a container always ends with its monitor: without one, nobody "
		       "would hold its limits or clean up");
}

int lxc_to_core(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	(void)t;
	if (!strcmp(entry->value, "0"))
		return 0;
	return err_msg(e, ENOTSUP,
		       "core scheduling is not set up: neighbours on a sibling thread "
		       "may be another container's");
}

/* --- rights ----------------------------------------------------------------------------- */

int lxc_to_drop(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	return key_set(t->s, "caps.drop", entry->value, entry->where, e);
}

/* The whole set is said: begin with none at the first word. */
int lxc_to_keep(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	static const char *const sets[] = { "caps.bounding", "caps.permitted", "caps.effective",
					    "caps.inheritable", "caps.ambient" };
	const struct lxc_entry *first = t->c->entry;
	int ret = 0;

	while (strcmp(first->name, entry->name))
		first++;
	for (size_t i = 0; i < ARRAY_SIZE(sets) && ret == 0 && entry == first; i++)
		ret = key_set(t->s, sets[i], "none", entry->where, e);
	if (ret < 0 || !strcmp(entry->value, "none"))
		return ret;
	return key_set(t->s, "caps.add", entry->value, entry->where, e);
}

/* The manual's meaning. (The code of LXC 4 to 7 does the reverse: 1 turns it off.) */
int lxc_to_keyring(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	return key_set(t->s, "keyring", strcmp(entry->value, "0") ? "true" : "false", entry->where,
		       e);
}

int lxc_to_apparmor(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!strcmp(entry->value, "unchanged") || !strcmp(entry->value, "unconfined"))
		return key_set(t->s, "lsm.apparmor", "", entry->where, e);
	if (!t->host->apparmor)
		return lxc_note(t, entry, "AppArmor is not switched on here; LXC looks away too",
				false, e);
	if (!strcmp(entry->value, "generated"))
		return err_msg(e, ENOTSUP,
			       "ward generates no AppArmor profile; what it would forbid "
			       "is forbidden by the other walls");
	return key_set(t->s, "lsm.apparmor", entry->value, entry->where, e);
}

int lxc_to_apparmor_raw(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	(void)t;
	(void)entry;
	return err_msg(e, ENOTSUP, "ward generates no AppArmor profile that it could be added to");
}

/* Debian's default.conf says so for every container: it is no wish for user namespaces inside. */
int lxc_to_apparmor_nesting(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!strcmp(entry->value, "0"))
		return 0;
	return lxc_note(t, entry,
			"ward generates no AppArmor profile that it could relax; for containers in "
			"the container write ward.allow = nesting",
			false, e);
}

int lxc_to_selinux(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!t->host->selinux)
		return err_msg(e, ENOTSUP, "SELinux is not switched on here");
	if (strcmp(entry->name, "lxc.selinux.context"))
		return err_msg(e, ENOTSUP, "the session keyring has the context of the process");
	return key_set(t->s, "lsm.selinux", entry->value, entry->where, e);
}

int lxc_to_seccomp(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	return key_set(t->s, "seccomp.lxc", entry->value, entry->where, e);
}

int lxc_to_notify(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	(void)t;
	(void)entry;
	return err_msg(e, ENOTSUP, "system calls are not handed to another process");
}

/* --- limits and kernel parameters ------------------------------------------------------- */

/* By the kernel's numbers, which LXC takes too. */
static const char *const limits[] = {
	[RLIMIT_CPU] = "cpu",		  [RLIMIT_FSIZE] = "fsize",
	[RLIMIT_DATA] = "data",		  [RLIMIT_STACK] = "stack",
	[RLIMIT_CORE] = "core",		  [RLIMIT_RSS] = "rss",
	[RLIMIT_NPROC] = "nproc",	  [RLIMIT_NOFILE] = "nofile",
	[RLIMIT_MEMLOCK] = "memlock",	  [RLIMIT_AS] = "as",
	[RLIMIT_LOCKS] = "locks",	  [RLIMIT_SIGPENDING] = "sigpending",
	[RLIMIT_MSGQUEUE] = "msgqueue",	  [RLIMIT_NICE] = "nice",
	[RLIMIT_RTPRIO] = "rtprio",	  [RLIMIT_RTTIME] = "rttime",
};

int lxc_to_limit(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	const char *name = rest_of(entry), *p = entry->value;
	char key[64], value[64] = "";
	uint64_t number;

	if (str_u64(name, 10, 0, ARRAY_SIZE(limits) - 1, &number) == 0)
		name = limits[number];
	snprintf(key, sizeof(key), "rlimit.%s", name);
	if (!key_find(key, NULL))
		return err_msg(e, EINVAL, "there is no such limit; prlimit(2) lists them");
	/* "unlimited" is "max" to ward. */
	while (*p) {
		size_t n = strcspn(p, ":"), len = strlen(value);

		snprintf(value + len, sizeof(value) - len, "%s%.*s", len ? ":" : "",
			 *p == 'u' ? 3 : (int)n, *p == 'u' ? "max" : p);
		p += n + (p[n] == ':');
	}
	return key_set(t->s, key, value, entry->where, e);
}

int lxc_to_sysctl(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	autostr value = { 0 };

	str_addf(&value, "%s=%s", rest_of(entry), entry->value);
	if (value.failed)
		return err_mem(e);
	return key_set(t->s, "sysctl", str_text(&value), entry->where, e);
}

int lxc_to_proc(struct lxc_translation *t, const struct lxc_entry *entry, struct err *e)
{
	if (!strcmp(rest_of(entry), "oom_score_adj"))
		return key_set(t->s, "process.oom_score_adj", entry->value, entry->where, e);
	return err_msg(e, ENOTSUP, "of the files of /proc/PID only oom_score_adj is set");
}
