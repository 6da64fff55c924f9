/* SPDX-License-Identifier: Apache-2.0 */
/* The protected program: running it at all is the escape. */
#include <unistd.h>

int main(void)
{
	static const char said[] = "KA-PROTECTED ran\n";

	return write(STDOUT_FILENO, said, sizeof(said) - 1) < 0;
}
