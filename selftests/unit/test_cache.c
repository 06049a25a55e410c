// SPDX-License-Identifier: GPL-2.0
/* The agent's last known state: a file that is read back, or ignored. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cm.h"

#include "cache.h"
#include "util.h"

#define TOPIC "network/00000000-0000-4000-8000-0000000000ff"
#define ID "00000000-0000-4000-8000-%012d"
#define FILE_MAX (16 * 1024)

static struct dfa_config config;
static struct event_base *base;
static struct dfa_cache cache;
static char dir[128];
static char file[160];

static void open_cache(void)
{
	assert_int_equal(dfa_cache_init(&cache, base, &config), 0);
}

static void begin(void)
{
	open_cache();
	dfa_cache_begin(&cache);
	assert_true(cache.fd >= 0);
}

/* Everything is on the disk afterwards. */
static void reopen(void)
{
	dfa_cache_complete(&cache);
	dfa_cache_fini(&cache);
	open_cache();
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	dfa_log_set_level(DFA_LOG_ERROR);
	snprintf(dir, sizeof(dir), "%s/cache.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	base = event_base_new();
	dfa_config_init(&config);
	config.state_dir = strdup(dir);
	config.chassis = strdup("hv1");
	config.database = strdup("sqlite:///x");
	snprintf(file, sizeof(file), "%s/hv1.cache", dir);
	begin();
	return 0;
}

static int teardown(void **state)
{
	char command[160];

	(void)state;
	dfa_cache_fini(&cache);
	dfa_config_fini(&config);
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static struct df_obj *port(int n, const char *name)
{
	struct df_obj *obj;
	char id[40];

	snprintf(id, sizeof(id), ID, n);
	assert_int_equal(df_obj_new(&obj, "port", NULL), 0);
	assert_int_equal(df_obj_set(obj, "id", id, NULL), 0);
	assert_int_equal(df_obj_set(obj, "name", name, NULL), 0);
	return obj;
}

static void put(const char *topic, int n, const char *name)
{
	struct df_obj *obj = port(n, name);

	dfa_cache_put(&cache, topic, obj, NULL);
	df_obj_put(obj);
}

static void del(int n)
{
	char id[40];

	snprintf(id, sizeof(id), ID, n);
	dfa_cache_del(&cache, "port", id);
}

static void forget(int n)
{
	char id[40];

	snprintf(id, sizeof(id), ID, n);
	dfa_known_forget(&cache.known, "port", id);
}

static const char *names(const char *topic)
{
	static char text[512];
	struct dfa_known_object object;
	size_t at = 0;

	text[0] = '\0';
	while (dfa_known_next(&cache.known, topic, &at, &object)) {
		struct df_obj *obj;

		assert_int_equal(df_obj_parse(&obj, "port", object.json,
					      object.json_len, NULL), 0);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s,", df_obj_name(obj));
		df_obj_put(obj);
	}
	return text;
}

static void run_until_idle(void)
{
	while (cache.job != DFA_CACHE_IDLE || cache.used ||
	       evtimer_pending(cache.due, NULL))
		event_base_loop(base, EVLOOP_ONCE);
}

static void what_was_put_is_read_back(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	put("global", 2, "b\nline");
	put(TOPIC, 3, "c");
	reopen();
	assert_true(dfa_cache_is_loaded(&cache));
	assert_string_equal(names(TOPIC), "a,c,");
	assert_string_equal(names("global"), "b\nline,");
	assert_string_equal(names("status"), "");
	assert_string_equal(names("network/0"), "");
	assert_true(cache.saved_at);
	assert_int_equal(cache.known.torn, 0);
}

/* Whoever wrote it, and however. */
static void a_text_of_several_lines_is_one(void **state)
{
	struct df_obj *obj = port(1, "a");
	__auto_free char *json = df_obj_print(obj, false);
	__auto_free char *lines = df_obj_print(obj, true);

	(void)state;
	assert_non_null(strchr(lines, '\n'));
	dfa_cache_put(&cache, TOPIC, obj, json);
	dfa_cache_put(&cache, "global", obj, lines);
	df_obj_put(obj);
	reopen();
	assert_string_equal(names("global"), "a,");
}

static void the_last_word_counts(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	put(TOPIC, 2, "b");
	put(TOPIC, 3, "c");
	put("global", 4, "d");
	del(1);
	put(TOPIC, 2, "changed");
	del(3);
	put(TOPIC, 3, "again");
	put("global", 2, "moved");
	put(TOPIC, 5, "e");
	reopen();
	assert_string_equal(names(TOPIC), "again,e,");
	assert_string_equal(names("global"), "d,moved,");
	assert_int_equal(cache.known.count, 4);
}

static void a_topic_is_dropped_and_comes_back(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	put(TOPIC, 2, "b");
	put("global", 3, "c");
	dfa_cache_drop(&cache, TOPIC);
	dfa_cache_drop(&cache, "network/other");
	put(TOPIC, 2, "b again");
	reopen();
	assert_string_equal(names(TOPIC), "b again,");
	assert_string_equal(names("global"), "c,");
}

static void what_is_told_again_is_forgotten(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	put(TOPIC, 2, "b");
	put("global", 3, "c");
	put("global", 4, "d");
	reopen();
	forget(2);
	forget(2);
	forget(5);
	dfa_known_forget(&cache.known, "network", "x");
	assert_string_equal(names(TOPIC), "a,");
	dfa_known_forget_topic(&cache.known, "global");
	assert_string_equal(names("global"), "");
	assert_string_equal(names(TOPIC), "a,");
}

static void topics_are_found_by_how_they_begin(void **state)
{
	char name[40] = "", small[16] = "";

	(void)state;
	put("port/b", 1, "a");
	put("port/b", 2, "b");
	put("port/", 3, "c");
	put("port/a_longer_one_than_there_is_room_for", 4, "d");
	put("port/c", 5, "e");
	put("port", 6, "f");
	put("ports", 7, "g");
	dfa_cache_drop(&cache, "port/c");
	assert_false(dfa_known_next_topic(&cache.known, "port/", name,
					  sizeof(name)));
	reopen();
	assert_true(dfa_known_next_topic(&cache.known, "port/", name,
					 sizeof(name)));
	assert_string_equal(name, "port/");
	assert_true(dfa_known_next_topic(&cache.known, "port/", name,
					 sizeof(name)));
	assert_string_equal(name, "port/b");
	assert_false(dfa_known_next_topic(&cache.known, "port/", name,
					  sizeof(name)));
	assert_false(dfa_known_next_topic(&cache.known, "router/", small,
					  sizeof(small)));
}

static void one_that_is_not_complete_has_no_place(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	reopen();
	dfa_cache_begin(&cache);
	put(TOPIC, 2, "b");
	dfa_cache_fini(&cache);
	open_cache();
	assert_string_equal(names(TOPIC), "a,");
	assert_int_not_equal(access(cache.part, F_OK), 0);
}

static void another_database_or_chassis_is_not_mixed_up(void **state)
{
	char other[200];

	(void)state;
	put(TOPIC, 1, "a");
	reopen();
	dfa_cache_fini(&cache);
	free(config.database);
	config.database = strdup("sqlite:///y");
	open_cache();
	assert_false(dfa_cache_is_loaded(&cache));
	assert_non_null(strstr(cache.note, "another database"));
	dfa_cache_fini(&cache);
	snprintf(other, sizeof(other), "%s/hv2.cache", dir);
	assert_int_equal(rename(file, other), 0);
	free(config.chassis);
	config.chassis = strdup("hv2");
	open_cache();
	assert_false(dfa_cache_is_loaded(&cache));
	assert_non_null(strstr(cache.note, "another chassis"));
}

/* What nobody tells of any more may have changed since. */
static void it_is_as_old_as_the_database_was_there(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	dfa_cache_confirm(&cache, true);
	dfa_cache_complete(&cache);
	run_until_idle();
	cache.saved_at = 1000;
	cache.is_confirmed = false;
	reopen();
	assert_int_equal(cache.known.at, 1000);
	dfa_cache_begin(&cache);
	put(TOPIC, 1, "a");
	dfa_cache_confirm(&cache, true);
	reopen();
	assert_in_range(cache.known.at, time(NULL) - 60, time(NULL));
}

static size_t read_file(char *text, size_t size)
{
	FILE *stream = fopen(file, "r");
	size_t len;

	assert_non_null(stream);
	len = fread(text, 1, size, stream);
	assert_true(feof(stream));
	fclose(stream);
	return len;
}

static void write_file(const char *text, size_t len)
{
	FILE *stream = fopen(file, "w");

	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, len, stream), len);
	fclose(stream);
}

static void another_version_is_told(void **state)
{
	char text[FILE_MAX];
	size_t len;

	(void)state;
	put(TOPIC, 1, "a");
	reopen();
	dfa_cache_fini(&cache);
	len = read_file(text, sizeof(text));
	text[strlen("dragonflow-cache ")] = '2';
	write_file(text, len);
	open_cache();
	assert_non_null(strstr(cache.note, "another version"));
	dfa_cache_fini(&cache);
	write_file("", 0);
	open_cache();
	assert_non_null(strstr(cache.note, "it is empty"));
	dfa_cache_fini(&cache);
	write_file("#!/bin/sh\n", 10);
	open_cache();
	assert_non_null(strstr(cache.note, "something else"));
}

/* Whatever byte is changed, if the disk had it. */
static void a_damaged_file_is_ignored(void **state)
{
	static char text[FILE_MAX];
	size_t len, synced, i;

	(void)state;
	put(TOPIC, 1, "a");
	put("global", 2, "b");
	dfa_cache_complete(&cache);
	run_until_idle();
	put(TOPIC, 3, "c");
	run_until_idle();
	synced = cache.synced;
	reopen();
	dfa_cache_fini(&cache);
	len = read_file(text, sizeof(text));
	assert_in_range(synced, 100, len - 1);
	/* The end of the last line would hide what says that it was there. */
	for (i = 0; i < synced - 1; i++) {
		text[i] ^= 1;
		write_file(text, len);
		text[i] ^= 1;
		open_cache();
		assert_false(dfa_cache_is_loaded(&cache));
		assert_non_null(strstr(cache.note, "ignored at the start"));
		dfa_cache_fini(&cache);
	}
	write_file(text, len);
	open_cache();
	assert_string_equal(names(TOPIC), "a,c,");
}

/* Wherever it ends, it is a state that there was; or it is ignored. */
static void a_torn_file_is_what_was_known_before(void **state)
{
	static char text[FILE_MAX];
	size_t len, placed, i;

	(void)state;
	put(TOPIC, 1, "a");
	dfa_cache_complete(&cache);
	run_until_idle();
	placed = cache.size;
	put(TOPIC, 2, "b");
	del(1);
	reopen();
	dfa_cache_fini(&cache);
	len = read_file(text, sizeof(text));
	assert_in_range(placed, 100, len - 100);
	for (i = 0; i < len; i++) {
		const char *got;

		write_file(text, i);
		open_cache();
		got = names(TOPIC);
		if (i < placed)
			assert_false(dfa_cache_is_loaded(&cache));
		else
			assert_true(!strcmp(got, "a,") || !strcmp(got, "b,") ||
				    !strcmp(got, "a,b,"));
		if (i == placed + 1)
			assert_int_equal(cache.known.torn, 1);
		dfa_cache_fini(&cache);
	}
	memset(text + placed, 0, len - placed);
	write_file(text, len);
	open_cache();
	assert_string_equal(names(TOPIC), "a,");
	assert_int_equal(cache.known.torn, len - placed);
}

static void a_missing_directory_is_told(void **state)
{
	(void)state;
	dfa_cache_fini(&cache);
	free(config.state_dir);
	config.state_dir = strdup("/nonexistent");
	open_cache();
	dfa_cache_begin(&cache);
	put(TOPIC, 1, "a");
	dfa_cache_complete(&cache);
	assert_non_null(strstr(cache.note, "cannot be written"));
	assert_int_equal(cache.used, 0);
}

/* What cannot be written at all is tried for a while; then there is no file. */
static void a_file_that_is_not_kept_up_goes(void **state)
{
	int n;

	(void)state;
	put(TOPIC, 1, "a");
	dfa_cache_complete(&cache);
	run_until_idle();
	assert_int_equal(access(file, F_OK), 0);
	/* Only for reading. */
	assert_int_equal(dup2(STDIN_FILENO, cache.fd), cache.fd);
	close(cache.fd);
	put(TOPIC, 2, "b");
	event_base_loop(base, EVLOOP_ONCE);
	assert_non_null(strstr(cache.note, "cannot be written"));
	assert_true(cache.used);
	for (n = 3; cache.fd >= 0; n++) {
		assert_in_range(n, 0, 100000);
		put(TOPIC, n, "more");
	}
	assert_int_equal(cache.used, 0);
	assert_int_not_equal(access(file, F_OK), 0);
}

static off_t file_size(void)
{
	struct stat now;

	assert_int_equal(stat(file, &now), 0);
	return now.st_size;
}

/* Most of it is overridden; and something comes while it is written again. */
static void it_does_not_grow_for_ever(void **state)
{
	bool was_shrunk = false;
	char name[32];
	off_t grown;
	int n;

	(void)state;
	for (n = 0; n < 5; n++)
		put(TOPIC, n, "kept");
	dfa_cache_complete(&cache);
	run_until_idle();
	for (n = 0; n < 8000; n++) {
		snprintf(name, sizeof(name), "name %d", n);
		put("global", 5, name);
	}
	while (cache.used)
		event_base_loop(base, EVLOOP_ONCE);
	grown = file_size();
	assert_in_range(grown, 1024 * 1024, 16 * 1024 * 1024);
	while (!was_shrunk) {
		event_base_loop(base, EVLOOP_ONCE);
		if (cache.job == DFA_CACHE_SHRINK) {
			put(TOPIC, 6, "meanwhile");
			del(0);
			was_shrunk = true;
		}
	}
	run_until_idle();
	assert_in_range(file_size(), 100, 4096);
	reopen();
	assert_string_equal(names(TOPIC), "kept,kept,kept,kept,meanwhile,");
	assert_string_equal(names("global"), "name 7999,");
	assert_string_equal(cache.note, "");
}

int main(void)
{
#define cache_test(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cache_test(what_was_put_is_read_back),
		cache_test(a_text_of_several_lines_is_one),
		cache_test(the_last_word_counts),
		cache_test(a_topic_is_dropped_and_comes_back),
		cache_test(what_is_told_again_is_forgotten),
		cache_test(topics_are_found_by_how_they_begin),
		cache_test(one_that_is_not_complete_has_no_place),
		cache_test(another_database_or_chassis_is_not_mixed_up),
		cache_test(it_is_as_old_as_the_database_was_there),
		cache_test(another_version_is_told),
		cache_test(a_damaged_file_is_ignored),
		cache_test(a_torn_file_is_what_was_known_before),
		cache_test(a_missing_directory_is_told),
		cache_test(a_file_that_is_not_kept_up_goes),
		cache_test(it_does_not_grow_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
