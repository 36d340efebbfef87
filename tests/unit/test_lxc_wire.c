/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC's words on the wire, names of sockets and containers, and what the monitor is told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lxc/name.h"
#include "lxc/start.h"
#include "lxc/wire.h"
#include "store/store.h"
#include "tap.h"
#include "wall/wall.h"

static void sizes(void)
{
	is_int(sizeof(struct lxc_request), 16, "a request has the size LXC's has");
	is_int(sizeof(struct lxc_response), 16, "so has a response");
	is_int(sizeof(struct lxc_msg), 264, "and a message to state clients");
	is_int(sizeof(struct lxc_cgroup_fd), 80, "and one about a cgroup");
	is_int(sizeof(struct lxc_cgroup_ctx), 96, "and one about all of them");
	is_int(LXC_CMDS, 27, "and there are as many commands");
}

static void addresses(void)
{
	struct sockaddr_un a;
	char deep[200] = "/";
	socklen_t len = lxc_command_address("/var/lib/lxc", "c1", &a);

	is_int(a.sun_path[0], 0, "the address is abstract");
	is_str(a.sun_path + 1, "/var/lib/lxc/c1/command", "and is the container's path");
	is_int(len, 2 + 1 + 23, "its length has no terminator in it");
	memset(deep + 1, 'd', 150);
	lxc_command_address(deep, "c1", &a);
	ok(!strncmp(a.sun_path + 1, "lxc/", 4) && strlen(a.sun_path + 1) == 4 + 16 + 8,
	   "a long one is shortened to a number");
	is_int(lxc_hash(""), (long long)0xcbf29ce484222325ULL, "the number is FNV-1a");
	is_int(lxc_hash("a"), (long long)0xaf63dc4c8601ec8cULL, "... of the whole path");
}

static void states(void)
{
	is_str(lxc_state_name(LXC_FROZEN), "FROZEN", "states have LXC's names");
	ok(!lxc_state_name(8) && !lxc_state_name(-1), "and no others");
	is_int(lxc_state_number("RUNNING|", 7), LXC_RUNNING, "a word becomes its number");
	is_int(lxc_state_number("RUN", 3), -1, "the beginning of one does not");
}

static int parse(int cmd, int len, const void *data, struct lxc_command *out)
{
	return lxc_command_parse(&(struct lxc_request){ cmd, len, (uint64_t)-1 }, data, out);
}

static void requests(void)
{
	int32_t wanted[8] = { 0, 0, 1 };
	struct lxc_command c;

	is_int(parse(LXC_CMD_GET_TTY_FD, 0, NULL, &c), 0, "a number travels in the pointer");
	is_int(c.number, -1, "and keeps its sign");
	is_int(parse(LXC_CMD_GET_CONFIG_ITEM, 2, "a", &c), 0, "a terminated text is taken");
	is_str(c.text, "a", "as it is");
	is_int(parse(LXC_CMD_GET_CONFIG_ITEM, 1, "a", &c), -EINVAL, "one without an end is not");
	is_int(parse(LXC_CMD_GET_CONFIG_ITEM, 4, "a\0b", &c), -EINVAL, "nor are two");
	is_int(parse(LXC_CMD_ADD_STATE_CLIENT, 32, wanted, &c), 0, "eight states are taken");
	ok(c.wanted[LXC_RUNNING] && !c.wanted[LXC_FROZEN], "each as said");
	is_int(parse(LXC_CMD_ADD_STATE_CLIENT, 28, wanted, &c), -EINVAL, "seven are not");
	is_int(parse(27, 0, NULL, &c), -EINVAL, "an unknown command is refused");
	is_int(parse(LXC_CMD_GET_STATE, LXC_CMD_DATA_MAX + 1, NULL, &c), -EINVAL,
	       "so is more than LXC sends");
}

static void names(void)
{
	char *a = lxc_store_name("/srv/lxc", "c1"), *b = lxc_store_name("/srv/lxd", "c1");
	char *strange = lxc_store_name("/srv/lxc", ".a b\xff"
						   "c"),
	     *usual;
	char long_name[250];

	ok(strcmp(a, b), "two directories' containers of one name are two for ward");
	ok(!strncmp(a, "c1-", 3) && strlen(a) == 11, "and still tell whose they are");
	ok(strspn(strange, "abcdefghijklmnopqrstuvwxyz0123456789-._") == strlen(strange) &&
		   strange[0] == 'x',
	   "what ward cannot write is replaced");
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	usual = lxc_store_name("/srv/lxc", long_name);
	is_int(strlen(usual), STORE_NAME_MAX, "a long name is cut");
	free(usual);
	if (geteuid() == 0) {
		usual = lxc_store_name("/var/lib/lxc/", "c1");
		is_str(usual, "c1", "in the default directory it keeps its name");
		free(usual);
	} else {
		skip("the default directory's names", "it is root's");
	}
	free(a);
	free(b);
	free(strange);
}

static void starts(void)
{
	struct lxc_start in = { .name = (char *)"c1", .lxcpath = (char *)"/srv", .useinit = true,
				.argv = { (char *[]){ (char *)"/bin/sh", (char *)"" }, 2 } };
	autostart out = { 0 }, cut = { 0 }, wrong = { 0 };
	struct err e = ERR_NONE;
	autostr text = { 0 };

	lxc_conf_set(&in.config, "lxc.uts.name", "c1", "f:1", &e);
	lxc_conf_set(&in.config, "lxc.cap.drop", "sys_time", "f:2", &e);
	lxc_start_write(&in, &text);
	is_int(lxc_start_parse(text.text, text.len, &out, &e), 0, "what is written is read");
	ok(!strcmp(out.name, "c1") && !strcmp(out.lxcpath, "/srv") && out.useinit && !out.daemonize,
	   "with every field");
	ok(out.argv.n == 2 && !strcmp(out.argv.item[1], ""), "and every word, empty ones too");
	is_int(out.config.n, 2, "and the configuration entry by entry");
	is_str(out.config.entry[1].where, "f:2", "with its origins");
	is_int(lxc_start_parse(text.text, text.len - 1, &cut, &e), -EINVAL,
	       "a cut text is refused");
	is_int(lxc_start_parse("x\0y", 4, &wrong, &e), -EINVAL, "so is an unknown field");
	lxc_conf_free(&in.config);
}

int main(void)
{
	walls_init();
	sizes();
	addresses();
	states();
	requests();
	names();
	starts();
	return done();
}
