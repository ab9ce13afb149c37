/* The response decoder of grpc_codec.c, against a second one that has the whole response before it and is as plain as
 * can be. The first byte of an input says how the rest is cut into pieces: it must not matter. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "grpc_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_BYTES = 4 << 20, DEEPEST_GROUP = 64 };

struct verdict {
	enum grpc_flaw flaw;
	unsigned messages;
	int32_t status;
	bool at_end;
};

/* How a part of a message reads: well, never, or not yet since the rest is missing. */
enum outcome { GOOD, BAD, MORE };

struct part {
	const uint8_t *at, *end;
	bool whole; /* what is beyond `end` is not just missing */
};

static enum outcome varint(struct part *part, uint64_t *number)
{
	*number = 0;
	for (unsigned i = 0;; i++) {
		if (part->at == part->end)
			return part->whole ? BAD : MORE;
		if (i == 10)
			return BAD;
		uint8_t byte = *part->at++;
		*number |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80)
			return GOOD;
	}
}

static enum outcome skip(struct part *part, uint64_t count)
{
	if (count > (uint64_t)(part->end - part->at))
		return part->whole ? BAD : MORE;
	part->at += count;
	return GOOD;
}

static enum outcome fields(struct part part, int32_t *status)
{
	unsigned depth = 0;

	*status = 0;
	while (part.at < part.end) {
		uint64_t tag, value = 0;
		enum outcome outcome = varint(&part, &tag);
		if (outcome != GOOD)
			return outcome;
		if (tag >> 3 == 0 || tag >> 32 != 0)
			return BAD;
		switch (tag & 7) {
		case 0:
			outcome = varint(&part, &value);
			if (outcome == GOOD && tag >> 3 == 1 && depth == 0)
				*status = (int32_t)(value & 0xffffffff);
			break;
		case 1:
			outcome = skip(&part, 8);
			break;
		case 2:
			outcome = varint(&part, &value);
			if (outcome == GOOD)
				outcome = skip(&part, value);
			break;
		case 3:
			outcome = depth++ < DEEPEST_GROUP ? GOOD : BAD;
			break;
		case 4:
			outcome = depth > 0 ? GOOD : BAD;
			depth--;
			break;
		case 5:
			outcome = skip(&part, 4);
			break;
		default:
			return BAD;
		}
		if (outcome != GOOD)
			return outcome;
	}
	return !part.whole ? MORE : depth == 0 ? GOOD : BAD;
}

static struct verdict expected(const uint8_t *at, size_t size)
{
	const uint8_t *end = at + size;
	struct verdict verdict = {.flaw = GRPC_FINE};

	while (at < end) {
		if (at[0] != 0) {
			verdict.flaw = at[0] == 1 ? GRPC_COMPRESSED : GRPC_MALFORMED;
			return verdict;
		}
		if (end - at < 5)
			return verdict;
		uint32_t length = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
		if (length > MESSAGE_BYTES) {
			verdict.flaw = GRPC_TOO_LONG;
			return verdict;
		}
		at += 5;
		bool whole = length <= (size_t)(end - at);
		int32_t status;
		enum outcome outcome = fields((struct part){at, whole ? at + length : end, whole}, &status);
		if (outcome == BAD)
			verdict.flaw = GRPC_MALFORMED;
		if (outcome != GOOD)
			return verdict;
		at += length;
		verdict.status = status;
		if (++verdict.messages > 1) {
			verdict.flaw = GRPC_SECOND_MESSAGE;
			return verdict;
		}
	}
	verdict.at_end = true;
	return verdict;
}

/* Reads pieces of `step` bytes; 0 stands for sizes that change by the data itself. */
static struct verdict decoded(const uint8_t *data, size_t size, size_t step)
{
	struct grpc_reader reader = {0};
	size_t done = 0;

	while (done < size) {
		size_t piece = step ? step : (size_t)data[done] % 7 + 1;
		if (piece > size - done)
			piece = size - done;
		/* A copy of its own, so that the sanitizer sees a read beyond it. */
		uint8_t *copy = malloc(piece);
		assert(copy);
		memcpy(copy, data + done, piece);
		grpc_read(&reader, copy, piece);
		free(copy);
		done += piece;
	}
	return (struct verdict){reader.flaw, reader.messages, reader.status, grpc_at_end(&reader)};
}

static void check(struct verdict seen, struct verdict wanted)
{
	assert(seen.flaw == wanted.flaw);
	assert(seen.messages == wanted.messages);
	assert(seen.status == wanted.status);
	if (seen.flaw == GRPC_FINE)
		assert(seen.at_end == wanted.at_end);
}

/* Our own request is a message that any reader takes: one text in field 1. */
static void check_request(const uint8_t *data, size_t size)
{
	char *service = malloc(size + 1);
	struct buf request = {0};

	assert(service);
	memcpy(service, data, size);
	service[size] = '\0';
	grpc_add_request(&request, service);
	size_t length = strlen(service);
	struct verdict verdict = decoded((const uint8_t *)request.data, request.length, request.length);
	assert(verdict.flaw == GRPC_FINE && verdict.messages == 1 && verdict.at_end && verdict.status == 0);
	assert(request.length >= 5 + length && memcmp(request.data + request.length - length, service, length) == 0);
	buf_free(&request);
	free(service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t step = data[0];
	data++;
	size--;
	struct verdict wanted = expected(data, size);
	check(decoded(data, size, size ? size : 1), wanted);
	check(decoded(data, size, 1), wanted);
	check(decoded(data, size, step), wanted);
	check_request(data, size);
	return 0;
}
