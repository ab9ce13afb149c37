/* How a person calls what ended a transfer without an answer. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "transfer.h"

/* A TLS record of a handshake or an alert, version 3.x (RFC 8446, section 5.1). */
static bool looks_like_tls(const struct transfer *transfer)
{
	return transfer->first_count >= 2 && (transfer->first[0] == 0x15 || transfer->first[0] == 0x16) &&
	       transfer->first[1] == 0x03;
}

/* A SETTINGS frame, with which a server's side of HTTP/2 begins (RFC 9113, section 3.4). */
static bool looks_like_http2(const struct transfer *transfer)
{
	return transfer->first_count > 0 && transfer->first[0] == 0 &&
	       (transfer->first_count < 4 || transfer->first[3] == 4);
}

/* The server speaks, but something else than we do. Over TLS nobody can see that. */
static bool explain_protocol(const struct transfer *transfer, struct result *result)
{
	if (transfer->tls_name || transfer->first_count == 0)
		return false;
	if (looks_like_tls(transfer))
		result_set(result, FAILURE, REASON_TLS_EXPECTED,
			   "the server speaks TLS on this port: use https:// or --tls");
	else if (transfer->http2 && !looks_like_http2(transfer))
		result_set(result, FAILURE, REASON_HTTP2_MISSING, "the server does not speak HTTP/2: it answers in %s",
			   memcmp(transfer->first, "HTTP/", 5) == 0 ? "HTTP/1" : "something else");
	else if (!transfer->http2 && transfer->first_count >= 4 && looks_like_http2(transfer))
		result_set(result, FAILURE, REASON_HTTP2_EXPECTED,
			   "the server speaks HTTP/2 on this port: use --http2");
	else
		return false;
	return true;
}

static bool explain_handshake(const struct transfer *transfer, struct result *result)
{
	if (!transfer->tls_name || transfer->code != CURLE_SSL_CONNECT_ERROR)
		return false;
	if (transfer->first_count > 0 && !looks_like_tls(transfer))
		result_set(result, FAILURE, REASON_NOT_TLS, "the server does not speak TLS: it answers in plain text");
	else if (transfer->first_count == 0)
		result_set(result, FAILURE, REASON_TLS_FAILED, "the connection was closed in the TLS handshake");
	else
		result_set(result, FAILURE, REASON_TLS_FAILED, "TLS handshake failed: %s", transfer->words);
	return true;
}

/* What libcurl calls it when a connection ends before its answer does. */
static bool is_end(CURLcode code)
{
	return code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2 ||
	       code == CURLE_HTTP2_STREAM || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
}

static void explain_empty(const struct transfer *transfer, struct result *result)
{
	result_set(result, FAILURE, REASON_EMPTY_RESPONSE, "the connection was closed without an answer%s",
		   transfer->tls_name ? "" : ": does the server want TLS?");
}

void transfer_explain(const struct transfer *transfer, const struct deadline *deadline, enum progress progress,
		      struct result *result)
{
	static const char *const missing[] = {"no response", "the response's headers did not end",
					      "the response's body did not end"};
	const char *words = *transfer->words ? transfer->words : curl_easy_strerror(transfer->code);
	char doing[200];
	long number = 0;

	if (!deadline_interrupted() && explain_protocol(transfer, result))
		return;
	if (transfer->stopped) {
		snprintf(doing, sizeof doing, "connected to %s, %s", transfer->peer.text,
			 transfer->tls_name && result->phases.tls < 0 ? "the TLS handshake did not end"
								      : missing[progress]);
		result_stopped(result, deadline, doing);
		return;
	}
	/* With TLS 1.3 we are done before the server has looked at our certificate, and the alert that it sends then
	 * may be lost with the connection. */
	bool unheard = transfer->tls.done && progress == NO_ANSWER && is_end(transfer->code);
	if (transfer->tls_name && unheard && transfer->tls.asked_for_certificate && transfer->tls.alert < 0) {
		result_set(result, FAILURE, REASON_CLIENT_CERTIFICATE_REQUIRED,
			   transfer->tls.showed_certificate
			       ? "the server closed the connection after it had asked for a client certificate: it may "
				 "not accept the one of --cert"
			       : "the server closed the connection after it had asked for a client certificate: give "
				 "--cert and --key");
		return;
	}
	if ((transfer->tls_name && tls_explain(&transfer->tls, transfer->code, transfer->tls_name, result)) ||
	    explain_handshake(transfer, result))
		return;
	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
	/* Limits of libcurl and nghttp2, which differ from version to version. */
	if (strstr(words, "CONTINUATION") || strstr(words, "callback function failed")) {
		result_set(result, UNKNOWN, REASON_HEADERS_TOO_LARGE,
			   "no answer: the response's headers are larger than this program takes");
		return;
	}
	/* What is wrong with chunks goes by several codes. */
	if (strstr(words, "chunk") && transfer->code != CURLE_PARTIAL_FILE) {
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE,
			   "malformed response: its chunks are not well formed");
		return;
	}
	/* Whatever libcurl calls it. */
	if (transfer->first_count == 0 &&
	    (transfer->code == CURLE_PARTIAL_FILE || transfer->code == CURLE_HTTP2 ||
	     transfer->code == CURLE_HTTP2_STREAM || (transfer->code == CURLE_RECV_ERROR && number != ECONNRESET))) {
		explain_empty(transfer, result);
		return;
	}
	switch (transfer->code) {
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	/* The URL is our own, and its host is not looked up: there was no memory to see that. */
	case CURLE_URL_MALFORMAT:
	case CURLE_COULDNT_RESOLVE_HOST:
		result_no_resources(result, "libcurl", ENOMEM);
		return;
	/* These come before the server is asked for anything. */
	case CURLE_SSL_CACERT_BADFILE:
		result_set(result, UNKNOWN, REASON_NO_CA_BUNDLE,
			   "nothing to verify the certificate with: %s: give --cacert FILE", words);
		return;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_ENGINE_INITFAILED:
		result_set(result, UNKNOWN, REASON_INTERNAL_ERROR, "TLS cannot be prepared: %s", words);
		return;
	case CURLE_GOT_NOTHING:
		if (transfer->first_count > 0 && !transfer->tls_name)
			result_set(result, FAILURE, REASON_TRUNCATED_RESPONSE,
				   "the response was cut short in its headers");
		else
			explain_empty(transfer, result);
		return;
	case CURLE_BAD_FUNCTION_ARGUMENT:
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE,
			   "malformed response: its first header line begins with a blank");
		return;
	case CURLE_PARTIAL_FILE:
		result_set(result, FAILURE, REASON_TRUNCATED_RESPONSE, "the response was cut short: %s", words);
		return;
	case CURLE_HTTP2:
		result_set(result, FAILURE, REASON_TRUNCATED_RESPONSE,
			   "the server ended the HTTP/2 connection before its answer, or broke its rules: %s", words);
		return;
	case CURLE_HTTP2_STREAM:
		result_set(result, FAILURE, REASON_TRUNCATED_RESPONSE, "the server broke the response off: %s", words);
		return;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		/* A reset that comes between two of its looks at the socket libcurl calls an error of poll. */
		if (number == ECONNRESET || number == EPIPE || strstr(words, "select/poll"))
			result_set(result, FAILURE, REASON_CONNECTION_RESET, "connection reset by peer");
		else
			result_set(result, FAILURE, REASON_TRUNCATED_RESPONSE, "the connection broke: %s", words);
		return;
	case CURLE_COULDNT_CONNECT:
		if (transfer->asked_again) {
			result_set(result, FAILURE, REASON_CONNECTION_CLOSED,
				   "the server turned the request away, for another connection");
			return;
		}
		/* It was open when libcurl got it. */
		result_set(result, FAILURE, REASON_CONNECTION_RESET, "connection reset by peer");
		return;
	default:
		result_set(result, FAILURE, REASON_MALFORMED_RESPONSE, "malformed response: %s", words);
		return;
	}
}
