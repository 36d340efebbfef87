/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward plan: the order in which a container would be started here. */
#include "base/json.h"
#include "cmd/commands.h"
#include "launch/host.h"
#include "launch/launch.h"
#include "wall/wall.h"

static const struct cli_form form = { .profile = "app", .plan = true };

static void plan_text(const struct order *order, const struct spec *s, const struct host *h,
		      struct str *out)
{
	for (size_t i = 0; i < order->n; i++) {
		const struct row *row = &order->rows[i];
		bool wanted = row_wanted(row, s, h);

		if (row->phase)
			str_addf(out, "%s\n", row->phase);
		str_addf(out, "  %c  %-16s %s%s\n", row->side == MONITOR ? 'M' : 'I', row->name,
			 wanted	   ? (row->why ? row->why : "") :
			 row->lost ? "- skipped; lost: " :
				     "- not asked for",
			 !wanted && row->lost ? row->lost : "");
	}
}

static void plan_json(const struct order *order, const struct spec *s, const struct host *h,
		      struct str *out)
{
	const char *phase = NULL;
	struct json_out j;

	json_start(&j, out, JSON_INDENT);
	json_open_array(&j, NULL);
	for (size_t i = 0; i < order->n; i++) {
		const struct row *row = &order->rows[i];
		bool wanted = row_wanted(row, s, h);

		phase = row->phase ? row->phase : phase;
		json_open_object(&j, NULL);
		json_put_string(&j, "side", row->side == MONITOR ? "monitor" : "init");
		json_put_string(&j, "phase", phase);
		json_put_string(&j, "name", row->name);
		json_put_bool(&j, "runs", wanted);
		json_put_string(&j, "why", row->why);
		json_put_string(&j, "lost", wanted ? NULL : row->lost);
		json_close(&j);
	}
	json_close(&j);
	out->failed |= json_finish(&j) < 0;
}

static int run(int argc, char **argv)
{
	const struct order *order;
	struct host host;
	struct err e = ERR_NONE;
	autocli cli = { 0 };
	autostr out = { 0 };
	int ret = cli_parse(&cli, &form, argc, argv, &e);

	if (ret < 0)
		return cmd_refused(&cmd_plan, ret, &e);
	ret = host_look(&host, &e);
	if (ret == 0)
		ret = walls_check(&cli.spec, &host, &e);
	if (ret < 0)
		return cmd_fail(&e, CMD_FAILED);
	order = cli.exec ? &order_attach : &order_start;
	(cli.json ? plan_json : plan_text)(order, &cli.spec, &host, &out);
	return cmd_print(&out);
}

const struct cmd cmd_plan = {
	.name = "plan",
	.args = "ROOTFS",
	.summary = "print the steps of a start: who does what, when and why (M monitor, I init)",
	.details = "A step that is skipped says what is lost without it.",
	.form = &form,
	.run = run,
};
