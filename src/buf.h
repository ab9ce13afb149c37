#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing byte string that is always NUL-terminated once anything was added. Starts as {0}. When memory
 * runs out it keeps what it has and sets `failed`; callers that care look at that once, at the end. */
struct buf {
	char *data;
	size_t length;
	size_t capacity;
	bool failed;
};

void buf_add(struct buf *buf, const void *bytes, size_t count);
void buf_text(struct buf *buf, const char *text);
/* A decimal number: what every probe prints goes without the cost of formatting. */
void buf_number(struct buf *buf, uint64_t number);
/* A byte as two of the 16 digits, after a prefix; as cheap, for bodies and paths may be made of such. */
void buf_hex(struct buf *buf, const char *prefix, unsigned char byte, const char *digits);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds bytes that somebody else chose so that they are safe on a terminal and in a log: control
 * characters, invalid UTF-8 and invisible direction marks become \n, \t, \r, \xHH or \u{HHHH}. */
void buf_escape(struct buf *buf, const char *bytes, size_t count);

/* Adds the bytes as valid UTF-8 for a JSON string: what is not valid or would act on a terminal becomes
 * U+FFFD; tab, newline and the other C0 characters stay, for the JSON writer escapes them. NUL becomes
 * U+FFFD too, since the text is handed on as a C string. */
void buf_utf8(struct buf *buf, const char *bytes, size_t count);

/* The length of the valid UTF-8 character at `bytes`, 0 when there is none. count is 1 at least. */
size_t buf_utf8_length(const char *bytes, size_t count);

/* Shortens to at most `limit` bytes, ending in "..." when something was cut, never inside a UTF-8
 * character or one of buf_escape's escapes. */
void buf_cut(struct buf *buf, size_t limit);

/* The text, "" when empty. Owned by the buf. */
const char *buf_string(const struct buf *buf);

/* Frees the memory and makes it {0} again. */
void buf_free(struct buf *buf);

#endif
