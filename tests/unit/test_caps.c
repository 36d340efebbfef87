/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caps wall: text, checks, and what a program has after exec, each with a control.
 *
 * The program that is executed is this one, copied into a directory of its own in the forms
 * that give rights back: set-user-id root, with file capabilities, plain. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "tap.h"
#include "wall/caps.h"
#include "wall/caps_names.h"

enum { USER = 12345 };

static char directory[] = "/tmp/ward-test-caps-XXXXXX";

/* --- text ------------------------------------------------------------------------------ */

static const char *text_of(const struct spec *s, const char *key, struct str *out)
{
	str_free(out);
	key_get(s, key_find(key, NULL), out);
	return str_text(out);
}

static void test_names(void)
{
	is_int(caps_number("net_admin"), CAP_NET_ADMIN, "a name has a number");
	is_int(caps_number("CAP_Net_Admin"), CAP_NET_ADMIN, "prefix and case do not matter");
	is_int(caps_number("checkpoint_restore"), 40, "the last known name is number 40");
	is_int(caps_number("63"), 63, "a number of a newer kernel is taken");
	is_int(caps_number("64"), -1, "no set has a bit 64");
	is_int(caps_number("net_admn"), -1, "a misspelt name has no number");
	is_int(caps_number("cap_"), -1, "the prefix alone is no name");
}

static void test_known(void)
{
	autostr text = { 0 };
	uint64_t last;

	if (file_read(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 16, &text) < 0) {
		skip("all is what the kernel knows", "no /proc/sys");
		return;
	}
	text.text[strcspn(text.text, "\n")] = '\0';
	ok(str_u64(text.text, 10, 0, 62, &last) == 0 && caps_known() == (2ULL << last) - 1,
	   "all, found without /proc, ends at cap_last_cap");
}

static void test_sets(void)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec s;

	spec_init(&s);
	is_str(text_of(&s, "caps.bounding", &text), "none", "an unset set is none, not nothing");
	ok(key_set(&s, "caps.bounding", "chown,KILL cap_setuid", "t", &e) == 0 &&
		   s.caps.bounding == (CAP_BIT(0) | CAP_BIT(5) | CAP_BIT(7)),
	   "names with blanks and commas between make a set");
	key_set(&s, "caps.bounding", "+net_admin -kill", "t", &e);
	is_str(text_of(&s, "caps.bounding", &text), "chown setuid net_admin",
	       "signs change the set that is there");
	key_set(&s, "caps.bounding", "chown", "t", &e);
	is_str(text_of(&s, "caps.bounding", &text), "chown", "without signs the set is replaced");
	key_set(&s, "caps.bounding", "all -sys_admin", "t", &e);
	ok(s.caps.bounding == (caps_known() & ~CAP_BIT(CAP_SYS_ADMIN)), "all but one");
	key_set(&s, "caps.bounding", "all", "t", &e);
	is_str(text_of(&s, "caps.bounding", &text), "all", "the whole set is called all");
	key_set(&s, "caps.bounding", "none", "t", &e);
	ok(s.caps.bounding == 0, "none empties the set");
}

static void test_refused(void)
{
	struct err e = ERR_NONE;
	autospec s;

	spec_init(&s);
	s.caps.bounding = 1;
	ok(key_set(&s, "caps.bounding", "kill net_admn", "t", &e) == -EINVAL &&
		   strstr(e.text, "net_admin"),
	   "a misspelt name is refused with the right one");
	ok(key_set(&s, "caps.bounding", "+kill chown", "t", &e) == -EINVAL,
	   "signs and no signs do not mix");
	ok(key_set(&s, "caps.bounding", "a_name_that_is_longer_than_any_word", "t", &e) == -EINVAL,
	   "a word longer than any name is refused");
	ok(s.caps.bounding == 1, "a refused value changes nothing");
	ok(key_set(&s, "caps.add", "-kill", "t", &e) == -EINVAL, "caps.add takes no signs");
}

static void test_add_drop(void)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec s;

	spec_init(&s);
	ok(key_set(&s, "caps.add", "tun", "t", &e) < 0, "a gate is no capability");
	key_set(&s, "caps.add", "net_admin net_raw", "t", &e);
	ok(s.caps.bounding == s.caps.permitted && s.caps.permitted == s.caps.effective &&
		   s.caps.effective == (CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW)) &&
		   !s.caps.inheritable && !s.caps.ambient,
	   "caps.add reaches bounding, permitted and effective only");
	s.caps.inheritable = s.caps.ambient = s.caps.bounding;
	key_set(&s, "caps.drop", "net_raw", "t", &e);
	ok((s.caps.bounding & s.caps.permitted & s.caps.effective & s.caps.inheritable &
	    s.caps.ambient) == CAP_BIT(CAP_NET_ADMIN) &&
		   s.caps.ambient == s.caps.bounding,
	   "caps.drop reaches all five");
	is_str(text_of(&s, "caps.add", &text), "", "what was added is shown in the sets alone");
}

static void test_securebits(void)
{
	struct err e = ERR_NONE;
	autostr text = { 0 };
	autospec s;

	spec_init(&s);
	ok(key_set(&s, "caps.securebits", "noroot noroot-locked no-cap-ambient-raise", "t", &e) ==
			   0 &&
		   s.caps.securebits ==
			   (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE),
	   "securebits have the kernel's values");
	is_str(text_of(&s, "caps.securebits", &text), "noroot noroot-locked no-cap-ambient-raise",
	       "and are shown as they were written");
	ok(key_set(&s, "caps.securebits", "no-root", "t", &e) == -EINVAL &&
		   strstr(e.text, "noroot"),
	   "an unknown securebit is refused with the nearest");
}

/* --- check ----------------------------------------------------------------------------- */

static int check(struct spec *s, struct err *e)
{
	static const struct host host = { .privileged = true };

	*e = ERR_NONE;
	return wall_caps.check(s, &host, e);
}

static void test_check(void)
{
	struct err e;
	autospec s;

	spec_init(&s);
	s.process.uid = USER;
	key_set(&s, "caps.permitted", "chown kill", "file:3", &e);
	key_set(&s, "caps.bounding", "chown", "file:2", &e);
	ok(check(&s, &e) == -EINVAL && strstr(e.text, "kill") && strstr(e.text, "file:3"),
	   "permitted beyond bounding is refused, and who wrote it is told");
	key_set(&s, "caps.bounding", "chown kill", "file:2", &e);
	ok(check(&s, &e) == 0, "permitted within bounding is taken");
	key_set(&s, "caps.ambient", "chown", "file:4", &e);
	ok(check(&s, &e) == -EINVAL && strstr(e.text, "caps.inheritable"),
	   "ambient needs inheritable");
	key_set(&s, "caps.inheritable", "chown", "file:5", &e);
	ok(check(&s, &e) == 0, "ambient within permitted and inheritable is taken");
	key_set(&s, "caps.inheritable", "chown setuid", "file:5", &e);
	ok(check(&s, &e) == -EINVAL, "inheritable beyond bounding is refused");
	ok(s.caps.permitted == (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_KILL)),
	   "for another user than root, permitted stays as it was asked");
}

static void test_check_root(void)
{
	struct err e;
	autospec s;

	spec_init(&s);
	s.caps.bounding = CAP_BIT(CAP_CHOWN);
	s.caps.no_new_privs = true;
	ok(check(&s, &e) == 0 && s.caps.permitted == 0,
	   "root with no_new_privs keeps the empty set it asked for");
	s.caps.no_new_privs = false;
	s.caps.securebits = SECBIT_NOROOT;
	ok(check(&s, &e) == 0 && s.caps.permitted == 0, "so does root with noroot");
	s.caps.securebits = 0;
	ok(check(&s, &e) == 0 && s.caps.permitted == s.caps.bounding &&
		   s.caps.effective == s.caps.bounding,
	   "root without both is told the truth: exec gives it the bounding set");
	s.caps.permitted = s.caps.effective = 0;
	s.process.user = strdup("www:www");
	ok(check(&s, &e) == 0 && s.caps.permitted == 0, "a name that is not root is left alone");
	free(take_ptr(s.process.user));
}

static void test_check_host(void)
{
	struct err e;
	autospec s;

	spec_init(&s);
	s.process.uid = USER;
	s.caps.bounding = CAP_BIT(CAP_MAX) | CAP_BIT(CAP_CHOWN);
	ok(check(&s, &e) == 0 && s.caps.bounding == CAP_BIT(CAP_CHOWN),
	   "a capability that this kernel does not know is left out with a warning");
}

/* --- what a program has ---------------------------------------------------------------- */

struct sets {
	uint64_t bounding, permitted, effective, inheritable, ambient;
	int failed; /* errno of exec, or 1000 when a step failed */
	bool verified;
};

static int look_at_self(struct look *l)
{
	*l = (struct look){ .pid = getpid() };
	l->proc = l->self = open("/proc/self", O_PATH | O_CLOEXEC);
	return file_read(l->proc, "status", 65536, &l->status);
}

/* Run as the executed program: say what we have. */
static int show(void)
{
	struct err e = ERR_NONE;
	struct look l;
	autospec s;

	spec_init(&s);
	if (look_at_self(&l) < 0 || wall_caps.observe(&l, &s, &e) < 0)
		return 1;
	printf("%" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", s.caps.bounding,
	       s.caps.permitted, s.caps.effective, s.caps.inheritable, s.caps.ambient);
	fflush(stdout);
	return 0;
}

struct trial {
	const char *program; /* in our directory */
	uid_t uid;
	const char *bounding, *permitted, *inheritable, *ambient, *securebits;
	bool nnp;
};
#define TRIAL(what, who, ...) (&(struct trial){ .program = what, .uid = who, __VA_ARGS__ })

static int trial_spec(const struct trial *t, struct spec *s, struct err *e)
{
	const char *const values[][2] = {
		{ "caps.bounding", t->bounding },
		{ "caps.permitted", t->permitted },
		{ "caps.effective", t->permitted },
		{ "caps.inheritable", t->inheritable },
		{ "caps.ambient", t->ambient },
		{ "caps.securebits", t->securebits },
		{ "no_new_privs", t->nnp ? "true" : "false" },
	};

	spec_init(s);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (values[i][1] && key_set(s, values[i][0], values[i][1], "trial", e) < 0)
			return -e->code;
	/* The test runs in the host's user namespace: what root lacks here cannot be asked for. */
	for (int cap = 0; cap <= CAP_MAX; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0)
			s->caps.bounding &= ~CAP_BIT(cap);
	s->caps.permitted &= s->caps.bounding;
	s->caps.effective &= s->caps.bounding;
	return 0;
}

static int become(uid_t uid)
{
	return setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	       setresuid(uid, uid, uid) < 0;
}

/* The order of the launch, then the exec. Ends in the executed program or with a failure on the
 * pipe; the byte before says whether the walls could be verified just before the exec. */
static void trial_child(const struct trial *t)
{
	struct err e = ERR_NONE;
	struct spec s, seen;
	struct run r = { .spec = &s };
	char path[128];
	struct look l;

	spec_init(&seen);
	if (trial_spec(t, &s, &e) < 0 || caps_bound(&r, &e) < 0 || (t->uid && become(t->uid)) ||
	    caps_set(&r, &e) < 0 || caps_nnp(&r, &e) < 0 || look_at_self(&l) < 0 ||
	    wall_caps.observe(&l, &seen, &e) < 0) {
		fprintf(stderr, "# %s\n", e.text);
		printf("?1000\n");
		exit(0);
	}
	printf("%c", walls_compare(&s, &seen, &e) == 0 ? 'v' : '-');
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/%s", directory, t->program);
	execl(path, path, "show", NULL);
	printf("?%d\n", errno);
	exit(0);
}

static struct sets trial(const struct trial *t)
{
	struct sets s = { .failed = 1000 };
	char text[256] = "";
	int pipes[2];
	pid_t pid;
	ssize_t n;

	if (pipe(pipes) < 0)
		return s;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], 1);
		close(pipes[0]);
		close(pipes[1]);
		trial_child(t);
	}
	close(pipes[1]);
	for (size_t len = 0; (n = read(pipes[0], text + len, sizeof(text) - 1 - len)) > 0;)
		len += (size_t)n;
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	s.verified = text[0] == 'v';
	if (sscanf(text + 1, "?%d", &s.failed) == 1 || sscanf(text, "?%d", &s.failed) == 1)
		return s;
	if (sscanf(text + 1, "%" SCNx64 "%" SCNx64 "%" SCNx64 "%" SCNx64 "%" SCNx64, &s.bounding,
		   &s.permitted, &s.effective, &s.inheritable, &s.ambient) == 5)
		s.failed = 0;
	return s;
}

static int copy_self(const char *name, mode_t mode, uint32_t cap, bool effective)
{
	struct vfs_cap_data mark = { .magic_etc = VFS_CAP_REVISION_2 |
						  (effective ? VFS_CAP_FLAGS_EFFECTIVE : 0) };
	autoclose int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	autoclose int dir = open(directory, O_PATH | O_CLOEXEC);
	autoclose int to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	char chunk[65536];
	ssize_t n;

	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		if (file_write_all(to, chunk, (size_t)n) < 0)
			return -1;
	if (n < 0 || fchmod(to, mode) < 0)
		return -1;
	if (!cap)
		return 0;
	mark.data[0].permitted = 1U << cap;
	return fsetxattr(to, "security.capability", &mark, XATTR_CAPS_SZ_2, 0);
}

#define SYS_ADMIN CAP_BIT(CAP_SYS_ADMIN)

static void test_file_capability(void)
{
	struct sets s;

	s = trial(TRIAL("marked", USER, .bounding = "all"));
	ok(!s.failed && s.effective == SYS_ADMIN && s.verified,
	   "control: with a full bounding set a marked file gives CAP_SYS_ADMIN to a user");
	s = trial(TRIAL("marked", USER, .bounding = "none"));
	is_int(s.failed, EPERM, "without it in the bounding set the marked file does not start");
	s = trial(TRIAL("offers", USER, .bounding = "all"));
	ok(!s.failed && s.permitted == SYS_ADMIN,
	   "control: a file that only permits it gives it too");
	s = trial(TRIAL("offers", USER, .bounding = "all -sys_admin"));
	ok(!s.failed && !s.permitted && s.verified && !(s.bounding & SYS_ADMIN) && s.bounding,
	   "with only this one dropped from the bounding set it starts and has nothing");
	s = trial(TRIAL("marked", USER, .bounding = "all", .nnp = true));
	ok(!s.failed && !s.permitted && s.verified, "with no_new_privs the mark gives nothing");
}

static void test_inheritable(void)
{
	struct sets s;

	s = trial(TRIAL("plain", 0, .bounding = "all", .permitted = "all", .inheritable = "chown"));
	ok(!s.failed && s.inheritable == CAP_BIT(CAP_CHOWN),
	   "control: inheritable is kept by exec");
	s = trial(TRIAL("plain", 0, .bounding = "all", .permitted = "all"));
	ok(!s.failed && s.inheritable == 0, "inheritable is empty when nothing was asked");
}

static void test_setuid_root(void)
{
	struct sets s;

	s = trial(TRIAL("setuid", USER, .bounding = "all"));
	ok(!s.failed && s.effective & SYS_ADMIN, "control: a set-user-id file makes a user root");
	s = trial(TRIAL("setuid", USER, .bounding = "chown"));
	ok(!s.failed && s.effective == CAP_BIT(CAP_CHOWN),
	   "root by such a file has the bounding set");
	s = trial(TRIAL("setuid", USER, .bounding = "all", .nnp = true));
	ok(!s.failed && !s.effective, "with no_new_privs it has nothing");
}

static void test_root(void)
{
	struct sets s;

	s = trial(TRIAL("plain", 0, .bounding = "chown kill"));
	ok(!s.failed && s.verified && s.permitted == (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_KILL)),
	   "root without permitted capabilities gets the bounding set back by exec");
	s = trial(TRIAL("plain", 0, .bounding = "chown kill", .nnp = true));
	ok(!s.failed && s.verified && !s.permitted, "not with no_new_privs");
	s = trial(TRIAL("plain", 0, .bounding = "all", .securebits = "noroot noroot-locked"));
	ok(!s.failed && s.verified && !s.permitted, "not with the securebit noroot");
	s = trial(TRIAL("plain", 0, .bounding = "none"));
	ok(!s.failed && s.verified && !s.permitted && !s.bounding,
	   "with an empty bounding set root has no capability");
}

static void test_user(void)
{
	struct sets s;

	s = trial(TRIAL("plain", USER, .bounding = "chown", .permitted = "chown"));
	ok(!s.failed && s.verified && !s.permitted,
	   "a user has a permitted capability until exec and no longer");
	s = trial(TRIAL("plain", USER, .bounding = "chown", .permitted = "chown",
			.inheritable = "chown", .ambient = "chown"));
	ok(!s.failed && s.verified && s.effective == CAP_BIT(CAP_CHOWN) &&
		   s.ambient == CAP_BIT(CAP_CHOWN),
	   "an ambient capability is kept by exec");
	s = trial(TRIAL("plain", USER, .bounding = "none", .securebits = "noroot"));
	ok(!s.failed && s.verified && !s.permitted,
	   "securebits are set for a user that has no capabilities left");
	s = trial(TRIAL("plain", USER, .bounding = "chown", .permitted = "chown",
			.inheritable = "chown", .ambient = "chown",
			.securebits = "no-cap-ambient-raise no-cap-ambient-raise-locked"));
	ok(!s.failed && s.effective == CAP_BIT(CAP_CHOWN),
	   "ambient capabilities are raised before raising is forbidden");
}

/* A full set that is not what was asked must not pass. */
static void test_verify(void)
{
	struct err e = ERR_NONE;
	struct look l;
	autospec asked;
	autospec seen;

	spec_init(&asked);
	spec_init(&seen);
	if (!ok(look_at_self(&l) == 0 && wall_caps.observe(&l, &seen, &e) == 0,
		"our own sets can be read"))
		return;
	asked.caps = seen.caps;
	ok(walls_compare(&asked, &seen, &e) == 0, "what is there passes");
	seen.caps.bounding ^= CAP_BIT(CAP_CHOWN);
	ok(walls_compare(&asked, &seen, &e) == -EPROTO &&
		   strstr(e.text, "wall caps: caps.bounding"),
	   "one bit more or less in the bounding set does not");
	list_add(&asked.optional, "caps");
	log_level = LOG_ERROR;
	ok(walls_compare(&asked, &seen, &e) == 0, "unless the wall is optional");
	seen.caps.bounding = asked.caps.bounding;
	list_clear(&asked.optional);
	seen.caps.no_new_privs = !seen.caps.no_new_privs;
	ok(walls_compare(&asked, &seen, &e) == -EPROTO && strstr(e.text, "no_new_privs"),
	   "neither does another no_new_privs");
	str_free(&l.status);
	close(l.proc);
}

static bool prepare(void)
{
	struct statvfs fs;

	if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 1 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) || !mkdtemp(directory))
		return false;
	return chmod(directory, 0755) == 0 && statvfs(directory, &fs) == 0 &&
	       !(fs.f_flag & (ST_NOSUID | ST_NOEXEC)) && copy_self("plain", 0755, 0, false) == 0 &&
	       copy_self("setuid", 04755, 0, false) == 0 &&
	       copy_self("marked", 0755, CAP_SYS_ADMIN, true) == 0 &&
	       copy_self("offers", 0755, CAP_SYS_ADMIN, false) == 0;
}

static void clean_up(void)
{
	static const char *const files[] = { "plain", "setuid", "marked", "offers" };
	autoclose int dir = open(directory, O_PATH | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(dir, files[i], 0);
	rmdir(directory);
}

int main(int argc, char **argv)
{
	walls_init();
	if (argc > 1 && !strcmp(argv[1], "show"))
		_exit(show()); /* nothing that a sanitizer does at the end could work there */
	log_level = LOG_ERROR;
	test_names();
	test_known();
	test_sets();
	test_refused();
	test_add_drop();
	test_securebits();
	test_check();
	test_check_root();
	test_check_host();
	test_verify();
	if (prepare()) {
		test_file_capability();
		test_inheritable();
		test_setuid_root();
		test_root();
		test_user();
	} else {
		skip("what a program has after exec", "needs root, file capabilities, no nosuid");
	}
	clean_up();
	return done();
}
