/* Errors inside the library: a code is returned, the sentence is kept for the thread. */
#ifndef TDI_BASE_ERROR_H
#define TDI_BASE_ERROR_H

#include <tandem/result.h>

/* Of a sentence, with its closing zero. */
#define TDI_SENTENCE_CAPACITY 2048

/* Keeps the sentence for td_last_error and returns `code`. The sentence starts in lower case and
 * has no full stop, so that it can be put after "tandem: ". */
td_result tdi_fail(td_result code, const char *format, ...) TD_PRINTF(2, 3);

/* Puts "place: " in front of the sentence of the failure in flight and returns `code`; used where
 * a caller knows the file or object that a callee could not name. */
td_result tdi_fail_in(td_result code, const char *format, ...) TD_PRINTF(2, 3);

/* Sets the sentence of this thread without a code (for failures handed over from other threads). */
void tdi_set_last_error(const char *sentence);

/* The system's text for an errno value, in English. Static storage. */
const char *tdi_system_text(int code);

/* Returns from the calling function if `expression` is not TD_OK. */
#define TDI_TRY(expression)                                                                        \
    do {                                                                                           \
        td_result tdi_try_result_ = (expression);                                                  \
        if (tdi_try_result_ != TD_OK)                                                              \
            return tdi_try_result_;                                                                \
    } while (0)

#endif
