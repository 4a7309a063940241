/* The way of results into host memory: as asked, or as was measured for device and size. */
#include "support.h"

#include <string.h>

#include "render/result_way.h"

#define LIMIT (UINT64_C(128) << 20)

static td_device device_of(bool software)
{
    return (td_device){.info = {.software = software}, .max_storage_range = LIMIT};
}

static bool copied(bool software, td_copy_mode asked, uint64_t bytes, bool bound)
{
    const td_device device = device_of(software);
    const char *reason = NULL;
    bool out = false;
    assert_int_equal(tdi_result_way_choose(&device, asked, bytes, bound, &out, &reason), TD_OK);
    assert_non_null(reason);
    return out;
}

static void what_is_asked_for_is_done(void **state)
{
    (void)state;
    for (int software = 0; software < 2; software++) {
        assert_true(copied(software, TD_COPY_ALWAYS, 100, true));
        assert_true(copied(software, TD_COPY_ALWAYS, 2 * LIMIT, false));
        assert_false(copied(software, TD_COPY_NEVER, 100, true));
    }
}

static void what_was_measured_to_be_faster_is_the_default(void **state)
{
    (void)state;
    const uint64_t sizes[] = {128 * 128 * 4, 512 * 512 * 4, 1920 * 1080 * 4, 3840 * 2160 * 4};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_false(copied(true, TD_COPY_AUTO, sizes[i], true));
        assert_false(copied(false, TD_COPY_AUTO, sizes[i], true));
    }
}

static void what_cannot_be_bound_is_copied_or_refused(void **state)
{
    (void)state;
    const td_device device = device_of(true);
    const char *reason = NULL;
    bool out = false;
    assert_true(copied(true, TD_COPY_AUTO, 2 * LIMIT, false));
    assert_int_equal(tdi_result_way_choose(&device, TD_COPY_NEVER, 2 * LIMIT, false, &out, &reason),
                     TD_ERROR_UNSUPPORTED);
    assert_non_null(strstr(td_last_error(), "268435456"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_is_done),
        cmocka_unit_test(what_was_measured_to_be_faster_is_the_default),
        cmocka_unit_test(what_cannot_be_bound_is_copied_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
