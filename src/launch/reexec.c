/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/reexec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3; without it vm.memfd_noexec=1 makes the copy useless */
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static int make_memfd(void)
{
	int fd = memfd_create("ward", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ward", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int copy_all(int to, int from)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	return (int)n;
}

int reexec_sealed(char **argv, struct err *e)
{
	autoclose int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	autoclose int copy = -EBADF;
	int seals;

	if (self < 0)
		return err_sys(e, "open our own binary");
	seals = fcntl(self, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS)
		return 0;
	copy = make_memfd();
	if (copy < 0 || copy_all(copy, self) < 0 || fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return err_sys(e, "make a sealed copy of our own binary");
	syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(e, "execute the sealed copy of our own binary");
}
