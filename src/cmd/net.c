/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward net: the networks of this host. The subcommands that change something; net_show.c has those that
 * show. */
#include "cmd/net.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "store/store.h"

/* --- up ------------------------------------------------------------------------------ */

/* Do something with each network that is named, `default` when none is. */
static int each_network(const struct cmd *c, int argc, char **argv, void *into,
			int (*act)(const struct store *s, const char *name, void *into,
				   struct err *e))
{
	static char standard[] = NETWORK_DEFAULT;
	struct store store;
	struct err e = ERR_NONE;
	int first, status = CMD_OK;

	if (!cmd_parse(c, argc, argv, into, &first, &status))
		return status;
	if (store_open(&store, &e) < 0)
		return cmd_fail(&e, CMD_FAILED);
	network_gc(&store);
	for (int i = first; i < argc || i == first; i++)
		if (act(&store, i < argc ? argv[i] : standard, into, &e) < 0)
			status = cmd_fail(&e, CMD_FAILED);
	store_close(&store);
	return status;
}

static int up_one(const struct store *s, const char *name, void *into, struct err *e)
{
	struct network n;

	(void)into;
	return network_mend(s, name, &n, e);
}

static int up_run(int argc, char **argv)
{
	return each_network(&cmd_net_up, argc, argv, NULL, up_one);
}

const struct cmd cmd_net_up = {
	.name = "net up",
	.args = "[NAME...]",
	.summary = "bring a network up, or mend it: bridge, packet filter, forwarding, names",
	.details = "Without a NAME it is the network `default`, which needs no definition. A container "
		   "that uses a network brings it up by itself.",
	.run = up_run,
};

/* --- down, rm ------------------------------------------------------------------------ */

struct force {
	bool force;
};

static const struct opt force_opts[] = {
	{ .name = "force", .letter = 'f', .take = opt_true, .at = offsetof(struct force, force),
	  .doc = "even while containers are in it: they lose their network" },
	{ 0 }
};

static int down_one(const struct store *s, const char *name, void *into, struct err *e)
{
	return network_down(s, name, ((struct force *)into)->force, e);
}

static int down_run(int argc, char **argv)
{
	struct force f = { 0 };

	return each_network(&cmd_net_down, argc, argv, &f, down_one);
}

const struct cmd cmd_net_down = {
	.name = "net down",
	.args = "[NAME...]",
	.summary = "take a network down; its definition and its leases stay",
	.opts = force_opts,
	.run = down_run,
};

static int rm_one(const struct store *s, const char *name, void *into, struct err *e)
{
	return network_remove(s, name, ((struct force *)into)->force, e);
}

static int rm_run(int argc, char **argv)
{
	struct force f = { 0 };
	struct err e = ERR_NONE;

	if (argc < 2) {
		err_msg(&e, EINVAL, "a network's name is missing");
		return cmd_refused(&cmd_net_rm, -EINVAL, &e);
	}
	return each_network(&cmd_net_rm, argc, argv, &f, rm_one);
}

const struct cmd cmd_net_rm = {
	.name = "net rm",
	.args = "NAME...",
	.summary = "take a network down and forget it with all its leases",
	.opts = force_opts,
	.run = rm_run,
};

/* --- create -------------------------------------------------------------------------- */

struct create_args {
	struct net_config c;
	bool subnet4, subnet6; /* were given */
};

/* The key has the option's name. */
static int take_key(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct create_args *a = into;

	a->subnet4 |= !strcmp(o->name, "subnet4");
	a->subnet6 |= !strcmp(o->name, "subnet6");
	return net_config_set(&a->c, o->name, value, e);
}

static int take_shared(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)value;
	(void)e;
	((struct create_args *)into)->c.shared = !strcmp(o->name, "shared");
	return 0;
}

static int take_no_nat(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)o;
	(void)value;
	(void)e;
	((struct create_args *)into)->c.nat = false;
	return 0;
}

static int take_rebind(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)o;
	(void)value;
	(void)e;
	((struct create_args *)into)->c.rebind = true;
	return 0;
}

static const struct opt create_opts[] = {
	{ .name = "subnet4", .arg = OPT_VALUE, .metavar = "ADDRESS/LENGTH", .take = take_key,
	  .doc = "IPv4 subnet, or the bridge's address in it; `none`: no IPv4. Default: a free one" },
	{ .name = "subnet6", .arg = OPT_VALUE, .metavar = "ADDRESS/LENGTH", .take = take_key,
	  .doc = "the same for IPv6. Default: a random one of RFC 4193" },
	{ .name = "bridge", .arg = OPT_VALUE, .metavar = "NAME", .take = take_key,
	  .doc = "name of the bridge; default: the network's" },
	{ .name = "shared", .take = take_shared,
	  .doc = "its containers reach each other, by address and by name: the default" },
	{ .name = "isolated", .take = take_shared, .doc = "they do not" },
	{ .name = "no-nat", .take = take_no_nat,
	  .doc = "keep the containers' addresses when they leave the host: somebody routes them back" },
	{ .name = "allow-host", .arg = OPT_VALUE, .metavar = "tcp|udp:PORT", .take = take_key,
	  .doc = "let containers use a port of the host itself; may be repeated" },
	{ .name = "rebind", .take = take_rebind,
	  .doc = "let names of the outside lead to private addresses" },
	{ .name = "mtu", .arg = OPT_VALUE, .metavar = "BYTES", .take = take_key,
	  .doc = "largest packet; default: the uplink's" },
	{ .name = "connections", .arg = OPT_VALUE, .metavar = "N", .take = take_key,
	  .doc = "that one container can have tracked at once; default: an eighth of "
		 "nf_conntrack_max" },
	{ 0 }
};

static int create(const char *name, struct create_args *a, struct err *e)
{
	struct store store;
	int ret = net_config_check_name(name, e);

	if (ret == 0 && a->subnet4 && a->subnet6 && !a->c.length4 && !a->c.length6)
		ret = err_msg(e, EINVAL, "a network needs IPv4 or IPv6");
	if (ret == 0)
		ret = store_open(&store, e);
	if (ret < 0)
		return ret;
	memcpy(a->c.name, name, strlen(name) + 1);
	network_gc(&store);
	ret = network_create(&store, &a->c, !a->subnet4, !a->subnet6, e);
	store_close(&store);
	return ret;
}

static int create_run(int argc, char **argv)
{
	struct create_args a = { .c = { .nat = true, .shared = true } };
	struct err e = ERR_NONE;
	int first, status;

	if (!cmd_parse(&cmd_net_create, argc, argv, &a, &first, &status))
		return status;
	if (argc - first != 1) {
		err_msg(&e, EINVAL, "one name for the network is needed");
		return cmd_refused(&cmd_net_create, -EINVAL, &e);
	}
	return create(argv[first], &a, &e) < 0 ? cmd_fail(&e, CMD_FAILED) : CMD_OK;
}

const struct cmd cmd_net_create = {
	.name = "net create",
	.args = "NAME",
	.summary = "define a network; it comes up with its first container",
	.opts = create_opts,
	.run = create_run,
};

/* --- ward net ------------------------------------------------------------------------ */

static const struct cmd *const subcommands[] = {
	&cmd_net_ls, &cmd_net_info, &cmd_net_leases, &cmd_net_create, &cmd_net_rm, &cmd_net_up,
	&cmd_net_down, &cmd_net_attach, &cmd_net_detach, NULL
};

static const char *word_of(const struct cmd *c)
{
	return c->name + strlen("net ");
}

static int help(void)
{
	autostr out = { 0 };

	cmd_describe(&cmd_net, &out);
	str_add(&out, "\nSubcommands:\n");
	for (const struct cmd *const *c = subcommands; *c; c++) {
		str_addf(&out, "  %-10s", word_of(*c));
		opt_wrap((*c)->summary, 12, &out);
		str_add(&out, "\n");
	}
	str_add(&out, "\n`ward net SUBCOMMAND --help` prints the options of each.\n");
	return cmd_print(&out);
}

/* The source of ward-net(8)'s list, from the rows. */
static int manual(void)
{
	autostr out = { 0 };

	for (const struct cmd *const *c = subcommands; *c; c++) {
		str_addf(&out, "## ward %s\n\n*ward %s* ", (*c)->name, (*c)->name);
		opt_man_text((*c)->args, &out);
		str_add(&out, "\n\n");
		opt_man_text((*c)->summary, &out);
		str_add(&out, ".\n\n");
		if ((*c)->details) {
			opt_man_text((*c)->details, &out);
			str_add(&out, "\n\n");
		}
		if ((*c)->opts)
			opt_man((*c)->opts, &out);
	}
	return cmd_print(&out);
}

static int net_run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "ls";
	const char *names[ARRAY_SIZE(subcommands)], *nearest;
	struct err e = ERR_NONE;
	size_t n = 0;

	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return help();
	if (!strcmp(word, "--man"))
		return manual();
	for (const struct cmd *const *c = subcommands; *c; c++) {
		if (!strcmp(word_of(*c), word))
			return (*c)->run(argc > 1 ? argc - 1 : 1, argc > 1 ? argv + 1 : argv);
		names[n++] = word_of(*c);
	}
	nearest = str_nearest(word, names, n);
	err_msg(&e, EINVAL, "ward net has no subcommand '%.32s'", word);
	if (nearest)
		err_hint(&e, "did you mean '%s'?", nearest);
	return cmd_refused(&cmd_net, -EINVAL, &e);
}

const struct cmd cmd_net = {
	.name = "net",
	.args = "ls|info|leases|create|rm|up|down ...",
	.summary = "networks of this host: bridges with addresses, NAT, names and a packet filter",
	.details =
		"A container with --net is in the network `default` unless it names another. The host's "
		"services cannot be reached from it, except names and addresses, nor can other networks "
		"and link-local addresses; the containers of `default` cannot reach each other. "
		"ward-net(8) tells more.",
	.run = net_run,
};
