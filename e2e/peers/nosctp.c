// Preloaded into osmo-msc: SCTP, which carries its radio side and which many
// kernels lack, becomes TCP. Its SMPP side has nothing to do with it, but without
// the sockets of the other it does not start.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

int socket(int domain, int type, int protocol)
{
	static int (*next)(int, int, int);
	if (!next)
		next = dlsym(RTLD_NEXT, "socket");
	if (protocol == IPPROTO_SCTP)
		return next(domain, (type & ~0xf) | SOCK_STREAM, 0);
	return next(domain, type, protocol);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	static int (*next)(int, int, int, const void *, socklen_t);
	if (!next)
		next = dlsym(RTLD_NEXT, "setsockopt");
	if (level == IPPROTO_SCTP)
		return 0;
	return next(fd, level, name, value, size);
}
