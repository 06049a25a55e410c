/* SPDX-License-Identifier: GPL-2.0 */
/* The one generator of the benchmarks' traffic; see main.c. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stdint.h>

void clock_pin(void);
void clock_count_cycles(void);
uint64_t clock_read(void);

/* What is printed: how much was counted for each of COUNT operations. */
void say_cost(uint64_t begin, uint64_t end, double count);

void enter_netns(const char *name);

/* Each takes the arguments that main.c names, after the operation. */
void frames_main(char *argv[]);
void tcp_rr_main(char *argv[]);
void tcp_crr_main(char *argv[]);
void tcp_stream_main(char *argv[]);
void udp_blast_main(char *argv[]);

#endif
