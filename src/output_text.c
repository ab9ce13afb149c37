#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "probe.h"

/* A line of 500 bytes is all that Podman keeps of a health check's log. */
enum { LINE_LIMIT = 499, TARGET_LIMIT = 160, BAR_WIDTH = 40 };

struct colours {
	const char *verdict[3];
	const char *bar, *off;
};

static const struct colours *choose_colours(void)
{
	static const struct colours none = {{"", "", ""}, "", ""};
	static const struct colours ansi = {{"\033[32m", "\033[31m", "\033[33m"}, "\033[36m", "\033[0m"};
	/* https://no-color.org: set and not empty. */
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if ((no_color && *no_color) || (terminal && strcmp(terminal, "dumb") == 0) || !isatty(STDOUT_FILENO))
		return &none;
	return &ansi;
}

static void add_line(const struct spec *spec, const struct result *result, const struct colours *colours,
		     struct buf *out)
{
	struct buf line = {0}, target = {0}, end = {0};
	const char *word = verdict_word(result->verdict);

	spec->probe->describe(spec, &target);
	buf_text(&line, word);
	buf_text(&line, ": ");
	buf_text(&line, spec->probe->name);
	buf_text(&line, " ");
	size_t start = line.length;
	/* What is cut off need not be escaped, but for a character that stands at the end. */
	buf_escape(&line, buf_string(&target), target.length < TARGET_LIMIT + 4 ? target.length : TARGET_LIMIT + 4);
	buf_cut(&line, start + TARGET_LIMIT);
	buf_text(&line, ": ");
	buf_escape(&line, result->message, strlen(result->message));
	if (*result->warning) {
		buf_text(&end, "; warning: ");
		buf_escape(&end, result->warning, strlen(result->warning));
		buf_cut(&end, 200);
	}
	if (result->reason != REASON_TIMEOUT) {
		buf_text(&end, " (");
		output_add_ms(&end, result->duration);
		buf_text(&end, ")");
	}
	buf_cut(&line, LINE_LIMIT - 1 - end.length);

	buf_text(out, colours->verdict[result->verdict]);
	buf_text(out, word);
	buf_text(out, colours->off);
	/* Where memory is out there is no line. */
	buf_text(out, line.length ? buf_string(&line) + strlen(word) : "");
	buf_add(out, buf_string(&end), end.length);
	buf_text(out, "\n");
	buf_free(&line);
	buf_free(&target);
	buf_free(&end);
}

static void add_text(const char *text, size_t length, struct buf *out)
{
	while (length > 0) {
		size_t piece = output_piece(text, length);
		buf_escape(out, text, piece);
		output_spill(out);
		text += piece;
		length -= piece;
	}
}

static void add_value(const cJSON *item, struct buf *out)
{
	if (cJSON_IsString(item))
		add_text(item->valuestring, strlen(item->valuestring), out);
	else if (cJSON_IsNumber(item))
		buf_printf(out, "%.15g", item->valuedouble);
	else
		buf_text(out, cJSON_IsTrue(item) ? "yes" : "no");
}

/* A text of several lines, each under the label. */
static void add_lines(const char *label, const char *text, struct buf *out)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		buf_printf(out, "  %-20s ", label);
		add_text(text, length, out);
		buf_text(out, "\n");
		text += length + (text[length] == '\n');
	}
}

static void add_fact(const cJSON *fact, struct buf *out)
{
	if (cJSON_IsString(fact)) {
		add_lines(fact->string, fact->valuestring, out);
		return;
	}
	if (!cJSON_IsArray(fact)) {
		buf_printf(out, "  %-20s ", fact->string);
		add_value(fact, out);
		buf_text(out, "\n");
		return;
	}
	for (const cJSON *item = fact->child; item; item = item->next) {
		buf_printf(out, "  %-20s ", fact->string);
		if (cJSON_IsObject(item))
			for (const cJSON *part = item->child; part; part = part->next) {
				if (part != item->child)
					buf_text(out, "  ");
				add_value(part, out);
				if (strcmp(part->string, "ms") == 0)
					buf_text(out, " ms");
			}
		else
			add_value(item, out);
		buf_text(out, "\n");
	}
}

static int columns(int64_t part, int64_t whole)
{
	return whole > 0 ? (int)((part * BAR_WIDTH + whole / 2) / whole) : 0;
}

/* The phases, each as a figure and a bar that starts where the one before ended. */
static void add_phases(const struct result *result, const struct colours *colours, struct buf *out)
{
	const struct {
		const char *name;
		int64_t duration;
	} phases[] = {{"resolve", result->phases.resolve},
		      {"connect", result->phases.connect},
		      {"tls", result->phases.tls},
		      {"first byte", result->phases.first_byte}};
	int64_t passed = 0;

	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
		if (phases[i].duration < 0)
			continue;
		int from = columns(passed, result->duration), to;
		passed += phases[i].duration;
		to = columns(passed, result->duration);
		buf_printf(out, "  %-20s %7.1f ms  %*s%s", phases[i].name, (double)phases[i].duration / DEADLINE_MS,
			   from, "", colours->bar);
		for (int column = from; column < to || column == from; column++)
			buf_text(out, "#");
		buf_printf(out, "%s\n", colours->off);
	}
	buf_printf(out, "  %-20s %7.1f ms  %s", "total", (double)result->duration / DEADLINE_MS, colours->bar);
	for (int column = 0; column < BAR_WIDTH; column++)
		buf_text(out, "#");
	buf_printf(out, "%s\n", colours->off);
}

void output_text(const struct spec *spec, const struct result *result, struct buf *out)
{
	const struct colours *colours = choose_colours();

	add_line(spec, result, colours, out);
	if (!spec->verbose)
		return;
	buf_printf(out, "  %-20s %s\n", "reason", reason_word(result->reason));
	for (const cJSON *fact = result->facts ? result->facts->child : NULL; fact; fact = fact->next)
		add_fact(fact, out);
	add_phases(result, colours, out);
}
