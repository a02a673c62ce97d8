// SPDX-License-Identifier: Apache-2.0
/* fuzz_journal.c - any bytes as a journal of unpublished files. What is accepted must have a publish
 * id that names files of one attempt only, and bounded folders. */
#include "engine/engine_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct engine_journal j;
    arena_init(&arena, NULL);
    struct str text = {(const char *)data, size};
    if (engine_journal_parse(text, &arena, &j, NULL) == ST_OK) {
        if (j.publish_id.len != 36 || j.folder_count > 16)
            __builtin_trap();
        for (size_t i = 0; i < j.folder_count; i++)
            if (j.folders[i].len == 0)
                __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
