/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's log: lxc_log_init() says where it goes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lxc/lib.h"

/* A library has no other place for what a whole process shares. */
static struct {
	pthread_mutex_t mutex;
	int fd;
	int level;
	bool to_stderr;
	char prefix[64];
} sink = { .mutex = PTHREAD_MUTEX_INITIALIZER, .fd = -EBADF, .level = LIB_ERROR, .prefix = "lxc" };

static const char *const levels[] = {
	"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL",
};

static int level_of(const char *word)
{
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (!strcasecmp(levels[i], word))
			return (int)i;
	return str_u64(word, 10, 0, ARRAY_SIZE(levels) - 1, &number) == 0 ? (int)number : -EINVAL;
}

static void line_to_file(const char *name, int level, const char *text)
{
	struct timespec now;
	struct tm tm;
	char when[20];
	autostr line = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y%m%d%H%M%S", &tm);
	str_addf(&line, "%s %s %s.%03ld %-8s ward - %s\n", sink.prefix, name, when,
		 now.tv_nsec / 1000000, levels[level], text);
	(void)!write(sink.fd, str_text(&line), line.len);
}

void lib_log(const struct lxc_container *c, enum lib_level level, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX + 128];
	const char *name = c && c->name ? c->name : "-";
	autostr line = { 0 };
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&sink.mutex);
	if ((int)level >= sink.level && sink.fd >= 0)
		line_to_file(name, (int)level, text);
	if ((int)level >= sink.level && sink.to_stderr) {
		str_addf(&line, "%s: %s: %s\n", sink.prefix, name, text);
		(void)!write(STDERR_FILENO, str_text(&line), line.len);
	}
	pthread_mutex_unlock(&sink.mutex);
}

static int make_parents(const char *path)
{
	autofree char *copy = strdup(path);

	for (char *p = copy ? copy + 1 : NULL; p && (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return copy ? 0 : -ENOMEM;
}

/* LXC's choice when a level is asked for and no file. */
static void default_file(const struct lxc_log *log, struct str *out)
{
	if (geteuid() == 0 && (!log->lxcpath || !strcmp(log->lxcpath, "/var/lib/lxc")))
		str_addf(out, "/var/log/lxc/%s.log", log->name);
	else if (log->lxcpath)
		str_addf(out, "%s/%s/%s.log", log->lxcpath, log->name, log->name);
}

static int open_file(const struct lxc_log *log)
{
	autostr path = { 0 };
	int fd, ret;

	if (log->file && strcmp(log->file, "none"))
		str_add(&path, log->file);
	else if (!log->file && log->level && log->name)
		default_file(log, &path);
	if (!path.len)
		return -EBADF;
	ret = make_parents(str_text(&path));
	if (ret < 0)
		return ret;
	fd = open(str_text(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	return fd < 0 ? -errno : fd;
}

API int lxc_log_init(struct lxc_log *log)
{
	int level = log->level ? level_of(log->level) : LIB_ERROR;
	int fd = level < 0 ? -EBADF : open_file(log);

	if (level < 0 || (fd < 0 && fd != -EBADF))
		return -1;
	pthread_mutex_lock(&sink.mutex);
	fd_close(&sink.fd);
	sink.fd = fd;
	sink.level = level;
	sink.to_stderr = !log->quiet;
	snprintf(sink.prefix, sizeof(sink.prefix), "%s", log->prefix ? log->prefix : "lxc");
	pthread_mutex_unlock(&sink.mutex);
	return 0;
}

API void lxc_log_close(void)
{
	pthread_mutex_lock(&sink.mutex);
	fd_close(&sink.fd);
	sink.to_stderr = false;
	sink.level = LIB_ERROR;
	pthread_mutex_unlock(&sink.mutex);
}
