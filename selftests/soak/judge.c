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
 * @seq: which packet a place belongs to; 0 is none
 * @fate: what has become of it
 */
struct track {
	uint32_t next;
	uint32_t seq[RING];
	int64_t fate[RING];
};

/**
 * struct pair - what one port may get from another
 * @since: when @state holds; of REACH, when it was asked for
 * @bound: of REACH: longest time without a packet, and until none may be lost
 * @last: when the last of a kind arrived
 */
struct pair {
	enum state state;
	int64_t since;
	int64_t bound;
	int64_t last[KINDS];
	struct track track[KINDS];
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

static struct pair pairs[PORTS_MAX][PORTS_MAX];
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
	printf("fail lost %d -> %d: %s, packet %u\n", from, to, what, track->seq[slot]);
}

static void track_forget(struct track *track)
{
	memset(track->seq, 0, sizeof(track->seq));
	memset(track->fate, 0, sizeof(track->fate));
}

static void track_sent(struct track *track, uint32_t seq, int from, int to, const char *what)
{
	int slot = (int)(seq % RING);

	if (track->seq[slot] && track->fate[slot] > ARRIVED)
		lose(track, slot, from, to, what);
	track->seq[slot] = seq;
	track->fate[slot] = now_ms;
	judged++;
}

static void track_got(struct track *track, const struct probe *probe, int at)
{
	int slot = (int)(probe->seq % RING);

	if (track->seq[slot] != probe->seq)
		return;
	if (track->fate[slot] == ARRIVED)
		printf("fail twice %d -> %d: %s, packet %u\n", probe->from, at,
		       probe_kind_name(probe->kind), probe->seq);
	else if (track->fate[slot] == LOST)
		printf("fail late %d -> %d: packet %u was given up, and came after %lld ms\n",
		       probe->from, at, probe->seq, (long long)(now_ms - probe->sent_ms));
	else if (now_ms - probe->sent_ms > slowest_ms)
		slowest_ms = now_ms - probe->sent_ms;
	track->fate[slot] = ARRIVED;
}

static void track_check(struct track *track, int from, int to, const char *what)
{
	int slot;

	for (slot = 0; slot < RING; slot++)
		if (track->seq[slot] && track->fate[slot] > ARRIVED &&
		    now_ms - track->fate[slot] > LOST_MS)
			lose(track, slot, from, to, what);
}

/* --- what is said --------------------------------------------------------------- */

void judge_pair(int from, int to, enum state state, int ms)
{
	struct pair *pair = &pairs[from][to];
	enum kind kind;

	pair->since = now_ms + (state == DENY ? ms : 0);
	pair->bound = ms;
	pair->state = state;
	for (kind = 0; kind < KINDS; kind++)
		track_forget(&pair->track[kind]);
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

/* --- what is sent and received ---------------------------------------------------- */

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
	};
	return true;
}

/* From when on does what was said of the pair hold without exception? */
static int64_t settled_ms(const struct pair *pair)
{
	return pair->since + (pair->state == REACH ? pair->bound : 0);
}

static void sends_to(const struct probe *probe, int to)
{
	struct pair *pair = &pairs[probe->from][to];

	if (pair->state == REACH && now_ms > settled_ms(pair))
		track_sent(&pair->track[probe->kind], probe->seq, probe->from, to,
			   probe_kind_name(probe->kind));
}

void judge_sends(struct probe *probe)
{
	struct track *track = &pairs[probe->from][probe->to].track[probe->kind];
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

static void got_tracked(int at, const struct probe *probe)
{
	if (probe->flow == NO_FLOW)
		track_got(&pairs[probe->from][at].track[probe->kind], probe, at);
	else if (probe->flow < steadies && steady[probe->flow].from == probe->from)
		track_got(&steady[probe->flow].track, probe, at);
}

void judge_got(int at, const uint8_t mac[6], const struct probe *probe, const uint8_t *frame)
{
	struct pair *pair = &pairs[probe->from][at];

	received++;
	if (pair->state == DENY && probe->sent_ms >= pair->since)
		printf("fail leak %d -> %d: %s to ...%02x, %lld ms after that was to end\n",
		       probe->from, at, probe_kind_name(probe->kind), frame[5],
		       (long long)(probe->sent_ms - pair->since));
	if (probe->kind != BROADCAST && memcmp(frame, mac, 6) && pair->state != FREE &&
	    probe->sent_ms > settled_ms(pair))
		printf("fail stray %d -> %d: %s for another address\n", probe->from, at,
		       probe_kind_name(probe->kind));
	pair->last[probe->kind] = now_ms;
	/* or the address is another port's by now */
	if (probe->to == at || probe->kind == BROADCAST)
		got_tracked(at, probe);
}

/* --- what does not come ------------------------------------------------------------ */

static void check_pair(int from, int to)
{
	struct pair *pair = &pairs[from][to];
	enum kind kind;

	if (pair->state != REACH)
		return;
	for (kind = 0; kind < KINDS; kind++) {
		int64_t last = pair->last[kind] > pair->since ? pair->last[kind] : pair->since;

		track_check(&pair->track[kind], from, to, probe_kind_name(kind));
		if (now_ms - last <= pair->bound)
			continue;
		printf("fail unreachable %d -> %d: no %s for %lld ms\n", from, to,
		       probe_kind_name(kind), (long long)(now_ms - last));
		pair->state = FREE;
		return;
	}
}

void judge_check(void)
{
	int from, to;

	for (from = 0; from < PORTS_MAX; from++)
		for (to = 0; to < PORTS_MAX; to++)
			check_pair(from, to);
	for (from = 0; from < steadies; from++)
		track_check(&steady[from].track, steady[from].from, steady[from].to,
			    "a flow nobody touches");
}

int judge_waiting(void)
{
	int from, to, waiting = 0;
	enum kind kind;

	for (from = 0; from < PORTS_MAX; from++)
		for (to = 0; to < PORTS_MAX; to++) {
			const struct pair *pair = &pairs[from][to];

			for (kind = 0; kind < KINDS && pair->state == REACH; kind++)
				waiting += pair->last[kind] <= pair->since;
		}
	return waiting;
}
