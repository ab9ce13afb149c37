#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

/* The one line that says why something could not be done. */
struct error {
	char text[480];
};

/* Fills error with a formatted line (cut to fit) and returns -1, so that a function can end in
 * `return error_set(...)`. The text carries neither program name nor newline. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "PREFIX: " before what the error says. Returns -1. */
int error_prefix(struct error *error, const char *prefix);

/* The words for an errno value, the same with every C library: "connection refused". */
const char *error_words(int number);

/* Does an errno value say that descriptors or memory ran out, and nothing of what they were for? */
bool error_is_shortage(int number);

#endif
