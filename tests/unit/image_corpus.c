/* Real pictures and damaged ones, from the folder that TANDEM_ASSETS names: the good are decoded,
 * the damaged give a sentence or a picture, and nothing crashes. */
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "scene/image.h"

typedef struct tally {
    uint32_t good;
    uint32_t bad;
} tally;

static void try_file(const char *path, tally *count)
{
    tdi_image image = {.uses = TDI_IMAGE_USED_SRGB};
    assert_int_equal(tdi_file_read(path, 1 << 28, &image.encoded, &image.encoded_bytes), TD_OK);
    td_result result = tdi_image_prepare(&image, NULL);
    if (result == TD_OK) {
        assert_non_null(image.pixels);
        count->good++;
    } else {
        assert_int_equal(result, TD_ERROR_INPUT);
        assert_true(strlen(td_last_error()) > 10);
        count->bad++;
    }
    tdi_free(image.encoded);
    tdi_free(image.pixels);
}

static tally try_folder(const char *name)
{
    const char *assets = getenv("TANDEM_ASSETS");
    tally count = {0};
    char path[4096];
    if (!assets)
        skip();
    snprintf(path, sizeof path, "%s/%s", assets, name);
    DIR *folder = opendir(path);
    if (!folder)
        skip();
    size_t length = strlen(path);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path + length, sizeof path - length, "/%s", entry->d_name);
        try_file(path, &count);
    }
    closedir(folder);
    assert_true(count.good + count.bad > 0);
    return count;
}

/* PngSuite: every kind that the standard allows. */
static void the_png_suite_is_decoded(void **state)
{
    (void)state;
    assert_int_equal(try_folder("bad/png/primary").bad, 0);
}

static void the_broken_part_of_the_png_suite_is_refused(void **state)
{
    (void)state;
    assert_int_equal(try_folder("bad/png/corrupt").good, 0);
}

static void damaged_jpegs_never_crash(void **state)
{
    (void)state;
    try_folder("bad/jpeg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_png_suite_is_decoded),
        cmocka_unit_test(the_broken_part_of_the_png_suite_is_refused),
        cmocka_unit_test(damaged_jpegs_never_crash),
    };
    return cmocka_run_group_tests_name("image_corpus", tests, NULL, NULL);
}
