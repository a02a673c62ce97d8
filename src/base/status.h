// SPDX-License-Identifier: Apache-2.0
/* status.h - one result code and one caller-owned error record for the whole tree.
 *
 * A function that can fail returns `status` and takes `struct error *err` last. err may be NULL.
 * The code says what the caller can do; the message says what happened.
 *
 * S1  whoever first returns a non-OK code fills err
 * S2  callers above only add context or an SQLSTATE; they never replace the code
 * S3  messages are lower case, without a final stop, and name the object, expected and found
 *
 * Exit codes of the program are derived from the code alone (status_exit_code). */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* code, text, default SQLSTATE, exit code of the program */
#define STATUS_MAP(X)                                                                              \
    X(OK, "ok", "00000", 0)                                                                        \
    X(OOM, "out of memory", "53200", 4)                                                            \
    X(INVALID, "the request is not valid", "22023", 1)                                             \
    X(UNSUPPORTED, "not supported", "0A000", 1)                                                    \
    X(NOT_FOUND, "not found", "42P01", 1)                                                          \
    X(EXISTS, "exists already", "42P07", 1)                                                        \
    X(CONFLICT, "lost to a concurrent change", "40001", 5)                                         \
    X(CORRUPT, "the bytes do not follow the format", "XX001", 1)                                   \
    X(IO, "reading or writing failed", "58030", 1)                                                 \
    X(NET, "the network failed", "08006", 9)                                                       \
    X(TIMEOUT, "took too long", "57014", 9)                                                        \
    X(AUTH, "not allowed", "28000", 1)                                                             \
    X(THROTTLED, "the server asks to slow down", "53400", 9)                                       \
    X(LIMIT, "would need more than allowed", "54000", 4)                                           \
    X(CANCELLED, "cancelled", "57014", 1)                                                          \
    X(REFUSED, "refused by a check", "23514", 3)                                                   \
    X(UNKNOWN, "outcome unknown", "08007", 6)                                                      \
    X(DIFFERS, "verification found a difference", "XX002", 7)                                      \
    X(GONE, "not verifiable any more", "55000", 8)                                                 \
    X(INTERNAL, "internal error", "XX000", 1)                                                      \
    X(USAGE, "wrong arguments or configuration", "F0000", 2)

#define STATUS_ENUM_(name, text, state, code) ST_##name,
typedef enum { STATUS_MAP(STATUS_ENUM_) ST_COUNT } status;
#undef STATUS_ENUM_

struct error {
    status code;
    int line;         /* where it was first raised */
    const char *file; /* borrowed: string literal */
    char sqlstate[6]; /* five characters and NUL; "" = the code's default */
    int64_t position; /* 1-based byte in the statement's text; 0 = none */
    char detail[256]; /* second line: the rows, the nearest name; "" = none */
    char msg[768];    /* innermost message, then ": context" added by callers */
};

void error_init(struct error *err);

/* All accept err == NULL. error_set returns `code`. */
__attribute__((format(printf, 5, 6))) status
error_set(struct error *err, status code, const char *file, int line, const char *fmt, ...);
/* error_context adds nothing that the message says already. */
__attribute__((format(printf, 2, 3))) void error_context(struct error *err, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void error_detail(struct error *err, const char *fmt, ...);
void error_sqlstate(struct error *err, const char *sqlstate);
void error_position(struct error *err, int64_t position);

const char *status_text(status code);
int status_exit_code(status code);
/* The record's SQLSTATE: its own, else the code's default. */
const char *error_state(const struct error *err);

#define STATUS_MUST_USE __attribute__((warn_unused_result))

/* `code` stands twice so that compilers see what is returned, and that outputs are set after OK. */
#define FAIL(err, code, ...)                                                                       \
    return (void)error_set((err), (code), __FILE__, __LINE__, __VA_ARGS__), (code)
/* Raises with an SQLSTATE and a position in the statement's text. */
#define FAIL_SQL(err, code, state, pos, ...)                                                       \
    do {                                                                                           \
        (void)error_set((err), (code), __FILE__, __LINE__, __VA_ARGS__);                           \
        error_sqlstate((err), (state));                                                            \
        error_position((err), (pos));                                                              \
        return (code);                                                                             \
    } while (0)
#define TRY(call)                                                                                  \
    do {                                                                                           \
        status st_ = (call);                                                                       \
        if (st_ != ST_OK)                                                                          \
            return st_;                                                                            \
    } while (0)
#define TRY_CONTEXT(call, err, ...)                                                                \
    do {                                                                                           \
        status st_ = (call);                                                                       \
        if (st_ != ST_OK) {                                                                        \
            error_context((err), __VA_ARGS__);                                                     \
            return st_;                                                                            \
        }                                                                                          \
    } while (0)
/* For functions with one `done:` label: `st` is the result variable. */
#define TRY_DONE(call)                                                                             \
    do {                                                                                           \
        st = (call);                                                                               \
        if (st != ST_OK)                                                                           \
            goto done;                                                                             \
    } while (0)
#define FAIL_DONE(err, code, ...)                                                                  \
    do {                                                                                           \
        st = error_set((err), (code), __FILE__, __LINE__, __VA_ARGS__);                            \
        goto done;                                                                                 \
    } while (0)
/* For bytes from outside. */
#define CHECK_BYTES(cond, err)                                                                     \
    do {                                                                                           \
        if (!(cond))                                                                               \
            FAIL((err), ST_CORRUPT, "expected %s", #cond);                                         \
    } while (0)

/* For our own logic: ASSERT in debug builds, ENSURE always, as a returned error. */
#ifdef NDEBUG
#define ASSERT(cond) ((void)sizeof(!(cond))) /* not evaluated, but its variables count as used */
#else
#define ASSERT(cond) ((cond) ? (void)0 : status_assert_failed(#cond, __FILE__, __LINE__))
#endif
#define ENSURE(cond, err)                                                                          \
    do {                                                                                           \
        if (!(cond))                                                                               \
            FAIL((err), ST_INTERNAL, "broken invariant: %s", #cond);                               \
    } while (0)
__attribute__((noreturn)) void status_assert_failed(const char *what, const char *file, int line);

#define PASTE_(a, b)  a##b
#define PASTE(a, b)   PASTE_(a, b)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define ARRAY_LEN(a)  (sizeof(a) / sizeof((a)[0]))

#endif
