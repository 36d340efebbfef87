/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that was compiled against LXC's headers long ago: numbers written out, everything through
 * dlopen(3). Exits with 0 when all is as it should be, and says what is not. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;
static const char *path, *name;

#define must(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			__atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST);                        \
			fprintf(stderr, "line %d: %s\n", __LINE__, #cond);                         \
		}                                                                                  \
	} while (0)

/* A member by its place: the ABI of 1.0 and all that was appended. */
#define MEMBER(c, offset, type) (*(type *)((char *)(c) + (offset)))
#define CALL(c, offset, ret, ...) (*(ret(**)(__VA_ARGS__))((char *)(c) + (offset)))

static void *(*container_new)(const char *, const char *);
static int (*container_get)(void *), (*container_put)(void *);

static void *load(void *lib, const char *symbol)
{
	void *found = dlsym(lib, symbol);

	if (!found)
		fprintf(stderr, "there is no %s\n", symbol);
	failures += !found;
	return found;
}

/* --- basics ----------------------------------------------------------------------------------- */

static void globals(void *lib)
{
	bool (*has)(const char *) = load(lib, "lxc_has_api_extension");
	bool (*supported)(const char *) = load(lib, "lxc_config_item_is_supported");
	const char *(*version)(void) = load(lib, "lxc_get_version");
	const char *(*global)(const char *) = load(lib, "lxc_get_global_config_item");
	int (*states)(const char **) = load(lib, "lxc_get_wait_states");
	bool (*storage)(const char *) = load(lib, "lxc_is_valid_storage_type");
	int (*arch)(const char *, long *) = load(lib, "lxc_config_parse_arch");
	const char *words[8];
	long persona = -1;

	must(has("cgroup2") && has(NULL) && !has("nosuch"));
	must(supported("lxc.uts.name") && supported("lxc.net.") && !supported("lxc.nosuch"));
	must(atoi(version()) >= 6);
	must(states(words) == 8 && !strcmp(words[0], "STOPPED") && !strcmp(words[7], "THAWED"));
	must(global("lxc.lxcpath") && global("lxc.lxcpath")[0] == '/');
	errno = 0;
	must(!global("lxc.nosuch") && errno == EINVAL);
	must(storage("dir") && !storage("nosuch"));
	must(arch("i686", &persona) == 0 && persona == 8 && arch("nosuch", &persona) < 0);
	must(dlsym(lib, "current_config") != NULL);
}

static void defines(void *lib)
{
	struct link {
		struct link *next, *prev;
	} list = { &list, &list };
	int (*add)(void *, char *) = load(lib, "lxc_config_define_add");
	bool (*apply)(void *, void *) = load(lib, "lxc_config_define_load");
	char word[] = "lxc.uts.name=defined", bad[] = "nothing", value[64];
	void *c = container_new(name, path);

	must(add(&list, word) == 0 && add(&list, bad) < 0);
	must(apply(&list, c) && list.next == &list);
	must(CALL(c, 272, int, void *, const char *, char *, int)(c, "lxc.uts.name", value, 64) ==
	     7);
	must(!strcmp(value, "defined"));
	must(container_put(c) == 1);
}

static void basics(void *lib)
{
	void *c = container_new(name, path), *none;
	char value[8] = "";

	globals(lib);
	defines(lib);
	must(c != NULL && container_new("a/b", path) == NULL && container_new("", path) == NULL);
	must(!strcmp(MEMBER(c, 0, char *), name) && !strcmp(MEMBER(c, 72, char *), path));
	must(MEMBER(c, 48, void *) != NULL && MEMBER(c, 68, bool));
	must(CALL(c, 80, bool, void *)(c));
	must(!strcmp(CALL(c, 88, const char *, void *)(c), "STOPPED"));
	must(CALL(c, 120, pid_t, void *)(c) == -1);
	/* The whole length, and as much as there is room for. */
	must(CALL(c, 272, int, void *, const char *, char *, int)(c, "lxc.rootfs.path", NULL, 0) >
	     8);
	must(CALL(c, 272, int, void *, const char *, char *, int)(c, "lxc.uts.name", value, 2) ==
	     (int)strlen(name));
	must(strlen(value) == 1);
	must(CALL(c, 272, int, void *, const char *, char *, int)(c, "lxc.nosuch", value, 8) < 0);
	must(MEMBER(c, 56, char *) && strstr(MEMBER(c, 56, char *), "lxc.nosuch"));
	must(!CALL(c, 192, bool, void *, const char *, const char *)(c, "lxc.autodev", "maybe"));
	must(!CALL(c, 152 + 88, bool, void *)(c)); /* reboot() of what does not run */
	must(CALL(c, 424, bool, void *)(c));
	must(container_get(c) == 1 && container_put(c) == 0);
	/* What this version cannot do fails with a sentence. */
	must(CALL(c, 392, int, void *, const char *)(c, NULL) == -1);
	must(strstr(MEMBER(c, 56, char *), "cannot"));
	must(CALL(c, 576, bool, void *, int)(c, 5) && MEMBER(c, 568, int) == 5);
	must(container_put(c) == 1 && container_put(NULL) == -1);
	none = container_new("nosuch", path);
	must(none && MEMBER(none, 48, void *) == NULL && !CALL(none, 80, bool, void *)(none));
	must(!CALL(none, 136, bool, void *, int, char **)(none, 0, NULL));
	must(strstr(MEMBER(none, 56, char *), "no configuration"));
	container_put(none);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void *hammer(void *shared)
{
	for (int i = 0; i < 50; i++) {
		void *own = container_new(name, path);
		char key[64], value[64];

		snprintf(key, sizeof(key), "lxc.sysctl.net.thread%lx", (unsigned long)pthread_self());
		must(container_get(shared) == 1);
		must(CALL(shared, 192, bool, void *, const char *, const char *)(shared, key, "1"));
		must(CALL(shared, 272, int, void *, const char *, char *, int)(shared, key, value, 64) == 1);
		must(CALL(shared, 264, bool, void *, const char *)(shared, key));
		must(own && CALL(own, 88, const char *, void *)(own));
		must(CALL(own, 120, pid_t, void *)(own) > 0);
		must(container_put(own) == 1 && container_put(shared) == 0);
	}
	return NULL;
}

static void threads(void)
{
	void *c = container_new(name, path);
	pthread_t t[8];

	must(CALL(c, 136, bool, void *, int, char **)(c, 0, NULL));
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, hammer, c);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	must(CALL(c, 152, bool, void *)(c));
	must(container_put(c) == 1);
}

/* --- races ------------------------------------------------------------------------------------- */

static int started, refused;

static void *start_one(void *arg)
{
	void *c = container_new(name, path);

	(void)arg;
	if (CALL(c, 136, bool, void *, int, char **)(c, 0, NULL))
		__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	else if (strstr(MEMBER(c, 56, char *), "running"))
		__atomic_add_fetch(&refused, 1, __ATOMIC_SEQ_CST);
	container_put(c);
	return NULL;
}

static void race(void)
{
	void *c = container_new(name, path);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, start_one, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	must(started == 1 && refused == 3);
	must(CALL(c, 152, bool, void *)(c));
	must(!strcmp(CALL(c, 88, const char *, void *)(c), "STOPPED"));
	container_put(c);
}

int main(int argc, char **argv)
{
	void *lib = dlopen("liblxc.so.1", RTLD_NOW);

	if (!lib || argc < 4) {
		fprintf(stderr, "%s\n", lib ? "client TEST LXCPATH NAME" : dlerror());
		return 2;
	}
	container_new = load(lib, "lxc_container_new");
	container_get = load(lib, "lxc_container_get");
	container_put = load(lib, "lxc_container_put");
	path = argv[2];
	name = argv[3];
	if (!strcmp(argv[1], "basics"))
		basics(lib);
	else if (!strcmp(argv[1], "threads"))
		threads();
	else
		race();
	return failures > 0;
}
