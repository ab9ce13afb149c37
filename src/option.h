#ifndef OPTION_H
#define OPTION_H

#include <stdint.h>

#include "error.h"
#include "spec.h"

/* The table of everything that a user can say. The command line, the JSON reader, the help and the completions all
 * read these rows, and nothing else knows an option's name. */

enum option_type {
	OPTION_HELP,       /* flag: print help and end */
	OPTION_VERSION,    /* flag: print versions and end */
	OPTION_LIST,       /* flag: print the table for the completions and end */
	OPTION_SPEC,       /* the source of a JSON spec */
	OPTION_FLAG,       /* bool */
	OPTION_TEXT,       /* const char * */
	OPTION_FILE,       /* const char *, a path that completions complete */
	OPTION_HOST,       /* const char * */
	OPTION_ADDRESS,    /* struct address, from HOST:PORT */
	OPTION_PORT,       /* int */
	OPTION_INTEGER,    /* int64_t between least and most; no destination: checked and left to the caller */
	OPTION_DURATION,   /* int64_t, milliseconds */
	OPTION_SECONDS,    /* int64_t, milliseconds, from a whole number of seconds between least and most */
	OPTION_CHOICE,     /* int, an index of words */
	OPTION_TOKEN,      /* const char *, an HTTP method */
	OPTION_STATUSES,   /* struct statuses */
	OPTION_EXIT_CODES, /* struct exit_codes */
	OPTION_HEADERS,    /* struct list of "NAME: VALUE" */
	OPTION_COMMAND,    /* struct list, a command and its arguments */
	OPTION_SIZE,       /* int64_t, bytes between least and most */
	OPTION_BYTES,      /* struct slice, text with escapes for bytes */
	OPTION_TEXTS,      /* struct list of texts that are not empty */
	OPTION_PATTERNS,   /* struct list of POSIX extended regular expressions */
	OPTION_FINDINGS,   /* struct list of "NAME: TEXT" to be found in headers */
	OPTION_JSON,       /* struct list of pairs, from "POINTER=VALUE" or a JSON object */
};

/* Where the member stands in the JSON of a probe. */
enum option_scope {
	SCOPE_NONE,    /* not in JSON */
	SCOPE_PROBE,   /* beside the probe's handler: {"timeoutSeconds": 1} */
	SCOPE_HANDLER, /* inside it: {"httpGet": {"port": 80}} */
	SCOPE_EXPECT,  /* in "expect" beside it: {"expect": {"contains": "UP"}}, or inside it */
};

struct option {
	const char *flag;   /* long name without dashes; NULL: JSON only */
	char letter;        /* short name, 0 when there is none */
	const char *member; /* JSON name; NULL: command line only */
	enum option_scope scope;
	enum option_type type;
	unsigned probes;          /* PROBE_ bits of those that take it; 0 is all */
	size_t offset;            /* of the destination in struct spec */
	int64_t least, most;      /* for OPTION_INTEGER, OPTION_SECONDS and OPTION_SIZE */
	const char *const *words; /* for OPTION_CHOICE, NULL-terminated */
	const char *initial;      /* the default, as a user would write it */
	const char *argument;     /* how help names the value; NULL: takes none */
	const char *help;         /* one line */
};

/* A row that has no destination is only checked. */
#define OPTION_CHECKED ((size_t)-1)

/* The rows, ended by one whose help is NULL. */
extern const struct option option_table[];

bool option_applies(const struct option *option, const struct probe *probe);

/* The row of a flag that applies to the probe (any probe's when NULL); NULL when there is none. */
const struct option *option_by_flag(const char *flag, size_t length, const struct probe *probe);
const struct option *option_by_letter(char letter, const struct probe *probe);

/* The row of a JSON member, or NULL. */
const struct option *option_by_member(const char *member, enum option_scope scope, const struct probe *probe);

/* Parses the text as the row's type and stores it in the spec. Returns 0, or -1 with an error that does not
 * name the option. `text` must live as long as the spec. */
int option_set(const struct option *option, struct spec *spec, const char *text, struct error *error);

/* Stores what is expected at a pointer, for an OPTION_JSON; `value` is JSON. Both must live as long as the spec. */
int option_set_pair(const struct option *option, struct spec *spec, const char *pointer, const char *value,
		    struct error *error);

/* Stores a truth value for an OPTION_FLAG. */
void option_set_flag(const struct option *option, struct spec *spec, bool value);

/* Takes out of the spec what JSON said and what cannot stand beside this option, or beside this text of it: a flag
 * overrides it. */
void option_make_way(const struct option *option, struct spec *spec, const char *text);

/* Stores the defaults of the rows that every probe has, or of those that just this probe has. */
int option_defaults(struct spec *spec, const struct probe *probe, struct error *error);

/* Looks for rows that contradict each other: a flag, letter or member twice for one probe, a choice without words, and
 * so on. Returns 0, or -1 with the error set. The tests call it, by --list-options. */
int option_check(struct error *error);

#endif
