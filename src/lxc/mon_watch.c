/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The watcher: a guest of ward's event loop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lxc/mon.h"

/* As LXC calls ward's states. */
static enum lxc_state translate(enum state_id id)
{
	switch (id) {
	case STATE_CREATING:
	case STATE_CREATED:
		return LXC_STARTING;
	case STATE_RUNNING:
		return LXC_RUNNING;
	case STATE_PAUSED:
		return LXC_FROZEN;
	case STATE_STOPPING:
		return LXC_STOPPING;
	case STATE_STOPPED:
	case STATE_IDS:
		break;
	}
	return LXC_STOPPED;
}

static void change(struct mon *m, enum lxc_state state)
{
	m->state = state;
	mon_tell(m, LXC_WORD_STATE, (int)state, 0, NULL);
	mon_serve_state(m, state);
}

static void on_begin(void *ctx, struct monitor *loop)
{
	struct mon *m = ctx;

	m->loop = loop;
	m->watched = true;
	change(m, LXC_RUNNING);
	mon_tell(m, LXC_WORD_RUNNING, 0, 0, NULL);
	if (m->c.guest->console)
		mon_console_begin(m);
	monitor_watch(loop, m->listener, EPOLLIN, SLOT_LISTENER);
}

static void on_ready(void *ctx, uint32_t slot, uint32_t events)
{
	struct mon *m = ctx;

	if (slot == SLOT_CONSOLE || slot == SLOT_PEER)
		mon_console_ready(m, (enum mon_slot)slot, events);
	else
		mon_serve_ready(m, slot);
}

static void on_state(void *ctx, enum state_id id)
{
	struct mon *m = ctx;
	bool was_frozen = m->state == LXC_FROZEN;

	/* LXC says THAWED to those who wait for it, and then RUNNING. */
	if (was_frozen && id == STATE_RUNNING)
		mon_serve_state(m, LXC_THAWED);
	change(m, translate(id));
}

static void on_drain(void *ctx)
{
	struct mon *m = ctx;

	if (m->c.guest->console)
		mon_console_close(m);
}

static void on_end(void *ctx, int code, int status)
{
	struct mon *m = ctx;

	change(m, LXC_STOPPED);
	mon_tell(m, LXC_WORD_ENDED, status, code, NULL);
	mon_serve_end(m);
}

/* The last moment with all rights. The container's cgroups are written down as they are named to
 * everybody who looks at them from here; and the bond with the keeper is tied again, which a
 * change of credentials on the way (an ordinary user's) has cut. */
static int on_verified(const struct run *r, struct err *e)
{
	struct mon *m = r->verified_ctx;
	char path[32];
	autostr text = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "%d/cgroup", (int)r->pid);
	if (file_read(r->proc, path, 65536, &text) == 0) {
		m->cgroups = take_ptr(text.text);
		text = (struct str){ 0 };
	}
	return mon_hooks(m, "start-host", (int)r->pid, NULL, e);
}

int mon_watch(struct mon *m, struct spec *spec, char **argv, struct err *e)
{
	struct guest guest = { .ctx = m, .begin = on_begin, .ready = on_ready, .state = on_state,
			       .drain = on_drain, .end = on_end };
	int status, ret;

	m->spec = spec;
	m->state = LXC_STARTING;
	m->c.detach = m->start->daemonize;
	m->c.guest = &guest;
	m->c.argv = argv;
	m->c.lxcpath = m->start->lxcpath;
	m->c.verified = on_verified;
	m->c.verified_ctx = m;
	for (size_t i = 0; i < MON_CLIENTS; i++)
		m->clients[i] = (struct mon_client){ .fd = -EBADF, .tty = -1 };
	guest.console = m->c.detach && spec->process.terminal;
	ret = mon_console_open(m, e);
	return ret < 0 ? ret : container_run(&m->c, spec, &status, e);
}
