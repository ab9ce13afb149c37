#include "pointer.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "letters.h"

/* How deep values may lie in each other (as cJSON has it). */
enum { DEPTH_MOST = 1000 };

int pointer_check(const char *pointer, struct error *error)
{
	if (*pointer && *pointer != '/')
		return value_wrong(error, pointer, "is not a JSON pointer: it starts with /, as in /status");
	for (const char *at = strchr(pointer, '~'); at; at = strchr(at + 1, '~'))
		if (at[1] != '0' && at[1] != '1')
			return value_wrong(error, pointer,
					   "is not a JSON pointer: after ~ come 0 (for ~) or 1 (for /)");
	return 0;
}

/* A walk over JSON. The functions return false where it is none, and leave `at` there. */
struct walk {
	const char *at, *end;
	int depth;
	struct slice found; /* the value that the pointer leads to; at == NULL until it is met */
};

static bool walk_value(struct walk *walk, const char *pointer);

static void skip_space(struct walk *walk)
{
	while (walk->at < walk->end &&
	       (*walk->at == ' ' || *walk->at == '\t' || *walk->at == '\n' || *walk->at == '\r'))
		walk->at++;
}

/* Moves over this character, and the space around it, where it is next. */
static bool take(struct walk *walk, char c)
{
	skip_space(walk);
	if (walk->at == walk->end || *walk->at != c)
		return false;
	walk->at++;
	skip_space(walk);
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool walk_string(struct walk *walk)
{
	if (walk->at == walk->end || *walk->at != '"')
		return false;
	for (walk->at++; walk->at < walk->end && *walk->at != '"'; walk->at++) {
		if ((unsigned char)*walk->at < 0x20)
			return false;
		if (*walk->at != '\\')
			continue;
		walk->at++;
		if (walk->at == walk->end || !memchr("\"\\/bfnrtu", *walk->at, 9))
			return false;
		for (int i = 0; *walk->at == 'u' && i < 4; i++)
			if (walk->end - walk->at <= i + 1 || !is_hex(walk->at[i + 1]))
				return false;
	}
	if (walk->at == walk->end)
		return false;
	walk->at++;
	return true;
}

static bool walk_digits(struct walk *walk)
{
	const char *start = walk->at;

	while (walk->at < walk->end && *walk->at >= '0' && *walk->at <= '9')
		walk->at++;
	return walk->at > start;
}

static bool walk_number(struct walk *walk)
{
	walk->at += *walk->at == '-';
	if (walk->at < walk->end && *walk->at == '0')
		walk->at++;
	else if (!walk_digits(walk))
		return false;
	if (walk->at < walk->end && *walk->at == '.') {
		walk->at++;
		if (!walk_digits(walk))
			return false;
	}
	if (walk->at < walk->end && (*walk->at == 'e' || *walk->at == 'E')) {
		walk->at++;
		walk->at += walk->at < walk->end && (*walk->at == '+' || *walk->at == '-');
		return walk_digits(walk);
	}
	return true;
}

static bool walk_word(struct walk *walk)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i]);
		if ((size_t)(walk->end - walk->at) >= length && memcmp(walk->at, words[i], length) == 0) {
			walk->at += length;
			return true;
		}
	}
	return false;
}

/* Does a token of a pointer, in which ~1 is / and ~0 is ~, name this key? */
static bool is_key(const char *token, struct slice key)
{
	struct letters letters = letters_of(key);

	for (; *token && *token != '/'; token++) {
		char c = *token;
		if (c == '~')
			c = *++token == '1' ? '/' : '~';
		if (letters_next(&letters) != (unsigned char)c)
			return false;
	}
	return letters_next(&letters) < 0;
}

/* Where a pointer goes on below a member; NULL where it does not lead there. The key is as it stands, in quotes. */
static const char *below_member(const char *pointer, struct slice key)
{
	if (!pointer || *pointer == '\0' || !is_key(pointer + 1, key))
		return NULL;
	return pointer + 1 + strcspn(pointer + 1, "/");
}

/* The same for an element of an array. */
static const char *below_element(const char *pointer, size_t index)
{
	size_t number = 0, length;

	if (!pointer || *pointer == '\0')
		return NULL;
	length = strcspn(pointer + 1, "/");
	/* No leading zeros, and no more digits than any array here can need. */
	if (length == 0 || length > 9 || (length > 1 && pointer[1] == '0'))
		return NULL;
	for (size_t i = 1; i <= length; i++) {
		if (pointer[i] < '0' || pointer[i] > '9')
			return NULL;
		number = number * 10 + (size_t)(pointer[i] - '0');
	}
	return number == index ? pointer + 1 + length : NULL;
}

static bool walk_object(struct walk *walk, const char *pointer)
{
	if (take(walk, '}'))
		return true;
	do {
		struct slice key = {walk->at, 0};
		if (!walk_string(walk))
			return false;
		key.length = (size_t)(walk->at - key.at);
		if (!take(walk, ':') || !walk_value(walk, below_member(pointer, key)))
			return false;
	} while (take(walk, ','));
	return take(walk, '}');
}

static bool walk_array(struct walk *walk, const char *pointer)
{
	size_t index = 0;

	if (take(walk, ']'))
		return true;
	do {
		if (!walk_value(walk, below_element(pointer, index++)))
			return false;
	} while (take(walk, ','));
	return take(walk, ']');
}

/* One value. `pointer` is what is left of the pointer here, NULL where it does not lead here. */
static bool walk_value(struct walk *walk, const char *pointer)
{
	const char *start = walk->at;
	bool is_json;

	if (walk->at == walk->end || walk->depth == DEPTH_MOST)
		return false;
	walk->depth++;
	if (take(walk, '{'))
		is_json = walk_object(walk, pointer);
	else if (take(walk, '['))
		is_json = walk_array(walk, pointer);
	else if (*walk->at == '"')
		is_json = walk_string(walk);
	else if (*walk->at == '-' || (*walk->at >= '0' && *walk->at <= '9'))
		is_json = walk_number(walk);
	else
		is_json = walk_word(walk);
	walk->depth--;
	if (is_json && pointer && *pointer == '\0' && !walk->found.at)
		walk->found = (struct slice){start, (size_t)(walk->at - start)};
	return is_json;
}

static bool walk_all(struct walk *walk, const char *bytes, size_t count, const char *pointer)
{
	static const char mark[] = "\xef\xbb\xbf";

	*walk = (struct walk){.at = bytes, .end = bytes + count};
	/* A byte order mark may be there, says the RFC, and may be passed over. */
	if (count > 3 && memcmp(bytes, mark, 3) == 0)
		walk->at += 3;
	skip_space(walk);
	if (!walk_value(walk, pointer))
		return false;
	skip_space(walk);
	return walk->at == walk->end;
}

bool pointer_is_json(const char *bytes, size_t count, size_t *at)
{
	struct walk walk;
	bool is_json = count > 0 && walk_all(&walk, bytes, count, NULL);

	*at = count > 0 ? (size_t)(walk.at - bytes) : 0;
	return is_json;
}

bool pointer_find(const char *bytes, size_t count, const char *pointer, struct slice *value)
{
	struct walk walk;

	if (!walk_all(&walk, bytes, count, pointer) || !walk.found.at)
		return false;
	*value = walk.found;
	return true;
}

/* The next member of an object or element of an array, whose walk begins behind its bracket. */
static bool next_item(struct walk *walk, bool has_key, struct slice *key, struct slice *value)
{
	take(walk, ',');
	if (walk->at == walk->end || *walk->at == '}' || *walk->at == ']')
		return false;
	key->at = walk->at;
	if (has_key && !walk_string(walk))
		return false;
	key->length = (size_t)(walk->at - key->at);
	if (has_key && !take(walk, ':'))
		return false;
	value->at = walk->at;
	if (!walk_value(walk, NULL))
		return false;
	value->length = (size_t)(walk->at - value->at);
	return true;
}

bool pointer_next(struct slice *object, struct slice *value)
{
	bool first = object->length && *object->at == '{';
	struct walk walk = {.at = object->at + first, .end = object->at + object->length};
	struct slice key;
	bool is_there = next_item(&walk, true, &key, value);

	*object = (struct slice){walk.at, (size_t)(walk.end - walk.at)};
	return is_there;
}

enum pointer_kind pointer_kind(struct slice value)
{
	switch (*value.at) {
	case '{':
		return KIND_OBJECT;
	case '[':
		return KIND_ARRAY;
	case '"':
		return KIND_STRING;
	case 't':
	case 'f':
		return KIND_BOOLEAN;
	case 'n':
		return KIND_NULL;
	default:
		return KIND_NUMBER;
	}
}

/* The first member of this key. */
static bool find_member(struct slice object, struct slice wanted, struct slice *value)
{
	struct walk walk = {.at = object.at + 1, .end = object.at + object.length};
	struct slice key;

	while (next_item(&walk, true, &key, value))
		if (letters_equal(key, wanted))
			return true;
	return false;
}

/* Has each of two objects or arrays what the other has? The members of an object may stand in any order. */
static bool same_items(struct slice a, struct slice b, bool has_keys, const struct deadline *deadline)
{
	struct walk left = {.at = a.at + 1, .end = a.at + a.length}, right = {.at = b.at + 1, .end = b.at + b.length};
	struct walk again = left, other = right;
	struct slice key, value, other_key, other_value;
	bool more;

	if (deadline_over(deadline))
		return false;
	/* As many, first of all: then what is looked up is no more often looked up than the smaller one has members. */
	do {
		more = next_item(&left, has_keys, &key, &value);
		if (more != next_item(&right, has_keys, &other_key, &other_value))
			return false;
	} while (more);
	while (next_item(&again, has_keys, &key, &value)) {
		next_item(&other, has_keys, &other_key, &other_value);
		/* A key that stands twice in one must not make up for one that only the other has. */
		if (has_keys && !letters_equal(key, other_key) &&
		    (deadline_over(deadline) || !find_member(a, other_key, &other_value) ||
		     !find_member(b, key, &other_value)))
			return false;
		if (!pointer_equal(value, other_value, deadline))
			return false;
	}
	return true;
}

bool pointer_equal(struct slice a, struct slice b, const struct deadline *deadline)
{
	enum pointer_kind kind = pointer_kind(a);

	if (kind != pointer_kind(b))
		return false;
	if (kind == KIND_OBJECT || kind == KIND_ARRAY)
		return same_items(a, b, kind == KIND_OBJECT, deadline);
	if (kind == KIND_STRING)
		return letters_equal(a, b);
	/* Of the words, only those of the booleans differ. */
	return kind == KIND_NUMBER ? decimal_equal(a, b) : *a.at == *b.at;
}

void pointer_print(struct slice value, size_t limit, struct buf *json)
{
	const char *end = value.at + value.length;
	bool in_string = false;

	for (const char *at = value.at; at < end && limit > 0; at++) {
		if (!in_string && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
			continue;
		bool is_escape = in_string && *at == '\\';
		if (*at == '"')
			in_string = !in_string;
		buf_add(json, at, 1 + is_escape);
		at += is_escape;
		limit--;
	}
}

void pointer_value(const char *text, struct buf *json)
{
	size_t at;

	if (pointer_is_json(text, strlen(text), &at)) {
		buf_text(json, text);
		return;
	}
	cJSON *string = cJSON_CreateString(text);
	char *printed = string ? cJSON_PrintUnformatted(string) : NULL;
	if (printed)
		buf_text(json, printed);
	else
		json->failed = true;
	cJSON_free(printed);
	cJSON_Delete(string);
}
