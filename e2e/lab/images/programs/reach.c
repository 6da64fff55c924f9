/*
 * reach: one step of networking, and what came of it.
 *
 *   reach socket FAMILY TYPE [PROTOCOL]     makes a socket
 *   reach tcp|udp|sctp ADDRESS PORT         connects; udp sends a byte
 *   reach udp-to ADDRESS PORT               sends a byte without connecting
 *   reach udp-many ADDRESS PORT             the same by sendmmsg, two messages
 *   reach serve ADDRESS PORT [PEER]         listens, connects to itself from PEER, and answers a byte
 *   arping, ping                            make the socket that the programs of that name make
 *
 * Ends with 0 if the kernel let it: a peer that refuses or is not there was reached for.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self;

static int failed(const char *what)
{
	if (errno == ECONNREFUSED || errno == ENETUNREACH || errno == EHOSTUNREACH) {
		printf("reached for (%s)\n", strerror(errno));
		return 0;
	}
	fprintf(stderr, "%s: %s: %s\n", self, what, strerror(errno));
	return 1;
}

struct word {
	const char *text;
	int value;
};

static int number(const struct word *words, const char *text)
{
	for (; words->text; words++)
		if (!strcmp(words->text, text))
			return words->value;
	return atoi(text);
}

static const struct word families[] = { { "inet", AF_INET },	   { "inet6", AF_INET6 }, { "unix", AF_UNIX },
					{ "packet", AF_PACKET },   { "netlink", AF_NETLINK }, { "vsock", AF_VSOCK },
					{ "alg", AF_ALG },	   { 0, 0 } };
static const struct word types[] = { { "stream", SOCK_STREAM }, { "dgram", SOCK_DGRAM },	 { "raw", SOCK_RAW },
				     { "rdm", SOCK_RDM },	{ "seqpacket", SOCK_SEQPACKET }, { 0, 0 } };

static int make(int family, int type, int protocol)
{
	if (socket(family, type, protocol) < 0)
		return failed("socket");
	puts("made");
	return 0;
}

static socklen_t address_of(struct sockaddr_storage *at, const char *address, const char *port)
{
	struct sockaddr_in6 *six = (void *)at;
	struct sockaddr_in *four = (void *)at;

	memset(at, 0, sizeof(*at));
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(atoi(port));
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, address, &six->sin6_addr) != 1)
		exit(2);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(atoi(port));
	return sizeof(*six);
}

static int reach(const char *how, const char *address, const char *port)
{
	int is_udp = !strncmp(how, "udp", 3), is_sctp = !strcmp(how, "sctp");
	struct sockaddr_storage to;
	socklen_t length = address_of(&to, address, port);
	int fd = socket(to.ss_family, is_udp ? SOCK_DGRAM : SOCK_STREAM, is_sctp ? IPPROTO_SCTP : 0);

	if (fd < 0)
		return failed("socket");
	if (!strcmp(how, "udp-to")) {
		if (sendto(fd, "x", 1, 0, (void *)&to, length) != 1)
			return failed("sendto");
	} else if (!strcmp(how, "udp-many")) {
		struct iovec one = { .iov_base = "x", .iov_len = 1 };
		struct msghdr text = { .msg_name = &to, .msg_namelen = length, .msg_iov = &one, .msg_iovlen = 1 };
		struct mmsghdr two[2] = { { .msg_hdr = text }, { .msg_hdr = text } };

		if (sendmmsg(fd, two, 2, 0) != 2)
			return failed("sendmmsg");
	} else {
		if (connect(fd, (void *)&to, length))
			return failed("connect");
		if (is_udp && send(fd, "x", 1, 0) != 1)
			return failed("send");
	}
	puts("reached");
	return 0;
}

/* The peer's end, in a process of its own: bound to an address if one is given. */
static int call(const struct sockaddr_storage *to, socklen_t length, const char *from)
{
	struct sockaddr_storage own;
	socklen_t own_length;
	int fd = socket(to->ss_family, SOCK_STREAM, 0);
	char byte;

	if (fd < 0)
		return failed("peer's socket");
	if (from) {
		own_length = address_of(&own, from, "0");
		if (bind(fd, (void *)&own, own_length))
			return failed("peer's bind");
	}
	if (connect(fd, (void *)to, length))
		return failed("peer's connect");
	if (write(fd, "x", 1) != 1 || read(fd, &byte, 1) != 1)
		return 1;
	return 0;
}

static int serve(const char *address, const char *port, const char *from)
{
	struct sockaddr_storage at;
	socklen_t length = address_of(&at, address, port);
	int fd = socket(at.ss_family, SOCK_STREAM, 0), one = 1, peer;
	char byte;
	pid_t caller;

	if (fd < 0)
		return failed("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&at, length))
		return failed("bind");
	if (listen(fd, 1))
		return failed("listen");
	caller = fork();
	if (!caller)
		_exit(call(&at, length, from));
	peer = accept(fd, NULL, NULL);
	if (peer < 0)
		return failed("accept");
	if (read(peer, &byte, 1) != 1)
		return failed("read");
	if (write(peer, &byte, 1) != 1)
		return failed("write");
	waitpid(caller, NULL, 0);
	puts("served");
	return 0;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	self = slash ? slash + 1 : argv[0];
	if (!strcmp(self, "arping"))
		return make(AF_PACKET, SOCK_RAW, 0);
	if (!strcmp(self, "ping"))
		return make(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (argc < 4)
		return 2;
	if (!strcmp(argv[1], "socket"))
		return make(number(families, argv[2]), number(types, argv[3]), argc > 4 ? atoi(argv[4]) : 0);
	if (!strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	return reach(argv[1], argv[2], argv[3]);
}
