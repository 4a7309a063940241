/* Which device is meant by an index, a UUID or a part of a name. */
#include "support.h"

#include <string.h>

#include "gpu/choice.h"

static tdi_candidate list[4];

static int fill(void **state)
{
    (void)state;
    static const char *const names[4] = {"NVIDIA H100 PCIe", "NVIDIA H100 NVL", "AMD Radeon 780M",
                                         "llvmpipe (LLVM 15.0.6, 256 bits)"};
    memset(list, 0, sizeof list);
    for (uint32_t i = 0; i < 4; i++) {
        strcpy(list[i].info.name, names[i]);
        memset(list[i].info.uuid, (int)(0xA0 + i), sizeof list[i].info.uuid);
        list[i].info.index = i;
        list[i].info.usable = true;
    }
    return 0;
}

static uint32_t chosen(const char *select)
{
    const tdi_candidate *candidate = NULL;
    assert_int_equal(tdi_candidates_select(list, 4, select, &candidate), TD_OK);
    return candidate->info.index;
}

static void make_unusable(uint32_t index, const char *missing)
{
    list[index].info.usable = false;
    strcpy(list[index].info.missing, missing);
}

static void without_a_wish_the_first_usable_one_is_meant(void **state)
{
    (void)state;
    assert_int_equal(chosen(NULL), 0);
    assert_int_equal(chosen(""), 0);
    make_unusable(0, "Vulkan 1.3");
    assert_int_equal(chosen(NULL), 1);
}

static void an_index_means_the_place_in_the_list(void **state)
{
    (void)state;
    assert_int_equal(chosen("0"), 0);
    assert_int_equal(chosen("3"), 3);
}

static void a_uuid_may_have_hyphens_and_any_case(void **state)
{
    (void)state;
    assert_int_equal(chosen("a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"), 2);
    assert_int_equal(chosen("A1A1A1A1-a1a1-A1A1-A1A1-A1A1A1A1A1A1"), 1);
}

static void a_part_of_a_name_may_have_any_case(void **state)
{
    (void)state;
    assert_int_equal(chosen("h100"), 0);
    assert_int_equal(chosen("h100 nvl"), 1);
    assert_int_equal(chosen("LLVMpipe"), 3);
    assert_int_equal(chosen("780M"), 2);
}

static void an_unusable_device_is_passed_over_for_a_like_one(void **state)
{
    (void)state;
    make_unusable(0, "timeline semaphores (timelineSemaphore)");
    assert_int_equal(chosen("h100"), 1);
}

static void what_fits_nothing_is_not_found(void **state)
{
    (void)state;
    static const char *const wishes[] = {"4", "intel", "a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a4", "-1"};
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        const tdi_candidate *candidate = NULL;
        assert_int_equal(tdi_candidates_select(list, 4, wishes[i], &candidate), TD_ERROR_NOT_FOUND);
        assert_non_null(strstr(td_last_error(), wishes[i]));
        assert_null(candidate);
    }
}

static void what_an_unusable_device_lacks_is_said(void **state)
{
    (void)state;
    const tdi_candidate *candidate;
    make_unusable(2, "Vulkan 1.3");
    assert_int_equal(tdi_candidates_select(list, 4, "Radeon", &candidate), TD_ERROR_NO_DEVICE);
    assert_string_equal(td_last_error(),
                        "no usable Vulkan device: AMD Radeon 780M lacks Vulkan 1.3");
    for (uint32_t i = 0; i < 4; i++)
        make_unusable(i, "a queue for compute");
    assert_int_equal(tdi_candidates_select(list, 4, NULL, &candidate), TD_ERROR_NO_DEVICE);
    for (uint32_t i = 0; i < 4; i++)
        assert_non_null(strstr(td_last_error(), list[i].info.name));
}

static void long_lists_of_what_is_lacking_are_cut(void **state)
{
    (void)state;
    const tdi_candidate *candidate;
    for (uint32_t i = 0; i < 4; i++) {
        make_unusable(i, "");
        memset(list[i].info.missing, 'x', sizeof list[i].info.missing - 1);
    }
    assert_int_equal(tdi_candidates_select(list, 4, NULL, &candidate), TD_ERROR_NO_DEVICE);
}

#define choice_test(fn) cmocka_unit_test_setup(fn, fill)

int main(void)
{
    const struct CMUnitTest tests[] = {
        choice_test(without_a_wish_the_first_usable_one_is_meant),
        choice_test(an_index_means_the_place_in_the_list),
        choice_test(a_uuid_may_have_hyphens_and_any_case),
        choice_test(a_part_of_a_name_may_have_any_case),
        choice_test(an_unusable_device_is_passed_over_for_a_like_one),
        choice_test(what_fits_nothing_is_not_found),
        choice_test(what_an_unusable_device_lacks_is_said),
        choice_test(long_lists_of_what_is_lacking_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
