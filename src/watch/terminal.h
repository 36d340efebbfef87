/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's terminal while it is connected to a container's console. */
#pragma once
#include <stdbool.h>
#include <termios.h>

struct terminal {
	int fd; /* -EBADF: none */
	struct termios before;
};

/* Put `fd` into raw mode, if it is a terminal. */
void terminal_raw(struct terminal *t, int fd);
void terminal_restore(struct terminal *t);

/* Give the pty `master` the size of the terminal `fd`. */
void terminal_resize(int fd, int master);
