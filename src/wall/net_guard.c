/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the program of the port guard lives.
 *
 * The host's end of a veth: a classifier (clsact, cls_bpf in direct-action mode) by netlink, which
 * costs 0.1 ms; tcx would wait 5 to 10 ms for all processors. Nobody inside reaches it there.
 *
 * The container's own device: tcx, because root of the container may take a classifier off with
 * CAP_NET_ADMIN, but not this, which needs the host's. Kernels before 6.6 have only the classifier.
 *
 * Loading the program costs 1 ms, nearly all of it in the verifier. So the bridges of ward keep one
 * for all their ports, in a chain of classifiers that no packet visits; it finds what it must know
 * of the port in a map, at a place that follows from the number of the interface. The chain ends
 * with the bridge, the map with the last program. Who finds the place of a port taken by another
 * that lives, or wants more than the shared program knows, has a program of its own. tc-bpf(8),
 * bpf(2). */
#include "wall/net_guard.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/nl.h"
#include "spec/spec.h"
#include "wall/net_guard_inner.h"
#include "wall/net_rate.h"

enum {
	SLOTS_SHARED = 4, /* addresses of a port for which the shared program looks */
	FLOWS_KEPT = 8192,
	KEEPER_CHAIN = 0x7617264,
	HANDLE = 1
};

#define HOOK_IN TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define HOOK_OUT TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

/* --- maps ------------------------------------------------------------------------------------- */

static int map_make(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	strcpy(attr.map_name, GUARD_NAME);
	fd = sys_bpf(BPF_MAP_CREATE, &attr);
	return fd < 0 ? -errno : fd;
}

static int ports_make(uint32_t entries)
{
	return map_make(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct guard_port), entries);
}

/* One operation on the entry of `key`. 0 or -errno. */
static int map_do(enum bpf_cmd cmd, int map, uint32_t key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	return sys_bpf(cmd, &attr) < 0 ? -errno : 0;
}

int guard_map(int program, uint32_t *entries)
{
	uint32_t ids[4] = { 0 };
	struct bpf_prog_info info = { .nr_map_ids = 4, .map_ids = (uintptr_t)ids };
	struct bpf_map_info map = { 0 };
	union bpf_attr attr;
	int ret = bpf_info(program, &info);
	autoclose int fd = -EBADF;

	if (ret < 0)
		return ret;
	if (!info.nr_map_ids || strcmp(info.name, GUARD_NAME))
		return -ENOENT;
	memset(&attr, 0, sizeof(attr));
	attr.map_id = ids[0];
	fd = sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return -errno;
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)&map;
	attr.info.info_len = sizeof(map);
	if (sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		return -errno;
	if (map.value_size != sizeof(struct guard_port))
		return -ENOENT;
	*entries = map.max_entries;
	return take_fd(fd);
}

static bool interface_exists(int nl, uint32_t index)
{
	struct ifreq request = { .ifr_ifindex = (int)index };

	return ioctl(nl, SIOCGIFNAME, &request) == 0 || errno != ENODEV;
}

/* Write the port to its place in a map of so many entries. -EBUSY: it is another's, who lives. */
static int ports_put(int nl, int map, uint32_t entries, const struct guard_port *port)
{
	uint32_t place = port->index & (entries - 1);
	struct guard_port now;
	int ret = map_do(BPF_MAP_LOOKUP_ELEM, map, place, &now);

	if (ret < 0)
		return ret;
	if (now.index && now.index != port->index && interface_exists(nl, now.index))
		return -EBUSY;
	return map_do(BPF_MAP_UPDATE_ELEM, map, place, (void *)(uintptr_t)port);
}

/* --- programs --------------------------------------------------------------------------------- */

static int program_load(const struct guard_job *job)
{
	struct bpf_code code = { 0 };
	int fd;

	guard_program(&code, job);
	fd = bpf_load(&code, BPF_PROG_TYPE_SCHED_CLS, GUARD_NAME);
	bpf_code_free(&code);
	return fd;
}

static struct guard_job job_for(const struct guard *g, bool shared)
{
	return (struct guard_job){ .filter = g->filter,
				   .shared = shared,
				   .any4 = g->any4,
				   .any6 = g->any6,
				   .any_arp = g->any4 && !g->n4,
				   .any_nd = g->any6 && !g->n6,
				   .slots4 = shared ? SLOTS_SHARED : g->n4,
				   .slots6 = shared ? SLOTS_SHARED + 1 : g->n6 + 1,
				   .ports = -EBADF,
				   .flows = -EBADF };
}

/* A program of this port alone. Returns its descriptor. */
static int program_own(int nl, const struct guard *g, const struct guard_port *port, struct err *e)
{
	struct guard_job job = job_for(g, false);
	autoclose int ports = ports_make(1);
	autoclose int flows = -EBADF;
	int ret = ports;

	if (ret >= 0)
		ret = ports_put(nl, ports, 1, port);
	if (ret >= 0 && g->filter && g->flows != LIMIT_MAX)
		ret = flows = map_make(BPF_MAP_TYPE_LRU_HASH, sizeof(struct guard_flow),
				       sizeof(uint32_t), FLOWS_KEPT);
	job.ports = ports;
	job.flows = flows;
	if (ret >= 0)
		ret = program_load(&job);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return err_sys(e, "load the port guard");
}

/* --- one program for the ports of a bridge ---------------------------------------------------- */

static bool may_share(const struct guard *g)
{
	return g->keeper && g->filter && !g->any4 && !g->any6 && g->n4 <= SLOTS_SHARED &&
	       g->n6 <= SLOTS_SHARED && g->flows == LIMIT_MAX;
}

/* Programs of another ward, which may differ, are kept under another handle. FNV-1a. */
static uint32_t text_handle(const struct guard_job *job)
{
	struct bpf_code code = { 0 };
	uint32_t hash = 2166136261u;
	const uint8_t *byte;

	guard_program(&code, job);
	if (bpf_finish(&code) == 0) {
		byte = (const uint8_t *)code.insn;
		for (size_t i = 0; i < code.n * sizeof(*code.insn); i++)
			hash = (hash ^ byte[i]) * 16777619u;
	}
	bpf_code_free(&code);
	return hash | 1;
}

static int shared_make(int nl, int keeper, struct guard_job *job, uint32_t handle, struct err *e)
{
	autoclose int ports = ports_make(GUARD_PORTS);
	autoclose int program = -EBADF;
	int ret = ports;

	job->ports = ports;
	if (ret >= 0)
		ret = program = program_load(job);
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "load the port guard");
	}
	ret = guard_classifier_put(nl, keeper, HOOK_IN, KEEPER_CHAIN, handle, program, e);
	return ret < 0 ? ret : take_fd(program);
}

/* The shared program, with this port in its map. Returns its descriptor; -EBUSY: there is no
 * place. */
static int program_shared(int nl, const struct guard *g, const struct guard_port *port,
			  struct err *e)
{
	struct guard_job job = job_for(g, true);
	uint32_t handle = text_handle(&job), entries = 1;
	autoclose int program = guard_classifier_program(nl, g->keeper, HOOK_IN, KEEPER_CHAIN,
							 handle);
	autoclose int ports = -EBADF;
	int ret;

	if (program < 0) {
		ret = program = shared_make(nl, g->keeper, &job, handle, e);
		/* Another start was faster. */
		if (ret == -EEXIST)
			program = guard_classifier_program(nl, g->keeper, HOOK_IN, KEEPER_CHAIN,
							   handle);
		else if (ret < 0)
			return ret;
	}
	ret = ports = program < 0 ? program : guard_map(program, &entries);
	if (ret >= 0)
		ret = ports_put(nl, ports, entries, port);
	if (ret >= 0)
		return take_fd(program);
	errno = -ret;
	return err_sys(e, "use the port guard of the bridge");
}

/* --- what the port is told -------------------------------------------------------------------- */

/* The link-local address that the kernel makes of a MAC address (RFC 4291, appendix A). */
static struct in6_addr link_local(const uint8_t mac[6])
{
	return (struct in6_addr){ .s6_addr = { 0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff,
					       0xfe, mac[3], mac[4], mac[5] } };
}

void guard_port_fill(struct guard_port *port, const struct guard *g, int index)
{
	enum { SECOND = 1000000000 };

	*port = (struct guard_port){ .index = (uint32_t)index,
				     .none4 = !g->n4,
				     .filter = g->filter };
	memcpy(port->mac, g->mac, sizeof(g->mac));
	for (size_t i = 0; i < GUARD_ADDRESSES && g->n4; i++)
		port->address4[i] = g->address4[i < g->n4 ? i : 0];
	port->address6[0] = link_local(g->mac);
	for (size_t i = 0; i < GUARD_ADDRESSES; i++)
		port->address6[i + 1] = i < g->n6 ? g->address6[i] : port->address6[0];
	if (g->flows != LIMIT_MAX) {
		port->flow_price = SECOND / g->flows;
		port->flow_depth = SECOND; /* a second's worth at once */
	}
	if (g->rate_out != LIMIT_MAX) {
		port->rate_price = ((uint64_t)8 * SECOND << GUARD_PRICE_BITS) / g->rate_out;
		/* More than the queue before it lets through at once. */
		port->rate_depth = 4 * rate_burst(g->rate_out) * 8 * SECOND / g->rate_out;
	}
}

static bool single4(struct in_addr a)
{
	uint8_t first;

	memcpy(&first, &a, 1);
	return first && first != 127 && first < 224;
}

static bool single6(const struct in6_addr *a)
{
	return a->s6_addr[0] && a->s6_addr[0] != 0xff;
}

static int check_rate(uint64_t rate, const char *what, struct err *e)
{
	if (rate == LIMIT_MAX || (rate >= GUARD_RATE_LEAST && rate <= GUARD_RATE_MOST))
		return 0;
	return err_msg(e, EINVAL, "a rate %s a container is between 64 kbit and 1 Tbit per second",
		       what);
}

int guard_check(const struct guard *g, struct err *e)
{
	int ret = check_rate(g->rate_in, "into", e);

	if (ret == 0)
		ret = check_rate(g->rate_out, "out of", e);
	if (ret < 0)
		return ret;
	if (g->flows != LIMIT_MAX && (!g->flows || g->flows > GUARD_FLOWS_MOST))
		return err_msg(e, EINVAL, "new flows are between 1 and 1000000 per second");
	if (!g->filter)
		return g->flows == LIMIT_MAX ?
			       0 :
			       err_msg(e, EINVAL,
				       "new flows are limited by the port guard, which is off");
	if (g->n4 > GUARD_ADDRESSES || g->n6 > GUARD_ADDRESSES)
		return err_msg(e, EINVAL, "the port guard knows at most %d addresses of a family",
			       GUARD_ADDRESSES);
	if ((g->mac[0] & 1) || !memcmp(g->mac, (uint8_t[6]){ 0 }, sizeof(g->mac)))
		return err_msg(e, EINVAL, "the port guard needs the MAC address of one device");
	for (size_t i = 0; i < g->n4; i++) {
		if (!single4(g->address4[i]))
			return err_msg(e, EINVAL, "an IPv4 address of the port is not one host's");
	}
	for (size_t i = 0; i < g->n6; i++) {
		if (!single6(&g->address6[i]))
			return err_msg(e, EINVAL, "an IPv6 address of the port is not one host's");
	}
	return 0;
}

/* --- attaching and looking -------------------------------------------------------------------- */

static int attach_host_end(int nl, int index, const struct guard *g, struct err *e)
{
	autoclose int program = -EBUSY;
	struct guard_port port;

	guard_port_fill(&port, g, index);
	if (may_share(g))
		program = program_shared(nl, g, &port, e);
	if (program == -EBUSY)
		program = program_own(nl, g, &port, e);
	if (program < 0)
		return program;
	return guard_classifier_put(nl, index, HOOK_IN, 0, HANDLE, program, e);
}

static int attach_inside(int nl, int index, const struct guard *g, struct err *e)
{
	autoclose int program = -EBADF;
	struct guard_port port;
	struct guard police = *g;
	int ret;

	/* Here packets are counted before they come to the queue, and some that it drops are
	 * counted too. So this only bounds what a container gets who takes the queue away. */
	if (g->rate_out != LIMIT_MAX)
		police.rate_out += g->rate_out / 4;
	guard_port_fill(&port, &police, index);
	program = program_own(nl, g, &port, e);
	if (program < 0)
		return program;
	ret = guard_tcx_put(nl, index, program);
	if (ret == -EOPNOTSUPP)
		return guard_classifier_put(nl, index, HOOK_OUT, 0, HANDLE, program, e);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "attach the port guard");
}

int guard_attach(int nl, int index, enum guard_side side, const struct guard *g, struct err *e)
{
	bool host = side == GUARD_HOST_END, program = g->filter || g->rate_out != LIMIT_MAX;
	uint64_t rate = host ? g->rate_in : g->rate_out;
	int ret = guard_check(g, e);

	if (ret == 0 && side == GUARD_INSIDE && g->rate_in != LIMIT_MAX)
		return err_msg(e, EOPNOTSUPP,
			       "a rate into the container can be held only on a veth device");
	if (ret == 0 && side != GUARD_PEER && program)
		ret = host ? attach_host_end(nl, index, g, e) : attach_inside(nl, index, g, e);
	if (ret == 0 && rate != LIMIT_MAX)
		ret = rate_shape(nl, index, rate, e);
	return ret;
}

int guard_detach(int nl, int index, struct err *e)
{
	int ret = guard_tcx_remove(nl, index);

	/* A classifier does not survive the move back. */
	if (ret == 0 || ret == -ENOENT)
		return 0;
	errno = -ret;
	return err_sys(e, "take the port guard off");
}

int guard_look(int nl, int index, enum guard_side side, struct guard_counters *out, struct err *e)
{
	bool host = side == GUARD_HOST_END;
	autoclose int program = host ? -ENOENT : guard_tcx_program(nl, index);
	autoclose int ports = -EBADF;
	struct guard_port port = { 0 };
	uint32_t entries = 1;
	int ret;

	if (program == -ENOENT)
		program = guard_classifier_program(nl, index, host ? HOOK_IN : HOOK_OUT, 0, HANDLE);
	ret = ports = program < 0 ? program : guard_map(program, &entries);
	if (ret >= 0)
		ret = map_do(BPF_MAP_LOOKUP_ELEM, ports, (uint32_t)index & (entries - 1), &port);
	if (ret >= 0 && entries > 1 && port.index != (uint32_t)index)
		ret = -ENOENT;
	if (ret < 0) {
		errno = -ret;
		return err_sys(e, "look at the port guard");
	}
	*out = port.dropped;
	return port.filter ? 0 : err_msg(e, ENODATA, "the port has rates, but no guard");
}
