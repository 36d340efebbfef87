/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward defaults: what a profile sets, as the file it is. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "front/profile.h"
#include "spec/dump.h"

struct args {
	bool effective;
};

static const struct opt opts[] = {
	{ .name = "effective",
	  .take = opt_true,
	  .at = offsetof(struct args, effective),
	  .doc = "what the profile comes to, with everything it takes over from others, as one whole "
		 "configuration" },
	{ 0 }
};

static int print_effective(const char *profile)
{
	struct err e = ERR_NONE;
	autostr out = { 0 };
	autospec s;
	int ret;

	spec_init(&s);
	ret = profile_apply(&s, profile, "--profile", &e);
	if (ret < 0)
		return cmd_fail(&e, CMD_FAILED);
	dump_write(&s, false, &out);
	return cmd_print(&out);
}

static int defaults_run(int argc, char **argv)
{
	struct args args = { 0 };
	struct err e = ERR_NONE;
	autostr out = { 0 };
	const char *profile, *text;
	int first, status;
	size_t len;

	if (!cmd_parse(&cmd_defaults, argc, argv, &args, &first, &status))
		return status;
	if (argc - first > 1)
		return cmd_refused(&cmd_defaults, err_msg(&e, EINVAL, "one profile at a time"), &e);
	profile = first < argc ? argv[first] : profile_name(0);
	text = profile_text(profile, &len);
	if (!text)
		return cmd_refused(&cmd_defaults, profile_unknown(profile, "defaults", &e), &e);
	if (args.effective)
		return print_effective(profile);
	str_addn(&out, text, len);
	return cmd_print(&out);
}

const struct cmd cmd_defaults = {
	.name = "defaults",
	.args = "[PROFILE]",
	.summary = "print what a profile sets",
	.details = "Profiles are files in the configuration syntax, ward.conf(5), read before the "
		   "user's own settings. They are app (a program), system (a distribution with an "
		   "init), immutable, appliance and privileged.",
	.opts = opts,
	.run = defaults_run,
};
