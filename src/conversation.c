#include "conversation.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "expect.h"

enum {
	CHUNK = 16 << 10,
	/* After so many bytes without a pause the answer is judged and the clock looked at. */
	BURST = 256 << 10,
	SHOWN = 100
};

struct talk {
	const struct spec *spec;
	struct stream *stream;
	const char *peer;
	const struct deadline *deadline;
	struct result *result;

	struct buf content; /* the first body_limit bytes of the answer */
	int64_t total;      /* bytes that came */
	char *window;       /* the last bytes of what came before, and then what comes: a match may lie across */
	size_t carried;     /* bytes of the former */
	bool found;         /* --expect, or it was not given */
	bool ended;         /* the peer has closed */
	int error;          /* errno, when it did not do so in order */
};

bool conversation_wanted(const struct spec *spec)
{
	return spec->send.length || spec->expect_bytes.at || spec->hold_ms || expect_content(spec);
}

/* Why the connection is at its end: "the peer closed the connection", "connection reset by peer". */
static const char *how_it_ended(const struct talk *talk)
{
	return talk->error ? error_words(talk->error) : "the peer closed the connection";
}

static enum reason why_it_ended(const struct talk *talk)
{
	return talk->error ? REASON_CONNECTION_RESET : REASON_CONNECTION_CLOSED;
}

/* Sends all of --send. Returns false with the result set when that does not work. */
static bool send_all(struct talk *talk)
{
	struct slice left = talk->spec->send;

	while (left.length > 0) {
		ssize_t count = talk->stream->write(talk->stream, left.at, left.length);
		if (count >= 0) {
			left.at += count;
			left.length -= (size_t)count;
		} else if (errno == EAGAIN) {
			struct pollfd writable = {.fd = talk->stream->fd, .events = POLLOUT};
			if (deadline_poll(talk->deadline, &writable, 1, DEADLINE_NEVER) < 0) {
				result_stopped(talk->result, talk->deadline, "the peer does not take what is sent");
				return false;
			}
		} else if (errno != EINTR) {
			talk->error = errno == EPIPE ? 0 : errno;
			result_set(talk->result, FAILURE, why_it_ended(talk), "connected to %s: %s before all was sent",
				   talk->peer, how_it_ended(talk));
			return false;
		}
	}
	return true;
}

/* Takes in what came: `count` bytes behind those carried in the window. */
static void take(struct talk *talk, size_t count)
{
	const char *came = talk->window + talk->carried;
	size_t room = (size_t)talk->spec->body_limit - talk->content.length, all = talk->carried + count;
	struct slice wanted = talk->spec->expect_bytes;

	buf_add(&talk->content, came, count < room ? count : room);
	talk->total += (int64_t)count;
	if (talk->found || !wanted.at)
		return;
	talk->found = memmem(talk->window, all, wanted.at, wanted.length) != NULL;
	talk->carried = all < wanted.length - 1 ? all : wanted.length - 1;
	memmove(talk->window, talk->window + all - talk->carried, talk->carried);
}

/* Reads what is there, or a good part of it. Returns until when to wait for more. */
static int64_t receive(struct talk *talk)
{
	for (int64_t limit = talk->total + BURST; talk->total < limit;) {
		ssize_t count = talk->stream->read(talk->stream, talk->window + talk->carried, CHUNK);
		if (count > 0) {
			take(talk, (size_t)count);
			continue;
		}
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EAGAIN)
			return DEADLINE_NEVER;
		talk->ended = true;
		talk->error = count < 0 ? errno : 0;
		break;
	}
	/* What is left may not be in the socket any more: see stream.h. */
	return deadline_now();
}

static enum expect_state judge(struct talk *talk)
{
	struct seen seen = {.what = "the answer",
			    .bytes = buf_string(&talk->content),
			    .count = talk->content.length,
			    .cut = talk->total > (int64_t)talk->content.length,
			    .lacks_expected = !talk->found};
	struct buf shown = {0};

	if (talk->content.failed) {
		result_no_resources(talk->result, "keeping the answer", ENOMEM);
		return EXPECT_BROKEN;
	}
	expect_quote(&shown, seen.bytes, seen.count, SHOWN);
	result_set(talk->result, SUCCESS, REASON_OK, "connected to %s: received %s", talk->peer, buf_string(&shown));
	buf_free(&shown);
	enum expect_state state = expect_judge(talk->spec, &seen, talk->deadline, talk->result);
	/* --expect may come after any number of bytes; the others look no further than this. */
	if (state == EXPECT_FAILS && talk->found && talk->content.length == (size_t)talk->spec->body_limit)
		state = EXPECT_BROKEN;
	return state;
}

/* Is the start of --expect the last that came? Then the answer was on its way. */
static bool is_arriving(const struct talk *talk)
{
	struct slice wanted = talk->spec->expect_bytes;

	if (talk->found)
		return false;
	for (size_t length = talk->carried; length > 0; length--)
		if (memcmp(talk->window + talk->carried - length, wanted.at, length) == 0)
			return true;
	return false;
}

/* The deadline has passed, or a signal came, before the expectations held. */
static void stop(struct talk *talk)
{
	struct buf doing = {0};

	buf_printf(&doing, "connected to %s, ", talk->peer);
	if (talk->total == 0) {
		buf_text(&doing, "it says nothing");
	} else {
		buf_text(&doing, "received ");
		expect_quote(&doing, buf_string(&talk->content), talk->content.length, SHOWN);
	}
	if (talk->total == 0 || deadline_interrupted() || is_arriving(talk)) {
		result_drop(talk->result, "failedExpectations");
		result_stopped(talk->result, talk->deadline, buf_string(&doing));
	} else {
		result_add(talk->result, "nothing better came before the deadline");
	}
	buf_free(&doing);
}

/* Reads until the answer meets the spec. Returns false, with the result set, when it does not. */
static bool await(struct talk *talk)
{
	struct pollfd readable = {.fd = talk->stream->fd, .events = POLLIN};
	int64_t judged = 0;

	for (;;) {
		int64_t until = receive(talk);
		enum expect_state state = talk->total > judged ? judge(talk) : EXPECT_FAILS;
		judged = talk->total;
		if (state == EXPECT_HOLDS)
			return true;
		if (state == EXPECT_BROKEN)
			return false;
		if (talk->ended && talk->total == 0) {
			result_set(talk->result, FAILURE, why_it_ended(talk), "connected to %s: %s without an answer",
				   talk->peer, how_it_ended(talk));
			return false;
		}
		if (talk->ended) {
			result_add(talk->result, "then %s", how_it_ended(talk));
			return false;
		}
		if (deadline_poll(talk->deadline, &readable, 1, until) < 0) {
			stop(talk);
			return false;
		}
	}
}

/* Sees whether the peer keeps the connection open. */
static void hold(struct talk *talk)
{
	struct pollfd readable = {.fd = talk->stream->fd, .events = POLLIN};
	int64_t start = deadline_now(), end = start + talk->spec->hold_ms * DEADLINE_MS;
	char asked[32];

	value_print_duration(asked, sizeof asked, talk->spec->hold_ms);
	for (;;) {
		/* Whatever else it says is of no interest. */
		talk->found = true;
		talk->carried = 0;
		int64_t until = receive(talk);
		int64_t now = deadline_now();
		talk->result->held = now - start;
		if (talk->ended) {
			result_set(talk->result, FAILURE, why_it_ended(talk),
				   "connected to %s: %s after %lld ms, %s were asked for", talk->peer,
				   how_it_ended(talk), (long long)((now - start) / DEADLINE_MS), asked);
			return;
		}
		if (now >= end)
			break;
		if (deadline_poll(talk->deadline, &readable, 1, until < end ? until : end) < 0) {
			result_stopped(talk->result, talk->deadline, "the connection was not held long enough yet");
			return;
		}
	}
	result_add(talk->result, "open after %s", asked);
}

void conversation_run(const struct spec *spec, struct stream *stream, const char *peer, const struct deadline *deadline,
		      struct result *result)
{
	struct talk talk = {.spec = spec,
			    .stream = stream,
			    .peer = peer,
			    .deadline = deadline,
			    .result = result,
			    .window = malloc(spec->expect_bytes.length + CHUNK),
			    .found = spec->expect_bytes.at == NULL};
	bool asks = !talk.found || expect_content(spec);

	if (!talk.window) {
		result_no_resources(result, "reading the answer", ENOMEM);
		return;
	}
	if (send_all(&talk) && (!asks || await(&talk)) && spec->hold_ms)
		hold(&talk);
	if (asks) {
		result_number(result, "receivedBytes", (double)talk.total);
		if (result->verbose)
			result_text(result, "received", buf_string(&talk.content), talk.content.length);
	}
	buf_free(&talk.content);
	free(talk.window);
}
