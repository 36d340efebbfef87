/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages for the person at the terminal, on standard error. */
#pragma once

enum log_level { LOG_ERROR, LOG_WARN, LOG_NOTE, LOG_DEBUG };

/* The only global of the project: how much is said. LOG_WARN unless -v or --debug. */
extern enum log_level log_level;

/* "ward: text\n" in one write, so that lines of two processes do not mix. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_note(...) log_line(LOG_NOTE, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
