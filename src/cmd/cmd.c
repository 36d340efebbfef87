/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/cmd.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "watch/container.h"

const struct cmd *cmd_find(const char *name)
{
	for (const struct cmd *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static const struct opt no_opts[] = { { 0 } };

struct opt *cmd_options(const struct cmd *c)
{
	const struct opt *own = c->opts ? c->opts : no_opts;
	autofree struct opt *form = c->form ? cli_options(c->form) : calloc(1, sizeof(*form));
	size_t n = opt_count(own), m = form ? opt_count(form) : 0;
	struct opt *all = calloc(n + m + 1, sizeof(*all));

	if (!form || !all) {
		free(all);
		return NULL;
	}
	memcpy(all, own, n * sizeof(*all));
	memcpy(all + n, form, m * sizeof(*all));
	return all;
}

void cmd_describe(const struct cmd *c, struct str *out)
{
	autofree struct opt *opts = cmd_options(c);

	if (!opts) {
		out->failed = true;
		return;
	}
	str_addf(out, "Usage: ward %s%s%s%s\n\n%c%s.\n", c->name, opts->name ? " [OPTIONS]" : "",
		 c->args && *c->args ? " " : "", c->args ? c->args : "",
		 toupper((unsigned char)c->summary[0]), c->summary + 1);
	for (const char *p = c->details; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		autofree char *paragraph = strndup(p, strcspn(p, "\n"));

		str_add(out, "\n");
		opt_wrap(paragraph ? paragraph : "", 0, out);
		str_add(out, "\n");
	}
	if (opts->name)
		str_add(out, "\nOptions:\n");
	opt_help(opts, out);
}

int cmd_print(const struct str *text)
{
	int ret = text->failed ? -ENOMEM : file_write_all(STDOUT_FILENO, text->text, text->len);

	if (ret == 0)
		return CMD_OK;
	log_error("write to standard output: %s", strerror(-ret));
	return CMD_FAILED;
}

int cmd_print_line(const char *line)
{
	autostr text = { 0 };

	str_addf(&text, "%s\n", line);
	return cmd_print(&text);
}

int cmd_fail(struct err *e, int status)
{
	err_clean(e);
	log_error("%s", e->text);
	return status;
}

int cmd_container_failed(const struct container *c, struct err *e)
{
	if (!c->run.exec_failed)
		return cmd_fail(e, CMD_WARD_FAILED);
	return cmd_fail(e, e->code == ENOENT ? CMD_NOT_FOUND : CMD_CANNOT_EXECUTE);
}

int cmd_refused(const struct cmd *c, int ret, struct err *e)
{
	autostr help = { 0 };

	if (ret == OPT_HELP) {
		cmd_describe(c, &help);
		return cmd_print(&help);
	}
	cmd_fail(e, CMD_USAGE);
	log_error("`ward help %s` says how it is used", c->name);
	return CMD_USAGE;
}

bool cmd_parse(const struct cmd *c, int argc, char **argv, void *into, int *first, int *status)
{
	struct err e = ERR_NONE;

	*first = opt_parse(c->opts ? c->opts : no_opts, argc, argv, OPT_ANYWHERE, into, &e);
	if (*first >= 0)
		return true;
	*status = cmd_refused(c, *first, &e);
	return false;
}

int cmd_each_name(const struct cmd *c, int argc, char **argv, void *into, cmd_act *act)
{
	struct container container = { 0 };
	struct err e = ERR_NONE;
	int first, status = CMD_OK;

	if (!cmd_parse(c, argc, argv, into, &first, &status))
		return status;
	if (first == argc) {
		err_msg(&e, EINVAL, "a container's name is missing");
		return cmd_refused(c, -EINVAL, &e);
	}
	container.argv = argv;
	if (container_open(&container, &e) < 0)
		return cmd_fail(&e, CMD_FAILED);
	for (; first < argc; first++)
		if (act(&container, argv[first], into, &e) < 0)
			status = cmd_fail(&e, CMD_FAILED);
	container_close(&container);
	return status;
}
