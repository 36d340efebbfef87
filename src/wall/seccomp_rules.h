/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of a system call policy: what is said about each call, and named sets of calls.
 *
 * A policy says one thing per system call: always one verdict, or one verdict when any of its
 * cases holds and another one otherwise. There is no order of evaluation to get wrong. A verdict
 * is 0 = the call is made, or the errno with which it fails instead. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	POLICY_ARGS = 6,
	POLICY_TESTS = 3,
	POLICY_CASES_MAX =
		128, /* of one rule: a conditional jump of BPF reaches 255 instructions */
};

/* (uint32_t)argument & mask == value. Only the low half counts: the kernel takes every argument
 * that a policy may test as an int, and never looks at the upper half of the register
 * (CVE-2019-10063 was a filter that did). */
struct policy_test {
	unsigned arg;
	uint32_t mask, value;
};

/* Holds when all of its tests do; no argument is tested twice. */
struct policy_case {
	size_t n;
	struct policy_test test[POLICY_TESTS];
};

struct policy_cases {
	struct policy_case *item;
	size_t n;
};

struct policy_rule {
	int number; /* seccomp_number() of its name */
	int verdict;
	int otherwise;		   /* when no case holds */
	struct policy_cases cases; /* empty: verdict, always */
	/* Who said it: an outer text outranks those it includes; depth 0 is the user's lists. */
	unsigned depth, text, line;
};

struct policy_set {
	char *name; /* with its '@' */
	int *number;
	size_t n;
};

/* Zero is an empty policy. */
struct seccomp_policy {
	int otherwise; /* verdict on calls without a rule */
	bool otherwise_set;
	unsigned otherwise_depth;
	struct policy_rule *rule; /* sorted by number */
	size_t n_rules;
	struct policy_set *set;
	size_t n_sets;
	unsigned texts; /* read so far */
};

void rules_free(struct seccomp_policy *p);

/* The rule for a system call, or NULL: p->otherwise. */
struct policy_rule *rules_find(const struct seccomp_policy *p, int number);

/* The same, made when missing; NULL = out of memory. */
struct policy_rule *rules_make(struct seccomp_policy *p, int number);

/* Take a copy of `new` over. An outer text outranks an inner one wherever it stands, of two at
 * the same depth the later one counts, and one text must not contradict itself.
 * Returns 0, -EEXIST or -ENOMEM. */
int rules_set(struct seccomp_policy *p, const struct policy_rule *new);

/* Returns 0, -E2BIG above POLICY_CASES_MAX, or -ENOMEM. */
int rules_add_case(struct policy_cases *cases, const struct policy_case *c);

/* Add a system call, or the members of an @set, to the set `s`. Each number is in it once. */
int rules_add_word(const struct seccomp_policy *p, struct policy_set *s, const char *word,
		   struct err *e);

const struct policy_set *rules_find_set(const struct seccomp_policy *p, const char *name);

/* Keep a set under its name; takes over what `s` owns. */
int rules_define_set(struct seccomp_policy *p, struct policy_set *s, struct err *e);

void rules_free_set(struct policy_set *s);
#define autoset __attribute__((cleanup(rules_free_set))) struct policy_set
