/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward completion: a script for the shell, from the same tables as parsing and help. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "front/gate.h"
#include "front/profile.h"
#include "spec/key.h"

static const struct opt opts[] = { { 0 } };

static void add_commands(struct str *out)
{
	for (const struct cmd *const *c = commands; *c; c++)
		str_addf(out, " %s", (*c)->name);
}

static void add_profiles(struct str *out)
{
	for (size_t i = 0; profile_name(i); i++)
		str_addf(out, " %s", profile_name(i));
}

static int add_gates(struct str *out, struct err *e)
{
	autogates all = { 0 };
	int ret = gates_load(&all, e);

	for (size_t i = 0; ret == 0 && i < all.n; i++)
		str_addf(out, " %s%s", all.item[i].name, all.item[i].arg ? ":" : "");
	return ret;
}

static void add_keys(struct str *out)
{
	for (size_t i = 0; i < key_count_all(); i++)
		if (!(key_at(i)->flags & KEY_HIDDEN))
			str_addf(out, " %s=", key_at(i)->name);
}

static void add_options(const struct cmd *c, struct str *out)
{
	autofree struct opt *all = cmd_options(c);

	str_addf(out, "\t%s) words=\"--help", c->name);
	for (const struct opt *o = all; o && o->name; o++)
		str_addf(out, " --%s%s", o->name, o->arg == OPT_VALUE ? "=" : "");
	str_add(out, "\" ;;\n");
	out->failed |= !all;
}

/* Options that take a value are offered with '=' and without a blank behind it; bash gives the
 * word behind '=' as a word of its own, with '=' as the one before. */
static int bash_script(struct str *out, struct err *e)
{
	str_add(out,
		"# Completion of ward for bash; written by `ward completion bash`.\n"
		"_ward()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
		"\tif [ \"$cur\" = = ]; then\n\t\tcur=\n"
		"\telif [ \"$prev\" = = ]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tprev=ward\n\tfi\n"
		"\tcase $prev in\n"
		"\tward|help) words=\"");
	add_commands(out);
	str_add(out, " gates\" ;;\n\t--profile|defaults) words=\"");
	add_profiles(out);
	str_add(out, "\" ;;\n\t--allow) words=\"");
	if (add_gates(out, e) < 0)
		return -e->code;
	str_add(out, "\" ;;\n\t--set) words=\"");
	add_keys(out);
	str_add(out, "\" ;;\n\tcompletion) words=bash ;;\n\tesac\n"
		     "\tif [ -z \"$words\" ] && [ \"${cur:0:1}\" = - ]; then\n"
		     "\tcase ${COMP_WORDS[1]} in\n");
	for (const struct cmd *const *c = commands; *c; c++)
		add_options(*c, out);
	str_add(out, "\tesac\n\tfi\n"
		     "\tif [ -z \"$words\" ]; then\n"
		     "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\treturn\n\tfi\n"
		     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		     "\tcase ${COMPREPLY[0]} in\n"
		     "\t*=|*:) compopt -o nospace ;;\n\tesac\n"
		     "}\ncomplete -o filenames -o bashdefault -F _ward ward\n");
	return 0;
}

static int completion_run(int argc, char **argv)
{
	struct err e = ERR_NONE;
	autostr out = { 0 };
	int first, status;

	if (!cmd_parse(&cmd_completion, argc, argv, NULL, &first, &status))
		return status;
	if (argc - first != 1 || strcmp(argv[first], "bash") != 0)
		return cmd_refused(&cmd_completion,
				   err_msg(&e, EINVAL, "there is completion for one shell: bash"),
				   &e);
	if (bash_script(&out, &e) < 0)
		return cmd_fail(&e, CMD_FAILED);
	return cmd_print(&out);
}

const struct cmd cmd_completion = {
	.name = "completion",
	.args = "bash",
	.summary = "print completion for a shell",
	.details = "For one session: eval \"$(ward completion bash)\".",
	.opts = opts,
	.run = completion_run,
};
