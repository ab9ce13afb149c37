#include "exchange.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "head.h"
#include "net.h"
#include "transfer.h"

/* The most that all header lines together may be. Beyond that there is no answer to wait for, and libcurl's own limit
 * differs from version to version. */
enum { HEADER_LIMIT = 256 << 10 };

/* What libcurl says of a single line that is too long, which older ones call OUT_OF_MEMORY. */
#if LIBCURL_VERSION_NUM >= 0x080600
#define LINE_TOO_LONG CURLE_TOO_LARGE
#else
#define LINE_TOO_LONG CURLE_OUT_OF_MEMORY
#endif

/* Why a callback told libcurl to stop. */
enum stop { GOES_ON, HAS_ENOUGH, TOO_MANY_HEADERS, BAD_VERSION, BAD_STATUS, BAD_FIRST, BAD_HEADER, BAD_LENGTH };

/* What the callbacks see. */
struct reading {
	const struct request *request;
	struct exchange *exchange;
	struct result *result;
	struct buf location;
	size_t header_bytes;
	bool in_headers, first_header, headers_done;
	char length[20]; /* Content-Length, "" for none yet */
	bool bad_length, chunked;
	enum stop stop;
};

/* The head of our request, as libcurl sends it. */
static int note_request(CURL *easy, curl_infotype type, char *bytes, size_t count, void *context)
{
	const struct reading *reading = context;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT)
		head_note_request(reading->result, reading->request->spec, bytes, count);
	return 0;
}

static bool is_redirect_status(int status)
{
	/* The five that Go's client follows; 300, 304 and 305 are answers. */
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* All headers of the final response are here: decides what its redirect comes to. */
static void decide(struct reading *reading)
{
	struct exchange *exchange = reading->exchange;
	const struct spec *spec = reading->request->spec;

	if (!is_redirect_status(exchange->status))
		return;
	exchange->redirection = REDIRECT_NOWHERE;
	if (!reading->location.length)
		return;
	if (place_of_location(&reading->request->place, buf_string(&reading->location), &exchange->next) != 0) {
		exchange->redirection = spec->redirect == REDIRECT_NONE ? REDIRECT_NOWHERE : REDIRECT_BAD;
		return;
	}
	bool same_host = strcasecmp(exchange->next.host, spec->address.host) == 0;
	bool taken = spec->redirect == REDIRECT_FOLLOW || (spec->redirect == REDIRECT_SAME_HOST && same_host);
	/* ftp:// and the like: to another host it is left alone as any, else it cannot be followed. */
	if (taken && exchange->next.scheme == SCHEME_OTHER) {
		exchange->redirection = REDIRECT_BAD;
		return;
	}
	exchange->redirection = taken ? REDIRECT_TAKEN : REDIRECT_LEFT;
}

/* "HTTP/1.1 200 OK" to 200 and "200 OK". Returns false when its status is not three digits, which libcurl takes in some
 * versions and Go's client never. */
static bool take_status_line(struct exchange *exchange, const char *line, size_t length)
{
	const char *space = memchr(line, ' ', length), *end = line + length;

	exchange->status = 0;
	while (space && space < end && *space == ' ')
		space++;
	while (space && end > space && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	size_t rest = space ? (size_t)(end - space) : 0;
	for (size_t i = 0; i < 3 && i < rest && space[i] >= '0' && space[i] <= '9'; i++)
		exchange->status = exchange->status * 10 + (space[i] - '0');
	size_t shown = rest < sizeof exchange->status_text ? rest : sizeof exchange->status_text - 1;
	memcpy(exchange->status_text, rest ? space : "", shown);
	exchange->status_text[shown] = '\0';
	return exchange->status >= 100 && (rest == 3 || space[3] == ' ');
}

/* Keeps a header line for the expectations; one that starts with a blank goes on where the last one ended. */
static void keep_line(struct reading *reading, const char *line, size_t length)
{
	struct buf *headers = &reading->exchange->headers;

	if (reading->request->spec->expect.header_contains.count == 0)
		return;
	if (headers->length && line[0] != ' ' && line[0] != '\t')
		buf_text(headers, "\n");
	buf_add(headers, line, length);
}

/* The value of a header line, without the blanks around it. */
static struct slice value_of(const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length), *end = line + length;
	const char *start = colon ? colon + 1 : end;

	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct slice){start, (size_t)(end - start)};
}

/* libcurl makes something of a length that is none, and of two that differ. Go's client never does (net/http,
 * fixLength), unless the body is in chunks, where it means nothing. */
static void take_length(struct reading *reading, struct slice value)
{
	static const char most[] = "9223372036854775807"; /* of 63 bits, as Go's client counts */
	bool good = value.length > 0 && value.length < sizeof most;

	for (size_t i = 0; good && i < value.length; i++)
		good = value.at[i] >= '0' && value.at[i] <= '9';
	if (good && value.length == sizeof most - 1)
		good = memcmp(value.at, most, value.length) <= 0;
	if (good && *reading->length)
		good = strlen(reading->length) == value.length && memcmp(reading->length, value.at, value.length) == 0;
	if (good) {
		memcpy(reading->length, value.at, value.length);
		reading->length[value.length] = '\0';
	}
	reading->bad_length = reading->bad_length || !good;
}

static size_t stop(struct reading *reading, enum stop why)
{
	reading->stop = why;
	return 0;
}

static size_t read_header(char *line, size_t unit, size_t count, void *context)
{
	struct reading *reading = context;
	size_t length = unit * count, bare = length;
	bool interim = reading->exchange->status >= 100 && reading->exchange->status < 200 &&
		       reading->exchange->status != 101;

	transfer_hear();
	reading->header_bytes += length;
	if (reading->header_bytes > HEADER_LIMIT)
		return stop(reading, TOO_MANY_HEADERS);
	while (bare > 0 && (line[bare - 1] == '\n' || line[bare - 1] == '\r'))
		bare--;
	/* After the body come trailers, which judge nothing. */
	if (reading->headers_done)
		return length;
	if (!reading->in_headers) {
		head_note_response(reading->result, line, bare);
		/* libcurl takes such a line over HTTP/1 too. */
		if (!reading->request->spec->http2 && head_starts(line, bare, "HTTP/2"))
			return stop(reading, BAD_VERSION);
		if (!take_status_line(reading->exchange, line, bare))
			return stop(reading, BAD_STATUS);
		buf_free(&reading->location);
		buf_free(&reading->exchange->headers);
		reading->bad_length = reading->chunked = false;
		reading->length[0] = '\0';
		reading->in_headers = reading->first_header = true;
		return length;
	}
	if (bare == 0) {
		reading->in_headers = false;
		reading->headers_done = !interim;
		if (reading->bad_length && !reading->chunked && !reading->request->spec->http2)
			return stop(reading, BAD_LENGTH);
		if (!interim)
			decide(reading);
		return length;
	}
	head_note_response(reading->result, line, bare);
	keep_line(reading, line, bare);
	/* It goes on where nothing was begun: libcurl takes that in some versions, and Go's client never. */
	if (reading->first_header && (line[0] == ' ' || line[0] == '\t'))
		return stop(reading, BAD_FIRST);
	reading->first_header = false;
	/* The same with a line without a colon. */
	if (!memchr(line, ':', bare) && line[0] != ' ' && line[0] != '\t')
		return stop(reading, BAD_HEADER);
	struct slice value = value_of(line, bare);
	if (head_starts(line, bare, "Location:") && !reading->location.length)
		buf_add(&reading->location, value.at, value.length);
	else if (head_starts(line, bare, "Content-Length:"))
		take_length(reading, value);
	else if (head_starts(line, bare, "Transfer-Encoding:"))
		reading->chunked = true;
	return length;
}

static size_t read_body(char *bytes, size_t unit, size_t count, void *context)
{
	struct reading *reading = context;
	struct buf *body = &reading->exchange->body;
	size_t length = unit * count, room = (size_t)reading->request->spec->body_limit - body->length;

	/* What a redirect says beside where to go, nobody reads. */
	if (reading->exchange->redirection == REDIRECT_TAKEN)
		return stop(reading, HAS_ENOUGH);
	buf_add(body, bytes, length < room ? length : room);
	if (length >= room) {
		/* We do not wait to see whether more comes: only the length that was announced tells that none will. */
		reading->exchange->body_cut = length > room || reading->chunked ||
					      strtoll(reading->length, NULL, 10) != (long long)body->length;
		return stop(reading, HAS_ENOUGH);
	}
	return length;
}

static const char *verified_name(const struct request *request)
{
	const char *given = request->first_host ? request->spec->server_name : NULL;

	return given ? given : request->place.host;
}

/* The value of the Host header that was given, of length 0 for none: of several the first counts. */
static struct slice host_given(const struct spec *spec)
{
	struct slice name, value;
	struct error error;

	for (size_t i = 0; i < spec->headers.count; i++)
		if (value_header(spec->headers.items[i], &name, &value, &error) == 0 && slice_is(name, "Host"))
			return value;
	return (struct slice){0};
}

/* The Host header that was given or, where the URL that libcurl sees has another name, the one that it would have sent
 * for this one. */
static int add_host(const struct request *request, struct curl_slist **list)
{
	struct buf line = {0};
	struct slice given = request->first_host ? host_given(request->spec) : (struct slice){0};

	if (!given.length && verified_name(request) == request->place.host)
		return 0;
	buf_text(&line, "Host: ");
	if (given.length)
		buf_add(&line, given.at, given.length);
	else
		place_describe_authority(&request->place, &line);
	int status = line.failed ? -1 : transfer_add_header(list, buf_string(&line));
	buf_free(&line);
	return status;
}

/* The request's own headers and then those given. Returns 0, or -1 when memory is out. */
static int add_headers(const struct request *request, struct curl_slist **list)
{
	static const char *const defaults[] = {"Accept:", "User-Agent:"};
	const struct spec *spec = request->spec;

	/* libcurl would wait for a "100 Continue" before it sends a body. */
	if ((request->data && transfer_add_header(list, "Expect:") != 0) ||
	    (!spec->http2 && transfer_add_header(list, "Connection: close") != 0) || add_host(request, list) != 0)
		return -1;
	for (size_t i = 0; i < spec->headers.count; i++) {
		const char *line = spec->headers.items[i];
		struct slice name, value;
		struct error error;
		struct buf text = {0};
		bool is_default = head_starts(line, strlen(line), defaults[0]) ||
				  head_starts(line, strlen(line), defaults[1]);

		if (value_header(line, &name, &value, &error) != 0 || slice_is(name, "Host") ||
		    (!request->first_host && !is_default))
			continue;
		buf_add(&text, name.at, name.length);
		/* To libcurl "NAME:" is a header of its own not to be sent, and "NAME;" one to be sent empty. */
		if (value.length)
			buf_printf(&text, ": %.*s", (int)value.length, value.at);
		else
			buf_text(&text, is_default ? ":" : ";");
		int status = text.failed ? -1 : transfer_add_header(list, buf_string(&text));
		buf_free(&text);
		if (status != 0)
			return -1;
	}
	return 0;
}

/* A text that libcurl copies, which it may have no memory for. */
static bool set_text(CURL *easy, CURLoption option, const char *text)
{
	return curl_easy_setopt(easy, option, text) == CURLE_OK;
}

/* Returns 0, or -1 when memory is out: without one of these it would be another request. */
static int set_options(CURL *easy, const struct request *request, struct reading *reading, struct curl_slist *headers)
{
	const struct place *place = &request->place;
	/* libcurl takes the name for SNI and verification from the URL; Host says the real one, see add_headers. */
	struct place named = *place;
	struct buf url = {0};
	bool tls = place->scheme == SCHEME_HTTPS;
	long version = !request->spec->http2 ? CURL_HTTP_VERSION_1_1
		       : tls                 ? CURL_HTTP_VERSION_2TLS
					     : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;

	named.host = (char *)(uintptr_t)(tls ? verified_name(request) : place->host);
	place_describe(&named, true, &url);
	bool whole = !url.failed && set_text(easy, CURLOPT_URL, buf_string(&url)) &&
		     set_text(easy, CURLOPT_USERAGENT, "probectl/" PROBECTL_VERSION);
	buf_free(&url);
	/* The user's path is sent as it is; a redirect's has been normalised. */
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
	if (place->user)
		whole = whole && set_text(easy, CURLOPT_USERNAME, place->user) &&
			set_text(easy, CURLOPT_PASSWORD, place->password);
	if (request->data) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->data));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->data);
	}
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(request->method, request->data ? "POST" : "GET") != 0)
		whole = whole && set_text(easy, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, read_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, reading);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, reading);
	if (reading->result->detail) {
		curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, note_request);
		curl_easy_setopt(easy, CURLOPT_DEBUGDATA, reading);
		curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	}
	return whole ? 0 : -1;
}

/* Looks at how the transfer ended. Returns whether there is an answer; else the result says why not. */
static bool conclude(const struct reading *reading, const struct transfer *transfer, const struct deadline *deadline)
{
	struct result *result = reading->result;

	if (reading->exchange->body.failed || reading->exchange->headers.failed || reading->location.failed) {
		result_no_resources(result, "keeping the response", ENOMEM);
		return false;
	}
	if (reading->stop == HAS_ENOUGH)
		return true;
	if (reading->stop == TOO_MANY_HEADERS || (transfer->code == LINE_TOO_LONG && !reading->headers_done)) {
		/* It may go on for ever: nothing to judge has come, and nothing will. */
		result_set(result, UNKNOWN, REASON_HEADERS_TOO_LARGE,
			   "no answer: the response's headers do not end within %d KiB", HEADER_LIMIT >> 10);
	} else if (reading->stop == BAD_VERSION) {
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE,
			   "malformed response: it says HTTP/2 over HTTP/1");
	} else if (reading->stop == BAD_LENGTH) {
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE,
			   "malformed response: a Content-Length that is not one number");
	} else if (reading->stop == BAD_STATUS) {
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE,
			   "malformed response: a status that is not three digits");
	} else if (reading->stop == BAD_FIRST) {
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE,
			   "malformed response: its first header line begins with a blank");
	} else if (reading->stop == BAD_HEADER) {
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE,
			   "malformed response: a header line without a colon");
	} else if (transfer->stopped || transfer->code != CURLE_OK) {
		transfer_explain(transfer, deadline,
				 reading->headers_done   ? BODY_BEGUN
				 : reading->header_bytes ? HEADERS_BEGUN
							 : NO_ANSWER,
				 result);
	} else if (!reading->headers_done) {
		/* libcurl is content with headers that just stop. */
		result_set(result, FAILURE, REASON_TRUNCATED_RESPONSE, "the response was cut short in its headers");
	} else {
		return true;
	}
	return false;
}

/* Where the request's connection leads: not always where its URL points. */
static struct endpoint endpoint_of(const struct request *request)
{
	const struct spec *spec = request->spec;
	const struct place *place = &request->place;
	struct endpoint endpoint = net_endpoint(spec);

	endpoint.host = place->host;
	endpoint.port = place->port;
	if (spec->connect.host && request->first_host && place->port == spec->address.port) {
		endpoint.host = spec->connect.host;
		endpoint.port = spec->connect.port;
	}
	return endpoint;
}

static void perform(const struct request *request, const struct deadline *deadline, struct transfer *transfer,
		    struct reading *reading)
{
	struct curl_slist *headers = NULL;
	struct result *result = reading->result;

	if (add_headers(request, &headers) != 0 || set_options(transfer->easy, request, reading, headers) != 0) {
		result_no_resources(result, "preparing the request", ENOMEM);
	} else {
		transfer->http2 = request->spec->http2;
		transfer_run(transfer, deadline, result);
		reading->exchange->answered = conclude(reading, transfer, deadline);
		curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &reading->exchange->http_version);
		if (transfer->tls_name) {
			reading->exchange->tls = transfer->tls;
			tls_note(&transfer->tls, request->spec, result);
		}
	}
	curl_slist_free_all(headers);
}

void exchange_run(const struct request *request, const struct deadline *deadline, struct exchange *exchange,
		  struct result *result)
{
	struct endpoint endpoint = endpoint_of(request);
	struct reading reading = {.request = request, .exchange = exchange, .result = result};
	const char *tls_name = request->place.scheme == SCHEME_HTTPS ? verified_name(request) : NULL;
	struct transfer transfer;

	*exchange = (struct exchange){.answered = false};
	if (tls_name && !tls_available()) {
		result_set(result, UNKNOWN, REASON_NO_TLS_SUPPORT,
			   "redirected to https, and this probectl was built without TLS");
		return;
	}
	if (transfer_open(&transfer, request->spec, &endpoint, tls_name, deadline, result) == 0)
		perform(request, deadline, &transfer, &reading);
	transfer_close(&transfer);
	buf_free(&reading.location);
}

void request_redirect(struct request *request, struct exchange *exchange)
{
	bool get = exchange->status == 301 || exchange->status == 302 || exchange->status == 303;

	request->first_host = strcasecmp(exchange->next.host, request->spec->address.host) == 0;
	/* net/http, redirectBehavior: 307 and 308 keep method and body, the others only GET and HEAD. */
	if (get) {
		request->data = NULL;
		if (strcmp(request->method, "HEAD") != 0)
			request->method = "GET";
	}
	if (request->first_host && !exchange->next.user) {
		exchange->next.user = request->place.user;
		exchange->next.password = request->place.password;
		request->place.user = request->place.password = NULL;
	}
	place_free(&request->place);
	request->place = exchange->next;
	exchange->next = (struct place){0};
}

void exchange_free(struct exchange *exchange)
{
	buf_free(&exchange->headers);
	buf_free(&exchange->body);
	place_free(&exchange->next);
}
