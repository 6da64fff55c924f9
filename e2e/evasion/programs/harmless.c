/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

int main(void)
{
	static const char said[] = "harmless\n";

	return write(STDOUT_FILENO, said, sizeof(said) - 1) < 0;
}
