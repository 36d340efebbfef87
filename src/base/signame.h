/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of signals, as in signal(7). Our own table, because C libraries either have no such
 * function or only their own one. */
#pragma once
#include <stddef.h>

/* TERM, SIGTERM, term, RTMIN+3 or 15; 0 if there is no such signal. */
int signame_number(const char *text);

/* "TERM", "RTMIN+3"; the number as text when it has no name. Writes into and returns `out`. */
const char *signame_text(int signal, char *out, size_t size);
