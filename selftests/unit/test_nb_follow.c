// SPDX-License-Identifier: GPL-2.0
/* Following topics, leases, and waiting, at the level of objects */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_nb.h"

#define EVENTS_MAX 64

/** struct seen - what a subscriber was told */
struct seen {
	struct df_sub *sub;
	size_t count;
	enum df_event_type types[EVENTS_MAX];
	char ids[EVENTS_MAX][DF_UUID_LEN + 1];
	const char *models[EVENTS_MAX];
	struct df_obj *last;
	char why[512];
};

static void note(void *arg, const struct df_event *event)
{
	struct seen *seen = arg;
	size_t at = seen->count++;

	assert_true(at < EVENTS_MAX);
	assert_non_null(event->topic);
	assert_int_equal(event->type == DF_EVENT_PUT, !!event->obj);
	assert_int_equal(event->type == DF_EVENT_BAD, !!event->error);
	seen->types[at] = event->type;
	seen->models[at] = event->model ? event->model->name : "";
	snprintf(seen->ids[at], sizeof(seen->ids[at]), "%s",
		 event->id ? event->id : "");
	if (event->error)
		snprintf(seen->why, sizeof(seen->why), "%s",
			 event->error->text);
	if (event->obj) {
		df_obj_put(seen->last);
		seen->last = df_obj_get(event->obj);
	}
}

static void follow(struct seen *seen, const char *topic)
{
	memset(seen, 0, sizeof(*seen));
	must(df_nb_subscribe(&seen->sub, nb, topic, note, seen, &error));
}

/* Events may be on the way: give them a moment, at most so many rounds. */
static void wait_for(const struct seen *seen, size_t want)
{
	int rounds = 500;

	while (seen->count < want && rounds--)
		df_nb_dispatch(nb, 10);
	assert_int_equal(seen->count, want);
}

static void unfollow(struct seen *seen)
{
	df_sub_free(seen->sub);
	df_obj_put(seen->last);
}

static void network_topic_tells_of_its_objects(void **state)
{
	struct seen seen;
	struct df_obj *change = object("port", text("id=%s%s",
					    df_obj_id(port), ""),
				       "name=db", NULL);

	(void)state;
	follow(&seen, text("network/%s%s", df_obj_id(network), ""));
	wait_for(&seen, 4);
	assert_int_equal(seen.types[3], DF_EVENT_SYNCED);
	must(patch(change, 0));
	wait_for(&seen, 5);
	assert_string_equal(seen.models[4], "port");
	assert_true(df_obj_is_equal(seen.last, change));
	must(delete(port, 0));
	wait_for(&seen, 6);
	assert_int_equal(seen.types[5], DF_EVENT_DELETE);
	assert_string_equal(seen.models[5], "port");
	assert_string_equal(seen.ids[5], df_obj_id(port));
	assert_string_equal(df_sub_topic(seen.sub),
			    text("network/%s%s", df_obj_id(network), ""));
	unfollow(&seen);
	df_obj_put(change);
}

static void chassis_topic_tells_which_ports_are_here(void **state)
{
	struct seen here;
	struct seen there;
	struct df_obj *move = object("port", text("id=%s%s",
					  df_obj_id(port), ""),
				     "binding_host=hv2", NULL);

	(void)state;
	follow(&here, "chassis/hv1");
	follow(&there, "chassis/hv2");
	wait_for(&here, 2);
	wait_for(&there, 1);
	assert_string_equal(df_obj_string(here.last, "network_id"),
			    df_obj_id(network));
	must(patch(move, 0));
	wait_for(&here, 3);
	wait_for(&there, 2);
	assert_int_equal(here.types[2], DF_EVENT_DELETE);
	assert_string_equal(here.ids[2], df_obj_id(port));
	assert_int_equal(there.types[1], DF_EVENT_PUT);
	/* A change that does not move it is not told here. */
	must(df_obj_set(move, "name", "x", &error));
	must(patch(move, 0));
	df_nb_dispatch(nb, 50);
	assert_int_equal(there.count, 2);
	unfollow(&here);
	unfollow(&there);
	df_obj_put(move);
}

static int put_leased(struct df_obj *obj, struct df_lease *lease)
{
	struct df_txn *txn;

	must(df_txn_new(&txn, nb));
	df_txn_set_lease(txn, lease);
	must(df_txn_put(txn, obj, &error));
	return df_txn_commit_sync(txn, &error);
}

static void agent_is_there_as_long_as_its_lease(void **state)
{
	struct df_obj *chassis = object("chassis", "name=hv1", NULL);
	struct df_obj *agent;
	struct df_lease *lease;
	struct df_lease *second;
	struct seen global;
	struct seen seen;

	(void)state;
	must(create(chassis));
	agent = object("agent", text("id=%s%s", df_obj_id(chassis), ""),
		       text("chassis_id=%s%s", df_obj_id(chassis), ""), NULL);
	assert_int_equal(put(agent), -EINVAL);
	said("agent %s can only be put under a lease%s", df_obj_id(agent), "");
	follow(&global, "global");
	wait_for(&global, 2);
	follow(&seen, "agents");
	wait_for(&seen, 1);
	must(df_lease_new(&lease, nb, 1000, NULL, NULL, &error));
	must(put_leased(agent, lease));
	wait_for(&seen, 2);
	assert_int_equal(delete(chassis, 0), -EBUSY);
	/* The same again, by its successor: it outlives the first lease. */
	must(df_lease_new(&second, nb, 1000, NULL, NULL, &error));
	must(put_leased(agent, second));
	df_lease_free(lease);
	assert_int_equal(count("agent", NULL), 1);
	assert_int_equal(delete(chassis, 0), -EBUSY);
	df_lease_free(second);
	assert_int_equal(count("agent", NULL), 0);
	wait_for(&seen, 4);
	assert_int_equal(seen.types[3], DF_EVENT_DELETE);
	assert_string_equal(seen.models[3], "agent");
	unfollow(&seen);
	/* Hypervisors know each other, and not each other's agents. */
	must(delete(chassis, 0));
	wait_for(&global, 3);
	assert_int_equal(global.types[2], DF_EVENT_DELETE);
	assert_string_equal(global.models[2], "chassis");
	unfollow(&global);
	df_obj_put(agent);
	df_obj_put(chassis);
}

static void stored_nonsense_is_reported_not_obeyed(void **state)
{
	struct seen seen;
	char command[512];

	(void)state;
	follow(&seen, text("network/%s%s", df_obj_id(network), ""));
	wait_for(&seen, 4);
	unfollow(&seen);
	snprintf(command, sizeof(command),
		 "python3 -c 'import sqlite3; c = sqlite3.connect(\"%s/nb.db\");"
		 "c.execute(\"UPDATE entries SET value = CAST(? AS BLOB) WHERE key LIKE ?\", (\"{\\\"mtu\\\":1\", \"subnet/%%\"));"
		 "c.commit()'", dir);
	assert_int_equal(system(command), 0);
	follow(&seen, text("network/%s%s", df_obj_id(network), ""));
	wait_for(&seen, 4);
	assert_non_null(strstr(seen.why, "subnet: the text is not JSON"));
	assert_int_equal(count("subnet", NULL), 0);
	assert_null(stored("subnet", df_obj_id(subnet)));
	unfollow(&seen);
}

static void count_call(void *arg, const struct df_error *why)
{
	(void)why;
	++*(int *)arg;
}

static void nothing_is_called_back_from_inside(void **state)
{
	struct df_txn *txn;
	int calls = 0;

	(void)state;
	/* Refused at once, nothing to do, and something to do */
	must(df_txn_new(&txn, nb));
	df_txn_commit(txn, count_call, &calls);
	must(df_txn_new(&txn, nb));
	must(df_txn_update(txn, port, 0, &error));
	df_txn_commit(txn, count_call, &calls);
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, network, &error));
	df_txn_commit(txn, count_call, &calls);
	assert_int_equal(calls, 0);
	df_nb_dispatch(nb, 50);
	assert_int_equal(calls, 3);
}

static void closing_forgets_what_runs(void **state)
{
	struct df_txn *txn;
	struct df_sub *sub;
	struct df_lease *lease;
	struct df_obj *obj = object("network", NULL);
	int calls = 0;

	(void)state;
	must(df_lease_new(&lease, nb, 1000, count_call, &calls, &error));
	must(df_nb_subscribe(&sub, nb, "global", note, NULL, &error));
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, obj, &error));
	df_txn_commit(txn, count_call, &calls);
	must(df_txn_new(&txn, nb));
	must(df_txn_update(txn, obj, 0, &error));
	df_txn_commit(txn, count_call, &calls);
	must(df_txn_new(&txn, nb));
	df_nb_close(nb);
	assert_int_equal(calls, 0);
	must(df_nb_open(&nb, uri, NULL, &error));
	df_obj_put(obj);
}

/* In a database of its own. */
static void a_known_database_is_not_begun_anew(void **state)
{
	const char *other = text("sqlite://%s/%s", dir, "other.db");
	const char *file = text("%s/%s", dir, "other.db");
	struct df_obj *obj = object("network", NULL);
	struct df_nb *known, *first;
	struct df_txn *txn;

	(void)state;
	assert_int_equal(df_nb_open_known(&known, other, NULL, &error), -ENOENT);
	assert_non_null(strstr(error.text, "cannot open"));
	assert_int_not_equal(access(file, F_OK), 0);
	must(df_nb_open(&first, other, NULL, &error));
	must(df_nb_open_known(&known, other, NULL, &error));
	must(df_txn_new(&txn, known));
	must(df_txn_create(txn, obj, &error));
	assert_int_equal(df_txn_commit_sync(txn, &error), -ENODATA);
	must(df_txn_new(&txn, first));
	must(df_txn_create(txn, obj, &error));
	must(df_txn_commit_sync(txn, &error));
	df_obj_put(obj);
	obj = object("network", NULL);
	must(df_txn_new(&txn, known));
	must(df_txn_create(txn, obj, &error));
	must(df_txn_commit_sync(txn, &error));
	df_obj_put(obj);
	df_nb_close(known);
	df_nb_close(first);
}

static void waiting_needs_a_loop_of_its_own(void **state)
{
	struct event_base *base = event_base_new();
	struct df_obj *obj;
	struct df_nb *other;

	(void)state;
	must(df_nb_open(&other, uri, base, &error));
	assert_int_equal(df_nb_find_sync(other, "port", "web", &obj, &error),
			 -EINVAL);
	assert_int_equal(df_nb_dispatch(other, 0), -EINVAL);
	df_nb_close(other);
	event_base_free(base);
}

static void find_inside(void *arg, const struct df_event *event)
{
	struct df_obj *obj;

	(void)event;
	*(int *)arg = df_nb_find_sync(nb, "port", "web", &obj, NULL);
	df_nb_break(nb);
}

static void waiting_inside_of_a_callback_is_refused(void **state)
{
	struct df_sub *sub;
	int err = 0;

	(void)state;
	must(df_nb_subscribe(&sub, nb, "global", find_inside, &err, &error));
	/* Ends by df_nb_break(). */
	assert_int_equal(df_nb_dispatch(nb, -1), 0);
	assert_int_equal(err, -EDEADLK);
	df_sub_free(sub);
}

static void writers_of_one_object_do_not_lose_updates(void **state)
{
	const int writers = 3;
	struct df_obj *now;
	int status;
	int i;

	(void)state;
	/* A handle does not cross a fork. */
	df_nb_close(nb);
	for (i = 0; i < writers; i++) {
		int n;

		if (fork())
			continue;
		if (df_nb_open(&nb, uri, NULL, &error))
			_exit(1);
		for (n = 0; n < 50; n++) {
			char field[40];
			struct df_obj *obj;

			snprintf(field, sizeof(field), "description=%d-%d", i,
				 n);
			obj = object("port", text("id=%s%s",
						  df_obj_id(port), ""), field,
				     NULL);
			if (patch(obj, 0))
				_exit(1);
			df_obj_put(obj);
		}
		df_nb_close(nb);
		_exit(0);
	}
	for (i = 0; i < writers; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	must(df_nb_open(&nb, uri, NULL, &error));
	now = stored("port", df_obj_id(port));
	assert_int_equal(df_obj_revision(now), 1 + writers * 50);
	df_obj_put(now);
}

#define cloud_test(fn) \
	cmocka_unit_test_setup_teardown(fn, cloud_setup, cloud_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cloud_test(network_topic_tells_of_its_objects),
		cloud_test(chassis_topic_tells_which_ports_are_here),
		cloud_test(agent_is_there_as_long_as_its_lease),
		cloud_test(stored_nonsense_is_reported_not_obeyed),
		cloud_test(nothing_is_called_back_from_inside),
		cloud_test(closing_forgets_what_runs),
		cloud_test(a_known_database_is_not_begun_anew),
		cloud_test(waiting_needs_a_loop_of_its_own),
		cloud_test(waiting_inside_of_a_callback_is_refused),
		cloud_test(writers_of_one_object_do_not_lose_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
