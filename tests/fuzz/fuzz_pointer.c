/* JSON that a target sent, and a pointer into it: an input is the pointer, a newline and the content. What the pointer
 * finds has to be JSON, and equal to itself however it is printed. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;

	if (!line)
		return 0;
	const struct deadline none = {.end = DEADLINE_NEVER};
	size_t length = (size_t)(line - data), count = size - length - 1, at = 0;
	char *pointer = malloc(length + 1), *bytes = malloc(count ? count : 1);
	struct slice found = {NULL, 0}, again;
	struct error error;
	struct buf value = {0}, printed = {0};

	assert(pointer && bytes);
	memcpy(pointer, data, length);
	pointer[length] = '\0';
	memcpy(bytes, line + 1, count);

	bool is_pointer = pointer_check(pointer, &error) == 0;
	if (!is_pointer)
		assert(*error.text && strlen(error.text) < sizeof error.text);
	bool is_json = pointer_is_json(bytes, count, &at);
	assert(is_json || at <= count);
	if (is_pointer && is_json) {
		bool is_there = pointer_find(bytes, count, pointer, &found);
		/* The empty pointer is the whole content. */
		assert(is_there || *pointer);
		if (is_there) {
			pointer_print(found, SIZE_MAX, &printed);
			assert(pointer_find(buf_string(&printed), printed.length, "", &again));
			assert(pointer_equal(found, again, &none) && pointer_equal(again, found, &none));
		}
	}
	/* What a user gives as a value is always JSON. */
	pointer_value(pointer, &value);
	assert(value.failed || pointer_is_json(buf_string(&value), value.length, &at));
	buf_free(&value);
	buf_free(&printed);
	free(pointer);
	free(bytes);
	return 0;
}
