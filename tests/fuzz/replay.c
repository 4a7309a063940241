/* Gives each file of a folder to a target: whole, cut off at many places, and with single bits
 * turned. Ends with a line of how many there were. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define CUTS  64 /* of a file, at most */
#define FLIPS 64

/* Bytes of their own, so that a sanitizer sees what is read behind them. */
static void give_part(const uint8_t *data, size_t size)
{
    uint8_t *copy = tdi_alloc(size);
    if (!copy)
        exit(1);
    memcpy(copy, data, size);
    fuzz_one(copy, size);
    tdi_free(copy);
}

static void give_flipped(uint8_t *data, size_t size, size_t bit)
{
    data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    give_part(data, size);
    data[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void give_all(uint8_t *data, size_t size)
{
    const size_t cut = size / CUTS + 1, flip = 8 * size / FLIPS + 1;
    give_part(data, size);
    for (size_t at = 0; at < size; at += cut)
        give_part(data, at);
    for (size_t bit = 0; bit < 8 * size; bit += flip)
        give_flipped(data, size, bit);
}

static void replay(const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0;
    if (tdi_file_read(path, 1 << 24, &data, &size) != TD_OK) {
        fprintf(stderr, "%s\n", td_last_error());
        exit(1);
    }
    give_all(data, size);
    tdi_free(data);
}

static unsigned replay_folder(const char *folder)
{
    unsigned count = 0;
    char path[4096];
    DIR *files = opendir(folder);
    if (!files)
        return 0;
    for (struct dirent *file = readdir(files); file; file = readdir(files)) {
        if (file->d_name[0] == '.')
            continue;
        tdi_snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        replay(path);
        count++;
    }
    closedir(files);
    return count;
}

int main(int count, char **arguments)
{
    const unsigned files = count > 1 ? replay_folder(arguments[1]) : 0;
    const bool lost = tdi_live_blocks() > 0;
    if (lost)
        fprintf(stderr, "memory is lost\n");
    printf("%u files, each whole, cut off and with bits turned\n", files);
    return files == 0 || lost;
}
