/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a port, one set per CPU. */
#ifndef DF_STATS_H
#define DF_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include <uapi/linux/dragonflow.h>

enum {
	DF_DROP_REASON_COUNT = DRAGONFLOW_DROP_REASON_UNRESOLVED + 1,
};

/*
 * What a port has seen; the fields are those of the uAPI. @syncp lets a 32-bit
 * reader see whole values; written with BH off.
 */
struct df_port_stats {
	u64_stats_t rx_packets;
	u64_stats_t rx_bytes;
	u64_stats_t tx_packets;
	u64_stats_t tx_bytes;
	u64_stats_t rx_direct;
	u64_stats_t tx_direct;
	u64_stats_t flow_hits;
	u64_stats_t flow_misses;
	u64_stats_t flow_evictions;
	u64_stats_t answers;
	u64_stats_t punts;
	u64_stats_t drops[DF_DROP_REASON_COUNT];
	struct u64_stats_sync syncp;
};

/* The sum over all CPUs. */
struct df_port_totals {
	u64 rx_packets;
	u64 rx_bytes;
	u64 tx_packets;
	u64 tx_bytes;
	u64 rx_direct;
	u64 tx_direct;
	u64 flow_hits;
	u64 flow_misses;
	u64 flow_evictions;
	u64 answers;
	u64 punts;
	u64 drops[DF_DROP_REASON_COUNT];
};

struct df_port_stats __percpu *df_stats_new(void);
void df_stats_sum(struct df_port_totals *totals,
		  const struct df_port_stats __percpu *stats);

static inline void df_stats_rx(struct df_port_stats __percpu *stats,
			       u32 packets, u32 bytes)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->rx_packets, packets);
	u64_stats_add(&s->rx_bytes, bytes);
	u64_stats_update_end(&s->syncp);
}

static inline void df_stats_tx(struct df_port_stats __percpu *stats,
			       u32 packets, u32 bytes)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->tx_packets, packets);
	u64_stats_add(&s->tx_bytes, bytes);
	u64_stats_update_end(&s->syncp);
}

/* Part of what df_stats_rx() counts. */
static inline void df_stats_rx_direct(struct df_port_stats __percpu *stats,
				      u32 packets)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->rx_direct, packets);
	u64_stats_update_end(&s->syncp);
}

/* Part of what df_stats_tx() counts. */
static inline void df_stats_tx_direct(struct df_port_stats __percpu *stats,
				      u32 packets)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->tx_direct, packets);
	u64_stats_update_end(&s->syncp);
}

static inline void df_stats_drop(struct df_port_stats __percpu *stats,
				 enum dragonflow_drop_reason reason,
				 u32 packets)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->drops[reason], packets);
	u64_stats_update_end(&s->syncp);
}

static inline void df_stats_hit(struct df_port_stats __percpu *stats)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->flow_hits);
	u64_stats_update_end(&s->syncp);
}

static inline void df_stats_miss(struct df_port_stats __percpu *stats)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->flow_misses);
	u64_stats_update_end(&s->syncp);
}

static inline void df_stats_eviction(struct df_port_stats __percpu *stats)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->flow_evictions);
	u64_stats_update_end(&s->syncp);
}

static inline void df_stats_answer(struct df_port_stats __percpu *stats)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->answers);
	u64_stats_update_end(&s->syncp);
}

static inline void df_stats_punt(struct df_port_stats __percpu *stats)
{
	struct df_port_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->punts);
	u64_stats_update_end(&s->syncp);
}

#endif /* DF_STATS_H */
