/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespace's inside: its devices, and what may leave them. */
#pragma once
#include "wall/net_port.h"
#include "wall/wall.h"

extern const struct wall wall_net;

/* Devices that are made over netlink, unlike `empty` and `user`. */
bool net_is_made(const struct net_device *d);
bool net_has_made(const struct spec *s);
const struct net_device *net_user_device(const struct spec *s); /* or NULL */

/* Refuse what the keys cannot mean, with who said it. Turns NET_AUTO into a kind. */
int net_check(struct spec *s, const struct host *h, struct err *e);

/* --- steps of a start -------------------------------------------------------------------------- */

/* Monitor, before there is a process: decide names and addresses, write down what will be made. Undone
 * by net_forget(), which gives the leases back; the lowered monitor can do that. */
int net_prepare(struct run *r, struct err *e);
void net_forget(struct run *r);

/* Init: bring the loopback interface up. */
int net_loopback(struct run *r, struct err *e);

/* Init: what new devices begin with; and the socket through which the monitor works inside. */
int net_inside(struct run *r, struct err *e);

/* Monitor, with init's socket in r->net.inside: begin to make the devices, in a process of its own. Undone
 * by net_unmake(), while net_close() has not been called. */
int net_make(struct run *r, struct err *e);
void net_unmake(struct run *r);
void net_maker_end(struct run *r); /* wait for that process, if there is one */

/* Monitor: wait until they are made. */
int net_made(struct run *r, struct err *e);

/* Monitor, where paths of the host mean what they say: scripts, published ports. */
int net_up(struct run *r, struct err *e);

/* Let go of the sockets, which keep the container's network namespace. */
int net_close(struct run *r, struct err *e);

/* Monitor, when the mounts are complete: a resolv.conf and a hosts file over the image's, where
 * net.files asks for them and a device says what to write. */
bool net_wants_files(const struct spec *s);
int net_texts(struct run *r, struct err *e); /* before the masks are made, which hold them */
int net_files(struct run *r, struct err *e);

/* --- steps of a change, of ward net attach and detach --------------------------------------------- */

/* r->net.ns from r->net.inside. */
int net_take(struct run *r, struct err *e);
int net_make_port(struct run *r, struct net_port *p, struct err *e);
int net_script_up(struct run *r, const struct net_port *p, struct err *e);
void net_unmake_port(struct run *r, const struct net_port *p); /* one that was made, or half made */

/* --- the end ---------------------------------------------------------------------------------------- */

/* True when a container leaves something that only root can take away, and no end of a namespace. */
bool net_needs_keeper(const struct spec *s);

/* Take away what the record in r->claim.dir names, and the published ports: what is ours by its mark.
 * r->spec may be empty (of a container that died early). Idempotent, goes on after failures, says
 * them with log_warn(). r->net.inside may be unset. */
void net_undo(struct run *r);

/* The same for one device, with nothing written down: a keeper of its own, and `ward net detach`, which
 * sets r->net.inside. */
struct net_recorded;
int net_undo_device(struct run *r, const struct net_recorded *was, struct err *e);

/* Lead the published ports of the spec to the container. */
int net_publish(struct run *r, struct err *e);

/* A program of the host that is told of a device. */
struct net_script {
	const struct net_device *d;
	bool up;
	const char *link, *host; /* names; of a veth, the host's end */
};
int net_script(const struct run *r, const struct net_script *s, struct err *e);
