/* The udp probe: does a datagram bring the right reply? */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"
#include "net.h"
#include "probe.h"

/* How long a silent address holds the next one back, as with tcp. */
#define STAGGER (250 * (int64_t)DEADLINE_MS)

/* The largest datagram, and how much of a reply a message shows. */
enum { DATAGRAM = 64 << 10, SHOWN = 100 };

/* How many datagrams of one address are read at a time. */
enum { BURST = 64 };

/* What was said with one address: when it was asked, and when it replied or said no; 0 for not. */
struct turn {
	int64_t asked, ended;
};

struct query {
	const struct spec *spec;
	const struct deadline *deadline;
	struct result *result;
	struct net_peer *peers;
	struct turn *turns;
	struct pollfd *polled;
	size_t count, next; /* all addresses; the first that nothing was sent to */
	int64_t next_at;    /* when that is due */
	int64_t start;
	bool answered; /* a reply came, and the result says what is wrong with it */
	char *bytes;   /* room for one */
};

static int validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	(void)deadline;
	if (net_validate(spec, "[HOST]:PORT, --port PORT or .udp.port", error) != 0)
		return -1;
	if (!spec->send.at)
		return error_set(error, "udp: nothing to send: give --send BYTES or .udp.send, for a server that is "
					"not asked does not answer");
	if (spec->expect_bytes.at && spec->expect_bytes.length == 0)
		return error_set(error, "udp: --expect is empty: give the bytes to wait for");
	return 0;
}

static struct turn *turn_of(struct query *query, const struct net_peer *peer)
{
	return &query->turns[peer - query->peers];
}

/* The address has said no, or we could not ask it. */
static void give_up(struct query *query, struct net_peer *peer, int error)
{
	turn_of(query, peer)->ended = deadline_now();
	close(peer->fd);
	peer->fd = -1;
	peer->error = error;
	/* The next one need not wait for this one any longer. */
	query->next_at = 0;
}

static void ask(struct query *query)
{
	while (query->next < query->count && deadline_now() >= query->next_at) {
		struct net_peer *peer = &query->peers[query->next++];
		int64_t now = deadline_now();
		turn_of(query, peer)->asked = now;
		if (peer->fd < 0) {
			turn_of(query, peer)->ended = now;
			continue;
		}
		query->next_at = now + STAGGER;
		if (send(peer->fd, query->spec->send.at, query->spec->send.length, MSG_NOSIGNAL) < 0)
			give_up(query, peer, errno);
	}
}

/* Judges one reply. Returns true when it ends the probe. */
static bool judge(struct query *query, const struct net_peer *peer, size_t length)
{
	const struct spec *spec = query->spec;
	size_t limit = (size_t)spec->body_limit, kept = length < limit ? length : limit;
	struct slice wanted = spec->expect_bytes;
	struct seen seen = {.what = "the reply", .bytes = query->bytes, .count = kept, .cut = length > kept};
	struct result *result = query->result;
	struct buf shown = {0};

	seen.lacks_expected = wanted.at && !memmem(query->bytes, length, wanted.at, wanted.length);
	if (!query->answered)
		result_phase(&result->phases.first_byte, deadline_now() - query->start);
	query->answered = true;
	expect_quote(&shown, query->bytes, kept, SHOWN);
	result_set(result, SUCCESS, REASON_OK, "received %s from %s", buf_string(&shown), peer->name.text);
	buf_free(&shown);
	result_number(result, "receivedBytes", (double)length);
	result_text(result, "peer", peer->name.text, strlen(peer->name.text));
	if (result->verbose)
		result_text(result, "received", query->bytes, kept);
	expect_judge(spec, &seen, query->deadline, result);
	return result->verdict != FAILURE;
}

/* Takes what one address sent. Returns true when that ends the probe. */
static bool receive(struct query *query, struct net_peer *peer)
{
	/* One that never pauses is looked at again after the others, and after the signals. */
	for (int count = 0; count < BURST && !deadline_over(query->deadline); count++) {
		ssize_t length = recv(peer->fd, query->bytes, DATAGRAM, 0);
		if (length >= 0) {
			turn_of(query, peer)->ended = deadline_now();
			if (judge(query, peer, (size_t)length))
				return true;
		} else if (errno == EAGAIN) {
			return false;
		} else if (errno != EINTR) {
			give_up(query, peer, net_heard(errno));
			return false;
		}
	}
	return false;
}

/* Says in the result what every address answered. */
static void conclude(struct query *query, bool stopped)
{
	enum reason reason = REASON_UNREACHABLE;
	enum verdict verdict = FAILURE;
	struct buf all = {0};

	for (size_t i = 0; i < query->count; i++) {
		const struct net_peer *peer = &query->peers[i];
		buf_printf(&all, "%sudp %s: %s", i ? "; " : "", peer->name.text,
			   peer->fd < 0            ? error_words(peer->error)
			   : i >= query->next      ? "not asked"
			   : query->turns[i].ended ? "no better reply"
						   : "no reply");
		if (verdict == FAILURE && peer->fd < 0) {
			reason = net_reason(peer->error);
			if (!net_is_answer(peer->error))
				verdict = UNKNOWN;
		}
	}
	if (query->answered && !deadline_interrupted()) {
		result_add(query->result, "no better reply came%s", stopped ? " before the deadline" : "");
	} else if (stopped) {
		result_drop(query->result, "failedExpectations");
		result_stopped(query->result, query->deadline, buf_string(&all));
	} else {
		result_set(query->result, verdict, reason, "%s", buf_string(&all));
	}
	buf_free(&all);
}

static void note_attempts(struct query *query)
{
	for (size_t i = 0; i < query->next && query->result->detail; i++) {
		const struct net_peer *peer = &query->peers[i];
		const struct turn *turn = &query->turns[i];
		const char *answer = peer->fd < 0 ? error_words(peer->error) : turn->ended ? "replied" : "no reply";
		int64_t end = turn->ended ? turn->ended : deadline_now();
		result_attempt(query->result, peer->name.text, answer, end - turn->asked);
	}
}

static void exchange(struct query *query)
{
	for (;;) {
		bool waiting = false;
		ask(query);
		for (size_t i = 0; i < query->next; i++) {
			query->polled[i] = (struct pollfd){.fd = query->peers[i].fd, .events = POLLIN};
			waiting = waiting || query->peers[i].fd >= 0;
		}
		if (!waiting && query->next == query->count) {
			conclude(query, false);
			return;
		}
		int64_t until = query->next < query->count ? query->next_at : DEADLINE_NEVER;
		if (deadline_poll(query->deadline, query->polled, (nfds_t)query->next, until) < 0) {
			conclude(query, true);
			return;
		}
		for (size_t i = 0; i < query->next; i++)
			if (query->polled[i].fd >= 0 && query->polled[i].revents && receive(query, &query->peers[i]))
				return;
	}
}

static void run(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct endpoint endpoint = net_endpoint(spec);
	struct query query = {.spec = spec, .deadline = deadline, .result = result};

	endpoint.network = "udp";
	ssize_t count = net_open_datagrams(&endpoint, deadline, &query.peers, result);
	if (count < 0)
		return;
	query.count = (size_t)count;
	query.turns = calloc(query.count, sizeof *query.turns);
	query.polled = calloc(query.count, sizeof *query.polled);
	query.bytes = malloc(DATAGRAM);
	query.start = deadline_now();
	if (query.turns && query.polled && query.bytes) {
		exchange(&query);
		note_attempts(&query);
	} else {
		result_no_resources(result, "waiting for a reply", ENOMEM);
	}
	for (size_t i = 0; i < query.count; i++)
		if (query.peers[i].fd >= 0)
			close(query.peers[i].fd);
	free(query.peers);
	free(query.turns);
	free(query.polled);
	free(query.bytes);
}

const struct probe probe_udp = {
    .name = "udp",
    .bit = PROBE_UDP,
    .json_key = "udp",
    .operands = "[HOST]:PORT --send BYTES",
    .summary = "success when a datagram brings the right reply",
    .take_target = net_take_address,
    .validate = validate,
    .describe = net_describe,
    .run = run,
};
