#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"
#include "resolve.h"

/* How long a silent address holds the next one back (RFC 8305, section 5). */
#define STAGGER (250 * (int64_t)DEADLINE_MS)
/* A Unix socket whose queue is full says so at once, and has to be asked again. */
#define UNIX_RETRY (5 * (int64_t)DEADLINE_MS)

/* One address, and what came of trying it. */
struct attempt {
	struct address_of address;
	int fd;    /* -1: not open */
	int error; /* errno once it has said no */
	bool started;
	int64_t started_at, ended_at;
};

struct dial {
	const struct endpoint *endpoint;
	const struct deadline *deadline;
	struct result *result;
	struct attempt *attempts;
	size_t count;
};

struct endpoint net_endpoint(const struct spec *spec)
{
	return (struct endpoint){
	    .host = spec->address.host,
	    .port = spec->address.port,
	    .unix_socket = spec->unix_socket,
	    .family = spec->ipv4   ? AF_INET
		      : spec->ipv6 ? AF_INET6
				   : AF_UNSPEC,
	    .network = "tcp",
	};
}

int net_take_address(struct spec *spec, const char *text, struct error *error)
{
	struct slice host;

	if (value_address(text, &host, &spec->address.port, error) != 0)
		return -1;
	if (host.at && !(spec->address.host = spec_keep(spec, host, error)))
		return -1;
	return 0;
}

int net_take_target(struct spec *spec, const char *text, struct error *error)
{
	if (strncmp(text, "unix:", 5) != 0)
		return net_take_address(spec, text, error);
	spec->unix_socket = text + 5;
	return 0;
}

int net_validate(const struct spec *spec, const char *usage, struct error *error)
{
	const size_t limit = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;

	if (spec->unix_socket) {
		size_t length = strlen(spec->unix_socket);
		if (length == 0)
			return error_set(error, "%s: the path of the Unix socket is empty", spec->probe->name);
		if (length > limit)
			return error_set(error,
					 "%s: the path of the Unix socket has %zu bytes: the kernel takes %zu at most",
					 spec->probe->name, length, limit);
		if (spec->address.port && spec->probe->bit != PROBE_HTTP)
			return error_set(error, "%s: a port and a Unix socket exclude each other: give one of them",
					 spec->probe->name);
	} else if (spec->address.port == 0) {
		return error_set(error, "%s: no target: give %s", spec->probe->name, usage);
	}
	return 0;
}

void net_describe(const struct spec *spec, struct buf *target)
{
	bool bracket = strchr(spec->address.host, ':') != NULL;

	if (spec->unix_socket)
		buf_printf(target, "unix:%s", spec->unix_socket);
	else
		buf_printf(target, "%s%s%s:%d", bracket ? "[" : "", spec->address.host, bracket ? "]" : "",
			   spec->address.port);
}

/* Finds the addresses, an attempt for each. Returns 0, or -1 with the result set. */
static int prepare(struct dial *dial)
{
	struct address_of *found;
	int64_t start = deadline_now();
	ssize_t count = resolve_endpoint(dial->endpoint, dial->deadline, &found, dial->result);

	if (count >= 0) {
		result_phase(&dial->result->phases.resolve, deadline_now() - start);
		dial->attempts = calloc((size_t)count, sizeof *dial->attempts);
		if (!dial->attempts)
			result_no_resources(dial->result, "connecting", ENOMEM);
		else
			dial->count = (size_t)count;
	}
	for (size_t i = 0; i < dial->count; i++)
		dial->attempts[i] = (struct attempt){.address = found[i], .fd = -1};
	free(found);
	return dial->count ? 0 : -1;
}

static void end_attempt(struct attempt *attempt, int error)
{
	attempt->error = error;
	attempt->ended_at = deadline_now();
	if (error && attempt->fd >= 0) {
		close(attempt->fd);
		attempt->fd = -1;
	}
}

/* A path that is there, and is no socket? */
static bool is_no_socket(const struct attempt *attempt)
{
	struct stat status;

	return attempt->address.socket.any.sa_family == AF_UNIX &&
	       stat(attempt->address.socket.path.sun_path, &status) == 0 && !S_ISSOCK(status.st_mode);
}

/* Has this machine no address to ask from, as where there is no IPv6? A datagram socket, whose ports are others, tells
 * without sending anything. */
static bool lacks_address(const struct attempt *attempt)
{
	int fd = socket(attempt->address.socket.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool lacks = fd >= 0 && connect(fd, &attempt->address.socket.any, attempt->address.length) != 0 &&
		     errno == EADDRNOTAVAIL;

	if (fd >= 0)
		close(fd);
	return lacks;
}

/* Where the kernel has one answer for two troubles, the errno of the other. */
static int told_apart(const struct attempt *attempt, int error)
{
	if (error == ECONNREFUSED && is_no_socket(attempt))
		return ENOTSOCK;
	/* The ports ran out, for which datagrams have this. */
	if (error == EADDRNOTAVAIL && !lacks_address(attempt))
		return EAGAIN;
	return error;
}

/* Returns true when it is connected at once. */
static bool start_attempt(struct attempt *attempt)
{
	/* With 0 the kernel would send RST on close, which servers log as an error. */
	static const struct linger linger = {.l_onoff = 1, .l_linger = 1};

	attempt->started = true;
	attempt->started_at = deadline_now();
	attempt->error = 0;
	attempt->fd = socket(attempt->address.socket.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (attempt->fd < 0) {
		end_attempt(attempt, errno);
		return false;
	}
	if (attempt->address.socket.any.sa_family != AF_UNIX)
		setsockopt(attempt->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	if (connect(attempt->fd, &attempt->address.socket.any, attempt->address.length) == 0) {
		end_attempt(attempt, 0);
		return true;
	}
	if (errno != EINPROGRESS)
		end_attempt(attempt, told_apart(attempt, errno));
	return false;
}

/* The kernel cannot tell by which interface a link-local address is to be reached. */
static bool lacks_zone(const struct attempt *attempt)
{
	const struct sockaddr_in6 *v6 = &attempt->address.socket.v6;

	return attempt->error == EINVAL && v6->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
	       v6->sin6_scope_id == 0;
}

static bool lacks_port(const struct attempt *attempt)
{
	return attempt->error == EAGAIN && attempt->address.socket.any.sa_family != AF_UNIX;
}

/* What one attempt came to, in words. */
static const char *attempt_words(const struct attempt *attempt)
{
	return lacks_zone(attempt)   ? "a link-local address needs its interface, as in [fe80::1%eth0]"
	       : lacks_port(attempt) ? "no local port is free"
	       : attempt->error      ? error_words(attempt->error)
				     : "no answer";
}

int net_heard(int error)
{
	return error == EACCES ? EHOSTUNREACH : error;
}

bool net_is_answer(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EAFNOSUPPORT:
	case ENOENT:
	case ENOTDIR:
	case EPROTOTYPE:
	case ENOTSOCK:
	case EPROTO:
	case ENOPROTOOPT:
	case EINVAL:
	case EADDRNOTAVAIL:
		return true;
	default:
		return false;
	}
}

enum reason net_reason(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return REASON_CONNECTION_REFUSED;
	case ECONNRESET:
	case ECONNABORTED:
		return REASON_CONNECTION_RESET;
	case ENOENT:
	case ENOTDIR:
	case EPROTOTYPE:
	case ENOTSOCK:
		return REASON_NO_SOCKET;
	case EACCES:
	case EPERM:
		return REASON_PERMISSION_DENIED;
	case ETIMEDOUT:
		return REASON_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EAGAIN:
		return REASON_OUT_OF_RESOURCES;
	default:
		return REASON_UNREACHABLE;
	}
}

/* Says in the result what every address answered. */
static void give_up(struct dial *dial, bool stopped)
{
	struct buf all = {0};
	enum reason reason = REASON_UNREACHABLE;
	enum verdict verdict = FAILURE;

	for (size_t i = 0; i < dial->count; i++) {
		const struct attempt *attempt = &dial->attempts[i];
		const char *answer = attempt->started ? attempt_words(attempt) : "not tried";
		buf_printf(&all, "%sdial %s %s: %s", i ? "; " : "",
			   attempt->address.socket.any.sa_family == AF_UNIX ? "unix" : dial->endpoint->network,
			   resolve_name(&attempt->address).text, answer);
		if (verdict == FAILURE) {
			reason = net_reason(attempt->error);
			if (!net_is_answer(attempt->error) || lacks_zone(attempt))
				verdict = UNKNOWN;
		}
	}
	if (stopped)
		result_stopped(dial->result, dial->deadline, buf_string(&all));
	else
		result_set(dial->result, verdict, reason, "%s", buf_string(&all));
	buf_free(&all);
}

/* Looks at one attempt that poll found ready. Returns true when it is connected. */
static bool finish_attempt(struct attempt *attempt)
{
	int error = 0;
	socklen_t length = sizeof error;

	if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		error = errno;
	/* A refusal is ECONNREFUSED; who resets a connection had it open. */
	if (error == ECONNRESET || error == EPIPE)
		error = 0;
	end_attempt(attempt, net_heard(error));
	return error == 0;
}

/* Tries the addresses. Returns the index of the one that opened, or -1 with the result set. */
static ssize_t race(struct dial *dial)
{
	struct pollfd *polled = calloc(dial->count, sizeof *polled);
	ssize_t winner = -1;
	size_t next = 0;
	int64_t next_at = 0;

	if (!polled) {
		result_no_resources(dial->result, "connecting", ENOMEM);
		return -1;
	}
	while (winner < 0) {
		bool pending = false;
		while (next < dial->count && deadline_now() >= next_at) {
			struct attempt *attempt = &dial->attempts[next];
			if (start_attempt(attempt)) {
				winner = (ssize_t)next;
				break;
			}
			bool full = attempt->error == EAGAIN && attempt->address.socket.any.sa_family == AF_UNIX;
			next_at = full ? deadline_now() + UNIX_RETRY : attempt->error ? 0 : deadline_now() + STAGGER;
			if (!full)
				next++;
		}
		for (size_t i = 0; i < next; i++) {
			polled[i] = (struct pollfd){.fd = dial->attempts[i].fd, .events = POLLOUT};
			pending = pending || polled[i].fd >= 0;
		}
		if (winner >= 0 || (!pending && next == dial->count))
			break;
		int ready = deadline_poll(dial->deadline, polled, (nfds_t)next,
					  next < dial->count ? next_at : DEADLINE_NEVER);
		if (ready < 0) {
			give_up(dial, true);
			free(polled);
			return -1;
		}
		for (size_t i = 0; i < next && ready > 0 && winner < 0; i++) {
			if (polled[i].fd < 0 || polled[i].revents == 0)
				continue;
			if (finish_attempt(&dial->attempts[i]))
				winner = (ssize_t)i;
			else
				next_at = 0;
		}
	}
	if (winner < 0)
		give_up(dial, false);
	free(polled);
	return winner;
}

static void note_attempts(struct dial *dial, ssize_t winner)
{
	for (size_t i = 0; i < dial->count && dial->result->detail; i++) {
		const struct attempt *attempt = &dial->attempts[i];
		if (!attempt->started)
			continue;
		const char *answer = (ssize_t)i == winner ? "connected" : attempt_words(attempt);
		int64_t end = attempt->ended_at ? attempt->ended_at : deadline_now();
		result_attempt(dial->result, resolve_name(&attempt->address).text, answer, end - attempt->started_at);
	}
}

int net_dial(const struct endpoint *endpoint, const struct deadline *deadline, struct net_name *peer,
	     struct result *result)
{
	struct dial dial = {.endpoint = endpoint, .deadline = deadline, .result = result};
	int fd = -1;

	if (prepare(&dial) == 0) {
		int64_t resolved = deadline_now();
		ssize_t winner = race(&dial);
		note_attempts(&dial, winner);
		if (winner >= 0) {
			fd = dial.attempts[winner].fd;
			*peer = resolve_name(&dial.attempts[winner].address);
			dial.attempts[winner].fd = -1;
			result_phase(&result->phases.connect, deadline_now() - resolved);
		}
	}
	for (size_t i = 0; i < dial.count; i++) {
		if (dial.attempts[i].fd < 0)
			continue;
		/* One that came second may be open as well, and would be waited for. */
		setsockopt(dial.attempts[i].fd, SOL_SOCKET, SO_LINGER, &(struct linger){0}, sizeof(struct linger));
		close(dial.attempts[i].fd);
	}
	free(dial.attempts);
	return fd;
}

ssize_t net_open_datagrams(const struct endpoint *endpoint, const struct deadline *deadline, struct net_peer **peers,
			   struct result *result)
{
	struct dial dial = {.endpoint = endpoint, .deadline = deadline, .result = result};
	ssize_t count = -1;

	*peers = NULL;
	if (prepare(&dial) == 0) {
		*peers = calloc(dial.count, sizeof **peers);
		if (*peers)
			count = (ssize_t)dial.count;
		else
			result_no_resources(result, "connecting", ENOMEM);
	}
	for (ssize_t i = 0; i < count; i++) {
		const struct attempt *attempt = &dial.attempts[i];
		struct net_peer *peer = &(*peers)[i];
		peer->name = resolve_name(&attempt->address);
		peer->fd = socket(attempt->address.socket.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		/* Once connected, the socket tells of a port that is unreachable, and takes replies from there alone.
		 */
		if (peer->fd >= 0 && connect(peer->fd, &attempt->address.socket.any, attempt->address.length) == 0)
			continue;
		peer->error = errno;
		if (peer->fd >= 0)
			close(peer->fd);
		peer->fd = -1;
	}
	free(dial.attempts);
	return count;
}
