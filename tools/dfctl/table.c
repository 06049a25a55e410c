// SPDX-License-Identifier: GPL-2.0
/* The output writer: JSON values as aligned tables, lists of fields, or JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl.h"

enum { COLUMNS_MAX = 48 };

/**
 * struct dfctl_table - rows that wait until the widths of all are known
 * @column: what is shown
 * @width: widest cell, in characters
 * @columns: number of columns
 * @cell: row after row
 * @cells: number of cells
 * @room: cells that fit
 * @headers: show the names of the columns
 */
struct dfctl_table {
	const struct dfctl_column *column[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
	size_t columns;
	char **cell;
	size_t cells;
	size_t room;
	bool headers;
};

static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static char *array_text(const json_t *array)
{
	char *text = NULL;
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value) {
		__auto_free char *item = dfctl_value_text(value);
		__auto_free char *old = text;

		text = old ? dfctl_strf("%s,%s", old, item) : dfctl_strf("%s", item);
	}
	return text ? text : dfctl_strdup("-");
}

static char *object_text(const json_t *object)
{
	char *text = NULL;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		__auto_free char *item = dfctl_value_text(value);
		__auto_free char *old = text;

		text = old ? dfctl_strf("%s %s=%s", old, key, item) :
			     dfctl_strf("%s=%s", key, item);
	}
	return text ? text : dfctl_strdup("-");
}

/* Control characters could move the cursor; a name may hold some. */
static char *clean_text(const char *text)
{
	char *copy = dfctl_strdup(text);
	char *c;

	for (c = copy; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return copy;
}

/**
 * dfctl_value_text - a JSON value as a cell of a table
 * @value: the value, or NULL for none
 *
 * Return: text to be freed; "-" for nothing.
 */
char *dfctl_value_text(const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_NULL:
		break;
	case JSON_TRUE:
		return dfctl_strdup("yes");
	case JSON_FALSE:
		return dfctl_strdup("no");
	case JSON_INTEGER:
		return dfctl_strf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return dfctl_strf("%g", json_real_value(value));
	case JSON_STRING:
		if (json_string_length(value))
			return clean_text(json_string_value(value));
		break;
	case JSON_ARRAY:
		return array_text(value);
	case JSON_OBJECT:
		return object_text(value);
	}
	return dfctl_strdup("-");
}

static const char *column_word(const void *data, size_t i)
{
	const struct dfctl_column *column = data;

	return column[i].name;
}

static const struct dfctl_column *
column_find(const struct dfctl_column *column, const char *name, size_t len)
{
	for (; column->name; column++) {
		if (strlen(column->name) == len &&
		    !strncmp(column->name, name, len))
			return column;
	}
	return NULL;
}

/* The columns that were asked for, in their order. */
static int columns_pick(struct dfctl_table *table, const char *list,
			const struct dfctl_column *columns)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		const struct dfctl_column *column;

		column = column_find(columns, list, len);
		if (!column) {
			__auto_free char *word = dfctl_strf("%.*s", (int)len, list);

			return dfctl_misspelt(dfctl_suggest(word, column_word, columns),
					      "no column '%s'", word);
		}
		if (table->columns == COLUMNS_MAX) {
			dfctl_err("too many columns");
			return DFCTL_USAGE;
		}
		table->column[table->columns++] = column;
		list += len + (list[len] == ',');
	}
	return DFCTL_OK;
}

/**
 * dfctl_table_new - begin a table
 * @out: set to the table, if the result is DFCTL_OK
 * @ctl: says which columns, and whether with headers
 * @columns: the columns that there are, ended by one without a name
 *
 * Return: an exit status; a column that is not known was reported.
 */
int dfctl_table_new(struct dfctl_table **out, const struct dfctl *ctl,
		    const struct dfctl_column *columns)
{
	struct dfctl_table *table = dfctl_alloc(sizeof(*table));
	size_t i;
	int err;

	table->headers = !ctl->no_headers;
	if (ctl->columns) {
		err = columns_pick(table, ctl->columns, columns);
		if (err) {
			free(table);
			return err;
		}
	}
	for (; !ctl->columns && columns->name; columns++) {
		if (!columns->extra && table->columns < COLUMNS_MAX)
			table->column[table->columns++] = columns;
	}
	for (i = 0; i < table->columns && table->headers; i++)
		table->width[i] = text_width(table->column[i]->name);
	*out = table;
	return DFCTL_OK;
}

/* Add a row made of a JSON object. */
void dfctl_table_add(struct dfctl_table *table, const json_t *row)
{
	size_t i;

	if (table->cells + table->columns > table->room) {
		table->room = (table->room + table->columns) * 2;
		table->cell = dfctl_realloc(table->cell,
					    table->room * sizeof(*table->cell));
	}
	for (i = 0; i < table->columns; i++) {
		const struct dfctl_column *column = table->column[i];
		const char *member = column->member ? column->member : column->name;
		char *text;

		text = column->text ? column->text(row) :
		       dfctl_value_text(json_object_get(row, member));
		if (text_width(text) > table->width[i])
			table->width[i] = text_width(text);
		table->cell[table->cells++] = text;
	}
}

static void print_cell(const struct dfctl_table *table, size_t i, const char *text)
{
	fputs(text, stdout);
	if (i + 1 == table->columns)
		putchar('\n');
	else
		printf("%*s", (int)(table->width[i] - text_width(text) + 2), "");
}

static void print_header(const struct dfctl_table *table)
{
	size_t i;

	for (i = 0; i < table->columns; i++) {
		__auto_free char *name = dfctl_strdup(table->column[i]->name);
		char *c;

		for (c = name; *c; c++) {
			if (*c >= 'a' && *c <= 'z')
				*c -= 'a' - 'A';
		}
		print_cell(table, i, name);
	}
}

/* End a table; @print it first, or leave it. */
void dfctl_table_free(struct dfctl_table *table, bool print)
{
	size_t i;

	if (!table)
		return;
	if (print && table->headers)
		print_header(table);
	for (i = 0; i < table->cells; i++) {
		if (print)
			print_cell(table, i % table->columns, table->cell[i]);
		free(table->cell[i]);
	}
	free(table->cell);
	free(table);
}

void dfctl_print_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

/* An array with one row a line, so that tools which read lines can. */
void dfctl_print_rows(const json_t *rows)
{
	json_t *row;
	size_t i;

	if (!json_array_size(rows)) {
		puts("[]");
		return;
	}
	json_array_foreach(rows, i, row) {
		fputs(i ? ",\n " : "[", stdout);
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	}
	puts("]");
}

/* One field a line. */
void dfctl_print_fields(const json_t *object)
{
	size_t width = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (text_width(key) > width)
			width = text_width(key);
	}
	json_object_foreach((json_t *)object, key, value) {
		__auto_free char *text = dfctl_value_text(value);

		printf("%-*s  %s\n", (int)width, key, text);
	}
}
