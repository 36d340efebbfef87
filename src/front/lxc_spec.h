/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From LXC's configuration to ward's specification.
 *
 * What a configuration says counts, always. What it does not say is decided by `silence`: secure
 * means the profile system, lxc means what LXC does (the profile lxc). An empty value is silence
 * again, as for LXC. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "front/lxc_conf.h"
#include "spec/spec.h"

enum lxc_silence { LXC_SECURE, LXC_LETTER };

/* What the translation must know of the machine. */
struct lxc_host {
	bool unified;  /* there is no cgroup v1 */
	bool apparmor; /* the kernel enforces AppArmor profiles */
	bool selinux;
};

/* A line of the configuration that is not in the specification. */
struct lxc_note {
	char *where, *name, *value;
	char *text; /* why not, or who uses it instead */
	bool lost;  /* false: nothing is lost, somebody else uses it */
};

struct lxc_notes {
	struct lxc_note *item;
	size_t n;
};
void lxc_notes_free(struct lxc_notes *notes);
#define autonotes __attribute__((cleanup(lxc_notes_free))) struct lxc_notes

/* Fill the initialised `s`. What ward cannot do becomes a note; what would be dangerous to leave
 * out, or is wrong, is an error with its FILE:LINE. Returns 0 or -errno. */
int lxc_to_spec(const struct lxc_config *c, enum lxc_silence silence, const struct lxc_host *host,
		struct spec *s, struct lxc_notes *notes, struct err *e);

/* What `c` says with ward.silence; else the machine's configuration `path` (/etc/ward/ward.conf;
 * it may be missing); else `otherwise`. */
int lxc_silence_of(const struct lxc_config *c, const char *path, enum lxc_silence otherwise,
		   enum lxc_silence *out, struct err *e);

#define LXC_MACHINE_CONF "/etc/ward/ward.conf"

/* All of it for one file, on this machine: lines that are lost are warned about. */
int lxc_spec_read(struct spec *s, const char *path, struct err *e);

/* Look at this machine. */
void lxc_host_look(struct lxc_host *h);

/* Append the specification as a configuration for ward, ward.conf(5): the profile, what differs
 * from it, and a comment for each note. Returns 0 or -errno. */
int lxc_print(const struct spec *s, const struct lxc_notes *notes, struct str *out, struct err *e);
