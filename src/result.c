#include "result.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"

const char *reason_word(enum reason reason)
{
	static const char *const words[] = {
#define X(name, word) word,
	    REASONS(X)
#undef X
	};

	return words[reason];
}

const char *verdict_word(enum verdict verdict)
{
	static const char *const words[] = {"success", "failure", "unknown"};

	return words[verdict];
}

void result_init(struct result *result, const struct spec *spec)
{
	bool detail = !spec->quiet && (spec->verbose || spec->format == FORMAT_JSON);

	*result = (struct result){
	    .verdict = UNKNOWN,
	    .reason = REASON_INTERNAL_ERROR,
	    .phases = {-1, -1, -1, -1},
	    .detail = detail,
	    .verbose = detail && spec->verbose,
	};
	if (detail)
		result->facts = cJSON_CreateObject();
}

void result_release(struct result *result)
{
	cJSON_Delete(result->facts);
	result->facts = NULL;
}

void result_set(struct result *result, enum verdict verdict, enum reason reason, const char *format, ...)
{
	va_list arguments;

	result->verdict = verdict;
	result->reason = reason;
	va_start(arguments, format);
	vsnprintf(result->message, sizeof result->message, format, arguments);
	va_end(arguments);
}

void result_add(struct result *result, const char *format, ...)
{
	size_t length = strlen(result->message);
	va_list arguments;

	if (length > 0)
		length += (size_t)snprintf(result->message + length, sizeof result->message - length, "; ");
	if (length >= sizeof result->message)
		return;
	va_start(arguments, format);
	vsnprintf(result->message + length, sizeof result->message - length, format, arguments);
	va_end(arguments);
}

void result_warn(struct result *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(result->warning, sizeof result->warning, format, arguments);
	va_end(arguments);
}

void result_stopped(struct result *result, const struct deadline *deadline, const char *doing)
{
	int number = deadline_interrupted();
	char limit[32];
	const char *dots = doing ? ": " : "";

	doing = doing ? doing : "";
	if (number) {
		const char *name = number == SIGINT    ? "SIGINT"
				   : number == SIGTERM ? "SIGTERM"
				   : number == SIGHUP  ? "SIGHUP"
						       : "SIGQUIT";
		result_set(result, UNKNOWN, REASON_INTERRUPTED, "interrupted by %s%s%s", name, dots, doing);
		return;
	}
	value_print_duration(limit, sizeof limit, (deadline->end - deadline->start) / DEADLINE_MS);
	result_set(result, UNKNOWN, REASON_TIMEOUT, "no answer within %s%s%s", limit, dots, doing);
}

void result_no_resources(struct result *result, const char *what, int number)
{
	result_unreadable(result, REASON_OUT_OF_RESOURCES, what, number);
}

void result_unreadable(struct result *result, enum reason reason, const char *what, int number)
{
	if (number == EACCES || number == EPERM)
		reason = REASON_PERMISSION_DENIED;
	else if (error_is_shortage(number))
		reason = REASON_OUT_OF_RESOURCES;
	result_set(result, UNKNOWN, reason, "%s: %s", what, error_words(number));
}

void result_phase(int64_t *phase, int64_t nanoseconds)
{
	*phase = (*phase < 0 ? 0 : *phase) + nanoseconds;
}

/* What result_item takes, with what each item costs beside its bytes. */
enum { LISTED = 256 << 10 };

static void add(struct result *result, const char *name, cJSON *item)
{
	cJSON_DeleteItemFromObjectCaseSensitive(result->facts, name);
	if (!cJSON_AddItemToObject(result->facts, name, item))
		cJSON_Delete(item);
}

static cJSON *text_item(const char *bytes, size_t count)
{
	struct buf text = {0};

	buf_utf8(&text, bytes, count);
	cJSON *item = cJSON_CreateString("");
	/* It may be large: handed over, not copied. */
	if (item && text.data) {
		cJSON_free(item->valuestring);
		item->valuestring = text.data;
	} else {
		buf_free(&text);
	}
	return item;
}

void result_number(struct result *result, const char *name, double value)
{
	if (result->detail)
		add(result, name, cJSON_CreateNumber(value));
}

void result_bool(struct result *result, const char *name, bool value)
{
	if (result->detail)
		add(result, name, cJSON_CreateBool(value));
}

void result_text(struct result *result, const char *name, const char *bytes, size_t count)
{
	if (result->detail)
		add(result, name, text_item(bytes, count));
}

static cJSON *list(struct result *result, const char *name)
{
	cJSON *items = cJSON_GetObjectItemCaseSensitive(result->facts, name);

	return items ? items : cJSON_AddArrayToObject(result->facts, name);
}

void result_item(struct result *result, const char *name, const char *bytes, size_t count)
{
	if (!result->detail || result->listed > LISTED)
		return;
	result->listed += sizeof(cJSON) + count;
	cJSON *item = result->listed > LISTED ? text_item("...", 3) : text_item(bytes, count);
	if (!cJSON_AddItemToArray(list(result, name), item))
		cJSON_Delete(item);
}

void result_drop(struct result *result, const char *name)
{
	cJSON_DeleteItemFromObjectCaseSensitive(result->facts, name);
}

void result_expectation(struct result *result, const char *kind, const char *wanted, const char *message)
{
	if (!result->detail)
		return;
	cJSON *item = cJSON_CreateObject();
	cJSON_AddStringToObject(item, "expectation", kind);
	cJSON_AddItemToObject(item, "wanted", text_item(wanted, strlen(wanted)));
	cJSON_AddItemToObject(item, "message", text_item(message, strlen(message)));
	if (!cJSON_AddItemToArray(list(result, "failedExpectations"), item))
		cJSON_Delete(item);
}

void result_attempt(struct result *result, const char *address, const char *answer, int64_t nanoseconds)
{
	if (!result->detail)
		return;
	cJSON *item = cJSON_CreateObject();
	cJSON_AddItemToObject(item, "address", text_item(address, strlen(address)));
	cJSON_AddStringToObject(item, "answer", answer);
	cJSON_AddNumberToObject(item, "ms", (double)(nanoseconds / 1000) / 1000);
	if (!cJSON_AddItemToArray(list(result, "attempts"), item))
		cJSON_Delete(item);
}
