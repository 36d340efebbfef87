/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a set-user-ID program does about its caller's process, which it inherits. */
#pragma once
#include "base/err.h"

/* First of all: no environment, three open standard streams, nothing else open but `keep` (-1:
 * nothing), signals blocked, the working directory and the file mode mask our own. Ends the process
 * when that cannot be. */
void seal_begin(int keep);

/* For good: root in all ids, so that the caller cannot send signals; the two capabilities that
 * making and guarding a port need; no new privileges; the system calls for that. */
int seal_end(struct err *e);
