#include "place.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int default_port(int scheme)
{
	return scheme == SCHEME_HTTPS ? 443 : 80;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* The path as Go's URL writes it: what cannot stand in a request line is percent-encoded, escapes that are there stay.
 */
static char *encode_path(const char *path)
{
	struct buf out = {0};

	if (*path != '/')
		buf_text(&out, "/");
	while (*path && *path != '#') {
		size_t plain = 0;
		while (path[plain] > ' ' && path[plain] <= '~' && !strchr("#\"<>\\^`{|}", path[plain]))
			plain++;
		buf_add(&out, path, plain);
		path += plain;
		if (*path && *path != '#')
			buf_hex(&out, "%", (unsigned char)*path++, "0123456789ABCDEF");
	}
	if (out.failed)
		buf_free(&out);
	return out.data;
}

static char *decode(const char *text, size_t length)
{
	/* To libcurl a length of 0 means "up to the NUL". */
	char *decoded = length ? curl_easy_unescape(NULL, text, (int)length, NULL) : NULL,
	     *kept = copy(length ? decoded : "");

	curl_free(decoded);
	return kept;
}

/* "user:password", each percent-encoded. */
static void take_userinfo(struct place *place, const char *userinfo)
{
	size_t length = strcspn(userinfo, ":");
	const char *password = userinfo[length] ? userinfo + length + 1 : "";

	place->user = decode(userinfo, length);
	place->password = decode(password, strlen(password));
}

int place_of_spec(const struct spec *spec, struct place *place)
{
	*place = (struct place){
	    .scheme = spec->scheme,
	    .host = copy(spec->address.host),
	    .port = spec->address.port,
	    .path = encode_path(spec->path),
	};
	if (spec->userinfo)
		take_userinfo(place, spec->userinfo);
	/* Without its credentials it would be another request. */
	bool lacks_userinfo = spec->userinfo && (!place->user || !place->password);
	return place->host && place->path && !lacks_userinfo ? 0 : -1;
}

/* One part of a URL, NULL where it is not there. */
static char *part(CURLU *url, CURLUPart which, unsigned flags)
{
	char *text = NULL, *kept;

	if (curl_url_get(url, which, &text, flags) != CURLUE_OK)
		return NULL;
	kept = copy(text);
	curl_free(text);
	return kept;
}

static int take_apart(CURLU *url, struct place *place)
{
	char *scheme = part(url, CURLUPART_SCHEME, 0), *port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *host = part(url, CURLUPART_HOST, 0), *path = part(url, CURLUPART_PATH, 0),
	     *query = part(url, CURLUPART_QUERY, 0);
	struct buf target = {0};
	struct error error;
	int status = -1;

	*place = (struct place){.user = part(url, CURLUPART_USER, CURLU_URLDECODE),
				.password = part(url, CURLUPART_PASSWORD, CURLU_URLDECODE)};
	if (scheme) {
		place->scheme = strcmp(scheme, "http") == 0    ? SCHEME_HTTP
				: strcmp(scheme, "https") == 0 ? SCHEME_HTTPS
							       : SCHEME_OTHER;
		place->host = host && host[0] == '[' ? strndup(host + 1, strlen(host) - 2) : copy(host ? host : "");
		buf_text(&target, path ? path : "/");
		if (query)
			buf_printf(&target, "?%s", query);
		place->path = encode_path(buf_string(&target));
		bool reachable = port && value_port(port, &place->port, &error) == 0 && host && *host;
		status = place->host && place->path && (reachable || place->scheme == SCHEME_OTHER) ? 0 : -1;
	}
	free(scheme);
	free(port);
	free(host);
	free(path);
	free(query);
	buf_free(&target);
	if (status != 0)
		place_free(place);
	return status;
}

/* libcurl writes addresses in its own way, and the zone was left out: where it is the host that we came from, it is so
 * by name too. */
static int recognise_host(struct place *place, const struct place *from, const struct place *base)
{
	if (strcasecmp(place->host, base->host) != 0)
		return 0;
	free(place->host);
	place->host = copy(from->host);
	if (place->host)
		return 0;
	place_free(place);
	return -1;
}

int place_of_location(const struct place *from, const char *location, struct place *place)
{
	CURLU *url = curl_url();
	struct place base = {0};
	struct buf text = {0};
	int status = -1;

	place_describe(from, true, &text);
	if (url && curl_url_set(url, CURLUPART_URL, buf_string(&text), 0) == CURLUE_OK && take_apart(url, &base) == 0 &&
	    curl_url_set(url, CURLUPART_URL, location,
			 CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME | CURLU_NO_AUTHORITY) == CURLUE_OK &&
	    take_apart(url, place) == 0)
		status = recognise_host(place, from, &base);
	curl_url_cleanup(url);
	place_free(&base);
	buf_free(&text);
	return status;
}

void place_describe_authority(const struct place *place, struct buf *out)
{
	bool bracket = strchr(place->host, ':') != NULL;

	buf_text(out, bracket ? "[" : "");
	/* The zone of fe80::1%eth0 is nobody's business but ours (RFC 6874, section 4). */
	buf_add(out, place->host, strcspn(place->host, "%"));
	buf_text(out, bracket ? "]" : "");
	if (place->port != default_port(place->scheme)) {
		buf_text(out, ":");
		buf_number(out, (uint64_t)place->port);
	}
}

void place_describe(const struct place *place, bool query, struct buf *out)
{
	/* Memory was out when it was made. */
	if (!place->host || !place->path)
		return;
	buf_text(out, place->scheme == SCHEME_HTTPS ? "https://" : "http://");
	place_describe_authority(place, out);
	buf_add(out, place->path, query ? strlen(place->path) : strcspn(place->path, "?"));
}

void place_free(struct place *place)
{
	free(place->host);
	free(place->path);
	free(place->user);
	free(place->password);
	*place = (struct place){0};
}
