#include "help.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "option.h"
#include "probe.h"
#include "transfer.h"

/* The part of a row that stands left: "  -t, --timeout DURATION". */
static void add_left(const struct option *row, struct buf *out)
{
	struct buf left = {0};

	if (row->letter)
		buf_printf(&left, "  -%c, --%s", row->letter, row->flag);
	else
		buf_printf(&left, "      --%s", row->flag);
	if (row->argument)
		buf_printf(&left, " %s", row->argument);
	buf_printf(out, "%-32s ", buf_string(&left));
	if (left.length > 32)
		buf_printf(out, "\n%-32s ", "");
	buf_free(&left);
}

/* Adds a text in lines of at most 80 columns, all but the first indented. */
static void add_wrapped(const char *text, struct buf *out)
{
	enum { INDENT = 33, WIDTH = 80 - INDENT };
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");
		if (column && column + 1 + word > WIDTH) {
			buf_printf(out, "\n%*s", INDENT, "");
			column = 0;
		}
		buf_printf(out, "%s%.*s", column ? " " : "", (int)word, text);
		column += word + (column > 0);
		text += word;
		text += strspn(text, " ");
	}
}

static void add_rows(const struct probe *probe, bool common, struct buf *out)
{
	for (const struct option *row = option_table; row->help; row++) {
		if (!row->flag || !*row->help || (row->probes == 0) != common || !option_applies(row, probe))
			continue;
		struct buf text = {0};
		add_left(row, out);
		buf_text(&text, row->help);
		for (size_t i = 0; row->words && row->words[i]; i++)
			buf_printf(&text, "%s%s", i ? ", " : ": ", row->words[i]);
		if (row->initial && *row->initial)
			buf_printf(&text, " (%s)", row->initial);
		add_wrapped(buf_string(&text), out);
		buf_free(&text);
		buf_text(out, "\n");
	}
}

void help_add(const struct probe *probe, struct buf *out)
{
	if (probe) {
		buf_printf(out, "usage: probectl %s [options] %s\n\n%s: %s\n\n", probe->name, probe->operands,
			   probe->name, probe->summary);
		add_rows(probe, false, out);
		buf_text(out, "\n");
	} else {
		buf_text(out,
			 "One health probe, one deadline, one verdict: exit code 0 success, 1 failure, 2 unknown.\n\n");
		buf_text(
		    out,
		    "usage: probectl PROBE [options] OPERANDS\n"
		    "       probectl -f SPEC [options]    the probe that a Kubernetes Probe in JSON describes\n\n");
		for (size_t i = 0; probe_list[i]; i++)
			buf_printf(out, "  %-8s %-44s %s\n", probe_list[i]->name, probe_list[i]->operands,
				   probe_list[i]->summary);
		buf_text(out, "\n");
	}
	buf_text(out, "For every probe:\n");
	add_rows(probe, true, out);
	if (!probe)
		buf_text(out, "\nprobectl PROBE --help lists a probe's own options; probectl(1) explains them all.\n");
}

void help_add_version(struct buf *out)
{
	buf_printf(out, "probectl %s (", PROBECTL_VERSION);
	transfer_add_versions(out);
	buf_printf(out, ", cJSON %s)\n", cJSON_Version());
#ifdef PROBECTL_SOURCES
	/* The distribution's versions tell which security fixes are in. */
	buf_printf(out, "made of %s\n", PROBECTL_SOURCES);
#endif
}

static const char *kind_of(const struct option *row)
{
	switch (row->type) {
	case OPTION_SPEC:
	case OPTION_FILE:
		return "file";
	case OPTION_CHOICE:
		return "choice";
	case OPTION_HOST:
		return "host";
	default:
		return row->argument ? "value" : "none";
	}
}

void help_add_list(struct buf *out)
{
	for (const struct option *row = option_table; row->help; row++) {
		bool first = true;
		if (row->type == OPTION_LIST)
			continue;
		for (size_t i = 0; probe_list[i]; i++)
			if (option_applies(row, probe_list[i])) {
				buf_printf(out, "%s%s", first ? "" : ",", probe_list[i]->name);
				first = false;
			}
		buf_printf(out, "\t%s%s\t%s%.1s\t%s\t%s\t", row->flag ? "--" : "", row->flag ? row->flag : "",
			   row->letter ? "-" : "", row->letter ? &row->letter : "", row->member ? row->member : "",
			   kind_of(row));
		for (size_t i = 0; row->words && row->words[i]; i++)
			buf_printf(out, "%s%s", i ? "," : "", row->words[i]);
		buf_printf(out, "\t%s\t%s\n", row->initial ? row->initial : "", row->help);
	}
}
