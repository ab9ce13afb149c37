#include "value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "suggest.h"

struct quoted value_quote(const char *text)
{
	struct quoted quoted;
	struct buf buf = {0};

	buf_text(&buf, "'");
	buf_escape(&buf, text, strlen(text));
	buf_cut(&buf, sizeof quoted.text - 2);
	buf_text(&buf, "'");
	memcpy(quoted.text, buf_string(&buf), buf.length);
	quoted.text[buf.length] = '\0';
	buf_free(&buf);
	return quoted;
}

struct quoted value_quote_target(const char *text)
{
	struct buf shown = {0};
	struct quoted quoted;

	if (strchr(text, '@')) {
		buf_text(&shown, "...@...");
	} else {
		size_t length = strcspn(text, "?");
		buf_add(&shown, text, length);
		buf_text(&shown, text[length] ? "?..." : "");
	}
	quoted = value_quote(buf_string(&shown));
	buf_free(&shown);
	return quoted;
}

int value_wrong(struct error *error, const char *text, const char *why)
{
	return error_set(error, "%s %s", value_quote(text).text, why);
}

static int wrong_target(struct error *error, const char *text, const char *why)
{
	return error_set(error, "%s %s", value_quote_target(text).text, why);
}

bool slice_equals(struct slice slice, const char *text)
{
	return slice.at && strlen(text) == slice.length && memcmp(slice.at, text, slice.length) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool slice_is(struct slice slice, const char *text)
{
	return slice.at && strlen(text) == slice.length && strncasecmp(slice.at, text, slice.length) == 0;
}

/* Reads digits from *at on, and moves it. Returns -1 when there is none or the number passes `most`. */
static int64_t digits(const char **at, int64_t most)
{
	int64_t number = 0;

	if (!is_digit(**at))
		return -1;
	for (; is_digit(**at); ++*at) {
		number = number * 10 + (**at - '0');
		if (number > most)
			return -1;
	}
	return number;
}

int value_integer(const char *text, int64_t least, int64_t most, int64_t *number, struct error *error)
{
	const char *at = text;

	*number = digits(&at, most);
	if (*number < least || *at != '\0')
		return error_set(error, "%s is not a whole number from %lld to %lld", value_quote(text).text,
				 (long long)least, (long long)most);
	return 0;
}

int value_duration(const char *text, int64_t *milliseconds, struct error *error)
{
	static const char rule[] = "is not a duration: use 500ms, 2s, 1.5s or 1m, from 1ms to 1h";
	static const struct {
		const char *unit;
		int64_t milliseconds;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	const int64_t hour = 3600000;
	const char *at = text, *fraction = NULL, *fraction_end = NULL;
	int64_t whole = digits(&at, hour);

	if (whole < 0)
		return value_wrong(error, text, rule);
	if (*at == '.') {
		fraction = ++at;
		while (is_digit(*at))
			at++;
		fraction_end = at;
		if (fraction == fraction_end)
			return value_wrong(error, text, rule);
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(at, units[i].unit) != 0)
			continue;
		int64_t sum = whole * units[i].milliseconds, share = units[i].milliseconds;
		/* What is finer than a millisecond is dropped. */
		for (const char *digit = fraction; digit < fraction_end && share > 0; digit++) {
			sum += (*digit - '0') * share / 10;
			share /= 10;
		}
		if (sum < 1 || sum > hour)
			return value_wrong(error, text, "is out of range: a duration is from 1ms to 1h");
		*milliseconds = sum;
		return 0;
	}
	return value_wrong(error, text, rule);
}

void value_print_duration(char *text, size_t size, int64_t milliseconds)
{
	if (milliseconds < 1000)
		snprintf(text, size, "%dms", (int)milliseconds);
	else if (milliseconds % 3600000 == 0)
		snprintf(text, size, "%dh", (int)(milliseconds / 3600000));
	else if (milliseconds % 60000 == 0)
		snprintf(text, size, "%dm", (int)(milliseconds / 60000));
	else if (milliseconds % 1000 == 0)
		snprintf(text, size, "%ds", (int)(milliseconds / 1000));
	else
		snprintf(text, size, "%.10g%s", (double)milliseconds / 1000, "s");
}

static const struct {
	const char *unit, *short_unit;
	int shift;
} size_units[] = {{"GiB", "G", 30}, {"MiB", "M", 20}, {"KiB", "K", 10}, {"", "", 0}};

int value_size(const char *text, int64_t least, int64_t most, int64_t *size, struct error *error)
{
	const char *at = text;
	int64_t number = digits(&at, INT64_MAX / 16);
	char from[32], to[32];

	for (size_t i = 0; number >= 0 && i < sizeof size_units / sizeof *size_units; i++) {
		if (strcmp(at, size_units[i].unit) != 0 && strcmp(at, size_units[i].short_unit) != 0)
			continue;
		if (number > most >> size_units[i].shift || number << size_units[i].shift < least)
			break;
		*size = number << size_units[i].shift;
		return 0;
	}
	value_print_size(from, sizeof from, least);
	value_print_size(to, sizeof to, most);
	return error_set(error, "%s is not a size: use 10240, 64KiB or 1MiB, from %s to %s", value_quote(text).text,
			 from, to);
}

void value_print_size(char *text, size_t size, int64_t bytes)
{
	size_t i = 0;

	while (size_units[i].shift && (bytes == 0 || bytes % ((int64_t)1 << size_units[i].shift) != 0))
		i++;
	snprintf(text, size, "%lld%s", (long long)(bytes >> size_units[i].shift), size_units[i].unit);
}

int value_hex_digit(char c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int value_bytes(const char *text, char *bytes, size_t *count, struct error *error)
{
	static const char letters[] = "rnt0\\", meant[] = "\r\n\t\0\\";
	size_t length = 0;

	for (const char *at = text; *at; at++) {
		if (length == VALUE_BYTES)
			return error_set(error, "is too long: %d bytes at most", VALUE_BYTES);
		if (*at != '\\') {
			bytes[length++] = *at;
			continue;
		}
		at++;
		const char *letter = *at ? strchr(letters, *at) : NULL;
		if (letter) {
			bytes[length++] = meant[letter - letters];
		} else if (*at == 'x' && value_hex_digit(at[1]) >= 0 && value_hex_digit(at[2]) >= 0) {
			bytes[length++] = (char)(value_hex_digit(at[1]) << 4 | value_hex_digit(at[2]));
			at += 2;
		} else {
			/* `bytes` may be `text`, so only what comes from here on can be shown. */
			return error_set(error, "has a wrong escape at %s: use \\r \\n \\t \\0 \\\\ or \\xHH",
					 value_quote(at - 1).text);
		}
	}
	*count = length;
	return 0;
}

int value_port(const char *text, int *port, struct error *error)
{
	const char *at = text;
	int64_t number = digits(&at, 65535);

	if (number < 1 || *at != '\0')
		return value_wrong(error, text, "is not a port: use 1-65535");
	*port = (int)number;
	return 0;
}

static bool is_host_character(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_';
}

/* Is the text, up to its zone, an IPv6 address? */
static bool is_ipv6(const char *text, size_t length)
{
	const char *zone = memchr(text, '%', length);
	size_t count = zone ? (size_t)(zone - text) : length;
	char address[INET6_ADDRSTRLEN];
	struct in6_addr parsed;

	if (count >= sizeof address)
		return false;
	memcpy(address, text, count);
	address[count] = '\0';
	return inet_pton(AF_INET6, address, &parsed) == 1;
}

/* A name or an address at the start of `at`, brackets allowed. Returns what follows, NULL when it is not one. */
static const char *scan_host(const char *at, struct slice *host)
{
	if (*at == '[') {
		size_t length = strspn(at + 1, "0123456789abcdefABCDEF:.");
		const char *end = at + 1 + length;
		if (*end == '%')
			do
				end++;
			while (is_host_character(*end));
		if (*end != ']' || !is_ipv6(at + 1, (size_t)(end - at - 1)))
			return NULL;
		*host = (struct slice){at + 1, (size_t)(end - at - 1)};
		return end + 1;
	}
	size_t length = 0;
	while (is_host_character(at[length]))
		length++;
	*host = (struct slice){length ? at : NULL, length};
	return length <= 253 ? at + length : NULL;
}

int value_host(const char *text, struct slice *host, struct error *error)
{
	const char *end = scan_host(text, host);

	if (end && *end == '\0' && host->at)
		return 0;
	/* Kubernetes writes an IPv6 host without brackets. */
	size_t length = strspn(text, "0123456789abcdefABCDEF:.");
	if (strchr(text, ':') && (text[length] == '\0' || text[length] == '%')) {
		while (text[length] == '%' || is_host_character(text[length]))
			length++;
		*host = (struct slice){text, length};
		if (text[length] == '\0' && is_ipv6(text, length))
			return 0;
	}
	return wrong_target(error, text,
			    "is not a host: use a name, an IPv4 address or an IPv6 address (letters, digits, . - _)");
}

/* ":PORT" at `at`. Returns what follows, NULL when it is not one. */
static const char *scan_port(const char *at, int *port)
{
	if (*at++ != ':')
		return NULL;
	int64_t number = digits(&at, 65535);
	if (number < 1)
		return NULL;
	*port = (int)number;
	return at;
}

int value_address(const char *text, struct slice *host, int *port, struct error *error)
{
	const char *at = scan_host(text, host), *end = at ? scan_port(at, port) : NULL;

	if (end && *end == '\0')
		return 0;
	if (strchr(text, '/'))
		return wrong_target(error, text, "is not [HOST]:PORT: it takes no scheme and no path");
	if (at && *at == ':' && at[1] != '\0' && strspn(at + 1, "0123456789abcdefABCDEF:") == strlen(at + 1) &&
	    strchr(at + 1, ':'))
		return wrong_target(error, text,
				    "is not [HOST]:PORT: put an IPv6 address in brackets, as in [::1]:8080");
	if (at && *at == ':')
		return wrong_target(error, text, "is not [HOST]:PORT: the port is a number from 1 to 65535");
	if (at && *at == '\0')
		return wrong_target(error, text,
				    "is not [HOST]:PORT: the port is missing, as in :8080 or localhost:8080");
	return wrong_target(error, text, "is not [HOST]:PORT, as in :8080, localhost:8080 or [::1]:8080");
}

int value_url(const char *text, struct url *url, struct error *error)
{
	const char *scheme_end = strstr(text, "://");
	/* "://" in a query is no scheme: nothing but letters may come before it. */
	bool has_scheme = scheme_end && scheme_end > text;
	*url = (struct url){0};
	for (const char *at = text; has_scheme && at < scheme_end; at++)
		has_scheme = isalpha((unsigned char)*at);
	if (!has_scheme) {
		size_t length = strcspn(text, "/?#");
		const char *at = scan_host(text, &url->host), *end = at ? scan_port(at, &url->port) : NULL;
		if (end == text + length) {
			if (*end)
				url->path = (struct slice){end, strlen(end)};
			return 0;
		}
		return wrong_target(
		    error, text,
		    "is not a target: use http://HOST[:PORT][/PATH], https://... or [HOST]:PORT[/PATH] with a port "
		    "from 1 to 65535");
	}

	url->scheme = (struct slice){text, (size_t)(scheme_end - text)};
	if (!slice_is(url->scheme, "http") && !slice_is(url->scheme, "https"))
		return wrong_target(error, text, "is not a target: its scheme is neither http nor https");
	const char *at = scheme_end + 3;
	size_t authority = strcspn(at, "/?#");
	for (size_t i = authority; i > 0; i--)
		if (at[i - 1] == '@') {
			url->userinfo = (struct slice){at, i - 1};
			at += i;
			break;
		}
	const char *end = scan_host(at, &url->host);
	if (!end || !url->host.at || !strchr(":/?#", *end))
		return wrong_target(error, text,
				    "is not a target: its host is missing or has a character that a host cannot have");
	if (*end == ':' && strchr("/?#", end[1]) == NULL)
		end = scan_port(end, &url->port);
	else if (*end == ':')
		end++;
	if (!end || !strchr("/?#", *end))
		return wrong_target(error, text, "is not a target: its port is not 1-65535");
	if (*end)
		url->path = (struct slice){end, strlen(end)};
	return 0;
}

int value_statuses(const char *text, struct statuses *statuses, struct error *error)
{
	static const char rule[] = "is not a list of statuses: use 200-399 or 200,204,301-302, from 100 to 999";
	const char *at = text;

	memset(statuses, 0, sizeof *statuses);
	for (;;) {
		int64_t first = digits(&at, 999), last = first;
		if (*at == '-') {
			at++;
			last = digits(&at, 999);
		}
		if (first < 100 || last < first)
			return value_wrong(error, text, rule);
		for (int64_t status = first; status <= last; status++)
			statuses->bits[status / 8] |= (unsigned char)(1U << status % 8);
		if (*at == '\0')
			return 0;
		if (*at++ != ',')
			return value_wrong(error, text, rule);
	}
}

bool statuses_have(const struct statuses *statuses, int status)
{
	return status >= 100 && status <= 999 && statuses->bits[status / 8] >> status % 8 & 1;
}

int value_exit_codes(const char *text, struct exit_codes *codes, struct error *error)
{
	static const struct {
		const char *name;
		struct exit_codes codes;
	} named[] = {{"docker", {{0, 1, 1}}}, {"nagios", {{0, 2, 3}}}, {"consul", {{0, 2, 2}}}};
	struct suggestion near = {.given = text};
	struct exit_codes parsed;
	const char *at = text;

	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (strcmp(text, named[i].name) == 0) {
			*codes = named[i].codes;
			return 0;
		}
	for (size_t i = 0; i < 3; i++) {
		int64_t number = digits(&at, 125);
		if (number < 0 || *at != (i < 2 ? ',' : '\0')) {
			for (size_t j = 0; j < sizeof named / sizeof *named; j++)
				suggest_offer(&near, named[j].name);
			value_wrong(
			    error, text,
			    "is not three exit codes: use S,F,U with numbers from 0 to 125, or docker, nagios, consul");
			return suggest_append(&near, "", error);
		}
		parsed.code[i] = (int)number;
		at++;
	}
	*codes = parsed;
	return 0;
}

static bool is_token_character(char c)
{
	return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int value_header(const char *text, struct slice *name, struct slice *value, struct error *error)
{
	/* A header's value may be a secret, so these messages quote nothing. */
	size_t length = 0;

	while (is_token_character(text[length]))
		length++;
	if (length == 0 || text[length] != ':')
		return error_set(error, "needs the form 'NAME: VALUE', with a NAME of letters, digits and -");
	const char *at = text + length + 1, *end = at + strlen(at);
	while (is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	for (const char *c = at; c < end; c++)
		if ((unsigned char)*c < 0x20 && *c != '\t')
			return error_set(error, "has a control character in the value of '%.*s': a header is one line",
					 (int)(length < 60 ? length : 60), text);
	*name = (struct slice){text, length};
	*value = (struct slice){at, (size_t)(end - at)};
	return 0;
}

int value_token(const char *text, struct error *error)
{
	size_t length = 0;

	while (is_token_character(text[length]))
		length++;
	if (length == 0 || length > 32 || text[length] != '\0')
		return value_wrong(error, text, "is not a method: use a word such as GET, HEAD, POST or OPTIONS");
	return 0;
}

int value_choice(const char *text, const char *const *words, int *index, struct error *error)
{
	struct suggestion near = {.given = text};
	struct buf all = {0};

	for (int i = 0; words[i]; i++)
		if (strcasecmp(text, words[i]) == 0) {
			*index = i;
			return 0;
		}
	for (int i = 0; words[i]; i++) {
		suggest_offer(&near, words[i]);
		buf_printf(&all, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	error_set(error, "%s is not one of %s", value_quote(text).text, buf_string(&all));
	buf_free(&all);
	return suggest_append(&near, "", error);
}
