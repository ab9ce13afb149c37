#include "json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "content.h"
#include "json_text.h"
#include "option.h"
#include "pointer.h"
#include "probe.h"
#include "suggest.h"

enum { SOURCE_LIMIT = 16 << 20, MEMBER_LIMIT = 256 };

/* The member beside the handler that says what the answer must be. */
static const char expect_key[] = "expect";

/* Where the reader is: the path of the member it looks at, for messages. */
struct reader {
	struct spec *spec;
	const cJSON *handler; /* the probe's member */
	struct slice text;    /* all of the spec */
	struct buf path;
	struct error *error;
};

/* Puts the path before the error. Returns -1. */
static int at_path(struct reader *reader)
{
	struct buf shown = {0};

	buf_escape(&shown, buf_string(&reader->path), reader->path.length);
	buf_cut(&shown, 160);
	error_prefix(reader->error, shown.length ? buf_string(&shown) : "the spec");
	buf_free(&shown);
	return -1;
}

static size_t enter(struct reader *reader, const char *member)
{
	size_t before = reader->path.length;

	buf_printf(&reader->path, ".%s", member);
	return before;
}

static size_t enter_index(struct reader *reader, int index)
{
	size_t before = reader->path.length;

	buf_printf(&reader->path, "[%d]", index);
	return before;
}

static void leave(struct reader *reader, size_t before)
{
	reader->path.length = before;
	if (reader->path.data)
		reader->path.data[before] = '\0';
}

static const char *type_name(const cJSON *item)
{
	return cJSON_IsString(item)   ? "a string"
	       : cJSON_IsNumber(item) ? "a number"
	       : cJSON_IsBool(item)   ? "true or false"
	       : cJSON_IsArray(item)  ? "an array"
	       : cJSON_IsObject(item) ? "an object"
				      : "null";
}

static int wrong_type(struct reader *reader, const cJSON *item, const char *wanted)
{
	error_set(reader->error, "is %s, not %s", type_name(item), wanted);
	return at_path(reader);
}

/* The same member twice in one object: which one would count is anyone's guess. */
static int check_twice(struct reader *reader, const cJSON *object)
{
	/* Every object here has a handful of members; one with a million is no spec, and comparing them all takes
	 * hours. */
	if (cJSON_GetArraySize(object) > MEMBER_LIMIT) {
		error_set(reader->error, "has more than %d members", MEMBER_LIMIT);
		return at_path(reader);
	}
	for (const cJSON *item = object->child; item; item = item->next)
		for (const cJSON *other = object->child; other != item; other = other->next)
			if (strcmp(item->string, other->string) == 0) {
				enter(reader, item->string);
				error_set(reader->error, "is there twice");
				return at_path(reader);
			}
	return 0;
}

/* The value at the reader's path as it is written, for a double does not hold every number. */
static struct slice text_here(const struct reader *reader)
{
	struct buf pointer = {0};
	struct slice value = {"", 0};

	/* .expect.json to /expect/json, [0] to /0: so far no member's name has one of these characters in it. */
	for (const char *at = buf_string(&reader->path); *at; at++)
		if (*at != ']')
			buf_add(&pointer, *at == '.' || *at == '[' ? "/" : at, 1);
	if (!pointer.failed && !reader->path.failed)
		pointer_find(reader->text.at, reader->text.length, buf_string(&pointer), &value);
	buf_free(&pointer);
	return value;
}

/* Stores a text that the spec keeps. */
static int set_slice(struct reader *reader, const struct option *row, struct slice text)
{
	const char *kept = spec_keep(reader->spec, text, reader->error);

	if (!kept || option_set(row, reader->spec, kept, reader->error) != 0)
		return at_path(reader);
	return 0;
}

static int set_text(struct reader *reader, const struct option *row, const char *text)
{
	return set_slice(reader, row, (struct slice){text, strlen(text)});
}

static int set_scalar(struct reader *reader, const struct option *row, const cJSON *item)
{
	bool takes_number = row->type == OPTION_PORT || row->type == OPTION_INTEGER || row->type == OPTION_SECONDS;
	bool takes_both = row->type == OPTION_DURATION || row->type == OPTION_STATUSES || row->type == OPTION_SIZE;
	char number[40];

	/* To Kubernetes an empty host or scheme is one not given. */
	if ((row->type == OPTION_HOST || row->offset == offsetof(struct spec, scheme)) && cJSON_IsString(item) &&
	    !*item->valuestring)
		return 0;
	if (cJSON_IsString(item) && !takes_number)
		return set_text(reader, row, item->valuestring);
	if (!cJSON_IsNumber(item) || (!takes_number && !takes_both)) {
		if (row->type == OPTION_PORT && cJSON_IsString(item))
			return wrong_type(reader, item,
					  "a number: a port's name has no meaning without its container, use 1-65535");
		return wrong_type(reader, item,
				  takes_number ? "a number"
				  : takes_both ? "a string or a number"
					       : "a string");
	}
	/* 1e2 is a whole number too, and 15e-1 a duration; the parsers refuse by themselves what is none of theirs. */
	double value = item->valuedouble;
	bool fits = value > -1e15 && value < 1e15;
	if (fits && value == (double)(long long)value) {
		snprintf(number, sizeof number, "%lld", (long long)value);
		return set_text(reader, row, number);
	}
	struct slice text = text_here(reader);
	if (fits && row->type == OPTION_DURATION &&
	    (memchr(text.at, 'e', text.length) || memchr(text.at, 'E', text.length))) {
		snprintf(number, sizeof number, "%.9f", value);
		return set_text(reader, row, number);
	}
	return set_slice(reader, row, text);
}

/* {"name": "X-Probe", "value": "1"} */
static int set_header(struct reader *reader, const struct option *row, const cJSON *item)
{
	const char *parts[2] = {NULL, NULL};
	static const char *const names[2] = {"name", "value"};
	struct buf line = {0};

	if (!cJSON_IsObject(item))
		return wrong_type(reader, item, "an object with name and value");
	if (check_twice(reader, item) != 0)
		return -1;
	for (const cJSON *member = item->child; member; member = member->next) {
		int which = strcmp(member->string, names[0]) == 0 ? 0 : strcmp(member->string, names[1]) == 0 ? 1 : -1;
		size_t before = enter(reader, member->string);
		if (which < 0) {
			error_set(reader->error, "is not a member of a header: use name and value");
			return at_path(reader);
		}
		if (!cJSON_IsString(member))
			return wrong_type(reader, member, "a string");
		parts[which] = member->valuestring;
		leave(reader, before);
	}
	if (!parts[0]) {
		error_set(reader->error, "has no name");
		return at_path(reader);
	}
	buf_printf(&line, "%s: %s", parts[0], parts[1] ? parts[1] : "");
	/* A colon in the name would move the border between name and value. */
	int status = strchr(parts[0], ':') ? error_set(reader->error, "has a colon in its name") && at_path(reader)
					   : set_text(reader, row, buf_string(&line));
	buf_free(&line);
	return status ? -1 : 0;
}

/* {"/status": "UP"}: what is expected at each JSON pointer. */
static int set_pairs(struct reader *reader, const struct option *row, const cJSON *object)
{
	struct slice rest = text_here(reader), value;

	if (!cJSON_IsObject(object))
		return wrong_type(reader, object, "an object of JSON pointers and values");
	if (check_twice(reader, object) != 0)
		return -1;
	for (const cJSON *item = object->child; item; item = item->next) {
		size_t before = enter(reader, item->string);
		struct buf text = {0};
		const char *pointer, *kept = NULL;
		pointer = spec_keep(reader->spec, (struct slice){item->string, strlen(item->string)}, reader->error);
		if (pointer_next(&rest, &value))
			pointer_print(value, SIZE_MAX, &text);
		if (text.failed || !text.length)
			error_set(reader->error, "out of memory");
		else
			kept = spec_keep(reader->spec, (struct slice){text.data, text.length}, reader->error);
		buf_free(&text);
		if (!pointer || !kept || option_set_pair(row, reader->spec, pointer, kept, reader->error) != 0)
			return at_path(reader);
		leave(reader, before);
	}
	return 0;
}

static int set_member(struct reader *reader, const struct option *row, const cJSON *item)
{
	int index = 0;

	if (row->type == OPTION_FLAG) {
		if (!cJSON_IsBool(item))
			return wrong_type(reader, item, "true or false");
		option_set_flag(row, reader->spec, cJSON_IsTrue(item));
		return 0;
	}
	bool is_texts = row->type == OPTION_TEXTS || row->type == OPTION_PATTERNS || row->type == OPTION_FINDINGS;
	if (row->type == OPTION_JSON)
		return set_pairs(reader, row, item);
	if (row->type != OPTION_HEADERS && row->type != OPTION_COMMAND && !(is_texts && cJSON_IsArray(item)))
		return set_scalar(reader, row, item);

	if (!cJSON_IsArray(item))
		return wrong_type(reader, item, "an array");
	for (const cJSON *element = item->child; element; element = element->next) {
		size_t before = enter_index(reader, index++);
		bool is_text = is_texts || row->type == OPTION_COMMAND;
		if (is_text && !cJSON_IsString(element))
			return wrong_type(reader, element, "a string");
		if ((is_text ? set_text(reader, row, element->valuestring) : set_header(reader, row, element)) != 0)
			return -1;
		leave(reader, before);
	}
	return 0;
}

static int unknown_member(struct reader *reader, const cJSON *item, enum option_scope scope)
{
	struct suggestion near = {.given = item->string};
	const char *of = scope == SCOPE_PROBE    ? "a probe"
			 : scope == SCOPE_EXPECT ? expect_key
						 : reader->spec->probe->json_key;

	for (const struct option *row = option_table; row->help; row++)
		if (row->member && option_by_member(row->member, scope, reader->spec->probe))
			suggest_offer(&near, row->member);
	for (size_t i = 0; scope == SCOPE_PROBE && probe_list[i]; i++)
		suggest_offer(&near, probe_list[i]->json_key);
	if (scope == SCOPE_PROBE)
		suggest_offer(&near, expect_key);
	error_set(reader->error, "is not a member of %s", of);
	suggest_append(&near, ".", reader->error);
	return at_path(reader);
}

/* The member of an object, but none from `item` on, that sets what the row sets. NULL: there is none. */
static const cJSON *find_same(const struct reader *reader, const cJSON *object, const cJSON *item,
			      const struct option *row, enum option_scope scope)
{
	for (const cJSON *other = object->child; other != item; other = other->next) {
		const struct option *before = option_by_member(other->string, scope, reader->spec->probe);
		if (before && before->offset == row->offset && row->offset != OPTION_CHECKED)
			return other;
	}
	return NULL;
}

/* Two members that set the same thing, such as timeout and timeoutSeconds, or an expectation in the handler and beside
 * it. */
static int check_same_thing(struct reader *reader, const cJSON *object, const cJSON *item, const struct option *row,
			    enum option_scope scope)
{
	const cJSON *same = find_same(reader, object, item, row, scope), *within = NULL;

	if (!same && scope == SCOPE_EXPECT) {
		within = reader->handler;
		same = find_same(reader, within, NULL, row, SCOPE_HANDLER);
	}
	if (!same)
		return 0;
	error_set(reader->error, "says the same as .%s%s%s: give one of them", within ? within->string : "",
		  within ? "." : "", same->string);
	return at_path(reader);
}

/* The members of one object, but for the handlers. */
static int read_members(struct reader *reader, const cJSON *object, enum option_scope scope)
{
	for (const cJSON *item = object->child; item; item = item->next) {
		if (scope == SCOPE_PROBE && (probe_by_json_key(item->string) || strcmp(item->string, expect_key) == 0))
			continue;
		const struct option *row = option_by_member(item->string, scope, reader->spec->probe);
		size_t before = enter(reader, item->string);
		if (!row)
			return unknown_member(reader, item, scope);
		if (check_same_thing(reader, object, item, row, scope) != 0 || set_member(reader, row, item) != 0)
			return -1;
		leave(reader, before);
	}
	return 0;
}

/* Finds the one handler. */
static const cJSON *find_handler(struct reader *reader, const cJSON *object)
{
	const cJSON *handler = NULL;
	struct buf keys = {0};

	probe_add_names(&keys, true);
	for (const cJSON *item = object->child; item; item = item->next) {
		const struct probe *probe = probe_by_json_key(item->string);
		if (!probe)
			continue;
		if (handler) {
			enter(reader, item->string);
			error_set(reader->error, "is a second probe beside .%s: give exactly one of %s",
				  handler->string, buf_string(&keys));
			at_path(reader);
			buf_free(&keys);
			return NULL;
		}
		handler = item;
		reader->spec->probe = probe;
	}
	if (!handler) {
		/* A misspelt handler is best told by its own name. */
		for (const cJSON *item = object->child; item; item = item->next)
			if (!option_by_member(item->string, SCOPE_PROBE, NULL) &&
			    strcmp(item->string, expect_key) != 0) {
				enter(reader, item->string);
				unknown_member(reader, item, SCOPE_PROBE);
				buf_free(&keys);
				return NULL;
			}
		error_set(reader->error, "names no probe: give exactly one of %s", buf_string(&keys));
		at_path(reader);
	}
	buf_free(&keys);
	return handler;
}

/* The members of an object that the probe's object has under this name. */
static int read_inner(struct reader *reader, const cJSON *inner, enum option_scope scope)
{
	size_t before = enter(reader, inner->string);

	if (!cJSON_IsObject(inner))
		return wrong_type(reader, inner, "an object");
	if (check_twice(reader, inner) != 0 || read_members(reader, inner, scope) != 0)
		return -1;
	leave(reader, before);
	return 0;
}

static int read_probe(struct reader *reader, const cJSON *object)
{
	if (!cJSON_IsObject(object))
		return wrong_type(reader, object, "an object");
	if (check_twice(reader, object) != 0)
		return -1;
	reader->handler = find_handler(reader, object);
	if (!reader->handler || option_defaults(reader->spec, reader->spec->probe, reader->error) != 0)
		return -1;
	if (read_members(reader, object, SCOPE_PROBE) != 0)
		return -1;

	if (read_inner(reader, reader->handler, SCOPE_HANDLER) != 0)
		return -1;
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(object, expect_key);
	return expect ? read_inner(reader, expect, SCOPE_EXPECT) : 0;
}

static int parse(const char *text, size_t length, struct reader *reader)
{
	const char *end = text;

	reader->text = (struct slice){text, length};
	if (strspn(text, " \t\r\n") == length)
		return error_set(reader->error,
				 "the spec is empty: give a JSON object such as {\"tcpSocket\": {\"port\": 80}}");
	if (json_text_check(text, length, reader->error) != 0)
		return -1;
	errno = 0;
	cJSON *root = cJSON_ParseWithLengthOpts(text, length, &end, 0);
	/* cJSON does not tell why. */
	if (!root && errno == ENOMEM)
		return error_set(reader->error, "the spec: out of memory");
	if (!root) {
		if (end > text + length)
			end = text + length;
		return json_text_bad(reader->error, text, end, "is not valid JSON");
	}
	end += strspn(end, " \t\r\n");
	int status = end < text + length
			 ? json_text_bad(reader->error, text, end, "has something after the JSON object")
			 : read_probe(reader, root);
	cJSON_Delete(root);
	return status;
}

/* Reads all that the source has, waiting for a pipe no longer than the deadline. */
static int load(const char *source, const struct deadline *deadline, struct buf *text, struct error *error)
{
	bool cut = false;
	enum content_state state = strcmp(source, "-") == 0
				       ? content_read_open(STDIN_FILENO, SOURCE_LIMIT, deadline, text, &cut)
				       : content_read(source, SOURCE_LIMIT, deadline, text, &cut);

	if (state == CONTENT_REFUSED)
		return error_set(error, "cannot be read: %s", error_words(errno));
	if (state == CONTENT_STOPPED)
		return error_set(error, deadline_interrupted()
					    ? "interrupted before it was read whole"
					    : "could not be read whole before the timeout: it has no end yet");
	return cut ? error_set(error, "is larger than 16 MiB") : 0;
}

int json_read(const char *source, const struct deadline *deadline, struct spec *spec, struct error *error)
{
	struct reader reader = {.spec = spec, .error = error};
	struct buf text = {0};
	int status;

	char first = source[strspn(source, " \t\r\n")];

	if (first == '{' || first == '[') {
		buf_text(&text, source);
		status = parse(buf_string(&text), text.length, &reader);
	} else if (load(source, deadline, &text, error) != 0) {
		struct buf name = {0};
		buf_text(&name, "-f '");
		buf_escape(&name, source, strlen(source));
		buf_cut(&name, 160);
		buf_text(&name, "'");
		status = error_prefix(error, buf_string(&name));
		buf_free(&name);
	} else {
		status = parse(buf_string(&text), text.length, &reader);
	}
	buf_free(&reader.path);
	buf_free(&text);
	return status;
}
