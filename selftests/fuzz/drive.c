// SPDX-License-Identifier: GPL-2.0
/*
 * A driver for fuzz targets where there is no libFuzzer: drive SECONDS FILE...
 * runs every file, then for some time random changes of them.
 */
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <time.h>

#include "fuzz.h"

enum {
	INPUT_MAX = 4096,
	CHANGES = 4,
	ROUND = 1000,	/* inputs between two looks at the clock */
};

struct input {
	uint8_t data[INPUT_MAX];
	size_t size;
};

static void read_input(struct input *input, const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		error(1, errno, "%s", path);
	input->size = fread(input->data, 1, INPUT_MAX, file);
	fclose(file);
}

static void change(struct input *input)
{
	static const uint8_t favourites[] = { 0, 1, 0x7f, 0x80, 0xff };
	int n, at;

	for (n = rand() % CHANGES; n >= 0 && input->size; n--) {
		at = rand() % input->size;
		if (rand() % 8 == 0)
			input->size = at + 1;
		else if (rand() % 2)
			input->data[at] = favourites[rand() % 5];
		else
			input->data[at] = rand();
	}
}

int main(int argc, char *argv[])
{
	struct input *inputs, input;
	int i, count = argc - 2;
	unsigned long runs = 0;
	time_t end;

	if (count < 1)
		error(2, 0, "usage: drive SECONDS FILE...");
	inputs = calloc(count, sizeof(*inputs));
	if (!inputs)
		error(1, ENOMEM, "drive");
	for (i = 0; i < count; i++) {
		read_input(&inputs[i], argv[2 + i]);
		LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].size);
	}
	srand(time(NULL));
	end = time(NULL) + atoi(argv[1]);
	while (time(NULL) < end) {
		for (i = 0; i < ROUND; i++, runs++) {
			input = inputs[rand() % count];
			change(&input);
			LLVMFuzzerTestOneInput(input.data, input.size);
		}
	}
	printf("%lu inputs\n", runs);
	free(inputs);
	return 0;
}
