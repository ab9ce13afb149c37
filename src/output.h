#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

#include "buf.h"
#include "deadline.h"
#include "result.h"
#include "spec.h"

/* The exit code that the spec asks for a verdict. */
int output_exit_code(const struct spec *spec, enum verdict verdict);

/* Prints the result in the format that the spec asks for. A reader that is gone or does not read changes nothing: when
 * the deadline has passed, the program ends with the verdict's exit code from here. */
void output_result(const struct spec *spec, const struct result *result, const struct deadline *deadline);

/* Writes a text to a descriptor. A reader that is gone is left alone; one that does not read ends the program with
 * `code`, once the deadline has passed. Returns whether all of it was taken. */
bool output_write(int fd, const struct buf *text, const struct deadline *deadline, int code);

/* Adds "1.9 ms". */
void output_add_ms(struct buf *out, int64_t nanoseconds);

/* Writes what a format has gathered and empties it, once it is much: the texts that a peer sent need not all be held
 * once more in the form in which they are printed. */
void output_spill(struct buf *out);

/* How much of a text of valid UTF-8 to print before the next spill: OUTPUT_PIECE bytes at most, whole characters. */
enum { OUTPUT_PIECE = 4096 };
size_t output_piece(const char *text, size_t length);

/* The formats add their text to `out`, and may spill. */
void output_text(const struct spec *spec, const struct result *result, struct buf *out);
void output_json(const struct spec *spec, const struct result *result, struct buf *out);

#endif
