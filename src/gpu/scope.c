#include <string.h>

#include <tandem/scope.h>

#include "base/memory.h"
#include "base/thread.h"

#define BUCKETS 256

/* A reservation with its id, or an object with how it is destroyed. */
typedef struct member {
    struct member *older, *newer;
    struct member *next; /* of its bucket */
    td_reservation *reservation;
    void *object;
    void (*destroy)(void *object);
    uint64_t bytes;
    uint32_t bucket;
    char id[]; /* empty for an object */
} member;

struct td_scope {
    td_budget *budget;
    char *name;
    tdi_mutex mutex;
    member *newest;
    member *buckets[BUCKETS];
    td_scope_info info;
};

td_result td_scope_create(td_budget *budget, const char *name, td_scope **out)
{
    if (!budget || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scope_create: `%s` is NULL",
                        budget ? "out" : "budget");
    *out = NULL;
    td_scope *scope = tdi_alloc_zero(1, sizeof *scope);
    if (!scope)
        return TD_ERROR_HOST_MEMORY;
    scope->budget = budget;
    scope->name = tdi_strdup(name ? name : "scope");
    td_result result =
        scope->name ? tdi_mutex_init(&scope->mutex, TDI_RANK_SCOPE) : TD_ERROR_HOST_MEMORY;
    if (result != TD_OK) {
        tdi_free(scope->name);
        tdi_free(scope);
        return result;
    }
    *out = scope;
    return TD_OK;
}

static uint32_t bucket_of_text(const char *text)
{
    uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT32_C(16777619);
    return (hash ^ hash >> 16) % BUCKETS;
}

static uint32_t bucket_of_object(const void *object)
{
    uintptr_t address = (uintptr_t)object;
    return (uint32_t)((address >> 4 ^ address >> 12) % BUCKETS);
}

static bool is_reservation(const member *m)
{
    return m->id[0] != '\0';
}

/* What follows is called under the lock. */

static member *find_id(const td_scope *scope, const char *id)
{
    member *m = scope->buckets[bucket_of_text(id)];
    while (m && strcmp(m->id, id) != 0)
        m = m->next;
    return m;
}

static member *find_object(const td_scope *scope, const void *object)
{
    member *m = scope->buckets[bucket_of_object(object)];
    while (m && (is_reservation(m) || m->object != object))
        m = m->next;
    return m;
}

static void link_member(td_scope *scope, member *m)
{
    m->older = scope->newest;
    if (m->older)
        m->older->newer = m;
    scope->newest = m;
    m->next = scope->buckets[m->bucket];
    scope->buckets[m->bucket] = m;
    td_scope_info *info = &scope->info;
    info->bytes += m->bytes;
    if (info->bytes > info->peak_bytes)
        info->peak_bytes = info->bytes;
    info->reservations += is_reservation(m);
    info->objects += !is_reservation(m);
}

static void unlink_member(td_scope *scope, member *m)
{
    member **place = &scope->buckets[m->bucket];
    while (*place != m)
        place = &(*place)->next;
    *place = m->next;
    if (m->newer)
        m->newer->older = m->older;
    else
        scope->newest = m->older;
    if (m->older)
        m->older->newer = m->newer;
    scope->info.bytes -= m->bytes;
    scope->info.reservations -= is_reservation(m);
    scope->info.objects -= !is_reservation(m);
}

/* Under no lock. */
static void end_member(member *m)
{
    if (m->destroy)
        m->destroy(m->object);
    td_reservation_release(m->reservation);
    tdi_free(m);
}

static member *make_member(const char *id)
{
    size_t length = strlen(id);
    member *m = tdi_alloc_zero(1, sizeof *m + length + 1);
    if (m)
        memcpy(m->id, id, length + 1);
    return m;
}

static td_result fail_exists(const td_scope *scope, const char *id)
{
    return tdi_fail(TD_ERROR_EXISTS, "%s has %s already; release it first", scope->name, id);
}

static td_result reserve(td_scope *scope, member *m, td_budget_category category, uint64_t bytes)
{
    const td_reservation_params params = {.name = m->id, .category = category, .bytes = bytes};
    td_result result = td_budget_reserve(scope->budget, &params, &m->reservation);
    m->bytes = bytes;
    m->bucket = bucket_of_text(m->id);
    tdi_mutex_lock(&scope->mutex);
    bool live = result == TD_OK && find_id(scope, m->id);
    if (result == TD_OK && !live)
        link_member(scope, m);
    scope->info.refused += result == TD_ERROR_BUDGET;
    tdi_mutex_unlock(&scope->mutex);
    if (result != TD_OK)
        return tdi_fail_in(result, "%s", scope->name);
    return live ? fail_exists(scope, m->id) : TD_OK;
}

static bool is_live(td_scope *scope, const char *id)
{
    tdi_mutex_lock(&scope->mutex);
    bool live = find_id(scope, id) != NULL;
    tdi_mutex_unlock(&scope->mutex);
    return live;
}

/* Whether the id is live is looked at first, so that one which is does not disturb anybody for
 * memory, and again when it is added: two threads may add it at once. */
td_result td_scope_reserve(td_scope *scope, const char *id, td_budget_category category,
                           uint64_t bytes)
{
    if (!scope || !id || !id[0])
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scope_reserve: %s",
                        scope ? "the id is empty" : "`scope` is NULL");
    if (is_live(scope, id))
        return fail_exists(scope, id);
    member *m = make_member(id);
    if (!m)
        return TD_ERROR_HOST_MEMORY;
    td_result result = reserve(scope, m, category, bytes);
    if (result != TD_OK)
        end_member(m);
    return result;
}

td_result td_scope_release(td_scope *scope, const char *id)
{
    if (!scope || !id)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scope_release: `%s` is NULL",
                        scope ? "id" : "scope");
    tdi_mutex_lock(&scope->mutex);
    member *m = id[0] ? find_id(scope, id) : NULL;
    if (m)
        unlink_member(scope, m);
    tdi_mutex_unlock(&scope->mutex);
    if (!m)
        return tdi_fail(TD_ERROR_NOT_FOUND, "%s has no %s", scope->name, id);
    end_member(m);
    return TD_OK;
}

td_result td_scope_adopt(td_scope *scope, void *object, void (*destroy)(void *object))
{
    if (!scope || !object || !destroy)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scope_adopt: `%s` is NULL",
                        !scope    ? "scope"
                        : !object ? "object"
                                  : "destroy");
    member *m = make_member("");
    if (!m)
        return TD_ERROR_HOST_MEMORY;
    m->object = object;
    m->destroy = destroy;
    m->bucket = bucket_of_object(object);
    tdi_mutex_lock(&scope->mutex);
    bool owned = find_object(scope, object) != NULL;
    if (!owned)
        link_member(scope, m);
    tdi_mutex_unlock(&scope->mutex);
    if (!owned)
        return TD_OK;
    tdi_free(m);
    return tdi_fail(TD_ERROR_EXISTS, "%s has that object already", scope->name);
}

td_result td_scope_disown(td_scope *scope, void *object)
{
    if (!scope || !object)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scope_disown: `%s` is NULL",
                        scope ? "object" : "scope");
    tdi_mutex_lock(&scope->mutex);
    member *m = find_object(scope, object);
    if (m)
        unlink_member(scope, m);
    tdi_mutex_unlock(&scope->mutex);
    if (!m)
        return tdi_fail(TD_ERROR_NOT_FOUND, "%s does not have that object", scope->name);
    tdi_free(m);
    return TD_OK;
}

static member *take_all(td_scope *scope)
{
    tdi_mutex_lock(&scope->mutex);
    member *newest = scope->newest;
    scope->newest = NULL;
    memset(scope->buckets, 0, sizeof scope->buckets);
    scope->info.bytes = 0;
    scope->info.reservations = 0;
    scope->info.objects = 0;
    tdi_mutex_unlock(&scope->mutex);
    return newest;
}

/* One after the other, so that each may still use those that are older. */
void td_scope_clear(td_scope *scope)
{
    if (!scope)
        return;
    member *m = take_all(scope);
    while (m) {
        member *older = m->older;
        end_member(m);
        m = older;
    }
}

void td_scope_destroy(td_scope *scope)
{
    if (!scope)
        return;
    td_scope_clear(scope);
    tdi_mutex_destroy(&scope->mutex);
    tdi_free(scope->name);
    tdi_free(scope);
}

void td_scope_get_info(td_scope *scope, td_scope_info *out)
{
    tdi_mutex_lock(&scope->mutex);
    *out = scope->info;
    tdi_mutex_unlock(&scope->mutex);
}
