#include "option.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "pattern.h"
#include "pidfile.h"
#include "pointer.h"
#include "probe.h"

/* Short names that keep a row on a line or two. */
#define HTTP    PROBE_HTTP
#define TCP     PROBE_TCP
#define GRPC    PROBE_GRPC
#define EXEC    PROBE_EXEC
#define FILE_   PROBE_FILE
#define PROCESS PROBE_PROCESS
#define UDP     PROBE_UDP
/* Those whose answer has content. */
#define CONTENT    (HTTP | EXEC | FILE_ | TCP | UDP)
#define TO(member) .offset = offsetof(struct spec, member)

static const char *const verdict_words[] = {"unknown", "failure", NULL};
static const char *const format_words[] = {"text", "json", NULL};
static const char *const scheme_words[] = {"http", "https", NULL};
static const char *const redirect_words[] = {"same-host", "follow", "none", NULL};

const struct option option_table[] = {
    /* all probes */
    {"spec", 'f', .type = OPTION_SPEC, .offset = OPTION_CHECKED, .argument = "SPEC",
     .help = "take the probe from JSON: a file, - for standard input, or the JSON itself"},
    {"timeout", 't', "timeout", SCOPE_PROBE, OPTION_DURATION, TO(timeout_ms), .initial = "1s", .argument = "DURATION",
     .help = "end after this long, 1ms to 1h: 500ms, 2s, 1m"},
    {.member = "timeoutSeconds",
     .scope = SCOPE_PROBE,
     .type = OPTION_SECONDS,
     TO(timeout_ms),
     .least = 0,
     .most = 3600,
     .help = "the timeout as Kubernetes writes it"},
    {"timeout-as", 0, "timeoutAs", SCOPE_PROBE, OPTION_CHOICE, TO(timeout_as), .words = verdict_words,
     .initial = "unknown", .argument = "VERDICT", .help = "judge a passed deadline as this"},
    {"exit-codes", 0, "exitCodes", SCOPE_PROBE, OPTION_EXIT_CODES, TO(exit_codes), .initial = "0,1,2",
     .argument = "CODES", .help = "exit codes for success, failure, unknown: S,F,U or docker, nagios, consul"},
    {"output", 'o', .type = OPTION_CHOICE, TO(format), .words = format_words, .initial = "text", .argument = "FORMAT",
     .help = "print the verdict in this format"},
    {"quiet", 'q', .type = OPTION_FLAG, TO(quiet), .help = "print nothing, the exit code tells"},
    {"verbose", 'v', .type = OPTION_FLAG, TO(verbose), .help = "print what was tried, seen and how long it took"},
    {"help", 'h', .type = OPTION_HELP, .offset = OPTION_CHECKED, .help = "print this help"},
    {"version", 'V', .type = OPTION_VERSION, .offset = OPTION_CHECKED, .help = "print the version and the libraries"},
    {.member = "initialDelaySeconds",
     .scope = SCOPE_PROBE,
     .type = OPTION_INTEGER,
     .offset = OPTION_CHECKED,
     .least = 0,
     .most = INT32_MAX,
     .help = "checked, and left to the caller"},
    {.member = "periodSeconds",
     .scope = SCOPE_PROBE,
     .type = OPTION_INTEGER,
     .offset = OPTION_CHECKED,
     .least = 0,
     .most = INT32_MAX,
     .help = "checked, and left to the caller"},
    {.member = "successThreshold",
     .scope = SCOPE_PROBE,
     .type = OPTION_INTEGER,
     .offset = OPTION_CHECKED,
     .least = 0,
     .most = INT32_MAX,
     .help = "checked, and left to the caller"},
    {.member = "failureThreshold",
     .scope = SCOPE_PROBE,
     .type = OPTION_INTEGER,
     .offset = OPTION_CHECKED,
     .least = 0,
     .most = INT32_MAX,
     .help = "checked, and left to the caller"},
    {.member = "terminationGracePeriodSeconds",
     .scope = SCOPE_PROBE,
     .type = OPTION_INTEGER,
     .offset = OPTION_CHECKED,
     .least = 1,
     .most = INT32_MAX,
     .help = "checked, and left to the caller"},

    /* where to connect */
    {"host", 0, "host", SCOPE_HANDLER, OPTION_HOST, HTTP | TCP | GRPC | UDP, TO(address.host), .initial = "localhost",
     .argument = "HOST", .help = "connect to this name or address"},
    {"port", 0, "port", SCOPE_HANDLER, OPTION_PORT, HTTP | TCP | GRPC | UDP, TO(address.port), .argument = "PORT",
     .help = "connect to this port, 1-65535"},
    {"ipv4", '4', "ipv4", SCOPE_HANDLER, OPTION_FLAG, HTTP | TCP | GRPC | UDP, TO(ipv4),
     .help = "try IPv4 addresses only"},
    {"ipv6", '6', "ipv6", SCOPE_HANDLER, OPTION_FLAG, HTTP | TCP | GRPC | UDP, TO(ipv6),
     .help = "try IPv6 addresses only"},

    {"unix-socket", 0, "unixSocket", SCOPE_HANDLER, OPTION_FILE, HTTP | TCP | GRPC, TO(unix_socket), .argument = "PATH",
     .help = "connect to this Unix socket instead of a port"},

    /* http */
    {"path", 0, "path", SCOPE_HANDLER, OPTION_TEXT, HTTP, TO(path), .initial = "/", .argument = "PATH",
     .help = "ask for this path; it may have a query"},
    {"scheme", 0, "scheme", SCOPE_HANDLER, OPTION_CHOICE, HTTP, TO(scheme), .words = scheme_words, .initial = "http",
     .argument = "SCHEME", .help = "speak plain HTTP or HTTPS"},
    {"method", 'X', "method", SCOPE_HANDLER, OPTION_TOKEN, HTTP, TO(method), .argument = "METHOD",
     .help = "use this request method (GET, with --data POST)"},
    {"header", 'H', "httpHeaders", SCOPE_HANDLER, OPTION_HEADERS, HTTP, TO(headers), .argument = "'NAME: VALUE'",
     .help = "send this header; repeatable"},
    {"data", 0, "data", SCOPE_HANDLER, OPTION_TEXT, HTTP, TO(data), .argument = "TEXT",
     .help = "send this as the request's body"},
    {"status", 0, "status", SCOPE_HANDLER, OPTION_STATUSES, HTTP, TO(statuses), .initial = "200-399",
     .argument = "RANGES", .help = "count these statuses as success: 200-299 or 200,204"},
    {"redirect", 0, "redirect", SCOPE_HANDLER, OPTION_CHOICE, HTTP, TO(redirect), .words = redirect_words,
     .initial = "same-host", .argument = "WHICH", .help = "follow redirects while the host stays, always, or never"},

    {"http2", 0, "http2", SCOPE_HANDLER, OPTION_FLAG, HTTP, TO(http2),
     .help = "speak HTTP/2: with prior knowledge on http, by ALPN on https"},
    {"connect", 0, "connect", SCOPE_HANDLER, OPTION_ADDRESS, HTTP, TO(connect), .argument = "HOST:PORT",
     .help = "connect there, and keep Host, SNI and verification by the URL"},

    /* grpc */
    {"service", 0, "service", SCOPE_HANDLER, OPTION_TEXT, GRPC, TO(service), .initial = "", .argument = "NAME",
     .help = "ask for the health of this service; empty is the whole server"},
    {"header", 'H', "metadata", SCOPE_HANDLER, OPTION_HEADERS, GRPC, TO(headers), .argument = "'NAME: VALUE'",
     .help = "send this as metadata; repeatable"},
    {"authority", 0, "authority", SCOPE_HANDLER, OPTION_TEXT, GRPC, TO(authority), .argument = "NAME",
     .help = "send this as :authority instead of HOST:PORT"},

    /* tls */
    {"tls", 0, "tls", SCOPE_HANDLER, OPTION_FLAG, TCP | GRPC, TO(tls), .help = "speak TLS"},
    {"tls-verify", 0, "tlsVerify", SCOPE_HANDLER, OPTION_FLAG, HTTP | TCP | GRPC, TO(tls_verify),
     .help = "fail when the server's certificate cannot be verified"},
    {"cacert", 0, "cacert", SCOPE_HANDLER, OPTION_FILE, HTTP | TCP | GRPC, TO(cacert), .argument = "FILE",
     .help = "verify against these certificates (PEM); implies --tls-verify"},
    {"cert", 0, "cert", SCOPE_HANDLER, OPTION_FILE, HTTP | TCP | GRPC, TO(cert), .argument = "FILE",
     .help = "show this client certificate (PEM)"},
    {"key", 0, "key", SCOPE_HANDLER, OPTION_FILE, HTTP | TCP | GRPC, TO(key), .argument = "FILE",
     .help = "the key of --cert (PEM), where it is not in the same file"},
    {"server-name", 0, "serverName", SCOPE_HANDLER, OPTION_HOST, HTTP | TCP | GRPC, TO(server_name), .argument = "NAME",
     .help = "ask for this name by SNI, and verify the certificate for it"},
    {"cert-days", 0, "certDays", SCOPE_HANDLER, OPTION_INTEGER, HTTP | TCP | GRPC, TO(cert_days), .least = 0,
     .most = 36500, .argument = "N", .help = "fail when the certificate ends in fewer days than this"},

    /* exec */
    {.member = "command",
     .scope = SCOPE_HANDLER,
     .type = OPTION_COMMAND,
     .probes = EXEC,
     TO(command),
     .help = "the command and its arguments"},

    /* tcp, udp */
    {"send", 0, "send", SCOPE_HANDLER, OPTION_BYTES, TCP | UDP, TO(send), .argument = "BYTES",
     .help = "send these bytes; \\r \\n \\t \\0 \\\\ and \\xHH are escapes"},
    {"expect", 0, "expect", SCOPE_HANDLER, OPTION_BYTES, TCP | UDP, TO(expect_bytes), .argument = "BYTES",
     .help = "wait for these bytes in the answer; escapes as in --send"},
    {"hold", 0, "hold", SCOPE_HANDLER, OPTION_DURATION, TCP, TO(hold_ms), .argument = "DURATION",
     .help = "failure when the peer closes the connection within this time"},

    /* file */
    {"path", 0, "path", SCOPE_HANDLER, OPTION_FILE, FILE_, TO(file), .argument = "PATH", .help = "look at this file"},
    {"max-age", 0, "maxAge", SCOPE_HANDLER, OPTION_DURATION, FILE_, TO(max_age_ms), .argument = "DURATION",
     .help = "failure when the file was last modified longer ago"},
    {"min-size", 0, "minSize", SCOPE_HANDLER, OPTION_SIZE, FILE_, TO(min_size), .least = 0, .most = (int64_t)1 << 50,
     .argument = "SIZE", .help = "failure when the file is smaller"},

    /* process */
    {"pid", 0, "pid", SCOPE_HANDLER, OPTION_INTEGER, PROCESS, TO(pid), .least = 1, .most = PIDFILE_MOST,
     .argument = "N", .help = "look at the process of this number"},
    {"pidfile", 0, "pidfile", SCOPE_HANDLER, OPTION_FILE, PROCESS, TO(pidfile), .argument = "PATH",
     .help = "look at the process whose number this file holds"},
    {"name", 0, "name", SCOPE_HANDLER, OPTION_TEXT, PROCESS, TO(process_name), .argument = "NAME",
     .help = "look for a process of this name"},

    /* what the answer must be */
    {"contains", 0, "contains", SCOPE_EXPECT, OPTION_TEXTS, CONTENT, TO(expect.contains), .argument = "TEXT",
     .help = "failure unless the answer contains this text; repeatable"},
    {"not-contains", 0, "notContains", SCOPE_EXPECT, OPTION_TEXTS, CONTENT, TO(expect.not_contains), .argument = "TEXT",
     .help = "failure when the answer contains this text; repeatable"},
    {"regex", 0, "regex", SCOPE_EXPECT, OPTION_PATTERNS, CONTENT, TO(expect.regex), .argument = "ERE",
     .help = "failure unless a line of the answer matches this POSIX ERE; repeatable"},
    {"json", 0, "json", SCOPE_EXPECT, OPTION_JSON, CONTENT, TO(expect.json), .argument = "POINTER=VALUE",
     .help = "failure unless the answer is JSON with this value there; repeatable"},
    {"header-contains", 0, "headerContains", SCOPE_EXPECT, OPTION_FINDINGS, HTTP, TO(expect.header_contains),
     .argument = "'NAME: TEXT'", .help = "failure unless such a header contains this text; repeatable"},
    {"body-limit", 0, "bodyLimit", SCOPE_HANDLER, OPTION_SIZE, CONTENT, TO(body_limit), .least = 1, .most = 1 << 20,
     .initial = "10KiB", .argument = "SIZE", .help = "look at this much of the answer, up to 1MiB"},
    {"max-latency", 0, "maxLatency", SCOPE_EXPECT, OPTION_DURATION, TO(expect.max_latency_ms), .argument = "DURATION",
     .help = "failure when the answer takes longer"},
    {.member = "maxLatencyMs",
     .scope = SCOPE_EXPECT,
     .type = OPTION_INTEGER,
     TO(expect.max_latency_ms),
     .least = 1,
     .most = 3600000,
     .help = "the same in milliseconds"},

    {"list-options", 0, .type = OPTION_LIST, .offset = OPTION_CHECKED, .help = ""},
    {.help = NULL},
};

bool option_applies(const struct option *option, const struct probe *probe)
{
	return option->probes == 0 || !probe || (option->probes & probe->bit) != 0;
}

const struct option *option_by_flag(const char *flag, size_t length, const struct probe *probe)
{
	for (const struct option *row = option_table; row->help; row++)
		if (row->flag && strlen(row->flag) == length && memcmp(row->flag, flag, length) == 0 &&
		    option_applies(row, probe))
			return row;
	return NULL;
}

const struct option *option_by_letter(char letter, const struct probe *probe)
{
	for (const struct option *row = option_table; row->help; row++)
		if (row->letter == letter && letter && option_applies(row, probe))
			return row;
	return NULL;
}

/* Expectations may stand in the handler too. */
static bool is_in_scope(const struct option *row, enum option_scope scope)
{
	return row->scope == scope || (row->scope == SCOPE_EXPECT && scope == SCOPE_HANDLER);
}

const struct option *option_by_member(const char *member, enum option_scope scope, const struct probe *probe)
{
	for (const struct option *row = option_table; row->help; row++)
		if (row->member && is_in_scope(row, scope) && strcmp(row->member, member) == 0 &&
		    option_applies(row, probe))
			return row;
	return NULL;
}

static int set_address(struct spec *spec, struct address *address, const char *text, struct error *error)
{
	struct slice host;

	if (value_address(text, &host, &address->port, error) != 0)
		return -1;
	address->host = host.at ? spec_keep(spec, host, error) : "localhost";
	return address->host ? 0 : -1;
}

static int set_host(struct spec *spec, const char **destination, const char *text, struct error *error)
{
	struct slice host;

	if (value_host(text, &host, error) != 0)
		return -1;
	*destination = spec_keep(spec, host, error);
	return *destination ? 0 : -1;
}

static int set_bytes(struct spec *spec, struct slice *destination, const char *text, struct error *error)
{
	char *bytes = (char *)(uintptr_t)spec_keep(spec, (struct slice){text, strlen(text)}, error);

	if (!bytes || value_bytes(bytes, bytes, &destination->length, error) != 0)
		return -1;
	destination->at = bytes;
	return 0;
}

int option_set_pair(const struct option *option, struct spec *spec, const char *pointer, const char *value,
		    struct error *error)
{
	struct list *list = (void *)((char *)spec + option->offset);

	if (pointer_check(pointer, error) != 0 || spec_append(list, pointer, error) != 0)
		return -1;
	return spec_append(list, value, error);
}

/* "POINTER=VALUE" */
static int set_json(const struct option *option, struct spec *spec, const char *text, struct error *error)
{
	const char *equals = strchr(text, '='), *pointer, *value = NULL;
	struct buf json = {0};

	if (!equals)
		return value_wrong(error, text, "is not POINTER=VALUE, as in /status=UP");
	pointer = spec_keep(spec, (struct slice){text, (size_t)(equals - text)}, error);
	pointer_value(equals + 1, &json);
	if (json.failed)
		error_set(error, "out of memory");
	else
		value = spec_keep(spec, (struct slice){buf_string(&json), json.length}, error);
	buf_free(&json);
	return pointer && value ? option_set_pair(option, spec, pointer, value, error) : -1;
}

int option_set(const struct option *option, struct spec *spec, const char *text, struct error *error)
{
	/* A row that is only checked stores where nobody looks. */
	struct spec nowhere;
	void *to = option->offset == OPTION_CHECKED ? (void *)&nowhere : (char *)spec + option->offset;
	struct slice name, value;
	int64_t number;

	switch (option->type) {
	case OPTION_HELP:
	case OPTION_VERSION:
	case OPTION_LIST:
	case OPTION_SPEC:
	case OPTION_FLAG:
		return 0;
	case OPTION_TEXT:
	case OPTION_FILE:
		*(const char **)to = text;
		return 0;
	case OPTION_HOST:
		return set_host(spec, to, text, error);
	case OPTION_ADDRESS:
		return set_address(spec, to, text, error);
	case OPTION_PORT:
		return value_port(text, to, error);
	case OPTION_INTEGER:
		if (value_integer(text, option->least, option->most, &number, error) != 0)
			return -1;
		*(int64_t *)to = number;
		return 0;
	case OPTION_DURATION:
		return value_duration(text, to, error);
	case OPTION_SECONDS:
		if (value_integer(text, option->least, option->most, &number, error) != 0)
			return -1;
		/* Kubernetes takes 0 for not given. */
		if (number)
			*(int64_t *)to = number * 1000;
		return 0;
	case OPTION_CHOICE:
		return value_choice(text, option->words, to, error);
	case OPTION_TOKEN:
		*(const char **)to = text;
		return value_token(text, error);
	case OPTION_STATUSES:
		return value_statuses(text, to, error);
	case OPTION_EXIT_CODES:
		return value_exit_codes(text, to, error);
	case OPTION_HEADERS:
		if (value_header(text, &name, &value, error) != 0)
			return -1;
		return spec_append(to, text, error);
	case OPTION_COMMAND:
		return spec_append(to, text, error);
	case OPTION_SIZE:
		return value_size(text, option->least, option->most, to, error);
	case OPTION_BYTES:
		return set_bytes(spec, to, text, error);
	case OPTION_TEXTS:
		if (*text == '\0')
			return error_set(error, "is empty: give a text");
		return spec_append(to, text, error);
	case OPTION_PATTERNS:
		return pattern_check(text, error) != 0 ? -1 : spec_append(to, text, error);
	case OPTION_FINDINGS:
		return value_header(text, &name, &value, error) != 0 ? -1 : spec_append(to, text, error);
	case OPTION_JSON:
		return set_json(option, spec, text, error);
	}
	return error_set(error, "has no type");
}

void option_set_flag(const struct option *option, struct spec *spec, bool value)
{
	*(bool *)((char *)spec + option->offset) = value;
}

static void drop_headers(struct list *headers, struct slice name)
{
	size_t kept = 0;

	for (size_t i = 0; i < headers->count; i++) {
		const char *line = headers->items[i];
		if (strncasecmp(line, name.at, name.length) != 0 || line[name.length] != ':')
			headers->items[kept++] = line;
	}
	headers->count = kept;
}

void option_make_way(const struct option *option, struct spec *spec, const char *text)
{
	/* Of http the port and the host are part of the URL, and stand beside a socket. */
	bool is_http = spec->probe->bit == HTTP;
	struct slice name, value;
	struct error error;

	switch (option->offset) {
	case offsetof(struct spec, headers):
		if (value_header(text, &name, &value, &error) == 0)
			drop_headers(&spec->headers, name);
		break;
	case offsetof(struct spec, ipv4):
		spec->ipv6 = false;
		break;
	case offsetof(struct spec, ipv6):
		spec->ipv4 = false;
		break;
	case offsetof(struct spec, unix_socket):
		spec->connect = (struct address){0};
		spec->address.port = is_http ? spec->address.port : 0;
		break;
	case offsetof(struct spec, address.host):
	case offsetof(struct spec, address.port):
		spec->unix_socket = is_http ? spec->unix_socket : NULL;
		break;
	case offsetof(struct spec, connect):
		spec->unix_socket = NULL;
		break;
	case offsetof(struct spec, pid):
		spec->pidfile = NULL;
		break;
	case offsetof(struct spec, pidfile):
		spec->pid = 0;
		break;
	}
}

int option_defaults(struct spec *spec, const struct probe *probe, struct error *error)
{
	for (const struct option *row = option_table; row->help; row++) {
		bool wanted = probe ? (row->probes & probe->bit) != 0 : row->probes == 0;
		if (wanted && row->initial && option_set(row, spec, row->initial, error) != 0)
			return error_prefix(error, row->flag);
	}
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static int check_pair(const struct option *a, const struct option *b, struct error *error)
{
	if (a->probes && b->probes && (a->probes & b->probes) == 0)
		return 0;
	if (same(a->flag, b->flag))
		return error_set(error, "flag --%s stands twice", a->flag);
	if (a->letter && a->letter == b->letter)
		return error_set(error, "letter -%c stands twice", a->letter);
	if ((is_in_scope(a, b->scope) || is_in_scope(b, a->scope)) && same(a->member, b->member))
		return error_set(error, "member %s stands twice", a->member);
	return 0;
}

int option_check(struct error *error)
{
	for (const struct option *row = option_table; row->help; row++) {
		const char *name = row->flag ? row->flag : row->member;
		bool takes_value = row->type > OPTION_FLAG || row->type == OPTION_SPEC;

		if (!name)
			return error_set(error, "row %zu has neither flag nor member", (size_t)(row - option_table));
		if ((row->type == OPTION_CHOICE) != (row->words != NULL))
			return error_set(error, "%s: words go with a choice, and a choice with words", name);
		if (row->flag && takes_value != (row->argument != NULL))
			return error_set(error, "%s: a flag with a value names it in help", name);
		if ((row->member != NULL) != (row->scope != SCOPE_NONE))
			return error_set(error, "%s: a member goes with a scope", name);
		if (row->offset == 0 || (row->offset != OPTION_CHECKED && row->offset >= sizeof(struct spec)))
			return error_set(error, "%s: has no destination", name);
		for (const struct option *other = option_table; other < row; other++)
			if (check_pair(row, other, error) != 0)
				return -1;
	}
	return 0;
}
