/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-ls: the containers of a directory, as names, as a table, or as JSON. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "lxc/tool.h"
#include "lxc/tool_stats.h"

enum { NESTING_DEFAULT = 5 };

struct ls_args {
	struct tool_args common;
	bool line, fancy, active, running, frozen, stopped, defined;
	int nesting;
	const char *columns, *groups, *filter;
};

#define AT(member) offsetof(struct ls_args, member)

static int take_nesting(const struct opt *o, const char *value, void *into, struct err *e)
{
	if (value)
		return tool_take_int(o, value, into, e);
	*(int *)((char *)into + o->at) = NESTING_DEFAULT;
	return 0;
}

static int take_columns(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)o;
	(void)e;
	((struct ls_args *)into)->columns = value;
	((struct ls_args *)into)->fancy = true;
	return 0;
}

static const struct opt opts[] = {
	{ .name = "line",
	  .letter = '1',
	  .take = opt_true,
	  .at = AT(line),
	  .doc = "one name per line" },
	{ .name = "fancy",
	  .letter = 'f',
	  .take = opt_true,
	  .at = AT(fancy),
	  .doc = "print a table" },
	{ .name = "fancy-format",
	  .letter = 'F',
	  .arg = OPT_VALUE,
	  .metavar = "COLUMNS",
	  .take = take_columns,
	  .doc = "columns of the table, with commas: NAME STATE PID RAM SWAP AUTOSTART GROUPS "
		 "INTERFACE IPV4 IPV6 UNPRIVILEGED" },
	{ .name = "active",
	  .take = opt_true,
	  .at = AT(active),
	  .doc = "only those that are not stopped" },
	{ .name = "running", .take = opt_true, .at = AT(running), .doc = "only running ones" },
	{ .name = "frozen", .take = opt_true, .at = AT(frozen), .doc = "only frozen ones" },
	{ .name = "stopped", .take = opt_true, .at = AT(stopped), .doc = "only stopped ones" },
	{ .name = "defined",
	  .take = opt_true,
	  .at = AT(defined),
	  .doc = "only those with a configuration file" },
	{ .name = "nesting",
	  .arg = OPT_MAYBE,
	  .metavar = "N",
	  .take = take_nesting,
	  .at = AT(nesting),
	  .doc = "list containers in containers too, N deep (5)" },
	{ .name = "groups",
	  .letter = 'g',
	  .arg = OPT_VALUE,
	  .metavar = "LIST",
	  .take = opt_text,
	  .at = AT(groups),
	  .doc = "only those that are in all of these groups" },
	{ .name = "filter",
	  .arg = OPT_VALUE,
	  .metavar = "REGEX",
	  .take = opt_text,
	  .at = AT(filter),
	  .doc = "only names that match; may be the first operand" },
	{ 0 }
};

/* --- columns ---------------------------------------------------------------------------------- */

enum column {
	NAME,
	STATE,
	PID,
	RAM,
	SWAP,
	AUTOSTART,
	GROUPS,
	INTERFACE,
	IPV4,
	IPV6,
	UNPRIVILEGED,
	COLUMNS
};

struct line {
	struct str cell[COLUMNS];
};

struct lines {
	struct line *item;
	size_t n;
};

static void join(char **words, struct str *out)
{
	for (char **w = words; w && *w; w++) {
		str_addf(out, "%s%s", out->len ? ", " : "", *w);
		free(*w);
	}
	free(words);
}

static void cell_item(struct lxc_container *c, const char *key, const char *none, struct str *out)
{
	autofree char *value = tool_item(c, key);
	char *rest = value, *word;

	/* Lists come one per line. */
	while (rest && (word = strsep(&rest, "\n")))
		if (*word)
			str_addf(out, "%s%s", out->len ? ", " : "", word);
	if (!out->len)
		str_add(out, none);
}

static void cell_ips(struct lxc_container *c, const char *family, struct str *out)
{
	join(c->get_ips(c, NULL, family, 0), out);
}

static void cell_size(bool known, uint64_t bytes, struct str *out)
{
	if (known)
		str_addf(out, "%.2fMB", (double)bytes / (1024 * 1024));
}

/* Without a map in its configuration a container of root's is unprivileged all the same, unless it
 * says otherwise: what silence means. */
static void cell_unprivileged(struct lxc_container *c, struct str *out)
{
	autofree char *map = tool_item(c, "lxc.idmap");
	autofree char *privileged = tool_item(c, "ward.privileged");
	bool no = (privileged && !strcmp(privileged, "1")) || (map && !strcmp(map, "host"));

	str_add(out, no ? "false" : "true");
}

static void cell_pid(struct lxc_container *c, struct str *out)
{
	pid_t pid = c->init_pid(c);

	if (pid > 0)
		str_addf(out, "%d", pid);
}

static void fill(struct lxc_container *c, struct line *l)
{
	struct tool_stats s;

	str_add(&l->cell[STATE], c->state(c));
	cell_item(c, "lxc.start.auto", "0", &l->cell[AUTOSTART]);
	cell_item(c, "lxc.group", "", &l->cell[GROUPS]);
	cell_unprivileged(c, &l->cell[UNPRIVILEGED]);
	if (!c->is_running(c))
		return;
	tool_stats(c, &s);
	cell_pid(c, &l->cell[PID]);
	cell_size(s.has_memory, s.memory, &l->cell[RAM]);
	cell_size(s.has_swap, s.swap, &l->cell[SWAP]);
	join(c->get_interfaces(c), &l->cell[INTERFACE]);
	cell_ips(c, "inet", &l->cell[IPV4]);
	cell_ips(c, "inet6", &l->cell[IPV6]);
}

static const char *const column_names[] = {
	[NAME] = "NAME",
	[STATE] = "STATE",
	[PID] = "PID",
	[RAM] = "RAM",
	[SWAP] = "SWAP",
	[AUTOSTART] = "AUTOSTART",
	[GROUPS] = "GROUPS",
	[INTERFACE] = "INTERFACE",
	[IPV4] = "IPV4",
	[IPV6] = "IPV6",
	[UNPRIVILEGED] = "UNPRIVILEGED",
};

/* --- which containers --------------------------------------------------------------------------- */

static bool wanted_state(const struct ls_args *a, const char *state)
{
	if (!a->running && !a->frozen && !a->stopped)
		return !a->active || strcmp(state, "STOPPED");
	return (a->running && !strcmp(state, "RUNNING")) ||
	       (a->frozen && !strcmp(state, "FROZEN")) || (a->stopped && !strcmp(state, "STOPPED"));
}

/* Every group of the option is one of the container's. */
static bool wanted_groups(const struct ls_args *a, struct lxc_container *c)
{
	autofree char *have = tool_item(c, "lxc.group"), *want = strdup(a->groups);
	char *rest = want, *word;

	while (have && rest && (word = strsep(&rest, ","))) {
		size_t n = strlen(word);
		const char *p = have;

		for (; n && *p; p = *p ? p + 1 : p) {
			size_t m = strcspn(p, "\n");

			if (m == n && !strncmp(p, word, n))
				break;
			p += m;
		}
		if (n && !*p)
			return false;
	}
	return have && want;
}

static bool wanted(const struct ls_args *a, const regex_t *filter, struct lxc_container *c)
{
	if (filter && regexec(filter, c->name, 0, NULL, 0))
		return false;
	if (a->defined && !c->is_defined(c))
		return false;
	return wanted_state(a, c->state(c)) && (!a->groups || wanted_groups(a, c));
}

static int add_line(struct lines *all, const char *parent, const char *name)
{
	struct line *grown = reallocarray(all->item, all->n + 1, sizeof(*grown));

	if (!grown)
		return -1;
	all->item = grown;
	grown[all->n] = (struct line){ 0 };
	str_addf(&grown[all->n++].cell[NAME], "%s%s%s", parent ? parent : "", parent ? "/" : "",
		 name);
	return 0;
}

/* What a container's own lxc-ls says, read from within: a container's files are not looked at from
 * outside. Its words are text of a stranger: bounded, and names only. */
enum { NESTED_MAX = 65536, NESTED_MS = 10000 };

/* Until its end, or until it has said too much or nothing for too long. */
static void read_nested(int fd, struct str *out)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	char buffer[4096];

	while (out->len < NESTED_MAX && poll(&in, 1, NESTED_MS) > 0) {
		ssize_t n = read(fd, buffer, sizeof(buffer));

		if (n <= 0)
			return;
		str_addn(out, buffer, (size_t)n);
	}
}

static int ask_nested(struct lxc_container *c, int nesting, struct str *out)
{
	lxc_attach_options_t options = LXC_ATTACH_OPTIONS_DEFAULT;
	char depth[32];
	char program[] = "lxc-ls", line[] = "-1";
	char *words[] = { program, line, nesting > 1 ? depth : NULL, NULL };
	lxc_attach_command_t command = { .program = words[0], .argv = words };
	autoclose int from = -EBADF, to = -EBADF, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ends[2];
	pid_t pid;

	snprintf(depth, sizeof(depth), "--nesting=%d", nesting - 1);
	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	from = ends[0];
	to = ends[1];
	options.env_policy = LXC_ATTACH_CLEAR_ENV;
	options.stdin_fd = options.stderr_fd = null;
	options.stdout_fd = to;
	if (c->attach(c, lxc_attach_run_command, &command, &options, &pid) < 0)
		return -1;
	fd_close(&to);
	read_nested(from, out);
	kill(pid, SIGKILL); /* whatever it is still at */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static bool is_plain(const char *name)
{
	return *name && !str_has_control(name) && strlen(name) < 512;
}

/* Names below "PARENT/", their other columns are not known. */
static int add_nested(struct lxc_container *c, int nesting, struct lines *all)
{
	autostr text = { 0 };
	autofree char *copy = NULL;
	char *rest, *name;

	if (ask_nested(c, nesting, &text) < 0)
		return 0; /* it has no lxc-ls: nothing of its own */
	rest = copy = strdup(str_text(&text));
	while (rest && (name = strsep(&rest, "\n"))) {
		name[strcspn(name, " ")] = '\0';
		if (is_plain(name) && add_line(all, c->name, name) < 0)
			return -1;
	}
	return copy ? 0 : -1;
}

static int add_container(const struct ls_args *a, const regex_t *filter, struct lxc_container *c,
			 struct lines *all)
{
	if (wanted(a, filter, c)) {
		if (add_line(all, NULL, c->name) < 0)
			return -1;
		if (a->fancy || a->common.json)
			fill(c, &all->item[all->n - 1]);
	}
	return a->nesting > 0 && c->is_running(c) ? add_nested(c, a->nesting, all) : 0;
}

static int collect(const struct ls_args *a, const regex_t *filter, const char *path,
		   struct lines *all)
{
	struct lxc_container **found = NULL;
	int n = list_all_containers(path, NULL, &found), ret = 0;

	for (int i = 0; i < n; i++) {
		if (ret == 0)
			ret = add_container(a, filter, found[i], all);
		lxc_container_put(found[i]);
	}
	free(found);
	return n < 0 ? -1 : ret;
}

/* --- printing --------------------------------------------------------------------------------------- */

static size_t widest(const struct lines *all, enum column column, size_t least)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->item[i].cell[column].len > least)
			least = all->item[i].cell[column].len;
	return least;
}

static size_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

/* As many names on a line as fit; one when this is no terminal. */
static void print_names(const struct ls_args *a, const struct lines *all, struct str *out)
{
	size_t width = widest(all, NAME, 0), columns = terminal_width() / (width + 1);

	for (size_t i = 0; i < all->n; i++) {
		const char *name = str_text(&all->item[i].cell[NAME]);

		if (a->line)
			str_addf(out, "%s\n", name);
		else
			str_addf(out, "%-*s%s", (int)width, name,
				 columns < 2 || i % columns == columns - 1 || i + 1 == all->n ?
					 "\n" :
					 " ");
	}
}

static void print_cell(const char *text, size_t width, bool last, struct str *out)
{
	str_addf(out, "%-*s%s", (int)width, text, last ? "\n" : " ");
}

static void print_table(const struct lines *all, const enum column *columns, size_t n,
			struct str *out)
{
	size_t width[COLUMNS];

	for (size_t k = 0; k < n; k++) {
		width[k] = widest(all, columns[k], strlen(column_names[columns[k]]));
		print_cell(column_names[columns[k]], width[k], k + 1 == n, out);
	}
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < n; k++) {
			const struct str *cell = &all->item[i].cell[columns[k]];

			print_cell(cell->len ? str_text(cell) : "-", width[k], k + 1 == n, out);
		}
}

static int print_json(const struct ls_args *a, const struct lines *all)
{
	autostr text = { 0 };
	struct json_out j;

	json_start(&j, &text, JSON_INDENT);
	json_open_array(&j, NULL);
	for (size_t i = 0; i < all->n; i++) {
		json_open_object(&j, NULL);
		for (size_t k = 0; k < COLUMNS; k++) {
			char name[16] = "";

			for (size_t p = 0; column_names[k][p]; p++)
				name[p] = (char)(column_names[k][p] | 32);
			/* IPV4 and IPV6: the digit has that bit already. */
			json_put_string(&j, name, str_text(&all->item[i].cell[k]));
		}
		json_close(&j);
	}
	json_close(&j);
	return tool_print_json(&a->common, &j, &text);
}

/* "name,state": false when a word is no column. */
static bool read_columns(const char *words, enum column *columns, size_t *n)
{
	for (*n = 0; *words && *n < COLUMNS; (*n)++) {
		size_t len = strcspn(words, ","), k = 0;

		while (k < COLUMNS &&
		       (strlen(column_names[k]) != len || strncasecmp(column_names[k], words, len)))
			k++;
		if (k == COLUMNS) {
			fprintf(stderr, "Invalid key: %.*s\n", (int)len, words);
			return false;
		}
		columns[*n] = (enum column)k;
		words += len + (words[len] == ',');
	}
	return true;
}

static int print(const struct ls_args *a, const struct lines *all)
{
	enum column columns[COLUMNS];
	autostr text = { 0 };
	size_t n;

	if (a->common.json)
		return print_json(a, all);
	if (a->fancy &&
	    !read_columns(a->columns ? a->columns :
				       "NAME,STATE,AUTOSTART,GROUPS,IPV4,IPV6,UNPRIVILEGED",
			  columns, &n))
		return 0;
	if (a->fancy && all->n)
		print_table(all, columns, n, &text);
	else if (!a->fancy)
		print_names(a, all, &text);
	return tool_print(&a->common, &text);
}

static void free_lines(struct lines *all)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < COLUMNS; k++)
			str_free(&all->item[i].cell[k]);
	free(all->item);
}

static int ls_run(void *args, int argc, char **argv)
{
	struct ls_args *a = args;
	struct lines all = { 0 };
	regex_t filter;
	const char *pattern = a->filter ? a->filter : argc > 0 ? argv[0] : NULL;
	int status;

	if (access(a->common.paths.item[0], R_OK) < 0 && geteuid() != 0)
		return tool_error(&a->common, "You lack access to %s", a->common.paths.item[0]);
	if (a->nesting > 0 && tool_protect(&a->common))
		return 1;
	if (pattern && regcomp(&filter, pattern, REG_EXTENDED | REG_NOSUB))
		return tool_error(&a->common, "'%s' is not a regular expression", pattern);
	status = collect(a, pattern ? &filter : NULL, a->common.paths.item[0], &all) < 0 ?
			 tool_error(&a->common, "the containers in %s cannot be listed",
				    a->common.paths.item[0]) :
			 print(a, &all);
	if (pattern)
		regfree(&filter);
	free_lines(&all);
	return status;
}

const struct tool tool_ls = {
	.name = "lxc-ls",
	.operands = "[REGEX]",
	.doc = "List containers.",
	.opts = opts,
	.size = sizeof(struct ls_args),
	.lists = true,
	.run = ls_run,
};
