/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/seccomp_policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/str.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_rules.h"

enum {
	POLICY_TEXT_MAX = 256 * 1024,
	POLICY_WORD_MAX = 192,
	POLICY_DEPTH_LISTS = 0, /* the user's allow and deny lists */
	POLICY_DEPTH_FILE = 1,	/* what the spec names; each include adds one */
	POLICY_DEPTH_MAX = 8,
};

/* --- words of a text ------------------------------------------------------------------- */

/* A statement begins at the left margin; lines that begin with a blank continue it. */
struct reader {
	struct seccomp_policy *p;
	const char *name; /* of the text, for messages */
	unsigned depth, text;
	const char *at, *end;
	unsigned line;		       /* of `at` */
	bool margin;		       /* `at` stands at the left margin */
	bool more;		       /* `word` is the statement's next word */
	bool starts;		       /* `word` begins a statement */
	unsigned word_line, last_line; /* of this word and of the one before */
	char word[POLICY_WORD_MAX];
	struct err *e;
};

static int __attribute__((format(printf, 2, 3))) reader_fail(struct reader *r, const char *fmt, ...)
{
	va_list ap;
	char text[ERR_TEXT_MAX];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* What is missing is missed behind the last word. */
	return err_msg(r->e, EINVAL, "%s:%u: %s", r->name, r->more ? r->word_line : r->last_line,
		       text);
}

/* Put the place in front of an error that another function made. */
static int reader_at(struct reader *r)
{
	return err_add(r->e, "%s:%u", r->name, r->word_line);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void reader_skip(struct reader *r)
{
	for (; r->at < r->end; r->at++) {
		if (*r->at == '\n') {
			r->line++;
			r->margin = true;
			continue;
		}
		if (*r->at == '#') {
			while (r->at + 1 < r->end && r->at[1] != '\n')
				r->at++;
			continue;
		}
		if (!is_blank(*r->at))
			return;
		r->margin = false;
	}
}

/* Read the next word of the text; r->more tells whether it belongs to the same statement. */
static int reader_next(struct reader *r)
{
	size_t n = 0;

	reader_skip(r);
	r->last_line = r->word_line;
	r->word_line = r->line;
	r->starts = r->margin;
	r->margin = false;
	r->more = true; /* for messages about the word itself */
	for (; r->at < r->end && !is_blank(*r->at) && *r->at != '\n' && *r->at != '#'; r->at++) {
		if (*r->at <= 0x20 || *r->at >= 0x7f)
			return reader_fail(r, "a character that is not printable ASCII");
		if (n + 1 >= sizeof(r->word))
			return reader_fail(r, "a word is longer than %zu characters", n);
		r->word[n++] = *r->at;
	}
	r->word[n] = '\0';
	r->more = n && !r->starts;
	return 0;
}

static bool reader_is(const struct reader *r, const char *word)
{
	return r->more && !strcmp(r->word, word);
}

/* Words of the language cannot be names. */
static bool reader_reserved(const struct reader *r)
{
	static const char *const words[] = { "if", "in", "and", "or", "else", "&", "=" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], r->word))
			return true;
	return false;
}

static int reader_expect(struct reader *r, const char *word, const char *where)
{
	if (!reader_is(r, word))
		return reader_fail(r, "expected '%s' %s, not '%s'", word, where,
				   r->more ? r->word : "the end of the statement");
	return reader_next(r);
}

/* --- conditions ------------------------------------------------------------------------ */

/* Numbers and constants joined by '|'. */
static int read_value(struct reader *r, uint32_t *value)
{
	char *rest = r->word, *part;
	uint32_t one;

	if (!r->more)
		return reader_fail(r, "expected a value");
	*value = 0;
	while ((part = strsep(&rest, "|"))) {
		if (!seccomp_constant(part, &one))
			return reader_fail(r,
					   "'%s' is neither a number of 32 bits nor a known "
					   "constant",
					   part);
		*value |= one;
	}
	return reader_next(r);
}

/* Every case so far, once with each of the values. */
static int cases_multiply(struct reader *r, struct policy_cases *cases, unsigned arg, uint32_t mask,
			  const uint32_t *value, size_t n)
{
	struct policy_cases product = { 0 };
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < cases->n; i++) {
		for (size_t j = 0; ret == 0 && j < n; j++) {
			struct policy_case c = cases->item[i];

			c.test[c.n++] = (struct policy_test){ arg, mask, value[j] };
			ret = rules_add_case(&product, &c);
		}
	}
	free(cases->item);
	*cases = product;
	if (ret == -E2BIG)
		return reader_fail(r, "more than %d combinations", POLICY_CASES_MAX);
	return ret < 0 ? err_mem(r->e) : 0;
}

static int read_values(struct reader *r, uint32_t mask, uint32_t value[POLICY_CASES_MAX], size_t *n)
{
	int ret = 0;

	for (*n = 0; ret == 0 && r->more && !reader_reserved(r); (*n)++) {
		if (*n >= POLICY_CASES_MAX)
			return reader_fail(r, "more than %d values", POLICY_CASES_MAX);
		ret = read_value(r, &value[*n]);
		if (ret == 0 && value[*n] & ~mask)
			ret = reader_fail(r,
					  "the value 0x%x has bits outside of the mask 0x%x and "
					  "is never met",
					  value[*n], mask);
	}
	return ret == 0 && !*n ? reader_fail(r, "expected a value after 'in'") : ret;
}

/* The tests of one case are on different arguments, all cases have the same ones by now. */
static int read_arg(struct reader *r, const struct policy_cases *cases, unsigned *arg)
{
	const struct policy_case *c = &cases->item[0];
	uint64_t number;

	if (!r->more || str_u64(r->word, 10, 0, POLICY_ARGS - 1, &number) < 0)
		return reader_fail(r, "expected the number of an argument, 0 to %d",
				   POLICY_ARGS - 1);
	for (size_t i = 0; i < c->n; i++)
		if (c->test[i].arg == number)
			return reader_fail(r, "argument %s is tested twice", r->word);
	if (c->n >= POLICY_TESTS)
		return reader_fail(r, "more than %d tests in one case", POLICY_TESTS);
	*arg = (unsigned)number;
	return reader_next(r);
}

/* ARG [& MASK] in VALUE... */
static int read_test(struct reader *r, struct policy_cases *cases)
{
	uint32_t value[POLICY_CASES_MAX];
	uint32_t mask = UINT32_MAX;
	unsigned arg = 0;
	size_t n = 0;
	int ret = read_arg(r, cases, &arg);

	if (ret == 0 && reader_is(r, "&")) {
		ret = reader_next(r);
		if (ret == 0)
			ret = read_value(r, &mask);
		if (ret == 0 && !mask)
			ret = reader_fail(r, "a mask without bits");
	}
	if (ret == 0)
		ret = reader_expect(r, "in", "after the argument");
	if (ret == 0)
		ret = read_values(r, mask, value, &n);
	return ret < 0 ? ret : cases_multiply(r, cases, arg, mask, value, n);
}

/* TEST [and TEST]... */
static int read_case(struct reader *r, struct policy_cases *all)
{
	static const struct policy_case always = { 0 };
	struct policy_cases cases = { 0 };
	int ret = rules_add_case(&cases, &always);

	if (ret < 0)
		return err_mem(r->e);
	for (;;) {
		ret = reader_next(r); /* past "if", "or" or "and" */
		if (ret == 0)
			ret = read_test(r, &cases);
		if (ret < 0 || !reader_is(r, "and"))
			break;
	}
	for (size_t i = 0; ret == 0 && i < cases.n; i++) {
		ret = rules_add_case(all, &cases.item[i]);
		if (ret == -E2BIG)
			ret = reader_fail(r, "more than %d cases", POLICY_CASES_MAX);
		else if (ret < 0)
			ret = err_mem(r->e);
	}
	free(cases.item);
	return ret;
}

static int read_verdict(struct reader *r, int *verdict)
{
	*verdict = r->more ? seccomp_errno(r->word) : 0;
	if (!*verdict)
		return reader_fail(r, "expected an error such as EPERM or ENOSYS, not '%s'",
				   r->more ? r->word : "the end of the statement");
	return reader_next(r);
}

/* if CASE [or CASE]... [else ERROR] */
static int read_condition(struct reader *r, struct policy_rule *rule)
{
	int ret;

	do
		ret = read_case(r, &rule->cases);
	while (ret == 0 && reader_is(r, "or"));
	if (ret < 0 || rule->verdict)
		return ret;
	/* What fails must be said: the default would be a guess at what programs can bear. */
	ret = reader_expect(r, "else", "and an error after the condition of 'allow'");
	return ret < 0 ? ret : read_verdict(r, &rule->otherwise);
}

/* --- statements ------------------------------------------------------------------------ */

static int read_end(struct reader *r)
{
	return r->more ? reader_fail(r, "'%s' is too much here", r->word) : 0;
}

/* NAME|@SET... up to a word of the language */
static int read_names(struct reader *r, struct policy_set *names)
{
	int ret = 0;

	while (ret == 0 && r->more && !reader_reserved(r)) {
		if (rules_add_word(r->p, names, r->word, r->e) < 0)
			return reader_at(r);
		ret = reader_next(r);
	}
	return ret == 0 && !names->n ? reader_fail(r, "expected names of system calls") : ret;
}

static int rules_apply(struct reader *r, struct policy_rule *rule, const struct policy_set *names)
{
	char name[SECCOMP_NAME_MAX] = "a system call";

	for (size_t i = 0; i < names->n; i++) {
		int ret;

		rule->number = names->number[i];
		ret = rules_set(r->p, rule);
		if (ret == -ENOMEM)
			return err_mem(r->e);
		if (ret == 0)
			continue;
		seccomp_name(seccomp_native_arch(), rule->number, name);
		r->last_line = rule->line;
		return reader_fail(r, "line %u says something else about %s",
				   rules_find(r->p, rule->number)->line, name);
	}
	return 0;
}

/* NAMES [CONDITION], after "allow" or "deny ERROR" */
static int read_rule(struct reader *r, int verdict, unsigned line)
{
	struct policy_rule rule = {
		.verdict = verdict,
		.depth = r->depth,
		.text = r->text,
		.line = line,
	};
	autoset names = { 0 };
	int ret = read_names(r, &names);

	if (ret == 0 && reader_is(r, "if"))
		ret = read_condition(r, &rule);
	if (ret == 0)
		ret = read_end(r);
	if (ret == 0)
		ret = rules_apply(r, &rule, &names);
	free(rule.cases.item);
	return ret;
}

static int read_allow(struct reader *r, unsigned line)
{
	return read_rule(r, 0, line);
}

static int read_deny(struct reader *r, unsigned line)
{
	int verdict;
	int ret = read_verdict(r, &verdict);

	return ret < 0 ? ret : read_rule(r, verdict, line);
}

static int read_default(struct reader *r, unsigned line)
{
	bool outranked = r->p->otherwise_set && r->p->otherwise_depth < r->depth;
	int verdict = 0;
	int ret;

	(void)line;
	ret = reader_is(r, "allow") ? reader_next(r) : read_verdict(r, &verdict);
	if (ret == 0)
		ret = read_end(r);
	if (ret < 0 || outranked)
		return ret;
	r->p->otherwise = verdict;
	r->p->otherwise_set = true;
	r->p->otherwise_depth = r->depth;
	return 0;
}

static int read_text(struct seccomp_policy *p, const char *name, const char *text, size_t len,
		     unsigned depth, struct err *e);

static const struct embedded *builtin_find(const char *name)
{
	char file[POLICY_WORD_MAX + sizeof(".policy")];

	snprintf(file, sizeof(file), "%s.policy", name);
	return embed_find(policy_files, file);
}

static int read_include(struct reader *r, unsigned line)
{
	const struct embedded *file = r->more ? builtin_find(r->word) : NULL;
	int ret;

	if (!file || !seccomp_policy_is_builtin(r->word))
		return reader_fail(r,
				   "'%s' is no policy of ward's own; app and system can be "
				   "included",
				   r->more ? r->word : "");
	if (r->depth >= POLICY_DEPTH_MAX)
		return reader_fail(r, "too many policies include each other");
	ret = reader_next(r);
	if (ret == 0)
		ret = read_end(r);
	if (ret < 0)
		return ret;
	/* Ours are free of errors by themselves, but not beside any text: sets have one name. */
	ret = read_text(r->p, file->name, file->text, file->len, r->depth + 1, r->e);
	return ret < 0 ? err_add(r->e, "%s:%u", r->name, line) : 0;
}

/* @NAME = NAMES; r->word is the name */
static int read_set(struct reader *r)
{
	autoset set = { 0 };
	int ret;

	if (!r->word[1])
		return reader_fail(r, "a set without a name");
	if (rules_find_set(r->p, r->word))
		return reader_fail(r, "the set %s exists already", r->word);
	set.name = strdup(r->word);
	if (!set.name)
		return err_mem(r->e);
	ret = reader_next(r);
	if (ret == 0)
		ret = reader_expect(r, "=", "after the name of a set");
	if (ret == 0)
		ret = read_names(r, &set);
	if (ret == 0)
		ret = read_end(r);
	return ret < 0 ? ret : rules_define_set(r->p, &set, r->e);
}

static const struct {
	const char *word;
	int (*read)(struct reader *r, unsigned line);
} statements[] = {
	{ "allow", read_allow },
	{ "deny", read_deny },
	{ "default", read_default },
	{ "include", read_include },
};

static int read_statement(struct reader *r)
{
	unsigned line = r->word_line;

	r->more = true;
	if (!r->starts)
		return reader_fail(r, "a statement begins at the left margin");
	if (r->word[0] == '@')
		return read_set(r);
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		int ret;

		if (strcmp(statements[i].word, r->word))
			continue;
		ret = reader_next(r);
		return ret < 0 ? ret : statements[i].read(r, line);
	}
	return reader_fail(r,
			   "'%s' is no statement; those are allow, deny, default, include and "
			   "@NAME =",
			   r->word);
}

static int read_text(struct seccomp_policy *p, const char *name, const char *text, size_t len,
		     unsigned depth, struct err *e)
{
	struct reader r = {
		.p = p,
		.name = name,
		.depth = depth,
		.text = ++p->texts,
		.at = text,
		.end = text + len,
		.line = 1,
		.margin = true,
		.e = e,
	};
	int ret = reader_next(&r);

	while (ret == 0 && r.word[0])
		ret = read_statement(&r);
	return ret;
}

/* --- whole policies -------------------------------------------------------------------- */

void seccomp_policy_free(struct seccomp_policy *p)
{
	rules_free(p);
}

int seccomp_policy_unknown(const char *name, struct err *e)
{
	char nearest[SECCOMP_NAME_MAX];

	err_msg(e, EINVAL, "system call '%s' is not known", name);
	if (seccomp_nearest(name, nearest))
		err_hint(e, "did you mean '%s'?", nearest);
	return -EINVAL;
}

static bool case_holds(const struct policy_case *c, const uint64_t args[POLICY_ARGS])
{
	for (size_t i = 0; i < c->n; i++)
		if (((uint32_t)args[c->test[i].arg] & c->test[i].mask) != c->test[i].value)
			return false;
	return true;
}

int seccomp_policy_verdict(const struct seccomp_policy *p, int number,
			   const uint64_t args[POLICY_ARGS])
{
	const struct policy_rule *r = rules_find(p, number);

	if (!r)
		return p->otherwise;
	for (size_t i = 0; i < r->cases.n; i++)
		if (case_holds(&r->cases.item[i], args))
			return r->verdict;
	return r->cases.n ? r->otherwise : r->verdict;
}

bool seccomp_policy_is_builtin(const char *name)
{
	return !strcmp(name, "app") || !strcmp(name, "system");
}

int seccomp_policy_parse(struct seccomp_policy *p, const char *name, const char *text, size_t len,
			 struct err *e)
{
	const struct embedded *sets = builtin_find("sets");
	int ret;

	p->otherwise = ENOSYS;
	if (len > POLICY_TEXT_MAX)
		return err_msg(e, EINVAL, "%s: a policy has at most %d bytes", name,
			       POLICY_TEXT_MAX);
	ret = read_text(p, sets->name, sets->text, sets->len, POLICY_DEPTH_MAX, e);
	return ret < 0 ? ret : read_text(p, name, text, len, POLICY_DEPTH_FILE, e);
}

int seccomp_policy_builtin(struct seccomp_policy *p, const char *name, struct err *e)
{
	const struct embedded *file = builtin_find(name);

	if (!file)
		return err_msg(e, ENOENT, "there is no policy '%s' inside the program", name);
	return seccomp_policy_parse(p, file->name, file->text, file->len, e);
}

/* --- the user's lists ------------------------------------------------------------------ */

static int list_apply(struct seccomp_policy *p, const char *word, int verdict, struct err *e)
{
	struct policy_rule rule = { .verdict = verdict, .depth = POLICY_DEPTH_LISTS };
	autoset names = { 0 };

	if (rules_add_word(p, &names, word, e) < 0)
		return -e->code;
	rule.text = ++p->texts; /* of its own, so that a later list outranks an earlier one */
	for (size_t i = 0; i < names.n; i++) {
		rule.number = names.number[i];
		if (rules_set(p, &rule) < 0)
			return err_mem(e);
	}
	return 0;
}

int seccomp_policy_allow(struct seccomp_policy *p, const char *word, struct err *e)
{
	return list_apply(p, word, 0, e);
}

int seccomp_policy_deny(struct seccomp_policy *p, const char *word, struct err *e)
{
	return list_apply(p, word, EPERM, e);
}

/* Let socket(2) through for one more case. */
static int socket_widen(struct seccomp_policy *p, const struct policy_case *c, struct err *e)
{
	int number = seccomp_number("socket"), refusal;
	struct policy_rule *r = rules_find(p, number);

	if (r ? !r->verdict && !r->cases.n : !p->otherwise)
		return 0; /* every socket is allowed */
	if (r && r->verdict && r->cases.n)
		return err_msg(e, EINVAL,
			       "the policy names the sockets that are denied instead of "
			       "those that are allowed; change its rule for socket");
	if (!r || r->verdict) {
		refusal = r ? r->verdict : p->otherwise;
		r = rules_make(p, number);
		if (!r)
			return err_mem(e);
		r->verdict = 0;
		r->otherwise = refusal;
	}
	r->depth = POLICY_DEPTH_LISTS;
	switch (rules_add_case(&r->cases, c)) {
	case 0:
		return 0;
	case -E2BIG:
		return err_msg(e, E2BIG, "too many kinds of sockets");
	default:
		return err_mem(e);
	}
}

int seccomp_policy_family(struct seccomp_policy *p, const char *word, struct err *e)
{
	int family = seccomp_family(word);

	if (family < 0)
		return err_msg(e, EINVAL, "'%s' is no address family", word);
	if (family == AF_NETLINK)
		return err_msg(e, EINVAL,
			       "the family netlink is opened one protocol at a time, in "
			       "seccomp.netlink");
	return socket_widen(p,
			    &(struct policy_case){
				    .n = 1, .test = { { 0, UINT32_MAX, (uint32_t)family } } },
			    e);
}

int seccomp_policy_netlink(struct seccomp_policy *p, const char *word, struct err *e)
{
	int protocol = seccomp_netlink(word);
	const struct policy_rule *r;

	if (protocol < 0)
		return err_msg(e, EINVAL, "'%s' is no netlink protocol", word);
	/* Who may speak to nf_tables may also use the older interface of the same firewall. */
	r = rules_find(p, seccomp_number("setsockopt"));
	if (protocol == seccomp_netlink("netfilter") && r && r->cases.n &&
	    seccomp_policy_allow(p, "setsockopt", e) < 0)
		return -e->code;
	return socket_widen(p,
			    &(struct policy_case){
				    .n = 2,
				    .test = { { 0, UINT32_MAX, AF_NETLINK },
					      { 2, UINT32_MAX, (uint32_t)protocol } } },
			    e);
}
