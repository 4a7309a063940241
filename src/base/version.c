#include <tandem/api.h>

#define TEXT_OF(value)   #value
#define VERSION(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char *td_version(void)
{
    return VERSION(TD_VERSION_MAJOR, TD_VERSION_MINOR, TD_VERSION_PATCH);
}
