/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between attach() and its function: a spec is made of the running container's, the caller's
 * options take walls away from it, and the order of launch/enter.c is walked. */
#include "lxc/lib_enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "launch/attach.h"
#include "launch/enter.h"
#include "launch/host.h"
#include "launch/launch.h"
#include "lxc/name.h"
#include "spec/key.h"
#include "wall/cgroup.h"
#include "wall/ns.h"
#include "watch/container.h"

#define ALL_CAPS UINT64_MAX

/* --- the spec ----------------------------------------------------------------------------------- */

static int set_user(const struct lib_visit *v, struct spec *s, struct err *e)
{
	const lxc_attach_options_t *o = v->options;
	char user[32];

	/* Root, and not who the first program is: LXC's word for the init's user is another key. */
	snprintf(user, sizeof(user), "%u:%u", o->uid == (uid_t)-1 ? 0 : (unsigned)o->uid,
		 o->gid == (gid_t)-1 ? 0 : (unsigned)o->gid);
	return key_set(s, "process.user", user, "attach", e);
}

static void leave_namespaces(const struct lib_visit *v, struct spec *s)
{
	if (v->options->namespaces == -1)
		return;
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (!((uint64_t)(uint32_t)v->options->namespaces & ns_flag((enum ns_kind)kind)))
			s->ns[kind].how = NS_HOST;
}

/* The walls that the caller does not want around the function. */
static int take_walls_away(const struct lib_visit *v, struct spec *s, struct host *h, struct err *e)
{
	int flags = v->options->attach_flags;
	bool confined = flags & LXC_ATTACH_LSM && s->ns[NS_MOUNT].how != NS_HOST;

	if (!(flags & LXC_ATTACH_MOVE_TO_CGROUP))
		h->cgroup_usable = false;
	if (!(flags & LXC_ATTACH_DROP_CAPABILITIES)) {
		s->caps.bounding = s->caps.permitted = s->caps.effective = ALL_CAPS;
		s->caps.inheritable = s->caps.ambient = 0;
	}
	if (flags & LXC_ATTACH_NO_NEW_PRIVS)
		s->caps.no_new_privs = true;
	if (confined) {
		if (!(flags & LXC_ATTACH_LSM_LABEL) || !v->options->lsm_label)
			return 0;
		return key_set(s, "lsm.selinux", v->options->lsm_label, "attach", e);
	}
	s->landlock = false;
	return lib_unconfine(s, e);
}

int lib_unconfine(struct spec *s, struct err *e)
{
	static const char *const keys[] = { "lsm.apparmor", "lsm.selinux" };
	int ret = key_set(s, "seccomp.policy", "none", "attach", e);

	for (size_t i = 0; ret == 0 && i < ARRAY_SIZE(keys); i++)
		ret = key_set(s, keys[i], "", "attach", e);
	return ret;
}

static int shape(const struct lib_visit *v, struct spec *s, struct host *h, struct err *e)
{
	int ret = set_user(v, s, e);

	if (ret == 0)
		ret = key_set(s, "process.cwd", "/", "attach", e);
	s->process.terminal = v->options->attach_flags & LXC_ATTACH_TERMINAL;
	s->process.reaper = false;
	leave_namespaces(v, s);
	return ret < 0 ? ret : take_walls_away(v, s, h, e);
}

/* --- the function ------------------------------------------------------------------------------- */

struct arrival_context {
	const struct lib_visit *v;
	char comm[16];
};

static void add_lines(const char *lines)
{
	for (const char *p = lines; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		char *line = strndup(p, strcspn(p, "\n"));

		if (line && strchr(line, '='))
			putenv(line);
	}
}

/* "NAME=VALUE" of the caller's environment, before it is cleared. */
static void keep_variable(const char *name, struct list *kept)
{
	const char *value = getenv(name);
	autostr line = { 0 };

	if (!value)
		return;
	str_addf(&line, "%s=%s", name, value);
	list_add(kept, str_text(&line));
}

static void clean_environment(const lxc_attach_options_t *o)
{
	struct list kept = { 0 };

	keep_variable("TERM", &kept);
	for (char **name = o->extra_keep_env; name && *name; name++)
		keep_variable(*name, &kept);
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	for (size_t i = 0; i < kept.n; i++)
		putenv(kept.item[i]);
}

static void set_environment(const struct lib_visit *v)
{
	const lxc_attach_options_t *o = v->options;
	bool keep = o->env_policy == LXC_ATTACH_KEEP_ENV &&
		    (!v->secure || o->attach_flags & LIB_ATTACH_KEEP_ENV_STATED);

	if (!keep) {
		clean_environment(o);
		add_lines(v->environment);
		add_lines(v->runtime);
	}
	for (char **line = o->extra_env_vars; line && *line; line++)
		if (strchr(*line, '='))
			putenv(*line);
	putenv((char *)"container=lxc");
}

static void set_personality(const struct lib_visit *v)
{
	long wanted = v->options->personality;

	if (!(v->options->attach_flags & LXC_ATTACH_SET_PERSONALITY))
		return;
	if (wanted == LXC_ATTACH_DETECT_PERSONALITY && v->arch)
		wanted = strcmp(v->arch, "i686") ? PER_LINUX : PER_LINUX32;
	if (wanted != LXC_ATTACH_DETECT_PERSONALITY)
		personality((unsigned long)wanted);
}

static int arrived(void *context)
{
	struct arrival_context *a = context;
	const struct lib_visit *v = a->v;
	sigset_t none;

	prctl(PR_SET_NAME, a->comm);
	set_personality(v);
	if (v->options->initial_cwd && chdir(v->options->initial_cwd) < 0)
		(void)!chdir("/");
	set_environment(v);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return v->function(v->payload);
}

/* --- the process -------------------------------------------------------------------------------- */

static void say(int sock, const struct lib_arrival *a, int master)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *)a, sizeof(*a) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *head;

	if (master >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&msg);
		*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(head), &master, sizeof(int));
	}
	(void)!sendmsg(sock, &msg, MSG_NOSIGNAL);
}

/* A container of ward's by its record, any other by what the kernel shows of it. */
static int find(const struct lib_visit *v, struct container *c, struct spec *s, struct enter *enter,
		struct err *e)
{
	autofree char *name = lxc_store_name(v->c->config_path, v->c->name);
	int ret = host_look(&c->host, e);

	c->store.run = c->store.lib = -EBADF;
	if (!name)
		return err_mem(e);
	if (ret == 0)
		ret = store_open(&c->store, e);
	if (ret == 0)
		ret = container_find(c, name, s, e);
	if (ret == -ESRCH) {
		enter->foreign = true;
		ret = lib_foreign(v, c, s, e);
	}
	return ret;
}

static int go(struct lib_visit *v, struct container *c, struct lib_arrival *a)
{
	const lxc_attach_options_t *o = v->options;
	struct arrival_context context = { .v = v };
	struct enter enter = {
		.function = arrived,
		.context = &context,
		.fds = { o->stdin_fd, o->stdout_fd, o->stderr_fd },
		.keep_fds = !v->secure,
		.set_groups = true,
		.made = &a->pid,
	};
	static struct spec s;
	int ret;

	prctl(PR_GET_NAME, context.comm);
	if (o->attach_flags & LXC_ATTACH_SETGROUPS) {
		enter.groups = o->groups.list;
		enter.n_groups = o->groups.size;
	}
	spec_init(&s);
	ret = find(v, c, &s, &enter, &a->err);
	if (ret == 0)
		ret = shape(v, &s, &c->host, &a->err);
	if (ret < 0)
		return ret;
	c->run.order = &order_enter;
	c->run.enter = &enter;
	return launch(&c->run, &a->err);
}

_Noreturn void lib_enter(struct lib_visit *v, int sock)
{
	static struct container c;
	struct lib_arrival a = { .err = ERR_NONE };
	int ret = go(v, &c, &a);

	say(sock, &a, ret == 0 ? c.run.console : -EBADF);
	_exit(0);
}
