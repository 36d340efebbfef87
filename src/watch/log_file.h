/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's output kept in a file of bounded size: `ward logs`. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* The newest bytes are in "log", what was before them in "log.1"; together at most `max`. */
struct log_file {
	int dir; /* not owned */
	int fd;
	uint64_t size, max;
};

int log_file_open(struct log_file *l, int dir, uint64_t max, struct err *e);
void log_file_close(struct log_file *l);

/* The descriptor to write to now; call log_file_wrote() after each write. */
void log_file_wrote(struct log_file *l, uint64_t n);
