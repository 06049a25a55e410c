// SPDX-License-Identifier: GPL-2.0
/* The agent's last known state: a file that is read back, or ignored. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cm.h"

#include "cache.h"

#define TOPIC "network/00000000-0000-4000-8000-0000000000ff"
#define ID "00000000-0000-4000-8000-00000000000%d"

static struct dfa_config config;
static struct event_base *base;
static struct dfa_cache cache;
static char dir[128];
static char file[160];

static void open_cache(void)
{
	assert_int_equal(dfa_cache_init(&cache, base, &config), 0);
}

static void reopen(void)
{
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
	open_cache();
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

	assert_int_equal(dfa_cache_put(&cache, topic, obj), 0);
	df_obj_put(obj);
}

static int add_name(void *arg, const struct df_obj *obj)
{
	char *names = arg;

	snprintf(names + strlen(names), 64, "%s,", df_obj_name(obj));
	return 0;
}

static const char *names(const char *topic)
{
	static char text[512];

	text[0] = '\0';
	assert_int_equal(dfa_cache_read(&cache, topic, add_name, text), 0);
	return text;
}

static void what_was_put_is_read_back(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	put("global", 2, "b\nline");
	assert_string_equal(names(TOPIC), "a,");
	reopen();
	assert_true(cache.is_loaded);
	assert_string_equal(names(TOPIC), "a,");
	assert_string_equal(names("global"), "b\nline,");
	assert_string_equal(names("status"), "");
	assert_true(cache.saved_at);
}

static void what_is_deleted_or_dropped_is_gone(void **state)
{
	char id[40];

	(void)state;
	put(TOPIC, 1, "a");
	put(TOPIC, 2, "b");
	put("global", 3, "c");
	reopen();
	snprintf(id, sizeof(id), ID, 1);
	dfa_cache_del(&cache, "port", id);
	dfa_cache_drop(&cache, "global");
	put(TOPIC, 2, "changed");
	reopen();
	assert_string_equal(names(TOPIC), "changed,");
	assert_string_equal(names("global"), "");
	assert_int_equal(cache.items.count, 1);
	assert_int_equal(cache.topics.count, 1);
}

static void an_object_may_change_its_topic(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	reopen();
	put("global", 1, "a");
	assert_string_equal(names(TOPIC), "");
	reopen();
	assert_string_equal(names("global"), "a,");
}

static void what_the_database_does_not_say_again_is_stale(void **state)
{
	const struct dfa_cache_item *item;
	char id[40];

	(void)state;
	put(TOPIC, 1, "a");
	put(TOPIC, 2, "b");
	assert_null(dfa_cache_stale(&cache, TOPIC));
	reopen();
	put(TOPIC, 1, "a");
	assert_false(cache.is_dirty);
	item = dfa_cache_stale(&cache, TOPIC);
	assert_non_null(item);
	dfa_uuid_print(id, &item->id);
	assert_int_equal(id[DF_UUID_LEN - 1], '2');
	dfa_cache_del(&cache, item->model->name, id);
	assert_null(dfa_cache_stale(&cache, TOPIC));
}

static bool is_global(void *arg, const char *topic)
{
	(void)arg;
	return strcmp(topic, "global") == 0;
}

static void topics_that_are_not_needed_go(void **state)
{
	(void)state;
	put(TOPIC, 1, "a");
	put("global", 2, "b");
	dfa_cache_keep(&cache, is_global, NULL);
	assert_string_equal(names(TOPIC), "");
	assert_string_equal(names("global"), "b,");
}

static void another_database_or_chassis_is_not_mixed_up(void **state)
{
	char other[200];

	(void)state;
	put(TOPIC, 1, "a");
	dfa_cache_fini(&cache);
	free(config.database);
	config.database = strdup("sqlite:///y");
	open_cache();
	assert_false(cache.is_loaded);
	assert_non_null(strstr(cache.note, "another database"));
	assert_int_equal(cache.items.count, 0);
	dfa_cache_fini(&cache);
	snprintf(other, sizeof(other), "%s/hv2.cache", dir);
	assert_int_equal(rename(file, other), 0);
	free(config.chassis);
	config.chassis = strdup("hv2");
	open_cache();
	assert_non_null(strstr(cache.note, "another chassis"));
}

static size_t read_file(char *text, size_t size)
{
	FILE *stream = fopen(file, "r");
	size_t len;

	assert_non_null(stream);
	len = fread(text, 1, size, stream);
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

/* Whatever byte is changed, and wherever it ends. */
static void a_damaged_file_is_ignored(void **state)
{
	static char text[4096];
	size_t len, i;

	(void)state;
	put(TOPIC, 1, "a");
	put("global", 2, "b");
	dfa_cache_fini(&cache);
	len = read_file(text, sizeof(text));
	assert_in_range(len, 100, sizeof(text) - 1);
	for (i = 0; i < 2 * len; i++) {
		if (i < len)
			text[i] ^= 1;
		write_file(text, i < len ? len : i - len);
		if (i < len)
			text[i] ^= 1;
		open_cache();
		assert_false(cache.is_loaded);
		assert_int_equal(cache.items.count, 0);
		assert_non_null(strstr(cache.note, "ignored at the start"));
		dfa_cache_fini(&cache);
	}
	write_file(text, len);
	open_cache();
	assert_true(cache.is_loaded);
}

static void a_missing_directory_is_told(void **state)
{
	(void)state;
	dfa_cache_fini(&cache);
	free(config.state_dir);
	config.state_dir = strdup("/nonexistent");
	dfa_log_set_level(DFA_LOG_ERROR);
	open_cache();
	put(TOPIC, 1, "a");
	assert_int_equal(dfa_cache_write(&cache, "/nonexistent/x"), -ENOENT);
	assert_string_equal(names(TOPIC), "a,");
}

static void it_is_written_by_itself_and_seldom(void **state)
{
	struct timeval at;

	(void)state;
	put(TOPIC, 1, "a");
	assert_true(evtimer_pending(cache.due, &at));
	while (access(file, F_OK))
		event_base_loop(base, EVLOOP_ONCE);
	assert_false(cache.is_dirty);
	event_base_loop(base, EVLOOP_NONBLOCK);
	/* A file of 100 MiB: 100 s between two. */
	cache.size = 100 * 1024 * 1024;
	put(TOPIC, 2, "b");
	cache.size = 0;
	assert_true(cache.is_dirty);
	if (!cache.is_syncing) {
		struct timeval now;

		assert_true(evtimer_pending(cache.due, &at));
		event_base_gettimeofday_cached(base, &now);
		assert_in_range(at.tv_sec - now.tv_sec, 90, 110);
	}
}

int main(void)
{
#define cache_test(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cache_test(what_was_put_is_read_back),
		cache_test(what_is_deleted_or_dropped_is_gone),
		cache_test(an_object_may_change_its_topic),
		cache_test(what_the_database_does_not_say_again_is_stale),
		cache_test(topics_that_are_not_needed_go),
		cache_test(another_database_or_chassis_is_not_mixed_up),
		cache_test(a_damaged_file_is_ignored),
		cache_test(a_missing_directory_is_told),
		cache_test(it_is_written_by_itself_and_seldom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
