/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server for DHCP and DNS of one network: dnsmasq(8), which serves exactly the leases.
 *
 *	RUN/net/NAME/served/hosts/OWNER.DEVICE	DNS, as hosts(5): only where containers may know of
 *						each other
 *	RUN/net/NAME/served/dhcp/OWNER.DEVICE	a line as of --dhcp-host
 *	RUN/net/NAME/names			its pid and start time, noted before it is executed
 *
 * dnsmasq sees changes in these directories by itself (inotify), all but removals from the second,
 * for which it gets SIGHUP. It runs as an ordinary user in a mount namespace where everything is
 * read-only and `served` is its /tmp: our directories are closed to that user. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "net/inner.h"
#include "store/account.h"
#include "store/state.h"

/* --- which process ------------------------------------------------------------------- */

/* A descriptor of it, if it is still the same process. */
static int names_pidfd(const struct names_server *server)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int pidfd = server->pid > 0 ? sys_pidfd_open(server->pid) : -EBADF;

	if (proc < 0 || pidfd < 0 || !state_same_process(proc, server->pid, server->start_time))
		return -ESRCH;
	return take_fd(pidfd);
}

bool names_alive(const struct names_server *server)
{
	autoclose int pidfd = names_pidfd(server);
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	/* One that has ended counts as dead even while nobody has waited for it. */
	return pidfd >= 0 && poll(&gone, 1, 0) == 0;
}

void names_stop(const struct names_server *server)
{
	autoclose int pidfd = names_pidfd(server);
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0)
		return;
	sys_pidfd_send_signal(pidfd, SIGTERM);
	if (poll(&gone, 1, 1000) > 0)
		return;
	sys_pidfd_send_signal(pidfd, SIGKILL);
	poll(&gone, 1, 2000);
}

void names_running(int dir, struct names_server *out)
{
	unsigned long long start;
	autostr text = { 0 };
	int pid;

	*out = (struct names_server){ .pid = 0 };
	if (file_read(dir, "names", 128, &text) == 0 &&
	    sscanf(str_text(&text), "%d %llu", &pid, &start) == 2)
		*out = (struct names_server){ .pid = pid, .start_time = start };
}

/* --- what it serves ------------------------------------------------------------------ */

static void file_name(const char *folder, const char *owner, uint32_t device, char *name,
		      size_t size)
{
	snprintf(name, size, "served/%s/%s.%u", folder, owner, device);
}

/* Made elsewhere and moved, so that half a line is never read. */
static int serve(int dir, const char *folder, const char *owner, uint32_t device,
		 const struct str *text, struct err *e)
{
	char name[STORE_NAME_MAX + 32], made[STORE_NAME_MAX + 16];
	int ret;

	file_name(folder, owner, device, name, sizeof(name));
	snprintf(made, sizeof(made), "new-%s", folder);
	ret = text->failed ? -ENOMEM : file_replace(dir, made, text->text, text->len, 0644);
	if (ret == 0 && renameat(dir, made, dir, name) < 0)
		ret = -errno;
	if (ret == 0)
		return 0;
	unlinkat(dir, made, 0);
	errno = -ret;
	return err_sys(e, "tell the name server about container %s", owner);
}

/* Only what a host's name may hold: letters, digits, '-', and '.'. */
static void dns_name(const char *owner, uint32_t device, char *name, size_t size)
{
	size_t n = 0;

	for (; *owner && n + 1 < size && n < 63; owner++)
		name[n++] = *owner == '_' ? '-' : *owner;
	name[n] = '\0';
	if (device)
		snprintf(name + n, size - n, "-%u", device);
}

static void hosts_text(const char *name, const struct lease *l, struct str *out)
{
	char text[INET6_ADDRSTRLEN];

	if (l->address4.s_addr)
		str_addf(out, "%s %s." NAMES_DOMAIN " %s\n",
			 inet_ntop(AF_INET, &l->address4, text, sizeof(text)), name, name);
	if (!IN6_IS_ADDR_UNSPECIFIED(&l->address6))
		str_addf(out, "%s %s." NAMES_DOMAIN " %s\n",
			 inet_ntop(AF_INET6, &l->address6, text, sizeof(text)), name, name);
}

static void dhcp_text(const struct lease *l, struct str *out)
{
	char text[INET6_ADDRSTRLEN];
	const uint8_t *m = l->mac;

	str_addf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	if (l->address4.s_addr)
		str_addf(out, ",%s", inet_ntop(AF_INET, &l->address4, text, sizeof(text)));
	if (!IN6_IS_ADDR_UNSPECIFIED(&l->address6))
		str_addf(out, ",[%s]", inet_ntop(AF_INET6, &l->address6, text, sizeof(text)));
	str_add(out, "\n");
}

/* Have everything read again. Whoever may not look at processes or signal, as what cleans up after a
 * container, leaves that to the next who may. */
static void reread(int dir)
{
	struct names_server server;
	autoclose int pidfd = -EBADF;

	names_running(dir, &server);
	pidfd = names_pidfd(&server);
	if (server.pid && (pidfd < 0 || sys_pidfd_send_signal(pidfd, SIGHUP) < 0))
		file_replace(dir, "stale", "", 0, 0600);
}

int names_add(int dir, bool shared, const char *owner, uint32_t device, const struct lease *l,
	      struct err *e)
{
	autostr hosts = { 0 }, dhcp = { 0 };
	char name[STORE_NAME_MAX + 16];
	struct stat st;
	int ret = 0;

	/* No server, nobody to tell. */
	if (fstatat(dir, "served", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	dns_name(owner, device, name, sizeof(name));
	hosts_text(name, l, &hosts);
	dhcp_text(l, &dhcp);
	if (unlinkat(dir, "stale", 0) == 0)
		reread(dir);
	if (shared)
		ret = serve(dir, "hosts", owner, device, &hosts, e);
	return ret == 0 ? serve(dir, "dhcp", owner, device, &dhcp, e) : ret;
}

void names_remove(int dir, const char *owner, uint32_t device)
{
	static const char *const folders[] = { "hosts", "dhcp" };
	bool served = false;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char name[STORE_NAME_MAX + 32];
		autoclose int fd = -EBADF;

		file_name(folders[i], owner, device, name, sizeof(name));
		/* Versions before 2.89 do not notice that a file goes, but that it is empty. */
		fd = openat(dir, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
		served |= unlinkat(dir, name, 0) == 0;
	}
	if (served)
		reread(dir);
}
