/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward-user-nic: a port of a bridge for an ordinary user's container, where /etc/lxc/lxc-usernet
 * grants him one. The command line and the output are those of LXC's lxc-user-nic(1), for which it
 * can stand in.
 *
 * It runs as root for somebody who may be hostile. So it does only this; it takes from him three
 * names, each checked, and one descriptor, whose owner the kernel tells; it reads two files of
 * root's, and never one of his; and before it acts, it gives up what that does not need. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/nl.h"
#include "usernic/caller.h"
#include "usernic/nics.h"
#include "usernic/port.h"
#include "usernic/seal.h"
#include "wall/net_text.h"

enum { VERB = 1, LXCPATH, NAME, NETNS, TYPE, BRIDGE, NIC, WORDS };

struct request {
	bool remove;
	const char *netns, *bridge;
	char nic[IFNAMSIZ]; /* create: the name inside; delete: our end's */
};

static int usage(struct err *e)
{
	return err_msg(e, EINVAL,
		       "usage: ward-user-nic create LXCPATH NAME PID veth BRIDGE [INTERFACE], or "
		       "ward-user-nic delete LXCPATH NAME NETNS veth BRIDGE INTERFACE");
}

static int read_request(int argc, char **argv, struct request *q, struct err *e)
{
	const char *nic = argc == WORDS ? argv[NIC] : "eth0";
	int ret;

	if (argc != WORDS && argc != WORDS - 1)
		return usage(e);
	q->remove = !strcmp(argv[VERB], "delete");
	if ((!q->remove && strcmp(argv[VERB], "create")) || (q->remove && argc != WORDS))
		return usage(e);
	if (strcmp(argv[TYPE], "veth"))
		return err_msg(e, EINVAL, "veth is the only type");
	ret = net_parse_name(argv[BRIDGE], e);
	if (ret == 0 && strcmp(nic, "eth%d"))
		ret = net_parse_name(nic, e);
	q->netns = argv[NETNS];
	q->bridge = argv[BRIDGE];
	snprintf(q->nic, sizeof(q->nic), "%s", nic);
	return ret;
}

static int create(struct port *p, struct nics *n, const struct caller *c, const struct request *q,
		  struct err *e)
{
	struct usernet_line line;
	int ret = nics_grant(n, c, q->bridge, &line, e);

	if (ret == 0)
		ret = port_name(p, e);
	if (ret < 0)
		return ret;
	snprintf(p->inside, sizeof(p->inside), "%s", q->nic);
	snprintf(line.last, sizeof(line.last), "%s", p->host);
	/* Counted before it is there: killed in between, we leave a line of nothing, which the next one
	 * takes out, and not a port that nobody counts. */
	ret = nics_add(n, &line, e);
	if (ret < 0)
		return ret;
	ret = port_make(p, e);
	if (ret < 0)
		nics_remove(n, p->host, &(struct err){ 0 });
	return ret;
}

/* Whose the interface is, is asked of the file, of the interface itself and of its other end's
 * namespace; one name for all answers (CVE-2026-39402). */
static int destroy(struct port *p, struct nics *n, const struct caller *c, const struct request *q,
		   struct err *e)
{
	snprintf(p->host, sizeof(p->host), "%s", q->nic);
	if (!nics_is_his(n, c, q->bridge, p->host) || port_remove(p) < 0)
		return err_msg(e, EPERM, "%s is no interface of that network namespace and yours",
			       q->nic);
	return nics_remove(n, p->host, e);
}

static int serve(const struct caller *c, const struct request *q, int netns, struct port *p,
		 struct err *e)
{
	autoclose int nl = nl_open(NETLINK_ROUTE, e);
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct nics n;
	int ret;

	if (nl < 0)
		return nl;
	if (proc < 0)
		return err_sys(e, "open /proc");
	ret = seal_end(e);
	if (ret < 0)
		return ret;
	*p = (struct port){
		.nl = nl, .proc = proc, .netns = netns, .uid = c->uid, .bridge = q->bridge
	};
	ret = nics_open(&n, e);
	if (ret == 0)
		ret = q->remove ? destroy(p, &n, c, q, e) : create(p, &n, c, q, e);
	nics_close(&n);
	return ret;
}

int main(int argc, char **argv)
{
	int given = argc > NETNS ? caller_given(argv[NETNS]) : -1;
	autoclose int netns = -EBADF;
	struct err e = ERR_NONE;
	struct request q = { 0 };
	struct caller c;
	struct port p;
	int ret;

	seal_begin(given);
	ret = read_request(argc, argv, &q, &e);
	if (ret == 0)
		ret = caller_read(&c, &e);
	if (ret == 0)
		ret = netns = caller_netns(&c, q.netns, given, &e);
	if (ret >= 0)
		ret = serve(&c, &q, netns, &p, &e);
	if (ret < 0) {
		log_error("user nic: %s", e.text);
		return 1;
	}
	/* Only now, without the lock: the caller decides when he reads. */
	return !q.remove && dprintf(STDOUT_FILENO, "%s:%d:%s:%d\n", p.inside, p.inside_index,
				    p.host, p.host_index) < 0;
}
