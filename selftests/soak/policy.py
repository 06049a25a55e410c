# SPDX-License-Identifier: GPL-2.0
"""What happens to security groups. Group 0 is steady, as are its first rules, which
allow what flows between steady ports: they lose nothing, whatever other rules it has
and whoever else is a member.
"""
from actions import action, choose_port, lowest_free, new_id, some_groups
from model import EGRESS, FAMILIES, INGRESS, AddressGroup, Group, Prefix, Rule

GROUPS_MAX, RULES_MAX, ADDRESS_GROUPS_MAX = 5, 10, 2
# Nothing is sent by TCP, and what is goes from a port of 5000 to 5007 to port 4096.
PROTOCOLS = (None, None, None, "udp", "udp", "17", "tcp")
PORT_RANGES = (None, None, (4096, 4096), (4000, 6000), (1, 4095), (5000, 5007), (4097, 65535))


def some_prefix(cloud, rng, family):
    network = rng.choice(cloud.networks)
    length = {4: (24, 25, 27, 16), 6: (64, 121, 123, 32)}[family]
    length = rng.choice(length)
    ports = [port for port in cloud.ports if port.network is network]
    value = rng.choice(ports).address(family) if ports else network.prefix[family].value
    prefix = Prefix(family, value, length)
    return Prefix(family, value >> prefix.shift << prefix.shift, length)


def some_remote(cloud, rng, family):
    kind = rng.choice(("all", "all", "prefix", "group", "group", "addresses"))
    if kind == "prefix":
        return some_prefix(cloud, rng, family)
    if kind == "group" and cloud.groups:
        return rng.choice(cloud.groups)
    if kind == "addresses" and cloud.address_groups:
        return rng.choice(cloud.address_groups)
    return None


def make_rule(cloud, rng, group, direction, family):
    protocol = rng.choice(PROTOCOLS)
    ports = rng.choice(PORT_RANGES) if protocol else None
    rule = Rule(new_id(rng), group, direction, family, protocol=protocol, ports=ports,
                remote=some_remote(cloud, rng, family))
    group.rules.append(rule)
    return rule


def make_open_rules(rng, group, direction, steady=False, remote=None):
    """Nothing is forbidden, or nothing of a remote."""
    rules = [Rule(new_id(rng), group, direction, family, steady=steady, remote=remote)
             for family in FAMILIES]
    group.rules += rules
    return rules


def make_steady_group(cloud, rng):
    group = Group(0, new_id(rng), True, steady=True)
    make_open_rules(rng, group, EGRESS, True)
    make_open_rules(rng, group, INGRESS, True, group)
    cloud.groups.append(group)
    return group


@action(4)
def group_create(cloud, rng):
    """With rules; its ports may mostly send what they want, at first."""
    if len(cloud.groups) >= GROUPS_MAX:
        return None
    number = lowest_free({group.number for group in cloud.groups})
    group = Group(number, new_id(rng), rng.random() < 0.7)
    cloud.groups.append(group)
    if rng.random() < 0.7:
        make_open_rules(rng, group, EGRESS)
    for family in FAMILIES:
        make_rule(cloud, rng, group, INGRESS, family)
    cloud.write(group, *group.rules)
    return f"create {group} with {len(group.rules)} rules"


def rules_about(cloud, remote):
    return [rule for group in cloud.groups for rule in group.rules if rule.remote is remote]


def delete_groups(cloud, *groups):
    """No port has them, and they are the remote of no others' rules."""
    cloud.erase("security_group_rule", *(rule for group in groups for rule in group.rules))
    cloud.erase("security_group", *groups)
    for group in groups:
        cloud.groups.remove(group)


@action(1)
def group_delete(cloud, rng):
    groups = [group for group in cloud.groups if not group.is_steady
              and not any(group in port.groups for port in cloud.live(True))
              and not any(rule.group is not group for rule in rules_about(cloud, group))]
    if not groups:
        return None
    group = rng.choice(groups)
    delete_groups(cloud, group)
    return f"delete {group}"


@action(8)
def port_groups(cloud, rng):
    port = choose_port(cloud, rng)
    if not port:
        return None
    had, port.groups = port.groups, some_groups(cloud, rng)
    if had == port.groups:
        return None
    cloud.foresee()
    if port.groups and not had:
        # it says nothing before all is known that they forbid
        cloud.touch(port)
    cloud.write(port)
    return f"change groups of {port}"


@action(8)
def rule_create(cloud, rng):
    group = rng.choice(cloud.groups)
    if len(group.rules) >= RULES_MAX:
        return None
    rule = make_rule(cloud, rng, group, rng.choice((EGRESS, INGRESS)), rng.choice(FAMILIES))
    cloud.foresee()
    cloud.write(rule)
    return f"add to {group}: {rule}"


@action(6)
def rule_delete(cloud, rng):
    rules = [rule for group in cloud.groups for rule in group.rules if not rule.is_steady]
    if not rules:
        return None
    rule = rng.choice(rules)
    rule.group.rules.remove(rule)
    cloud.foresee()
    cloud.erase("security_group_rule", rule)
    return f"remove from {rule.group}: {rule}"


def some_prefixes(cloud, rng):
    return list({str(prefix): prefix for prefix in (
        some_prefix(cloud, rng, family) for family in FAMILIES for _ in range(rng.choice((0, 1, 2))))
        }.values())


@action(2)
def addresses_create(cloud, rng):
    if len(cloud.address_groups) >= ADDRESS_GROUPS_MAX:
        return None
    group = AddressGroup(new_id(rng), some_prefixes(cloud, rng))
    cloud.address_groups.append(group)
    cloud.write(group)
    return f"create an address group: {group.fields()['addresses']}"


@action(3)
def addresses_change(cloud, rng):
    if not cloud.address_groups:
        return None
    group = rng.choice(cloud.address_groups)
    group.prefixes = some_prefixes(cloud, rng)
    cloud.foresee()
    cloud.write(group)
    return f"change an address group: {group.fields()['addresses']}"


def delete_policy(cloud, steady=False):
    """All, or all but what is steady; no port that is left has it."""
    kept = [group for group in cloud.groups if group.is_steady and not steady]
    rules = [rule for group in cloud.groups for rule in group.rules
             if not rule.is_steady or steady]
    for group in cloud.groups:
        group.rules = [rule for rule in group.rules if rule not in rules]
    cloud.foresee()
    cloud.erase("security_group_rule", *rules)
    cloud.erase("security_group", *(group for group in cloud.groups if group not in kept))
    cloud.erase("address_group", *cloud.address_groups)
    cloud.groups[:], cloud.address_groups[:] = kept, []
