/* The http probe: as the kubelet's httpGet (pkg/probe/http/http.go, request.go), so that a verdict here is the verdict
 * there. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exchange.h"
#include "expect.h"
#include "head.h"
#include "net.h"
#include "probe.h"

/* The kubelet's client sends ten requests at most: the tenth redirect is refused (net/http, defaultCheckRedirect). */
enum { REQUEST_LIMIT = 10 };

/* The port of a URL without one, until the scheme is known for good. */
enum { PORT_OF_SCHEME = -1 };

static int take_target(struct spec *spec, const char *text, struct error *error)
{
	struct url url;

	if (value_url(text, &url, error) != 0)
		return -1;
	if (url.scheme.at)
		spec->scheme = slice_is(url.scheme, "https") ? SCHEME_HTTPS : SCHEME_HTTP;
	spec->address.port = url.port ? url.port : PORT_OF_SCHEME;
	if (url.host.at && !(spec->address.host = spec_keep(spec, url.host, error)))
		return -1;
	if (url.path.at && !(spec->path = spec_keep(spec, url.path, error)))
		return -1;
	if (url.userinfo.at && !(spec->userinfo = spec_keep(spec, url.userinfo, error)))
		return -1;
	return 0;
}

static int validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	/* Over a Unix socket the port is but a part of the URL. */
	if (spec->address.port == PORT_OF_SCHEME || (spec->unix_socket && spec->address.port == 0))
		spec->address.port = spec->scheme == SCHEME_HTTPS ? 443 : 80;
	if (spec->address.port == 0)
		return error_set(
		    error, "http: no target: give http[s]://HOST[:PORT][/PATH], [HOST]:PORT[/PATH], --port PORT or "
			   ".httpGet.port");
	if (net_validate(spec, "", error) != 0 ||
	    tls_validate(spec, spec->scheme == SCHEME_HTTPS, deadline, error) != 0)
		return -1;
	if (spec->connect.host && spec->unix_socket)
		return error_set(error, "--connect and --unix-socket exclude each other");
	if (!spec->method)
		spec->method = spec->data ? "POST" : "GET";
	if (spec->data && strcmp(spec->method, "HEAD") == 0)
		return error_set(error, "--data and -X HEAD exclude each other: a HEAD request has no body");
	return 0;
}

static void describe(const struct spec *spec, struct buf *target)
{
	struct place place;

	if (place_of_spec(spec, &place) == 0)
		place_describe(&place, false, target);
	else
		net_describe(spec, target);
	place_free(&place);
}

/* The final response. */
static void judge(const struct spec *spec, const struct exchange *exchange, struct result *result)
{
	struct buf to = {0};

	if (!statuses_have(&spec->statuses, exchange->status)) {
		result_set(result, FAILURE, REASON_UNEXPECTED_STATUS, "HTTP probe failed with statuscode: %d",
			   exchange->status);
		return;
	}
	result_set(result, SUCCESS, REASON_OK, "%s", exchange->status_text);
	if (spec->http2 && exchange->http_version != CURL_HTTP_VERSION_2)
		result_warn(result, "HTTP/2 was asked for, the server chose HTTP/1.1");
	if (exchange->status < 300 || exchange->status > 399)
		return;
	/* A 3xx that stands as the answer is success with a warning (http.go: "Probe terminated redirects"). */
	if (exchange->redirection == REDIRECT_LEFT && exchange->next.scheme != SCHEME_OTHER) {
		place_describe(&exchange->next, result->verbose, &to);
		result_warn(result, "the redirect to %s was not followed", buf_string(&to));
		buf_free(&to);
	} else if (exchange->redirection == NO_REDIRECT) {
		result_warn(result, "status %d is no redirect that is followed", exchange->status);
	} else {
		result_warn(result, "the redirect was not followed: its Location is missing or no http URL");
	}
}

/* Does the final response meet the expectations? */
static void meet(const struct spec *spec, const struct exchange *exchange, const struct deadline *deadline,
		 struct result *result)
{
	struct seen seen = {.what = "the body",
			    .bytes = buf_string(&exchange->body),
			    .count = exchange->body.length,
			    .cut = exchange->body_cut,
			    .headers = &exchange->headers,
			    .may_show = head_may_show};

	expect_judge(spec, &seen, deadline, result);
}

static void note_facts(const struct exchange *exchange, struct result *result)
{
	result_number(result, "status", exchange->status);
	result_text(result, "statusLine", exchange->status_text, strlen(exchange->status_text));
	result_number(result, "bodyBytes", (double)exchange->body.length);
	result_bool(result, "bodyCut", exchange->body_cut);
	if (result->verbose && exchange->body.length)
		result_text(result, "body", buf_string(&exchange->body), exchange->body.length);
}

/* Sends one request and judges its answer. Returns true when the request was changed to one that is to follow. */
static bool ask(struct request *request, bool last, const struct deadline *deadline, struct result *result)
{
	struct exchange exchange;
	bool again = false;

	exchange_run(request, deadline, &exchange, result);
	if (exchange.answered) {
		note_facts(&exchange, result);
		if (exchange.redirection == REDIRECT_BAD) {
			result_set(result, FAILURE, REASON_BAD_REDIRECT,
				   "status %d, and its Location is not an http or https URL", exchange.status);
		} else if (exchange.redirection != REDIRECT_TAKEN) {
			judge(request->spec, &exchange, result);
			meet(request->spec, &exchange, deadline, result);
			if (result->verdict == SUCCESS)
				tls_ends_soon(&exchange.tls, request->spec, result);
		} else if (last) {
			result_set(result, FAILURE, REASON_TOO_MANY_REDIRECTS, "stopped after %d redirects",
				   REQUEST_LIMIT);
		} else if (!tls_ends_soon(&exchange.tls, request->spec, result)) {
			request_redirect(request, &exchange);
			again = true;
		}
	}
	exchange_free(&exchange);
	return again;
}

static void run(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct request request = {.spec = spec, .method = spec->method, .data = spec->data, .first_host = true};

	if (place_of_spec(spec, &request.place) != 0)
		result_no_resources(result, "preparing the request", ENOMEM);
	else
		for (int sent = 1; ask(&request, sent == REQUEST_LIMIT, deadline, result); sent++)
			;
	place_free(&request.place);
}

const struct probe probe_http = {
    .name = "http",
    .bit = PROBE_HTTP,
    .json_key = "httpGet",
    .operands = "TARGET",
    .summary = "success when a server answers with a status of 200-399",
    .take_target = take_target,
    .validate = validate,
    .describe = describe,
    .run = run,
};
