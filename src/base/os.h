/* Included first by the files of base/ that need more of the operating system than C and the
 * plainest POSIX; the build defines no feature macro. */
#ifndef TDI_BASE_OS_H
#define TDI_BASE_OS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* NOLINT: the C library's name */
#endif

#endif
