/* Shows that it was allowed to run. */
#include <stdio.h>

int main(void)
{
	puts("helloworld");
	return 0;
}
