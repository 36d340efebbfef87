/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the program of the port guard is attached: a classifier by netlink (tc-bpf(8)), or tcx by
 * bpf(2). Both end with the interface. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/nl.h"
#include "wall/net_guard_inner.h"

/* Newer than the headers that distributions of our oldest kernel have. */
enum { TCX_EGRESS = 47, PROGRAMS_MAX = 64 };

/* --- classifiers ------------------------------------------------------------------------------ */

int guard_classifier_put(int nl, int index, uint32_t hook, uint32_t chain, uint32_t handle,
			 int program, struct err *e)
{
	struct tcmsg queue = { .tcm_ifindex = index,
			       .tcm_parent = TC_H_CLSACT,
			       .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0) };
	struct tcmsg filter = { .tcm_ifindex = index,
				.tcm_parent = hook,
				.tcm_handle = handle,
				.tcm_info = TC_H_MAKE(1u << 16, htons(ETH_P_ALL)) };
	struct nl_batch b;
	size_t options;

	nl_begin(&b);
	nl_request(&b, RTM_NEWQDISC, NLM_F_CREATE, &queue, sizeof(queue),
		   "make a place for the port guard");
	nl_put_text(&b, TCA_KIND, "clsact");
	nl_request(&b, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &filter, sizeof(filter),
		   "attach the port guard");
	nl_put_text(&b, TCA_KIND, "bpf");
	if (chain)
		nl_put_u32(&b, TCA_CHAIN, chain);
	options = nl_nest(&b, TCA_OPTIONS);
	nl_put_u32(&b, TCA_BPF_FD, (uint32_t)program);
	nl_put_text(&b, TCA_BPF_NAME, GUARD_NAME);
	nl_put_u32(&b, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	nl_nest_end(&b, options);
	return nl_send(nl, &b, e);
}

static int take_program(const struct nlmsghdr *m, void *ctx)
{
	const struct rtattr *attr[TCA_OPTIONS + 1], *option[TCA_BPF_ID + 1];

	if (m->nlmsg_type != RTM_NEWTFILTER)
		return 0;
	nl_attributes(m, sizeof(struct tcmsg), attr, TCA_OPTIONS);
	nl_nested(attr[TCA_OPTIONS], option, TCA_BPF_ID);
	*(uint32_t *)ctx = nl_number(option[TCA_BPF_ID]);
	return 0;
}

int guard_classifier_program(int nl, int index, uint32_t hook, uint32_t chain, uint32_t handle)
{
	struct tcmsg filter = { .tcm_ifindex = index,
				.tcm_parent = hook,
				.tcm_handle = handle,
				.tcm_info = TC_H_MAKE(1u << 16, htons(ETH_P_ALL)) };
	struct err none = ERR_NONE;
	struct nl_batch b;
	uint32_t id = 0;
	int ret;

	nl_begin(&b);
	nl_request(&b, RTM_GETTFILTER, 0, &filter, sizeof(filter), "look for the port guard");
	nl_put_text(&b, TCA_KIND, "bpf");
	if (chain)
		nl_put_u32(&b, TCA_CHAIN, chain);
	ret = nl_ask(nl, &b, take_program, &id, &none);
	/* EINVAL: without any classifier the kernel has no place to look in. */
	if (ret == -EINVAL || (ret == 0 && !id))
		return -ENOENT;
	return ret < 0 ? ret : bpf_open(id);
}

/* --- tcx -------------------------------------------------------------------------------------- */

/* The network namespace of a socket. */
static int namespace_of(int socket)
{
	int fd = ioctl(socket, SIOCGSKNS);

	return fd < 0 ? -errno : fd;
}

/* bpf(2) counts interfaces in the caller's network namespace, netlink in the socket's. Go there;
 * *back receives the way back, unless we are there. 0 or -errno. */
static int enter(int nl, int *back)
{
	autoclose int ours = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	autoclose int here = namespace_of(ours), there = namespace_of(nl);
	struct stat a, b;

	if (here < 0 || there < 0)
		return here < 0 ? here : there;
	if (fstat(here, &a) < 0 || fstat(there, &b) < 0)
		return -errno;
	if (a.st_ino == b.st_ino)
		return 0;
	if (setns(there, CLONE_NEWNET) < 0)
		return -errno;
	*back = take_fd(here);
	return 0;
}

static void leave(int *back)
{
	/* Nothing may go on in the wrong namespace. */
	if (*back >= 0 && setns(*back, CLONE_NEWNET) < 0)
		abort();
	fd_close(back);
}

#define autoleave __attribute__((cleanup(leave)))

static int tcx_do(enum bpf_cmd cmd, int index, int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)index;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = TCX_EGRESS;
	return sys_bpf(cmd, &attr) < 0 ? -errno : 0;
}

/* Our program on a device of the caller's namespace: descriptor, -ENOENT or -errno. */
static int tcx_program(int index)
{
	uint32_t ids[PROGRAMS_MAX], entries;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)index;
	attr.query.attach_type = TCX_EGRESS;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS_MAX;
	if (sys_bpf(BPF_PROG_QUERY, &attr) < 0)
		return errno == EINVAL ? -ENOENT : -errno;
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
		autoclose int program = bpf_open(ids[i]);
		autoclose int ports = program < 0 ? program : guard_map(program, &entries);

		if (ports >= 0)
			return take_fd(program);
	}
	return -ENOENT;
}

int guard_tcx_put(int nl, int index, int program)
{
	autoleave int back = -EBADF;
	int ret = enter(nl, &back);

	if (ret == 0)
		ret = tcx_do(BPF_PROG_ATTACH, index, program);
	/* What kernels before 6.6 say. */
	return ret == -EINVAL ? -EOPNOTSUPP : ret;
}

int guard_tcx_program(int nl, int index)
{
	autoleave int back = -EBADF;
	int ret = enter(nl, &back);

	return ret < 0 ? ret : tcx_program(index);
}

int guard_tcx_remove(int nl, int index)
{
	autoleave int back = -EBADF;
	int ret = enter(nl, &back);
	autoclose int program = ret < 0 ? ret : tcx_program(index);

	return program < 0 ? program : tcx_do(BPF_PROG_DETACH, index, program);
}
