/* A whole render that something goes wrong in: two views of a small scene with a texture and a
 * masked surface, as PNG files or as requests, and what must hold afterwards. */
#ifndef TESTS_GPU_FAULT_JOB_H
#define TESTS_GPU_FAULT_JOB_H

#include "scene_support.h"

enum { FAULT_VIEWS = 2 };

/* Of the devices: blocks and rings are small then, and made quickly. */
#define FAULT_BUDGET (UINT64_C(64) << 20)

td_scene *fault_scene(void);

/* What came of it. Pictures may be there though the whole failed; one that is there is complete. */
typedef struct fault_outcome {
    td_result result;
    char sentence[320];           /* of the failure */
    uint64_t hashes[FAULT_VIEWS]; /* of the pictures; 0: it is missing */
} fault_outcome;

/* Makes all that it needs on the device, renders, and frees it again. */
typedef void (*fault_job_fn)(td_device *device, td_scene *scene, fault_outcome *out);
void fault_job_batch(td_device *device, td_scene *scene, fault_outcome *out);
void fault_job_requests(td_device *device, td_scene *scene, fault_outcome *out);
/* In place of pictures, textures that go to the device and come back; the scene is not used. */
void fault_job_uploads(td_device *device, td_scene *scene, fault_outcome *out);
/* An environment, of which it only matters that it is made; the scene is not used. */
void fault_job_environment(td_device *device, td_scene *scene, fault_outcome *out);

/* Fails unless it gave these pictures, or failed with that code and a sentence, and every picture
 * that is there is right. TD_OK: it must not have failed. */
void fault_assert_sound(const fault_outcome *found, const fault_outcome *expected, td_result code,
                        const char *where);

/* Fails unless all of the device's memory came back, of the budget and of the driver. */
void fault_assert_returned(td_device *device, const char *where);

/* A device that has done the job once, so that what it makes only once is there, and what came of
 * it. */
typedef struct fault_place {
    td_device *device;
    td_scene *scene;
    fault_job_fn job;
    fault_outcome expected;
    uint64_t blocks_before, blocks; /* of host memory: without the device, and with it */
} fault_place;

void fault_place_open(fault_job_fn job, fault_place *out);
void fault_place_close(fault_place *place);
/* Another device in place of this one, which may be lost, gives the same pictures. */
void fault_place_renew(fault_place *place);

/* Fails unless all memory came back, of the host, the budget and the driver, and validation has
 * nothing to say. */
void fault_place_check(const fault_place *place, const char *where);
/* Does the job again, which must give the right pictures. */
void fault_place_again(const fault_place *place, const char *where);

#endif
