// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: nodes of this session, one for each commit under way. A commit writes to
 * its slot, expecting the version that it has. If the answer is lost, we write
 * there, expecting the same: one of the two comes first, and the other one can
 * never happen. So a commit is repeated only if it did not happen and never will,
 * also if it is under way still on another connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"
#include "zookeeper_commit.h"

/* What we write to find out; commits write numbers. */
#define ASKED "-"

void df_zk_slot_path(const struct df_zk *zk, const struct df_zk_slot *slot,
		     struct df_zk_path *path)
{
	char name[DF_UUID_LEN + 16];

	snprintf(name, sizeof(name), "%s-%u", zk->id, slot->nr);
	df_zk_path_set(path, zk->uri.root, "w");
	df_zk_path_add(path, name);
}

static void on_created(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_commit *commit = arg;

	if (!reply->rc || reply->rc == ZNODEEXISTS) {
		commit->slot->is_created = true;
		commit->slot->version = 0;
		df_zk_commit_go(commit);
	} else if (df_zk_is_lost(reply->rc) ||
		   reply->rc == ZSESSIONEXPIRED) {
		df_zk_slot_put(commit, false);
		df_zk_commit_again(commit);
	} else {
		df_zk_commit_done(commit, reply->rc);
	}
}

void df_zk_slots_lost(struct df_zk *zk)
{
	size_t i;

	/* Who holds one finds its node gone, or is told that nobody knows. */
	for (i = 0; i < ZK_SLOTS; i++)
		zk->slots[i].is_created = false;
}

static struct df_zk_slot *find_free(struct df_zk *zk)
{
	size_t i;

	for (i = 0; i < ZK_SLOTS; i++)
		if (!zk->slots[i].is_busy)
			return &zk->slots[i];
	return NULL;
}

void df_zk_slot_get(struct df_zk_commit *commit)
{
	struct df_zk *zk = commit->zk;
	struct df_zk_slot *slot = find_free(zk);
	struct df_zk_path path;

	commit->is_waiting = !slot;
	if (!slot)
		return;
	slot->is_busy = true;
	commit->slot = slot;
	if (slot->is_created) {
		df_zk_commit_go(commit);
		return;
	}
	slot->nr = ++zk->slots_made;
	df_zk_slot_path(zk, slot, &path);
	df_zk_create(zk, ZK_EPHEMERAL, path.text, "", commit, on_created,
		     commit);
}

void df_zk_slot_put(struct df_zk_commit *commit, bool is_sure)
{
	struct df_zk *zk = commit->zk;
	struct df_zk_commit *next;

	if (!commit->slot)
		return;
	commit->slot->is_busy = false;
	/* The next one makes a node of its own. */
	if (!is_sure)
		commit->slot->is_created = false;
	commit->slot = NULL;
	TAILQ_FOREACH(next, &zk->commits, node)
		if (next->is_waiting && next != commit) {
			df_zk_slot_get(next);
			return;
		}
}

static void on_read(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_commit *commit = arg;
	bool happened;

	if (reply->rc) {
		df_zk_slot_put(commit, false);
		df_zk_commit_done(commit, ZCONNECTIONLOSS);
		return;
	}
	commit->slot->version = reply->stat.version;
	happened = reply->len == strlen(commit->tag) &&
		   !memcmp(reply->data, commit->tag, reply->len);
	df_zk_slot_put(commit, true);
	if (happened)
		df_zk_commit_done(commit, ZOK);
	else
		df_zk_commit_again(commit);
}

static void on_asked(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_commit *commit = arg;
	struct df_zk_path path;

	if (!reply->rc) {
		commit->slot->version = reply->stat.version;
		df_zk_slot_put(commit, true);
		df_zk_commit_again(commit);
	} else if (reply->rc == ZBADVERSION) {
		/* The commit came first, or an earlier question of ours did. */
		df_zk_slot_path(commit->zk, commit->slot, &path);
		df_zk_read(commit->zk, ZK_GET, ZK_SYNC, path.text, commit,
			   on_read, commit);
	} else if (df_zk_is_lost(reply->rc)) {
		df_zk_slot_ask(commit);
	} else {
		/* The session ended, and the slot with it: nobody knows. */
		df_zk_slot_put(commit, false);
		df_zk_commit_done(commit, ZCONNECTIONLOSS);
	}
}

void df_zk_slot_ask(struct df_zk_commit *commit)
{
	struct df_zk_path path;
	struct df_zk_call *call;

	df_zk_slot_path(commit->zk, commit->slot, &path);
	call = df_zk_call_new(ZK_SET, 0, path.text);
	call->version = commit->slot->version;
	call->data = strdup(ASKED);
	call->len = strlen(ASKED);
	if (!call->data)
		abort();
	df_zk_call(commit->zk, call, commit, on_asked, commit);
}
