// SPDX-License-Identifier: GPL-2.0
/*
 * Cables that deliver at once: pairs of devices, dfsync0 and dfsync1, dfsync2
 * and dfsync3, ... What one of a pair is given to send, the other one has
 * received before the sender's call returns. No device of the kernel's does
 * that: veth and its like leave a packet in a queue.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/dst.h>

#define DEVICES 8

static struct net_device *devices[DEVICES];

static netdev_tx_t dfsync_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct net_device **peer = netdev_priv(dev);

	skb_orphan(skb);
	skb_dst_drop(skb);
	skb->protocol = eth_type_trans(skb, *peer);
	netif_receive_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops dfsync_ops = {
	.ndo_start_xmit = dfsync_xmit,
};

static void dfsync_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &dfsync_ops;
	dev->priv_flags |= IFF_NO_QUEUE;
	/* One sends while another one does: no lock of the sender's is held. */
#ifdef NETIF_F_LLTX
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
	eth_hw_addr_random(dev);
}

static void remove(int count)
{
	while (count--) {
		unregister_netdev(devices[count]);
		free_netdev(devices[count]);
	}
}

static int __init dfsync_init(void)
{
	struct net_device **peer;
	int i, err;

	for (i = 0; i < DEVICES; i++) {
		devices[i] = alloc_netdev(sizeof(*peer), "dfsync%d",
					  NET_NAME_ENUM, dfsync_setup);
		err = devices[i] ? register_netdev(devices[i]) : -ENOMEM;
		if (err) {
			if (devices[i])
				free_netdev(devices[i]);
			remove(i);
			return err;
		}
	}
	/* None of them is up yet, and the rtnl_lock() of that comes after. */
	for (i = 0; i < DEVICES; i++) {
		peer = netdev_priv(devices[i]);
		*peer = devices[i ^ 1];
	}
	return 0;
}
module_init(dfsync_init);

static void __exit dfsync_exit(void)
{
	remove(DEVICES);
}
module_exit(dfsync_exit);

MODULE_DESCRIPTION("Pairs of devices that deliver at once, for tests");
MODULE_LICENSE("GPL");
