/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Sockets. What these hooks answer when they cannot decide: -EACCES if the plan's network class can block anything,
 * else 0; counted either way.
 *
 * A socket is judged by what it is (family, type, protocol), and where there is a peer also by direction, port and
 * address: one name for all of it (plan.h), one walk. The addresses are the kernel's own copies, made before the hook
 * runs (net/socket.c, move_addr_to_kernel), so no other thread can change them in between.
 *
 * An incoming connection is complete before accept() sees it, and no hook there knows the peer. The accepted socket
 * is therefore marked, and judged by its peer at the first byte it receives or sends: the program may accept an
 * unwanted caller, and can neither hear nor answer it.
 *
 * The kernel's own sockets (of NFS, of a tunnel) are nobody's.
 */

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5

#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58
#define IPPROTO_SCTP 132
#define IPPROTO_MPTCP 262

/* Which socket was accepted: its peer called us. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} accepted SEC(".maps");

/* struct sockaddr_in, and the longer sockaddr_in6. */
struct network_address {
	__u16 family;
	__u16 port;
	__u32 four;
	__u32 six[4];
	__u32 scope;
};

static __always_inline char network_family_letter(__u32 family)
{
	switch (family) {
	case AF_INET:
		return '4';
	case AF_INET6:
		return '6';
	case AF_UNIX:
		return 'u';
	case AF_NETLINK:
		return 'n';
	case AF_PACKET:
		return 'p';
	}
	return 'o';
}

/* The letters of types 1 to 10; 7 to 9 do not exist (include/linux/net.h). */
static __always_inline char network_type_letter(__u32 type)
{
	switch (type) {
	case SOCK_STREAM:
		return 's';
	case SOCK_DGRAM:
		return 'd';
	case SOCK_RAW:
		return 'r';
	case 4:
		return 'm';
	case SOCK_SEQPACKET:
		return 'q';
	case 6:
		return 'c';
	case 10:
		return 'p';
	}
	return 'o';
}

/* What a socket of this type speaks; protocol 0 is the type's own. MPTCP is TCP to whoever does not speak it. */
static __always_inline char network_protocol_letter(__u32 type, __u32 protocol)
{
	if (type == SOCK_STREAM && (!protocol || protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
		return 't';
	if (type == SOCK_DGRAM && (!protocol || protocol == IPPROTO_UDP))
		return 'u';
	if ((type == SOCK_DGRAM || type == SOCK_RAW) && protocol == IPPROTO_ICMP)
		return 'i';
	if ((type == SOCK_DGRAM || type == SOCK_RAW) && protocol == IPPROTO_ICMPV6)
		return 'j';
	if ((type == SOCK_SEQPACKET && !protocol) || ((type == SOCK_STREAM || type == SOCK_SEQPACKET) && protocol == IPPROTO_SCTP))
		return 's';
	return 'o';
}

static __always_inline char hex_digit(__u8 nibble)
{
	return nibble < 10 ? '0' + nibble : 'a' + nibble - 10;
}

static __always_inline void hex_byte(char *text, __u8 byte)
{
	text[0] = hex_digit(byte >> 4);
	text[1] = hex_digit(byte & 15);
}

#define NETWORK_HEAD 4
#define NETWORK_PORT (NETWORK_HEAD + 4)

static __always_inline void network_letters(char *text, const struct ka_socket *what, __u32 family)
{
	text[0] = what->direction;
	text[1] = network_family_letter(family);
	text[2] = network_type_letter(what->type);
	text[3] = network_protocol_letter(what->type, what->protocol);
}

static __always_inline void network_head(char *text, const struct ka_socket *what, __u32 family)
{
	network_letters(text, what, family);
	hex_byte(text + NETWORK_HEAD, what->port >> 8);
	hex_byte(text + NETWORK_HEAD + 2, what->port);
}

/*
 * Writes the name of slot->socket to where paths end. An IPv4 address in IPv6 clothes is an IPv4 address, and the
 * unspecified address means this machine (net/ipv4/route.c, ip_route_output_key_hash_rcu; net/ipv6/tcp_ipv6.c,
 * tcp_v6_connect). A function for the stack's sake: its frame is gone when the name is walked.
 */
__noinline int ka_name_socket(struct ka_scratch *slot)
{
	struct ka_socket *what;
	__u32 length = NETWORK_HEAD;
	const __u8 *bytes;
	bool is_mapped, is_four;
	char *end;

	if (!slot)
		return 0;
	what = &slot->socket;
	is_mapped = what->has_address && what->address_family == AF_INET6 && !what->address[0] && !what->address[1] &&
		    what->address[2] == bpf_htonl(0xffff);
	is_four = what->has_address && (what->address_family == AF_INET || is_mapped);
	bytes = (const void *)what->address;
	end = slot->path[0].text + KA_PATH_END;
	*end = 0;
	if (what->direction != KA_NETWORK_SOCKET)
		length = !what->has_address ? NETWORK_PORT : is_four ? NETWORK_PORT + 8 : NETWORK_PORT + 32;
	if (is_four) {
		if (is_mapped)
			what->address[0] = what->address[3];
		if (!what->address[0])
			what->address[0] = bpf_htonl(0x7f000001);
#pragma unroll
		for (int i = 0; i < 4; i++)
			hex_byte(end - 8 + 2 * i, bytes[i]);
		network_head(end - NETWORK_PORT - 8, what, AF_INET);
	} else if (what->has_address) {
		if (!what->address[0] && !what->address[1] && !what->address[2] && !what->address[3])
			what->address[3] = bpf_htonl(1);
#pragma unroll
		for (int i = 0; i < 16; i++)
			hex_byte(end - 32 + 2 * i, bytes[i]);
		network_head(end - NETWORK_PORT - 32, what, AF_INET6);
	} else if (what->direction != KA_NETWORK_SOCKET) {
		network_head(end - NETWORK_PORT, what, what->family);
	} else {
		network_letters(end - NETWORK_HEAD, what, what->family);
	}
	slot->at[0] = KA_PATH_END - length;
	slot->at[1] = -1;
	return 0;
}

/* Judges what slot->path[0] names for slot->subject; 0 or not. */
__noinline int ka_judge_socket(struct ka_scratch *slot)
{
	if (!slot)
		return 0;
	ka_count(KA_COUNTER_DECISIONS);
	slot->match[0].want_below = 0;
	slot->stop = path_namespace_root(bpf_get_current_task_btf());
	if (ka_match(slot, 0, KA_CLASS_NETWORK))
		return 0;
	if (slot->access.options & ACCESS_REPORT_ONLY && (slot->match[0].decide & KA_CELL_VERDICT_MASK) == KA_BLOCK)
		return 0;
	return answer_match(slot, 0);
}

static __always_inline bool is_internet(__u32 family)
{
	return family == AF_INET || family == AF_INET6;
}

/*
 * A slot for an access to a socket, or null and *answer_ is what to say. Who asks is found out in the slot: the stack
 * of these hooks has no room for it.
 */
static __always_inline struct ka_scratch *socket_begin(__u32 hook, __u32 direction, int *answer_)
{
	__u32 flags = task_class_flags(bpf_get_current_task_btf(), KA_CLASS_NETWORK);
	struct ka_scratch *slot;

	*answer_ = 0;
	if (!(flags & KA_CLASS_SPEAKS))
		return 0;
	slot = scratch_take();
	if (!slot) {
		if (flags & KA_CLASS_CAN_BLOCK)
			*answer_ = -EACCES;
		return 0;
	}
	if (!task_subject(&slot->subject)) {
		scratch_give(slot);
		return 0;
	}
	judge_new(slot, KA_CLASS_NETWORK);
	slot->access.hook = hook;
	slot->access.write = 0;
	slot->access.owner_uid[0] = NOBODY;
	slot->socket.direction = direction;
	slot->socket.has_address = 0;
	slot->socket.port = 0;
	return slot;
}

static __always_inline int socket_end(struct ka_scratch *slot)
{
	ka_name_socket(slot);
	return judge_close(slot, ka_judge_socket(slot));
}

static __always_inline void socket_is(struct ka_scratch *slot, const struct sock *sk)
{
	slot->socket.type = sk->sk_type;
	slot->socket.family = sk->__sk_common.skc_family;
	slot->socket.protocol = sk->sk_protocol;
}

/*
 * Takes an address that the kernel copied from a program; false if it names no Internet address. AF_UNSPEC means
 * AF_INET to the calls of AF_INET sockets that send and bind (net/ipv4/udp.c, udp_sendmsg), and to connect the end of
 * a connection.
 */
static __always_inline bool socket_take_address(struct ka_scratch *slot, __u64 address, bool is_connect)
{
	struct network_address from = {};

	if (bpf_probe_read_kernel(&from, sizeof(from), (void *)address))
		return false;
	if (from.family == AF_UNSPEC && slot->socket.family == AF_INET && !is_connect)
		from.family = AF_INET;
	if (!is_internet(from.family))
		return false;
	slot->socket.address_family = from.family;
	slot->socket.has_address = 1;
	slot->socket.port = bpf_ntohs(from.port);
	if (from.family == AF_INET)
		slot->socket.address[0] = from.four;
	else
		__builtin_memcpy(slot->socket.address, from.six, 16);
	return true;
}

/* Takes the peer of a connected socket; false if there is none. */
static __always_inline bool socket_take_peer(struct ka_scratch *slot, const struct sock *sk)
{
	__u32 *to = slot->socket.address;
	__u16 port = bpf_ntohs(sk->__sk_common.skc_dport);

	if (slot->socket.family == AF_INET) {
		to[0] = sk->__sk_common.skc_daddr;
		if (!port && !to[0])
			return false;
	} else {
		if (bpf_core_read(to, 16, &sk->__sk_common.skc_v6_daddr) ||
		    (!port && !to[0] && !to[1] && !to[2] && !to[3]))
			return false;
	}
	slot->socket.address_family = slot->socket.family;
	slot->socket.has_address = 1;
	slot->socket.port = slot->socket.direction == KA_NETWORK_INGRESS ? sk->__sk_common.skc_num : port;
	return true;
}

SEC("lsm/socket_create")
int BPF_PROG(on_socket_create, int family, int type, int protocol, int kern, int ret)
{
	struct ka_scratch *slot;

	if (ret || kern)
		return ret;
	slot = socket_begin(KA_HOOK_SOCKET_CREATE, KA_NETWORK_SOCKET, &ret);
	if (!slot)
		return ret;
	slot->socket.family = family;
	slot->socket.type = type;
	slot->socket.protocol = protocol;
	return socket_end(slot);
}

/* Serving on a port. What listens is told of when it does; a port that the kernel chooses is nobody's business yet. */
SEC("lsm/socket_bind")
int BPF_PROG(on_socket_bind, struct socket *sock, struct sockaddr *address, int length, int ret)
{
	struct ka_scratch *slot;
	struct sock *sk;

	if (ret)
		return ret;
	sk = sock->sk;
	if (!sk)
		return 0;
	slot = socket_begin(KA_HOOK_SOCKET_BIND, KA_NETWORK_INGRESS, &ret);
	if (!slot)
		return ret;
	socket_is(slot, sk);
	if (slot->socket.type == SOCK_STREAM || slot->socket.type == SOCK_SEQPACKET || !is_internet(slot->socket.family))
		slot->access.options = ACCESS_BLOCK_ONLY;
	if (!is_internet(slot->socket.family) || !socket_take_address(slot, (__u64)address, false) || !slot->socket.port)
		slot->socket.direction = KA_NETWORK_SOCKET;
	slot->socket.has_address = 0;
	return socket_end(slot);
}

SEC("lsm/socket_listen")
int BPF_PROG(on_socket_listen, struct socket *sock, int backlog, int ret)
{
	struct ka_scratch *slot;
	struct sock *sk;

	if (ret)
		return ret;
	sk = sock->sk;
	if (!sk)
		return 0;
	slot = socket_begin(KA_HOOK_SOCKET_LISTEN, KA_NETWORK_INGRESS, &ret);
	if (!slot)
		return ret;
	socket_is(slot, sk);
	slot->socket.port = sk->__sk_common.skc_num;
	if (!is_internet(slot->socket.family) || !slot->socket.port)
		slot->socket.direction = KA_NETWORK_SOCKET;
	return socket_end(slot);
}

SEC("lsm/socket_connect")
int BPF_PROG(on_socket_connect, struct socket *sock, struct sockaddr *address, int length, int ret)
{
	struct ka_scratch *slot;
	struct sock *sk;

	if (ret)
		return ret;
	sk = sock->sk;
	if (!sk)
		return 0;
	slot = socket_begin(KA_HOOK_SOCKET_CONNECT, KA_NETWORK_EGRESS, &ret);
	if (!slot)
		return ret;
	socket_is(slot, sk);
	if (!is_internet(slot->socket.family))
		slot->socket.direction = KA_NETWORK_SOCKET;
	else if (!socket_take_address(slot, (__u64)address, true)) {
		scratch_give(slot);
		return 0;
	}
	return socket_end(slot);
}

/* The peer is not known yet; see sock_graft. */
SEC("lsm/socket_accept")
int BPF_PROG(on_socket_accept, struct socket *sock, struct socket *fresh, int ret)
{
	struct ka_scratch *slot;
	struct sock *sk;

	if (ret)
		return ret;
	sk = sock->sk;
	if (!sk)
		return 0;
	slot = socket_begin(KA_HOOK_SOCKET_ACCEPT, KA_NETWORK_INGRESS, &ret);
	if (!slot)
		return ret;
	socket_is(slot, sk);
	slot->access.options = ACCESS_BLOCK_ONLY;
	slot->socket.port = sk->__sk_common.skc_num;
	if (!is_internet(slot->socket.family))
		slot->socket.direction = KA_NETWORK_SOCKET;
	return socket_end(slot);
}

/*
 * An accepted connection gets its socket (include/net/sock.h, sock_graft), in the caller of accept. It cannot be
 * refused here: the mark remembers who called whom. What only reports is told now, once.
 */
SEC("lsm/sock_graft")
int BPF_PROG(on_sock_graft, struct sock *sk, struct socket *parent)
{
	struct ka_scratch *slot;
	int none;

	if (!is_internet(sk->__sk_common.skc_family) || !task_speaks(bpf_get_current_task_btf(), KA_CLASS_NETWORK))
		return 0;
	if (!bpf_sk_storage_get(&accepted, sk, 0, BPF_SK_STORAGE_GET_F_CREATE))
		ka_count(KA_COUNTER_SOCKET_UNMARKED);
	slot = socket_begin(KA_HOOK_SOCKET_ACCEPT, KA_NETWORK_INGRESS, &none);
	if (!slot)
		return 0;
	slot->access.options = ACCESS_REPORT_ONLY;
	socket_is(slot, sk);
	if (socket_take_peer(slot, sk)) {
		ka_name_socket(slot);
		ka_judge_socket(slot);
	}
	judge_close(slot, 0);
	return 0;
}

/*
 * Sending. A datagram to an address of its own is an access as any other, and so is the first data of a TCP
 * connection sent with it (MSG_FASTOPEN), which passes no other hook. On a connected socket the connection was judged;
 * it is looked at again for what was open before the rule, or came from another process.
 *
 * sendmmsg asks once for messages in a row to one address (net/socket.c, ____sys_sendmsg): the answer is the same.
 */
SEC("lsm/socket_sendmsg")
int BPF_PROG(on_socket_sendmsg, struct socket *sock, struct msghdr *msg, int size, int ret)
{
	struct ka_scratch *slot;
	struct sock *sk;
	__u32 direction = KA_NETWORK_EGRESS;

	if (ret)
		return ret;
	if (!task_speaks(bpf_get_current_task_btf(), KA_CLASS_NETWORK))
		return 0;
	sk = sock->sk;
	if (!sk || BPF_CORE_READ_BITFIELD(sk, sk_kern_sock))
		return 0;
	if (is_internet(sk->__sk_common.skc_family) && bpf_sk_storage_get(&accepted, sk, 0, 0))
		direction = KA_NETWORK_INGRESS;
	slot = socket_begin(KA_HOOK_SOCKET_SENDMSG, direction, &ret);
	if (!slot)
		return ret;
	socket_is(slot, sk);
	if (!is_internet(slot->socket.family))
		slot->socket.direction = KA_NETWORK_SOCKET;
	else if (direction == KA_NETWORK_EGRESS && msg->msg_name && socket_take_address(slot, (__u64)msg->msg_name, false))
		return socket_end(slot);
	else if (!socket_take_peer(slot, sk))
		slot->socket.direction = KA_NETWORK_SOCKET;
	slot->access.options = ACCESS_BLOCK_ONLY;
	return socket_end(slot);
}

/* Only of accepted connections is the peer news. */
SEC("lsm/socket_recvmsg")
int BPF_PROG(on_socket_recvmsg, struct socket *sock, struct msghdr *msg, int size, int flags, int ret)
{
	struct ka_scratch *slot;
	struct sock *sk;

	if (ret)
		return ret;
	if (!task_speaks(bpf_get_current_task_btf(), KA_CLASS_NETWORK))
		return 0;
	sk = sock->sk;
	if (!sk || !is_internet(sk->__sk_common.skc_family) || !bpf_sk_storage_get(&accepted, sk, 0, 0))
		return 0;
	slot = socket_begin(KA_HOOK_SOCKET_RECVMSG, KA_NETWORK_INGRESS, &ret);
	if (!slot)
		return ret;
	socket_is(slot, sk);
	slot->access.options = ACCESS_BLOCK_ONLY;
	if (!socket_take_peer(slot, sk)) {
		scratch_give(slot);
		return 0;
	}
	return socket_end(slot);
}
