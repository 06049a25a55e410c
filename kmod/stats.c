// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>

#include "stats.h"

struct df_port_stats __percpu *df_stats_new(void)
{
	struct df_port_stats __percpu *stats;
	int cpu;

	stats = alloc_percpu_gfp(struct df_port_stats, GFP_KERNEL_ACCOUNT);
	if (!stats)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(stats, cpu)->syncp);
	return stats;
}

static void stats_read(struct df_port_totals *totals,
		       const struct df_port_stats *s)
{
	int i;

	totals->rx_packets = u64_stats_read(&s->rx_packets);
	totals->rx_bytes = u64_stats_read(&s->rx_bytes);
	totals->tx_packets = u64_stats_read(&s->tx_packets);
	totals->tx_bytes = u64_stats_read(&s->tx_bytes);
	totals->rx_direct = u64_stats_read(&s->rx_direct);
	totals->tx_direct = u64_stats_read(&s->tx_direct);
	totals->flow_hits = u64_stats_read(&s->flow_hits);
	totals->flow_misses = u64_stats_read(&s->flow_misses);
	totals->flow_evictions = u64_stats_read(&s->flow_evictions);
	totals->answers = u64_stats_read(&s->answers);
	totals->punts = u64_stats_read(&s->punts);
	for (i = 0; i < DF_DROP_REASON_COUNT; i++)
		totals->drops[i] = u64_stats_read(&s->drops[i]);
}

static void totals_add(struct df_port_totals *to,
		       const struct df_port_totals *from)
{
	int i;

	to->rx_packets += from->rx_packets;
	to->rx_bytes += from->rx_bytes;
	to->tx_packets += from->tx_packets;
	to->tx_bytes += from->tx_bytes;
	to->rx_direct += from->rx_direct;
	to->tx_direct += from->tx_direct;
	to->flow_hits += from->flow_hits;
	to->flow_misses += from->flow_misses;
	to->flow_evictions += from->flow_evictions;
	to->answers += from->answers;
	to->punts += from->punts;
	for (i = 0; i < DF_DROP_REASON_COUNT; i++)
		to->drops[i] += from->drops[i];
}

/**
 * df_stats_sum() - add up what all CPUs have counted
 * @totals: result
 * @stats: counters of a port
 */
void df_stats_sum(struct df_port_totals *totals,
		  const struct df_port_stats __percpu *stats)
{
	struct df_port_totals one;
	unsigned int start;
	int cpu;

	memset(totals, 0, sizeof(*totals));
	for_each_possible_cpu(cpu) {
		const struct df_port_stats *s = per_cpu_ptr(stats, cpu);

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			stats_read(&one, s);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		totals_add(totals, &one);
	}
}
