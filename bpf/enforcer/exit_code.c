/* SPDX-License-Identifier: Apache-2.0 */
#include "exit_code.h"

#include <stdarg.h>
#include <stdio.h>

int failed(struct failure *failure, enum exit_code code, int err, const char *format, ...)
{
	va_list args;

	failure->code = code;
	failure->err = err;
	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	return err < 0 ? err : -1;
}
