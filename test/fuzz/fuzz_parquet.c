// SPDX-License-Identifier: Apache-2.0
/* fuzz_parquet.c - a whole Parquet file from outside. */
#include "fuzz_parquet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes(data, size);
    return 0;
}
