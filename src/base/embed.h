/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text files that travel inside the binary. tools/embed.py writes one C file with an array per
 * file and one table of them all, `const struct embedded PREFIX_files[]`, ended by a row without
 * a name. The user of a table declares it in its own header. */
#pragma once
#include <stddef.h>
#include <string.h>

struct embedded {
	const char *name;   /* the file's name without its directory: "app.policy" */
	const char *text;   /* NUL-terminated */
	size_t len;	    /* without that NUL */
	const char *digest; /* SHA-256 of the text, in hexadecimal */
};

/* The row named `name`, or NULL. */
static inline const struct embedded *embed_find(const struct embedded *files, const char *name)
{
	for (; files->name; files++)
		if (!strcmp(files->name, name))
			return files;
	return NULL;
}
