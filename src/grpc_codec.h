#ifndef GRPC_CODEC_H
#define GRPC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The two messages of grpc.health.v1.Health/Check, and their framing
 * (https://github.com/grpc/grpc/blob/master/doc/health-checking.md and PROTOCOL-HTTP2.md). */

/* What other gRPC clients take as the longest message. */
enum { GRPC_MESSAGE_LIMIT = 4 << 20 };

/* HealthCheckResponse.ServingStatus */
enum { GRPC_UNKNOWN = 0, GRPC_SERVING = 1, GRPC_NOT_SERVING = 2, GRPC_SERVICE_UNKNOWN = 3 };

/* Why a response cannot be read. */
enum grpc_flaw { GRPC_FINE, GRPC_COMPRESSED, GRPC_TOO_LONG, GRPC_MALFORMED, GRPC_SECOND_MESSAGE };

/* Reads a response of one message, in pieces of any size, and keeps nothing of it but the status. Starts as {0}. */
struct grpc_reader {
	enum grpc_flaw flaw;
	unsigned messages; /* that are whole */
	int32_t status;    /* of the last whole message */

	/* where the reader is */
	int state;
	unsigned count;  /* bytes read of a frame's head or of a varint */
	uint32_t left;   /* bytes left of the message */
	uint64_t number; /* the head or varint that is being read */
	uint64_t tag;
	uint64_t skip;   /* bytes of a field that nobody asked for */
	unsigned groups; /* how deep in groups of unknown fields */
	int32_t found;   /* the status in the message that is being read */
};

/* Adds a framed HealthCheckRequest. */
void grpc_add_request(struct buf *out, const char *service);

/* Reads on. Once there is a flaw, what follows is passed over. */
void grpc_read(struct grpc_reader *reader, const void *bytes, size_t count);

/* True when the response ends where a message does. */
bool grpc_at_end(const struct grpc_reader *reader);

#endif
