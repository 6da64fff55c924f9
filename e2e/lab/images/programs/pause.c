/* First process of a fixture container: waits, and reaps what is left to it. Its exec is never what a test blocks. */
#include <signal.h>
#include <unistd.h>

static void leave(int number)
{
	_exit(128 + number);
}

int main(void)
{
	/* Ignoring SIGCHLD makes the kernel reap the children itself. */
	signal(SIGCHLD, SIG_IGN);
	signal(SIGTERM, leave);
	for (;;)
		pause();
}
