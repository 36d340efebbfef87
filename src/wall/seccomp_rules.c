/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/seccomp_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "wall/seccomp_names.h"
#include "wall/seccomp_policy.h"

/* Make room for one more of `n` elements. Arrays grow by powers of two, as lists do: they are
 * full exactly when the count is one. Returns NULL when there is no memory. */
static void *grown(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? 2 * n : 1, size);
}

/* --- rules ----------------------------------------------------------------------------- */

void rules_free(struct seccomp_policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++)
		free(p->rule[i].cases.item);
	for (size_t i = 0; i < p->n_sets; i++)
		rules_free_set(&p->set[i]);
	free(p->rule);
	free(p->set);
	*p = (struct seccomp_policy){ 0 };
}

/* Where the rule of a number is, or would be. */
static size_t rule_place(const struct seccomp_policy *p, int number)
{
	size_t low = 0, high = p->n_rules;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->rule[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct policy_rule *rules_find(const struct seccomp_policy *p, int number)
{
	size_t place = rule_place(p, number);

	return place < p->n_rules && p->rule[place].number == number ? &p->rule[place] : NULL;
}

struct policy_rule *rules_make(struct seccomp_policy *p, int number)
{
	size_t place = rule_place(p, number);
	struct policy_rule *array;

	if (place < p->n_rules && p->rule[place].number == number)
		return &p->rule[place];
	array = grown(p->rule, p->n_rules, sizeof(*array));
	if (!array)
		return NULL;
	memmove(&array[place + 1], &array[place], (p->n_rules - place) * sizeof(*array));
	array[place] = (struct policy_rule){ .number = number };
	p->rule = array;
	p->n_rules++;
	return &array[place];
}

int rules_add_case(struct policy_cases *cases, const struct policy_case *c)
{
	struct policy_case *array;

	if (cases->n >= POLICY_CASES_MAX)
		return -E2BIG;
	array = grown(cases->item, cases->n, sizeof(*array));
	if (!array)
		return -ENOMEM;
	array[cases->n++] = *c;
	cases->item = array;
	return 0;
}

/* Put what `from` says in the place of what `to` says. */
static int rule_replace(struct policy_rule *to, const struct policy_rule *from)
{
	struct policy_cases cases = { 0 };

	for (size_t i = 0; i < from->cases.n; i++) {
		if (rules_add_case(&cases, &from->cases.item[i]) == 0)
			continue;
		free(cases.item);
		return -ENOMEM;
	}
	free(to->cases.item);
	*to = *from;
	to->cases = cases;
	return 0;
}

int rules_set(struct seccomp_policy *p, const struct policy_rule *new)
{
	const struct policy_rule *old = rules_find(p, new->number);
	struct policy_rule *place;

	if (old && old->depth < new->depth)
		return 0;
	if (old && old->text == new->text) {
		bool same = old->verdict == new->verdict && !old->cases.n && !new->cases.n;

		return same ? 0 : -EEXIST;
	}
	place = rules_make(p, new->number);
	return place ? rule_replace(place, new) : -ENOMEM;
}

/* --- sets ------------------------------------------------------------------------------ */

void rules_free_set(struct policy_set *s)
{
	free(s->name);
	free(s->number);
	*s = (struct policy_set){ 0 };
}

const struct policy_set *rules_find_set(const struct seccomp_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_sets; i++)
		if (!strcmp(p->set[i].name, name))
			return &p->set[i];
	return NULL;
}

int rules_define_set(struct seccomp_policy *p, struct policy_set *s, struct err *e)
{
	struct policy_set *array = grown(p->set, p->n_sets, sizeof(*array));

	if (!array)
		return err_mem(e);
	array[p->n_sets++] = *s;
	p->set = array;
	*s = (struct policy_set){ 0 };
	return 0;
}

/* Each number once: sets of sets would otherwise grow without bound. */
static int set_add_number(struct policy_set *s, int number)
{
	int *array;

	for (size_t i = 0; i < s->n; i++)
		if (s->number[i] == number)
			return 0;
	array = grown(s->number, s->n, sizeof(*array));
	if (!array)
		return -ENOMEM;
	array[s->n++] = number;
	s->number = array;
	return 0;
}

static int set_unknown(const struct seccomp_policy *p, const char *name, struct err *e)
{
	autofree const char **names = calloc(p->n_sets + 1, sizeof(*names));
	const char *nearest;

	if (!names)
		return err_mem(e);
	for (size_t i = 0; i < p->n_sets; i++)
		names[i] = p->set[i].name;
	nearest = str_nearest(name, names, p->n_sets);
	err_msg(e, EINVAL, "there is no set '%s'", name);
	return nearest ? err_hint(e, "did you mean '%s'?", nearest) : -EINVAL;
}

int rules_add_word(const struct seccomp_policy *p, struct policy_set *s, const char *word,
		   struct err *e)
{
	const struct policy_set *other;
	int number;

	if (word[0] == '@') {
		other = rules_find_set(p, word);
		if (!other)
			return set_unknown(p, word, e);
		for (size_t i = 0; i < other->n; i++)
			if (set_add_number(s, other->number[i]) < 0)
				return err_mem(e);
		return 0;
	}
	number = seccomp_number(word);
	if (number == SECCOMP_UNKNOWN)
		return seccomp_policy_unknown(word, e);
	return set_add_number(s, number) < 0 ? err_mem(e) : 0;
}
