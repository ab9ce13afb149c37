#ifndef NET_H
#define NET_H

#include <sys/types.h>

#include "buf.h"
#include "deadline.h"
#include "result.h"
#include "spec.h"

/* Where to connect. host NULL is localhost; a unix_socket takes the place of host and port. */
struct endpoint {
	const char *host;
	int port;
	const char *unix_socket;
	int family;          /* AF_UNSPEC, AF_INET or AF_INET6 */
	const char *network; /* "tcp" or "udp", as messages name it */
};

/* "127.0.0.1:80", "[::1]:80", or the path of a Unix socket, cut to fit. */
struct net_name {
	char text[120];
	bool is_path;
};

/* The endpoint that the spec names. */
struct endpoint net_endpoint(const struct spec *spec);

/* Takes "[HOST]:PORT" for the spec, or with net_take_target "unix:PATH" too. Returns 0, or -1 with the error set. */
int net_take_address(struct spec *spec, const char *text, struct error *error);
int net_take_target(struct spec *spec, const char *text, struct error *error);

/* Part of a probe's validation: a port or a Unix socket is there (but for http not both), and the latter's path is one
 * that the kernel takes. `usage` says what can be given instead of nothing. Returns 0, or -1 with the error set. */
int net_validate(const struct spec *spec, const char *usage, struct error *error);

/* Adds "HOST:PORT" or "unix:PATH". */
void net_describe(const struct spec *spec, struct buf *target);

/* Opens a connection: every address of the name is tried, the next one at once when one has said no and after 250 ms
 * when it is silent (RFC 8305). localhost is ::1 and 127.0.0.1 without asking a resolver. Returns a connected,
 * non-blocking, close-on-exec socket with SO_LINGER 1 s, as the kubelet's dialer sets it (pkg/probe/dialer_others.go),
 * and fills `peer` with its address; or -1 with the verdict in the result. */
int net_dial(const struct endpoint *endpoint, const struct deadline *deadline, struct net_name *peer,
	     struct result *result);

/* One address of an endpoint, for datagrams. */
struct net_peer {
	int fd;    /* connected, non-blocking; -1 when that did not work: see error */
	int error; /* errno */
	struct net_name name;
};

/* Opens a datagram socket to every address of the endpoint; nothing is sent. Returns how many there are, in an array
 * that the caller frees after closing the sockets; or -1 with the verdict in the result. */
ssize_t net_open_datagrams(const struct endpoint *endpoint, const struct deadline *deadline, struct net_peer **peers,
			   struct result *result);

/* An errno that came after we had asked, and not when we did, is the network's: what ICMPv6 calls prohibited is EACCES
 * then, as if this machine had forbidden it. Returns the one that it is over IPv4, EHOSTUNREACH, and others as they
 * are. */
int net_heard(int error);

/* Did this errno come from the network's side, as an answer for the target? Whatever else stopped us is our own trouble
 * and says nothing about the target. */
bool net_is_answer(int error);

/* The reason that goes with it. */
enum reason net_reason(int error);

#endif
