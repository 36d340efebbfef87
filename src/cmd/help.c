/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward help: everything from the tables: commands, options, gates. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "front/gate.h"

struct args {
	bool json, man;
};

static const struct opt opts[] = {
	{ .name = "json",
	  .take = opt_true,
	  .at = offsetof(struct args, json),
	  .doc = "print the commands or the gates as JSON" },
	{ .name = "man",
	  .take = opt_true,
	  .at = offsetof(struct args, man),
	  .doc = "print the options, the commands or the gates as a part of a page for scdoc" },
	{ 0 }
};

/* --- all commands ----------------------------------------------------------------------- */

enum { NAME_COLUMN = 14 };

static void overview_text(struct str *out)
{
	str_add(out, "Usage: ward COMMAND [OPTIONS] [OPERANDS]\n\n"
		     "ward runs Linux containers behind walls.\n\nCommands:\n");
	for (const struct cmd *const *c = commands; *c; c++) {
		str_addf(out, "  %-*s", NAME_COLUMN - 2, (*c)->name);
		opt_wrap((*c)->summary, NAME_COLUMN, out);
		str_add(out, "\n");
	}
	str_add(out,
		"\n`ward help COMMAND` says more, `ward help gates` lists the exceptions there "
		"are,\n`ward keys` the settings, `ward check` what this machine offers.\n");
}

static void overview_json(struct str *out)
{
	struct json_out j;

	json_start(&j, out, JSON_INDENT);
	json_open_array(&j, NULL);
	for (const struct cmd *const *c = commands; *c; c++) {
		json_open_object(&j, NULL);
		json_put_string(&j, "name", (*c)->name);
		json_put_string(&j, "args", (*c)->args);
		json_put_string(&j, "summary", (*c)->summary);
		json_close(&j);
	}
	json_close(&j);
	out->failed |= json_finish(&j) < 0;
}

static void overview_man(struct str *out)
{
	for (const struct cmd *const *c = commands; *c; c++) {
		str_addf(out, "*ward %s* ", (*c)->name);
		opt_man_text((*c)->args ? (*c)->args : "", out);
		str_add(out, "\n\t");
		opt_man_text((*c)->summary, out);
		str_add(out, ".\n\n");
	}
}

/* --- gates ------------------------------------------------------------------------------- */

static void gate_text(const struct gate *g, struct str *out)
{
	autostr usage = { 0 };

	gate_usage(g, &usage);
	str_addf(out, "  %-*s", NAME_COLUMN, str_text(&usage));
	opt_wrap(g->doc ? g->doc : "", NAME_COLUMN + 2, out);
	str_addf(out, "\n  %-*s", NAME_COLUMN, "");
	str_add(out, "Cost: ");
	opt_wrap(g->cost ? g->cost : "", NAME_COLUMN + 2, out);
	str_add(out, "\n");
}

static void gate_json(const struct gate *g, struct json_out *j)
{
	json_open_object(j, NULL);
	json_put_string(j, "name", g->name);
	json_put_string(j, "argument", g->arg);
	json_put_string(j, "doc", g->doc);
	json_put_string(j, "cost", g->cost);
	json_open_array(j, "sets");
	for (size_t i = 0; i < g->keys.n; i++) {
		autostr line = { 0 };

		str_addf(&line, "%s = %s", g->keys.item[i], g->values.item[i]);
		json_put_string(j, NULL, str_text(&line));
	}
	json_close(j);
	json_close(j);
}

static void gates_json(const struct gates *all, struct str *out)
{
	struct json_out j;

	json_start(&j, out, JSON_INDENT);
	json_open_array(&j, NULL);
	for (size_t i = 0; i < all->n; i++)
		gate_json(&all->item[i], &j);
	json_close(&j);
	out->failed |= json_finish(&j) < 0;
}

static void gate_man(const struct gate *g, struct str *out)
{
	autostr usage = { 0 };

	gate_usage(g, &usage);
	str_add(out, "*");
	opt_man_text(str_text(&usage), out);
	str_add(out, "*\n\t");
	opt_man_text(g->doc ? g->doc : "", out);
	str_add(out, ".++\nCost: ");
	opt_man_text(g->cost ? g->cost : "", out);
	str_add(out, ".\n\n");
}

static int print_gates(const struct args *args, struct str *out)
{
	struct err e = ERR_NONE;
	autogates all = { 0 };

	if (gates_load(&all, &e) < 0)
		return cmd_fail(&e, CMD_FAILED);
	if (args->json) {
		gates_json(&all, out);
		return cmd_print(out);
	}
	if (!args->man)
		str_add(out, "Gates, opened with --allow or `allow = GATE`:\n\n");
	for (size_t i = 0; i < all.n; i++)
		(args->man ? gate_man : gate_text)(&all.item[i], out);
	return cmd_print(out);
}

/* --- one command ------------------------------------------------------------------------- */

static int print_command(const struct cmd *c, const struct args *args, struct str *out)
{
	autofree struct opt *all = NULL;

	if (!args->man) {
		cmd_describe(c, out);
		return cmd_print(out);
	}
	all = cmd_options(c);
	if (all)
		opt_man(all, out);
	else
		out->failed = true;
	return cmd_print(out);
}

static int print_overview(const struct args *args, struct str *out)
{
	if (args->json)
		overview_json(out);
	else if (args->man)
		overview_man(out);
	else
		overview_text(out);
	return cmd_print(out);
}

static int help_run(int argc, char **argv)
{
	struct args args = { 0 };
	struct err e = ERR_NONE;
	autostr out = { 0 };
	const struct cmd *c;
	int first, status;

	if (!cmd_parse(&cmd_help, argc, argv, &args, &first, &status))
		return status;
	if (argc - first > 1)
		return cmd_refused(&cmd_help, err_msg(&e, EINVAL, "one command at a time"), &e);
	if (first == argc)
		return print_overview(&args, &out);
	if (!strcmp(argv[first], "gates"))
		return print_gates(&args, &out);
	c = cmd_find(argv[first]);
	if (c)
		return print_command(c, &args, &out);
	err_msg(&e, EINVAL, "there is no command '%.64s'", argv[first]);
	return cmd_fail(&e, CMD_USAGE);
}

const struct cmd cmd_help = {
	.name = "help",
	.args = "[COMMAND | gates]",
	.summary = "say how a command is used, or what the gates open and cost",
	.opts = opts,
	.run = help_run,
};
