#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct net_name resolve_name(const struct address_of *address)
{
	struct net_name name = {.text = ""};
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->socket.any.sa_family == AF_UNIX) {
		name.is_path = true;
		snprintf(name.text, sizeof name.text, "%.*s", (int)sizeof address->socket.path.sun_path,
			 address->socket.path.sun_path);
	} else if (address->socket.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->socket.v6.sin6_addr, host, sizeof host);
		snprintf(name.text, sizeof name.text, "[%s]:%d", host, ntohs(address->socket.v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address->socket.v4.sin_addr, host, sizeof host);
		snprintf(name.text, sizeof name.text, "%s:%d", host, ntohs(address->socket.v4.sin_port));
	}
	return name;
}

static struct address_of of_v6(const struct in6_addr *host, uint32_t zone, int port)
{
	return (struct address_of){.socket.v6 = {.sin6_family = AF_INET6,
						 .sin6_port = htons((uint16_t)port),
						 .sin6_addr = *host,
						 .sin6_scope_id = zone},
				   .length = sizeof(struct sockaddr_in6)};
}

static struct address_of of_v4(struct in_addr host, int port)
{
	return (struct address_of){
	    .socket.v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = host},
	    .length = sizeof(struct sockaddr_in)};
}

static struct address_of of_path(const char *path)
{
	struct address_of address = {.length = sizeof(struct sockaddr_un)};

	address.socket.path.sun_family = AF_UNIX;
	snprintf(address.socket.path.sun_path, sizeof address.socket.path.sun_path, "%s", path);
	return address;
}

static struct address_of *allocate(size_t count, struct result *result)
{
	struct address_of *addresses = calloc(count, sizeof *addresses);

	if (!addresses)
		result_no_resources(result, "connecting", ENOMEM);
	return addresses;
}

/* localhost and names below it are loopback by definition (RFC 6761, section 6.3). */
static bool is_localhost(const char *host)
{
	static const char suffix[] = ".localhost";
	size_t length = strlen(host);

	if (length > 0 && host[length - 1] == '.')
		length--;
	return (length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	       (length > 10 && strncasecmp(host + length - 10, suffix, 10) == 0);
}

/* What the resolver's thread reads and writes. It frees nothing, since at the deadline it is left alone. */
struct lookup {
	char host[256];
	int family;
	int status;
	int number; /* errno, for EAI_SYSTEM */
	struct addrinfo *found;
};

static void look_up(void *argument)
{
	struct lookup *lookup = argument;
	struct addrinfo hints = {.ai_family = lookup->family, .ai_socktype = SOCK_STREAM};

	lookup->status = getaddrinfo(lookup->host, NULL, &hints, &lookup->found);
	lookup->number = errno;
}

static ssize_t bad_lookup(const struct endpoint *endpoint, int status, int number, struct result *result)
{
	/* Some C libraries tell a name without addresses from one that does not exist, others do not. */
	bool nothing = status == EAI_NONAME || status == EAI_FAMILY;
#ifdef EAI_NODATA
	nothing = nothing || status == EAI_NODATA;
#endif
#ifdef EAI_ADDRFAMILY
	nothing = nothing || status == EAI_ADDRFAMILY;
#endif
	const char *why = nothing && endpoint->family == AF_UNSPEC ? "no such host"
			  : nothing                                ? "no such host with an address of that family"
			  : status == EAI_AGAIN                    ? "no name server answered"
			  : status == EAI_SYSTEM                   ? error_words(number)
								   : gai_strerror(status);

	if (status == EAI_MEMORY)
		result_no_resources(result, "connecting", ENOMEM);
	else
		result_set(result, UNKNOWN, REASON_NAME_NOT_RESOLVED, "lookup %s: %s", endpoint->host, why);
	return -1;
}

/* Copies what the resolver found. */
static ssize_t take(const struct addrinfo *list, int port, struct address_of **found, struct result *result)
{
	ssize_t count = 0;

	for (const struct addrinfo *at = list; at; at = at->ai_next)
		count++;
	*found = allocate((size_t)count, result);
	if (!*found)
		return -1;
	count = 0;
	for (const struct addrinfo *at = list; at; at = at->ai_next) {
		const struct sockaddr_in6 *v6 = (const void *)at->ai_addr;
		const struct sockaddr_in *v4 = (const void *)at->ai_addr;
		if (at->ai_family == AF_INET6)
			(*found)[count++] = of_v6(&v6->sin6_addr, v6->sin6_scope_id, port);
		else if (at->ai_family == AF_INET)
			(*found)[count++] = of_v4(v4->sin_addr, port);
	}
	return count;
}

static ssize_t resolve_host(const struct endpoint *endpoint, const struct deadline *deadline, struct address_of **found,
			    struct result *result)
{
	struct lookup *lookup = calloc(1, sizeof *lookup);
	ssize_t count;

	if (!lookup) {
		result_no_resources(result, "connecting", ENOMEM);
		return -1;
	}
	snprintf(lookup->host, sizeof lookup->host, "%s", endpoint->host);
	lookup->family = endpoint->family;
	int status = deadline_call(deadline, look_up, lookup);
	if (status == -1) {
		char doing[300];
		snprintf(doing, sizeof doing, "lookup %s: no answer from a name server", endpoint->host);
		result_stopped(result, deadline, doing);
		return -1;
	}
	if (status == -2) {
		result_no_resources(result, "looking up the name", errno);
		free(lookup);
		return -1;
	}
	if (lookup->status != 0) {
		count = bad_lookup(endpoint, lookup->status, lookup->number, result);
	} else {
		count = take(lookup->found, endpoint->port, found, result);
		freeaddrinfo(lookup->found);
	}
	free(lookup);
	return count;
}

ssize_t resolve_endpoint(const struct endpoint *endpoint, const struct deadline *deadline, struct address_of **found,
			 struct result *result)
{
	const char *host = endpoint->host ? endpoint->host : "localhost";
	struct in_addr v4 = {htonl(INADDR_LOOPBACK)};
	struct in6_addr v6 = IN6ADDR_LOOPBACK_INIT;
	bool local = is_localhost(host);
	bool is_v4 = local || inet_pton(AF_INET, host, &v4) == 1, is_v6 = local || inet_pton(AF_INET6, host, &v6) == 1;
	ssize_t count = 0;

	*found = NULL;
	if (!endpoint->unix_socket && !is_v4 && !is_v6)
		return resolve_host(endpoint, deadline, found, result);
	*found = allocate(2, result);
	if (!*found)
		return -1;
	if (endpoint->unix_socket)
		(*found)[count++] = of_path(endpoint->unix_socket);
	else if (is_v6 && endpoint->family != AF_INET)
		(*found)[count++] = of_v6(&v6, 0, endpoint->port);
	if (!endpoint->unix_socket && is_v4 && endpoint->family != AF_INET6)
		(*found)[count++] = of_v4(v4, endpoint->port);
	return count ? count : bad_lookup(endpoint, EAI_FAMILY, 0, result);
}
