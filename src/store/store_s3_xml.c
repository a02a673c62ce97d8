// SPDX-License-Identifier: Apache-2.0
/* store_s3_xml.c - the XML of S3's replies, as far as it goes: elements and text.
 *
 * Gives an element when it ends, which is when its text is known:
 *
 *     <ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>
 *       -> Key (in Contents, "a"), Contents (in ListBucketResult), ListBucketResult
 *
 * Replies come from whoever answers on that port: a proxy's HTML page is refused like any other text
 * that is no XML.
 *
 * X1  `at` only grows, so a document of n bytes takes n steps at most
 * X2  at most S3_XML_DEPTH elements are open
 * X3  an element's text is copied once, into the caller's arena, and no longer than it stood there */
#include "store/store_s3_int.h"

void s3_xml_init(struct s3_xml *x, struct str text)
{
    *x = (struct s3_xml){.text = text};
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        x->at = 3;
}

static struct str rest(const struct s3_xml *x)
{
    return (struct str){x->text.ptr + x->at, x->text.len - x->at};
}

/* Steps behind the next `mark`. */
static status skip_behind(struct s3_xml *x, const char *mark, struct error *err)
{
    struct str left = rest(x);
    const char *found = left.len ? memmem(left.ptr, left.len, mark, strlen(mark)) : NULL;
    if (!found)
        FAIL(err, ST_CORRUPT, "the XML ends at byte %zu inside \"%s\"", x->text.len, mark);
    x->at += (size_t)(found - left.ptr) + strlen(mark);
    return ST_OK;
}

static struct str local_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == ':')
            return (struct str){name.ptr + i + 1, name.len - i - 1};
    return name;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Appends a character as UTF-8; `to` has room, since an entity is never shorter than that. */
static bool put_character(uint32_t c, char *to, size_t *n)
{
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return false;
    if (c < 0x80) {
        to[(*n)++] = (char)c;
        return true;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    to[(*n)++] = (char)(lead[more] | c >> (6 * more));
    while (more-- > 0)
        to[(*n)++] = (char)(0x80 | ((c >> (6 * more)) & 0x3F));
    return true;
}

/* "&...;" at the start of `s`; bytes it takes, 0 when it is none. */
static size_t put_entity(struct str s, char *to, size_t *n)
{
    static const struct {
        const char *text;
        char c;
    } named[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < ARRAY_LEN(named); i++)
        if (str_starts(s, str_of(named[i].text))) {
            to[(*n)++] = named[i].c;
            return strlen(named[i].text);
        }
    if (s.len < 4 || s.ptr[1] != '#')
        return 0;
    bool hex = s.ptr[2] == 'x';
    uint32_t c = 0;
    size_t i = hex ? 3 : 2, first = i;
    for (; i < s.len && i - first < 8 && s.ptr[i] != ';'; i++) {
        char d = s.ptr[i];
        int digit = d >= '0' && d <= '9'          ? d - '0'
                    : hex && d >= 'a' && d <= 'f' ? d - 'a' + 10
                    : hex && d >= 'A' && d <= 'F' ? d - 'A' + 10
                                                  : -1;
        if (digit < 0)
            return 0;
        c = c * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (i == first || i == s.len || s.ptr[i] != ';' || !put_character(c, to, n))
        return 0;
    return i + 1;
}

static status decode_text(struct s3_xml *x, struct str raw, struct arena *arena, struct str *out,
                          struct error *err)
{
    char *to;
    size_t n = 0;
    TRY(arena_alloc(arena, raw.len + 1, (void **)&to, err));
    for (size_t i = 0; i < raw.len;) {
        if (raw.ptr[i] != '&') {
            to[n++] = raw.ptr[i++];
            continue;
        }
        size_t taken = put_entity((struct str){raw.ptr + i, raw.len - i}, to, &n);
        if (taken == 0)
            FAIL(err, ST_CORRUPT, "the XML has an unknown entity before byte %zu", x->at);
        i += taken;
    }
    *out = (struct str){to, n};
    return ST_OK;
}

/* At "<name": pushes it; at once popped again when it ends in "/>". */
static status open_element(struct s3_xml *x, bool *ended, struct error *err)
{
    size_t start = x->at + 1, end = start;
    while (end < x->text.len && !is_space(x->text.ptr[end]) && x->text.ptr[end] != '>' &&
           x->text.ptr[end] != '/' && x->text.ptr[end] != '<')
        end++;
    if (end == start)
        FAIL(err, ST_CORRUPT, "the XML has a tag without a name at byte %zu", x->at);
    if (x->depth == S3_XML_DEPTH)
        FAIL(err, ST_CORRUPT, "the XML is more than %d elements deep", S3_XML_DEPTH);
    x->open[x->depth++] = (struct str){x->text.ptr + start, end - start};
    x->at = end;
    for (char quote = 0; x->at < x->text.len; x->at++) { /* attributes: a ">" may be quoted */
        char c = x->text.ptr[x->at];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            break;
    }
    if (x->at == x->text.len)
        FAIL(err, ST_CORRUPT, "the XML ends inside a tag");
    *ended = x->text.ptr[x->at - 1] == '/';
    x->at++;
    x->value_at = x->at;
    x->leaf = true;
    return ST_OK;
}

/* At "</name>", which must be that of the innermost element. */
static status close_element(struct s3_xml *x, struct error *err)
{
    size_t start = x->at + 2;
    if (x->depth == 0)
        FAIL(err, ST_CORRUPT, "the XML ends an element at byte %zu that was not begun", x->at);
    struct str name = x->open[x->depth - 1];
    TRY(skip_behind(x, ">", err));
    struct str found = {x->text.ptr + start, x->at - 1 - start};
    while (found.len && is_space(found.ptr[found.len - 1]))
        found.len--;
    if (!str_eq(found, name))
        FAIL(err, ST_CORRUPT, "the XML ends \"%.*s\" at byte %zu where \"%.*s\" is open",
             (int)(found.len < 40 ? found.len : 40), found.ptr, x->at,
             (int)(name.len < 40 ? name.len : 40), name.ptr);
    return ST_OK;
}

static void pop(struct s3_xml *x, struct s3_element *out)
{
    *out = (struct s3_element){.name = local_name(x->open[--x->depth]), .leaf = x->leaf};
    if (x->depth > 0)
        out->parent = local_name(x->open[x->depth - 1]);
    x->leaf = false;
}

/* At a "<" that is neither tag's: a comment, an instruction. *was false when it is a tag. */
static status skip_other(struct s3_xml *x, bool *was, struct error *err)
{
    struct str left = rest(x);
    *was = true;
    if (str_starts(left, STR("<!--")))
        return skip_behind(x, "-->", err);
    if (str_starts(left, STR("<?")))
        return skip_behind(x, "?>", err);
    if (str_starts(left, STR("<!")))
        FAIL(err, ST_CORRUPT, "the text at byte %zu is no XML that S3 sends: \"%.*s\"", x->at,
             (int)(left.len < 20 ? left.len : 20), left.ptr);
    *was = false;
    return ST_OK;
}

status s3_xml_next(struct s3_xml *x, struct arena *arena, struct s3_element *out, bool *more,
                   struct error *err)
{
    *more = true;
    for (;;) {
        struct str left = rest(x);
        const char *tag = left.len ? memchr(left.ptr, '<', left.len) : NULL;
        size_t text = tag ? (size_t)(tag - left.ptr) : left.len;
        for (size_t i = 0; x->depth == 0 && i < text; i++)
            if (!is_space(left.ptr[i]))
                FAIL(err, ST_CORRUPT, "the text at byte %zu is no XML", x->at + i);
        if (!tag) {
            if (x->depth > 0)
                FAIL(err, ST_CORRUPT, "the XML ends at byte %zu inside \"%.*s\"", x->text.len,
                     (int)(x->open[x->depth - 1].len < 40 ? x->open[x->depth - 1].len : 40),
                     x->open[x->depth - 1].ptr);
            *more = false;
            return ST_OK;
        }
        x->at += text;
        bool other, ended;
        TRY(skip_other(x, &other, err));
        if (other)
            continue;
        if (x->at + 1 < x->text.len && x->text.ptr[x->at + 1] == '/') {
            struct str raw = {x->text.ptr + x->value_at, x->at - x->value_at};
            TRY(close_element(x, err));
            pop(x, out);
            if (out->leaf)
                TRY(decode_text(x, raw, arena, &out->value, err));
            return ST_OK;
        }
        TRY(open_element(x, &ended, err));
        if (ended) {
            pop(x, out);
            return ST_OK;
        }
    }
}

struct str s3_xml_find(struct str text, const char *name, struct arena *arena)
{
    struct s3_xml x;
    struct s3_element e;
    bool more = true;
    s3_xml_init(&x, text);
    while (s3_xml_next(&x, arena, &e, &more, NULL) == ST_OK && more)
        if (e.leaf && str_eq_z(e.name, name))
            return e.value;
    return (struct str){0};
}
