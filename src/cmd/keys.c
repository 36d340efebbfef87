/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward keys: every setting there is, from the tables of the walls. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "front/profile.h"
#include "spec/key.h"

struct args {
	const char *profile;
	bool json, man;
};

static const struct opt opts[] = {
	{ .name = "profile",
	  .arg = OPT_VALUE,
	  .metavar = "NAME",
	  .take = opt_text,
	  .at = offsetof(struct args, profile),
	  .doc = "show the defaults of this profile, not app's" },
	{ .name = "json", .take = opt_true, .at = offsetof(struct args, json), .doc = "print JSON" },
	{ .name = "man",
	  .take = opt_true,
	  .at = offsetof(struct args, man),
	  .doc = "print the source of ward-keys(5) for scdoc" },
	{ 0 },
};

/* How one row is shown. `value` is the default as text, a line per item. */
typedef void show_key(const struct key *k, const char *value, void *to);

static const char *metavar(const struct key *k)
{
	return k->metavar ? k->metavar : "VALUE";
}

/* Long lists are in `ward defaults`; here their first line says what they look like. */
static void show_default(const char *value, struct str *out)
{
	size_t first = strcspn(value, "\n"), more = 0;

	for (const char *p = value + first; *p; p++)
		more += *p == '\n';
	str_addn(out, value, first);
	if (more)
		str_addf(out, "  (and %zu more)", more);
}

static void show_text(const struct key *k, const char *value, void *to)
{
	struct str *out = to;
	autostr says = { 0 };

	str_addf(&says, "%s [%s", k->doc ? k->doc : "", k->type->name);
	if (k->flag)
		str_addf(&says, ", --%s", k->flag);
	str_add(&says, "]");
	str_addf(out, "%s = ", k->name);
	show_default(value, out);
	str_add(out, "\n        ");
	opt_wrap(str_text(&says), 8, out);
	str_add(out, "\n");
}

static void show_json(const struct key *k, const char *value, void *to)
{
	struct json_out *j = to;

	json_open_object(j, NULL);
	json_put_string(j, "name", k->name);
	json_put_string(j, "type", k->type->name);
	json_put_bool(j, "list", k->type->many);
	json_put_string(j, "metavar", k->metavar);
	json_put_string(j, "flag", k->flag);
	json_open_array(j, "default");
	while (*value) {
		size_t n = strcspn(value, "\n");

		json_put_bytes(j, NULL, value, n);
		value += n;
		value += *value == '\n';
	}
	json_close(j);
	json_put_string(j, "doc", k->doc);
	json_close(j);
}

static void show_man(const struct key *k, const char *value, void *to)
{
	struct str *out = to;
	autostr shown = { 0 };

	str_add(out, "*");
	opt_man_text(k->name, out);
	str_add(out, "* = ");
	opt_man_text(metavar(k), out);
	str_add(out, "\n\t");
	opt_man_text(k->doc ? k->doc : "", out);
	str_addf(out, ".++\nType: %s.", k->type->name);
	if (k->flag)
		str_addf(out, " Option: *--%s*.", k->flag);
	show_default(value, &shown);
	if (shown.len) {
		str_add(out, " Default: ");
		opt_man_text(str_text(&shown), out);
		str_add(out, ".");
	}
	str_add(out, "\n\n");
}

/* Returns the number of keys shown. */
static size_t each_key(const struct spec *s, const char *prefix, show_key *show, void *to)
{
	size_t shown = 0;

	for (size_t i = 0; i < key_count_all(); i++) {
		const struct key *k = key_at(i);
		autostr value = { 0 };

		if ((k->flags & KEY_HIDDEN) || !str_starts(k->name, prefix))
			continue;
		key_get(s, k, &value);
		show(k, str_text(&value), to);
		shown++;
	}
	return shown;
}

static const char man_head[] =
	"ward-keys(5)\n\n"
	"# NAME\n\n"
	"ward-keys - every key of a ward configuration\n\n"
	"# DESCRIPTION\n\n"
	"These are the keys of ward.conf(5) and of *ward run --set*. Defaults are those of the "
	"profile _app_; *ward keys --profile* shows others. Keys of lists append with each line; an "
	"empty value clears. For N write a number: *net.0.mtu* is of the network device 0.\n\n"
	"# KEYS\n\n";
static const char man_tail[] = "# SEE ALSO\n\nward(1), ward-run(1), ward.conf(5)\n";

static size_t print_json(const struct spec *s, const char *prefix, struct str *out)
{
	struct json_out j;
	size_t shown;

	json_start(&j, out, JSON_INDENT);
	json_open_array(&j, NULL);
	shown = each_key(s, prefix, show_json, &j);
	json_close(&j);
	out->failed |= json_finish(&j) < 0;
	return shown;
}

static size_t print_keys(const struct args *args, const struct spec *s, const char *prefix,
			 struct str *out)
{
	size_t shown;

	if (args->json)
		return print_json(s, prefix, out);
	if (!args->man)
		return each_key(s, prefix, show_text, out);
	str_add(out, man_head);
	shown = each_key(s, prefix, show_man, out);
	str_add(out, man_tail);
	return shown;
}

static int keys_run(int argc, char **argv)
{
	struct args args = { .profile = profile_name(0) };
	struct err e = ERR_NONE;
	autostr out = { 0 };
	int first, status;
	autospec s;

	spec_init(&s);
	if (!cmd_parse(&cmd_keys, argc, argv, &args, &first, &status))
		return status;
	if (argc - first > 1)
		return cmd_refused(&cmd_keys, err_msg(&e, EINVAL, "one PREFIX at most"), &e);
	if (profile_apply(&s, args.profile, "--profile", &e) < 0)
		return cmd_refused(&cmd_keys, -e.code, &e);
	if (!print_keys(&args, &s, first < argc ? argv[first] : "", &out)) {
		err_msg(&e, ENOENT, "no key begins with '%.64s'", argv[first]);
		return cmd_fail(&e, CMD_FAILED);
	}
	return cmd_print(&out);
}

const struct cmd cmd_keys = {
	.name = "keys",
	.args = "[PREFIX]",
	.summary = "list every key with its type, default, option and meaning",
	.opts = opts,
	.run = keys_run,
};
