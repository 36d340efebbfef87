/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the store share: a directory of their own, and owners that die. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/state.h"
#include "store/store.h"
#include "tap.h"

static char top[] = "/tmp/ward-test-store-XXXXXX";
static struct err e;

static inline char *in_top(const char *name)
{
	static char paths[8][256];
	static unsigned n;
	char *path = paths[n++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

/* Remove what the tests made: two levels of files below a directory, which is all there is. */
static inline void remove_tree(const char *path, int depth)
{
	autoclosedir DIR *d = opendir(path);
	struct dirent *entry;
	char child[512];

	while (d && depth && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%.200s", path, entry->d_name);
		if (unlink(child) < 0)
			remove_tree(child, depth - 1);
	}
	rmdir(path);
}

static inline int open_at(struct store *s, const char *run, const char *lib)
{
	setenv("WARD_RUN_DIR", in_top(run), 1);
	setenv("WARD_LIB_DIR", in_top(lib), 1);
	e = ERR_NONE;
	return store_open(s, &e);
}

static inline bool exists(const struct store *s, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "containers/%s", name);
	return fstatat(s->run, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Run fn in a child; true when it returns true. */
static inline bool in_child(bool (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* Claim `name`, write a state and die without a word. */
static inline void die_owning(const struct store *s, const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct claim c;
		struct state state;

		state_init(&state);
		state.pid = 4711;
		if (store_claim(s, name, &c, &e) == 0 && state_write(c.dir, &state, &e) == 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static inline bool mode_is(int fd, mode_t mode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode && st.st_uid == geteuid();
}

/* Run the tests in a store of their own. */
static inline int in_store(void (*tests)(const struct store *s))
{
	struct store s;

	log_level = LOG_ERROR;
	if (!mkdtemp(top))
		return 99;
	if (ok(open_at(&s, "run", "lib") == 0, "a store for what follows")) {
		tests(&s);
		store_close(&s);
	}
	remove_tree(top, 8);
	return done();
}
