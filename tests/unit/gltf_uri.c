/* Where bytes may come from: files in the folder of the scene, percent-decoded, and data URIs. */
#define _XOPEN_SOURCE 700

#include "gltf_support.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "scene/gltf_buffer.h"

static void assert_path(const char *uri, const char *expected)
{
    char *path;
    assert_int_equal(tdi_uri_to_path(uri, &path), TD_OK);
    assert_string_equal(path, expected);
    tdi_free(path);
}

static void refuse_path(const char *uri)
{
    char *path;
    assert_int_equal(tdi_uri_to_path(uri, &path), TD_ERROR_INPUT);
    assert_null(path);
}

static void paths_are_decoded(void **state)
{
    (void)state;
    assert_path("a.bin", "a.bin");
    assert_path("a%20b.bin", "a b.bin");
    assert_path("a b.bin", "a b.bin");
    assert_path("%C3%A4.png", "\xC3\xA4.png");
    assert_path("%c3%a4.png", "\xC3\xA4.png");
    assert_path("100%.png", "100%.png");
    assert_path("%4.png", "%4.png");
    assert_path("%2541.png", "%41.png");
    assert_path("sub/./x/../a.bin", "sub/./x/../a.bin");
    assert_path("..a/b..", "..a/b..");
}

static void no_path_leaves_the_folder(void **state)
{
    (void)state;
    refuse_path("../a.bin");
    refuse_path("%2e%2e/a.bin");
    refuse_path("..%2Fa.bin");
    refuse_path("sub/../../a.bin");
    refuse_path("sub//..//../a.bin");
    refuse_path("./../a.bin");
    refuse_path("..");
    refuse_path("/etc/passwd");
    refuse_path("%2Fetc/passwd");
    refuse_path("file:///etc/passwd");
    refuse_path("http://example.com/a.bin");
    refuse_path("C:\\a.bin");
    refuse_path("");
    refuse_path("a%00b");
}

static void assert_data(const char *uri, const char *expected)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_uri_decode_data(uri, &data, &size), TD_OK);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(data, expected, size);
    tdi_free(data);
}

static void refuse_data(const char *uri)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_uri_decode_data(uri, &data, &size), TD_ERROR_INPUT);
}

/* RFC 4648, section 10. */
static void base64_is_decoded(void **state)
{
    (void)state;
    assert_data("data:application/octet-stream;base64,", "");
    assert_data("data:application/octet-stream;base64,Zg==", "f");
    assert_data("data:;base64,Zm8=", "fo");
    assert_data("data:;base64,Zm9v", "foo");
    assert_data("data:;base64,Zm9vYg==", "foob");
    assert_data("data:;base64,Zm9vYmE=", "fooba");
    assert_data("data:image/png;base64,Zm9vYmFy", "foobar");
    assert_data("DATA:image/png;charset=x;BASE64,Zm9vYmE", "fooba");
    assert_data("data:;base64,+/+/", "\xFB\xFF\xBF");
}

static void damaged_base64_is_refused(void **state)
{
    (void)state;
    refuse_data("data:;base64,Z");
    refuse_data("data:;base64,Zm9vY");
    refuse_data("data:;base64,Zm9-");
    refuse_data("data:;base64,Zm=v");
    refuse_data("data:;base64,====");
    refuse_data("data:;base64,Zm9v\n");
    refuse_data("data:text/plain,hello");
    refuse_data("data:");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    gltf_refuse("{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":1,"
                "\"uri\":\"a%20b.bin\"}]}",
                TD_ERROR_NOT_FOUND, "/buffers/0/uri: ");
    assert_non_null(strstr(td_last_error(), "a b.bin"));
    gltf_refuse("{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":1,"
                "\"uri\":\"../a.bin\"}]}",
                TD_ERROR_INPUT, "/buffers/0/uri: \"../a.bin\" lies outside the folder");
}

static void a_link_out_of_the_folder_is_refused(void **state)
{
    (void)state;
    static const char json[] = "{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":3,"
                               "\"uri\":\"link.bin\"}]}";
    gltf_write("three.bin", "abc", 3);
    assert_int_equal(symlink("/etc/passwd", support_path("link.bin")), 0);
    gltf_refuse(json, TD_ERROR_INPUT, "/buffers/0/uri: ");
    assert_non_null(strstr(td_last_error(), "link.bin: leads out of its folder"));
    assert_int_equal(unlink(support_path("link.bin")), 0);
    assert_int_equal(symlink("three.bin", support_path("link.bin")), 0);
    td_scene_destroy(gltf_load(json));
}

static void a_short_buffer_is_refused(void **state)
{
    (void)state;
    gltf_write("three.bin", "abc", 3);
    gltf_refuse("{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":4,"
                "\"uri\":\"three.bin\"}]}",
                TD_ERROR_INPUT, "/buffers/0: has 3 bytes where byteLength says 4");
    td_scene_destroy(gltf_load("{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":3,"
                               "\"uri\":\"three.bin\"}]}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_decoded),
        cmocka_unit_test(no_path_leaves_the_folder),
        cmocka_unit_test(base64_is_decoded),
        cmocka_unit_test(damaged_base64_is_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_short_buffer_is_refused),
        cmocka_unit_test(a_link_out_of_the_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
