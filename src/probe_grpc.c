/* The grpc probe: grpc.health.v1.Health/Check, as the kubelet asks it (pkg/probe/grpc/grpc.go), and over TLS and Unix
 * sockets too. */

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "grpc_codec.h"
#include "net.h"
#include "probe.h"
#include "transfer.h"

static const char usage[] = "[HOST]:PORT, unix:PATH, --port PORT or .grpc.port";

/* The most that headers and trailers together may be. */
enum { HEADER_LIMIT = 256 << 10 };

/* The most of --authority: HOST:PORT is shorter. */
enum { AUTHORITY_LIMIT = 300 };

/* The most of a body that is no health response. */
enum { PAGE_LIMIT = 64 << 10 };

/* Codes of https://github.com/grpc/grpc/blob/master/doc/statuscodes.md, which are their indices. */
static const char *const code_names[] = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};
enum {
	CODE_OK = 0,
	CODE_CANCELLED = 1,
	CODE_DEADLINE_EXCEEDED = 4,
	CODE_NOT_FOUND = 5,
	CODE_UNIMPLEMENTED = 12,
	CODES = 17
};

/* One answer, as the callbacks gather it. */
struct answer {
	struct grpc_reader reader;
	size_t header_bytes;
	bool too_many_headers;
	size_t body_bytes;
	bool given_up; /* the body goes on and on after a flaw */
	int code;      /* grpc-status, -1: not there */
	struct buf message, content_type;
};

/* Names of headers by which HTTP/2 and gRPC work. */
static bool is_protocol_name(struct slice name)
{
	static const char *const names[] = {"content-type", "content-length", "te",      "connection",
					    "host",         "keep-alive",     "upgrade", "transfer-encoding",
					    "expect",       "trailer"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return name.length > 5 && strncasecmp(name.at, "grpc-", 5) == 0;
}

static int validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	for (size_t i = 0; i < spec->headers.count; i++) {
		struct slice name, value;
		if (value_header(spec->headers.items[i], &name, &value, error) == 0 && is_protocol_name(name))
			return error_set(error, "grpc: metadata '%.*s': this name belongs to the protocol",
					 (int)(name.length < 60 ? name.length : 60), name.at);
	}
	for (const char *at = spec->authority ? spec->authority : ""; *at; at++)
		if (*at <= ' ' || *at > '~' || strchr("/?#@\\\"", *at))
			return error_set(error, "--authority has a character that HOST:PORT cannot have");
	if (spec->authority && strlen(spec->authority) > AUTHORITY_LIMIT)
		return error_set(error, "--authority is too long: %d bytes at most", AUTHORITY_LIMIT);
	if (net_validate(spec, usage, error) != 0)
		return -1;
	return tls_validate(spec, spec->tls, deadline, error);
}

/* "grpc-message: a%20b" and its like: the value when the line has that name. */
static bool header_value(const char *line, size_t length, const char *name, struct slice *value)
{
	size_t name_length = strlen(name);

	if (length <= name_length || strncasecmp(line, name, name_length) != 0 || line[name_length] != ':')
		return false;
	const char *at = line + name_length + 1, *end = line + length;
	while (at < end && *at == ' ')
		at++;
	while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	*value = (struct slice){at, (size_t)(end - at)};
	return true;
}

/* grpc-message is percent-encoded; what is not valid stays as it is (PROTOCOL-HTTP2.md). */
static void decode_percent(struct slice from, struct buf *to)
{
	for (size_t i = 0; i < from.length; i++) {
		int high = i + 2 < from.length && from.at[i] == '%' ? value_hex_digit(from.at[i + 1]) : -1;
		int low = high >= 0 ? value_hex_digit(from.at[i + 2]) : -1;
		char byte = low >= 0 ? (char)(unsigned char)(high * 16 + low) : from.at[i];
		buf_add(to, &byte, 1);
		i += low >= 0 ? 2 : 0;
	}
}

/* Headers and trailers alike: a response without a message has its status in the headers. */
static size_t read_header(char *line, size_t unit, size_t count, void *context)
{
	struct answer *answer = context;
	size_t length = unit * count;
	struct slice value;

	transfer_hear();
	answer->header_bytes += length;
	if (answer->header_bytes > HEADER_LIMIT) {
		answer->too_many_headers = true;
		return 0;
	}
	if (header_value(line, length, "grpc-status", &value)) {
		char text[8];
		struct error error;
		int64_t code;
		snprintf(text, sizeof text, "%.*s", (int)(value.length < 7 ? value.length : 7), value.at);
		/* A code that nobody knows is UNKNOWN, as for other clients. */
		answer->code = value_integer(text, 0, CODES - 1, &code, &error) == 0 ? (int)code : 2;
	} else if (header_value(line, length, "grpc-message", &value)) {
		buf_free(&answer->message);
		decode_percent(value, &answer->message);
	} else if (header_value(line, length, "content-type", &value)) {
		buf_free(&answer->content_type);
		buf_add(&answer->content_type, value.at, value.length);
	}
	return length;
}

static size_t read_body(char *bytes, size_t unit, size_t count, void *context)
{
	struct answer *answer = context;

	grpc_read(&answer->reader, bytes, unit * count);
	answer->body_bytes += unit * count;
	/* Nothing that comes after a flaw can mend it; but what is no gRPC at all may be a proxy's page, and its end
	 * comes soon. */
	answer->given_up = answer->reader.flaw != GRPC_FINE && answer->body_bytes > PAGE_LIMIT;
	return answer->given_up ? 0 : unit * count;
}

static int add_headers(const struct spec *spec, const struct deadline *deadline, struct curl_slist **list)
{
	char line[AUTHORITY_LIMIT + 20];
	int64_t left = (deadline->end - deadline_now()) / DEADLINE_MS;

	snprintf(line, sizeof line, "grpc-timeout: %lldm", (long long)(left > 0 ? left : 1));
	if (transfer_add_header(list, "content-type: application/grpc") != 0 ||
	    transfer_add_header(list, "te: trailers") != 0 || transfer_add_header(list, line) != 0 ||
	    transfer_add_header(list, "accept:") != 0 || transfer_add_header(list, "expect:") != 0)
		return -1;
	if (spec->authority && *spec->authority) {
		snprintf(line, sizeof line, "host: %s", spec->authority);
		if (transfer_add_header(list, line) != 0)
			return -1;
	} else if (spec->server_name && !spec->unix_socket) {
		/* The URL has the server's name then. */
		bool bracket = strchr(spec->address.host, ':') != NULL;
		snprintf(line, sizeof line, "host: %s%.255s%s:%d", bracket ? "[" : "", spec->address.host,
			 bracket ? "]" : "", spec->address.port);
		if (transfer_add_header(list, line) != 0)
			return -1;
	}
	for (size_t i = 0; i < spec->headers.count; i++) {
		struct slice name, value;
		struct error error;
		struct buf text = {0};
		if (value_header(spec->headers.items[i], &name, &value, &error) != 0)
			continue;
		buf_add(&text, name.at, name.length);
		buf_text(&text, value.length ? ": " : ";");
		buf_add(&text, value.at, value.length);
		int status = text.failed ? -1 : transfer_add_header(list, buf_string(&text));
		buf_free(&text);
		if (status != 0)
			return -1;
	}
	return 0;
}

static void set_options(CURL *easy, const struct spec *spec, struct answer *answer, struct curl_slist *headers,
			const struct buf *request)
{
	const char *host = tls_target_name(spec);
	bool bracket = strchr(host, ':') != NULL;
	struct buf url = {0};

	buf_printf(&url, "%s://%s%s%s", spec->tls ? "https" : "http", bracket ? "[" : "", host, bracket ? "]" : "");
	if (!spec->unix_socket)
		buf_printf(&url, ":%d", spec->address.port);
	buf_text(&url, "/grpc.health.v1.Health/Check");
	curl_easy_setopt(easy, CURLOPT_URL, buf_string(&url));
	buf_free(&url);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)(spec->tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->length);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->data);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "probectl/" PROBECTL_VERSION);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, read_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, answer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
}

/* The service's health: the one message that came with status OK. */
static void judge_health(const struct grpc_reader *reader, const char *subject, struct result *result)
{
	static const struct {
		enum reason reason;
		const char *words;
	} flaws[] = {
	    [GRPC_COMPRESSED] = {REASON_MESSAGE_COMPRESSED, "the message is compressed, which was not offered"},
	    [GRPC_TOO_LONG] = {REASON_MESSAGE_TOO_LONG, "the message is longer than 4 MiB"},
	    [GRPC_MALFORMED] = {REASON_MALFORMED_RESPONSE, "the message is not a HealthCheckResponse"},
	    [GRPC_SECOND_MESSAGE] = {REASON_SECOND_MESSAGE, "there are two messages where one belongs"},
	};

	if (reader->flaw != GRPC_FINE) {
		result_set(result, FAILURE, flaws[reader->flaw].reason, "malformed response: %s",
			   flaws[reader->flaw].words);
	} else if (!grpc_at_end(reader)) {
		result_set(result, FAILURE, REASON_TRUNCATED_RESPONSE,
			   "the response was cut short: its message does not end");
	} else if (reader->messages == 0) {
		result_set(result, FAILURE, REASON_MESSAGE_MISSING, "malformed response: status OK, but no message");
	} else if (reader->status == GRPC_SERVING) {
		result_set(result, SUCCESS, REASON_OK, "SERVING");
		result_text(result, "status", "SERVING", 7);
	} else if (reader->status == GRPC_NOT_SERVING) {
		result_set(result, FAILURE, REASON_NOT_SERVING, "NOT_SERVING");
		result_text(result, "status", "NOT_SERVING", 11);
	} else if (reader->status == GRPC_UNKNOWN) {
		result_set(result, FAILURE, REASON_HEALTH_UNKNOWN, "UNKNOWN: the server does not know the health of %s",
			   subject);
		result_text(result, "status", "UNKNOWN", 7);
	} else if (reader->status == GRPC_SERVICE_UNKNOWN) {
		result_set(result, FAILURE, REASON_SERVICE_UNKNOWN, "SERVICE_UNKNOWN: the server does not know %s",
			   subject);
		result_text(result, "status", "SERVICE_UNKNOWN", 15);
	} else {
		char number[16];
		int length = snprintf(number, sizeof number, "%d", reader->status);
		result_set(result, FAILURE, REASON_BAD_HEALTH_STATUS,
			   "a health status that the protocol does not have: %s", number);
		result_text(result, "status", number, (size_t)length);
	}
}

/* The server, or something before it, said no. */
static void judge_code(const struct answer *answer, const char *subject, struct result *result)
{
	const char *words = buf_string(&answer->message), *name = code_names[answer->code];
	/* The REASON_GRPC_ words are in the order of the codes. */
	enum reason reason = (enum reason)(REASON_GRPC_CANCELLED + answer->code - CODE_CANCELLED);
	const char *colon = *words ? ": " : "";

	if (answer->code == CODE_NOT_FOUND)
		result_set(result, FAILURE, reason, "%s: %s is not registered%s%s", name, subject, colon, words);
	else if (answer->code == CODE_UNIMPLEMENTED)
		result_set(result, FAILURE, reason, "%s: the server has no health service%s%s", name, colon, words);
	else
		result_set(result, FAILURE, reason, "%s%s%s", name, colon, words);
}

static bool is_grpc(const struct answer *answer)
{
	return strncasecmp(buf_string(&answer->content_type), "application/grpc", 16) == 0;
}

static void judge(const struct answer *answer, CURL *easy, const struct spec *spec, struct result *result)
{
	const char *type = buf_string(&answer->content_type);
	long status = 0, version = 0;
	struct buf about = {0};

	if (*spec->service)
		buf_printf(&about, "the service '%s'", spec->service);
	else
		buf_text(&about, "the server as a whole (no --service was given)");
	const char *subject = buf_string(&about);

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	result_number(result, "httpStatus", (double)status);
	if (answer->code >= 0) {
		result_number(result, "code", answer->code);
		result_text(result, "codeName", code_names[answer->code], strlen(code_names[answer->code]));
		result_text(result, "message", buf_string(&answer->message), answer->message.length);
	}
	if (version != CURL_HTTP_VERSION_2)
		result_set(result, FAILURE, REASON_HTTP2_MISSING,
			   "not gRPC: the server answers in HTTP/1 (status %ld)%s", status,
			   spec->tls ? ", it does not choose h2 by ALPN" : "");
	else if (answer->code > CODE_OK)
		judge_code(answer, subject, result);
	else if (status != 200)
		result_set(result, FAILURE, REASON_UNEXPECTED_STATUS, "not gRPC: HTTP status %ld%s", status,
			   answer->code < 0 ? " without a grpc-status" : "");
	else if (!is_grpc(answer))
		result_set(result, FAILURE, REASON_NOT_GRPC, "not gRPC: %s%.80s%s",
			   *type ? "content-type '" : "no content-type", type, *type ? "'" : "");
	else if (answer->code == CODE_OK || answer->given_up)
		judge_health(&answer->reader, subject, result);
	else
		result_set(result, FAILURE, REASON_GRPC_STATUS_MISSING,
			   "the response was cut short: it has no grpc-status");
	buf_free(&about);
}

/* The server was told our deadline, and may be the first to say that it has passed. That is no answer to judge. */
static bool deadline_came_back(const struct answer *answer, const struct transfer *transfer,
			       const struct deadline *deadline)
{
	int64_t whole = deadline->end - deadline->start,
		close = whole / 20 > 20 * (int64_t)DEADLINE_MS ? whole / 20 : 20 * (int64_t)DEADLINE_MS;
	bool said_so = transfer->code == CURLE_OK
			   ? answer->code == CODE_DEADLINE_EXCEEDED || answer->code == CODE_CANCELLED
			   : transfer->code == CURLE_HTTP2_STREAM;

	return said_so && deadline_now() + close >= deadline->end;
}

static void explain(const struct answer *answer, const struct transfer *transfer, const struct deadline *deadline,
		    struct result *result)
{
	if (answer->too_many_headers)
		result_set(result, UNKNOWN, REASON_HEADERS_TOO_LARGE,
			   "no answer: the response's headers do not end within %d KiB", HEADER_LIMIT >> 10);
	else if (!transfer->stopped && transfer->tls.done && strcmp(transfer->tls.protocol, "h2") != 0)
		result_set(result, FAILURE, REASON_HTTP2_MISSING, "not gRPC: the server does not choose h2 by ALPN");
	else
		transfer_explain(transfer, deadline, answer->header_bytes ? BODY_BEGUN : NO_ANSWER, result);
}

/* A server may reset the stream once it has said all (RFC 9113, section 8.1), which some versions of libcurl call an
 * error. */
static bool is_conclusive(const struct answer *answer, const struct transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return !transfer->stopped && transfer->code == CURLE_HTTP2_STREAM && status &&
	       (answer->code >= 0 || status != 200 || (answer->content_type.length && !is_grpc(answer)));
}

static void call(const struct spec *spec, const struct deadline *deadline, struct transfer *transfer,
		 struct result *result)
{
	struct answer answer = {.code = -1};
	struct curl_slist *headers = NULL;
	struct buf request = {0};

	grpc_add_request(&request, spec->service);
	if (request.failed || add_headers(spec, deadline, &headers) != 0) {
		result_no_resources(result, "preparing the request", ENOMEM);
	} else {
		set_options(transfer->easy, spec, &answer, headers, &request);
		transfer_run(transfer, deadline, result);
		if (!transfer->stopped && deadline_came_back(&answer, transfer, deadline))
			result_stopped(result, deadline, "the server gave up at the same time");
		else if (!answer.given_up && (transfer->stopped || transfer->code != CURLE_OK) &&
			 !is_conclusive(&answer, transfer))
			explain(&answer, transfer, deadline, result);
		else
			judge(&answer, transfer->easy, spec, result);
		if (spec->tls) {
			if (result->verdict == SUCCESS)
				tls_ends_soon(&transfer->tls, spec, result);
			tls_note(&transfer->tls, spec, result);
		}
	}
	buf_free(&request);
	buf_free(&answer.message);
	buf_free(&answer.content_type);
	curl_slist_free_all(headers);
}

static void run(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct endpoint endpoint = net_endpoint(spec);
	const char *tls_name = spec->tls ? tls_target_name(spec) : NULL;
	struct transfer transfer;

	if (transfer_open(&transfer, spec, &endpoint, tls_name, deadline, result) == 0) {
		transfer.http2 = true;
		call(spec, deadline, &transfer, result);
	}
	transfer_close(&transfer);
}

const struct probe probe_grpc = {
    .name = "grpc",
    .bit = PROBE_GRPC,
    .json_key = "grpc",
    .operands = "[HOST]:PORT | unix:PATH",
    .summary = "success when a gRPC server says SERVING",
    .take_target = net_take_target,
    .validate = validate,
    .describe = net_describe,
    .run = run,
};
