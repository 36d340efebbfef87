/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* look: the one program that the tests run inside a container.
 *
 *	look PROBE [ARGUMENT...]
 *
 * Every probe tries one thing, harmlessly, and ends with the errno that answered: exit status 0
 * and "OK", or the number and its name. Which errno it is tells which wall stood in the way.
 * Static and without a shell, so that it runs in a root file system that holds nothing else. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct probe {
	const char *name;
	int least; /* arguments it needs */
	/* 0 or a positive errno. argv[0] is the first argument after the probe's name. */
	int (*run)(int argc, char **argv);
	const char *arguments, *doc;
	bool shows; /* prints its own result: no "OK" */
};

/* A row of a table: a probe that tries something, and one that shows something. */
#define TRY(...) PROBE(false, __VA_ARGS__)
#define SHOW(...) PROBE(true, __VA_ARGS__)
#define PROBE(shows_, name_, least_, run_, arguments_, doc_)                                       \
	{                                                                                          \
		.name = name_, .least = least_, .run = run_, .arguments = arguments_, .doc = doc_, \
		.shows = shows_,                                                                   \
	}

/* One table per file, each ended by an empty row. */
extern const struct probe probes_fs[], probes_kernel[], probes_net[], probes_limit[], probes_show[],
	probes_packet[];

/* A name from <errno.h>, "OK" for 0. */
const char *errno_name(int number);

/* A number in any base C knows, or die. */
long number(const char *text);

/* The errno of a system call's result. */
int errno_of(long result);
