/* The tcp probe: does the port open? As the kubelet's tcpSocket (pkg/probe/tcp/tcp.go). And, where the spec asks for
 * it: does the peer talk as it should? */

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "conversation.h"
#include "net.h"
#include "probe.h"
#include "transfer.h"

static const char usage[] = "[HOST]:PORT, unix:PATH, --port PORT or .tcpSocket.port";

static int validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	if (net_validate(spec, usage, error) != 0)
		return -1;
	if (spec->hold_ms >= spec->timeout_ms && spec->hold_ms) {
		char hold[32], timeout[32];
		value_print_duration(hold, sizeof hold, spec->hold_ms);
		value_print_duration(timeout, sizeof timeout, spec->timeout_ms);
		return error_set(error, "tcp: --hold %s does not fit in --timeout %s: give a longer timeout", hold,
				 timeout);
	}
	if (spec->expect_bytes.at && spec->expect_bytes.length == 0)
		return error_set(error, "tcp: --expect is empty: give the bytes to wait for");
	return tls_validate(spec, spec->tls, deadline, error);
}

/* What is asked for beyond an open connection. */
static void converse(const struct spec *spec, struct stream *stream, const char *peer, const struct deadline *deadline,
		     struct result *result)
{
	if (conversation_wanted(spec))
		conversation_run(spec, stream, peer, deadline, result);
}

/* With TLS 1.3 our side of the handshake is done before the server has looked at our certificate. Before, the server's
 * last word came after that. */
static bool may_object(const struct tls_session *tls)
{
	return tls->asked_for_certificate && strcmp(tls->version, "TLSv1.3") == 0;
}

static void hear_out(const struct spec *spec, const struct deadline *deadline, struct transfer *transfer,
		     struct result *result)
{
	struct tls_session *tls = &transfer->tls;

	if (!conversation_wanted(spec)) {
		int64_t start = deadline_now();
		tls_library_hear_out(tls, transfer->socket, deadline);
		result->held = deadline_now() - start;
		if (deadline_interrupted())
			result_stopped(result, deadline, "the server did not say whether it is content");
	}
	if (!deadline_interrupted() && !tls_explain(tls, CURLE_OK, transfer->tls_name, result) && tls->alert < 0 &&
	    !tls->content && !tls->showed_certificate)
		result_warn(result, "the server asked for a client certificate, and --cert was not given");
}

/* --tls: a whole handshake, and a clean close, so that the server logs nothing amiss. */
static void shake_hands(const struct spec *spec, const struct deadline *deadline, struct transfer *transfer,
			struct result *result)
{
	const char *name = tls_target_name(spec);
	bool bracket = strchr(name, ':') != NULL;
	struct buf url = {0};

	buf_printf(&url, "https://%s%s%s:%d", bracket ? "[" : "", name, bracket ? "]" : "",
		   spec->address.port ? spec->address.port : 1);
	curl_easy_setopt(transfer->easy, CURLOPT_URL, buf_string(&url));
	curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_ONLY, 1L);
	transfer->tls.keep = true;
	curl_easy_setopt(transfer->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	buf_free(&url);
	transfer_run(transfer, deadline, result);
	if (transfer->stopped || transfer->code != CURLE_OK) {
		transfer_explain(transfer, deadline, NO_ANSWER, result);
	} else {
		struct stream stream = transfer_stream(transfer);
		result_set(result, SUCCESS, REASON_OK, "connected to %s, %s", transfer->peer.text,
			   transfer->tls.version);
		converse(spec, &stream, transfer->peer.text, deadline, result);
		if (may_object(&transfer->tls))
			hear_out(spec, deadline, transfer, result);
	}
	if (result->verdict == SUCCESS)
		tls_ends_soon(&transfer->tls, spec, result);
	tls_note(&transfer->tls, spec, result);
}

static void note_peer(const struct net_name *peer, struct result *result)
{
	result_text(result, "peer", peer->text, strlen(peer->text));
}

static void run_tls(const struct spec *spec, const struct endpoint *endpoint, const struct deadline *deadline,
		    struct result *result)
{
	struct transfer transfer;

	if (transfer_open(&transfer, spec, endpoint, tls_target_name(spec), deadline, result) == 0) {
		note_peer(&transfer.peer, result);
		shake_hands(spec, deadline, &transfer, result);
	}
	transfer_close(&transfer);
}

static void run(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct endpoint endpoint = net_endpoint(spec);
	struct net_name peer;

	if (spec->tls) {
		run_tls(spec, &endpoint, deadline, result);
		return;
	}
	int fd = net_dial(&endpoint, deadline, &peer, result);
	if (fd < 0)
		return;
	note_peer(&peer, result);
	/* The program's end closes the connection: there SO_LINGER does not make us wait for the peer. */
	struct stream stream = stream_of_socket(fd);
	result_set(result, SUCCESS, REASON_OK, "connected to %s", peer.text);
	converse(spec, &stream, peer.text, deadline, result);
}

const struct probe probe_tcp = {
    .name = "tcp",
    .bit = PROBE_TCP,
    .json_key = "tcpSocket",
    .operands = "[HOST]:PORT | unix:PATH",
    .summary = "success when the port opens",
    .take_target = net_take_target,
    .validate = validate,
    .describe = net_describe,
    .run = run,
};
