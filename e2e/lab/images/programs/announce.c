/* Stands in for programs of which a test only needs to know whether they may run (package managers, interpreters,
 * network tools): says its own name and arguments. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	printf("%s ran", slash ? slash + 1 : argv[0]);
	for (int i = 1; i < argc; i++)
		printf(" %s", argv[i]);
	putchar('\n');
	return 0;
}
