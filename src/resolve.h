#ifndef RESOLVE_H
#define RESOLVE_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "deadline.h"
#include "net.h"
#include "result.h"

/* An address of any kind that a socket connects to. */
struct address_of {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un path;
	} socket;
	socklen_t length;
};

/* Finds the addresses of an endpoint, in the order in which they are to be tried: localhost is ::1 and 127.0.0.1
 * without asking a resolver (RFC 6761, section 6.3), and a name is looked up within the deadline. Returns how many
 * there are, one at least, in an array that the caller frees; or -1 with the verdict in the result. */
ssize_t resolve_endpoint(const struct endpoint *endpoint, const struct deadline *deadline, struct address_of **found,
			 struct result *result);

/* How messages name an address. */
struct net_name resolve_name(const struct address_of *address);

#endif
