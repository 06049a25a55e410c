// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/dst_metadata.h>
#include <net/ip_tunnels.h>

#include "path/tunnel.h"

/* Until Linux 6.10 the flags of a tunnel key were one big-endian word. */
#ifdef IP_TUNNEL_DECLARE_FLAGS
static void key_set_id(struct ip_tunnel_key *key, bool checksum)
{
	__set_bit(IP_TUNNEL_KEY_BIT, key->tun_flags);
	if (checksum)
		__set_bit(IP_TUNNEL_CSUM_BIT, key->tun_flags);
}
#else
static void key_set_id(struct ip_tunnel_key *key, bool checksum)
{
	key->tun_flags |= TUNNEL_KEY;
	if (checksum)
		key->tun_flags |= TUNNEL_CSUM;
}
#endif

static void key_fill(struct ip_tunnel_key *key,
		     const struct df_underlay *underlay, u32 vni)
{
	key->tun_id = key32_to_tunnel_id(cpu_to_be32(vni));
	if (underlay->family == AF_INET6) {
		key->u.ipv6.src = underlay->local6;
		key->u.ipv6.dst = underlay->remote6;
	} else {
		key->u.ipv4.src = underlay->local4;
		key->u.ipv4.dst = underlay->remote4;
	}
	key->ttl = 64;
	/* IPv6 has no header checksum of its own: UDP over it wants one. */
	key_set_id(key, underlay->family == AF_INET6);
}

/**
 * df_encap_new() - prepare the encapsulation towards one peer and network
 * @underlay: endpoints
 * @vni: the network's identifier on the wire
 *
 * Context: may sleep.
 * Return: to be released with df_encap_free(), or NULL without memory.
 */
struct df_encap *df_encap_new(const struct df_underlay *underlay, u32 vni)
{
	struct ip_tunnel_info *info;
	struct df_encap *encap;

	encap = kzalloc(sizeof(*encap), GFP_KERNEL_ACCOUNT);
	if (!encap)
		return NULL;
	encap->dst = metadata_dst_alloc(0, METADATA_IP_TUNNEL,
					GFP_KERNEL_ACCOUNT);
	if (!encap->dst)
		goto err_encap;
	info = &encap->dst->u.tun_info;
	info->mode = IP_TUNNEL_INFO_TX;
	if (underlay->family == AF_INET6)
		info->mode |= IP_TUNNEL_INFO_IPV6;
	key_fill(&info->key, underlay, vni);
#ifdef CONFIG_DST_CACHE
	if (dst_cache_init(&info->dst_cache, GFP_KERNEL_ACCOUNT))
		goto err_dst;
#endif
	return encap;

#ifdef CONFIG_DST_CACHE
err_dst:
	metadata_dst_free(encap->dst);
#endif
err_encap:
	kfree(encap);
	return NULL;
}

static void encap_free_rcu(struct rcu_head *rcu)
{
	struct df_encap *encap = container_of(rcu, struct df_encap, rcu);

	/* Packets in flight hold references of their own. */
	dst_release(&encap->dst->dst);
	kfree(encap);
}

/* Release after the last reader; NULL is fine. */
void df_encap_free(struct df_encap *encap)
{
	if (encap)
		call_rcu(&encap->rcu, encap_free_rcu);
}

/* Tell the tunnel device where @skb goes. Caller in RCU. */
void df_encap_set(struct sk_buff *skb, const struct df_encap *encap)
{
	dst_hold(&encap->dst->dst);
	skb_dst_drop(skb);
	skb_dst_set(skb, &encap->dst->dst);
}

/**
 * df_tunnel_id() - the network identifier that a packet arrived with
 * @skb: packet from a tunnel device
 * @vni: result, untouched without one
 *
 * Return: whether the packet was decapsulated.
 */
bool df_tunnel_id(const struct sk_buff *skb, u32 *vni)
{
	const struct ip_tunnel_info *info = skb_tunnel_info(skb);

	if (!info || info->mode & IP_TUNNEL_INFO_TX)
		return false;
	*vni = be32_to_cpu(tunnel_id_to_key32(info->key.tun_id));
	return true;
}
