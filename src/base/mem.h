/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ownership in the type of the variable: what is declared with these attributes
 * is released when it goes out of scope, unless take_*() moved it elsewhere. */
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void mem_freep(void *p)
{
	free(*(void **)p);
}

static inline void mem_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void mem_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define autofree __attribute__((cleanup(mem_freep)))
#define autofclose __attribute__((cleanup(mem_fclosep)))
#define autoclosedir __attribute__((cleanup(mem_closedirp)))

/* Move a pointer out of an autofree variable. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})
