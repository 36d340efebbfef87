/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters that are kept in files: believed when they are what they should be, and only then. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "seccomp_help.h"
#include "wall/seccomp_cache.h"

/* --- files ----------------------------------------------------------------------------- */

struct place {
	char path[64];
	int dir;
};

static bool place_make(struct place *p)
{
	strcpy(p->path, "/tmp/test-seccomp-XXXXXX");
	if (!mkdtemp(p->path))
		return false;
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dir >= 0;
}

/* What the tests made: at most one directory below. */
static void place_empty(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *d = fdopendir(copy);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || unlinkat(dir, entry->d_name, 0) == 0)
			continue;
		autoclose int below = openat(dir, entry->d_name,
					     O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (below >= 0)
			place_empty(below);
		unlinkat(dir, entry->d_name, AT_REMOVEDIR);
	}
}

static void place_remove(struct place *p)
{
	place_empty(p->dir);
	fd_close(&p->dir);
	rmdir(p->path);
}

static const struct str key_a = { .text = (char *)"key a", .len = 5 };
static const struct str key_b = { .text = (char *)"key b", .len = 5 };

static int read_back(int dir, const char *name, const struct str *key)
{
	autofilter f = { 0 };

	return seccomp_cache_read(dir, name, key, &f);
}

/* Overwrite `n` bytes at `offset`, counted from the end when negative. */
static void damage(int dir, const char *name, off_t offset)
{
	autoclose int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	char c;

	offset = lseek(fd, offset, offset < 0 ? SEEK_END : SEEK_SET);
	if (pread(fd, &c, 1, offset) == 1) {
		c ^= 0x20;
		(void)!pwrite(fd, &c, 1, offset);
	}
}

static void test_files(void)
{
	const struct sock_fprog *program = PROGRAM(RET(SECCOMP_RET_ALLOW), RET(0));
	struct place p;
	autofilter f = { 0 };
	struct stat st;

	if (!ok(place_make(&p), "a directory to keep filters in"))
		return;
	is_int(read_back(p.dir, "f", &key_a), -ENOENT, "a filter that was never kept is not there");
	is_int(seccomp_cache_write(p.dir, "f", &key_a, program), 0, "a filter can be kept");
	ok(seccomp_cache_read(p.dir, "f", &key_a, &f) == 0 && f.len == 2 &&
		   !memcmp(f.filter, program->filter, 2 * sizeof(*f.filter)),
	   "and comes back as it was");
	ok(fstatat(p.dir, "f", &st, 0) == 0 && (st.st_mode & 07777) == 0600, "its mode is 0600");
	is_int(read_back(p.dir, "f", &key_b), -ESTALE, "not for another key of the same length");
	is_int(read_back(p.dir, "f", &(struct str){ .text = (char *)"key a ", .len = 6 }), -ESTALE,
	       "not for a longer key");
	fchmodat(p.dir, "f", 0620, 0);
	is_int(read_back(p.dir, "f", &key_a), -ESTALE, "not when the group may write it");
	fchmodat(p.dir, "f", 0602, 0);
	is_int(read_back(p.dir, "f", &key_a), -ESTALE, "not when others may write it");
	fchmodat(p.dir, "f", 0644, 0);
	is_int(read_back(p.dir, "f", &key_a), 0, "but when others may read it");
	if (geteuid() == 0) {
		fchownat(p.dir, "f", 12345, 12345, 0);
		is_int(read_back(p.dir, "f", &key_a), -ESTALE,
		       "not when it belongs to somebody else");
		fchownat(p.dir, "f", 0, 0, 0);
	} else {
		skip("a file of somebody else", "not root");
	}
	symlinkat("f", p.dir, "link");
	is_int(read_back(p.dir, "link", &key_a), -ELOOP, "not through a symbolic link");
	mkfifoat(p.dir, "fifo", 0600);
	is_int(read_back(p.dir, "fifo", &key_a), -ESTALE, "a FIFO is refused and not waited for");
	place_remove(&p);
}

static void test_damaged_files(void)
{
	const struct sock_fprog *program = PROGRAM(RET(SECCOMP_RET_ALLOW), RET(0));
	/* 8 magic, 4 key length, 4 instructions, 8 checksum, 5 key, 16 instructions */
	static const struct {
		off_t at;
		const char *what;
	} places[] = {
		{ 0, "magic" },
		{ 8, "length of the key" },
		{ 12, "number of instructions" },
		{ 16, "checksum" },
		{ 24, "key" },
		{ 29, "first instruction" },
		{ -1, "last instruction" },
	};
	struct place p;

	if (!place_make(&p))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		seccomp_cache_write(p.dir, "f", &key_a, program);
		damage(p.dir, "f", places[i].at);
		is_int(read_back(p.dir, "f", &key_a), -ESTALE, places[i].what);
	}
	for (off_t size = 0; size < 45; size++) {
		autoclose int fd = -EBADF;

		seccomp_cache_write(p.dir, "f", &key_a, program);
		fd = openat(p.dir, "f", O_RDWR | O_CLOEXEC);
		if (ftruncate(fd, size) < 0 || read_back(p.dir, "f", &key_a) != -ESTALE)
			ok(false, "a file cut to %d bytes is refused", (int)size);
	}
	is_int(read_back(p.dir, "f", &key_a), -ESTALE, "a file that was cut anywhere is refused");
	place_remove(&p);
}

/* The one file of the cache. */
static bool cached_name(int dir, char name[64])
{
	autoclosedir DIR *d = fdopendir(openat(dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	unsigned n = 0;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && ++n)
			snprintf(name, 64, "seccomp/%.40s", entry->d_name);
	return n == 1;
}

/* Put another program under the key of the cached file. */
static int replace_cached(int dir, const char *name, const struct sock_fprog *program)
{
	autostr text = { 0 };
	struct str key = { 0 };
	uint32_t key_len;

	if (file_read(dir, name, 1 << 20, &text) < 0 || text.len < 24)
		return -EIO;
	memcpy(&key_len, text.text + 8, sizeof(key_len));
	key.text = text.text + 24;
	key.len = key_len;
	if (text.len < 24 + key.len)
		return -EIO;
	autoclose int below = openat(dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return seccomp_cache_write(below, name + strlen("seccomp/"), &key, program);
}

static void test_cache(void)
{
	const struct sock_fprog *other = PROGRAM(RET(SECCOMP_RET_ALLOW));
	struct err e = ERR_NONE;
	autofilter first = { 0 };
	autofilter hit = { 0 };
	autofilter miss = { 0 };
	autofilter healed = { 0 };
	autofilter again = { 0 };
	char name[64] = "";
	struct place p;

	if (!place_make(&p))
		return;
	ok(make(&first, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 && cached_name(p.dir, name),
	   "a compiled filter is kept in one file");
	ok(replace_cached(p.dir, name, other) == 0 &&
		   make(&hit, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 &&
		   same_filter(&hit, other),
	   "the next start takes what is in the file");
	ok(make(&miss, SPEC_OF("seccomp.policy=app", "seccomp.deny=read"), p.dir, &e) == 0 &&
		   verdict(&miss, "read", 0, 0, 0) == EPERM && miss.len > 1,
	   "a spec with another list does not");
	damage(p.dir, name, -1);
	ok(make(&healed, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 &&
		   same_filter(&healed, &first),
	   "a damaged file is replaced by a good one");
	ok(replace_cached(p.dir, name, other) == 0 && fchmodat(p.dir, name, 0666, 0) == 0 &&
		   make(&again, SPEC_OF("seccomp.policy=app"), p.dir, &e) == 0 &&
		   same_filter(&again, &first),
	   "a file that anybody may write is not believed");
	place_remove(&p);
}

/* Two keys that share a file name: the second one must not get the first one's filter. */
static void test_collision(void)
{
	const struct sock_fprog *program = PROGRAM(RET(SECCOMP_RET_ALLOW), RET(0));
	autofilter f = { 0 };
	char name_a[64] = "";
	struct place p;

	if (!place_make(&p))
		return;
	seccomp_cache_put(p.dir, &key_a, program);
	ok(cached_name(p.dir, name_a), "the file of the first key is there");
	ok(seccomp_cache_get(p.dir, &key_a, &f) == 0, "and found by its key");
	autoclose int below = openat(p.dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	seccomp_cache_write(below, name_a + strlen("seccomp/"), &key_b, program);
	filter_free(&f);
	is_int(seccomp_cache_get(p.dir, &key_a, &f), -ESTALE,
	       "a file with the right name and the wrong key is not taken");
	for (int i = 0; i < 100; i++) {
		autostr key = { 0 };

		str_addf(&key, "key %d", i);
		seccomp_cache_put(p.dir, &key, program);
	}
	unsigned files = 0;
	autoclosedir DIR *d =
		fdopendir(openat(p.dir, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		files += entry->d_name[0] != '.';
	ok(files > 0 && files <= 64, "the cache does not grow without bound (%u files)", files);
	seccomp_cache_put(-EBADF, &key_a, program);
	is_int(seccomp_cache_get(-EBADF, &key_a, &f), -ENOENT, "no cache is no error");
	place_remove(&p);
}

static void put(int dir, const char *name, const char *text)
{
	file_replace(dir, name, text, strlen(text), 0600);
}

static void test_policy_file(void)
{
	autofilter one = { 0 };
	autofilter two = { 0 };
	autofilter bad = { 0 };
	autostr setting = { 0 };
	struct err e = ERR_NONE;
	struct place p;

	if (!place_make(&p))
		return;
	str_addf(&setting, "seccomp.policy=%s/my.policy", p.path);
	put(p.dir, "my.policy", "include app\ndeny EACCES chdir\n");
	ok(make(&one, SPEC_OF(str_text(&setting)), p.dir, &e) == 0 &&
		   verdict(&one, "chdir", 0, 0, 0) == EACCES,
	   "a policy can be a file");
	put(p.dir, "my.policy", "include app\ndeny EACCES fchdir\n");
	ok(make(&two, SPEC_OF(str_text(&setting)), p.dir, &e) == 0 &&
		   verdict(&two, "chdir", 0, 0, 0) == 0 &&
		   verdict(&two, "fchdir", 0, 0, 0) == EACCES,
	   "a changed file is not taken from the cache");
	put(p.dir, "my.policy", "include app\nalow chdir\n");
	ok(make(&bad, SPEC_OF(str_text(&setting)), p.dir, &e) < 0 &&
		   strstr(e.text, "my.policy:2: 'alow' is no statement"),
	   "an error names the file and the line");
	place_remove(&p);
}

/* --- for one container ----------------------------------------------------------------- */

static void test_save(const struct sock_fprog *app)
{
	struct run r = { .cache = -EBADF, .filter = *app };
	struct run later = { .cache = -EBADF };
	struct err e = ERR_NONE;
	autospec s;
	struct place p;

	spec_init(&s);
	key_set(&s, "seccomp.policy", "app", "test", &e);
	r.spec = later.spec = &s;
	if (!place_make(&p))
		return;
	ok(seccomp_restore(&later, p.dir, &e) < 0, "a filter that was not kept is an error");
	ok(seccomp_save(&r, p.dir, &e) == 0 && seccomp_restore(&later, p.dir, &e) == 0 &&
		   same_filter(&later.filter, app),
	   "a container's filter is kept for those who enter it later");
	filter_free(&later.filter);
	damage(p.dir, "seccomp", -1);
	ok(seccomp_restore(&later, p.dir, &e) == -ESTALE && strstr(e.text, "restart the container"),
	   "a damaged one is an error, not a start without");
	r.filter = (struct sock_fprog){ 0 };
	ok(seccomp_save(&r, p.dir, &e) < 0 && seccomp_load(&r, &e) < 0,
	   "without a filter nothing is kept and nothing loaded, and both say so");
	key_set(&s, "seccomp.policy", "none", "test", &e);
	ok(seccomp_compile(&r, &e) == 0 && !r.filter.filter && seccomp_save(&r, p.dir, &e) == 0 &&
		   seccomp_restore(&later, p.dir, &e) == 0 && seccomp_load(&r, &e) == 0,
	   "with the policy none every step succeeds without doing anything");
	place_remove(&p);
}

int main(void)
{
	autofilter app = { 0 };

	walls_init();
	test_files();
	test_damaged_files();
	test_cache();
	test_collision();
	test_policy_file();
	if (compiled(&app, SPEC_OF("seccomp.policy=app"), "app"))
		test_save(&app);
	return done();
}
