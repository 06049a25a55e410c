# SPDX-License-Identifier: GPL-2.0
# The agent.

AGENT_PURE := agent/map.c agent/state.c agent/plan.c
UNIT_AGENT := plan

$(call asan_objs,$(AGENT_PURE)): CPPFLAGS += -Iagent -Iagent/lib
$(call asan_objs,$(UNIT_AGENT:%=selftests/unit/test_%.c)): CPPFLAGS += -Iagent -Iagent/lib

$(BUILD)/unit/test_plan: $(call asan_objs,selftests/unit/test_plan.c $(AGENT_PURE))
	$(call link_asan,-lcmocka)

UNIT_TARGETS += $(UNIT_AGENT:%=$(BUILD)/unit/test_%)
SRCS += $(AGENT_PURE) $(UNIT_AGENT:%=selftests/unit/test_%.c)
