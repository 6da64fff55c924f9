/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protected program without a C library, so that ld.so can load it anywhere (victim-dynamic) and so that its text
 * can be mapped and called like a function (victim-flat). It must stay free of data: string and code share a page.
 */
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
	"said:	.ascii \"KA-PROTECTED ran\\n\"\n");
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
	"said:	.ascii \"KA-PROTECTED ran\\n\"\n");
#else
#error "no start code for this architecture"
#endif
