/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says one line and ends, without a C library: the protected program (victim), the free one (harmless), a form that
 * ld.so can load anywhere (victim-dynamic), and bare code that can be mapped and called (victim-flat). It must stay
 * free of data: string and code share a page.
 */
#ifndef SAYS
#define SAYS "KA-PROTECTED ran"
#endif
_Static_assert(sizeof(SAYS) == 17, "the code below writes 17 bytes");
#if defined(__x86_64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	mov $1, %eax\n"
	"	mov $1, %edi\n"
	"	lea said(%rip), %rsi\n"
	"	mov $17, %edx\n"
	"	syscall\n"
	"	mov $60, %eax\n"
	"	xor %edi, %edi\n"
	"	syscall\n"
	"said:	.ascii \"" SAYS "\\n\"\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	mov x8, 64\n"
	"	mov x0, 1\n"
	"	adr x1, said\n"
	"	mov x2, 17\n"
	"	svc 0\n"
	"	mov x8, 93\n"
	"	mov x0, 0\n"
	"	svc 0\n"
	"said:	.ascii \"" SAYS "\\n\"\n");
#else
#error "no start code for this architecture"
#endif
