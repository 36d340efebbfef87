/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration text of the project, ward.conf(5):
 *
 *	# a comment, on a line of its own
 *	include = common.conf        relative to this file
 *	profile = system             before any other key
 *	allow = device:/dev/kvm      opens a gate
 *	memory.max = 512M            any row of `ward keys`; a list key appends
 *	rlimit.core =                an empty value clears
 *	process.env = "A=x "         outer quotes keep outer blanks
 *	origin = --memory            only after `profile = none`, see spec/dump.h
 *
 * Profiles and gates are written in the same syntax and read by the same functions. Reading
 * has no side effects but on the spec; after an error the spec is to be freed. */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "spec/spec.h"

enum {
	CONF_LINE_MAX = 64 * 1024,
	CONF_FILE_MAX = 1024 * 1024,
	CONF_DEPTH_MAX = 16,
};

/* Apply a text to an initialised spec. `where` names it in messages and origins, which become
 * "where:LINE". `include` is refused: a text has no directory. */
int conf_parse(struct spec *s, const char *text, size_t len, const char *where, struct err *e);

/* Apply a file, opened relative to the directory descriptor `dir` (AT_FDCWD for the current
 * one). Only regular files are read. */
int conf_read(struct spec *s, int dir, const char *path, struct err *e);

/* One line of a configuration. "[name]" arrives as the key "name" with a NULL value. `origin`
 * is "where:LINE". All three are gone when the function returns. */
typedef int conf_line(void *context, const char *key, const char *value, const char *origin,
		      struct err *e);

/* Split a text into lines and give each that is neither blank nor comment to `line`, until it
 * returns a negative number. */
int conf_walk(const char *text, size_t len, const char *where, conf_line *line, void *context,
	      struct err *e);
