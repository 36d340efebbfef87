/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Landlock wall: the same attempts without it (control) and with it. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "tap.h"
#include "trial.h"
#include "wall/landlock.h"

static struct host host;
static char directory[] = "/tmp/ward-test-landlock-XXXXXX";

/* --- files ----------------------------------------------------------------------------- */

enum attempt {
	WRITE_INSIDE,
	MAKE_INSIDE,
	MOVE_INSIDE,
	WRITE_OUTSIDE,
	MAKE_OUTSIDE,
	REMOVE_OUTSIDE,
	TRUNCATE_OUTSIDE,
	LINK_OUT,
	READ_OUTSIDE,
	WRITE_NULL,
	WRITE_PROC,
	DEV_FILE,
	SHARED_MEMORY,
	WHITEOUT,
	QUEUE,
	OUTPUT_AGAIN,
	MOUNT,
	ATTEMPTS
};

static const struct {
	const char *what;
	int errno_with;
} attempts[ATTEMPTS] = {
	[WRITE_INSIDE] = { "writing a file of a writable volume", 0 },
	[MAKE_INSIDE] = { "making a file in it", 0 },
	[MOVE_INSIDE] = { "moving a file between its directories", 0 },
	[WRITE_OUTSIDE] = { "writing a file elsewhere", EACCES },
	[MAKE_OUTSIDE] = { "making a directory elsewhere", EACCES },
	[REMOVE_OUTSIDE] = { "removing a file elsewhere", EACCES },
	[TRUNCATE_OUTSIDE] = { "truncating a file elsewhere", EACCES },
	[LINK_OUT] = { "moving a file out", EACCES },
	[READ_OUTSIDE] = { "reading elsewhere", 0 },
	[WRITE_NULL] = { "writing to /dev/null", 0 },
	[WRITE_PROC] = { "writing to /proc/self", 0 },
	[DEV_FILE] = { "making a file in /dev", EACCES },
	[SHARED_MEMORY] = { "making a file in /dev/shm", 0 },
	[WHITEOUT] = { "making a whiteout in a writable volume", EACCES },
	[QUEUE] = { "making a message queue", 0 },
	[OUTPUT_AGAIN] = { "opening our own output again", 0 },
	[MOUNT] = { "mounting", EPERM },
};

static int try_open(int dir, const char *path, int flags)
{
	int fd = openat(dir, path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_queue(void)
{
	mqd_t queue = mq_open("/ward-test", O_RDWR | O_CREAT, 0600, NULL);

	if (queue == (mqd_t)-1)
		return errno;
	mq_close(queue);
	mq_unlink("/ward-test");
	return 0;
}

static int attempt_one(enum attempt what, int rw, int ro)
{
	switch (what) {
	case WRITE_INSIDE:
		return try_open(rw, "old", O_WRONLY | O_TRUNC);
	case MAKE_INSIDE:
		return try_open(rw, "new", O_WRONLY | O_CREAT | O_EXCL);
	case MOVE_INSIDE:
		return renameat(rw, "a", rw, "sub/a") < 0 ? errno : 0;
	case WRITE_OUTSIDE:
		return try_open(ro, "old", O_WRONLY);
	case MAKE_OUTSIDE:
		return mkdirat(ro, "new", 0700) < 0 ? errno : 0;
	case REMOVE_OUTSIDE:
		return unlinkat(ro, "gone", 0) < 0 ? errno : 0;
	case TRUNCATE_OUTSIDE:
		return fchdir(ro) < 0 ? BROKEN : truncate("old", 0) < 0 ? errno : 0;
	case LINK_OUT:
		return renameat(rw, "old", ro, "moved") < 0 ? errno : 0;
	case READ_OUTSIDE:
		return try_open(ro, "old", O_RDONLY);
	case WRITE_NULL:
		return try_open(AT_FDCWD, "/dev/null", O_WRONLY);
	case WRITE_PROC:
		return file_write(AT_FDCWD, "/proc/self/comm", "ward-test") < 0 ? errno : 0;
	case DEV_FILE:
		return try_open(AT_FDCWD, "/dev/ward-test", O_WRONLY | O_CREAT | O_EXCL);
	case SHARED_MEMORY:
		return try_open(AT_FDCWD, "/dev/shm/ward-test", O_WRONLY | O_CREAT | O_EXCL);
	case WHITEOUT:
		return mknodat(rw, "whiteout", S_IFCHR, 0) < 0 ? errno : 0;
	case QUEUE:
		return try_queue();
	case OUTPUT_AGAIN:
		return try_open(AT_FDCWD, "/proc/self/fd/1", O_WRONLY);
	case MOUNT:
		return sys_mount("none", directory, "tmpfs", 0, NULL) < 0 ? errno : 0;
	case ATTEMPTS:
		break;
	}
	return BROKEN;
}

static int landlock_dirs(int *rw, int *ro)
{
	autoclose int dir = open(directory, O_PATH | O_CLOEXEC);

	if (mkdirat(dir, "rw", 0700) < 0 || mkdirat(dir, "ro", 0700) < 0 ||
	    mkdirat(dir, "rw/sub", 0700) < 0)
		return -1;
	*rw = openat(dir, "rw", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ro = openat(dir, "ro", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return try_open(*rw, "old", O_WRONLY | O_CREAT) || try_open(*rw, "a", O_WRONLY | O_CREAT) ||
	       try_open(*ro, "old", O_WRONLY | O_CREAT) ||
	       try_open(*ro, "gone", O_WRONLY | O_CREAT) ||
	       try_open(dir, "output", O_WRONLY | O_CREAT);
}

static void landlock_dirs_remove(void)
{
	static const char *const names[] = { "rw/old",	"rw/a",	       "rw/sub/a",
					     "rw/new",	"rw/whiteout", "ro/old",
					     "ro/gone", "ro/moved",    "output" };
	static const char *const dirs[] = { "ro/new", "rw/sub", "rw", "ro" };
	autoclose int dir = open(directory, O_PATH | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(dir, names[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		unlinkat(dir, dirs[i], AT_REMOVEDIR);
}

/* The root is read-only, "rw" a writable volume, "ro" another that is not. */
static int landlock_enter(struct spec *s, bool wall, struct err *e)
{
	char rw[64], ro[64];
	struct volume volumes[] = { { .target = rw }, { .target = ro, .attr = MOUNT_ATTR_RDONLY } };
	struct run r;
	int ret;

	snprintf(rw, sizeof(rw), "%s/rw", directory);
	snprintf(ro, sizeof(ro), "%s/ro", directory);
	s->landlock = wall;
	s->rootfs.attr |= MOUNT_ATTR_RDONLY;
	s->volumes.item = volumes;
	s->volumes.n = ARRAY_SIZE(volumes);
	run_of(&r, s, &host);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "no_new_privs");
	ret = landlock_apply(&r, e);
	s->volumes.item = NULL;
	s->volumes.n = 0;
	return ret;
}

/* A /dev of our own, as a container has one, in a mount namespace that ends with the child. */
static int own_dev(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWIPC) < 0 ||
	    sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    sys_mount("dev", "/dev", "tmpfs", 0, NULL) < 0 || mkdir("/dev/shm", 01777) < 0 ||
	    mkdir("/dev/mqueue", 0755) < 0 || mknod("/dev/null", S_IFCHR | 0666, 1 << 8 | 3) < 0)
		return -1;
	return sys_mount("mqueue", "/dev/mqueue", "mqueue", 0, NULL);
}

static void landlock_child(bool wall, int rw, int ro, int out)
{
	struct err e = ERR_NONE;
	int results[ATTEMPTS];
	autospec s;
	int file;

	if (own_dev() < 0)
		_exit(BROKEN);
	spec_init(&s);
	file = open(directory, O_PATH | O_CLOEXEC);
	file = openat(file, "output", O_WRONLY);
	if (dup2(file, 1) < 0 || landlock_enter(&s, wall, &e) < 0) {
		broken(&e);
		_exit(BROKEN);
	}
	for (int i = 0; i < ATTEMPTS; i++)
		results[i] = attempt_one(i, rw, ro);
	_exit(write(out, results, sizeof(results)) != sizeof(results));
}

/* All attempts in one child; results are errnos. */
static bool landlock_attempts(bool wall, int results[ATTEMPTS])
{
	int rw, ro, pipes[2];
	bool good = false;
	pid_t pid;

	if (landlock_dirs(&rw, &ro) != 0 || pipe(pipes) < 0)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		landlock_child(wall, rw, ro, pipes[1]);
	close(pipes[1]);
	good = read(pipes[0], results, ATTEMPTS * sizeof(int)) == ATTEMPTS * (ssize_t)sizeof(int);
	waitpid(pid, NULL, 0);
	close(pipes[0]);
	close(rw);
	close(ro);
	landlock_dirs_remove();
	return good;
}

static void test_landlock_files(void)
{
	int without[ATTEMPTS], with[ATTEMPTS];

	if (!ok(landlock_attempts(false, without), "control: attempts without Landlock are made") ||
	    !ok(landlock_attempts(true, with), "attempts with Landlock are made"))
		return;
	for (int i = 0; i < ATTEMPTS; i++) {
		if (without[i]) {
			skip(attempts[i].what, strerror(without[i]));
			continue;
		}
		if (attempts[i].errno_with == 0)
			ok(with[i] == 0, "%s still works", attempts[i].what);
		else
			ok(with[i] == attempts[i].errno_with,
			   "%s worked without and is refused (%s)", attempts[i].what,
			   strerror(attempts[i].errno_with));
		if (with[i] != attempts[i].errno_with)
			printf("#   got %s\n", strerror(with[i]));
	}
}

/* --- scopes ---------------------------------------------------------------------------- */

static int signal_parent(bool wall)
{
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	s.ns[NS_PID].how = wall ? NS_HOST : NS_NEW;
	if (landlock_enter(&s, true, &e) < 0)
		return broken(&e);
	return kill(getppid(), 0) < 0 ? errno : 0;
}

static socklen_t abstract_name(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)snprintf(address->sun_path + 1, 64, "ward-test-%d", getppid()));
}

/* E10: the listener is outside of the domain, made by our parent before. */
static int connect_abstract(bool wall)
{
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct err e = ERR_NONE;
	struct sockaddr_un address;
	socklen_t len = abstract_name(&address);
	autospec s;

	spec_init(&s);
	s.ns[NS_NET].how = wall ? NS_HOST : NS_NEW;
	if (landlock_enter(&s, true, &e) < 0)
		return broken(&e);
	return connect(fd, (struct sockaddr *)&address, len) < 0 ? errno : 0;
}

static void test_landlock_scope(void)
{
	autoclose int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path + 1, 64, "ward-test-%d", getpid());

	if (host.landlock_abi < 6) {
		skip("Landlock scopes", "before version 6");
		return;
	}
	is_int(in_child(signal_parent, false), 0,
	       "control: with an own pid namespace signals are left to it");
	is_int(in_child(signal_parent, true), EPERM,
	       "with the host's, processes outside cannot be signalled");
	if (bind(listener, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0 ||
	    listen(listener, 4) < 0) {
		ok(false, "an abstract socket can be listened on");
		return;
	}
	is_int(in_child(connect_abstract, false), 0,
	       "control: with an own network namespace sockets are left to it");
	is_int(in_child(connect_abstract, true), EPERM,
	       "with the host's, abstract sockets outside cannot be reached");
}

/* --- check ----------------------------------------------------------------------------- */

static void test_landlock_check(void)
{
	struct host with = { .landlock_abi = 7 }, without = { .landlock_abi = 0 },
		    old = { .landlock_abi = 1 };
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	set(&s, "landlock", "true", "profile app");
	s.caps.no_new_privs = true;
	ok(wall_landlock.check(&s, &with, &e) == 0 && s.landlock, "Landlock is built where it is");
	s.caps.bounding = 1ULL << 21;
	ok(wall_landlock.check(&s, &with, &e) == -EINVAL && strstr(e.text, "CAP_SYS_ADMIN"),
	   "beside CAP_SYS_ADMIN it is refused");
	s.caps.bounding = 0;
	s.caps.no_new_privs = false;
	ok(wall_landlock.check(&s, &with, &e) == -EINVAL && strstr(e.text, "no_new_privs"),
	   "so it is without no_new_privs");
	s.caps.no_new_privs = true;
	ok(wall_landlock.check(&s, &without, &e) == 0 && !s.landlock,
	   "a profile starts without it on a kernel without");
	s.landlock = true;
	ok(wall_landlock.check(&s, &old, &e) == 0 && !s.landlock,
	   "and on one whose version forbids renaming");
	set(&s, "landlock", "true", "file:7");
	ok(wall_landlock.check(&s, &without, &e) == -ENOTSUP && strstr(e.text, "file:7"),
	   "who asked for it by name is refused");
	list_add(&s.optional, "landlock");
	ok(wall_landlock.check(&s, &without, &e) == 0 && !s.landlock, "unless it is optional");
	list_clear(&s.optional);
}

int main(void)
{
	walls_init();
	log_level = LOG_ERROR;
	host = (struct host){ .uid = geteuid(), .landlock_abi = landlock_abi() };
	test_landlock_check();
	if (host.landlock_abi < 3) {
		skip("attempts with and without Landlock", "no Landlock here, or before version 3");
		return done();
	}
	if (!mkdtemp(directory))
		return 1;
	if (host.uid == 0)
		test_landlock_files();
	else
		skip("attempts with and without Landlock", "not root");
	test_landlock_scope();
	rmdir(directory);
	return done();
}
