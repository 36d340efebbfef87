/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line as a front door: options of `ward run`, `create` and `plan` -> spec.
 *
 *	ward run [OPTIONS] ROOTFS [--] [CMD [ARG...]]
 *
 * Order of precedence: the profile, then --config files, then the other options as written. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/opt.h"
#include "spec/spec.h"

/* What one command takes of it. */
struct cli_form {
	const char *profile; /* without --profile */
	bool session;	     /* -d, --rm, --keep, -i: there is a person in front */
	bool command;	     /* a command to run must be given */
	bool plan;	     /* --json, --exec: nothing is started, the order is printed */
};

struct cli {
	struct spec spec; /* not yet checked */
	bool detach;
	bool keep; /* do not remove the container when it ends */
	bool interactive;
	bool verbose;
	bool debug;
	bool json;
	bool exec;
};

/* Fill `c` from argv[1..argc). Returns 0, OPT_HELP, or another negative errno with e set; the
 * error names the option. c is to be freed in every case. */
int cli_parse(struct cli *c, const struct cli_form *form, int argc, char **argv, struct err *e);
void cli_free(struct cli *c);
#define autocli __attribute__((cleanup(cli_free))) struct cli

/* The option rows of a form: its own, and those of every key that has a flag. Ends with an empty
 * row; to be freed by the caller. NULL when out of memory. */
struct opt *cli_options(const struct cli_form *form);
