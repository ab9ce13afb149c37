#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "content.h"
#include "probe.h"

enum { DAY = 86400, FILE_LIMIT = 1 << 20 };

/* Alerts that a person can act on (RFC 8446, section 6). */
enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_BAD_CERTIFICATE = 42,
	ALERT_CERTIFICATE_EXPIRED = 45,
	ALERT_CERTIFICATE_UNKNOWN = 46,
	ALERT_UNKNOWN_CA = 48,
	ALERT_ACCESS_DENIED = 49,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_UNRECOGNIZED_NAME = 112,
	ALERT_CERTIFICATE_REQUIRED = 116,
	ALERT_NO_APPLICATION_PROTOCOL = 120,
};

/* Reads a file whole, which may be a pipe: `--cacert <(...)`. What it holds belongs to the spec. */
static int load(struct spec *spec, const char *option, const char *file, struct slice *content,
		const struct deadline *deadline, struct error *error)
{
	struct buf read = {0};
	bool cut = false;
	int status = -1;

	if (!file)
		return 0;
	enum content_state state = content_read(file, FILE_LIMIT, deadline, &read, &cut);
	if (state == CONTENT_REFUSED)
		error_set(error, "%s %s: %s", option, value_quote(file).text, error_words(errno));
	else if (state == CONTENT_STOPPED)
		error_set(error, "%s %s: %s", option, value_quote(file).text,
			  deadline_interrupted() ? "interrupted before it was read whole"
						 : "has no end yet, and the timeout has passed");
	else if (cut)
		error_set(error, "%s %s: is larger than 1 MiB", option, value_quote(file).text);
	else if ((content->at = spec_keep(spec, (struct slice){buf_string(&read), read.length}, error)))
		status = 0;
	content->length = read.length;
	buf_free(&read);
	return status;
}

int tls_validate(struct spec *spec, bool uses_tls, const struct deadline *deadline, struct error *error)
{
	bool any_file = spec->cacert || spec->cert || spec->key;
	bool any_option = any_file || spec->tls_verify || spec->server_name || spec->cert_days >= 0;

	if ((uses_tls || any_option) && !tls_available())
		return error_set(error,
				 "%s: this probectl was built without TLS: no https, no --tls, --tls-verify, --cacert, "
				 "--cert, --key, --server-name or --cert-days",
				 spec->probe->name);
	if (!tls_available())
		return 0;
	if (!uses_tls && spec->cert_days >= 0)
		return error_set(error, "--cert-days needs a target with TLS: %s",
				 spec->probe->bit == PROBE_HTTP ? "https://..." : "--tls");
	if (!uses_tls && spec->probe->bit != PROBE_HTTP && any_option)
		return error_set(error, "--tls-verify, --cacert, --cert, --key and --server-name need --tls");
	if (spec->key && !spec->cert)
		return error_set(error, "--key needs --cert, the certificate that it belongs to");
	if (load(spec, "--cacert", spec->cacert, &spec->cacert_pem, deadline, error) != 0 ||
	    load(spec, "--cert", spec->cert, &spec->cert_pem, deadline, error) != 0 ||
	    load(spec, "--key", spec->key, &spec->key_pem, deadline, error) != 0)
		return -1;
	return any_file ? tls_library_check_files(spec, error) : 0;
}

const char *tls_target_name(const struct spec *spec)
{
	return spec->server_name ? spec->server_name : spec->unix_socket ? "localhost" : spec->address.host;
}

int tls_find_trust(const struct spec *spec, const char **bundle, struct result *result)
{
	/* Debian, Ubuntu, Alpine; Fedora, RHEL; openSUSE; older RHEL; newer RHEL; Alpine, BSDs. */
	static const char *const places[] = {
	    "/etc/ssl/certs/ca-certificates.crt",
	    "/etc/pki/tls/certs/ca-bundle.crt",
	    "/etc/ssl/ca-bundle.pem",
	    "/etc/pki/tls/cacert.pem",
	    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	    "/etc/ssl/cert.pem",
	};

	*bundle = NULL;
	if (!spec->tls_verify || spec->cacert)
		return 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], R_OK) == 0) {
			*bundle = places[i];
			return 0;
		}
	result_set(result, UNKNOWN, REASON_NO_CA_BUNDLE,
		   "nothing to verify the certificate with: no CA bundle is found on this system, give --cacert FILE");
	return -1;
}

static void set_blob(CURL *easy, CURLoption option, struct slice pem)
{
	struct curl_blob blob = {.data = (void *)(uintptr_t)pem.at, .len = pem.length, .flags = CURL_BLOB_NOCOPY};

	curl_easy_setopt(easy, option, &blob);
}

void tls_set_up(CURL *easy, const struct spec *spec, const char *bundle, struct tls_session *session)
{
	bool verify = spec->tls_verify || spec->cacert;

	*session = (struct tls_session){.alert = -1, .showed_certificate = spec->cert != NULL};
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
	if (spec->cacert)
		set_blob(easy, CURLOPT_CAINFO_BLOB, spec->cacert_pem);
	if (spec->cert) {
		set_blob(easy, CURLOPT_SSLCERT_BLOB, spec->cert_pem);
		set_blob(easy, CURLOPT_SSLKEY_BLOB, spec->key ? spec->key_pem : spec->cert_pem);
	}
	/* As Go's client, whatever this system's or this build's libraries default to. */
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	tls_library_observe(easy, session);
}

static int64_t seconds_left(const struct tls_session *session)
{
	return session->not_after - (int64_t)time(NULL);
}

/* "3 days", of a number of seconds. */
struct span {
	char text[32];
};

static struct span print_days(int64_t seconds)
{
	struct span span;
	int64_t days = seconds / DAY;

	if (days < 1)
		snprintf(span.text, sizeof span.text, "less than a day");
	else
		snprintf(span.text, sizeof span.text, "%lld day%s", (long long)days, days == 1 ? "" : "s");
	return span;
}

struct date {
	char text[32];
};

/* "2026-11-21 17:00 UTC" */
static struct date print_date(int64_t seconds)
{
	struct date date = {"?"};
	time_t when = (time_t)seconds;
	struct tm parts;

	if (gmtime_r(&when, &parts))
		strftime(date.text, sizeof date.text, "%Y-%m-%d %H:%M UTC", &parts);
	return date;
}

static void note_text(struct result *result, const char *name, const char *text)
{
	if (*text)
		result_text(result, name, text, strlen(text));
}

void tls_note(const struct tls_session *session, const struct spec *spec, struct result *result)
{
	bool verified = (spec->tls_verify || spec->cacert) && session->done && session->problem == TLS_FINE &&
			result->reason != REASON_CERTIFICATE_WRONG_HOST;

	if (!tls_available() || !result->detail)
		return;
	note_text(result, "tlsVersion", session->version);
	note_text(result, "tlsCipher", session->cipher);
	note_text(result, "tlsProtocol", session->protocol);
	if (!session->certificate)
		return;
	note_text(result, "certificateSubject", session->subject);
	note_text(result, "certificateIssuer", session->issuer);
	note_text(result, "certificateNames", session->names);
	note_text(result, "certificateStarts", print_date(session->not_before).text);
	note_text(result, "certificateEnds", print_date(session->not_after).text);
	result_number(result, "certificateDaysLeft", (double)(seconds_left(session) / DAY));
	result_bool(result, "verified", verified);
	note_text(result, "verification",
		  verified                             ? "verified"
		  : !spec->tls_verify && !spec->cacert ? "not verified: --tls-verify was not given"
		  : session->problem != TLS_FINE       ? session->problem_words
						       : "not verified: the certificate is for other names");
}

static bool explain_certificate(const struct tls_session *session, struct result *result)
{
	switch (session->problem) {
	case TLS_EXPIRED:
		result_set(result, FAILURE, REASON_CERTIFICATE_EXPIRED, "the certificate expired on %s, %s ago",
			   print_date(session->not_after).text, print_days(-seconds_left(session)).text);
		return true;
	case TLS_NOT_YET_VALID:
		result_set(result, FAILURE, REASON_CERTIFICATE_NOT_YET_VALID, "the certificate is not valid before %s",
			   print_date(session->not_before).text);
		return true;
	case TLS_SELF_SIGNED:
		result_set(result, FAILURE, REASON_CERTIFICATE_UNTRUSTED,
			   "the certificate is self-signed (%s): to trust it, give it with --cacert", session->subject);
		return true;
	case TLS_UNKNOWN_ISSUER:
		result_set(result, FAILURE, REASON_CERTIFICATE_UNTRUSTED,
			   "the certificate's issuer is not trusted (%s): to trust it, give its CA with --cacert",
			   session->issuer);
		return true;
	case TLS_OTHER:
		result_set(result, FAILURE, REASON_CERTIFICATE_UNTRUSTED, "the certificate cannot be verified: %s",
			   session->problem_words);
		return true;
	case TLS_FINE:
		break;
	}
	return false;
}

/* The names of RFC 8446 and RFC 5246. */
struct alert {
	char text[32];
};

static struct alert alert_name(int alert)
{
	struct alert found;

	static const struct {
		int number;
		const char *name;
	} names[] = {
	    {10, "unexpected_message"},
	    {20, "bad_record_mac"},
	    {22, "record_overflow"},
	    {40, "handshake_failure"},
	    {42, "bad_certificate"},
	    {43, "unsupported_certificate"},
	    {44, "certificate_revoked"},
	    {45, "certificate_expired"},
	    {46, "certificate_unknown"},
	    {47, "illegal_parameter"},
	    {48, "unknown_ca"},
	    {49, "access_denied"},
	    {50, "decode_error"},
	    {51, "decrypt_error"},
	    {70, "protocol_version"},
	    {71, "insufficient_security"},
	    {80, "internal_error"},
	    {86, "inappropriate_fallback"},
	    {90, "user_canceled"},
	    {109, "missing_extension"},
	    {110, "unsupported_extension"},
	    {112, "unrecognized_name"},
	    {116, "certificate_required"},
	    {120, "no_application_protocol"},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == alert) {
			snprintf(found.text, sizeof found.text, "%s", names[i].name);
			return found;
		}
	snprintf(found.text, sizeof found.text, "%d", alert);
	return found;
}

static bool explain_alert(const struct tls_session *session, struct result *result)
{
	/* Which alert a server sends for a certificate that it misses differs. */
	bool missed = !session->showed_certificate &&
		      (session->asked_for_certificate || session->alert == ALERT_CERTIFICATE_REQUIRED);

	switch (session->alert) {
	case -1:
	case 0:
		return false;
	case ALERT_PROTOCOL_VERSION:
		result_set(result, FAILURE, REASON_TLS_FAILED,
			   "TLS handshake refused: the server does not speak TLS 1.2 or 1.3 (alert protocol_version)");
		return true;
	case ALERT_UNRECOGNIZED_NAME:
		result_set(result, FAILURE, REASON_TLS_FAILED,
			   "TLS handshake refused: the server does not know that name, give --server-name (alert "
			   "unrecognized_name)");
		return true;
	case ALERT_NO_APPLICATION_PROTOCOL:
		result_set(result, FAILURE, session->http1 ? REASON_HTTP2_EXPECTED : REASON_TLS_FAILED,
			   "TLS handshake refused: the server %s (alert no_application_protocol)",
			   session->http1 ? "does not take HTTP/1.1: use --http2" : "offers no HTTP/2");
		return true;
	case ALERT_CERTIFICATE_REQUIRED:
	case ALERT_HANDSHAKE_FAILURE:
	case ALERT_BAD_CERTIFICATE:
	case ALERT_CERTIFICATE_EXPIRED:
	case ALERT_CERTIFICATE_UNKNOWN:
	case ALERT_UNKNOWN_CA:
	case ALERT_ACCESS_DENIED:
		if (missed) {
			result_set(result, FAILURE, REASON_CLIENT_CERTIFICATE_REQUIRED,
				   "the server requires a client certificate: give --cert and --key (alert %s)",
				   alert_name(session->alert).text);
			return true;
		}
		if (session->asked_for_certificate) {
			result_set(result, FAILURE, REASON_CLIENT_CERTIFICATE_REQUIRED,
				   "the server refused the client certificate of --cert (alert %s)",
				   alert_name(session->alert).text);
			return true;
		}
		result_set(result, FAILURE, REASON_TLS_FAILED,
			   session->alert == ALERT_HANDSHAKE_FAILURE
			       ? "TLS handshake refused: the server has no cipher in common with us (alert %s)"
			       : "TLS handshake refused: alert %s",
			   alert_name(session->alert).text);
		return true;
	default:
		result_set(result, FAILURE, REASON_TLS_FAILED, "TLS handshake refused: alert %s",
			   alert_name(session->alert).text);
		return true;
	}
}

bool tls_explain(const struct tls_session *session, CURLcode code, const char *name, struct result *result)
{
	if (!tls_available())
		return false;
	if (explain_certificate(session, result) || explain_alert(session, result))
		return true;
	/* libcurl compares the names after the handshake. */
	if (code != CURLE_PEER_FAILED_VERIFICATION || !session->certificate)
		return false;
	result_set(result, FAILURE, REASON_CERTIFICATE_WRONG_HOST, "the certificate is not for %s but for %s", name,
		   *session->names ? session->names : session->subject);
	return true;
}

bool tls_ends_soon(const struct tls_session *session, const struct spec *spec, struct result *result)
{
	if (!tls_available() || spec->cert_days < 0 || !session->certificate)
		return false;
	int64_t left = seconds_left(session);
	if (left >= spec->cert_days * DAY)
		return false;
	result_set(result, FAILURE, REASON_CERTIFICATE_ENDS_SOON,
		   "the certificate %s on %s, %s %s: --cert-days %lld asks for more", left < 0 ? "ended" : "ends",
		   print_date(session->not_after).text, print_days(left < 0 ? -left : left).text,
		   left < 0 ? "ago" : "from now", (long long)spec->cert_days);
	return true;
}
