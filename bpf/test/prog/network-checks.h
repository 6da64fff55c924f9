/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Checks on sockets, of the host itself. Included by prog-test.c. */

#define TEST_PORT 40001 /* 9c41 */
#define SERVE_PORT 40002 /* 9c42 */

static struct sockaddr_in four(const char *address, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &at.sin_addr);
	return at;
}

static int done(int fd, int result)
{
	int err = errno;

	close(fd);
	errno = err;
	/* Nobody listens: the connection was let pass. */
	return result && err != ECONNREFUSED ? -1 : 0;
}

static int do_connect(const char *address, const char *b)
{
	struct sockaddr_in to = four(address, TEST_PORT);
	int fd = socket(AF_INET, b ? SOCK_DGRAM : SOCK_STREAM, 0);

	return fd < 0 ? -1 : done(fd, connect(fd, (void *)&to, sizeof(to)));
}

static int do_connect_six(const char *address, const char *b)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(TEST_PORT) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	(void)b;
	inet_pton(AF_INET6, address, &to.sin6_addr);
	return fd < 0 ? -1 : done(fd, connect(fd, (void *)&to, sizeof(to)));
}

static int do_send_to(const char *address, const char *unspecified)
{
	struct sockaddr_in to = four(address, TEST_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (unspecified)
		to.sin_family = AF_UNSPEC;
	return fd < 0 ? -1 : done(fd, sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) != 1);
}

static int do_fast_open(const char *address, const char *b)
{
	struct sockaddr_in to = four(address, TEST_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)b;
	return fd < 0 ? -1 : done(fd, sendto(fd, "x", 1, MSG_FASTOPEN, (void *)&to, sizeof(to)) != 1);
}

static int do_socket_pair(const char *a, const char *b)
{
	int fds[2];

	(void)a;
	(void)b;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

/* A server and its caller, which binds to an address of its own. What the server says of a byte. */
static int do_serve(const char *from, const char *b)
{
	struct sockaddr_in at = four("127.0.0.1", SERVE_PORT), own = four(from, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, peer, err;
	char byte;

	(void)b;
	alarm(60); /* a caller that cannot call would leave us waiting */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&at, sizeof(at)) || listen(fd, 1))
		return done(fd, 1);
	if (!fork()) {
		int caller = socket(AF_INET, SOCK_STREAM, 0);

		if (bind(caller, (void *)&own, sizeof(own)) || connect(caller, (void *)&at, sizeof(at)) || write(caller, "x", 1) != 1)
			_exit(1);
		_exit(read(caller, &byte, 1) != 1);
	}
	peer = accept(fd, 0, 0);
	err = read(peer, &byte, 1) == 1 ? 0 : errno;
	close(fd);
	close(peer);
	wait(0);
	errno = err;
	return err ? -1 : 0;
}

static void host_network(void)
{
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_NETWORK], EXACT, "e4st9c417f000001", block(3));
	mini_rule(&plan, trees[KA_CLASS_NETWORK], EXACT, "e4du9c417f000002", block(4));
	mini_rule(&plan, trees[KA_CLASS_NETWORK], EXACT, "i4st9c427f000005", block(5));
	mini_rule(&plan, trees[KA_CLASS_NETWORK], EXACT, "i4st9c427f000006", audit(6));
	mini_rule(&plan, trees[KA_CLASS_NETWORK], EXACT, "c4ri", block(7));
	mini_rule(&plan, trees[KA_CLASS_NETWORK], EXACT, "e6st9c4100000000000000000000000000000001", block(8));
	plan_bind(KA_HOST_WORKLOAD);
	refused("a connection", do_connect, "127.0.0.1", 0, KA_HOOK_SOCKET_CONNECT, 3, "e4st9c417f000001");
	refused("a connection to no address, which is the loopback's", do_connect, "0.0.0.0", 0, KA_HOOK_SOCKET_CONNECT, 3, "e4st9c417f000001");
	refused("a connection with its first data", do_fast_open, "127.0.0.1", 0, KA_HOOK_SOCKET_SENDMSG, 3, "e4st9c417f000001");
	passes("a connection to another address", do_connect, "127.0.0.9", 0);
	refused("a connected datagram socket", do_connect, "127.0.0.2", "", KA_HOOK_SOCKET_CONNECT, 4, "e4du9c417f000002");
	refused("a datagram", do_send_to, "127.0.0.2", 0, KA_HOOK_SOCKET_SENDMSG, 4, "e4du9c417f000002");
	refused("a datagram to an address without a family", do_send_to, "127.0.0.2", "", KA_HOOK_SOCKET_SENDMSG, 4, "e4du9c417f000002");
	passes("a datagram to another address", do_send_to, "127.0.0.9", 0);
	refused("a raw socket", do_raw_socket, 0, 0, KA_HOOK_SOCKET_CREATE, 7, "c4ri");
	passes("a local pair of sockets", do_socket_pair, 0, 0);
	refused("the first byte of a caller", do_serve, "127.0.0.5", 0, KA_HOOK_SOCKET_RECVMSG, 5, "i4st9c427f000005");
	reported("an audited caller", do_serve, "127.0.0.6", 0, KA_HOOK_SOCKET_ACCEPT, 6, 1);
	passes("another caller", do_serve, "127.0.0.7", 0);
	if (access("/proc/net/if_inet6", F_OK)) {
		printf("ok    (this kernel has no IPv6)\n");
	} else {
		refused("a connection by IPv6 to an IPv4 address", do_connect_six, "::ffff:127.0.0.1", 0, KA_HOOK_SOCKET_CONNECT, 3, "e4st9c417f000001");
		refused("a connection by IPv6", do_connect_six, "::1", 0, KA_HOOK_SOCKET_CONNECT, 8, "e6st9c4100000000000000000000000000000001");
		passes("a connection by IPv6 to another IPv4 address", do_connect_six, "::ffff:127.0.0.9", 0);
	}
	unbind(KA_HOST_WORKLOAD);
}
