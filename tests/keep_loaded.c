/* Preloaded into tests that run with a sanitizer: libraries stay loaded until the process ends.
 * The Vulkan loader closes drivers and layers before leaks are looked for; what they left behind
 * would then be reported without a name, and tests/sanitizers.supp could not match it. */
int dlclose(void *library);

int dlclose(void *library)
{
    (void)library;
    return 0;
}
