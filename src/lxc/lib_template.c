/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates: programs that fill a root file system and add to the configuration.
 *
 *	lxc-NAME --path=LXCPATH/NAME --name=NAME --rootfs=DIR [--mapped-uid=U --mapped-gid=G] ... */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "lxc/lib_create.h"
#include "lxc/program.h"

char *lib_template(const char *name, struct err *e)
{
	autostr path = { 0 };
	char *program;

	if (name[0] == '/') {
		if (access(name, X_OK) < 0) {
			err_sys(e, "template %s", name);
			return NULL;
		}
		program = strdup(name);
		if (!program)
			err_mem(e);
		return program;
	}
	if (strchr(name, '/') || name[0] == '.') {
		err_msg(e, EINVAL, "template '%s' is neither a name nor an absolute path", name);
		return NULL;
	}
	str_addf(&path, "templates/lxc-%s", name);
	program = lxc_share(str_text(&path), e);
	if (!program)
		err_add(e, "there is no template '%s'", name);
	return program;
}

int lib_make_path(const char *path, mode_t mode)
{
	autofree char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* --- ids ------------------------------------------------------------------------------------------ */

struct ids {
	struct list maps;      /* "u:0:100000:65536", as lxc-usernsexec takes them */
	unsigned long root[2]; /* host ids of root: uid, gid */
	unsigned long end[2];  /* first id inside that nothing is mapped to */
};

static int read_ids(struct lxc_container *c, struct ids *ids, struct err *e)
{
	autostr text = { 0 };
	char *line, *rest;
	int ret;

	lib_lock(c);
	ret = lxc_conf_get(lib_config(c), "lxc.idmap", &text, e);
	lib_unlock(c);
	for (rest = text.text; ret == 0 && rest && (line = strsep(&rest, "\n"));) {
		unsigned long inside, outside, count;
		autostr map = { 0 };
		char kind;

		if (sscanf(line, "%c %lu %lu %lu", &kind, &inside, &outside, &count) != 4)
			continue;
		str_addf(&map, "%c:%lu:%lu:%lu", kind, inside, outside, count);
		ret = list_add(&ids->maps, str_text(&map)) < 0 ? err_mem(e) : 0;
		if (inside == 0)
			ids->root[kind == 'g'] = outside;
		if (inside + count > ids->end[kind == 'g'])
			ids->end[kind == 'g'] = inside + count;
	}
	return ret;
}

/* An ordinary user's own id must be there too, or he could not hand over what is his. */
static int add_caller(struct ids *ids, struct err *e)
{
	const unsigned long own[2] = { getuid(), getgid() };

	for (int i = 0; i < 2; i++) {
		autostr map = { 0 };

		str_addf(&map, "%c:%lu:%lu:1", "ug"[i], ids->end[i], own[i]);
		if (list_add(&ids->maps, str_text(&map)) < 0)
			return err_mem(e);
	}
	return 0;
}

/* --- running -------------------------------------------------------------------------------------- */

static int run(const char *program, const struct list *argv, bool quiet, const char *what,
	       struct err *e)
{
	autofree char **all = calloc(argv->n + 1, sizeof(*all));
	int status, null;
	pid_t pid;

	if (!all)
		return err_mem(e);
	memcpy(all, argv->item, argv->n * sizeof(*all));
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		for (int i = 1; quiet && i < 3; i++)
			dup2(null, i);
		execv(program, all);
		_exit(127);
	}
	if (pid < 0)
		return err_sys(e, "start %s", what);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for %s", what);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_msg(e, EIO, "%s failed (%s %d)", what,
		       WIFEXITED(status) ? "exit status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static int add_all(struct list *to, const char *const *words, struct err *e)
{
	for (; *words; words++)
		if (list_add(to, *words) < 0)
			return err_mem(e);
	return 0;
}

/* The words before the command, when it is to run in a user namespace with these ids. */
static int add_usernsexec(struct list *to, const struct ids *ids, struct err *e)
{
	int ret = add_all(to, (const char *const[]){ "lxc-usernsexec", NULL }, e);

	for (size_t i = 0; ret == 0 && i < ids->maps.n; i++)
		ret = add_all(to, (const char *const[]){ "-m", ids->maps.item[i], NULL }, e);
	return ret < 0 ? ret : add_all(to, (const char *const[]){ "--", NULL }, e);
}

static int add_option(struct list *to, const char *name, const char *value, struct err *e)
{
	autostr text = { 0 };

	str_addf(&text, "--%s=%s", name, value);
	return text.failed || list_add(to, str_text(&text)) < 0 ? err_mem(e) : 0;
}

static int add_mapped(struct list *to, const struct ids *ids, struct err *e)
{
	char uid[24], gid[24];
	int ret;

	/* Who the caller is inside: what he is to own afterwards is given to these. */
	snprintf(uid, sizeof(uid), "%lu", ids->end[0]);
	snprintf(gid, sizeof(gid), "%lu", ids->end[1]);
	ret = add_option(to, "mapped-uid", uid, e);
	return ret < 0 ? ret : add_option(to, "mapped-gid", gid, e);
}

static int template_words(struct lxc_container *c, const char *program, const char *rootfs,
			  const struct ids *ids, char *const *argv, struct list *to, struct err *e)
{
	autostr dir = { 0 };
	int ret = ids->maps.n ? add_usernsexec(to, ids, e) : 0;

	lib_path(c, NULL, &dir);
	if (ret == 0)
		ret = list_add(to, program) < 0 ? err_mem(e) : 0;
	if (ret == 0)
		ret = add_option(to, "path", str_text(&dir), e);
	if (ret == 0)
		ret = add_option(to, "name", c->name, e);
	if (ret == 0)
		ret = add_option(to, "rootfs", rootfs, e);
	if (ret == 0 && ids->maps.n)
		ret = add_mapped(to, ids, e);
	for (; ret == 0 && argv && *argv; argv++)
		ret = list_add(to, *argv) < 0 ? err_mem(e) : 0;
	return ret;
}

int lib_run_template(struct lxc_container *c, const char *program, const char *rootfs,
		     char *const *argv, bool quiet, struct err *e)
{
	struct ids ids = { 0 };
	struct list words = { 0 };
	autofree char *helper = NULL;
	int ret = read_ids(c, &ids, e);

	if (ret == 0 && ids.maps.n)
		ret = add_caller(&ids, e);
	if (ret == 0)
		ret = template_words(c, program, rootfs, &ids, argv, &words, e);
	if (ret == 0 && ids.maps.n) {
		helper = lxc_program("ward-lxc", e);
		ret = helper ? 0 : -e->code;
	}
	if (ret == 0)
		ret = run(helper ? helper : program, &words, quiet, program, e);
	list_clear(&words);
	list_clear(&ids.maps);
	return ret;
}

int lib_run_mapped(struct lxc_container *c, const char *const *command, struct err *e)
{
	autofree char *helper = lxc_program("ward-lxc", e);
	struct ids ids = { 0 };
	struct list words = { 0 };
	int ret = helper ? read_ids(c, &ids, e) : -e->code;

	if (ret == 0 && !ids.maps.n)
		ret = err_msg(e, ENODATA, "container %s has no lxc.idmap", c->name);
	if (ret == 0)
		ret = add_caller(&ids, e);
	if (ret == 0)
		ret = add_usernsexec(&words, &ids, e);
	if (ret == 0)
		ret = add_all(&words, command, e);
	if (ret == 0)
		ret = run(helper, &words, false, command[0], e);
	list_clear(&words);
	list_clear(&ids.maps);
	return ret;
}

/* Root gives it directly; an ordinary user from inside the user namespace in which both ids are. */
int lib_give_to_container(struct lxc_container *c, const char *path, struct err *e)
{
	struct ids ids = { 0 };
	int ret = read_ids(c, &ids, e);

	if (ret == 0 && ids.maps.n && geteuid() == 0 &&
	    chown(path, (uid_t)ids.root[0], (gid_t)ids.root[1]) < 0)
		ret = err_sys(e, "give %s to the container's root", path);
	else if (ret == 0 && ids.maps.n && geteuid() != 0)
		ret = lib_run_mapped(c, (const char *const[]){ "chown", "0:0", path, NULL }, e);
	list_clear(&ids.maps);
	return ret;
}
