#ifndef HELP_H
#define HELP_H

#include "buf.h"

struct probe;

/* Adds the help of one probe, or of the program when NULL. */
void help_add(const struct probe *probe, struct buf *out);

/* Adds the version of the program and of the libraries in it. */
void help_add_version(struct buf *out);

/* Adds the option table for completions and tests: a row a line, with tabs between the probes that take it, flag,
 * letter, JSON member, kind of value, allowed words, default and help. */
void help_add_list(struct buf *out);

#endif
