# SPDX-License-Identifier: GPL-2.0
# The workloads of the soak.
SOAK_SRCS := $(addprefix selftests/soak/,probe.c judge.c frame.c)
$(BUILD)/selftests/probe: $(call objs,$(SOAK_SRCS))
	$(call link,)
UNIT_TARGETS += $(BUILD)/selftests/probe
SRCS += $(SOAK_SRCS)
