// SPDX-License-Identifier: GPL-2.0
/* A stand-in for the sockets of libmnl; the linker prefers it to the library's. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <sanitizer/asan_interface.h>

#include "fake_mnl.h"
#include "fuzz.h"

enum { FAMILY = 0x1d };

/**
 * struct mnl_socket - the only one
 * @input: what is left to be received
 * @size: of it
 * @buf: the caller's, of which ASan was told that the end is not data
 * @room: its size
 * @has_family: answer the next request as the controller does
 * @seq: of the last request
 */
struct mnl_socket {
	const uint8_t *input;
	size_t size;
	void *buf;
	size_t room;
	bool has_family;
	uint32_t seq;
};

static struct mnl_socket fake;

void fake_mnl_start(const uint8_t *input, size_t size, bool has_family)
{
	fake = (struct mnl_socket){
		.input = input,
		.size = size,
		.has_family = has_family,
	};
}

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return &fake;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return -1;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

static void forget_buffer(void)
{
	if (fake.buf)
		ASAN_UNPOISON_MEMORY_REGION(fake.buf, fake.room);
	fake.buf = NULL;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	forget_buffer();
	return 0;
}

/* As libmnl's; a request may be built where the last reply was received. */
struct nlmsghdr *mnl_nlmsg_put_header(void *buf)
{
	struct nlmsghdr *nlh = buf;

	forget_buffer();
	memset(nlh, 0, sizeof(*nlh));
	nlh->nlmsg_len = sizeof(*nlh);
	return nlh;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size)
{
	const struct nlmsghdr *nlh = req;

	(void)nl;
	require(nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= size);
	fake.seq = nlh->nlmsg_seq;
	return (ssize_t)size;
}

static size_t family_reply(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf), *ack;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_seq = fake.seq;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	ack = mnl_nlmsg_put_header((char *)buf + nlh->nlmsg_len);
	ack->nlmsg_type = NLMSG_ERROR;
	ack->nlmsg_seq = fake.seq;
	mnl_nlmsg_put_extra_header(ack, sizeof(struct nlmsgerr));
	return nlh->nlmsg_len + ack->nlmsg_len;
}

static size_t take(size_t len)
{
	if (len > fake.size)
		len = fake.size;
	fake.input += len;
	fake.size -= len;
	return len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	const uint8_t *datagram;
	size_t len;

	(void)nl;
	forget_buffer();
	if (fake.has_family) {
		fake.has_family = false;
		return (ssize_t)family_reply(buf);
	}
	if (fake.size < 2) {
		errno = EAGAIN;
		return -1;
	}
	len = fake.input[0] | fake.input[1] << 8;
	take(2);
	datagram = fake.input;
	len = take(len < size ? len : size);
	memcpy(buf, datagram, len);
	ASAN_POISON_MEMORY_REGION((char *)buf + len, size - len);
	fake.buf = buf;
	fake.room = size;
	return (ssize_t)len;
}
