#ifndef CLI_H
#define CLI_H

#include "error.h"
#include "option.h"
#include "spec.h"

/* What the command line asks for. */
enum action { ACTION_PROBE, ACTION_HELP, ACTION_VERSION, ACTION_LIST };

struct cli {
	enum action action;
	const struct probe *probe; /* NULL: not named */
	const char *spec_source;   /* the value of -f, or NULL */
	char **operands;           /* what stands after the probe's name, in argv */
	size_t operand_count;
	const struct cli_option *options; /* those given, in order */
	size_t option_count;
};

/* Splits argv. Options that every probe has are already stored in the spec, since a later error ends with the exit
 * codes that were asked for and a spec is read within the timeout. Returns 0, or -1 with the error set. */
int cli_parse(int argc, char **argv, struct cli *cli, struct spec *spec, struct error *error);

/* Stores the options that every probe has once more, over what a spec, even a wrong one, said of them. */
void cli_apply_common(const struct cli *cli, struct spec *spec);

/* Stores TARGET or COMMAND and then the options in the spec, so that a flag overrides what a target or a JSON spec
 * said. Returns 0, or -1 with the error set. */
int cli_apply(const struct cli *cli, struct spec *spec, struct error *error);

/* Frees what cli_parse allocated. The spec may still point into argv. */
void cli_release(struct cli *cli);

#endif
