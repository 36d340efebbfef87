/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The object: made, counted, locked, released. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "lxc/lib_create.h"
#include "wall/wall.h"

/* Programs were compiled against these numbers; they are for machines of 64 bits. */
#define AT(member, offset)                                                                         \
	_Static_assert(sizeof(void *) != 8 || offsetof(struct lxc_container, member) == (offset),  \
		       "the place of " #member)
AT(name, 0);
AT(configfile, 8);
AT(pidfile, 16);
AT(slock, 24);
AT(privlock, 32);
AT(numthreads, 40);
AT(lxc_conf, 48);
AT(error_string, 56);
AT(error_num, 64);
AT(daemonize, 68);
AT(config_path, 72);
AT(is_defined, 80);
AT(state, 88);
AT(is_running, 96);
AT(freeze, 104);
AT(unfreeze, 112);
AT(init_pid, 120);
AT(load_config, 128);
AT(start, 136);
AT(startl, 144);
AT(stop, 152);
AT(want_daemonize, 160);
AT(want_close_all_fds, 168);
AT(config_file_name, 176);
AT(wait, 184);
AT(set_config_item, 192);
AT(destroy, 200);
AT(save_config, 208);
AT(create, 216);
AT(createl, 224);
AT(rename, 232);
AT(reboot, 240);
AT(shutdown, 248);
AT(clear_config, 256);
AT(clear_config_item, 264);
AT(get_config_item, 272);
AT(get_running_config_item, 280);
AT(get_keys, 288);
AT(get_interfaces, 296);
AT(get_ips, 304);
AT(get_cgroup_item, 312);
AT(set_cgroup_item, 320);
AT(get_config_path, 328);
AT(set_config_path, 336);
AT(clone, 344);
AT(console_getfd, 352);
AT(console, 360);
AT(attach, 368);
AT(attach_run_wait, 376);
AT(attach_run_waitl, 384);
AT(snapshot, 392);
AT(snapshot_list, 400);
AT(snapshot_restore, 408);
AT(snapshot_destroy, 416);
AT(may_control, 424);
AT(add_device_node, 432);
AT(remove_device_node, 440);
AT(attach_interface, 448);
AT(detach_interface, 456);
AT(checkpoint, 464);
AT(restore, 472);
AT(destroy_with_snapshots, 480);
AT(snapshot_destroy_all, 488);
AT(migrate, 496);
AT(console_log, 504);
AT(reboot2, 512);
AT(mount, 520);
AT(umount, 528);
AT(seccomp_notify_fd, 536);
AT(seccomp_notify_fd_active, 544);
AT(init_pidfd, 552);
AT(devpts_fd, 560);
AT(rcv_timeout, 568);
AT(set_timeout, 576);
#define SIZE(type, size)                                                                           \
	_Static_assert(sizeof(void *) != 8 || sizeof(type) == (size), "the size of " #type)
SIZE(struct lxc_container, 584);
SIZE(struct lxc_snapshot, 40);
SIZE(struct bdev_specs, 80);
SIZE(struct migrate_opts, 80);
SIZE(struct lxc_log, 48);
SIZE(lxc_attach_options_t, 96);

/* LXC's tools carry the configuration they work on in this variable and bring it with them; it has
 * no meaning here but that it is there to be linked with. */
API __thread struct lxc_conf *current_config;

/* --- once --------------------------------------------------------------------------------------- */

/* Set by the lxc-* tools before there is a second thread. */
static bool secure;

static void init_once(void)
{
	walls_init();
}

void lib_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_once);
}

void lib_set_secure(bool how)
{
	secure = how;
}

bool lib_is_secure(void)
{
	return secure;
}

/* --- locks -------------------------------------------------------------------------------------- */

static struct lxc_lock *lock_new(void)
{
	struct lxc_lock *l = calloc(1, sizeof(*l));
	pthread_mutexattr_t attr;

	if (!l)
		return NULL;
	l->fd = -EBADF;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&l->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return l;
}

static void lock_free(struct lxc_lock *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->mutex);
	fd_close(&l->fd);
	free(l->path);
	free(l);
}

void lib_lock(struct lxc_container *c)
{
	pthread_mutex_lock(&c->privlock->mutex);
}

void lib_unlock(struct lxc_container *c)
{
	pthread_mutex_unlock(&c->privlock->mutex);
}

static int make_directories(const char *path, mode_t mode)
{
	autofree char *copy = strdup(path);

	for (char *p = copy ? copy + 1 : NULL; p && (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return copy ? 0 : -ENOMEM;
}

static int disk_lock_open(struct lxc_container *c, struct err *e)
{
	autostr path = { 0 };
	int ret;

	if (!c->slock->path) {
		lxc_runtime_path(&path);
		str_addf(&path, "/lock/%s/.%s", c->config_path, c->name);
		c->slock->path = strdup(str_text(&path));
	}
	if (!c->slock->path)
		return err_mem(e);
	ret = make_directories(c->slock->path, 0755);
	if (ret == 0)
		c->slock->fd = open(c->slock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
				    0600);
	if (ret < 0 || c->slock->fd < 0)
		return err_sys(e, "open the lock %s", c->slock->path);
	return 0;
}

/* An open file description's lock: threads of one process exclude each other too. */
int lib_disk_lock(struct lxc_container *c, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int ret = 0;

	pthread_mutex_lock(&c->slock->mutex);
	if (c->slock->depth++ > 0)
		return 0;
	ret = disk_lock_open(c, e);
	while (ret == 0 && fcntl(c->slock->fd, F_OFD_SETLKW, &whole) < 0)
		if (errno != EINTR)
			ret = err_sys(e, "take the lock %s", c->slock->path);
	if (ret < 0)
		lib_disk_unlock(c);
	return ret;
}

void lib_disk_unlock(struct lxc_container *c)
{
	if (--c->slock->depth == 0)
		fd_close(&c->slock->fd);
	pthread_mutex_unlock(&c->slock->mutex);
}

/* --- parts -------------------------------------------------------------------------------------- */

struct lxc_config *lib_config(const struct lxc_container *c)
{
	return (struct lxc_config *)c->lxc_conf;
}

struct lxc_config *lib_config_make(struct lxc_container *c)
{
	if (!c->lxc_conf)
		c->lxc_conf = calloc(1, sizeof(struct lxc_config));
	return lib_config(c);
}

void lib_path(const struct lxc_container *c, const char *below, struct str *out)
{
	str_addf(out, "%s/%s%s%s", c->config_path, c->name, below ? "/" : "", below ? below : "");
}

int lib_write(const char *path, const struct str *text, struct err *e)
{
	const char *name = strrchr(path, '/');
	autofree char *above = name && name > path ? strndup(path, (size_t)(name - path)) :
						     strdup("/");
	autoclose int dir = above ? open(name ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
				    -1;
	int ret = dir < 0 ? -errno :
			    file_replace(dir, name ? name + 1 : path, str_text(text), text->len,
					 0640);

	if (text->failed || !above)
		return err_mem(e);
	errno = -ret;
	return ret < 0 ? err_sys(e, "write %s", path) : 0;
}

bool lib_fail(struct lxc_container *c, struct err *e)
{
	err_clean(e);
	lib_lock(c);
	free(c->error_string);
	c->error_string = strdup(e->text);
	lib_unlock(c);
	lib_log(c, LIB_ERROR, "%s", e->text);
	return false;
}

int lib_fail_int(struct lxc_container *c, struct err *e)
{
	lib_fail(c, e);
	return -1;
}

/* --- making and releasing ------------------------------------------------------------------------ */

static void container_free(struct lxc_container *c)
{
	if (c->lxc_conf)
		lxc_conf_free(lib_config(c));
	free(c->lxc_conf);
	free(c->name);
	free(c->configfile);
	free(c->pidfile);
	free(c->error_string);
	free(c->config_path);
	lock_free(c->slock);
	lock_free(c->privlock);
	free(c);
}

API int lxc_container_get(struct lxc_container *c)
{
	int counted = 0;

	if (!c)
		return 0;
	lib_lock(c);
	if (c->numthreads > 0) {
		c->numthreads++;
		counted = 1;
	}
	lib_unlock(c);
	return counted;
}

API int lxc_container_put(struct lxc_container *c)
{
	int left;

	if (!c)
		return -1;
	lib_lock(c);
	left = --c->numthreads;
	lib_unlock(c);
	if (left > 0)
		return 0;
	container_free(c);
	return 1;
}

static void set_members(struct lxc_container *c)
{
	lib_config_members(c);
	lib_state_members(c);
	lib_start_members(c);
	lib_stop_members(c);
	lib_create_members(c);
	lib_destroy_members(c);
	lib_attach_members(c);
	lib_console_members(c);
	lib_net_members(c);
	lib_cgroup_members(c);
	lib_device_members(c);
	lib_mount_members(c);
	lib_later_members(c);
}

static struct lxc_container *container_make(const char *name, const char *lxcpath)
{
	struct lxc_container *c = calloc(1, sizeof(*c));
	autostr config = { 0 };

	if (!c)
		return NULL;
	c->numthreads = 1;
	c->daemonize = true;
	c->name = strdup(name);
	c->config_path = strdup(lxcpath);
	c->slock = lock_new();
	c->privlock = lock_new();
	if (c->name && c->config_path) {
		lib_path(c, "config", &config);
		c->configfile = strdup(str_text(&config));
	}
	if (!c->configfile || !c->slock || !c->privlock) {
		container_free(c);
		return NULL;
	}
	set_members(c);
	return c;
}

/* A name is one component of a path; the rest is what LXC takes. */
static bool name_is_good(const char *name)
{
	return name && *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..") &&
	       strlen(name) < 256 && !str_has_control(name);
}

API struct lxc_container *lxc_container_new(const char *name, const char *configpath)
{
	struct lxc_container *c;

	lib_init();
	if (!configpath)
		configpath = lxc_get_global_config_item("lxc.lxcpath");
	if (!name_is_good(name) || !configpath) {
		lib_log(NULL, LIB_ERROR, "this is not a container's name");
		return NULL;
	}
	c = container_make(name, configpath);
	if (!c)
		return NULL;
	/* What a create() left that was cut off is no container. */
	if (lib_is_partial(c))
		lib_remove(c, &(struct err){ 0 });
	if (c->is_defined(c) && !c->load_config(c, NULL)) {
		lxc_container_put(c);
		return NULL;
	}
	return c;
}
