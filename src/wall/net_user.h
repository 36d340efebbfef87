/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks without the host's administrator: the kind `user` (pasta), and a port of a bridge that
 * /etc/lxc/lxc-usernet grants (ward-user-nic). Parts of the wall net. */
#pragma once
#include "base/err.h"
#include "spec/spec.h"
#include "wall/run.h"

/* pasta answers names here, for the resolv.conf inside; it asks the host's first resolver, also when
 * that one listens on the host's loopback only. */
#define NET_USER_DNS4 "169.254.1.53"
#define NET_USER_DNS6 "fd53::53"

/* Refuse what this kind cannot do: no side effects. 0 or -errno with e set. */
int net_user_check(const struct spec *s, const struct net_device *d, struct err *e);

/* Monitor, when init has its network namespace, and before the container's root becomes ours
 * (rootless): begin to start pasta(1) for the spec's device of this kind, with the ports of
 * s->net.publish. It takes some 25 ms of its own, so there is net_user_wait() for later. */
int net_user_start(struct run *r, struct err *e);

/* Monitor, before the program starts: wait until the device is up inside and has its addresses.
 * On failure e says what pasta said. */
int net_user_wait(struct run *r, struct err *e);

/* End pasta, and wait for its end: its ports are free then. Idempotent. A killed monitor takes pasta
 * with it, without this. */
void net_user_stop(struct run *r);

struct net_port;

/* Refuse keys of a veth that ward-user-nic decides by itself. For an ordinary user's device of kind veth
 * with a link; without one, say what there is instead. 0 or -errno with e set. */
int net_user_nic_check(const struct spec *s, const struct net_device *d, struct err *e);

/* Monitor, before it enters its user namespace, in which set-user-ID programs are not: leave a
 * process outside that net_user_nic() can ask, if the spec has devices that need it. It ends by
 * itself with the last holder of r->net_outside, also after a kill. */
int net_user_outside(struct run *r, struct err *e);

/* Monitor of an ordinary user: have ward-user-nic make p's pair, with the container's end in
 * r->net.ns, and bring up the host's. p receives names, indices and the MAC address (it goes through
 * r->net.inside). There is no undo: the pair ends with the container's network namespace, and its
 * line in /run/lxc/nics with the next port of anybody. */
int net_user_nic(struct run *r, struct net_port *p, struct err *e);
