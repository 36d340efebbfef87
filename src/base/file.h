/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole small files, relative to a directory descriptor. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"

/* Read all of a file (at most max bytes, else -EFBIG) into out. Returns 0 or -errno. */
int file_read(int dir, const char *path, size_t max, struct str *out);

/* Read from an open descriptor until its end, as file_read(). */
int file_read_fd(int fd, size_t max, struct str *out);

/* Write text to an existing file in one write(2), as the kernel's control files want it.
 * Returns 0 or -errno. */
int file_write(int dir, const char *path, const char *text);

/* Create or replace a file: written under a temporary name, then renamed over the old one, so
 * that a reader sees the old or the new text and never half of it. Returns 0 or -errno. */
int file_replace(int dir, const char *path, const char *text, size_t len, mode_t mode);

/* write(2) all of it, through EINTR and short writes. Returns 0 or -errno. */
int file_write_all(int fd, const void *data, size_t len);
