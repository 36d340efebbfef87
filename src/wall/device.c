/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: opening or making device nodes that were not given: raw disks, /dev/mem, other people's
 * hardware. Interfaces: devices.deny and devices.allow (cgroup v1), BPF_PROG_TYPE_CGROUP_DEVICE
 * (cgroup v2). Comes before the clone, when the container's cgroup has been made.
 *
 * Without CAP_SYS_ADMIN on the host neither can be set up, and nothing is lost that an ordinary
 * user could have: mknod(2) is refused in a user namespace, file systems mounted there ignore
 * device nodes (SB_I_NODEV), and what the mount table brings in from the host's /dev can be
 * opened exactly as far as the user could before.
 *
 * Lost without it (as root): a node in a volume, or one that a host-privileged container makes,
 * opens the device behind it. */
#include "wall/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* Linux has 12 bits of major and 20 bits of minor number (MAJOR, MINOR in linux/kdev_t.h). */
enum { MAJOR_MAX = 4095, MINOR_MAX = 1048575, RULES_MAX = 512 };

/* --- rules as text ------------------------------------------------------------------------- */

static int number_parse(const char *text, int64_t max, int64_t *out)
{
	if (!strcmp(text, "*")) {
		*out = -1;
		return 0;
	}
	return str_i64(text, 0, max, out);
}

static int access_parse(const char *text, struct device_rule *rule)
{
	for (; *text; text++) {
		bool *flag = *text == 'r' ? &rule->read :
			     *text == 'w' ? &rule->write :
			     *text == 'm' ? &rule->mknod :
					    NULL;

		if (!flag || *flag)
			return -EINVAL;
		*flag = true;
	}
	return rule->read || rule->write || rule->mknod ? 0 : -EINVAL;
}

int device_rule_parse(const char *text, struct device_rule *rule)
{
	char copy[64], *rest = copy, *word[3] = { 0 }, *w, *colon;
	size_t n = 0;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	while ((w = strsep(&rest, " \t"))) {
		if (!*w)
			continue;
		if (n == ARRAY_SIZE(word))
			return -EINVAL;
		word[n++] = w;
	}
	if (n != ARRAY_SIZE(word) || !strchr("abc", word[0][0]) || word[0][1])
		return -EINVAL;
	colon = strchr(word[1], ':');
	if (!colon)
		return -EINVAL;
	*colon = '\0';
	*rule = (struct device_rule){ .type = (enum device_type)word[0][0] };
	if (number_parse(word[1], MAJOR_MAX, &rule->major) < 0 ||
	    number_parse(colon + 1, MINOR_MAX, &rule->minor) < 0)
		return -EINVAL;
	return access_parse(word[2], rule);
}

static void number_print(int64_t number, struct str *out)
{
	if (number < 0)
		str_add(out, "*");
	else
		str_addu(out, (uint64_t)number);
}

void device_rule_print(const struct device_rule *rule, struct str *out)
{
	str_addn(out, (const char[]){ (char)rule->type, ' ' }, 2);
	number_print(rule->major, out);
	str_add(out, ":");
	number_print(rule->minor, out);
	str_add(out, " ");
	str_add(out, rule->read ? "r" : "");
	str_add(out, rule->write ? "w" : "");
	str_add(out, rule->mknod ? "m" : "");
}

int device_rules_add(struct device_rules *rules, const struct device_rule *rule)
{
	struct device_rule *grown = reallocarray(rules->item, rules->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	rules->item = grown;
	rules->item[rules->n++] = *rule;
	return 0;
}

void device_rules_clear(struct device_rules *rules)
{
	free(rules->item);
	*rules = (struct device_rules){ 0 };
}

/* --- keys ------------------------------------------------------------------------------ */

static int rules_set(const struct key *k, void *field, const char *value, struct err *e)
{
	struct device_rules *rules = field;
	struct device_rule rule;

	(void)k;
	if (device_rule_parse(value, &rule) < 0)
		return err_msg(e, EINVAL,
			       "'%s' is not a device rule: type (c, b or a), MAJOR:MINOR (or *), "
			       "and some of rwm, like 'c 1:3 rwm'",
			       value);
	if (rules->n == RULES_MAX)
		return err_msg(e, E2BIG, "more than %d device rules", RULES_MAX);
	return device_rules_add(rules, &rule) < 0 ? err_mem(e) : 0;
}

static void rules_get(const struct key *k, const void *field, struct str *out)
{
	const struct device_rules *rules = field;

	(void)k;
	for (size_t i = 0; i < rules->n; i++) {
		str_add(out, i ? "\n" : "");
		device_rule_print(&rules->item[i], out);
	}
}

static void rules_clear(const struct key *k, void *field)
{
	(void)k;
	device_rules_clear(field);
}

static const struct key_type key_device_rules = {
	.name = "list of device rules",
	.many = true,
	.set = rules_set,
	.get = rules_get,
	.clear = rules_clear,
};

/* Compared by verify(), which knows where rules can be read back; so not KEY_SEEN. */
static const struct key keys[] = {
	{ .name = "device.rule", .type = &key_device_rules, .at = SPEC(dev.rules),
	  .metavar = "'TYPE MAJOR:MINOR ACCESS'",
	  .doc = "device numbers that may be read, written or made (rwm); everything else is "
		 "refused" },
};

/* --- check ----------------------------------------------------------------------------- */

static bool allows_all(const struct device_rule *r)
{
	return r->type == DEVICE_ANY && r->major < 0 && r->minor < 0 && r->read && r->write &&
	       r->mknod;
}

/* Whatever `b` allows, `a` allows. */
static bool covers(const struct device_rule *a, const struct device_rule *b)
{
	return (a->type == DEVICE_ANY || a->type == b->type) &&
	       (a->major < 0 || a->major == b->major) && (a->minor < 0 || a->minor == b->minor) &&
	       a->read >= b->read && a->write >= b->write && a->mknod >= b->mknod;
}

static bool same_devices(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static int rule_compare(const void *x, const void *y)
{
	const struct device_rule *a = x, *b = y;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	return a->minor < b->minor ? -1 : a->minor > b->minor;
}

/* Type a in two: to v1, `a` with any numbers behind it means every device there is. */
static int rules_split(const struct device_rules *from, struct device_rules *to)
{
	int ret = 0;

	for (size_t i = 0; i < from->n && ret == 0; i++) {
		struct device_rule rule = from->item[i];

		if (rule.type != DEVICE_ANY || allows_all(&rule)) {
			ret = device_rules_add(to, &rule);
			continue;
		}
		rule.type = DEVICE_CHAR;
		ret = device_rules_add(to, &rule);
		rule.type = DEVICE_BLOCK;
		if (ret == 0)
			ret = device_rules_add(to, &rule);
	}
	return ret;
}

/* Both back ends ask whether one rule allows all of an access at once (opening for reading and
 * writing needs one with both), and v1 joins rules for the same numbers into one. So do we. */
static void rules_join(struct device_rules *rules)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++) {
		struct device_rule *rule = &rules->item[i];

		if (n && same_devices(&rules->item[n - 1], rule)) {
			rules->item[n - 1].read |= rule->read;
			rules->item[n - 1].write |= rule->write;
			rules->item[n - 1].mknod |= rule->mknod;
		} else {
			rules->item[n++] = *rule;
		}
	}
	rules->n = n;
}

static bool covered_by_another(const struct device_rules *rules, size_t i)
{
	for (size_t j = 0; j < rules->n; j++)
		if (j != i && covers(&rules->item[j], &rules->item[i]))
			return true;
	return false;
}

int device_rules_normalise(struct device_rules *rules)
{
	struct device_rules all = { 0 }, kept = { 0 };
	int ret = rules_split(rules, &all);

	if (ret == 0 && all.n) {
		qsort(all.item, all.n, sizeof(*all.item), rule_compare);
		/* After this no two rules are for the same devices, so none cover each other. */
		rules_join(&all);
	}
	for (size_t i = 0; i < all.n && ret == 0; i++)
		if (!covered_by_another(&all, i))
			ret = device_rules_add(&kept, &all.item[i]);
	device_rules_clear(&all);
	if (ret < 0) {
		device_rules_clear(&kept);
		return ret;
	}
	device_rules_clear(rules);
	*rules = kept;
	return 0;
}

static int device_check(struct spec *s, const struct host *h, struct err *e)
{
	if (h->privileged && !h->cgroup_usable && !list_has(&s->optional, "device")) {
		err_msg(e, EOPNOTSUPP, "device: no cgroup file system is there to filter devices");
		return err_hint(e, "mount cgroup2 on /sys/fs/cgroup, or set optional=device");
	}
	return device_rules_normalise(&s->dev.rules) < 0 ? err_mem(e) : 0;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* What the kernel says of eBPF programs that it does not know, or does not load for anybody. */
static bool is_without_programs(int ret)
{
	return ret == -EINVAL || ret == -ENOSYS || ret == -EPERM;
}

int device_load(struct run *r, struct err *e)
{
	int v1 = r->cg.dir[CG_DEVICES], v2 = r->cg.dir[CG_UNIFIED];
	int ret = 0;

	if (!r->host->privileged)
		return 0;
	/* Both where both are there: an access must then pass the list and the program. */
	if (v1 >= 0)
		ret = device_v1_load(v1, &r->spec->dev.rules, e);
	if (ret < 0)
		return err_add(e, "device");
	if (v2 >= 0)
		ret = device_v2_load(v2, &r->spec->dev.rules, e);
	else if (v1 < 0)
		ret = err_msg(e, EOPNOTSUPP,
			      "neither cgroup v2 nor the devices controller of v1 is mounted");
	r->cg.device_program = v2 >= 0 && ret == 0;
	if (ret == 0)
		return 0;
	err_add(e, "device");
	if (v1 >= 0 && is_without_programs(ret)) {
		/* The list alone is a whole wall. */
		log_debug("%s: the list of v1 alone", e->text);
		*e = ERR_NONE;
		return 0;
	}
	if (v1 >= 0)
		return -e->code;
	if (!list_has(&r->spec->optional, "device"))
		return err_hint(e, "mount cgroup2 on /sys/fs/cgroup (kernel: CONFIG_CGROUP_BPF), "
				   "or set optional=device");
	log_warn("%s: devices are not filtered", e->text);
	return 0;
}

/* What is allowed now, read where device_load() put it. */
static int rules_now(const struct run_cgroup *cg, struct device_rules *out, struct err *e)
{
	int v1 = cg->dir[CG_DEVICES], v2 = cg->dir[CG_UNIFIED];
	int ret;

	if (v1 < 0 && v2 < 0)
		return err_msg(e, ESRCH, "the container has no cgroup with device rules");
	ret = v1 >= 0 ? device_v1_read(v1, out) : device_v2_read(v2, out);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "read the device rules of the container");
}

/* Whatever is allowed of what `rule` names must be in rules for exactly these devices. */
static int rules_remove(struct device_rules *rules, const struct device_rule *rule, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++) {
		struct device_rule r = rules->item[i];
		struct device_rule numbers = { rule->type, rule->major, rule->minor, false, false, false };
		autostr text = { 0 };

		device_rule_print(&r, &text);
		if (!same_devices(&r, rule) && covers(&r, &numbers) &&
		    ((r.read && rule->read) || (r.write && rule->write) || (r.mknod && rule->mknod)))
			return err_msg(e, EBUSY, "the rule '%s' allows it together with other devices",
				       str_text(&text));
		if (same_devices(&r, rule)) {
			r.read &= !rule->read;
			r.write &= !rule->write;
			r.mknod &= !rule->mknod;
		}
		if (r.read || r.write || r.mknod)
			rules->item[n++] = r;
	}
	rules->n = n;
	return 0;
}

static int rules_add(struct device_rules *rules, const struct device_rule *rule, struct err *e)
{
	if (device_rules_add(rules, rule) < 0 || device_rules_normalise(rules) < 0)
		return err_mem(e);
	return 0;
}

/* Beside the list of v1 there is none where the kernel had no eBPF for cgroups. */
static bool has_program(int v2)
{
	struct device_rules rules = { 0 };
	int ret = v2 < 0 ? -ENOENT : device_v2_read(v2, &rules);

	device_rules_clear(&rules);
	return ret != -ENOENT;
}

int device_change(const struct run_cgroup *cg, const struct device_rule *rule, bool allow,
		  struct err *e)
{
	struct device_rules rules = { 0 };
	int ret = rules_now(cg, &rules, e);

	if (ret == 0 && rule->type == DEVICE_ANY)
		ret = err_msg(e, EINVAL, "a single rule is for one type");
	if (ret == 0)
		ret = (allow ? rules_add : rules_remove)(&rules, rule, e);
	if (ret == 0 && cg->dir[CG_DEVICES] >= 0)
		ret = device_v1_change(cg->dir[CG_DEVICES], rule, allow, e);
	if (ret == 0 && (cg->dir[CG_DEVICES] < 0 || has_program(cg->dir[CG_UNIFIED])))
		ret = device_v2_replace(cg->dir[CG_UNIFIED], &rules, e);
	device_rules_clear(&rules);
	return ret < 0 ? err_add(e, "device") : 0;
}

/* --- observe --------------------------------------------------------------------------- */

/* What cannot be read is taken for what is worst: everything allowed. */
static int device_observe(const struct look *l, struct spec *seen, struct err *e)
{
	static const struct device_rule everything = { DEVICE_ANY, -1, -1, true, true, true };
	int v1 = l->cg ? l->cg->dir[CG_DEVICES] : -1;
	int v2 = l->cg ? l->cg->dir[CG_UNIFIED] : -1;
	int ret = -ENOENT;

	device_rules_clear(&seen->dev.rules);
	if (!l->host->privileged)
		return 0;
	if (v1 >= 0)
		ret = device_v1_read(v1, &seen->dev.rules);
	/* Both say the same, unless one of them holds nothing back. */
	if (ret < 0 || (seen->dev.rules.n == 1 && allows_all(&seen->dev.rules.item[0]))) {
		device_rules_clear(&seen->dev.rules);
		ret = v2 < 0 ? -ENOENT : device_v2_read(v2, &seen->dev.rules);
	}
	if (ret < 0)
		ret = device_rules_add(&seen->dev.rules, &everything);
	if (ret == 0)
		ret = device_rules_normalise(&seen->dev.rules);
	return ret < 0 ? err_mem(e) : 0;
}

static bool v1_holds(int dir, const struct device_rules *asked)
{
	static const struct key k = { .type = &key_device_rules };
	struct device_rules rules = { 0 };
	autostr a = { 0 };
	autostr b = { 0 };
	bool same = device_v1_read(dir, &rules) == 0 && device_rules_normalise(&rules) == 0;

	rules_get(&k, asked, &a);
	rules_get(&k, &rules, &b);
	device_rules_clear(&rules);
	return same && !a.failed && !b.failed && !strcmp(str_text(&a), str_text(&b));
}

/* The list of v1 and the program of v2 are exactly the asked ones. */
static int device_verify(const struct run *r, const struct look *l, const struct spec *seen,
			 struct err *e)
{
	const struct device_rules *asked = &r->spec->dev.rules;
	int v1 = r->cg.dir[CG_DEVICES], v2 = r->cg.dir[CG_UNIFIED];

	(void)l;
	(void)seen;
	if (!r->host->privileged || list_has(&r->spec->optional, "device"))
		return 0;
	if (v1 >= 0 && !v1_holds(v1, asked))
		return err_msg(e, EPROTO, "device: devices.list shows other rules than were asked");
	if (v2 >= 0 && (v1 < 0 || r->cg.device_program) && !device_v2_holds(v2, asked))
		return err_msg(e, EPROTO, "device: the program on the cgroup is not the asked one");
	if (v1 < 0 && v2 < 0)
		return err_msg(e, EPROTO, "device: no cgroup filters devices");
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool opens(const struct device_rule *r)
{
	return r->read || r->write;
}

/* Unix98 pseudo terminals: majors 136 to 143, and any number of them. */
static bool is_pts(const struct device_rule *r)
{
	return r->type == DEVICE_CHAR && r->major >= 136 && r->major <= 143;
}

static bool no_wildcard(const struct spec *s)
{
	for (size_t i = 0; i < s->dev.rules.n; i++) {
		const struct device_rule *r = &s->dev.rules.item[i];

		if (opens(r) && (r->major < 0 || r->minor < 0) && !is_pts(r))
			return false;
	}
	return true;
}

static bool no_disk(const struct spec *s)
{
	for (size_t i = 0; i < s->dev.rules.n; i++)
		if (opens(&s->dev.rules.item[i]) && s->dev.rules.item[i].type != DEVICE_CHAR)
			return false;
	return true;
}

/* /dev/mem, /dev/kmem, /dev/port: characters 1:1, 1:2, 1:4. */
static bool no_memory(const struct spec *s)
{
	static const int minors[] = { 1, 2, 4 };

	for (size_t i = 0; i < s->dev.rules.n; i++) {
		for (size_t m = 0; m < ARRAY_SIZE(minors); m++) {
			struct device_rule one = { DEVICE_CHAR, 1, minors[m], false, false, false };

			if (opens(&s->dev.rules.item[i]) && covers(&s->dev.rules.item[i], &one))
				return false;
		}
	}
	return true;
}

static const struct rule rules[] = {
	{ "device.listed", no_wildcard, "only listed devices can be opened",
	  "whole classes of devices can be opened" },
	{ "device.disk", no_disk, "no disk can be opened", "block devices can be opened" },
	{ "device.memory", no_memory, "physical memory and I/O ports cannot be opened",
	  "/dev/mem, /dev/kmem or /dev/port can be opened" },
};

static void device_summary(const struct spec *seen, struct str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->dev.rules.n; i++)
		n += opens(&seen->dev.rules.item[i]);
	if (!no_wildcard(seen))
		str_add(out, "whole classes of devices can be opened");
	else if (n)
		str_addf(out, "%zu device rules", n);
	else
		str_add(out, "no device rules");
}

const struct wall wall_device = {
	.name = "device",
	.stops = "opening devices that were not given, whatever nodes there are",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = device_check,
	.settled = SETTLED_ENTERED,
	.observe = device_observe,
	.verify = device_verify,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = device_summary,
};
