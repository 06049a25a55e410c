# SPDX-License-Identifier: GPL-2.0
#
# The judge of the soak: who judges others is tested, too.
JUDGE_SRCS := selftests/unit/test_judge.c selftests/soak/judge.c selftests/soak/frame.c
JUDGE_OBJS := $(call asan_objs,$(JUDGE_SRCS))
$(JUDGE_OBJS): CPPFLAGS += -Iselftests/soak
$(BUILD)/unit/test_judge: $(JUDGE_OBJS)
	$(call link_asan,-lcmocka)
UNIT_TARGETS += $(BUILD)/unit/test_judge
SRCS += $(JUDGE_SRCS)
