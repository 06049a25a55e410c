# SPDX-License-Identifier: GPL-2.0
# dfctl, its manual page and its completion.

DFCTL_SRCS := $(sort $(wildcard tools/dfctl/*.c))
DFCTL_OBJS := $(call objs,$(DFCTL_SRCS))
DFCTL := $(BUILD)/bin/dfctl
DFCTL_COMPLETION := $(BUILD)/completion/dfctl

$(DFCTL_OBJS): CPPFLAGS += -Iagent/lib

$(DFCTL): $(DFCTL_OBJS) $(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow -ljansson -lmnl -levent_core)

# The installed program finds its library where the linker looks.
$(DFCTL_COMPLETION): $(DFCTL)
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && LD_LIBRARY_PATH=$(BUILD)/lib $(DFCTL) completion bash >$@

TOOL_TARGETS += $(DFCTL) $(DFCTL_COMPLETION)
SRCS += $(DFCTL_SRCS)
INSTALL += 755:$(DFCTL):$(bindir)/dfctl \
	644:$(DFCTL_COMPLETION):$(completiondir)/dfctl \
	644:Documentation/man/dfctl.8:$(mandir)/man8/dfctl.8 \
	644:Documentation/man/dragonflow.4:$(mandir)/man4/dragonflow.4
