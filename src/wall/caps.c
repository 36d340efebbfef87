/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: what root may do beyond being an owner of files, and getting it back by executing
 * something. Interfaces: prctl(2), capget(2), capset(2); the rules of exec are in
 * capabilities(7).
 *
 * The bounding set is dropped before the user changes (CAP_SETPCAP), the other sets after it
 * (setresuid(2) clears them), no_new_privs last. execve(2) then gives
 *
 *	uid 0	P' = inheritable | bounding		unless no_new_privs or noroot
 *	others	P' = ambient | (file & bounding)	the file's part not with no_new_privs
 *
 * so that for root the bounding set is the wall, and for everybody else the ambient set is all
 * that is given. What is verified is the moment before the exec.
 *
 * Lost without it: root of the container configures networks and mounts, and a set-user-id file
 * is a way to be root. */
#include "wall/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "wall/caps_names.h"

/* The five sets in struct spec; caps.drop works on all, the kernel's rules between them. */
static const struct {
	const char *name;
	size_t at;
} sets[] = {
	{ "caps.bounding", SPEC(caps.bounding) },
	{ "caps.permitted", SPEC(caps.permitted) },
	{ "caps.effective", SPEC(caps.effective) },
	{ "caps.inheritable", SPEC(caps.inheritable) },
	{ "caps.ambient", SPEC(caps.ambient) },
};

static uint64_t *set_of(struct spec *s, size_t at)
{
	return (uint64_t *)((char *)s + at);
}

/* --- keys ------------------------------------------------------------------------------ */

static int caps_key_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	return caps_parse(value, field, e);
}

static void caps_key_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	caps_text(*(const uint64_t *)field, out);
}

static void caps_key_clear(const struct key *k, void *field)
{
	(void)k;
	*(uint64_t *)field = 0;
}

static const struct key_type key_caps = {
	.name = "capabilities", .set = caps_key_set, .get = caps_key_get, .clear = caps_key_clear
};

/* caps.add and caps.drop have no value of their own: they change the five sets, and what they
 * did is shown there. */
static int change_parse(const char *value, uint64_t *bits, struct err *e)
{
	if (strpbrk(value, "+-"))
		return err_msg(e, EINVAL, "'%s': names without a sign are expected", value);
	*bits = 0;
	return caps_parse(value, bits, e);
}

static int caps_add_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct spec *s = (struct spec *)((char *)field - k->at);
	uint64_t bits;
	int ret = change_parse(value, &bits, e);

	if (ret < 0)
		return ret;
	s->caps.bounding |= bits;
	s->caps.permitted |= bits;
	s->caps.effective |= bits;
	return 0;
}

static int caps_drop_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct spec *s = (struct spec *)((char *)field - k->at);
	uint64_t bits;
	int ret = change_parse(value, &bits, e);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		*set_of(s, sets[i].at) &= ~bits;
	return 0;
}

static void change_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	(void)field;
	(void)out;
}

static void change_clear(const struct key *k, void *field)
{
	(void)k;
	(void)field;
}

static const struct key_type key_caps_add = {
	.name = "capabilities", .many = true, .set = caps_add_set, .get = change_get,
	.clear = change_clear
};
static const struct key_type key_caps_drop = {
	.name = "capabilities", .many = true, .set = caps_drop_set, .get = change_get,
	.clear = change_clear
};

static int securebits_set(const struct key *k, void *field, const char *value, struct err *e)
{
	(void)k;
	return securebits_parse(value, field, e);
}

static void securebits_get(const struct key *k, const void *field, struct str *out)
{
	(void)k;
	securebits_text(*(const uint32_t *)field, out);
}

static void securebits_clear(const struct key *k, void *field)
{
	(void)k;
	*(uint32_t *)field = 0;
}

static const struct key_type key_securebits = {
	.name = "securebits", .set = securebits_set, .get = securebits_get,
	.clear = securebits_clear
};

static const struct key keys[] = {
	{ .name = "caps.bounding", .type = &key_caps, .at = SPEC(caps.bounding), .flags = KEY_SEEN,
	  .metavar = "NAMES", .doc = "capabilities that anything in the container can ever have; "
				     "names, all, none, or +NAME and -NAME to change the set" },
	{ .name = "caps.permitted", .type = &key_caps, .at = SPEC(caps.permitted),
	  .flags = KEY_SEEN, .metavar = "NAMES",
	  .doc = "capabilities the program may switch on; a program of uid 0 has caps.bounding" },
	{ .name = "caps.effective", .type = &key_caps, .at = SPEC(caps.effective),
	  .flags = KEY_SEEN, .metavar = "NAMES", .doc = "capabilities that are switched on" },
	{ .name = "caps.inheritable", .type = &key_caps, .at = SPEC(caps.inheritable),
	  .flags = KEY_SEEN, .metavar = "NAMES",
	  .doc = "capabilities that files may hand on; empty unless caps.ambient needs them" },
	{ .name = "caps.ambient", .type = &key_caps, .at = SPEC(caps.ambient), .flags = KEY_SEEN,
	  .metavar = "NAMES", .doc = "capabilities that a user other than root keeps when it "
				     "executes; they must be permitted and inheritable too" },
	{ .name = "caps.add", .type = &key_caps_add, .at = SPEC(caps), .flag = "cap-add",
	  .metavar = "NAMES", .doc = "add to bounding, permitted and effective" },
	{ .name = "caps.drop", .type = &key_caps_drop, .at = SPEC(caps), .flag = "cap-drop",
	  .metavar = "NAMES", .doc = "remove from all five sets" },
	{ .name = "caps.securebits", .type = &key_securebits, .at = SPEC(caps.securebits),
	  .metavar = "WORDS", .doc = "noroot, no-setuid-fixup, keep-caps, no-cap-ambient-raise, "
				     "exec-restrict-file, exec-deny-interactive, each also with "
				     "-locked" },
	{ .name = "no_new_privs", .type = &key_bool, .at = SPEC(caps.no_new_privs),
	  .flag = "no-new-privs", .flags = KEY_SEEN,
	  .doc = "executing a file never gives more rights" },
};

/* --- check ----------------------------------------------------------------------------- */

/* What can be given here: a new or joined user namespace starts with every capability, the
 * host's only with what ward itself still has. */
static uint64_t grantable(const struct spec *s, const struct host *h)
{
	uint64_t known = caps_known(), have = 0;

	if (s->ns[NS_USER].how != NS_HOST || h->rootless)
		return known;
	for (int cap = 0; cap <= CAP_MAX && known & CAP_BIT(cap); cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			have |= CAP_BIT(cap);
	return have;
}

/* The OCI specification wants a warning and no error for what cannot be granted; to get less
 * than was asked weakens no wall. */
static void drop_ungrantable(struct spec *s, const struct host *h)
{
	uint64_t have = grantable(s, h), dropped = 0;
	char text[CAPS_SHOWN];

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		dropped |= *set_of(s, sets[i].at) & ~have;
		*set_of(s, sets[i].at) &= have;
	}
	if (dropped)
		log_warn("capabilities that ward does not have here are not given: %s",
			 caps_names(dropped, text, sizeof(text)));
}

/* True only when it is certain; a name is looked up in the container's passwd later. */
static bool runs_as_root(const struct spec *s)
{
	const char *user = s->process.user;

	if (!user || !*user)
		return s->process.uid == 0;
	return !strncmp(user, "root", 4) ? !user[4] || user[4] == ':' :
					   user[0] == '0' && (!user[1] || user[1] == ':');
}

static int check_subsets(struct spec *s, struct err *e)
{
	enum { BOUNDING, PERMITTED, EFFECTIVE, INHERITABLE, AMBIENT };
	static const struct {
		int small, large;
	} pairs[] = {
		{ PERMITTED, BOUNDING },  { EFFECTIVE, PERMITTED }, { INHERITABLE, BOUNDING },
		{ AMBIENT, PERMITTED },	  { AMBIENT, INHERITABLE },
	};
	char text[CAPS_SHOWN];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const char *small = sets[pairs[i].small].name, *large = sets[pairs[i].large].name;
		uint64_t more = *set_of(s, sets[pairs[i].small].at) &
				~*set_of(s, sets[pairs[i].large].at);

		if (more)
			return err_msg(e, EINVAL, "%s (%s) holds what %s (%s) does not: %s", small,
				       key_origin(s, small), large, key_origin(s, large),
				       caps_names(more, text, sizeof(text)));
	}
	return 0;
}

static int caps_check(struct spec *s, const struct host *h, struct err *e)
{
	int ret;

	drop_ungrantable(s, h);
	ret = check_subsets(s, e);
	if (ret < 0)
		return ret;
	/* The flag is inherited and cannot be taken back. */
	if (!s->caps.no_new_privs && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		log_note("no_new_privs is on because ward itself was started with it");
		s->caps.no_new_privs = true;
	}
	/* Say what will be true: exec gives root the bounding set again. */
	if (runs_as_root(s) && !(s->caps.securebits & SECBIT_NOROOT) && !s->caps.no_new_privs) {
		s->caps.permitted = s->caps.bounding;
		s->caps.effective = s->caps.bounding;
	}
	return 0;
}

/* --- steps: init ----------------------------------------------------------------------- */

int caps_bound(struct run *r, struct err *e)
{
	const struct spec *s = r->spec;
	char text[CAPS_SHOWN];

	for (int cap = 0; cap <= CAP_MAX; cap++) {
		if (s->caps.bounding & CAP_BIT(cap) || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break; /* behind the kernel's last one */
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0)
			continue;
		err_sys(e, "caps.bounding: drop %s",
			caps_names(CAP_BIT(cap), text, sizeof(text)));
		return err_hint(e, "ward needs CAP_SETPCAP for it");
	}
	if ((s->caps.permitted || s->caps.securebits) && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, "caps.permitted: keep capabilities over the change of user");
	return 0;
}

struct caps {
	uint64_t permitted, effective, inheritable;
};

static int kernel_get(struct caps *c)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	c->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	c->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	c->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int kernel_set(const struct caps *c)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .permitted = (uint32_t)c->permitted,
		  .effective = (uint32_t)c->effective,
		  .inheritable = (uint32_t)c->inheritable },
		{ .permitted = (uint32_t)(c->permitted >> 32),
		  .effective = (uint32_t)(c->effective >> 32),
		  .inheritable = (uint32_t)(c->inheritable >> 32) },
	};

	return (int)syscall(SYS_capset, &header, data);
}

static int set_ambient(uint64_t ambient, struct err *e)
{
	char text[CAPS_SHOWN];

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, "caps.ambient: empty the set");
	for (int cap = 0; cap <= CAP_MAX; cap++)
		if (ambient & CAP_BIT(cap) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return err_sys(e, "caps.ambient: raise %s",
				       caps_names(CAP_BIT(cap), text, sizeof(text)));
	return 0;
}

/* Securebits need CAP_SETPCAP switched on, and the old permitted set may have to give way in the
 * next call: hence a step of its own. no-cap-ambient-raise comes after raising, of course. */
static int set_securebits(uint32_t bits, struct err *e)
{
	if (!bits)
		return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ?
			       err_sys(e, "caps.permitted: stop keeping capabilities") :
			       0;
	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
		return err_sys(e, "caps.securebits: set 0x%x", bits);
	if (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != (int)bits)
		return err_msg(e, EPROTO, "caps.securebits: asked 0x%x, the kernel has others",
			       bits);
	return 0;
}

int caps_set(struct run *r, struct err *e)
{
	const struct spec *s = r->spec;
	struct caps want = { .permitted = s->caps.permitted,
			     .effective = s->caps.effective,
			     .inheritable = s->caps.inheritable };
	struct caps have, first;
	char text[CAPS_SHOWN];
	int ret;

	if (kernel_get(&have) < 0)
		return err_sys(e, "read our capabilities");
	if (want.permitted & ~have.permitted)
		return err_msg(e, EPERM, "caps.permitted: we do not have %s to give",
			       caps_names(want.permitted & ~have.permitted, text, sizeof(text)));
	first = want;
	if (s->caps.securebits) {
		first.permitted |= CAP_BIT(CAP_SETPCAP) & have.permitted;
		first.effective |= CAP_BIT(CAP_SETPCAP) & have.permitted;
	}
	if (kernel_set(&first) < 0)
		return err_sys(e, "set the permitted, effective and inheritable capabilities");
	ret = set_ambient(s->caps.ambient, e);
	if (ret == 0)
		ret = set_securebits(s->caps.securebits, e);
	if (ret == 0 && s->caps.securebits && kernel_set(&want) < 0)
		ret = err_sys(e, "give up CAP_SETPCAP");
	return ret;
}

int caps_nnp(struct run *r, struct err *e)
{
	if (!r->spec->caps.no_new_privs || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return 0;
	return err_sys(e, "set no_new_privs");
}

/* --- observe --------------------------------------------------------------------------- */

static int caps_observe(const struct look *l, struct spec *seen, struct err *e)
{
	static const char *const fields[] = { "CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb" };
	char text[32], *end;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!look_field(l, fields[i], text, sizeof(text)))
			return err_msg(e, EPROTO, "/proc/%d/status has no %s", (int)l->pid,
				       fields[i]);
		*set_of(seen, sets[i].at) = strtoull(text, &end, 16);
		if (end == text || *end)
			return err_msg(e, EPROTO, "%s of process %d is not a number", fields[i],
				       (int)l->pid);
	}
	if (!look_field(l, "NoNewPrivs", text, sizeof(text)))
		return err_msg(e, EPROTO, "/proc/%d/status has no NoNewPrivs", (int)l->pid);
	seen->caps.no_new_privs = !strcmp(text, "1");
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

/* Each of these alone is root on a host without a user namespace, and reaches the code of the
 * kernel that has had most of the holes within one. */
static const uint64_t dangerous = CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_MODULE) |
				  CAP_BIT(CAP_SYS_RAWIO) | CAP_BIT(CAP_SYS_PTRACE) |
				  CAP_BIT(CAP_SYS_BOOT) | CAP_BIT(CAP_SYS_TIME) |
				  CAP_BIT(CAP_MAC_ADMIN) | CAP_BIT(CAP_MAC_OVERRIDE) |
				  CAP_BIT(CAP_SYSLOG) | CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_BPF) |
				  CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_NET_ADMIN) |
				  CAP_BIT(CAP_LINUX_IMMUTABLE) | CAP_BIT(CAP_CHECKPOINT_RESTORE);

static bool holds_nnp(const struct spec *s)
{
	return s->caps.no_new_privs;
}

static bool holds_inheritable(const struct spec *s)
{
	return !(s->caps.inheritable & ~s->caps.ambient);
}

static bool holds_host(const struct spec *s)
{
	return s->ns[NS_USER].how != NS_HOST || !s->caps.bounding;
}

static bool holds_few(const struct spec *s)
{
	return !(s->caps.bounding & dangerous);
}

static const struct rule rules[] = {
	{ "caps.no-new-privs", holds_nnp, "executing a file never gives more rights",
	  "set-user-id programs and file capabilities can raise rights" },
	{ "caps.inheritable", holds_inheritable, "no capability comes back through a file's mark",
	  "inheritable capabilities can come back through a file's mark" },
	{ "caps.host", holds_host, "no capability counts on the host",
	  "there is no user namespace: capabilities count on the host" },
	{ "caps.few", holds_few, "none of the capabilities that open large parts of the kernel",
	  "capabilities that open large parts of the kernel can be had" },
};

static void caps_summary(const struct spec *seen, struct str *out)
{
	int n = __builtin_popcountll(seen->caps.bounding);
	char text[CAPS_SHOWN];

	if (n == 0)
		str_add(out, "no capabilities");
	else if (n <= 5)
		str_addf(out, "only %s", caps_names(seen->caps.bounding, text, sizeof(text)));
	else
		str_addf(out, "%d of %d capabilities", n, __builtin_popcountll(caps_known()));
	if (seen->caps.no_new_privs)
		str_add(out, ", no_new_privs");
}

const struct wall wall_caps = {
	.name = "caps",
	.stops = "what root may do beyond owning files, and getting it back by executing something",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = caps_check,
	.observe = caps_observe,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = caps_summary,
};
