/*
 * Runs a program over and over while a second thread changes the argument it is given: flip-argument TRIES PROGRAM.
 * Each run gets `-m random` or `-m system`, whichever word is in memory when exec copies it. Says what came of it.
 */
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile bool over;
/* One machine word, so that no run sees half of each. */
static union {
	char text[8];
	volatile uint64_t word;
} argument = { .text = "random" };

static void *flip(void *unused)
{
	const uint64_t listed = argument.word;
	uint64_t unlisted = 0;

	memcpy(&unlisted, "system", 6);
	while (!over) {
		for (volatile int pause = 0; pause < 300; pause++)
			;
		argument.word = argument.word == listed ? unlisted : listed;
	}
	return unused;
}

int main(int argc, char **argv)
{
	char *const run_argv[] = { "python3", "-m", argument.text, NULL };
	int listed = 0, unlisted = 0, denied = 0;
	pthread_t thread;

	if (argc != 3 || pthread_create(&thread, NULL, flip, NULL) != 0)
		return 2;
	for (int tries = atoi(argv[1]); tries > 0; tries--) {
		char said[64] = "";
		size_t used = 0;
		ssize_t got;
		int ends[2];
		pid_t pid;
		posix_spawn_file_actions_t actions;

		if (pipe(ends) != 0)
			return 2;
		posix_spawn_file_actions_init(&actions);
		posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
		/* Shares this memory until the new program has its own: the other thread goes on while exec works. */
		if (posix_spawn(&pid, argv[2], &actions, NULL, run_argv, NULL) != 0)
			pid = 0;
		posix_spawn_file_actions_destroy(&actions);
		close(ends[1]);
		while (used < sizeof(said) - 1 && (got = read(ends[0], said + used, sizeof(said) - 1 - used)) > 0)
			used += got;
		close(ends[0]);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		if (pid == 0)
			denied++;
		else if (strcmp(said, "python3 ran -m random\n") == 0)
			listed++;
		else
			unlisted++;
	}
	over = true;
	pthread_join(thread, NULL);
	printf("%d listed, %d denied, %s\n", listed, denied,
	       unlisted ? "others ran too" : listed && denied ? "no other ran" : "nothing was raced");
	return 0;
}
