/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Send many small UDP packets and print what one costs: nanoseconds of processor time, which other
 * programs on the machine disturb less than packets per second. The way of a packet through a veth
 * to the receiver's socket is walked in the sender's time.
 *
 *	packets ADDRESS PORT NUMBER
 *	packets ADDRESS PORT		be the receiver, whose socket is soon full and stays so */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), least = 1;
	long n = argc == 4 ? atol(argv[3]) : 0;
	static const char payload[16];
	double begin;

	if (argc < 3 || fd < 0 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
		return 2;
	address.sin_port = htons((unsigned short)atoi(argv[2]));
	if (argc == 3) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
		return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? 1 : pause();
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return 1;
	begin = processor_time();
	for (long i = 0; i < n; i++)
		send(fd, payload, sizeof(payload), 0);
	printf("%.1f\n", (processor_time() - begin) / (double)n);
	return 0;
}
