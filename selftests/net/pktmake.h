/* SPDX-License-Identifier: GPL-2.0 */
/* Packets made up at random, many of them nearly right. */
#ifndef PKTMAKE_H
#define PKTMAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/virtio_net.h>

enum {
	FRAME_MAX = 65000,
	SEED_MAX = 4096,
	STATIONS = 10,	/* MACs 02:00:00:00:00:01 and on are somebody's */
};

struct seed {
	uint8_t data[SEED_MAX];
	size_t size;
};

/**
 * struct maker - what packets are made from
 * @dice: state of the random numbers
 * @seeds: packets to begin from
 * @seed_count: how many
 * @is_group: all packets go to group addresses; otherwise none does
 * @station: MACs that packets come from begin with this one
 */
struct maker {
	uint64_t dice;
	struct seed *seeds;
	int seed_count;
	bool is_group;
	int station;
};

struct frame {
	struct virtio_net_hdr gso;
	uint8_t data[FRAME_MAX];
	size_t size;
	size_t l3;
	size_t l4;
	uint8_t proto;
};

uint32_t roll(struct maker *maker, uint32_t sides);
uint16_t inet_sum(const uint8_t *data, size_t size, uint32_t sum);
void make_frame(struct maker *maker, struct frame *frame, size_t most);
void make_gso(struct maker *maker, struct frame *frame);
void break_bytes(struct maker *maker, uint8_t *data, size_t *size);

#endif /* PKTMAKE_H */
