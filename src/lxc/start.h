/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library tells the monitor that it executes: one text in a memfd. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "front/lxc_conf.h"

/* Descriptors with which the monitor is executed. */
enum { START_TEXT_FD = 3, START_REPORT_FD = 4 };

/* argv[0] of a monitor begins so: people look for it with ps and pgrep. */
#define START_TITLE "[lxc monitor]"

struct lxc_start {
	char *name, *lxcpath;
	char *configfile; /* for the environment of hooks */
	char *pidfile;
	char *console, *console_log; /* files of the command line, instead of the configuration's */
	struct list argv;
	bool daemonize, useinit;
	bool secure; /* what silence means, when no configuration says */
	struct lxc_config config;
};

void lxc_start_free(struct lxc_start *s);
#define autostart __attribute__((cleanup(lxc_start_free))) struct lxc_start

/* Append the text that lxc_start_parse() reads. The configuration goes entry by entry: what it is
 * in memory, whatever happens to the files. */
void lxc_start_write(const struct lxc_start *s, struct str *out);

/* Fill a zeroed `s`. It is to be freed also after an error. */
int lxc_start_parse(const char *text, size_t len, struct lxc_start *s, struct err *e);
