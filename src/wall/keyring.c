/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: reading the keys of whoever started the container. A session keyring is inherited over
 * fork, exec and into new user namespaces, and to possess it is to read what is in it, whatever
 * the ids. Interfaces: keyctl(2) KEYCTL_JOIN_SESSION_KEYRING, session-keyring(7).
 *
 * Keys that lie in keyrings of a user id are kept apart by the user namespace's ids; a container
 * with the host's ids shares these with the host, and only seccomp keeps it from asking.
 * The kernel shows nobody else which session keyring a process has: there is nothing to observe.
 *
 * Lost without it: Kerberos tickets, file system keys and the like of the administrator's
 * session can be read inside. */
#include "wall/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

/* --- keys ------------------------------------------------------------------------------ */

static const struct key keys[] = {
	{ .name = "keyring", .type = &key_bool, .at = SPEC(keyring),
	  .doc = "a session keyring of its own, empty" },
};

/* --- steps: init ----------------------------------------------------------------------- */

int keyring_new(struct run *r, struct err *e)
{
	/* Without a name the keyring is always a new one. */
	if (!r->spec->keyring || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
		return 0;
	if (errno == ENOSYS)
		return 0; /* a kernel without keys has none to leak */
	err_sys(e, "make a session keyring");
	if (e->code == EDQUOT)
		return err_hint(e, "the user has too many keys: see /proc/key-users and "
				   "kernel.keys.maxkeys");
	if (e->code == EPERM)
		return err_hint(e, "a seccomp filter around ward forbids keyctl; keyring = false "
				   "starts without this wall");
	return -e->code;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool holds_own(const struct spec *s)
{
	return s->keyring;
}

static const struct rule rules[] = {
	{ "keyring.own", holds_own, "the keys of who started the container cannot be seen",
	  "the container inherits the session keyring of who started it" },
};

static void keyring_summary(const struct spec *seen, struct str *out)
{
	if (seen->keyring)
		str_add(out, "own session keyring");
}

const struct wall wall_keyring = {
	.name = "keyring",
	.stops = "reading the keys in the session of whoever started the container",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = keyring_summary,
};
