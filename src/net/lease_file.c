/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/lease_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "store/durable.h"

enum { RECORDS_MAX = 16384, KEPT_MAX = 1 << 21 };
#define MAGIC "ward leases 1"

void leases_close(struct leases *l)
{
	fd_close(&l->fd);
	free(l->item);
	l->item = NULL;
}

/* --- the file ------------------------------------------------------------------------ */

int leases_fail(const struct store *s, const char *name, const char *what, struct err *e)
{
	return err_sys(e, "%s %s/" NET_FOLDER "/%s/leases", what, s->run_path, name);
}

static int leases_lock(int fd)
{
	int ret;

	do
		ret = flock(fd, LOCK_EX);
	while (ret < 0 && errno == EINTR);
	return ret;
}

static int leases_read(struct leases *l)
{
	struct stat st;
	ssize_t n;

	if (fstat(l->fd, &st) < 0)
		return -1;
	l->n = (size_t)st.st_size / sizeof(*l->item);
	if (l->n > RECORDS_MAX) {
		errno = EFBIG;
		return -1;
	}
	l->item = calloc(l->n + 2, sizeof(*l->item));
	if (!l->item)
		return -1;
	n = pread(l->fd, l->item, l->n * sizeof(*l->item), 0);
	if (n < 0)
		return -1;
	for (size_t i = 1; i < l->n; i++)
		l->item[i].owner[STORE_NAME_MAX] = '\0';
	return 0;
}

int leases_write(struct leases *l, const struct lease_record *r)
{
	off_t at = (r - l->item) * (off_t)sizeof(*r);

	if (pwrite(l->fd, r, sizeof(*r), at) != (ssize_t)sizeof(*r))
		return -1;
	if ((size_t)(r - l->item) >= l->n)
		l->n = (size_t)(r - l->item) + 1;
	return 0;
}

/* "OWNER DEVICE MAC ADDRESS4 ADDRESS6" */
static bool parse_kept(const char *line, struct lease_record *r)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];
	unsigned device, b[6];

	*r = (struct lease_record){ .kept = 1 };
	if (sscanf(line, "%64s %u %2x:%2x:%2x:%2x:%2x:%2x %15s %45s", r->owner, &device, &b[0],
		   &b[1], &b[2], &b[3], &b[4], &b[5], four, six) != 10 ||
	    !path_is_name(r->owner) || inet_pton(AF_INET, four, &r->address4) != 1 ||
	    inet_pton(AF_INET6, six, &r->address6) != 1)
		return false;
	r->device = device;
	for (size_t i = 0; i < 6; i++)
		r->mac[i] = (uint8_t)b[i];
	return true;
}

static int kept_load(const struct store *s, const char *name, struct leases *l, struct err *e)
{
	autoclose int dir = net_lib_dir(s, name, false, e);
	autostr text = { 0 };
	struct lease_record *grown;
	size_t n = 1;

	if (dir < 0 || file_read(dir, "leases", KEPT_MAX, &text) < 0)
		return 0;
	for (const char *p = str_text(&text); *p; p++)
		n += *p == '\n';
	grown = reallocarray(l->item, n + 3, sizeof(*grown));
	if (!grown)
		return err_mem(e);
	l->item = grown;
	for (const char *p = str_text(&text); *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (parse_kept(p, &l->item[l->n]))
			l->n++;
	memset(&l->item[l->n], 0, sizeof(*grown));
	return 0;
}

/* First use since the machine was started. */
static int leases_begin(const struct store *s, const char *name, struct leases *l, struct err *e)
{
	struct lease_record *h = &l->item[0];
	size_t size;
	int ret;

	memcpy(h->owner, MAGIC, sizeof(MAGIC));
	l->n = 1;
	ret = kept_load(s, name, l, e);
	size = l->n * sizeof(*l->item);
	if (ret < 0 || pwrite(l->fd, l->item, size, 0) == (ssize_t)size)
		return ret;
	ret = leases_fail(s, name, "write", e);
	/* Half a file would be taken for a whole one. */
	(void)!ftruncate(l->fd, 0);
	return ret;
}

/* make: false: -ENOENT when nobody ever had a lease since the machine was started. */
int leases_open(const struct store *s, const char *name, bool make, struct leases *l, struct err *e)
{
	autoclose int dir = net_run_dir(s, name, make, e);

	*l = (struct leases){ .fd = -EBADF };
	if (dir < 0)
		return dir;
	l->fd = openat(dir, "leases", O_RDWR | O_NOFOLLOW | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	if (l->fd < 0)
		return leases_fail(s, name, "open", e);
	if (leases_lock(l->fd) < 0 || leases_read(l) < 0)
		return leases_fail(s, name, "read", e);
	if (l->n == 0)
		return leases_begin(s, name, l, e);
	if (memcmp(l->item[0].owner, MAGIC, sizeof(MAGIC)))
		return err_msg(e, EUCLEAN,
			       "%s/" NET_FOLDER
			       "/%s/leases is damaged; stop the network's containers "
			       "and remove it",
			       s->run_path, name);
	return 0;
}

int leases_keep(const struct store *s, const char *name, const struct leases *l, struct err *e)
{
	autoclose int dir = net_lib_dir(s, name, false, e);
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];
	autostr text = { 0 };
	int ret;

	if (dir < 0)
		return dir;
	for (size_t i = 1; i < l->n; i++) {
		const struct lease_record *r = &l->item[i];
		const uint8_t *m = r->mac;

		if (r->owner[0] && r->kept)
			str_addf(&text, "%s %u %02x:%02x:%02x:%02x:%02x:%02x %s %s\n", r->owner,
				 r->device, m[0], m[1], m[2], m[3], m[4], m[5],
				 inet_ntop(AF_INET, &r->address4, four, sizeof(four)),
				 inet_ntop(AF_INET6, &r->address6, six, sizeof(six)));
	}
	ret = text.failed ?
		      -ENOMEM :
		      durable_write(dir, "leases", str_text(&text), text.len, DURABLE_REPLACE);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "write %s/" NET_FOLDER "/%s/leases", s->lib_path, name);
}
