#include "grpc_codec.h"

#include <string.h>

enum { HEAD_LENGTH = 5, VARINT_LIMIT = 10, GROUP_LIMIT = 64 };
enum { IN_HEAD, IN_TAG, IN_VALUE, IN_LENGTH, IN_SKIP };
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_GROUP = 3, WIRE_GROUP_END = 4, WIRE_FIXED32 = 5 };
enum { FIELD_SERVICE = 1, FIELD_STATUS = 1 };

static size_t put_varint(unsigned char *to, size_t number)
{
	size_t count = 0;

	do {
		to[count] = (unsigned char)((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
		number >>= 7;
		count++;
	} while (number);
	return count;
}

void grpc_add_request(struct buf *out, const char *service)
{
	unsigned char head[HEAD_LENGTH] = {0}, field[1 + VARINT_LIMIT] = {FIELD_SERVICE << 3 | WIRE_BYTES};
	size_t length = strlen(service), field_length = length ? 1 + put_varint(field + 1, length) : 0;
	size_t total = field_length + length;

	for (size_t i = 0; i < 4; i++)
		head[1 + i] = (unsigned char)(total >> (24 - 8 * i));
	buf_add(out, head, sizeof head);
	buf_add(out, field, field_length);
	buf_add(out, service, length);
}

static void expect(struct grpc_reader *reader, int state)
{
	reader->state = state;
	reader->count = 0;
	reader->number = 0;
}

static void end_message(struct grpc_reader *reader)
{
	bool at_tag = reader->state == IN_TAG && reader->count == 0 && reader->groups == 0;

	if (!at_tag) {
		reader->flaw = GRPC_MALFORMED;
		return;
	}
	reader->messages++;
	reader->status = reader->found;
	if (reader->messages > 1)
		reader->flaw = GRPC_SECOND_MESSAGE;
	expect(reader, IN_HEAD);
}

static void read_head(struct grpc_reader *reader, unsigned char byte)
{
	if (reader->count == 0 && byte != 0) {
		reader->flaw = byte == 1 ? GRPC_COMPRESSED : GRPC_MALFORMED;
		return;
	}
	reader->number = reader->number << 8 | byte;
	if (++reader->count < HEAD_LENGTH)
		return;
	if (reader->number > GRPC_MESSAGE_LIMIT) {
		reader->flaw = GRPC_TOO_LONG;
		return;
	}
	reader->left = (uint32_t)reader->number;
	/* A field that is not there has its default. */
	reader->found = GRPC_UNKNOWN;
	reader->groups = 0;
	expect(reader, IN_TAG);
	if (reader->left == 0)
		end_message(reader);
}

static void skip_field(struct grpc_reader *reader, uint64_t count)
{
	reader->skip = count;
	expect(reader, count ? IN_SKIP : IN_TAG);
}

static void take_tag(struct grpc_reader *reader)
{
	uint64_t tag = reader->number;

	reader->tag = tag;
	if (tag >> 3 == 0 || tag > UINT32_MAX) {
		reader->flaw = GRPC_MALFORMED;
		return;
	}
	expect(reader, IN_TAG);
	switch (tag & 7) {
	case WIRE_VARINT:
		expect(reader, IN_VALUE);
		break;
	case WIRE_FIXED64:
		skip_field(reader, 8);
		break;
	case WIRE_BYTES:
		expect(reader, IN_LENGTH);
		break;
	case WIRE_GROUP:
		if (++reader->groups > GROUP_LIMIT)
			reader->flaw = GRPC_MALFORMED;
		break;
	case WIRE_GROUP_END:
		if (reader->groups == 0)
			reader->flaw = GRPC_MALFORMED;
		else
			reader->groups--;
		break;
	case WIRE_FIXED32:
		skip_field(reader, 4);
		break;
	default:
		reader->flaw = GRPC_MALFORMED;
	}
}

static void take_varint(struct grpc_reader *reader)
{
	if (reader->state == IN_TAG) {
		take_tag(reader);
	} else if (reader->state == IN_LENGTH) {
		skip_field(reader, reader->number);
	} else {
		/* An enum is an int32 on the wire; the last one of a field counts. */
		if (reader->tag == (FIELD_STATUS << 3 | WIRE_VARINT) && reader->groups == 0)
			reader->found = (int32_t)(uint32_t)reader->number;
		expect(reader, IN_TAG);
	}
}

static void read_varint(struct grpc_reader *reader, unsigned char byte)
{
	if (reader->count == VARINT_LIMIT) {
		reader->flaw = GRPC_MALFORMED;
		return;
	}
	reader->number |= (uint64_t)(byte & 0x7f) << (7 * reader->count);
	reader->count++;
	if (!(byte & 0x80))
		take_varint(reader);
}

void grpc_read(struct grpc_reader *reader, const void *bytes, size_t count)
{
	const unsigned char *at = bytes, *end = at + count;

	while (at < end && reader->flaw == GRPC_FINE) {
		if (reader->state == IN_HEAD) {
			read_head(reader, *at++);
			continue;
		}
		if (reader->state == IN_SKIP) {
			uint64_t step = (uint64_t)(end - at);
			step = step < reader->left ? step : reader->left;
			step = step < reader->skip ? step : reader->skip;
			at += step;
			reader->left -= (uint32_t)step;
			reader->skip -= step;
			if (reader->skip == 0)
				expect(reader, IN_TAG);
		} else {
			read_varint(reader, *at++);
			reader->left--;
		}
		if (reader->left == 0 && reader->flaw == GRPC_FINE)
			end_message(reader);
	}
}

bool grpc_at_end(const struct grpc_reader *reader)
{
	return reader->state == IN_HEAD && reader->count == 0;
}
