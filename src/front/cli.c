/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "front/conf.h"
#include "front/gate.h"
#include "front/lxc_spec.h"
#include "front/net_words.h"
#include "front/profile.h"
#include "spec/common_keys.h"
#include "spec/key.h"

/* --- collecting -------------------------------------------------------------------------- */

/* Options are collected first and applied later: the profile and the files come before them,
 * wherever they stand on the line. */
struct wish {
	int (*apply)(struct spec *s, const struct wish *w, const char *where, struct err *e);
	const char *option; /* long name */
	const char *key;
	const char *value;
};

struct collect {
	struct cli *cli;
	const char *profile, *lxc;
	struct wish *wish;
	size_t n;
	int argc;
	char **argv;
};

static int apply_key(struct spec *s, const struct wish *w, const char *where, struct err *e)
{
	return key_set(s, w->key, w->value, where, e);
}

static int apply_config(struct spec *s, const struct wish *w, const char *where, struct err *e)
{
	int ret = conf_read(s, AT_FDCWD, w->value, e);

	return ret < 0 ? err_add(e, "%s", where) : 0;
}

static int apply_gate(struct spec *s, const struct wish *w, const char *where, struct err *e)
{
	return gate_open(s, w->value, where, e);
}

static int cli_apply_net(struct spec *s, const struct wish *w, const char *where, struct err *e)
{
	return net_words_apply(s, w->value, where, e);
}

static int collect_wish(struct collect *c, struct wish wish, struct err *e)
{
	struct wish *grown = reallocarray(c->wish, c->n + 1, sizeof(*grown));

	if (!grown)
		return err_mem(e);
	c->wish = grown;
	grown[c->n++] = wish;
	return 0;
}

static int take_key(const struct opt *o, const char *value, void *into, struct err *e)
{
	return collect_wish(into,
			    (struct wish){ apply_key, o->name, o->of, value ? value : "true" }, e);
}

static int take_profile(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct collect *c = into;

	(void)o;
	(void)e;
	c->profile = value;
	return 0;
}

static int take_lxc(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct collect *c = into;

	(void)o;
	(void)e;
	c->lxc = value;
	return 0;
}

static int take_config(const struct opt *o, const char *value, void *into, struct err *e)
{
	return collect_wish(into, (struct wish){ apply_config, o->name, NULL, value }, e);
}

static int take_allow(const struct opt *o, const char *value, void *into, struct err *e)
{
	return collect_wish(into, (struct wish){ apply_gate, o->name, NULL, value }, e);
}

static int take_true(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct collect *c = into;

	return opt_true(o, value, c->cli, e);
}

static int take_rm(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct collect *c = into;

	(void)o;
	(void)value;
	(void)e;
	c->cli->keep = false;
	return 0;
}

/* --- options with a grammar of their own ------------------------------------------------- */

static int apply_env(struct spec *s, const struct wish *w, const char *where, struct err *e)
{
	const char *own = strchr(w->value, '=') ? NULL : getenv(w->value);
	autostr word = { 0 }, escaped = { 0 };

	if (!strchr(w->value, '=') && !own)
		return err_msg(e, EINVAL, "%s: there is no variable %.64s here to copy", where,
			       w->value);
	str_add(&word, w->value);
	if (own)
		str_addf(&word, "=%s", own);
	/* Taken as written: backslashes are for files only. */
	word_escape(str_text(&word), &escaped);
	if (word.failed || escaped.failed)
		return err_mem(e);
	return key_set(s, "process.env", str_text(&escaped), where, e);
}

static int take_env(const struct opt *o, const char *value, void *into, struct err *e)
{
	if (!*value || *value == '=')
		return err_msg(e, EINVAL, "'%s' has no name; write NAME=VALUE or NAME", value);
	return collect_wish(into, (struct wish){ apply_env, o->name, NULL, value }, e);
}

static char *absolute(const char *path)
{
	autofree char *here = NULL;
	char *text = NULL;

	if (path[0] == '/')
		return strdup(path);
	here = getcwd(NULL, 0);
	if (!here || asprintf(&text, "%s/%s", strcmp(here, "/") ? here : "", path) < 0)
		return NULL;
	return text;
}

/* "./data:/data" is relative to where the command is typed; in a file it would not say to what. */
static int apply_volume(struct spec *s, const struct wish *w, const char *where, struct err *e)
{
	autofree char *value = w->value[0] == '.' ? absolute(w->value) : strdup(w->value);

	if (!value)
		return err_sys(e, "%s: find the current directory", where);
	return key_set(s, "volume", value, where, e);
}

static int take_volume(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)o;
	return collect_wish(into, (struct wish){ apply_volume, "volume", NULL, value }, e);
}

/* Two traditions meet in -v. It is a volume exactly when a word with a ':' follows; the one root
 * file system that is written with a ':' is not meant. --verbose and --volume are never unclear. */
static bool follows_volume(const struct collect *c)
{
	const char *next = optind < c->argc ? c->argv[optind] : "";

	return next[0] != '-' && strchr(next, ':') && !str_starts(next, "overlay:");
}

static int take_v(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct collect *c = into;

	if (strcmp(c->argv[optind - 1], "--verbose") && follows_volume(c))
		return take_volume(o, c->argv[optind++], into, e);
	return take_true(o, value, into, e);
}

/* "KEY=VALUE". Its words are not cut apart in place: ward may have to execute itself again with the
 * very same arguments. */
static int apply_set(struct spec *s, const struct wish *w, const char *where, struct err *e)
{
	size_t n = strcspn(w->value, "=");
	autofree char *key = strndup(w->value, n);

	return key ? key_set(s, key, w->value + n + 1, where, e) : err_mem(e);
}

static int take_set(const struct opt *o, const char *value, void *into, struct err *e)
{
	static const char *const words[] = { "profile=", "allow=", "include=" };
	static const char *const instead[] = { "--profile", "--allow", "--config" };

	if (value[0] == '=' || !strchr(value, '='))
		return err_msg(e, EINVAL, "'%.64s' is not KEY=VALUE", value);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_starts(value, words[i]))
			return err_msg(e, EINVAL, "'%.*s' is not a key; use %s",
				       (int)strcspn(value, "="), value, instead[i]);
	if (str_starts(value, "spec."))
		return err_msg(e, EINVAL, "'%.*s' is not for setting", (int)strcspn(value, "="),
			       value);
	return collect_wish(into, (struct wish){ apply_set, o->name, NULL, value }, e);
}

static int take_name(const struct opt *o, const char *value, void *into, struct err *e)
{
	if (!path_is_name(value))
		return err_msg(e, EINVAL,
			       "'%.64s' is not a name: letters, digits, '_', '.' and "
			       "'-', at most 64, the first a letter or digit",
			       value);
	return collect_wish(into, (struct wish){ apply_key, o->name, "spec.name", value }, e);
}

/* --- network ------------------------------------------------------------------------------- */

/* What may follow --net as a word of its own; everything else is the root file system, and wants '='. */
static bool is_net_word(const char *word)
{
	static const char *const kinds[] = { "veth",	"user",	  "empty", "none",
					     "macvlan", "ipvlan", "vlan",  "phys" };
	static const char *const places[] = { "network:", "bridge:", "container:" };
	size_t n = strcspn(word, ",");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i]) == n && !strncmp(word, kinds[i], n))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (str_starts(word, places[i]))
			return true;
	return false;
}

static int take_net(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct collect *c = into;

	if (!value && optind < c->argc && is_net_word(c->argv[optind]))
		value = c->argv[optind++];
	return collect_wish(into,
			    (struct wish){ cli_apply_net, o->name, NULL, value ? value : "auto" },
			    e);
}

/* --- tables ------------------------------------------------------------------------------ */

#define CLI_FLAG(name_, letter_, member, doc_)                                                     \
	{                                                                                          \
		.name = name_, .letter = letter_, .take = take_true,                               \
		.at = offsetof(struct cli, member), .doc = doc_                                    \
	}
/* doc and metavar come from the row of the key where they are not given here. */
#define CLI_KEY(name_, letter_, key_)                                                              \
	{                                                                                          \
		.name = name_, .letter = letter_, .arg = OPT_VALUE, .take = take_key, .of = key_   \
	}

static const struct opt session_opts[] = {
	CLI_FLAG("detach", 'd', detach, "return at once; the container runs in the background"),
	{ .name = "rm", .take = take_rm, .doc = "remove the container when it ends (the default)" },
	CLI_FLAG("keep", 0, keep, "do not remove the container when it ends"),
	CLI_FLAG("interactive", 'i', interactive, "accepted for those used to it: standard input is always passed on"),
	{ 0 }
};

static const struct opt plan_opts[] = {
	CLI_FLAG("json", 0, json, "print JSON"),
	CLI_FLAG("exec", 0, exec, "the order in which `ward exec` adds a program to such a container"),
	{ 0 }
};

static const struct opt spec_opts[] = {
	{ .name = "tty",
	  .letter = 't',
	  .arg = OPT_FLAG,
	  .take = take_key,
	  .of = "process.terminal",
	  .doc = "give the program a terminal of its own" },
	{ .name = "name",
	  .arg = OPT_VALUE,
	  .metavar = "NAME",
	  .take = take_name,
	  .doc = "name of the container; otherwise one is made up" },
	{ .name = "profile",
	  .arg = OPT_VALUE,
	  .metavar = "NAME",
	  .take = take_profile,
	  .doc = "where to start from: app, system, immutable, appliance or privileged" },
	{ .name = "allow",
	  .arg = OPT_VALUE,
	  .metavar = "GATE[:ARG]",
	  .take = take_allow,
	  .doc = "open a gate (`ward help gates`)" },
	{ .name = "config",
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = take_config,
	  .doc = "read a configuration, ward.conf(5); may be given again" },
	{ .name = "lxc",
	  .arg = OPT_VALUE,
	  .metavar = "FILE",
	  .take = take_lxc,
	  .doc = "read an LXC configuration, in place of a profile; `ward convert` shows what it "
		 "comes to" },
	{ .name = "set",
	  .arg = OPT_VALUE,
	  .metavar = "KEY=VALUE",
	  .take = take_set,
	  .doc = "set any key (`ward keys`); a list key appends, an empty value clears" },
	CLI_KEY("user", 'u', "process.user"),
	CLI_KEY("workdir", 'w', "process.cwd"),
	{ .name = "env",
	  .letter = 'e',
	  .arg = OPT_VALUE,
	  .metavar = "NAME[=VALUE]",
	  .take = take_env,
	  .doc = "set an environment variable; without a value the caller's is copied" },
	{ .name = "volume",
	  .arg = OPT_VALUE,
	  .metavar = "SOURCE:TARGET[:OPTIONS]",
	  .take = take_volume,
	  .doc = "share a directory or file of the host: ro, exec, suid, dev, rbind, slave, idmap, "
		 "noidmap; rw, nosuid, nodev and noexec are the default. Also -v, when a word "
		 "with a ':' follows" },
	CLI_KEY("tmpfs", 0, "tmpfs"),
	{ .name = "read-only",
	  .arg = OPT_MAYBE,
	  .metavar = "no",
	  .take = take_key,
	  .of = "rootfs.readonly",
	  .doc = NULL },
	{ .name = "net",
	  .arg = OPT_MAYBE,
	  .metavar = "KIND[,KEY=VALUE...]",
	  .take = take_net,
	  .doc = "a network device; alone: a veth on the network default (of an ordinary user: user). "
		 "Kinds: veth, network:NAME, bridge:NAME, macvlan, ipvlan, vlan, phys, user, "
		 "container:NAME, empty, and --net=host. The keys are those of net.N: "
		 "--net veth,ipv4.address=10.1.2.3,limit.out=10M. May be given again" },
	CLI_KEY("publish", 'p', "publish"),
	CLI_KEY("hostname", 0, "uts.name"),
	CLI_KEY("memory", 0, "memory.max"),
	CLI_KEY("memory-swap", 0, "memory.swap"),
	CLI_KEY("pids", 0, "pids.max"),
	CLI_KEY("cpus", 0, "cpu.max"),
	{ .name = "verbose",
	  .letter = 'v',
	  .take = take_v,
	  .at = offsetof(struct cli, verbose),
	  .doc = "say on start which walls, ids and gates there are. -v followed by a word with a "
		 "':' is --volume" },
	CLI_FLAG("debug", 0, debug, "say every step"),
	{ 0 }
};

static bool has_option(const struct opt *opts, const char *name)
{
	for (; opts->name; opts++)
		if (!strcmp(opts->name, name))
			return true;
	return false;
}

/* What a row leaves open follows from its key. */
static struct opt complete(struct opt o)
{
	const struct key *k = o.take == take_key ? key_find(o.of, NULL) : NULL;

	if (k && !o.doc)
		o.doc = k->doc;
	if (k && !o.metavar)
		o.metavar = k->metavar;
	return o;
}

static struct opt from_key(const struct key *k)
{
	bool is_bool = k->type == &key_bool || k->type == &key_bit;

	return (struct opt){ .name = k->flag,
			     .arg = is_bool ? OPT_MAYBE : OPT_VALUE,
			     .metavar = is_bool ? "no" : k->metavar,
			     .take = take_key,
			     .of = k->name,
			     .doc = k->doc };
}

struct opt *cli_options(const struct cli_form *form)
{
	size_t keys = key_count_all();
	struct opt *all = calloc(opt_count(session_opts) + opt_count(plan_opts) +
					 opt_count(spec_opts) + keys + 1,
				 sizeof(*all));
	size_t n = 0;

	if (!all)
		return NULL;
	for (const struct opt *o = session_opts; form->session && o->name; o++)
		all[n++] = *o;
	for (const struct opt *o = plan_opts; form->plan && o->name; o++)
		all[n++] = *o;
	for (const struct opt *o = spec_opts; o->name; o++)
		all[n++] = complete(*o);
	for (size_t i = 0; i < keys; i++) {
		const struct key *k = key_at(i);

		if (k->flag && !has_option(all, k->flag))
			all[n++] = from_key(k);
	}
	return all;
}

/* --- operands ---------------------------------------------------------------------------- */

static const char from_rootfs[] = "ROOTFS";

static int set_layers(struct spec *s, const char *layers, struct err *e)
{
	autofree char *copy = strdup(layers);
	char *rest = copy, *layer;
	int ret;

	if (!copy)
		return err_mem(e);
	ret = key_set(s, "rootfs.lower", "", from_rootfs, e);
	while (ret == 0 && (layer = strsep(&rest, ":"))) {
		autofree char *path = *layer ? absolute(layer) : NULL;

		if (!*layer)
			return err_msg(e, EINVAL, "'overlay:%.128s': a layer has no name", layers);
		ret = path ? key_set(s, "rootfs.lower", path, from_rootfs, e) : err_mem(e);
	}
	return ret;
}

static int set_rootfs(struct spec *s, const char *word, struct err *e)
{
	autofree char *path = NULL;
	bool host = !strcmp(word, "host"), overlay = str_starts(word, "overlay:");
	const char *type = overlay ? "overlay" : "dir";
	int ret;

	if (!*word)
		return err_msg(e, EINVAL, "the root file system is an empty word");
	ret = key_set(s, "rootfs.type", host ? "host" : type, from_rootfs, e);
	if (ret < 0 || host)
		return ret;
	if (overlay)
		return set_layers(s, word + strlen("overlay:"), e);
	path = absolute(word);
	if (!path)
		return err_sys(e, "find the current directory");
	return key_set(s, "rootfs.path", path, from_rootfs, e);
}

static int set_command(struct spec *s, int argc, char **argv, struct err *e)
{
	int ret = key_set(s, "process.args", "", "command line", e);

	for (int i = 0; i < argc && ret == 0; i++) {
		autostr word = { 0 };

		word_escape(argv[i], &word);
		ret = word.failed ? err_mem(e) :
				    key_set(s, "process.args", str_text(&word), "command line", e);
	}
	return ret;
}

/* A file may name the root file system and the command, so both may be missing here. */
static int set_operands(struct spec *s, const struct cli_form *form, int argc, char **argv,
			struct err *e)
{
	bool has_root = s->rootfs.path || s->rootfs.lower.n || s->rootfs.kind == ROOTFS_HOST;
	int ret = 0;

	if (argc > 0) {
		ret = set_rootfs(s, argv[0], e);
		argc--;
		argv++;
	} else if (!has_root) {
		return err_msg(e, EINVAL,
			       "no root file system is given: a directory, "
			       "overlay:LOWER[:LOWER...] or the word host");
	}
	if (argc > 0 && !strcmp(argv[0], "--")) {
		argc--;
		argv++;
	}
	if (ret == 0 && argc > 0)
		ret = set_command(s, argc, argv, e);
	if (ret == 0 && form->command && !s->process.args.n)
		return err_msg(e, EINVAL, "no command is given to run in it");
	return ret;
}

/* --- all together ------------------------------------------------------------------------ */

/* A program with a terminal needs to know which one. */
static int set_term(struct spec *s, struct err *e)
{
	const char *term = getenv("TERM");

	if (!s->process.terminal || !term || str_has_control(term))
		return 0;
	for (size_t i = 0; i < s->process.env.n; i++)
		if (str_starts(s->process.env.item[i], "TERM="))
			return 0;
	return apply_env(s, &(struct wish){ .value = "TERM" }, "--tty", e);
}

/* First the files, then the rest, each in the order written. */
static int apply_wishes(struct spec *s, const struct collect *c, bool files, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct wish *w = &c->wish[i];
		char where[80];
		int ret;

		if ((w->apply == apply_config) != files)
			continue;
		snprintf(where, sizeof(where), "--%s", w->option);
		ret = w->apply(s, w, where, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Where to start from. */
static int apply_base(struct collect *c, const struct cli_form *form, struct err *e)
{
	struct spec *s = &c->cli->spec;

	if (c->lxc && c->profile)
		return err_msg(e, EINVAL,
			       "--lxc and --profile: an LXC configuration chooses its "
			       "profile itself (ward.silence, ward.privileged)");
	if (c->lxc)
		return lxc_spec_read(s, c->lxc, e);
	return profile_apply(s, c->profile ? c->profile : form->profile,
			     c->profile ? "--profile" : "default", e);
}

static int cli_apply(struct collect *c, const struct cli_form *form, int first, struct err *e)
{
	struct spec *s = &c->cli->spec;
	int ret = apply_base(c, form, e);

	if (ret == 0)
		ret = apply_wishes(s, c, true, e);
	if (ret == 0)
		ret = apply_wishes(s, c, false, e);
	if (ret == 0)
		ret = set_operands(s, form, c->argc - first, c->argv + first, e);
	return ret == 0 ? set_term(s, e) : ret;
}

int cli_parse(struct cli *c, const struct cli_form *form, int argc, char **argv, struct err *e)
{
	autofree struct opt *opts = cli_options(form);
	struct collect collect = { .cli = c, .argc = argc, .argv = argv };
	int ret;

	*c = (struct cli){ 0 };
	spec_init(&c->spec);
	if (!opts)
		return err_mem(e);
	ret = opt_parse(opts, argc, argv, OPT_STOP, &collect, e);
	if (ret >= 0)
		ret = cli_apply(&collect, form, ret, e);
	free(collect.wish);
	return ret;
}

void cli_free(struct cli *c)
{
	spec_free(&c->spec);
}
