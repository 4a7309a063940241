#include "async/request.h"
#include "base/memory.h"
#include "scene/device_picture.h"

/* A range of a buffer on its way: the request's payload. */
typedef struct buffer_upload {
    tdi_upload_job *job;
    td_request *request;
} buffer_upload;

static void free_upload(void *payload)
{
    tdi_upload_job_release(((buffer_upload *)payload)->job);
    tdi_free(payload);
}

/* A job that is cancelled finishes the request from its own callback. */
static bool cancel_upload(void *payload)
{
    (void)tdi_upload_job_cancel(((buffer_upload *)payload)->job);
    return false;
}

static const tdi_request_class BUFFER_REQUEST = {.destroy = free_upload, .cancel = cancel_upload};

static void on_finished(void *user, td_result result)
{
    tdi_request_finish(((buffer_upload *)user)->request, result);
}

static td_result check(const td_uploader *uploader, const td_upload_buffer_params *params,
                       td_request *const *request)
{
    if (!uploader || !params || !request)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_uploader_queue_buffer: `%s` is NULL",
                        !uploader ? "uploader"
                        : !params ? "params"
                                  : "request");
    if (!params->buffer || !params->data || params->size == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_uploader_queue_buffer: `%s` is not set",
                        !params->buffer ? "buffer"
                        : !params->data ? "data"
                                        : "size");
    return TD_OK;
}

td_result td_uploader_queue_buffer(td_uploader *uploader, const td_upload_buffer_params *params,
                                   td_request **request)
{
    TDI_TRY(check(uploader, params, request));
    *request = NULL;
    buffer_upload *upload = tdi_alloc_zero(1, sizeof *upload);
    if (!upload)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_request_create(&BUFFER_REQUEST, upload, &upload->request);
    if (result != TD_OK) {
        tdi_free(upload);
        return result;
    }
    td_request *made = upload->request;
    const tdi_upload_job_params job = {
        .buffer = params->buffer,
        .offset = params->offset,
        .size = params->size,
        .data = params->data,
        .priority = params->priority,
        .finished = on_finished,
        .user = upload,
    };
    result = tdi_uploader_add(tdi_uploader_engine_of(uploader), &job, &upload->job);
    if (result != TD_OK) {
        tdi_request_finish(made, result);
        td_request_release(made);
        return result;
    }
    *request = made;
    return TD_OK;
}
