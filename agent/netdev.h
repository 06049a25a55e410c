/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_NETDEV_H
#define DFA_NETDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct event_base;
struct dfa_netdev;

/* In place of a port: the device is none, but carries tunnels. */
#define DFA_NETDEV_UNDERLAY UINT32_MAX

/**
 * struct dfa_netdev_ops - what happens to the devices of the namespace
 * @link: a device is there, or has changed; also for every one of a dump
 * @gone: a device is not there any more
 * @filters: somebody else changed the filters of a device
 * @addresses: an address has come or gone
 * @lost: events were lost; dfa_netdev_dump() tells the truth again
 */
struct dfa_netdev_ops {
	void (*link)(void *arg, int ifindex, const char *name);
	void (*gone)(void *arg, int ifindex);
	void (*filters)(void *arg, int ifindex);
	void (*addresses)(void *arg);
	void (*lost)(void *arg);
};

int dfa_netdev_open(struct dfa_netdev **out, struct event_base *base,
		    const struct dfa_netdev_ops *ops, void *arg);
void dfa_netdev_close(struct dfa_netdev *netdev);

/* Calls ops->link for every device there is. */
int dfa_netdev_dump(struct dfa_netdev *netdev);

/* fn(arg, ifindex, port or DFA_NETDEV_UNDERLAY) for every one with our filter. */
int dfa_netdev_dump_filters(struct dfa_netdev *netdev,
			    void (*fn)(void *arg, int ifindex, uint32_t port),
			    void *arg);

/**
 * dfa_netdev_attach() - give a device the filter that makes it a port
 * @port: or DFA_NETDEV_UNDERLAY
 *
 * What is right already is left alone; a filter that names another port is
 * replaced.
 *
 * Return: 1 if something was written, 0 if not, or a negative errno.
 */
int dfa_netdev_attach(struct dfa_netdev *netdev, int ifindex, uint32_t port);
/* Remove the filter; 0 also if there is none. */
int dfa_netdev_detach(struct dfa_netdev *netdev, int ifindex);

/**
 * dfa_netdev_find_underlays() - find the devices that have our addresses
 * @config: has the addresses
 * @ifindex: filled
 *
 * Return: how many devices there are, or a negative errno.
 */
int dfa_netdev_find_underlays(struct dfa_netdev *netdev,
			      const struct dfa_config *config,
			      int ifindex[DFA_MAX_ENCAPS]);

/**
 * dfa_netdev_tunnel() - find or make a collect_md tunnel device that is up
 * @kind: "vxlan" or "geneve"; the device is called df-vxlan or df-geneve
 *
 * Return: its ifindex; -EEXIST if the name is taken by something that is not
 * ours, or another negative errno.
 */
int dfa_netdev_tunnel(struct dfa_netdev *netdev, const char *kind);

#endif
