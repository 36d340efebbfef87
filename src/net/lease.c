/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has which address. */
#include "net/lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/inner.h"
#include "net/lease_file.h"

/* --- choosing ------------------------------------------------------------------------ */

static bool in_use(const struct lease_record *r)
{
	return r->owner[0] && (r->live || r->kept);
}

static struct lease_record *find_owner(struct leases *l, const char *owner, uint32_t device)
{
	for (size_t i = 1; i < l->n; i++)
		if (l->item[i].device == device && !strcmp(l->item[i].owner, owner))
			return &l->item[i];
	return NULL;
}

static struct lease_record *empty_place(struct leases *l)
{
	for (size_t i = 1; i < l->n; i++)
		if (!l->item[i].owner[0])
			return &l->item[i];
	return &l->item[l->n];
}

/* The addresses of number k (from 1) in the network. False: they are the network's own. */
static bool numbered(const struct network *n, uint32_t k, struct lease *out)
{
	*out = (struct lease){ .address4.s_addr = 0 };
	if (n->length4) {
		uint32_t mask = ~0U << (32 - n->length4);
		uint32_t address = (ntohl(n->address4.s_addr) & mask) + k;

		out->address4.s_addr = htonl(address);
		if (out->address4.s_addr == n->address4.s_addr || address == (address | ~mask))
			return false;
	}
	if (n->length6) {
		out->address6 = n->address6;
		for (unsigned bit = n->length6; bit < 128; bit++)
			out->address6.s6_addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
		for (unsigned i = 0; i < (n->length6 <= 96 ? 4U : 2U); i++)
			out->address6.s6_addr[15 - i] |= (uint8_t)(k >> 8 * i);
		if (IN6_ARE_ADDR_EQUAL(&out->address6, &n->address6))
			return false;
	}
	return true;
}

static bool same_address(const struct lease_record *r, const struct lease *a)
{
	return (a->address4.s_addr && r->address4.s_addr == a->address4.s_addr) ||
	       (!IN6_IS_ADDR_UNSPECIFIED(&a->address6) &&
		IN6_ARE_ADDR_EQUAL(&r->address6, &a->address6));
}

/* Numbers of addresses count from 1; one of them is the bridge's. */
static uint32_t last_number(const struct network *n)
{
	return net_config_hosts(n->length4) + 1;
}

/* What number `a` is, 0 = none. */
static uint32_t number_of(const struct network *n, const struct lease_record *r)
{
	if (n->length4)
		return ntohl(r->address4.s_addr) & ~(~0U << (32 - n->length4));
	return (uint32_t)r->address6.s6_addr[14] << 8 | r->address6.s6_addr[15];
}

static bool clashes(const struct leases *l, const struct lease_record *mine, const struct lease *a)
{
	for (size_t i = 1; i < l->n; i++)
		if (&l->item[i] != mine && l->item[i].owner[0] && same_address(&l->item[i], a))
			return true;
	return false;
}

/* A place with addresses that nobody has: those that nobody ever had, then those that have been
 * free for longest. NULL: none is left. */
static struct lease_record *free_place(struct leases *l, const struct network *n, struct lease *out)
{
	autofree uint8_t *had = calloc(last_number(n) + 1, 1);
	struct lease_record *oldest = NULL;

	for (size_t i = 1; i < l->n && had; i++) {
		struct lease_record *r = &l->item[i];
		uint32_t k = r->owner[0] ? number_of(n, r) : 0;

		if (k <= last_number(n))
			had[k] = 1;
		if (r->owner[0] && !in_use(r) && (!oldest || r->released < oldest->released))
			oldest = r;
	}
	for (uint32_t k = 1; k <= last_number(n) && had; k++) {
		/* Somebody may have asked for the IPv6 address of another number. */
		if (!had[k] && numbered(n, k, out) && !clashes(l, NULL, out))
			return empty_place(l);
	}
	if (oldest)
		*out = (struct lease){ .address4 = oldest->address4, .address6 = oldest->address6 };
	return oldest;
}

static bool is_zero(const uint8_t mac[6])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

static bool in_subnet(const struct network *n, const struct lease *want)
{
	uint32_t mask = n->length4 ? ~0U << (32 - n->length4) : 0;
	uint32_t address = ntohl(want->address4.s_addr), own = ntohl(n->address4.s_addr);

	if (want->address4.s_addr &&
	    (!n->length4 || (address & mask) != (own & mask) || address == own ||
	     !(address & ~mask) || address == (address | ~mask)))
		return false;
	if (IN6_IS_ADDR_UNSPECIFIED(&want->address6))
		return true;
	for (unsigned bit = 0; bit < n->length6; bit++)
		if ((want->address6.s6_addr[bit / 8] ^ n->address6.s6_addr[bit / 8]) &
		    (0x80 >> bit % 8))
			return false;
	return n->length6 && !IN6_ARE_ADDR_EQUAL(&want->address6, &n->address6);
}

/* Who asks for an IPv4 address gets the IPv6 address of the same number with it, if that is free. */
static void follow(const struct leases *l, const struct network *n, const struct lease_record *mine,
		   const struct lease *want, struct lease *a)
{
	struct lease_record asked = { .address4 = want->address4 };
	struct lease numbers;

	if (!want->address4.s_addr || want->address4.s_addr == a->address4.s_addr ||
	    !numbered(n, number_of(n, &asked), &numbers))
		return;
	numbers.address4.s_addr = 0;
	if (!clashes(l, mine, &numbers))
		a->address6 = numbers.address6;
}

/* Addresses asked for by hand: nobody else's. What somebody once had is his no more. */
static int claim_wanted(struct leases *l, const struct network *n, const struct lease_record *mine,
			const struct lease *want, struct err *e)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];
	const char *text = want->address4.s_addr ?
				   inet_ntop(AF_INET, &want->address4, four, sizeof(four)) :
				   inet_ntop(AF_INET6, &want->address6, six, sizeof(six));

	if (!in_subnet(n, want))
		return err_msg(e, EINVAL, "%s is no address for a container of network %s", text,
			       n->name);
	for (size_t i = 1; i < l->n; i++) {
		struct lease_record *r = &l->item[i];

		if (r == mine || !r->owner[0] || !same_address(r, want))
			continue;
		if (in_use(r))
			return err_msg(e, EADDRINUSE,
				       "address %s of network %s belongs to container %s", text, n->name,
				       r->owner);
		*r = (struct lease_record){ .live = 0 };
		if (leases_write(l, r) < 0)
			return err_sys(e, "write the leases of network %s", n->name);
	}
	return 0;
}

static int exhausted(const struct network *n, struct err *e)
{
	err_msg(e, ENOSPC, "network %s has no free address: all %u are taken", n->name,
		net_config_hosts(n->length4));
	return err_hint(e,
			"`ward net leases %s` lists them; `ward net create` makes a larger network",
			n->name);
}

static int fill(struct leases *l, const struct network *n, const char *owner, uint32_t device,
		const struct lease *want, struct lease_record **out, struct err *e)
{
	struct lease_record *r = find_owner(l, owner, device);
	struct lease a = { .address4.s_addr = 0 };
	int ret = claim_wanted(l, n, r, want, e);

	if (ret < 0)
		return ret;
	if (r)
		a = (struct lease){ .address4 = r->address4, .address6 = r->address6 };
	else if (!(r = free_place(l, n, &a)))
		return exhausted(n, e);
	follow(l, n, r, want, &a);
	if (strcmp(r->owner, owner) || r->device != device)
		*r = (struct lease_record){ .device = device };
	snprintf(r->owner, sizeof(r->owner), "%s", owner);
	r->address4 = want->address4.s_addr ? want->address4 : a.address4;
	r->address6 = IN6_IS_ADDR_UNSPECIFIED(&want->address6) ? a.address6 : want->address6;
	if (!is_zero(want->mac)) {
		memcpy(r->mac, want->mac, sizeof(r->mac));
	} else if (is_zero(r->mac)) {
		if (getrandom(r->mac, sizeof(r->mac), 0) != sizeof(r->mac))
			return err_sys(e, "read random numbers");
		r->mac[0] = (uint8_t)((r->mac[0] & ~1) | 2); /* one device, locally given */
	}
	*out = r;
	return 0;
}

/* --- the interface ------------------------------------------------------------------- */

static struct lease lease_of(const struct lease_record *r)
{
	struct lease a = { .address4 = r->address4, .address6 = r->address6 };

	memcpy(a.mac, r->mac, sizeof(a.mac));
	return a;
}

static bool same_lease(const struct lease_record *a, const struct lease_record *b)
{
	return a->address4.s_addr == b->address4.s_addr &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       IN6_ARE_ADDR_EQUAL(&a->address6, &b->address6);
}

static void give_back(struct leases *l, struct lease_record *r)
{
	r->live = 0;
	r->released = ++l->item[0].released;
	leases_write(l, &l->item[0]);
}

int lease_take(const struct store *s, const struct network *n, const char *owner, uint32_t device,
	       bool kept, const struct lease *want, struct lease *out, struct err *e)
{
	autoleases l = { .fd = -EBADF };
	autoclose int dir = -EBADF;
	struct lease_record before = { .live = 0 }, *r;
	bool changed;
	int ret = leases_open(s, n->name, true, &l, e);

	if (ret < 0)
		return ret;
	r = find_owner(&l, owner, device);
	if (r)
		before = *r;
	ret = fill(&l, n, owner, device, want, &r, e);
	if (ret < 0)
		return ret;
	r->live = 1;
	r->kept = kept;
	*out = lease_of(r);
	changed = kept != before.kept || (kept && !same_lease(r, &before));
	if (leases_write(&l, r) < 0)
		return leases_fail(s, n->name, "write", e);
	if (changed)
		ret = leases_keep(s, n->name, &l, e);
	dir = ret < 0 ? -EBADF : net_run_dir(s, n->name, false, e);
	if (ret == 0)
		ret = dir < 0 ? dir : names_add(dir, n->shared, owner, device, out, e);
	if (ret < 0) {
		r->kept = before.kept;
		give_back(&l, r);
		leases_write(&l, r);
	}
	return ret;
}

static int release_in(const struct store *s, const char *name, const char *owner, bool forget,
		      struct err *e)
{
	autoleases l = { .fd = -EBADF };
	autoclose int dir = -EBADF;
	bool changed = false;
	int ret = leases_open(s, name, forget, &l, e);

	if (ret == -ENOENT)
		return 0;
	dir = ret < 0 ? -EBADF : net_run_dir(s, name, false, e);
	for (size_t i = 1; i < l.n && ret == 0; i++) {
		struct lease_record *r = &l.item[i];

		if (strcmp(r->owner, owner) || (!r->live && !(forget && r->kept)))
			continue;
		names_remove(dir, owner, r->device);
		changed |= forget && r->kept;
		r->kept &= !forget;
		give_back(&l, r);
		if (leases_write(&l, r) < 0)
			ret = leases_fail(s, name, "write", e);
	}
	return ret == 0 && changed ? leases_keep(s, name, &l, e) : ret;
}

int lease_release(const struct store *s, const char *owner, bool forget, struct err *e)
{
	autolist names = { 0 };
	int ret = forget ? net_config_names(s, &names, e) : net_run_names(s, &names, e);

	for (size_t i = 0; i < names.n && ret == 0; i++)
		ret = release_in(s, names.item[i], owner, forget, e);
	return ret;
}

int lease_each(const struct store *s, const char *name, lease_visit *visit, void *ctx,
	       struct err *e)
{
	autoleases l = { .fd = -EBADF };
	int ret = leases_open(s, name, true, &l, e);

	for (size_t i = 1; i < l.n && ret == 0; i++) {
		const struct lease_record *r = &l.item[i];
		struct lease_entry entry = { .owner = r->owner, .device = r->device, .live = r->live,
					     .kept = r->kept, .lease = lease_of(r) };

		if (in_use(r))
			ret = visit(&entry, ctx);
	}
	return ret;
}
