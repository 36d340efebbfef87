/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How values of LXC's keys are written: each reader checks one value and appends it in the form in
 * which LXC gives it back. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/signame.h"
#include "front/lxc_key.h"
#include "spec/key.h"

enum { LXC_PATH_MAX = 4096, SIGNAL_MAX = 64 };

static int done(const struct str *out, struct err *e)
{
	return out->failed ? err_mem(e) : 0;
}

/* --- text and paths --------------------------------------------------------------------- */

int lxc_read_name(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	const size_t *max = k->of;

	if (strlen(value) > *max)
		return err_msg(e, ENAMETOOLONG, "more than %zu bytes", *max);
	str_add(out, value);
	return done(out, e);
}

static void add_clean_path(const char *path, struct str *out)
{
	bool rooted = *path == '/';
	size_t begun = out->len;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n && !(n == 1 && *path == '.')) {
			if (out->len > begun || rooted)
				str_add(out, "/");
			str_addn(out, path, n);
		}
		path += n + (path[n] == '/');
	}
	if (out->len == begun)
		str_add(out, rooted ? "/" : ".");
}

int lxc_read_path(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	if (strlen(value) >= LXC_PATH_MAX)
		return err_msg(e, ENAMETOOLONG, "a path has less than %d bytes", LXC_PATH_MAX);
	add_clean_path(value, out);
	return done(out, e);
}

/* The text before the first ':' is the kind of storage, unless the value begins as a path. */
int lxc_read_rootfs(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	const char *colon = value[0] == '/' ? NULL : strchr(value, ':');

	if (!colon)
		return lxc_read_path(k, value, out, e);
	str_addn(out, value, (size_t)(colon - value) + 1);
	return lxc_read_path(k, colon + 1, out, e);
}

static bool climbs(const char *path)
{
	for (; path; path = strchr(path, '/')) {
		path += *path == '/';
		if (!strncmp(path, "..", 2) && (path[2] == '/' || !path[2]))
			return true;
	}
	return false;
}

int lxc_read_below(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	if (value[0] == '/' || climbs(value))
		return err_msg(e, EINVAL, "'%s' is not a relative path without '..'", value);
	return lxc_read_path(k, value, out, e);
}

int lxc_read_component(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	if (strchr(value, '/') || !strcmp(value, ".") || !strcmp(value, ".."))
		return err_msg(e, EINVAL, "'%s' is not the name of one directory", value);
	return lxc_read_path(k, value, out, e);
}

int lxc_read_proxy(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	if (!str_starts(value, "unix:") || (value[5] != '/' && value[5] != '@'))
		return err_msg(e, EINVAL, "'%s' is neither unix:/PATH nor unix:@NAME", value);
	str_add(out, value + 5);
	return done(out, e);
}

/* --- numbers ---------------------------------------------------------------------------- */

int lxc_read_u32(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	uint64_t number;

	(void)k;
	if (str_u64(value, 10, 0, UINT32_MAX, &number) < 0)
		return err_msg(e, EINVAL, "'%s' is not a number of 32 bits", value);
	str_addf(out, "%" PRIu64, number);
	return done(out, e);
}

int lxc_read_int(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	int64_t number;

	(void)k;
	if (str_i64(value, INT32_MIN, INT32_MAX, &number) < 0)
		return err_msg(e, EINVAL, "'%s' is not a whole number", value);
	str_addf(out, "%" PRId64, number);
	return done(out, e);
}

int lxc_read_bool(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	if (strcmp(value, "0") && strcmp(value, "1"))
		return err_msg(e, EINVAL, "'%s' is neither 0 nor 1", value);
	str_add(out, value);
	return done(out, e);
}

int lxc_read_signal(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	uint64_t number;

	(void)k;
	if (str_u64(value, 10, 0, SIGNAL_MAX, &number) < 0) {
		/* LXC wants the prefix, so names without it were never in a working file. */
		number = strncasecmp(value, "SIG", 3) ? 0 : (uint64_t)signame_number(value);
		if (!number)
			return err_msg(e, EINVAL,
				       "'%s' is neither a signal like SIGPWR or SIGRTMIN+3, nor "
				       "its number",
				       value);
	}
	str_addf(out, "%" PRIu64, number);
	return done(out, e);
}

/* "128", "5 kB", "3MB": powers of 1024. -EINVAL or -ERANGE. */
static int size_parse(const char *value, uint64_t *size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB" };
	size_t digits = strspn(value, "0123456789"), unit = 0;
	const char *suffix = value + digits + strspn(value + digits, " ");

	if (!digits || digits > 18)
		return -EINVAL;
	*size = strtoull(value, NULL, 10);
	if (!*suffix)
		return suffix == value + digits ? 0 : -EINVAL;
	while (unit < ARRAY_SIZE(units) && strcasecmp(suffix, units[unit]))
		unit++;
	if (unit == ARRAY_SIZE(units))
		return -EINVAL;
	for (; unit; unit--)
		if (__builtin_mul_overflow(*size, 1024ULL, size))
			return -ERANGE;
	return 0;
}

/* The buffer is a ring of whole pages whose size is a power of two; so is the file beside it. */
int lxc_read_size(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	uint64_t size = 128 * 1024, rounded = (uint64_t)sysconf(_SC_PAGESIZE);

	(void)k;
	if (strcmp(value, "auto") && (size_parse(value, &size) < 0 || size > INT64_MAX / 4))
		return err_msg(e, EINVAL, "'%s' is not a size in B, kB, MB or GB, nor auto", value);
	while (size && rounded < size)
		rounded *= 2;
	str_addf(out, "%" PRIu64, size ? rounded : 0);
	return done(out, e);
}

/* LXC takes its default for whatever it cannot read here. */
int lxc_read_tmpfs(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	uint64_t bytes;

	(void)k;
	if (str_u64(value, 10, 0, INT32_MAX, &bytes) < 0)
		bytes = 500000;
	str_addf(out, "%" PRIu64, bytes);
	return done(out, e);
}

static int limit_add(char *text, struct str *out, struct err *e)
{
	uint64_t number;

	text = lxc_text_trim(text);
	if (strcmp(text, "unlimited") && str_u64(text, 10, 0, INT64_MAX, &number) < 0)
		return err_msg(e, EINVAL, "'%s' is neither a number nor unlimited", text);
	str_add(out, text);
	return done(out, e);
}

int lxc_read_limit(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	autofree char *copy = strdup(value);
	char *hard = copy ? strchr(copy, ':') : NULL;
	int ret;

	(void)k;
	if (!copy)
		return err_mem(e);
	if (hard)
		*hard++ = '\0';
	ret = limit_add(copy, out, e);
	if (ret < 0 || !hard)
		return ret;
	if (!strcmp(lxc_text_trim(copy), lxc_text_trim(hard)))
		return 0;
	str_add(out, ":");
	return limit_add(hard, out, e);
}

/* "[-]N UNIT": hours, minutes and seconds are kept in seconds, the rest in nanoseconds. */
int lxc_read_time(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	static const struct {
		const char *unit, *kept;
		int64_t factor;
	} units[] = {
		{ "h", "s", 3600 },	{ "m", "s", 60 },	{ "s", "s", 1 },
		{ "ms", "ns", 1000000 }, { "us", "ns", 1000 }, { "ns", "ns", 1 },
	};
	size_t digits = strspn(value, "-0123456789");
	autofree char *number = strndup(value, digits);
	const char *unit = value + digits + strspn(value + digits, " \t");
	int64_t n;

	(void)k;
	if (!number)
		return err_mem(e);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(unit, units[i].unit) || str_i64(number, INT64_MIN, INT64_MAX, &n) < 0 ||
		    __builtin_mul_overflow(n, units[i].factor, &n))
			continue;
		str_addf(out, "%" PRId64 "%s", n, units[i].kept);
		return done(out, e);
	}
	return err_msg(e, EINVAL, "'%s' is not a number with h, m, s, ms, us or ns", value);
}

/* --- words ------------------------------------------------------------------------------ */

int lxc_read_word(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	const char *const *words = k->of;
	autostr all = { 0 };

	for (size_t i = 0; words[i]; i++) {
		if (!strcmp(words[i], value)) {
			str_add(out, value);
			return done(out, e);
		}
		str_addf(&all, "%s%s", i ? ", " : "", words[i]);
	}
	return err_msg(e, EINVAL, "'%s' is none of %s", value, str_text(&all));
}

/* The names are the capability wall's, reached through its key. */
int lxc_read_cap(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	const struct key *names = key_find("caps.drop", NULL);
	struct spec scratch = { 0 };
	int ret = 0;

	(void)k;
	if (names)
		ret = names->type->set(names, (char *)&scratch + names->at, value, e);
	if (ret == 0)
		str_add(out, value);
	return ret < 0 ? ret : done(out, e);
}

static const char *const arch_32[] = { "arm",  "armel", "armhf",   "armv7l", "athlon",
				       "i386", "i486",	"i586",	   "i686",   "linux32",
				       "mips", "mipsel", "ppc",	   "powerpc", "x32",
				       "x86",  NULL };
static const char *const arch_64[] = {
	"aarch64", "amd64", "arm64",   "linux64", "loongarch64", "loong64",   "mips64",	 "mips64el",
	"ppc64",   "ppc64el", "ppc64le", "powerpc64", "riscv64",	 "s390x", "x86_64", NULL
};

static bool is_one_of(const char *const *words, const char *value)
{
	for (; *words; words++)
		if (!strcmp(*words, value))
			return true;
	return false;
}

bool lxc_arch_is_32(const char *arch)
{
	return is_one_of(arch_32, arch);
}

int lxc_read_arch(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	(void)k;
	if (!is_one_of(arch_32, value) && !is_one_of(arch_64, value))
		return err_msg(e, EINVAL, "'%s' is no architecture that LXC knows", value);
	str_add(out, value);
	return done(out, e);
}

int lxc_read_level(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	static const char *const levels[] = { "TRACE", "DEBUG", "INFO",	 "NOTICE", "WARN",
					      "ERROR", "CRIT",	"ALERT", "FATAL" };
	uint64_t number = ARRAY_SIZE(levels);

	(void)k;
	if (str_u64(value, 10, 0, ARRAY_SIZE(levels) - 1, &number) < 0)
		for (number = 0; number < ARRAY_SIZE(levels); number++)
			if (!strcasecmp(levels[number], value))
				break;
	if (number >= ARRAY_SIZE(levels))
		return err_msg(e, EINVAL,
			       "'%s' is neither TRACE, DEBUG, INFO, NOTICE, WARN, ERROR, "
			       "CRIT, ALERT, FATAL nor a number from 0 to 8",
			       value);
	str_add(out, levels[number]);
	return done(out, e);
}

int lxc_read_idmap(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	autofree char *copy = strdup(value);
	char *rest = copy, *word, kind = 0;
	uint64_t number;
	size_t n = 0;

	(void)k;
	if (!copy)
		return err_mem(e);
	/* `host` is ward's own word: LXC has no way to say that this is meant. */
	if (!strcmp(value, "host")) {
		str_add(out, value);
		return done(out, e);
	}
	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (n++ == 0) {
			kind = (char)(word[1] ? 0 : *word);
			str_addf(out, "%c", kind);
			continue;
		}
		if (str_u64(word, 10, 0, UINT32_MAX, &number) < 0)
			kind = 0;
		str_addf(out, " %s", word);
	}
	if (n != 4 || (kind != 'u' && kind != 'g'))
		return err_msg(e, EINVAL, "'%s' is not 'u|g INSIDE OUTSIDE COUNT', nor host",
			       value);
	return done(out, e);
}

/* NAME alone takes the value from the caller's environment, now. */
int lxc_read_env(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	const char *own = strchr(value, '=') ? NULL : getenv(value);

	(void)k;
	if (!strchr(value, '=') && !own)
		return err_msg(e, ENOENT, "there is no variable '%s' here to copy", value);
	str_add(out, value);
	if (own)
		str_addf(out, "=%s", own);
	return done(out, e);
}

/* --- mounts ----------------------------------------------------------------------------- */

int lxc_read_auto(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	static const char *const words[] = {
		"proc",	      "proc:mixed", "proc:rw",	  "sys",	  "sys:mixed",
		"sys:ro",     "sys:rw",	    "cgroup",	  "cgroup:mixed", "cgroup:ro",
		"cgroup:rw",  "cgroup-full", "cgroup-full:mixed", "cgroup-full:ro",
		"cgroup-full:rw", "cgroup2", "cgroup2:ro", "cgroup2:rw", NULL
	};
	autofree char *plain = strdup(value);

	(void)k;
	if (!plain)
		return err_mem(e);
	if (str_starts(plain, "cgroup") && str_ends(plain, ":force"))
		plain[strlen(plain) - strlen(":force")] = '\0';
	if (!is_one_of(words, plain) && !str_starts(plain, "shmounts:"))
		return err_msg(e, EINVAL,
			       "'%s' is none of proc, sys, cgroup, cgroup-full, cgroup2 (each with "
			       ":mixed, :ro or :rw, as far as it has them), shmounts:PATH",
			       value);
	str_add(out, value);
	return done(out, e);
}

int lxc_read_options(const struct lxc_key *k, const char *value, struct str *out, struct err *e)
{
	static const char *const refused[] = { "create=dir", "create=file", "optional", "relative",
					       NULL };
	autofree char *copy = strdup(value);
	char *rest = copy, *word;

	(void)k;
	if (!copy)
		return err_mem(e);
	while ((word = strsep(&rest, ","))) {
		if (is_one_of(refused, word))
			return err_msg(e, EINVAL, "'%s' has no meaning for a root file system", word);
		if (str_starts(word, "idmap=") && word[6] != '/' && strcmp(word + 6, "container"))
			return err_msg(e, EINVAL, "'%s' is neither idmap=container nor idmap=/PATH",
				       word);
	}
	str_add(out, value);
	return done(out, e);
}
