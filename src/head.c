#include "head.h"

#include <string.h>
#include <strings.h>

#include "buf.h"

bool head_starts(const char *line, size_t length, const char *prefix)
{
	size_t wanted = strlen(prefix);

	return length >= wanted && strncasecmp(line, prefix, wanted) == 0;
}

bool head_may_show(const char *line, size_t length)
{
	static const char *const known[] = {"Content-Type:",
					    "Content-Length:",
					    "Server:",
					    "Date:",
					    "Connection:",
					    "Transfer-Encoding:",
					    "Retry-After:",
					    "Cache-Control:",
					    "Allow:",
					    "Accept:",
					    "User-Agent:",
					    "Host:",
					    "TE:",
					    "Via:",
					    "Age:",
					    "Expires:",
					    "Last-Modified:",
					    "Content-Encoding:",
					    "Vary:",
					    "Upgrade:"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (head_starts(line, length, known[i]))
			return true;
	return false;
}

static bool was_given(const struct spec *spec, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	size_t name = colon ? (size_t)(colon - line) : length;

	for (size_t i = 0; i < spec->headers.count; i++)
		if (strncasecmp(spec->headers.items[i], line, name) == 0 && spec->headers.items[i][name] == ':')
			return true;
	return false;
}

/* The line as it is, but of a URL no query unless it was asked for. */
static void add_request_line(struct buf *shown, const char *line, size_t length, bool query_too)
{
	const char *query = memchr(line, '?', length);
	const char *space = query ? memchr(query, ' ', length - (size_t)(query - line)) : NULL;

	if (!query || query_too) {
		buf_add(shown, line, length);
		return;
	}
	buf_add(shown, line, (size_t)(query - line));
	buf_text(shown, "?...");
	if (space)
		buf_add(shown, space, length - (size_t)(space - line));
}

/* Of a header that may be a secret no value, and nothing of a line that begins with a blank: there the value of the one
 * before goes on. `given` is for a header that the user gave. */
static void add_header(struct buf *shown, const char *line, size_t length, bool given)
{
	const char *colon = memchr(line, ':', length);
	bool goes_on = length > 0 && (line[0] == ' ' || line[0] == '\t');
	size_t value = colon && !goes_on ? (size_t)(colon - line) + 1 : 0;

	if (!goes_on && (!colon || (!given && head_may_show(line, length)))) {
		buf_add(shown, line, length);
		return;
	}
	buf_add(shown, line, value);
	while (value < length && (line[value] == ' ' || line[value] == '\t'))
		value++;
	buf_printf(shown, "%s(%zu bytes, not shown)", goes_on ? "" : " ", length - value);
}

void head_note_response(struct result *result, const char *line, size_t length)
{
	struct buf shown = {0};

	if (!result->detail)
		return;
	if (head_starts(line, length, "HTTP/"))
		buf_add(&shown, line, length);
	else
		add_header(&shown, line, length, false);
	result_item(result, "response", buf_string(&shown), shown.length);
	buf_free(&shown);
}

void head_note_request(struct result *result, const struct spec *spec, const char *bytes, size_t count)
{
	for (bool first = true; result->detail && count > 0; first = false) {
		const char *end = memchr(bytes, '\n', count);
		size_t whole = end ? (size_t)(end - bytes) + 1 : count, length = whole;
		struct buf shown = {0};
		while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
			length--;
		if (first)
			add_request_line(&shown, bytes, length, result->verbose);
		else
			add_header(&shown, bytes, length, was_given(spec, bytes, length));
		if (length > 0)
			result_item(result, "request", buf_string(&shown), shown.length);
		buf_free(&shown);
		bytes += whole;
		count -= whole;
	}
}
