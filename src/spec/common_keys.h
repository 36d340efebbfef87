/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys that belong to no wall: the program to run and how it ends. */
#pragma once
#include "spec/key.h"

/* Registered before the walls' tables. */
extern const struct key_table common_keys;

/* Put "NAME=VALUE" into an environment as it stands; an earlier value of NAME is replaced in
 * place. Returns 0, or -EINVAL or -ENOMEM with e set. */
int env_put(struct list *env, const char *assignment, struct err *e);

/* One word of a command line or environment on one line of text: control characters, the
 * backslash and outer blanks as \n \t \r \\ \xHH, and the empty word as "". */
void word_escape(const char *word, struct str *out);

/* The reverse. Returns 0, -ENOMEM, or -EINVAL for an unknown escape or \x00. */
int word_unescape(const char *text, struct str *out);
