/* Pictures written on threads of their own: the files are complete and right, failures come with
 * the job. */
#include "support.h"

#include <spng.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "batch/encoder.h"

enum { WIDTH = 37, HEIGHT = 23, PIXELS = WIDTH * HEIGHT };

static atomic_int done_count;
static char last_sentence[512];

static void count_done(tdi_encode_job *job)
{
    if (job->result != TD_OK)
        snprintf(last_sentence, sizeof last_sentence, "%s", td_last_error());
    atomic_fetch_add(&done_count, 1);
}

static tdi_encode_job make_job(const char *path, const void *pixels, tdi_picture_kind kind,
                               tdi_file_kind file)
{
    return (tdi_encode_job){
        .path = path,
        .pixels = pixels,
        .width = WIDTH,
        .height = HEIGHT,
        .kind = kind,
        .file = file,
        .done = count_done,
    };
}

static td_result run_job(const tdi_encoder_params *params, tdi_encode_job *job)
{
    tdi_encoder *encoder;
    assert_int_equal(tdi_encoder_create(params, &encoder), TD_OK);
    atomic_store(&done_count, 0);
    tdi_encoder_submit(encoder, job);
    tdi_encoder_wait_idle(encoder);
    assert_int_equal(atomic_load(&done_count), 1);
    assert_true(job->begin_ns <= job->encoded_ns && job->encoded_ns <= job->end_ns);
    tdi_encoder_destroy(encoder);
    return job->result;
}

static void decode(const char *path, int format, void *out, size_t size)
{
    uint8_t *data;
    size_t bytes;
    assert_int_equal(tdi_file_read(path, 1 << 20, &data, &bytes), TD_OK);
    spng_ctx *context = spng_ctx_new(0);
    assert_int_equal(spng_set_png_buffer(context, data, bytes), 0);
    assert_int_equal(spng_decode_image(context, out, size, format, 0), 0);
    spng_ctx_free(context);
    tdi_free(data);
}

static void colours_become_png(void **state)
{
    (void)state;
    uint8_t pixels[PIXELS * 4];
    uint8_t decoded[PIXELS * 4];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 31);
    tdi_encode_job job =
        make_job(support_path("color.png"), pixels, TDI_PICTURE_COLOR, TDI_FILE_PNG);
    assert_int_equal(run_job(NULL, &job), TD_OK);
    decode(job.path, SPNG_FMT_RGBA8, decoded, sizeof decoded);
    assert_memory_equal(decoded, pixels, sizeof pixels);
}

static void ids_become_16_bits(void **state)
{
    (void)state;
    int32_t ids[PIXELS];
    uint16_t decoded[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        ids[i] = i % 3 == 0 ? -1 : i * 76;
    ids[1] = 65534;
    tdi_encode_job job = make_job(support_path("ids.png"), ids, TDI_PICTURE_ID, TDI_FILE_PNG);
    assert_int_equal(run_job(NULL, &job), TD_OK);
    decode(job.path, SPNG_FMT_PNG, decoded, sizeof decoded);
    for (int i = 0; i < PIXELS; i++)
        assert_int_equal(decoded[i], ids[i] < 0 ? 65535 : ids[i]);
}

static void ids_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    int32_t ids[PIXELS] = {[5] = 65535};
    tdi_encode_job job = make_job(support_path("large.png"), ids, TDI_PICTURE_ID, TDI_FILE_PNG);
    assert_int_equal(run_job(NULL, &job), TD_ERROR_INPUT);
    assert_non_null(strstr(last_sentence, "65535 does not fit"));
    assert_false(tdi_file_exists(job.path));
}

static void a_deadline_that_has_passed_leaves_no_file(void **state)
{
    (void)state;
    static const uint8_t pixels[PIXELS * 4];
    static const tdi_file_kind kinds[] = {TDI_FILE_PNG, TDI_FILE_NPY};
    for (int i = 0; i < 2; i++) {
        tdi_encode_job job = make_job(support_path("late"), pixels, TDI_PICTURE_COLOR, kinds[i]);
        job.deadline_ns = 1;
        assert_int_equal(run_job(NULL, &job), TD_ERROR_TIMEOUT);
        assert_false(tdi_file_exists(job.path));
        job.deadline_ns = UINT64_MAX;
        assert_int_equal(run_job(NULL, &job), TD_OK);
        assert_true(tdi_file_has_content(job.path));
        assert_int_equal(remove(job.path), 0);
    }
}

static td_result want_nothing(tdi_encode_job *job, bool *wanted)
{
    (void)job;
    *wanted = false;
    return TD_OK;
}

static td_result refuse(tdi_encode_job *job, bool *wanted)
{
    (void)job;
    (void)wanted;
    return tdi_fail(TD_ERROR_IO, "no folder");
}

static td_result name_file(tdi_encode_job *job, bool *wanted)
{
    assert_true(*wanted);
    job->path = job->user;
    return TD_OK;
}

static void preparation_decides_what_is_written(void **state)
{
    (void)state;
    static const uint8_t pixels[PIXELS * 4];
    char path[512];
    snprintf(path, sizeof path, "%s", support_path("prepared.png"));
    tdi_encode_job job = make_job(NULL, pixels, TDI_PICTURE_COLOR, TDI_FILE_PNG);
    job.user = path;
    job.prepare = want_nothing;
    assert_int_equal(run_job(NULL, &job), TD_OK);
    assert_int_equal(job.file_bytes, 0);
    job.prepare = refuse;
    assert_int_equal(run_job(NULL, &job), TD_ERROR_IO);
    assert_string_equal(last_sentence, "no folder");
    assert_false(tdi_file_exists(path));
    job.prepare = name_file;
    assert_int_equal(run_job(NULL, &job), TD_OK);
    assert_true(job.file_bytes > 0 && tdi_file_has_content(path));
}

static void depth_needs_npy(void **state)
{
    (void)state;
    static const float depth[PIXELS];
    tdi_encode_job job =
        make_job(support_path("depth.png"), depth, TDI_PICTURE_SCALAR, TDI_FILE_PNG);
    assert_int_equal(run_job(NULL, &job), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(last_sentence, ".npy"));
    assert_false(tdi_file_exists(job.path));
}

/* Rows that are not tight: the file holds the rows alone. */
static void npy_holds_the_rows(void **state)
{
    (void)state;
    float depth[HEIGHT][WIDTH + 3];
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH + 3; x++)
            depth[y][x] = (float)(100 * y + x);
    tdi_encode_job job =
        make_job(support_path("depth.npy"), depth, TDI_PICTURE_SCALAR, TDI_FILE_NPY);
    job.row_bytes = sizeof depth[0];
    assert_int_equal(run_job(NULL, &job), TD_OK);
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read(job.path, 1 << 20, &data, &size), TD_OK);
    assert_int_equal(size, 128 + sizeof(float) * PIXELS);
    assert_int_equal(job.file_bytes, size);
    for (int y = 0; y < HEIGHT; y++)
        assert_memory_equal(data + 128 + sizeof(float) * WIDTH * (size_t)y, depth[y],
                            sizeof(float) * WIDTH);
    tdi_free(data);
}

static void existing_files_stay_unless_replaced(void **state)
{
    (void)state;
    static const uint8_t pixels[PIXELS * 4];
    const tdi_encoder_params replace = {.threads = 1, .replace = true};
    const char *path = support_path("there.png");
    support_write_file(path, "old");
    tdi_encode_job job = make_job(path, pixels, TDI_PICTURE_COLOR, TDI_FILE_PNG);
    assert_int_equal(run_job(NULL, &job), TD_ERROR_EXISTS);
    assert_int_equal(job.file_bytes, 0);
    support_assert_file(path, "old", 3);
    assert_int_equal(run_job(&replace, &job), TD_OK);
    uint8_t decoded[PIXELS * 4];
    decode(path, SPNG_FMT_RGBA8, decoded, sizeof decoded);
}

/* Many jobs on several threads: each file is the one that was asked for. */
static void many_jobs_run_at_once(void **state)
{
    (void)state;
    enum { JOBS = 40 };
    static int32_t ids[JOBS][PIXELS];
    static char paths[JOBS][512];
    static tdi_encode_job jobs[JOBS];
    tdi_encoder *encoder;
    assert_int_equal(tdi_encoder_create(&(const tdi_encoder_params){.threads = 3}, &encoder),
                     TD_OK);
    assert_int_equal(tdi_encoder_threads(encoder), 3);
    atomic_store(&done_count, 0);
    for (int i = 0; i < JOBS; i++) {
        char name[32];
        snprintf(name, sizeof name, "many%d.png", i);
        snprintf(paths[i], sizeof paths[i], "%s", support_path(name));
        for (int p = 0; p < PIXELS; p++)
            ids[i][p] = i * 1000 + p;
        jobs[i] = make_job(paths[i], ids[i], TDI_PICTURE_ID, TDI_FILE_PNG);
        tdi_encoder_submit(encoder, &jobs[i]);
    }
    /* Destruction finishes what was submitted. */
    tdi_encoder_destroy(encoder);
    assert_int_equal(atomic_load(&done_count), JOBS);
    for (int i = 0; i < JOBS; i++) {
        uint16_t decoded[PIXELS];
        assert_int_equal(jobs[i].result, TD_OK);
        assert_true(jobs[i].worker < 3);
        decode(paths[i], SPNG_FMT_PNG, decoded, sizeof decoded);
        for (int p = 0; p < PIXELS; p++)
            assert_int_equal(decoded[p], ids[i][p]);
    }
}

static void creation_may_fail_anywhere(void **state)
{
    (void)state;
    const tdi_encoder_params params = {.threads = 2};
    for (uint32_t nth = 1;; nth++) {
        tdi_encoder *encoder = NULL;
        support_fail_allocation(nth);
        td_result result = tdi_encoder_create(&params, &encoder);
        if (!support_allocation_failed()) {
            support_fail_allocation(0);
            assert_int_equal(result, TD_OK);
            tdi_encoder_destroy(encoder);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_null(encoder);
    }
    for (uint32_t nth = 1; nth <= 2; nth++) {
        tdi_encoder *encoder = NULL;
        support_fail_thread(nth);
        assert_int_equal(tdi_encoder_create(&params, &encoder), TD_ERROR_SYSTEM);
        assert_null(encoder);
    }
    support_restore_threads();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_become_png),
        cmocka_unit_test(ids_become_16_bits),
        cmocka_unit_test(ids_that_do_not_fit_are_refused),
        cmocka_unit_test(a_deadline_that_has_passed_leaves_no_file),
        cmocka_unit_test(preparation_decides_what_is_written),
        cmocka_unit_test(depth_needs_npy),
        cmocka_unit_test(npy_holds_the_rows),
        cmocka_unit_test(existing_files_stay_unless_replaced),
        cmocka_unit_test(many_jobs_run_at_once),
        cmocka_unit_test(creation_may_fail_anywhere),
    };
    return cmocka_run_group_tests_name("encoder", tests, support_enter_folder,
                                       support_leave_folder);
}
