// SPDX-License-Identifier: Apache-2.0
/* iceberg_transform.c - partition transforms (spec "Partition Transforms", appendix B), their text
 * in paths, and the paths of data files.
 *
 * A transform maps a column's value to its partition's value; NULL stays NULL. Times before 1970
 * are negative, so every division floors. Bucket hashes with 32-bit Murmur3 (x86 variant, seed 0)
 * over bytes that do not depend on the width of an integer. */
#include "iceberg/iceberg_int.h"

#include "column/column_text.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_HOUR   (3600 * US_PER_SECOND)
#define US_PER_DAY    (24 * US_PER_HOUR)

/* ---- Murmur3, 32 bits ---- */

static uint32_t rotate_left(uint32_t v, unsigned bits)
{
    return v << bits | v >> (32 - bits);
}

static uint32_t mix_block(uint32_t k)
{
    return rotate_left(k * 0xCC9E2D51u, 15) * 0x1B873593u;
}

uint32_t iceberg_murmur3(uint32_t seed, const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint32_t h = seed, tail = 0;
    size_t blocks = bytes / 4;
    for (size_t i = 0; i < blocks; i++)
        h = rotate_left(h ^ mix_block(load_u32le(p + 4 * i)), 13) * 5 + 0xE6546B64u;
    for (size_t i = bytes; i > blocks * 4; i--)
        tail = tail << 8 | p[i - 1];
    h ^= mix_block(tail) ^ (uint32_t)bytes;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return h ^ h >> 16;
}

/* Appendix B, "32-bit Hash Requirements": int and date hash as long. */
static status hash_value(const struct column_value *v, uint32_t *out, struct error *err)
{
    uint8_t digits[16];
    int64_t wide = v->i64;
    char name[64];
    size_t n;
    switch (v->type.kind) {
    case COLUMN_SMALLINT:
    case COLUMN_INT:
    case COLUMN_DATE:
        wide = v->i32;
        *out = iceberg_murmur3(0, &wide, sizeof(wide));
        return ST_OK;
    case COLUMN_BIGINT:
    case COLUMN_TIME:
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        *out = iceberg_murmur3(0, &wide, sizeof(wide));
        return ST_OK;
    case COLUMN_DECIMAL:
        n = iceberg_decimal_bytes(iceberg_decimal(v), digits);
        *out = iceberg_murmur3(0, digits, n);
        return ST_OK;
    case COLUMN_TEXT:
    case COLUMN_UUID:
    case COLUMN_BINARY:
    case COLUMN_FIXED:
        *out = iceberg_murmur3(0, v->str.ptr, v->str.len);
        return ST_OK;
    default:
        FAIL(err, ST_UNSUPPORTED, "bucket of type %s", column_type_name(v->type, name));
    }
}

/* ---- values ---- */

struct column_type iceberg_transform_type(struct iceberg_transform t, struct column_type source)
{
    switch (t.kind) {
    case ICEBERG_BUCKET:
    case ICEBERG_YEAR:
    case ICEBERG_MONTH:
    case ICEBERG_HOUR:
        return column_type_of(COLUMN_INT);
    case ICEBERG_DAY:
        return column_type_of(COLUMN_DATE);
    default:
        return source.kind == COLUMN_SMALLINT ? column_type_of(COLUMN_INT) : source;
    }
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static status apply_time(struct iceberg_transform t, const struct column_value *v,
                         struct column_value *out, struct error *err)
{
    char name[64];
    bool date = v->type.kind == COLUMN_DATE;
    if (!iceberg_transform_fits(t, v->type))
        FAIL(err, ST_INVALID, "%.*s of type %s", STR_ARG(t.text), column_type_name(v->type, name));
    if (t.kind == ICEBERG_HOUR) {
        int64_t hours = floor_div(v->i64, US_PER_HOUR);
        if (hours < INT32_MIN || hours > INT32_MAX)
            FAIL(err, ST_INVALID, "hour of a timestamp too far from 1970");
        out->i32 = (int32_t)hours;
        return ST_OK;
    }
    int32_t days = date ? v->i32 : (int32_t)floor_div(v->i64, US_PER_DAY);
    int64_t year;
    unsigned month, day;
    column_civil_from_days(days, &year, &month, &day);
    if (t.kind == ICEBERG_DAY)
        out->i32 = days;
    else if (t.kind == ICEBERG_YEAR)
        out->i32 = (int32_t)(year - 1970);
    else
        out->i32 = (int32_t)((year - 1970) * 12 + (month - 1));
    return ST_OK;
}

/* Bytes of the first `count` characters. */
static size_t text_prefix(struct str text, int32_t count)
{
    size_t at = 0;
    for (; at < text.len; at++)
        if (((uint8_t)text.ptr[at] & 0xC0) != 0x80 && count-- == 0)
            break;
    return at;
}

/* v - ((v mod w + w) mod w); wraps at the type's lower end, as Java's does. */
static uint64_t truncate_long(int64_t v, int32_t width)
{
    int64_t rest = v % width;
    return (uint64_t)v - (uint64_t)(rest < 0 ? rest + width : rest);
}

static status apply_truncate(struct iceberg_transform t, const struct column_value *v,
                             struct arena *arena, struct column_value *out, struct error *err)
{
    char name[64];
    int128 rest;
    switch (v->type.kind) {
    case COLUMN_SMALLINT:
    case COLUMN_INT:
        out->i32 = (int32_t)truncate_long(v->i32, t.param);
        return ST_OK;
    case COLUMN_BIGINT:
        out->i64 = (int64_t)truncate_long(v->i64, t.param);
        return ST_OK;
    case COLUMN_DECIMAL:
        if (v->type.precision <= 18) {
            out->i64 = (int64_t)truncate_long(v->i64, t.param);
            return ST_OK;
        }
        rest = v->i128 % t.param;
        out->i128 = v->i128 - (rest < 0 ? rest + t.param : rest);
        return ST_OK;
    case COLUMN_TEXT:
        return arena_str(arena, (struct str){v->str.ptr, text_prefix(v->str, t.param)}, &out->str,
                         err);
    case COLUMN_BINARY:
        return arena_str(
            arena,
            (struct str){v->str.ptr, v->str.len < (size_t)t.param ? v->str.len : (size_t)t.param},
            &out->str, err);
    default:
        FAIL(err, ST_INVALID, "truncate of type %s", column_type_name(v->type, name));
    }
}

status iceberg_transform_apply(struct iceberg_transform t, const struct column_value *v,
                               struct arena *arena, struct column_value *out, struct error *err)
{
    uint32_t hash;
    *out = (struct column_value){.type = iceberg_transform_type(t, v->type), .null = true};
    if (v->null || t.kind == ICEBERG_VOID)
        return ST_OK;
    out->null = false;
    switch (t.kind) {
    case ICEBERG_IDENTITY: {
        struct column_type type = out->type;
        TRY(column_value_copy(arena, v, out, err));
        out->type = type;
        return ST_OK;
    }
    case ICEBERG_BUCKET:
        ENSURE(t.param > 0, err);
        TRY(hash_value(v, &hash, err));
        out->i32 = (int32_t)((hash & 0x7FFFFFFF) % (uint32_t)t.param);
        return ST_OK;
    case ICEBERG_TRUNCATE:
        ENSURE(t.param > 0, err);
        return apply_truncate(t, v, arena, out, err);
    case ICEBERG_UNKNOWN_TRANSFORM:
        FAIL(err, ST_UNSUPPORTED, "partition transform \"%.*s\"", STR_ARG(t.text));
    default:
        return apply_time(t, v, out, err);
    }
}

/* ---- text ---- */

static status date_text(int32_t days, struct arena *arena, struct str *out, struct error *err)
{
    int64_t year;
    unsigned month, day;
    column_civil_from_days(days, &year, &month, &day);
    return arena_printf(arena, out, err, "%04lld-%02u-%02u", (long long)year, month, day);
}

/* "10:12", "10:12:55", "10:12:55.038", "10:12:55.038194": as Java's LocalTime prints. */
static void time_text(int64_t us, char out[32])
{
    int seconds = (int)(us / US_PER_SECOND), micros = (int)(us % US_PER_SECOND);
    int n = snprintf(out, 32, "%02d:%02d", seconds / 3600 % 24, seconds / 60 % 60);
    if (seconds % 60 != 0 || micros != 0)
        n += snprintf(out + n, 32 - (size_t)n, ":%02d", seconds % 60);
    if (micros % 1000 != 0)
        snprintf(out + n, 32 - (size_t)n, ".%06d", micros);
    else if (micros != 0)
        snprintf(out + n, 32 - (size_t)n, ".%03d", micros / 1000);
}

static status timestamp_text(const struct column_value *v, struct arena *arena, struct str *out,
                             struct error *err)
{
    struct str date;
    char clock[32];
    int64_t days = floor_div(v->i64, US_PER_DAY);
    TRY(date_text((int32_t)days, arena, &date, err));
    time_text(v->i64 - days * US_PER_DAY, clock);
    return arena_printf(arena, out, err, "%.*sT%s%s", STR_ARG(date), clock,
                        v->type.kind == COLUMN_TIMESTAMPTZ ? "Z" : "");
}

static status base64_text(struct str bytes, struct arena *arena, struct str *out, struct error *err)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *to;
    TRY(arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1, (void **)&to, err));
    *out = (struct str){to, 0};
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < have ? (uint8_t)bytes.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            to[out->len++] = k <= have ? digits[v >> (18 - 6 * k) & 63] : '=';
    }
    return ST_OK;
}

static status identity_text(const struct column_value *v, struct arena *arena, struct str *out,
                            struct error *err)
{
    char clock[32];
    struct buffer text;
    switch (v->type.kind) {
    case COLUMN_DATE:
        return date_text(v->i32, arena, out, err);
    case COLUMN_TIME:
        time_text(v->i64, clock);
        return arena_str(arena, str_of(clock), out, err);
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        return timestamp_text(v, arena, out, err);
    case COLUMN_BINARY:
    case COLUMN_FIXED:
        return base64_text(v->str, arena, out, err);
    case COLUMN_BOOLEAN:
        return arena_str(arena, v->b ? STR("true") : STR("false"), out, err);
    case COLUMN_TEXT:
        return arena_str(arena, v->str, out, err);
    default:
        break;
    }
    buffer_init(&text, NULL, 1024);
    status st = column_text_format(v, NULL, &text, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&text), out, err);
    buffer_free(&text);
    return st;
}

status iceberg_transform_text(struct iceberg_transform t, const struct column_value *v,
                              struct arena *arena, struct str *out, struct error *err)
{
    struct str date;
    if (v->null)
        return arena_str(arena, STR("null"), out, err);
    switch (t.kind) {
    case ICEBERG_YEAR:
        return arena_printf(arena, out, err, "%04lld", (long long)v->i32 + 1970);
    case ICEBERG_MONTH:
        return arena_printf(arena, out, err, "%04lld-%02d", (long long)floor_div(v->i32, 12) + 1970,
                            (int)(v->i32 - floor_div(v->i32, 12) * 12) + 1);
    case ICEBERG_DAY:
        return date_text(v->i32, arena, out, err);
    case ICEBERG_HOUR:
        TRY(date_text((int32_t)floor_div(v->i32, 24), arena, &date, err));
        return arena_printf(arena, out, err, "%.*s-%02d", STR_ARG(date),
                            (int)(v->i32 - floor_div(v->i32, 24) * 24));
    default:
        return identity_text(v, arena, out, err);
    }
}

/* ---- paths ---- */

/* application/x-www-form-urlencoded, as Java's URLEncoder writes it. */
static status append_escaped(struct buffer *out, struct str text, struct error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '-' || c == '_' || c == '.' || c == '*';
        if (plain || c == ' ')
            TRY(buffer_append_byte(out, plain ? c : '+', err));
        else
            TRY(buffer_printf(out, err, "%%%02X", c));
    }
    return ST_OK;
}

status iceberg_partition_path(const struct iceberg_spec *spec, const struct column_value *partition,
                              struct arena *arena, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < spec->count; i++) {
        struct str text;
        TRY(iceberg_transform_text(spec->fields[i].transform, &partition[i], arena, &text, err));
        TRY(append_escaped(out, spec->fields[i].name, err));
        TRY(buffer_append_byte(out, '=', err));
        TRY(append_escaped(out, text, err));
        TRY(buffer_append_byte(out, '/', err));
    }
    return ST_OK;
}

/* ---- where data files go --------------------------------------------------------------------- */

static status flag(const struct iceberg_table *t, const char *key, bool absent, bool *out,
                   struct error *err)
{
    struct str v = iceberg_table_property(t, key);
    *out = v.ptr ? str_eq_nocase(v, STR("true")) : absent;
    if (v.ptr && !*out && !str_eq_nocase(v, STR("false")))
        FAIL_SQL(err, ST_INVALID, "22023", 0, "table property %s is \"%.*s\", not true or false",
                 key, STR_ARG(v));
    return ST_OK;
}

/* Folders of a name's hash, so that object stores spread a table's files over their machines: 20 bits
 * of Murmur3 as digits, "0101/0110/1001/10110010", as Iceberg's ObjectStoreLocationProvider has them. */
static void hash_folders(struct str name, char out[24])
{
    uint32_t hash = iceberg_murmur3(0, name.ptr, name.len);
    size_t at = 0;
    for (unsigned i = 0; i < 20; i++) {
        if (i == 4 || i == 8 || i == 12)
            out[at++] = '/';
        out[at++] = hash >> (19 - i) & 1 ? '1' : '0';
    }
    out[at] = 0;
}

/* The last part of a location, and the one before it: "db/table". */
static struct str last_two(struct str location)
{
    size_t at = location.len, slashes = 0;
    while (at > 0 && !(location.ptr[at - 1] == '/' && ++slashes == 2))
        at--;
    return (struct str){location.ptr + at, location.len - at};
}

struct layout {
    struct str folder; /* without a slash at its end */
    bool hashed;       /* write.object-storage.enabled */
    bool partitioned;  /* partition values stand in the path */
};

static status read_layout(const struct iceberg_table *t, struct arena *arena, struct layout *out,
                          struct error *err)
{
    static const char *const keys[] = {"write.data.path", "write.object-storage.path",
                                       "write.folder-storage.path"}; /* the later ones are old */
    TRY(flag(t, "write.object-storage.enabled", false, &out->hashed, err));
    TRY(flag(t, "write.object-storage.partitioned-paths", true, &out->partitioned, err));
    out->partitioned |= !out->hashed;
    out->folder = (struct str){0};
    for (size_t i = 0; i < ARRAY_LEN(keys) && out->folder.len == 0; i++)
        if (i != 1 || out->hashed)
            out->folder = iceberg_trim_slash(iceberg_table_property(t, keys[i]));
    return out->folder.len > 0 ? ST_OK
                               : arena_printf(arena, &out->folder, err, "%.*s/data",
                                              STR_ARG(iceberg_trim_slash(t->location)));
}

/* Appends "<hash>/", where files of several tables meet with the table's name, or "<hash>-". */
static status put_hash(const struct iceberg_table *t, const struct layout *l, struct str name,
                       struct buffer *out, struct error *err)
{
    char folders[24];
    struct str location = iceberg_trim_slash(t->location);
    hash_folders(name, folders);
    if (!str_starts(l->folder, location))
        return buffer_printf(out, err, "%s/%.*s/", folders, STR_ARG(last_two(location)));
    return buffer_printf(out, err, "%s%c", folders, l->partitioned ? '/' : '-');
}

static status put_data_path(const struct iceberg_table *t, const struct iceberg_spec *spec,
                            const struct column_value *partition, struct str name,
                            struct arena *arena, struct buffer *path, struct buffer *tail,
                            struct error *err)
{
    struct layout l;
    TRY(read_layout(t, arena, &l, err));
    if (l.partitioned)
        TRY(iceberg_partition_path(spec, partition, arena, tail, err));
    TRY(buffer_append_str(tail, name, err));
    TRY(buffer_append_str(path, l.folder, err));
    TRY(buffer_append_byte(path, '/', err));
    if (l.hashed)
        TRY(put_hash(t, &l, buffer_str(tail), path, err));
    return buffer_append_str(path, buffer_str(tail), err);
}

status iceberg_data_path(const struct iceberg_table *t, const struct iceberg_spec *spec,
                         const struct column_value *partition, struct str name, struct arena *arena,
                         struct str *out, struct error *err)
{
    struct buffer path, tail;
    buffer_init(&path, arena->account, 1u << 20);
    buffer_init(&tail, arena->account, 1u << 20);
    status st = put_data_path(t, spec, partition, name, arena, &path, &tail, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&path), out, err);
    buffer_free(&tail);
    buffer_free(&path);
    return st;
}
