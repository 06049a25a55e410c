// SPDX-License-Identifier: GPL-2.0
/*
 * The judge of a soak. It knows what was said of each pair of ports, keeps an
 * account of the packets between them, and prints "fail ..." when the two differ.
 *
 * An outage is a packet that was sent and did not come, however short: nothing
 * excuses that. Time only matters for how long a change may take, and for when
 * to give a packet up, and there it is the judge's own: it stands still while
 * this process is not run, and so do the senders, which are the same process.
 */
#include <stdio.h>
#include <string.h>

#include "probe.h"

enum {
	TICK_MAX_MS = 20,	/* so much of the time since the last tick counts */
	STEADY_MS = 40,		/* between two packets of a steady flow */
	LOST_MS = 4000,		/* what has not arrived by then is lost */
	STEADY_MAX = 64,
	RING = 128,		/* more than a steady flow sends in LOST_MS */
};

enum fate { ARRIVED = 0, LOST = -1 };	/* or when it was sent */

/**
 * struct track - packets that have to arrive, once
 * @next: number of the next one
 * @open: how many have not yet
 * @seq: which packet a place belongs to; 0 is none
 * @fate: what has become of it
 */
struct track {
	uint32_t next;
	int open;
	uint32_t seq[RING];
	int64_t fate[RING];
};

/**
 * struct link - what may come of packets of a kind from a port to a target
 * @since: when @state holds; of REACH, when it was asked for
 * @bound: of REACH: longest time without a packet, and until none may be lost
 * @last: when the last one arrived
 * @at: of REACH: the ports where they may, a bit for each
 */
struct link {
	enum state state;
	int64_t since;
	int64_t bound;
	int64_t last;
	uint64_t at;
};

/**
 * struct steady - a flow that must not lose anything
 * @due: when the next packet is to be sent
 */
struct steady {
	int from;
	int to;
	int64_t due;
	struct track track;
};

static struct link links[PORTS_MAX][TARGETS_MAX][LINKS];
/* Apart, because all of the above is looked at all the time. */
static struct track tracks[PORTS_MAX][TARGETS_MAX][KINDS];
static struct steady steady[STEADY_MAX];
static int steadies;
static unsigned long sent, received, judged;
static int64_t now_ms = 1, stolen_ms, slowest_ms;

void judge_tick(int64_t passed_ms)
{
	int64_t counts = passed_ms < TICK_MAX_MS ? passed_ms : TICK_MAX_MS;

	now_ms += counts;
	stolen_ms += passed_ms - counts;
}

int64_t judge_now(void)
{
	return now_ms;
}

void judge_print(void)
{
	printf("sent %lu, received %lu, %lu of them had to be; slowest %lld ms, %lld ms stolen\n",
	       sent, received, judged, (long long)slowest_ms, (long long)stolen_ms);
}

/* --- what has to arrive --------------------------------------------------------- */

static void lose(struct track *track, int slot, int from, int to, const char *what)
{
	track->fate[slot] = LOST;
	track->open--;
	printf("fail lost %d -> %d: %s, packet %u\n", from, to, what, track->seq[slot]);
}

static void track_forget(struct track *track)
{
	if (!track->next)
		return;
	track->open = 0;
	memset(track->seq, 0, sizeof(track->seq));
}

static void track_sent(struct track *track, uint32_t seq, int from, int to, const char *what)
{
	int slot = (int)(seq % RING);

	if (track->seq[slot] && track->fate[slot] > ARRIVED)
		lose(track, slot, from, to, what);
	track->seq[slot] = seq;
	track->fate[slot] = now_ms;
	track->open++;
	judged++;
}

static void track_got(struct track *track, const struct probe *probe, int at)
{
	int slot = (int)(probe->seq % RING);

	if (track->seq[slot] != probe->seq)
		return;
	if (track->fate[slot] == ARRIVED) {
		printf("fail twice %d -> %d: %s, packet %u\n", probe->from, at,
		       probe_kind_name(probe->kind), probe->seq);
	} else if (track->fate[slot] == LOST) {
		printf("fail late %d -> %d: packet %u was given up, and came after %lld ms\n",
		       probe->from, at, probe->seq, (long long)(now_ms - probe->sent_ms));
	} else {
		track->open--;
		if (now_ms - probe->sent_ms > slowest_ms)
			slowest_ms = now_ms - probe->sent_ms;
	}
	track->fate[slot] = ARRIVED;
}

static void track_check(struct track *track, int from, int to, const char *what)
{
	int slot;

	for (slot = 0; slot < RING && track->open; slot++)
		if (track->seq[slot] && track->fate[slot] > ARRIVED &&
		    now_ms - track->fate[slot] > LOST_MS)
			lose(track, slot, from, to, what);
}

/* --- what is said --------------------------------------------------------------- */

void judge_link(int from, int to, enum kind kind, enum state state, int ms, uint64_t at)
{
	struct link *link = &links[from][to][kind];

	link->since = now_ms + (state == DENY ? ms : 0);
	link->bound = ms;
	link->state = state;
	link->at = at;
	if (kind < KINDS)
		track_forget(&tracks[from][to][kind]);
}

int judge_steady(int from, int to)
{
	if (steadies == STEADY_MAX)
		return -1;
	track_forget(&steady[steadies].track);
	steady[steadies].from = from;
	steady[steadies].to = to;
	steady[steadies].due = now_ms;
	return steadies++;
}

void judge_calm(void)
{
	steadies = 0;
}

/* --- what is sent ------------------------------------------------------------------ */

bool judge_steady_due(int flow, struct probe *probe)
{
	if (flow >= steadies || now_ms < steady[flow].due)
		return false;
	steady[flow].due = now_ms + STEADY_MS;
	*probe = (struct probe){
		.from = (uint8_t)steady[flow].from,
		.to = (uint8_t)steady[flow].to,
		.flow = (uint8_t)flow,
		.kind = steady[flow].track.next % 2 ? IP6 : IP4,
		.port = steady[flow].track.next / 2 % UDP_PORTS,
	};
	return true;
}

/* Does what was said hold without exception for what was sent then? */
static bool is_settled(const struct link *link, int64_t sent_ms)
{
	return sent_ms > link->since + (link->state == REACH ? link->bound : 0);
}

static void sends_to(const struct probe *probe, int to)
{
	const struct link *link = &links[probe->from][to][probe->kind];

	if (link->state == REACH && is_settled(link, now_ms))
		track_sent(&tracks[probe->from][to][probe->kind], probe->seq, probe->from,
			   to, probe_kind_name(probe->kind));
}

void judge_sends(struct probe *probe)
{
	struct track *track = &tracks[probe->from][probe->to][probe->kind];
	int to;

	probe->sent_ms = now_ms;
	sent++;
	if (probe->flow != NO_FLOW) {
		track = &steady[probe->flow].track;
		probe->seq = ++track->next;
		track_sent(track, probe->seq, probe->from, probe->to, "a flow nobody touches");
		return;
	}
	probe->seq = ++track->next;
	if (probe->kind != BROADCAST) {
		sends_to(probe, probe->to);
		return;
	}
	for (to = 0; to < PORTS_MAX; to++)
		sends_to(probe, to);
}

/* --- what is received ----------------------------------------------------------------- */

static void check_leak(int at, const struct probe *probe, int to, enum kind kind)
{
	const struct link *link = &links[probe->from][to][kind];

	if (link->state != DENY || probe->sent_ms < link->since)
		return;
	printf("fail leak %d -> %d: %s to %d, %lld ms after that was to end%s\n", probe->from,
	       at, probe_kind_name(probe->kind), probe->to,
	       (long long)(probe->sent_ms - link->since),
	       kind == ANYTHING ? ", as all was" : "");
}

/* Was it meant for the port, or is it for an address that another has by now? */
static bool is_meant(int at, const struct link *link, const struct probe *probe)
{
	return probe->to == at || (link->state == REACH && link->at & 1ULL << at);
}

static void misdirected(int at, const struct probe *probe)
{
	printf("fail stray %d -> %d: %s to %d, and not for its addresses\n", probe->from, at,
	       probe_kind_name(probe->kind), probe->to);
}

/* What goes to one port only. */
static void got_unicast(int at, bool is_own, const struct probe *probe)
{
	struct link *link = &links[probe->from][probe->to][probe->kind];

	if (probe->to < PORTS_MAX && !is_meant(at, link, probe) && is_own) {
		check_leak(at, probe, at, probe->kind);
		return;
	}
	check_leak(at, probe, probe->to, probe->kind);
	if (!(is_own && is_meant(at, link, probe)) && link->state == REACH &&
	    is_settled(link, probe->sent_ms))
		misdirected(at, probe);
	if (!is_meant(at, link, probe))
		return;
	link->last = now_ms;
	track_got(&tracks[probe->from][probe->to][probe->kind], probe, at);
}

/* What goes to all, or should have gone to none. */
static void got_copy(int at, const struct probe *probe)
{
	struct link *link = &links[probe->from][at][probe->kind];

	check_leak(at, probe, at, probe->kind);
	link->last = now_ms;
	track_got(&tracks[probe->from][at][probe->kind], probe, at);
}

static void got_steady(int at, bool is_own, const struct probe *probe)
{
	struct steady *flow = &steady[probe->flow];

	if (probe->flow >= steadies || flow->from != probe->from)
		return;
	if (probe->to != at || !is_own)
		misdirected(at, probe);
	track_got(&flow->track, probe, at);
}

void judge_got(int at, bool is_own, const struct probe *probe)
{
	received++;
	check_leak(at, probe, at, ANYTHING);
	if (probe->flow != NO_FLOW)
		got_steady(at, is_own, probe);
	else if (probe->kind == BROADCAST || probe->kind == STRAY)
		got_copy(at, probe);
	else
		got_unicast(at, is_own, probe);
}

/* --- what does not come ------------------------------------------------------------ */

static void check_link(int from, int to, enum kind kind)
{
	struct link *link = &links[from][to][kind];
	int64_t last = link->last > link->since ? link->last : link->since;

	if (link->state != REACH)
		return;
	track_check(&tracks[from][to][kind], from, to, probe_kind_name(kind));
	if (now_ms - last <= link->bound)
		return;
	printf("fail unreachable %d -> %d: no %s for %lld ms\n", from, to,
	       probe_kind_name(kind), (long long)(now_ms - last));
	link->state = FREE;
}

void judge_check(void)
{
	enum kind kind;
	int from, to;

	for (from = 0; from < PORTS_MAX; from++)
		for (to = 0; to < TARGETS_MAX; to++)
			for (kind = 0; kind < KINDS; kind++)
				check_link(from, to, kind);
	for (from = 0; from < steadies; from++)
		track_check(&steady[from].track, steady[from].from, steady[from].to,
			    "a flow nobody touches");
}

int judge_waiting(void)
{
	int from, to, waiting = 0;
	enum kind kind;

	for (from = 0; from < PORTS_MAX; from++)
		for (to = 0; to < TARGETS_MAX; to++)
			for (kind = 0; kind < KINDS; kind++) {
				const struct link *link = &links[from][to][kind];

				waiting += link->state == REACH && link->last <= link->since;
			}
	return waiting;
}
