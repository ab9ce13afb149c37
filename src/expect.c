#include "expect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pattern.h"
#include "pointer.h"

/* How much a message shows of what was wanted, and of what there was. All of it must fit a line of 500 bytes. */
enum { WANTED = 60, EXCERPT = 100, TAIL = 64, VALUE = 60, AROUND = 24 };

/* One pass over the expectations. */
struct judging {
	const struct spec *spec;
	const struct seen *seen;
	const struct deadline *deadline;
	struct result *result;
	bool failed;                     /* something does not hold */
	struct buf texts;                /* what that is, joined */
	bool show;                       /* the content is worth an excerpt */
	bool broken;                     /* what failed cannot be mended by more content */
	const char *stopped, *no_memory; /* a pattern or a JSON pointer that could not be judged */
	const char *still;               /* what was being done with the one that was stopped */
};

bool expect_content(const struct spec *spec)
{
	const struct expectations *expect = &spec->expect;

	return expect->contains.count || expect->not_contains.count || expect->regex.count || expect->json.count ||
	       expect->header_contains.count;
}

void expect_quote(struct buf *out, const char *bytes, size_t count, size_t limit)
{
	struct buf text = {0};

	/* Each byte takes one at least, so this is all that can be shown and one that makes it be cut. */
	buf_escape(&text, bytes, count < limit ? count : limit + 1);
	buf_cut(&text, limit);
	buf_printf(out, "'%s'", buf_string(&text));
	out->failed |= text.failed;
	buf_free(&text);
}

static void quote_text(struct buf *out, const char *text)
{
	expect_quote(out, text, strlen(text), WANTED);
}

/* Notes one expectation that does not hold. Frees the message. */
static void fails(struct judging *judging, const char *kind, const char *wanted, struct buf *message)
{
	judging->failed = true;
	buf_printf(&judging->texts, "%s%s", judging->texts.length ? "; " : "", buf_string(message));
	judging->texts.failed |= message->failed;
	result_expectation(judging->result, kind, wanted, buf_string(message));
	buf_free(message);
}

static const char *find(const struct seen *seen, const char *text)
{
	return seen->count ? memmem(seen->bytes, seen->count, text, strlen(text)) : NULL;
}

static void judge_expected(struct judging *judging)
{
	const struct slice *expected = &judging->spec->expect_bytes;
	struct buf message = {0}, wanted = {0};

	if (!judging->seen->lacks_expected)
		return;
	buf_escape(&wanted, expected->at, expected->length < WANTED ? expected->length : WANTED + 1);
	buf_cut(&wanted, WANTED);
	buf_printf(&message, "%s has no '%s'", judging->seen->what, buf_string(&wanted));
	judging->show = true;
	fails(judging, "expect", buf_string(&wanted), &message);
	buf_free(&wanted);
}

static void judge_contains(struct judging *judging)
{
	const struct list *texts = &judging->spec->expect.contains;

	for (size_t i = 0; i < texts->count; i++) {
		struct buf message = {0};
		if (find(judging->seen, texts->items[i]))
			continue;
		buf_printf(&message, "%s does not contain ", judging->seen->what);
		quote_text(&message, texts->items[i]);
		judging->show = true;
		fails(judging, "contains", texts->items[i], &message);
	}
}

static void judge_not_contains(struct judging *judging)
{
	const struct list *texts = &judging->spec->expect.not_contains;
	const struct seen *seen = judging->seen;

	for (size_t i = 0; i < texts->count; i++) {
		const char *found = find(seen, texts->items[i]), *end = seen->bytes + seen->count;
		struct buf message = {0};
		if (!found)
			continue;
		size_t length = strlen(texts->items[i]);
		const char *from = found - seen->bytes > AROUND ? found - AROUND : seen->bytes;
		const char *to = (size_t)(end - found) - length > AROUND ? found + length + AROUND : end;
		buf_printf(&message, "%s contains ", seen->what);
		quote_text(&message, texts->items[i]);
		buf_text(&message, ": ");
		expect_quote(&message, from, (size_t)(to - from), EXCERPT);
		judging->broken = true;
		fails(judging, "notContains", texts->items[i], &message);
	}
}

/* Does a line "Name: value" bear this name? The value is what follows the colon. */
static bool is_header(struct slice line, struct slice name, struct slice *value)
{
	if (line.length <= name.length || line.at[name.length] != ':' ||
	    strncasecmp(line.at, name.at, name.length) != 0)
		return false;
	const char *at = line.at + name.length + 1, *end = line.at + line.length;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	*value = (struct slice){at, (size_t)(end - at)};
	return true;
}

/* One "NAME: TEXT". A value that may be a secret is not shown, and neither is a text that may be a part of it. */
static void judge_header(struct judging *judging, const char *finding)
{
	const struct buf *lines = judging->seen->headers;
	struct slice name, wanted, value, last = {NULL, 0};
	struct buf message = {0};
	struct error error;

	if (value_header(finding, &name, &wanted, &error) != 0)
		return;
	const char *at = buf_string(lines), *end = at + lines->length;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct slice line = {at, (size_t)((stop ? stop : end) - at)};
		at += line.length + 1;
		if (!is_header(line, name, &value))
			continue;
		if (wanted.length == 0 || (value.length && memmem(value.at, value.length, wanted.at, wanted.length)))
			return;
		last = value;
	}
	bool open = judging->seen->may_show(finding, strlen(finding));
	buf_printf(&message, "%s %.*s", last.at ? "the header" : "there is no header",
		   (int)(name.length < WANTED ? name.length : WANTED), name.at);
	if (last.at && open) {
		buf_text(&message, " does not contain ");
		expect_quote(&message, wanted.at, wanted.length, WANTED);
		buf_text(&message, ": it is ");
		expect_quote(&message, last.at, last.length, VALUE);
	} else if (last.at) {
		buf_printf(&message, " does not contain the text (its %zu bytes are not shown)", last.length);
	}
	struct buf shown = {0};
	buf_add(&shown, name.at, name.length);
	judging->broken = true;
	fails(judging, "headerContains", open ? finding : buf_string(&shown), &message);
	buf_free(&shown);
}

static void add_value(struct buf *message, struct slice value, bool with_type)
{
	static const char *const types[] = {
	    [KIND_NULL] = "",
	    [KIND_BOOLEAN] = "the boolean ",
	    [KIND_NUMBER] = "the number ",
	    [KIND_STRING] = "the string ",
	    [KIND_ARRAY] = "the array ",
	    [KIND_OBJECT] = "the object ",
	};
	struct buf text = {0}, shown = {0};

	pointer_print(value, VALUE + 1, &text);
	buf_escape(&shown, buf_string(&text), text.length);
	buf_cut(&shown, VALUE);
	buf_printf(message, "%s%s", with_type ? types[pointer_kind(value)] : "", buf_string(&shown));
	message->failed |= text.failed || shown.failed;
	buf_free(&text);
	buf_free(&shown);
}

static void leave_open(struct judging *judging, const char *what, const char *still)
{
	judging->stopped = what;
	judging->still = still;
}

/* What does not hold of one value; nothing where it does. */
static void compare(struct judging *judging, const char *pointer, const char *value)
{
	const struct seen *seen = judging->seen;
	struct buf message = {0}, label = {0};
	struct slice wanted = {value, strlen(value)}, found;
	bool is_there = pointer_find(seen->bytes, seen->count, pointer, &found);

	if (pointer_find(value, wanted.length, "", &wanted) && is_there) {
		if (pointer_equal(wanted, found, judging->deadline))
			return;
		if (deadline_over(judging->deadline)) {
			leave_open(judging, *pointer ? pointer : "the JSON", "compared");
			return;
		}
	}
	buf_escape(&message, *pointer ? pointer : "the JSON", strlen(*pointer ? pointer : "the JSON"));
	buf_cut(&message, WANTED);
	if (is_there) {
		bool with_type = pointer_kind(found) != pointer_kind(wanted);
		buf_text(&message, " is ");
		add_value(&message, found, with_type);
		buf_text(&message, ", not ");
		add_value(&message, wanted, with_type);
	} else {
		buf_text(&message, " is not there");
		judging->show = true;
	}
	buf_printf(&label, "%s=%s", pointer, value);
	fails(judging, "json", buf_string(&label), &message);
	buf_free(&label);
}

/* All of them, when there is no JSON. The first says why. */
static void no_json(struct judging *judging, size_t at)
{
	const struct list *pairs = &judging->spec->expect.json;
	const struct seen *seen = judging->seen;

	for (size_t i = 0; i < pairs->count; i += 2) {
		struct buf message = {0}, label = {0};
		if (i > 0)
			buf_text(&message, "no ");
		else if (seen->count == 0)
			buf_printf(&message, "%s is not JSON, so there is no ", seen->what);
		else if (at == seen->count)
			buf_printf(&message, "%s is not JSON, it ends too early, so there is no ", seen->what);
		else
			buf_printf(&message, "%s is not JSON from byte %zu on, so there is no ", seen->what, at + 1);
		size_t start = message.length;
		buf_escape(&message, pairs->items[i], strlen(pairs->items[i]));
		buf_cut(&message, start + WANTED);
		if (*pairs->items[i] == '\0')
			buf_text(&message, "value");
		buf_printf(&label, "%s=%s", pairs->items[i], pairs->items[i + 1]);
		fails(judging, "json", buf_string(&label), &message);
		buf_free(&label);
	}
	judging->show = true;
}

static void judge_json(struct judging *judging)
{
	const struct list *pairs = &judging->spec->expect.json;
	size_t at;

	if (pairs->count == 0)
		return;
	if (!pointer_is_json(judging->seen->bytes, judging->seen->count, &at)) {
		no_json(judging, at);
		return;
	}
	for (size_t i = 0; i < pairs->count && !judging->stopped; i += 2) {
		/* Each is looked for in all of the content. */
		if (i > 0 && deadline_over(judging->deadline))
			leave_open(judging, pairs->items[i], "looked for");
		else
			compare(judging, pairs->items[i], pairs->items[i + 1]);
	}
}

/* Last of all, since it may take all the time that is left. */
static void judge_regex(struct judging *judging)
{
	const struct list *patterns = &judging->spec->expect.regex;
	const struct seen *seen = judging->seen;

	for (size_t i = 0; i < patterns->count && !judging->stopped; i++) {
		const char *pattern = patterns->items[i];
		enum pattern_state state = pattern_find(pattern, seen->bytes, seen->count, judging->deadline);
		struct buf message = {0};
		if (state == PATTERN_STOPPED)
			leave_open(judging, pattern, "matched");
		if (state == PATTERN_NO_MEMORY)
			judging->no_memory = pattern;
		if (state != PATTERN_NOT_FOUND)
			continue;
		buf_printf(&message, "%s does not match ", seen->what);
		quote_text(&message, pattern);
		judging->show = true;
		fails(judging, "regex", pattern, &message);
	}
}

/* What there was instead. */
static void add_excerpt(struct judging *judging)
{
	const struct seen *seen = judging->seen;
	struct buf *texts = &judging->texts;
	char limit[32];

	if (judging->show && seen->count == 0) {
		buf_printf(texts, "; %s is empty", seen->what);
	} else if (judging->show && seen->is_end && seen->count > EXCERPT) {
		buf_printf(texts, "; %s ends with ", seen->what);
		expect_quote(texts, seen->bytes + seen->count - TAIL, TAIL, EXCERPT);
	} else if (judging->show) {
		buf_printf(texts, "; %s is ", seen->what);
		expect_quote(texts, seen->bytes, seen->count, EXCERPT);
	}
	if (!seen->cut)
		return;
	value_print_size(limit, sizeof limit, judging->spec->body_limit);
	buf_printf(texts, "; only the %s %s of it were looked at (--body-limit)", seen->is_end ? "last" : "first",
		   limit);
}

/* What could not be judged leaves the verdict open, unless it is a failure already. */
static void conclude_open(struct judging *judging)
{
	struct result *result = judging->result;
	struct buf text = {0};

	quote_text(&text, judging->stopped ? judging->stopped : judging->no_memory);
	if (judging->stopped)
		buf_printf(&text, " is still being %s", judging->still);
	else
		buf_text(&text, " needs more memory than it may have");
	if (result->verdict == FAILURE)
		result_add(result, "%s", buf_string(&text));
	else if (judging->stopped)
		result_stopped(result, judging->deadline, buf_string(&text));
	else
		result_set(result, UNKNOWN, REASON_OUT_OF_RESOURCES, "%s", buf_string(&text));
	buf_free(&text);
}

enum expect_state expect_judge(const struct spec *spec, const struct seen *seen, const struct deadline *deadline,
			       struct result *result)
{
	struct judging judging = {.spec = spec, .seen = seen, .deadline = deadline, .result = result};

	if (result->verdict == UNKNOWN || (!expect_content(spec) && !seen->lacks_expected))
		return EXPECT_HOLDS;
	result_drop(result, "failedExpectations");
	judge_expected(&judging);
	judge_contains(&judging);
	judge_not_contains(&judging);
	for (size_t i = 0; i < spec->expect.header_contains.count; i++)
		judge_header(&judging, spec->expect.header_contains.items[i]);
	judge_json(&judging);
	judge_regex(&judging);

	/* An excerpt that does not fit into memory is not missed. */
	bool untold = judging.texts.failed;
	if (judging.failed) {
		add_excerpt(&judging);
		if (result->verdict != SUCCESS)
			result_add(result, "%s", buf_string(&judging.texts));
		else if (untold)
			result_no_resources(result, "telling what is not as expected", ENOMEM);
		else
			result_set(result, FAILURE, REASON_EXPECTATION_FAILED, "%s", buf_string(&judging.texts));
	}
	if (judging.stopped || judging.no_memory)
		conclude_open(&judging);
	buf_free(&judging.texts);
	return judging.broken || untold || judging.stopped || judging.no_memory ? EXPECT_BROKEN
	       : judging.failed                                                 ? EXPECT_FAILS
										: EXPECT_HOLDS;
}

void expect_latency(const struct spec *spec, struct result *result)
{
	int64_t allowed = spec->expect.max_latency_ms * DEADLINE_MS, taken = result->duration - result->held;
	struct buf message = {0};
	char limit[32], wanted[32];

	if (allowed == 0 || taken <= allowed || result->verdict == UNKNOWN)
		return;
	value_print_duration(limit, sizeof limit, spec->expect.max_latency_ms);
	snprintf(wanted, sizeof wanted, "%lld", (long long)spec->expect.max_latency_ms);
	buf_printf(&message, "the answer took %lld.%d ms, allowed are %s", (long long)(taken / 1000000),
		   (int)(taken % 1000000 / 100000), limit);
	result_expectation(result, "maxLatencyMs", wanted, buf_string(&message));
	if (result->verdict == SUCCESS)
		result_set(result, FAILURE, REASON_TOO_SLOW, "%s", buf_string(&message));
	else
		result_add(result, "%s", buf_string(&message));
	buf_free(&message);
}
