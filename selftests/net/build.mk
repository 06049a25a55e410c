# SPDX-License-Identifier: GPL-2.0
# Helpers of selftests/net.

PKTFUZZ_SRCS := $(addprefix selftests/net/,pktfuzz.c pktmake.c)

$(BUILD)/selftests/pktfuzz: $(call objs,$(PKTFUZZ_SRCS))
	$(call link,)
TOOL_TARGETS += $(BUILD)/selftests/pktfuzz
SRCS += $(PKTFUZZ_SRCS)
