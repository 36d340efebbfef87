/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward convert: an LXC configuration as one of ward's. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cmd/commands.h"
#include "front/lxc_spec.h"

struct args {
	const char *silence;
};

static const struct opt opts[] = {
	{ .name = "silence",
	  .arg = OPT_VALUE,
	  .metavar = "secure|lxc",
	  .take = opt_text,
	  .at = offsetof(struct args, silence),
	  .doc = "what holds where the configuration says nothing: ward's profile system, or what LXC "
		 "does; otherwise ward.silence of the file or of /etc/ward/ward.conf says it" },
	{ 0 }
};

static int choose_silence(const struct lxc_config *c, const char *word, enum lxc_silence *out,
			  struct err *e)
{
	if (!word)
		return lxc_silence_of(c, LXC_MACHINE_CONF, LXC_SECURE, out, e);
	if (strcmp(word, "secure") && strcmp(word, "lxc"))
		return err_msg(e, EINVAL, "--silence: '%s' is neither secure nor lxc", word);
	*out = strcmp(word, "lxc") ? LXC_SECURE : LXC_LETTER;
	return 0;
}

static int convert(const char *path, const char *silence, struct str *out, struct err *e)
{
	enum lxc_silence what;
	struct lxc_host host;
	autonotes notes = { 0 };
	autolxc c = { 0 };
	autospec s;
	int ret;

	spec_init(&s);
	lxc_host_look(&host);
	ret = lxc_conf_load(&c, path, e);
	for (size_t i = 0; i < c.hints.n; i++)
		log_warn("%s", c.hints.item[i]);
	if (ret == 0)
		ret = choose_silence(&c, silence, &what, e);
	if (ret == 0)
		ret = lxc_to_spec(&c, what, &host, &s, &notes, e);
	return ret == 0 ? lxc_print(&s, &notes, out, e) : ret;
}

static int run(int argc, char **argv)
{
	struct args args = { 0 };
	struct err e = ERR_NONE;
	autostr out = { 0 };
	int first, status;

	if (!cmd_parse(&cmd_convert, argc, argv, &args, &first, &status))
		return status;
	if (argc - first != 1)
		return cmd_refused(&cmd_convert,
				   err_msg(&e, EINVAL, "name one configuration of LXC"), &e);
	if (convert(argv[first], args.silence, &out, &e) < 0)
		return cmd_fail(&e, CMD_FAILED);
	return cmd_print(&out);
}

const struct cmd cmd_convert = {
	.name = "convert",
	.args = "FILE",
	.summary = "print an LXC configuration as one for ward",
	.details = "FILE is the configuration of a container as LXC has it, in "
		   "/var/lib/lxc/NAME/config, or one that such files include. What is printed can be "
		   "given to `ward run --config` and `ward create --config`. Lines that mean nothing "
		   "to ward, or that it does otherwise, are listed as comments.",
	.opts = opts,
	.run = run,
};
