/* Messages of the validation layer. They come in the middle of Vulkan calls, where locks may be
 * held and the host program must not be called; so a thread of its own logs them. */
#ifndef TDI_GPU_MESSAGES_H
#define TDI_GPU_MESSAGES_H

#include <tandem/host.h>

#include "base/error.h"

typedef struct tdi_messages tdi_messages;

td_result tdi_messages_create(tdi_messages **out);
/* Logs what is left. NULL is fine. */
void tdi_messages_destroy(tdi_messages *messages);
/* From any thread, under any lock. Long texts are cut; when they come too fast some are dropped,
 * and how many is logged. */
void tdi_messages_add(tdi_messages *messages, td_log_level level, const char *id, const char *text);

#endif
