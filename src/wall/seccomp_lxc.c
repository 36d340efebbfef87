/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/seccomp_lxc.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "wall/seccomp_names.h"

#ifndef SCMP_ARCH_LOONGARCH64
#define SCMP_ARCH_LOONGARCH64 0xc0000102
#endif

enum { VERSION_NUMBERS = 1, VERSION_NAMES = 2, UMOUNT_FORCE = 1 };

/* --- lines ------------------------------------------------------------------------------ */

struct reader {
	struct seccomp_lxc *p;
	const char *name;
	unsigned line, texts; /* texts: lines with something on them */
	uint64_t version;
	uint32_t arch;	/* of the section, 0 = all */
	bool elsewhere; /* the section is of an architecture that this machine cannot run */
	struct err *e;
};

static int __attribute__((format(printf, 2, 3))) fail(struct reader *r, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_msg(r->e, EINVAL, "%s:%u: %s", r->name, r->line, text);
}

void seccomp_lxc_free(struct seccomp_lxc *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->rule[i].name);
	free(p->rule);
	list_clear(&p->unknown);
	*p = (struct seccomp_lxc){ 0 };
}

static int add_rule(struct reader *r, const struct seccomp_lxc_rule *rule, const char *name)
{
	struct seccomp_lxc *p = r->p;
	char *copy = name ? strdup(name) : NULL;

	if (p->n == SECCOMP_LXC_RULES) {
		free(copy);
		return fail(r, "more than %d rules", SECCOMP_LXC_RULES);
	}
	if (p->n == p->room) {
		struct seccomp_lxc_rule *grown =
			reallocarray(p->rule, p->room * 2 + 16, sizeof(*grown));

		p->room = grown ? p->room * 2 + 16 : p->room;
		p->rule = grown ? grown : p->rule;
	}
	if (p->n == p->room || (name && !copy)) {
		free(copy);
		return err_mem(r->e);
	}
	p->rule[p->n] = *rule;
	p->rule[p->n++].name = copy;
	return 0;
}

/* --- words ------------------------------------------------------------------------------ */

static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");

	if (!*word)
		return NULL;
	*rest = word + strcspn(word, " \t");
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

/* kill | trap | allow | errno N. Returns 1 when there was one, 0 when there is none. */
static int take_action(struct reader *r, char **rest, uint32_t *action)
{
	static const struct {
		const char *word;
		uint32_t action;
	} plain[] = {
		{ "kill", SECCOMP_RET_KILL_THREAD },
		{ "trap", SECCOMP_RET_TRAP },
		{ "allow", SECCOMP_RET_ALLOW },
	};
	char *word = next_word(rest), *number;
	uint64_t value;

	if (!word)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (strcmp(word, plain[i].word))
			continue;
		*action = plain[i].action;
		return 1;
	}
	if (!strcmp(word, "notify"))
		return fail(r, "notify: ward hands system calls to no other process, and without "
			       "an answer the call would never return");
	number = strcmp(word, "errno") ? NULL : next_word(rest);
	if (!number)
		return fail(r, "'%.64s' is none of kill, trap, allow and errno N", word);
	if (str_u64(number, 0, 0, 4095, &value) < 0)
		return fail(r, "'%.64s' is not the number of an error", number);
	*action = SECCOMP_RET_ERRNO | (uint32_t)value;
	return 1;
}

static int take_op(const char *word, enum seccomp_lxc_op *op)
{
	static const struct {
		const char *name, *sign;
	} ops[] = {
		[LXC_OP_NE] = { "SCMP_CMP_NE", "!=" }, [LXC_OP_LT] = { "SCMP_CMP_LT", "<" },
		[LXC_OP_LE] = { "SCMP_CMP_LE", "<=" }, [LXC_OP_EQ] = { "SCMP_CMP_EQ", "==" },
		[LXC_OP_GE] = { "SCMP_CMP_GE", ">=" }, [LXC_OP_GT] = { "SCMP_CMP_GT", ">" },
		[LXC_OP_MASKED_EQ] = { "SCMP_CMP_MASKED_EQ", "&=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(word, ops[i].name) && strcmp(word, ops[i].sign))
			continue;
		*op = (enum seccomp_lxc_op)i;
		return 0;
	}
	return -EINVAL;
}

static char *trimmed(char *word)
{
	size_t n;

	word += strspn(word, " \t");
	n = strlen(word);
	while (n && strchr(" \t\r", word[n - 1]))
		n--;
	word[n] = '\0';
	return word;
}

/* INDEX,VALUE,OP[,MASK] */
static int take_condition(struct reader *r, char *text, struct seccomp_lxc_condition *c)
{
	char *field[4] = { 0 }, *word;
	uint64_t arg;
	size_t n = 0;

	while ((word = strsep(&text, ","))) {
		if (n == ARRAY_SIZE(field))
			return fail(r, "a condition is [INDEX,VALUE,OP] or [INDEX,VALUE,OP,MASK]");
		field[n++] = trimmed(word);
	}
	*c = (struct seccomp_lxc_condition){ .mask = UINT64_MAX };
	if (n < 3 || str_u64(field[0], 0, 0, SECCOMP_LXC_CONDITIONS - 1, &arg) < 0 ||
	    str_u64(field[1], 0, 0, UINT64_MAX, &c->value) < 0 || take_op(field[2], &c->op) < 0)
		return fail(r, "a condition is [INDEX,VALUE,OP] or [INDEX,VALUE,OP,MASK], with OP "
			       "one of SCMP_CMP_NE, _LT, _LE, _EQ, _GE, _GT, _MASKED_EQ");
	if (n > 3 && str_u64(field[3], 0, 0, UINT64_MAX, &c->mask) < 0)
		return fail(r, "'%.64s' is not a mask", field[3]);
	if (n > 3 && c->op != LXC_OP_MASKED_EQ)
		c->mask = UINT64_MAX; /* LXC looks at it only there */
	c->arg = (unsigned)arg;
	return 0;
}

/* "0,1,SCMP_CMP_EQ] [1,...]": the first bracket is cut off already. */
static int take_conditions(struct reader *r, char *rest, struct seccomp_lxc_rule *rule)
{
	int ret = 0;

	while (ret == 0) {
		char *end = strchr(rest, ']');

		if (!end)
			return fail(r, "a condition ends with ']'");
		if (rule->n == SECCOMP_LXC_CONDITIONS)
			return fail(r, "more than %d conditions", SECCOMP_LXC_CONDITIONS);
		*end = '\0';
		ret = take_condition(r, rest, &rule->condition[rule->n++]);
		rest = end + 1 + strspn(end + 1, " \t");
		if (!*rest)
			return ret;
		if (*rest++ != '[')
			return fail(r, "what follows a condition is another one");
	}
	return ret;
}

/* --- rules ------------------------------------------------------------------------------ */

static int unknown_call(struct reader *r, const char *name)
{
	char nearest[SECCOMP_NAME_MAX];
	autostr text = { 0 };

	str_addf(&text, "%s:%u: system call '%.64s' is not known here, and left out", r->name,
		 r->line, name);
	if (seccomp_nearest(name, nearest))
		str_addf(&text, "; did you mean '%s'?", nearest);
	return text.failed || list_add(&r->p->unknown, str_text(&text)) < 0 ? err_mem(r->e) : 0;
}

static int rule_line(struct reader *r, char *text)
{
	struct seccomp_lxc_rule rule = { .arch = r->arch, .action = r->p->plain };
	char *conditions = strchr(text, '['), *rest = text, *name;
	int ret;

	if (conditions)
		*conditions++ = '\0';
	name = next_word(&rest);
	if (!name)
		return fail(r, "a rule begins with the name of a system call");
	ret = take_action(r, &rest, &rule.action);
	if (ret >= 0 && next_word(&rest))
		return fail(r, "more than one action");
	if (ret >= 0 && conditions)
		ret = take_conditions(r, conditions, &rule);
	if (ret < 0 || r->elsewhere)
		return ret < 0 ? ret : 0;
	if (seccomp_number(name) == SECCOMP_UNKNOWN)
		return unknown_call(r, name);
	return add_rule(r, &rule, name);
}

static int number_line(struct reader *r, const char *text)
{
	struct seccomp_lxc_rule rule = { .action = SECCOMP_RET_ALLOW };
	uint64_t number;

	if (str_u64(text, 10, 0, INT32_MAX, &number) < 0)
		return fail(r,
			    "'%.64s' is not the number of a system call, of which version 1 is a "
			    "list",
			    text);
	rule.number = (int)number;
	return add_rule(r, &rule, NULL);
}

static int force_umount(struct reader *r)
{
	const struct seccomp_lxc_rule rule = {
		.arch = r->arch,
		.action = SECCOMP_RET_ERRNO | EACCES,
		.n = 1,
		.condition = { { 1, LXC_OP_MASKED_EQ, UMOUNT_FORCE, UMOUNT_FORCE } },
	};

	return r->elsewhere ? 0 : add_rule(r, &rule, "umount2");
}

static const struct {
	const char *name;
	uint32_t arch;
} sections[] = {
	{ "all", 0 },
	{ "x86", SCMP_ARCH_X86 },
	{ "x32", SCMP_ARCH_X32 },
	{ "x86_64", SCMP_ARCH_X86_64 },
	{ "arm", SCMP_ARCH_ARM },
	{ "arm64", SCMP_ARCH_AARCH64 },
	{ "ppc", SCMP_ARCH_PPC },
	{ "ppc64", SCMP_ARCH_PPC64 },
	{ "ppc64le", SCMP_ARCH_PPC64LE },
	{ "mips", SCMP_ARCH_MIPS },
	{ "mips64", SCMP_ARCH_MIPS64 },
	{ "mips64n32", SCMP_ARCH_MIPS64N32 },
	{ "mipsel", SCMP_ARCH_MIPSEL },
	{ "mipsel64", SCMP_ARCH_MIPSEL64 },
	{ "mipsel64n32", SCMP_ARCH_MIPSEL64N32 },
	{ "s390", SCMP_ARCH_S390 },
	{ "s390x", SCMP_ARCH_S390X },
	{ "loongarch64", SCMP_ARCH_LOONGARCH64 },
};

static int section_line(struct reader *r, char *text)
{
	size_t n = strcspn(text, "]");

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		uint32_t arch = sections[i].arch;

		if (strlen(sections[i].name) != n - 1 || strncasecmp(text + 1, sections[i].name, n - 1))
			continue;
		r->arch = arch;
		r->elsewhere = arch && arch != seccomp_native_arch() &&
			       arch != seccomp_foreign_arch() &&
			       !(arch == SCMP_ARCH_X32 && seccomp_native_arch() == SCMP_ARCH_X86_64);
		return 0;
	}
	return fail(r, "'%.64s' is no architecture that LXC knows", text);
}

/* --- the two lines at the top ----------------------------------------------------------- */

static int version_line(struct reader *r, const char *text)
{
	if (str_u64(text, 10, VERSION_NUMBERS, VERSION_NAMES, &r->version) < 0)
		return fail(r, "'%.64s': the first line is the version, 1 or 2", text);
	return 0;
}

static int list_line(struct reader *r, char *text)
{
	char *rest = text, *word = next_word(&rest);
	bool allow = word && (!strcmp(word, "allowlist") || !strcmp(word, "whitelist"));
	bool deny = word && (!strcmp(word, "denylist") || !strcmp(word, "blacklist"));
	int ret;

	if (!allow && !(deny && r->version == VERSION_NAMES))
		return fail(r, "'%.64s': the second line is %s", text,
			    r->version == VERSION_NAMES ? "allowlist or denylist" : "allowlist");
	r->p->otherwise = allow ? SECCOMP_RET_KILL_THREAD : SECCOMP_RET_ALLOW;
	r->p->plain = allow ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_THREAD;
	if (r->version == VERSION_NUMBERS)
		return 0;
	ret = take_action(r, &rest, &r->p->otherwise);
	return ret < 0 ? ret : 0;
}

static int take_line(struct reader *r, char *text)
{
	text[strcspn(text, "#")] = '\0';
	text = trimmed(text);
	if (!*text)
		return 0;
	switch (++r->texts) {
	case 1:
		return version_line(r, text);
	case 2:
		return list_line(r, text);
	}
	if (r->version == VERSION_NUMBERS)
		return number_line(r, text);
	if (*text == '[')
		return section_line(r, text);
	if (!strcmp(text, "reject_force_umount"))
		return force_umount(r);
	return rule_line(r, text);
}

int seccomp_lxc_parse(struct seccomp_lxc *p, const char *name, const char *text, size_t len,
		      struct err *e)
{
	struct reader r = { .p = p, .name = name, .e = e };
	autofree char *copy = malloc(len + 1);
	char *rest = copy, *line;
	int ret = 0;

	if (!copy)
		return err_mem(e);
	if (memchr(text, '\0', len))
		return err_msg(e, EINVAL, "%s:1: the file holds a NUL byte", name);
	memcpy(copy, text, len);
	copy[len] = '\0';
	while (ret == 0 && (line = strsep(&rest, "\n"))) {
		r.line++;
		ret = take_line(&r, line);
	}
	if (ret == 0 && r.texts < 2)
		return fail(&r, "a policy begins with its version and allowlist or denylist");
	return ret;
}
