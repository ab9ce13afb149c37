#ifndef CONTENT_H
#define CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "deadline.h"

/* The content of a file, a pipe or a device, read so that none of them holds the program longer than the deadline. */

enum content_state {
	CONTENT_READ,
	CONTENT_STOPPED, /* the deadline has passed, or a signal came */
	CONTENT_REFUSED, /* see errno */
};

/* Adds the first `limit` bytes to `content`; `cut` tells whether there is more. What was read by then is there in every
 * case. */
enum content_state content_read(const char *path, size_t limit, const struct deadline *deadline, struct buf *content,
				bool *cut);

/* The same of a descriptor that is open already, such as standard input. */
enum content_state content_read_open(int fd, size_t limit, const struct deadline *deadline, struct buf *content,
				     bool *cut);

#endif
