/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: reaching parts of the kernel that the program does not need. A hole in the kernel can be
 * used only by whoever can make the call that leads to it. Interfaces: seccomp(2), with a filter
 * that libseccomp writes from a policy (policy/app.policy explains the language).
 *
 * The filter is loaded last of all, because it forbids much of what building the other walls
 * needs, and after no_new_privs, because then no capability is needed to load it.
 *
 * Lost without it: every system call, socket family and ioctl of the host's kernel can be reached;
 * nothing else stands before AF_VSOCK, io_uring, the rarer netlink protocols, or the second ABI
 * (int 0x80) by which filters of arguments are evaded. */
#include "wall/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "wall/seccomp_cache.h"
#include "wall/seccomp_compile.h"
#include "wall/seccomp_lxc.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_policy.h"

#ifndef WARD_VERSION
#define WARD_VERSION "unknown"
#endif

enum { POLICY_FILE_MAX = 64 * 1024 };

/* --- keys ------------------------------------------------------------------------------ */

static int policy_set(const struct key *k, void *field, const char *value, struct err *e)
{
	static const char *const words[] = { "app", "system", "none" };
	const char *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], value))
			return key_string.set(k, field, value, e);
	if (strchr(value, '/'))
		return key_string.set(k, field, value, e);
	err_msg(e, EINVAL, "'%s' is neither app, system, none nor the path of a file", value);
	nearest = str_nearest(value, words, ARRAY_SIZE(words));
	if (nearest)
		err_hint(e, "did you mean '%s'?", nearest);
	return err_hint(e, "a file in this directory is written ./%s", value);
}

static void policy_get(const struct key *k, const void *field, struct str *out)
{
	key_string.get(k, field, out);
}

static void policy_clear(const struct key *k, void *field)
{
	key_string.clear(k, field);
}

static const struct key_type key_policy = {
	.name = "app, system, none or path",
	.set = policy_set,
	.get = policy_get,
	.clear = policy_clear,
};

/* One or more words, divided by commas or blanks; none is taken when one is wrong. */
static int words_set(void *field, const char *value, int (*check)(const char *word, struct err *e),
		     struct err *e)
{
	autofree char *copy = strdup(value);
	struct list words = { 0 };
	char *rest = copy, *word;
	int ret = copy ? 0 : err_mem(e);

	while (ret == 0 && (word = strsep(&rest, ", \t"))) {
		if (!*word)
			continue;
		ret = check(word, e);
		if (ret == 0 && list_add(&words, word) < 0)
			ret = err_mem(e);
	}
	for (size_t i = 0; ret == 0 && i < words.n; i++)
		if (list_add(field, words.item[i]) < 0)
			ret = err_mem(e);
	list_clear(&words);
	return ret;
}

static int name_check(const char *word, struct err *e)
{
	if (str_has_control(word))
		return err_msg(e, EINVAL, "control characters are not allowed");
	/* A policy file may define sets: they are looked up when it is read. */
	if (word[0] == '@' || seccomp_number(word) != SECCOMP_UNKNOWN)
		return 0;
	return seccomp_policy_unknown(word, e);
}

static int family_check(const char *word, struct err *e)
{
	return seccomp_family(word) >= 0 ? 0 :
					   err_msg(e, EINVAL, "'%s' is no address family", word);
}

static int netlink_check(const char *word, struct err *e)
{
	return seccomp_netlink(word) >= 0 ? 0 :
					    err_msg(e, EINVAL, "'%s' is no netlink protocol", word);
}

static int names_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	return words_set(field, value, name_check, e);
}

static int families_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	return words_set(field, value, family_check, e);
}

static int netlink_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	return words_set(field, value, netlink_check, e);
}

static void words_get(const struct key *k, const void *field, struct str *out)
{
	key_list.get(k, field, out);
}

static void words_clear(const struct key *k, void *field)
{
	key_list.clear(k, field);
}

static const struct key_type key_names = {
	.name = "system calls and @sets",
	.many = true,
	.set = names_set,
	.get = words_get,
	.clear = words_clear,
};
static const struct key_type key_families = {
	.name = "address families",
	.many = true,
	.set = families_set,
	.get = words_get,
	.clear = words_clear,
};
static const struct key_type key_netlink = {
	.name = "netlink protocols",
	.many = true,
	.set = netlink_set,
	.get = words_get,
	.clear = words_clear,
};

/* clang-format off */
static const struct key keys[] = {
	{ .name = "seccomp.policy", .type = &key_policy, .at = SPEC(seccomp.policy),
	  .flag = "seccomp", .metavar = "POLICY",
	  .doc = "system call filter: app, system, the path of a policy file, or none" },
	{ .name = "seccomp.allow", .type = &key_names, .at = SPEC(seccomp.allow),
	  .flag = "seccomp-allow", .metavar = "NAME|@SET",
	  .doc = "system calls allowed in addition, whatever their arguments" },
	{ .name = "seccomp.deny", .type = &key_names, .at = SPEC(seccomp.deny),
	  .flag = "seccomp-deny", .metavar = "NAME|@SET",
	  .doc = "system calls that fail with EPERM; outranks everything else" },
	{ .name = "seccomp.families", .type = &key_families, .at = SPEC(seccomp.families),
	  .flag = "seccomp-family", .metavar = "FAMILY",
	  .doc = "socket address families allowed in addition: packet, vsock, or a number" },
	{ .name = "seccomp.netlink", .type = &key_netlink, .at = SPEC(seccomp.netlink),
	  .flag = "seccomp-netlink", .metavar = "PROTOCOL",
	  .doc = "netlink protocols allowed in addition: netfilter, xfrm, audit, or a number" },
	{ .name = "seccomp.lxc", .type = &key_path, .at = SPEC(seccomp.lxc), .metavar = "FILE",
	  .doc = "a policy in LXC's language, lxc.container.conf(5): a call must pass both it and "
		 "seccomp.policy" },
	{ .name = "seccomp.foreign_abi", .type = &key_bool, .at = SPEC(seccomp.foreign_abi),
	  .doc = "let 32-bit programs run: filter their ABI too instead of closing it" },
};
/* clang-format on */

/* --- check ----------------------------------------------------------------------------- */

static bool is_none(const struct spec *s)
{
	return s->seccomp.policy && !strcmp(s->seccomp.policy, "none");
}

/* Neither a policy of ward's nor one of LXC's. */
static bool is_open(const struct spec *s)
{
	return is_none(s) && !s->seccomp.lxc;
}

static int seccomp_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	if (!s->seccomp.policy) {
		err_msg(e, EINVAL, "seccomp.policy: no system call filter is chosen");
		return err_hint(e, "app and system are ward's own; to have none, say none");
	}
	if (s->seccomp.foreign_abi && !seccomp_foreign_arch())
		return err_msg(e, EOPNOTSUPP,
			       "%s: seccomp.foreign_abi: this machine runs no programs "
			       "of another ABI",
			       key_origin(s, "seccomp.foreign_abi"));
	return 0;
}

/* --- the policy of a spec -------------------------------------------------------------- */

/* In the order in which they outrank each other, after the text of the policy. */
static const struct {
	const char *key;
	size_t at;
	int (*apply)(struct seccomp_policy *p, const char *word, struct err *e);
} lists[] = {
	{ "seccomp.allow", SPEC(seccomp.allow), seccomp_policy_allow },
	{ "seccomp.families", SPEC(seccomp.families), seccomp_policy_family },
	{ "seccomp.netlink", SPEC(seccomp.netlink), seccomp_policy_netlink },
	{ "seccomp.deny", SPEC(seccomp.deny), seccomp_policy_deny },
};

static const struct list *list_of(const struct spec *s, size_t at)
{
	return (const struct list *)((const char *)s + at);
}

static int read_text(const struct spec *s, const char *key, const char *path, struct str *text,
		     struct err *e)
{
	int ret = file_read(AT_FDCWD, path, POLICY_FILE_MAX, text);

	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "%s: %s: read %s", key_origin(s, key), key, path);
}

/* The text of a policy file; nothing for a policy of our own. And that of LXC's policy. */
static int policy_texts(const struct spec *s, struct str *text, struct str *lxc, struct err *e)
{
	int ret = 0;

	if (!seccomp_policy_is_builtin(s->seccomp.policy) && !is_none(s))
		ret = read_text(s, "seccomp.policy", s->seccomp.policy, text, e);
	if (ret == 0 && s->seccomp.lxc)
		ret = read_text(s, "seccomp.lxc", s->seccomp.lxc, lxc, e);
	return ret;
}

/* The policy with everything that the lists add and take away. */
static int policy_read(const struct spec *s, const struct str *text, struct seccomp_policy *p,
		       struct err *e)
{
	const char *name = s->seccomp.policy;
	int ret = seccomp_policy_is_builtin(name) ?
			  seccomp_policy_builtin(p, name, e) :
			  seccomp_policy_parse(p, name, str_text(text), text->len, e);

	for (size_t i = 0; ret == 0 && i < ARRAY_SIZE(lists); i++) {
		const struct list *l = list_of(s, lists[i].at);

		for (size_t j = 0; ret == 0 && j < l->n; j++)
			ret = lists[i].apply(p, l->item[j], e);
		if (ret < 0)
			err_add(e, "%s: %s", key_origin(s, lists[i].key), lists[i].key);
	}
	return ret;
}

/* Everything that decides what the filter will be. Parts of free length carry their length, so
 * that no two specs have the same key. */
static int cache_key(const struct spec *s, const struct str *text, const struct str *lxc,
		     struct str *key, struct err *e)
{
	str_add(key, "ward " WARD_VERSION "\n");
	seccomp_compile_version(key);
	for (const struct embedded *file = policy_files; file->name; file++)
		str_addf(key, "%s %s\n", file->name, file->digest);
	str_addf(key, "policy %zu:%s\n", strlen(s->seccomp.policy), s->seccomp.policy);
	str_addf(key, "text %zu:", text->len);
	str_addn(key, str_text(text), text->len);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct list *l = list_of(s, lists[i].at);

		for (size_t j = 0; j < l->n; j++)
			str_addf(key, "\n%s %zu:%s", lists[i].key, strlen(l->item[j]), l->item[j]);
	}
	str_addf(key, "\nforeign_abi %d\nlxc %zu:", s->seccomp.foreign_abi, lxc->len);
	str_addn(key, str_text(lxc), lxc->len);
	return key->failed ? err_mem(e) : 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* Lay LXC's policy before the filter that was compiled; a name that it has and this machine has
 * not is said, because a list of what is denied is then shorter than it looks. */
static int lay_lxc(struct run *r, const struct str *text, struct err *e)
{
	const struct spec *s = r->spec;
	struct sock_fprog joined = { 0 };
	autolxcpolicy policy = { 0 };
	int ret = seccomp_lxc_parse(&policy, s->seccomp.lxc, str_text(text), text->len, e);

	for (size_t i = 0; ret == 0 && i < policy.unknown.n; i++)
		log_warn("%s", policy.unknown.item[i]);
	if (ret == 0)
		ret = seccomp_lxc_compile(&policy, &r->filter, &joined, e);
	if (ret < 0)
		return err_add(e, "%s: seccomp.lxc", key_origin(s, "seccomp.lxc"));
	free(r->filter.filter);
	r->filter = joined;
	return 0;
}

int seccomp_compile(struct run *r, struct err *e)
{
	const struct spec *s = r->spec;
	autopolicy policy = { 0 };
	autostr text = { 0 }, lxc = { 0 };
	autostr key = { 0 };
	int ret;

	if (is_open(s))
		return 0;
	if (!s->seccomp.policy)
		return err_msg(e, EINVAL, "seccomp.policy is not set");
	ret = policy_texts(s, &text, &lxc, e);
	if (ret == 0)
		ret = cache_key(s, &text, &lxc, &key, e);
	if (ret < 0)
		return ret;
	if (seccomp_cache_get(r->cache, &key, &r->filter) == 0)
		return 0;
	if (!is_none(s)) {
		ret = policy_read(s, &text, &policy, e);
		if (ret == 0)
			ret = seccomp_compile_policy(&policy, s->seccomp.foreign_abi, &r->filter,
						     e);
	}
	if (ret == 0 && s->seccomp.lxc)
		ret = lay_lxc(r, &lxc, e);
	if (ret == 0)
		seccomp_cache_put(r->cache, &key, &r->filter);
	return ret;
}

/* The key of a filter that is kept for one container, where nothing has to be told apart. */
static const struct str saved = {
	.text = (char *)"container",
	.len = sizeof("container") - 1,
	.room = sizeof("container"),
};

int seccomp_save(const struct run *r, int dir, struct err *e)
{
	int ret;

	if (is_open(r->spec))
		return 0;
	if (!r->filter.filter)
		return err_msg(e, EINVAL, "keep the system call filter: there is none");
	ret = seccomp_cache_write(dir, "seccomp", &saved, &r->filter);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "keep the system call filter in the state directory");
}

int seccomp_restore(struct run *r, int dir, struct err *e)
{
	int ret;

	if (is_open(r->spec))
		return 0;
	ret = seccomp_cache_read(dir, "seccomp", &saved, &r->filter);
	if (ret == 0)
		return 0;
	if (ret == -ESTALE)
		return err_msg(e, ESTALE,
			       "read the container's system call filter: the file "
			       "'seccomp' of its state directory is damaged or was "
			       "written by somebody else; restart the container");
	errno = -ret;
	return err_sys(e, "read the container's system call filter");
}

/* --- steps: init ----------------------------------------------------------------------- */

static int load_failed(const struct run *r, struct err *e)
{
	int code = errno;

	err_sys(e, "load the system call filter");
	if (code == EACCES)
		err_hint(e, "seccomp(2) wants no_new_privs or CAP_SYS_ADMIN");
	if (code == EINVAL || code == ENOSYS)
		err_hint(e, "the kernel needs CONFIG_SECCOMP_FILTER");
	if (!wall_optional(r->spec, "seccomp"))
		return -code;
	log_warn("%s; started without, because it is optional", e->text);
	*e = ERR_NONE;
	return 0;
}

int seccomp_load(struct run *r, struct err *e)
{
	if (is_open(r->spec))
		return 0;
	if (!r->filter.filter)
		return err_msg(e, EINVAL, "load the system call filter: none was compiled");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &r->filter) < 0)
		return load_failed(r, e);
	return 0;
}

/* --- observe --------------------------------------------------------------------------- */

/* The kernel shows that there is a filter, not which one. So only its absence is written down;
 * what was asked for stands where nothing was seen. */
static int seccomp_observe(const struct look *l, struct spec *seen, struct err *e)
{
	char mode[16];

	if (look_field(l, "Seccomp", mode, sizeof(mode)) && strcmp(mode, "0"))
		return 0;
	free(seen->seccomp.policy);
	seen->seccomp.policy = strdup("none");
	return seen->seccomp.policy ? 0 : err_mem(e);
}

int seccomp_verify(const struct run *r, const struct look *l, const struct spec *seen,
		   struct err *e)
{
	char mode[16], filters[16];

	(void)seen;
	if (is_open(r->spec))
		return 0;
	if (!look_field(l, "Seccomp", mode, sizeof(mode)) || strcmp(mode, "2"))
		return err_msg(e, EPROTO,
			       "seccomp.policy: asked %s (%s), the kernel shows no system "
			       "call filter",
			       r->spec->seccomp.policy, key_origin(r->spec, "seccomp.policy"));
	if (look_field(l, "Seccomp_filters", filters, sizeof(filters)) && !strcmp(filters, "0"))
		return err_msg(e, EPROTO,
			       "seccomp.policy: the kernel counts no system call filter");
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool filtered(const struct spec *seen)
{
	return !is_open(seen);
}

static bool native_only(const struct spec *seen)
{
	return is_open(seen) || !seen->seccomp.foreign_abi;
}

/* clang-format off */
static const struct rule rules[] = {
	{ .id = "seccomp.filter", .holds = filtered,
	  .good = "system calls are filtered",
	  .bad = "every system call of the host's kernel can be made: set seccomp.policy" },
	{ .id = "seccomp.native-abi", .holds = native_only,
	  .good = "system calls are made by this machine's own ABI only",
	  .bad = "the 32-bit ABI is open: a second set of system calls, less used and less tested" },
};
/* clang-format on */

/* Calls that the policy lets through, always or for some arguments. */
static void count(const struct seccomp_policy *p, unsigned *all, unsigned *always, unsigned *some)
{
	char name[SECCOMP_NAME_MAX];

	*all = *always = *some = 0;
	for (int i = 0; i < SECCOMP_NUMBERS; i++) {
		const struct policy_rule *r;

		if (!seccomp_name(seccomp_native_arch(), seccomp_base() + i, name))
			continue;
		r = rules_find(p, seccomp_number(name));
		(*all)++;
		if (r && r->cases.n)
			(*some)++;
		else if (r ? !r->verdict : !p->otherwise)
			(*always)++;
	}
}

static void seccomp_summary(const struct spec *seen, struct str *out)
{
	static const struct str no_text = { 0 };
	const char *policy = seen->seccomp.policy;
	unsigned all, always, some;
	autopolicy p = { 0 };
	struct err e = ERR_NONE;

	if (is_none(seen)) {
		str_addf(out, "seccomp: %s%s",
			 seen->seccomp.lxc ? "only LXC's policy " : "no filter, every system call",
			 seen->seccomp.lxc ? seen->seccomp.lxc : "");
		return;
	}
	if (!policy || !seccomp_policy_is_builtin(policy) ||
	    policy_read(seen, &no_text, &p, &e) < 0) {
		str_addf(out, "seccomp: a filter%s%s", policy ? " from " : "",
			 policy ? policy : "");
		return;
	}
	count(&p, &all, &always, &some);
	str_addf(out, "seccomp: %u of %u system calls, %u of them by their arguments, %s",
		 always + some, all, some,
		 seen->seccomp.foreign_abi ? "32-bit ABI too" : "native ABI only");
	if (seen->seccomp.lxc)
		str_addf(out, ", less what %s denies", seen->seccomp.lxc);
}

/* clang-format off */
const struct wall wall_seccomp = {
	.name = "seccomp",
	.stops = "reaching parts of the kernel that the program does not need",
	.keys = keys, .n_keys = ARRAY_SIZE(keys),
	.check = seccomp_check,
	.observe = seccomp_observe,
	.verify = seccomp_verify,
	.rules = rules, .n_rules = ARRAY_SIZE(rules),
	.summary = seccomp_summary,
};
/* clang-format on */
