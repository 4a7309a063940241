/* What a fuzzer gives to what reads files. A target is linked with libFuzzer (libfuzzer.c) or with
 * what replays a corpus (replay.c), as ordinary tests do. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the bytes as a file; whatever they are, nothing may happen but an error. */
void fuzz_one(const uint8_t *data, size_t size);

#endif
