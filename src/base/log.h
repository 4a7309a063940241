/* Messages to the host program. Never call these with a lock held. */
#ifndef TDI_BASE_LOG_H
#define TDI_BASE_LOG_H

#include <tandem/host.h>

void tdi_log(td_log_level level, const char *format, ...) TD_PRINTF(2, 3);
bool tdi_log_enabled(td_log_level level);
/* Says once that TANDEM_LOG has a value that means nothing, if it has; every message does. */
void tdi_log_check_environment(void);

#endif
