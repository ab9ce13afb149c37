#include "transfer.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libcurl 7.88, of Debian 12, has faults of its own that are worked around below. */
static const bool curl_is_old = LIBCURL_VERSION_NUM < 0x080000;

/* How long libcurl is left alone when nothing comes. */
#define NUDGE (20 * (int64_t)DEADLINE_MS)

/* The exchange that is under way. */
static struct transfer *current;

/* How long libcurl may read before it has to come back: from a peer that never pauses it would read for ever. */
#define TURN (5 * (int64_t)DEADLINE_MS)

/* libcurl reads by recv, and this one stands before the C library's, for three ends. Its turns are limited: after one
 * there is nothing more to read, as far as it is told. The connection's end is told in a turn of its own, for libcurl
 * 7.88 forgets what it has read before it of HTTP/2 and not looked at. And who answers in another protocol is best told
 * by how the answer starts, which libcurl does not say, and which nobody can look at without a race before it has read.
 */
ssize_t recv(int fd, void *bytes, size_t count, int flags)
{
	bool ours = current && fd == current->socket;

	/* However slow this machine is, each turn gets on. */
	if (ours && current->turn_reads++ > 0 && deadline_now() > current->turn_end) {
		errno = EAGAIN;
		return -1;
	}
	ssize_t received = recvfrom(fd, bytes, count, flags, NULL, NULL);
	if (curl_is_old && ours && received == 0 && current->http2 && current->turn_reads > 1) {
		errno = EAGAIN;
		return -1;
	}
	if (received > 0 && ours && current->first_count < sizeof current->first) {
		size_t room = sizeof current->first - current->first_count;
		size_t taken = (size_t)received < room ? (size_t)received : room;
		memcpy(current->first + current->first_count, bytes, taken);
		current->first_count += taken;
	}
	return received;
}

#if LIBCURL_VERSION_NUM < 0x080000
/* libcurl 7.88 calls connect even for a socket that it was told is connected, which a Unix socket does not take a
 * second time. */
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return current && fd == current->socket ? 0 : (int)syscall(SYS_connect, fd, address, length);
}
#endif

#if LIBCURL_VERSION_NUM < 0x080000 && !defined PROBECTL_STATIC
/* libcurl 7.88 leaves an HTTP/2 connection as soon as nghttp2 wants nothing more of it, which after the server's GOAWAY
 * is at the end of the answer, and then hands on neither the trailers nor what else it has not got to. This one
 * stands before nghttp2's: our request, on a client's first stream, has to be gone, for then its end has been noted. */
int nghttp2_session_want_read(void *session);
int nghttp2_session_want_read(void *session)
{
	int (*wants)(void *) = dlsym(RTLD_NEXT, "nghttp2_session_want_read");
	void *(*request)(void *, int32_t) = dlsym(RTLD_NEXT, "nghttp2_session_get_stream_user_data");

	return !request(session, 1) || wants(session);
}
#endif

/* One for all the exchanges of a probe. It is left to the program's end: its clean-up takes a tenth of a whole probe.
 */
static CURLM *multi;

static curl_socket_t give_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = context;
	int fd = transfer->fd;

	(void)purpose;
	(void)address;
	/* There is one connection; a second one, for a retry, would be a second probe. */
	transfer->asked_again = fd < 0;
	transfer->fd = -1;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int already_connected(void *context, curl_socket_t fd, curlsocktype purpose)
{
	(void)context;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* close() would wait for the peer by SO_LINGER, past the deadline; the program's end does not. */
static int end_socket(void *context, curl_socket_t fd)
{
	(void)context;
	return shutdown(fd, SHUT_RDWR);
}

static int note_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct transfer *transfer = context;

	(void)easy;
	(void)socket_context;
	/* The connection of a redirect before this one may still be there. */
	if (fd != transfer->socket)
		return 0;
	transfer->events = what == CURL_POLL_REMOVE ? CURL_POLL_NONE : what;
	return 0;
}

static int note_timer(CURLM *handle, long milliseconds, void *context)
{
	struct transfer *transfer = context;

	(void)handle;
	transfer->timer_at = milliseconds < 0 ? DEADLINE_NEVER : deadline_now() + (int64_t)milliseconds * DEADLINE_MS;
	return 0;
}

int transfer_open(struct transfer *transfer, const struct spec *spec, const struct endpoint *endpoint,
		  const char *tls_name, const struct deadline *deadline, struct result *result)
{
	const struct net_name *peer = &transfer->peer;
	const char *bundle = NULL;
	char where[sizeof peer->text + 8];

	*transfer = (struct transfer){.fd = -1, .timer_at = DEADLINE_NEVER, .tls_name = tls_name};
	/* Of the last hop only: what came before is in the other phases or is no answer to the probe. */
	result->phases.first_byte = -1;
	if (tls_name && tls_find_trust(spec, &bundle, result) != 0)
		return -1;
	transfer->socket = transfer->fd = net_dial(endpoint, deadline, &transfer->peer, result);
	if (transfer->fd < 0)
		return -1;
	/* libcurl would write the keys of the session to the file that it names. */
	unsetenv("SSLKEYLOGFILE");
	tls_prepare(tls_name != NULL);
	if (!multi && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		result_set(result, UNKNOWN, REASON_INTERNAL_ERROR, "libcurl cannot be initialised");
		return -1;
	}
	multi = multi ? multi : curl_multi_init();
	/* "::" before the address: whatever the URL's host and port, this is where the socket leads. */
	snprintf(where, sizeof where, "::%s", peer->is_path ? "127.0.0.1:1" : peer->text);
	transfer->easy = curl_easy_init();
	transfer->connect_to = curl_slist_append(NULL, where);
	if (!transfer->easy || !multi || !transfer->connect_to) {
		result_no_resources(result, "preparing the request", ENOMEM);
		return -1;
	}
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, note_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transfer);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, note_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to);
	curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETFUNCTION, give_socket);
	curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_SOCKOPTFUNCTION, already_connected);
	curl_easy_setopt(transfer->easy, CURLOPT_CLOSESOCKETFUNCTION, end_socket);
	curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, transfer->words);
	curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
	/* "" also keeps libcurl from looking at http_proxy and its like. */
	curl_easy_setopt(transfer->easy, CURLOPT_PROXY, "");
	/* Its own limit for TCP and TLS together is 300 s; the deadline may be an hour. */
	curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, 2 * 3600000L);
	if (tls_name)
		tls_set_up(transfer->easy, spec, bundle, &transfer->tls);
	return 0;
}

/* libcurl 7.88 writes the parts of an HTTP/2 request one by one. A server that has the first of them may answer and
 * reset the request, and then the answer is dropped for the reset; newer ones write all at once. A Unix socket has no
 * cork. */
static void cork(const struct transfer *transfer, int on)
{
	if (curl_is_old && transfer->http2)
		setsockopt(transfer->socket, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static void begin_turn(struct transfer *transfer)
{
	transfer->turn_reads = 0;
	transfer->turn_end = deadline_now() + TURN;
}

static void act(struct transfer *transfer, curl_socket_t socket, int happened, int *running)
{
	begin_turn(transfer);
	cork(transfer, 1);
	curl_multi_socket_action(multi, socket, happened, running);
	cork(transfer, 0);
}

/* Waits for the socket or the timer, and tells libcurl. Returns false at the end of the time. */
static bool step(struct transfer *transfer, const struct deadline *deadline, int *running)
{
	struct pollfd polled = {.fd = transfer->socket};
	int happened = 0;

	polled.events = (short)((transfer->events & CURL_POLL_IN ? POLLIN : 0) |
				(transfer->events & CURL_POLL_OUT ? POLLOUT : 0));
	/* libcurl 7.88 may hold HTTP/2 frames that it has read and not looked at, and then waits for more. */
	int64_t nudge = transfer->first_count ? deadline_now() + NUDGE : DEADLINE_NEVER;
	int64_t until = nudge < transfer->timer_at ? nudge : transfer->timer_at;
	int ready = deadline_poll(deadline, &polled, polled.events ? 1 : 0, until);
	if (ready < 0)
		return false;
	if (ready == 0 && deadline_now() >= transfer->timer_at) {
		transfer->timer_at = DEADLINE_NEVER;
		act(transfer, CURL_SOCKET_TIMEOUT, 0, running);
		return true;
	}
	if (ready == 0 && deadline_now() < nudge)
		return true;
	happened |= ready == 0 ? CURL_CSELECT_IN : 0;
	happened |= polled.revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0;
	happened |= polled.revents & POLLOUT ? CURL_CSELECT_OUT : 0;
	happened |= polled.revents & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0;
	act(transfer, transfer->socket, happened, running);
	return true;
}

static void add_phases(const struct transfer *transfer, struct result *result)
{
	curl_off_t connected = 0, tls = 0, first = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(transfer->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
	curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	if (tls > 0 && transfer->tls_name)
		result_phase(&result->phases.tls, (tls - connected) * 1000);
	/* libcurl 7.88 takes the connection's end for a first byte as well, and with HTTP/2 the server's settings. */
	if (!transfer->heard_at)
		return;
	int64_t begun = (tls > 0 ? tls : connected) * 1000;
	bool told = first > 0 && !transfer->http2;
	result->phases.first_byte = (told ? first * 1000 : transfer->heard_at - transfer->started_at) - begun;
}

void transfer_hear(void)
{
	if (current && !current->heard_at)
		current->heard_at = deadline_now();
}

void transfer_run(struct transfer *transfer, const struct deadline *deadline, struct result *result)
{
	int running = 1, left;
	CURLMsg *message;

	transfer->code = CURLE_FAILED_INIT;
	transfer->tls.http1 = !transfer->http2 && !transfer->tls.keep;
	transfer->started_at = deadline_now();
	current = transfer;
	if (curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
		return;
	act(transfer, CURL_SOCKET_TIMEOUT, 0, &running);
	while (running && !transfer->stopped)
		transfer->stopped = !step(transfer, deadline, &running);
	while ((message = curl_multi_info_read(multi, &left)))
		if (message->msg == CURLMSG_DONE)
			transfer->code = message->data.result;
	/* The connection is closed, and the session with it, though the handshake may have come to its end. */
	if (transfer->code != CURLE_OK)
		transfer->tls.library = NULL;
	add_phases(transfer, result);
}

/* The errno that a socket would have set. */
static ssize_t stream_status(struct transfer *transfer, CURLcode code, size_t count)
{
	long number = 0;

	if (code == CURLE_OK)
		return (ssize_t)count;
	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
	/* Without an error of the socket it was the peer's TLS that ended, in good order or not. */
	errno = code == CURLE_AGAIN ? EAGAIN : number == ECONNRESET || number == EPIPE ? (int)number : 0;
	return errno ? -1 : 0;
}

static ssize_t read_stream(struct stream *stream, void *bytes, size_t count)
{
	struct transfer *transfer = stream->context;
	size_t got = 0;

	begin_turn(transfer);
	CURLcode code = curl_easy_recv(transfer->easy, bytes, count, &got);

	return stream_status(transfer, code, got);
}

static ssize_t write_stream(struct stream *stream, const void *bytes, size_t count)
{
	struct transfer *transfer = stream->context;
	size_t put = 0;
	CURLcode code = curl_easy_send(transfer->easy, bytes, count, &put);
	ssize_t status = stream_status(transfer, code, put);

	if (status == 0)
		errno = EPIPE;
	return status ? status : -1;
}

struct stream transfer_stream(struct transfer *transfer)
{
	return (struct stream){.fd = transfer->socket, .read = read_stream, .write = write_stream, .context = transfer};
}

int transfer_add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return -1;
	*list = longer;
	return 0;
}

void transfer_close(struct transfer *transfer)
{
	current = NULL;
	tls_library_forget();
	if (transfer->tls.keep)
		tls_library_close(&transfer->tls, transfer->socket);
	if (multi && transfer->easy)
		curl_multi_remove_handle(multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->connect_to);
	if (transfer->fd >= 0)
		end_socket(NULL, transfer->fd);
	*transfer = (struct transfer){.fd = -1};
}

void transfer_add_versions(struct buf *out)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	buf_printf(out, "libcurl %s", info->version);
	if (info->ssl_version)
		buf_printf(out, ", %s", info->ssl_version);
	if (info->age >= CURLVERSION_SEVENTH && info->nghttp2_version)
		buf_printf(out, ", nghttp2 %s", info->nghttp2_version);
}
