/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"

/* The number changes with the layout of the file. */
static const char magic[8] = "wardbpf1";

struct header {
	char magic[8];
	uint32_t key_len;
	uint32_t instructions;
	uint64_t sum;
};

enum { CACHE_FILES_MAX = 64 };

/* FNV-1a, 64 bits. */
static uint64_t hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL;

	while (len--) {
		h ^= *p++;
		h *= 0x100000001b3ULL;
	}
	return h;
}

/* The same by words, because this is on the way of every start. */
static uint64_t sum(const struct sock_filter *filter, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	_Static_assert(sizeof(*filter) == sizeof(h), "an instruction is a word");
	for (size_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, &filter[i], sizeof(word));
		h = (h ^ word) * 0x100000001b3ULL;
		h ^= h >> 29; /* else the upper bits of a word never reach the lower ones */
	}
	return h;
}

/* --- one file -------------------------------------------------------------------------- */

static bool ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* How many instructions follow the header and a key of that length; 0 = not our file. */
static size_t instructions(const struct stat *st, size_t key_len)
{
	off_t rest = st->st_size - (off_t)(sizeof(struct header) + key_len);

	if (rest <= 0 || rest % (off_t)sizeof(struct sock_filter) ||
	    rest / (off_t)sizeof(struct sock_filter) > BPF_MAXINSNS)
		return 0;
	return (size_t)rest / sizeof(struct sock_filter);
}

static bool believe(const struct header *h, const struct str *key, const char *file_key,
		    const struct sock_filter *filter, size_t n)
{
	return !memcmp(h->magic, magic, sizeof(magic)) && h->key_len == key->len &&
	       h->instructions == n && !memcmp(file_key, str_text(key), key->len) &&
	       h->sum == sum(filter, n);
}

int seccomp_cache_read(int dir, const char *path, const struct str *key, struct sock_fprog *out)
{
	autoclose int fd = path_open(dir, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0,
				     PATH_NO_SYMLINKS);
	autofree struct sock_filter *filter = NULL;
	autofree char *file_key = NULL;
	struct header h;
	struct stat st;
	size_t n;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	n = instructions(&st, key->len);
	if (!ours(&st) || !n)
		return -ESTALE;
	file_key = malloc(key->len + 1);
	filter = malloc(n * sizeof(*filter));
	if (!file_key || !filter)
		return -ENOMEM;
	got = readv(fd,
		    (struct iovec[]){ { &h, sizeof(h) },
				      { file_key, key->len },
				      { filter, n * sizeof(*filter) } },
		    3);
	if (got < 0)
		return -errno;
	if (got != st.st_size || !believe(&h, key, file_key, filter, n))
		return -ESTALE;
	out->len = (unsigned short)n;
	out->filter = take_ptr(filter);
	return 0;
}

int seccomp_cache_write(int dir, const char *path, const struct str *key,
			const struct sock_fprog *filter)
{
	struct header h = {
		.key_len = (uint32_t)key->len,
		.instructions = filter->len,
		.sum = sum(filter->filter, filter->len),
	};
	autostr text = { 0 };

	memcpy(h.magic, magic, sizeof(magic));
	str_addn(&text, (const char *)&h, sizeof(h));
	str_addn(&text, str_text(key), key->len);
	str_addn(&text, (const char *)filter->filter, filter->len * sizeof(*filter->filter));
	return text.failed ? -ENOMEM : file_replace(dir, path, text.text, text.len, 0600);
}

/* --- the directory --------------------------------------------------------------------- */

static void cache_name(const struct str *key, char name[17])
{
	snprintf(name, 17, "%016" PRIx64, hash(str_text(key), key->len));
}

int seccomp_cache_get(int cache, const struct str *key, struct sock_fprog *out)
{
	char path[sizeof("seccomp/") + 17] = "seccomp/";

	if (cache < 0)
		return -ENOENT;
	cache_name(key, path + strlen(path));
	return seccomp_cache_read(cache, path, key, out);
}

/* Policies that change leave files behind; when there are many, all go. */
static void cache_trim(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	size_t n = 0;

	if (!d) {
		fd_close(&copy);
		return;
	}
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	if (n < CACHE_FILES_MAX)
		return;
	rewinddir(d);
	while ((entry = readdir(d)))
		unlinkat(dir, entry->d_name, 0); /* "." and ".." are directories: refused */
}

void seccomp_cache_put(int cache, const struct str *key, const struct sock_fprog *filter)
{
	autoclose int dir = -EBADF;
	char name[17];
	int ret;

	if (cache < 0)
		return;
	if (mkdirat(cache, "seccomp", 0700) < 0 && errno != EEXIST) {
		log_debug("cannot keep compiled system call filters: %s", strerror(errno));
		return;
	}
	dir = path_open(cache, "seccomp", O_RDONLY | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	if (dir < 0)
		return;
	cache_trim(dir);
	cache_name(key, name);
	ret = seccomp_cache_write(dir, name, key, filter);
	if (ret < 0)
		log_debug("cannot keep a compiled system call filter: %s", strerror(-ret));
}
