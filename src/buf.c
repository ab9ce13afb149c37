#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct buf *buf, size_t more)
{
	if (buf->failed)
		return false;
	if (more >= SIZE_MAX / 4 - buf->length) {
		buf->failed = true;
		return false;
	}
	size_t needed = buf->length + more + 1;
	if (needed <= buf->capacity)
		return true;
	size_t capacity = buf->capacity ? buf->capacity : 256;
	while (capacity < needed)
		capacity *= 2;
	char *data = realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t count)
{
	if (!reserve(buf, count))
		return;
	if (count)
		memcpy(buf->data + buf->length, bytes, count);
	buf->length += count;
	buf->data[buf->length] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_number(struct buf *buf, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buf_add(buf, digits + at, sizeof digits - at);
}

void buf_hex(struct buf *buf, const char *prefix, unsigned char byte, const char *digits)
{
	buf_text(buf, prefix);
	buf_add(buf, (char[]){digits[byte >> 4], digits[byte & 15]}, 2);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments, again;

	if (!reserve(buf, 64))
		return;
	va_start(arguments, format);
	va_copy(again, arguments);
	size_t room = buf->capacity - buf->length;
	int count = vsnprintf(buf->data + buf->length, room, format, arguments);
	va_end(arguments);
	/* Formatting is most of what a message costs: only a text that does not fit is formatted again. */
	if (count >= (int)room && reserve(buf, (size_t)count))
		vsnprintf(buf->data + buf->length, (size_t)count + 1, format, again);
	va_end(again);
	if (count >= 0 && !buf->failed)
		buf->length += (size_t)count;
	buf->data[buf->length] = '\0';
}

/* Decodes one UTF-8 character of at most `count` bytes. Returns its length, 0 when it is not valid. */
static size_t decode(const unsigned char *bytes, size_t count, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = bytes[0] < 0x80             ? 1
			: (bytes[0] & 0xe0) == 0xc0 ? 2
			: (bytes[0] & 0xf0) == 0xe0 ? 3
			: (bytes[0] & 0xf8) == 0xf0 ? 4
						    : 0;

	if (length == 0 || length > count)
		return 0;
	*code = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3fU);
	}
	if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

/* Characters beyond ASCII that change how a terminal shows the rest of a line. */
static bool acts_on_terminal(uint32_t code)
{
	return (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void buf_escape(struct buf *buf, const char *bytes, size_t count)
{
	const unsigned char *at = (const unsigned char *)bytes;

	while (count > 0) {
		size_t plain = 0;
		while (plain < count && at[plain] >= 0x20 && at[plain] < 0x7f)
			plain++;
		buf_add(buf, at, plain);
		at += plain;
		count -= plain;
		if (count == 0)
			return;

		uint32_t code = 0;
		size_t length = decode(at, count, &code);
		if (length > 1 && !acts_on_terminal(code))
			buf_add(buf, at, length);
		else if (length > 1)
			buf_printf(buf, "\\u{%x}", code);
		else if (*at == '\n' || *at == '\r' || *at == '\t')
			buf_text(buf, *at == '\n' ? "\\n" : *at == '\r' ? "\\r" : "\\t");
		else
			buf_hex(buf, "\\x", *at, "0123456789abcdef");
		at += length ? length : 1;
		count -= length ? length : 1;
	}
}

void buf_utf8(struct buf *buf, const char *bytes, size_t count)
{
	const unsigned char *at = (const unsigned char *)bytes;

	while (count > 0) {
		uint32_t code = 0;
		size_t length = decode(at, count, &code);
		if (length && code != 0 && !acts_on_terminal(code))
			buf_add(buf, at, length);
		else
			buf_text(buf, "\xef\xbf\xbd");
		at += length ? length : 1;
		count -= length ? length : 1;
	}
}

size_t buf_utf8_length(const char *bytes, size_t count)
{
	uint32_t code;

	return decode((const unsigned char *)bytes, count, &code);
}

void buf_cut(struct buf *buf, size_t limit)
{
	static const char dots[] = "...";

	if (buf->length <= limit || limit < sizeof dots)
		return;
	size_t end = limit - (sizeof dots - 1);
	while (end > 0 && ((unsigned char)buf->data[end] & 0xc0) == 0x80)
		end--;
	/* The longest escape is \u{10ffff}. */
	for (size_t back = 1; back < 10 && back <= end; back++)
		if (buf->data[end - back] == '\\') {
			end -= back;
			break;
		}
	buf->length = end;
	buf_text(buf, dots);
}

const char *buf_string(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}
