/* The parsers of values, a redirect's Location, and the escaping of bytes that a target sent. The first byte of an
 * input chooses. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "pidfile.h"
#include "place.h"
#include "value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *text; /* ends with a NUL */
	size_t length;    /* strlen(text) */
	const char *bytes;
	size_t size;
};

static void check_error(int status, const struct error *error)
{
	size_t length = strnlen(error->text, sizeof error->text);

	assert(status == 0 || status == -1);
	if (status == 0)
		return;
	assert(length > 0 && length < sizeof error->text);
	for (size_t i = 0; i < length; i++)
		assert((unsigned char)error->text[i] >= ' ' && error->text[i] != 0x7f);
}

static void check_within(struct slice slice, const struct input *input)
{
	if (slice.at)
		assert(slice.at >= input->text && slice.at + slice.length <= input->text + input->length);
	else
		assert(slice.length == 0);
}

static void duration(const struct input *input)
{
	struct error error;
	int64_t parsed = 0, again = 0;
	char printed[32];
	int status = value_duration(input->text, &parsed, &error);

	check_error(status, &error);
	if (status != 0)
		return;
	assert(parsed >= 1 && parsed <= 3600000);
	value_print_duration(printed, sizeof printed, parsed);
	assert(value_duration(printed, &again, &error) == 0);
	assert(again == parsed);
}

static void numbers(const struct input *input)
{
	struct error error;
	int64_t number;
	int port = 0;
	int status = value_integer(input->text, 1, 3600, &number, &error);

	check_error(status, &error);
	assert(status != 0 || (number >= 1 && number <= 3600));
	status = value_integer(input->text, 0, INT32_MAX, &number, &error);
	check_error(status, &error);
	assert(status != 0 || (number >= 0 && number <= INT32_MAX));
	status = value_port(input->text, &port, &error);
	check_error(status, &error);
	assert(status != 0 || (port >= 1 && port <= 65535));
}

static void host(const struct input *input)
{
	struct error error;
	struct slice slice = {NULL, 0};
	int port = 0, status = value_host(input->text, &slice, &error);

	check_error(status, &error);
	if (status == 0) {
		check_within(slice, input);
		assert(slice.length > 0);
	}
	slice = (struct slice){NULL, 0};
	status = value_address(input->text, &slice, &port, &error);
	check_error(status, &error);
	if (status == 0) {
		check_within(slice, input);
		assert(port >= 1 && port <= 65535);
	}
}

static void url(const struct input *input)
{
	struct error error;
	struct url parts;
	int status = value_url(input->text, &parts, &error);

	check_error(status, &error);
	if (status != 0)
		return;
	check_within(parts.scheme, input);
	check_within(parts.userinfo, input);
	check_within(parts.host, input);
	check_within(parts.path, input);
	assert(parts.port >= 0 && parts.port <= 65535);
	for (size_t i = 0; i < parts.host.length; i++)
		assert(!strchr("/?#@ \r\n", parts.host.at[i]));
}

static void statuses(const struct input *input)
{
	struct error error;
	struct statuses set;
	struct exit_codes codes = {{0, 0, 0}};
	int status = value_statuses(input->text, &set, &error), some = 0;

	check_error(status, &error);
	for (int code = 0; code < 1000 && status == 0; code++)
		some += statuses_have(&set, code);
	assert(status != 0 || some > 0);
	status = value_exit_codes(input->text, &codes, &error);
	check_error(status, &error);
	for (int i = 0; i < 3; i++)
		assert(codes.code[i] >= 0 && codes.code[i] <= 125);
}

static void header(const struct input *input)
{
	struct error error;
	struct slice name, value;
	int status = value_header(input->text, &name, &value, &error);

	check_error(status, &error);
	if (status == 0) {
		check_within(name, input);
		check_within(value, input);
		assert(name.length > 0 && !memchr(name.at, ':', name.length));
		assert(!memchr(value.at, '\n', value.length) && !memchr(value.at, '\r', value.length));
	}
	check_error(value_token(input->text, &error), &error);
}

static void choice(const struct input *input)
{
	static const char *const words[] = {"same-host", "follow", "none", NULL};
	struct error error;
	int index = 0, status = value_choice(input->text, words, &index, &error);

	check_error(status, &error);
	assert(status != 0 || strcasecmp(words[index], input->text) == 0);
}

static void location(const struct input *input)
{
	static const struct spec spec = {
	    .address = {.host = "127.0.0.1", .port = 8080}, .path = "/a/b?c", .userinfo = "me:p%20w"};
	struct place from, to;
	struct buf text = {0};

	assert(place_of_spec(&spec, &from) == 0);
	if (place_of_location(&from, input->text, &to) == 0) {
		if (to.scheme != SCHEME_OTHER)
			assert(to.port >= 1 && to.port <= 65535 && *to.host && *to.path == '/');
		/* It becomes a request line. */
		for (const char *at = to.path; *at; at++)
			assert(*at > ' ' && *at < 0x7f);
		place_describe(&to, true, &text);
		place_free(&to);
	}
	place_free(&from);
	buf_free(&text);
}

static void size_and_bytes(const struct input *input)
{
	struct error error;
	int64_t size = 0, pid = 0;
	char printed[32], *bytes = malloc(input->length + 1);
	size_t count = 0;
	int status = value_size(input->text, 1, 1 << 30, &size, &error);

	assert(bytes);
	check_error(status, &error);
	if (status == 0) {
		int64_t again = 0;
		assert(size >= 1 && size <= 1 << 30);
		value_print_size(printed, sizeof printed, size);
		assert(value_size(printed, 1, 1 << 30, &again, &error) == 0 && again == size);
	}
	status = value_bytes(input->text, bytes, &count, &error);
	check_error(status, &error);
	assert(status != 0 || (count <= input->length && count <= VALUE_BYTES));
	free(bytes);
	status = pidfile_parse(input->bytes, input->size, &pid, &error);
	check_error(status, &error);
	assert(status != 0 || (pid >= 1 && pid <= PIDFILE_MOST));
}

static void check_utf8(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		size_t more = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		assert(byte < 0x80 || (byte >= 0xc2 && byte <= 0xf4));
		for (; more > 0; more--) {
			i++;
			assert(i < length && ((unsigned char)bytes[i] & 0xc0) == 0x80);
		}
	}
}

static void escaping(const struct input *input)
{
	struct buf text = {0};

	buf_escape(&text, input->bytes, input->size);
	for (size_t i = 0; i < text.length; i++)
		assert((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
	check_utf8(buf_string(&text), text.length);
	for (size_t limit = 4; limit < 40 && text.length > 0; limit += 5) {
		struct buf cut = {0};
		buf_add(&cut, text.data, text.length);
		buf_cut(&cut, limit);
		assert(cut.length <= limit && cut.length == strlen(cut.data));
		check_utf8(cut.data, cut.length);
		buf_free(&cut);
	}
	buf_free(&text);
	buf_utf8(&text, input->bytes, input->size);
	assert(strlen(buf_string(&text)) == text.length);
	check_utf8(buf_string(&text), text.length);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const struct input *) = {duration, numbers, host,     url,      statuses,
								header,   choice,  location, escaping, size_and_bytes};

	if (size == 0)
		return 0;
	char *text = malloc(size);
	assert(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	/* Letters, so that seeds can be read. */
	parsers[(size_t)(data[0] - 'a') % (sizeof parsers / sizeof *parsers)](
	    &(struct input){text, strlen(text), (const char *)data + 1, size - 1});
	free(text);
	return 0;
}
