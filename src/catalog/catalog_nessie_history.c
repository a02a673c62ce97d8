// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie_history.c - finding a publish in Nessie's history by its id.
 *
 * Each commit of ours carries its publish id as the property firn.publish-id, so that a lost reply
 * and what a dead process left behind are judged by what the server says it did, not by what we
 * think that it should have done. The server filters; pages are bounded. */
#include "catalog/catalog_nessie_int.h"

#define PAGES_MOST 10000

static status history_page(struct catalog *c, struct str path, struct str publish_id,
                           struct arena *arena, bool *found, struct str *token, struct error *err)
{
    struct nessie_request r = {.method = "GET",
                               .path = path,
                               .repeatable = true,
                               .firm = true,
                               .what = "looking for a commit"};
    struct nessie_reply reply;
    status st = catalog_nessie_get(c, &r, arena, &reply, err);
    if (st == ST_OK)
        st = catalog_nessie_parse_history(reply.doc.root, publish_id, arena, found, token, err);
    catalog_nessie_reply_free(&reply);
    return st;
}

status catalog_nessie_find_publish(struct catalog *c, struct str ref, struct str since,
                                   struct str publish_id, struct arena *arena, bool *found,
                                   struct error *err)
{
    struct str base, filter, path, token = {0};
    TRY(catalog_nessie_path(ref, (struct str){0}, arena, &base, err));
    TRY(arena_printf(arena, &filter, err,
                     "'firn.publish-id' in commit.properties && "
                     "commit.properties['firn.publish-id'] == '%.*s'",
                     STR_ARG(publish_id)));
    TRY(net_escape(filter, false, arena, &filter, err));
    *found = false;
    for (int pages = 0; pages < PAGES_MOST; pages++) {
        if (token.ptr)
            TRY(net_escape(token, false, arena, &token, err));
        TRY(arena_printf(arena, &path, err, "%.*s/history?%s%.*s%sfilter=%.*s%s%.*s", STR_ARG(base),
                         since.len ? "limit-hash=" : "", STR_ARG(since), since.len ? "&" : "",
                         STR_ARG(filter), token.ptr ? "&page-token=" : "", STR_ARG(token)));
        TRY(history_page(c, path, publish_id, arena, found, &token, err));
        if (*found || !token.ptr)
            return ST_OK;
    }
    FAIL(err, ST_LIMIT, "the history of %.*s has more than %d pages", STR_ARG(ref), PAGES_MOST);
}

static status reference_page(struct catalog *c, struct str *token, struct arena *arena,
                             struct catalog_names *out, struct error *err)
{
    struct nessie_request r = {
        .method = "GET", .repeatable = true, .what = "listing branches and tags"};
    struct nessie_reply reply;
    struct str escaped = {0};
    if (token->ptr)
        TRY(net_escape(*token, false, arena, &escaped, err));
    TRY(arena_printf(arena, &r.path, err, "trees%s%.*s", token->ptr ? "?page-token=" : "",
                     STR_ARG(escaped)));
    status st = catalog_nessie_get(c, &r, arena, &reply, err);
    if (st == ST_OK)
        st = catalog_nessie_parse_references(reply.doc.root, arena, out, token, err);
    catalog_nessie_reply_free(&reply);
    return st;
}

static status search_all(struct catalog *c, struct str publish_id, struct arena *arena, bool *found,
                         struct error *err)
{
    struct catalog_names refs = {0};
    struct str token = {0};
    int pages = 0;
    do {
        if (++pages > PAGES_MOST)
            FAIL(err, ST_LIMIT, "more than %d pages of branches and tags", PAGES_MOST);
        TRY(reference_page(c, &token, arena, &refs, err));
    } while (token.ptr);
    for (size_t i = 0; !*found && i < refs.count; i++)
        TRY(catalog_nessie_find_publish(c, refs.names[i], (struct str){0}, publish_id, arena, found,
                                        err));
    return ST_OK;
}

status catalog_nessie_was_published(struct catalog *c, struct str publish_id, bool *found,
                                    struct error *err)
{
    struct arena arena;
    arena_init(&arena, NULL);
    *found = false;
    status st = search_all(c, publish_id, &arena, found, err);
    arena_free(&arena);
    return st;
}
