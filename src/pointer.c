#include "pointer.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

/* What the tree of one value may take, and how deep values may lie in each other (as cJSON has it). */
enum { BUDGET = 4 << 20, DEPTH_MOST = 1000 };

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

/* A cJSON of JSON text. \u0000 becomes U+FFFD, for it would end the text to whoever compares it. */
static cJSON *make_tree(struct slice json)
{
	char *copy = malloc(json.length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, json.at, json.length);
	for (size_t i = 0; i + 1 < json.length; i++)
		if (copy[i] == '\\') {
			if (json.length - i >= 6 && memcmp(copy + i, "\\u0000", 6) == 0)
				memcpy(copy + i, "\\ufffd", 6);
			i++;
		}
	cJSON *tree = cJSON_ParseWithLengthOpts(copy, json.length, NULL, 0);
	free(copy);
	return tree;
}

/* Does a token of a pointer, in which ~1 is / and ~0 is ~, name this key? */
static bool is_key(const char *token, const char *key, size_t key_length)
{
	const char *end = key + key_length;

	for (; *token && *token != '/'; token++, key++) {
		char c = *token;
		if (c == '~')
			c = *++token == '1' ? '/' : '~';
		if (key == end || *key != c)
			return false;
	}
	return key == end;
}

/* Where a pointer goes on below a member; NULL where it does not lead there. The key is as it stands, in quotes. */
static const char *below_member(const char *pointer, struct slice key)
{
	bool named;

	if (!pointer || *pointer == '\0')
		return NULL;
	if (memchr(key.at, '\\', key.length)) {
		cJSON *plain = make_tree(key);
		named = plain && is_key(pointer + 1, plain->valuestring, strlen(plain->valuestring));
		cJSON_Delete(plain);
	} else {
		named = is_key(pointer + 1, key.at + 1, key.length - 2);
	}
	return named ? pointer + 1 + strcspn(pointer + 1, "/") : NULL;
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

static size_t spent;

/* malloc within the budget. */
static void *spend(size_t count)
{
	if (count + 16 > BUDGET - spent)
		return NULL;
	/* A small block costs malloc about this much more. */
	spent += count + 16;
	return malloc(count);
}

enum pointer_state pointer_get(const char *bytes, size_t count, const char *pointer, cJSON **value)
{
	cJSON_Hooks limited = {.malloc_fn = spend, .free_fn = free};
	struct walk walk;

	*value = NULL;
	if (!walk_all(&walk, bytes, count, pointer) || !walk.found.at)
		return POINTER_MISSING;
	spent = 0;
	cJSON_InitHooks(&limited);
	*value = make_tree(walk.found);
	cJSON_InitHooks(NULL);
	return *value ? POINTER_FOUND : POINTER_TOO_LARGE;
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
	buf_text(json, printed ? printed : "\"\"");
	cJSON_free(printed);
	cJSON_Delete(string);
}

bool pointer_equal(const cJSON *a, const cJSON *b)
{
	return cJSON_Compare(a, b, 1);
}
