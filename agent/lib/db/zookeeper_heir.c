// SPDX-License-Identifier: GPL-2.0
/*
 * Heirs: who takes a lease ends those of processes of this machine that are dead.
 * The servers would find out when a session's time is over; but a process that is
 * started again should not have to wait for that. Which processes can be looked
 * for: those of the same boot and the same PID namespace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zookeeper.h"

#define HASH_BEGIN 14695981039346656037u
#define HASH_STEP 1099511628211u

/* FNV-1a */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * HASH_STEP;
	return hash;
}

static uint64_t place(void)
{
	char boot[64] = "";
	char space[64] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file && !fgets(boot, sizeof(boot), file))
		boot[0] = '\0';
	if (file)
		fclose(file);
	if (!*boot || readlink("/proc/self/ns/pid", space, sizeof(space) - 1) < 0)
		return 0;
	return hash_text(hash_text(HASH_BEGIN, boot), space);
}

/* When the process was started, in ticks since the boot; 0: there is none. */
static unsigned long long start_of(int pid)
{
	unsigned long long start = 0;
	char line[1024];
	char *rest = NULL;
	FILE *file;
	int i;

	snprintf(line, sizeof(line), "/proc/%d/stat", pid);
	file = fopen(line, "re");
	if (file && fgets(line, sizeof(line), file))
		rest = strrchr(line, ')');
	/* It is the 20th behind the name, which may hold anything. */
	for (i = 0; rest && i < 20; i++)
		strsep(&rest, " ");
	if (rest)
		start = strtoull(rest, NULL, 10);
	if (file)
		fclose(file);
	return start;
}

void df_zk_owner_self(struct df_zk_owner *owner)
{
	owner->place = place();
	owner->pid = getpid();
	owner->start = start_of(owner->pid);
}

void df_zk_heir_name(char name[DF_ZK_LEASE_MAX + 1])
{
	char mark[9];

	/* Its beginning tells where it is from, so that few have to be read. */
	df_uuid_new(name);
	snprintf(mark, sizeof(mark), "%08x", (uint32_t)place());
	memcpy(name, mark, 8);
}

/** struct df_zk_candidate - a lease that may be a dead process's */
struct df_zk_candidate {
	LIST_ENTRY(df_zk_candidate) node;
	struct df_zk *zk;
	char name[DF_ZK_LEASE_MAX + 1];
};

static void candidate_free(struct df_zk_candidate *candidate)
{
	LIST_REMOVE(candidate, node);
	free(candidate);
}

static void on_owner(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_candidate *candidate = arg;
	struct df_zk *zk = candidate->zk;
	struct df_zk_owner owner;

	if (!reply->rc && !df_zk_owner_parse(&owner, reply->data, reply->len) &&
	    owner.place && owner.place == place() &&
	    start_of(owner.pid) != owner.start &&
	    !df_zk_is_reaped(zk, candidate->name))
		df_zk_reap(zk, candidate->name, true);
	candidate_free(candidate);
}

static void on_leases(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;
	struct df_zk_path path;
	char mark[9];
	size_t i;

	snprintf(mark, sizeof(mark), "%08x", (uint32_t)place());
	for (i = 0; !reply->rc && i < reply->count; i++) {
		const char *name = reply->names[i];
		struct df_zk_candidate *candidate;

		if (strncmp(name, mark, 8) || strlen(name) > DF_ZK_LEASE_MAX ||
		    df_zk_lease_is_alive(zk, name))
			continue;
		candidate = calloc(1, sizeof(*candidate));
		if (!candidate)
			abort();
		candidate->zk = zk;
		LIST_INSERT_HEAD(&zk->candidates, candidate, node);
		strncat(candidate->name, name, DF_ZK_LEASE_MAX);
		df_zk_path_set(&path, zk->uri.root, "alive");
		df_zk_path_add(&path, name);
		df_zk_read(zk, ZK_GET, 0, path.text, &zk->candidates, on_owner,
			   candidate);
	}
}

void df_zk_heir_start(struct df_zk *zk)
{
	struct df_zk_path path;

	df_zk_path_set(&path, zk->uri.root, "alive");
	df_zk_read(zk, ZK_CHILDREN, ZK_SYNC, path.text, &zk->candidates,
		   on_leases, zk);
}

void df_zk_heir_fini(struct df_zk *zk)
{
	df_zk_cancel(zk, &zk->candidates);
	while (!LIST_EMPTY(&zk->candidates))
		candidate_free(LIST_FIRST(&zk->candidates));
}
