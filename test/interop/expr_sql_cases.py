"""expr_sql_cases.py - whole SQL expressions for expr_judge.py --sql: how operators bind, which types
meet, what is evaluated. What docs/user/sql.md lists as different is left out."""
import itertools

NUMBERS = """
1 + 2 * 3;(1 + 2) * 3;7 / 2;-7 / 2;7 / -2;7 % 3;-7 % 3;7 / 2.0;7 / 2.0::float8;2 ^ 10;2 ^ 3 ^ 2;-2 ^ 2
10 - 2 - 3;1 / 3.0;2 / 3.0;0.1 + 0.2;0.1::float8 + 0.2::float8;0.1::real + 0.2::real
1.10 + 2.2;1.5 * 1.5;1.005 * 1000;100 * 1.10;9999999999 + 1;2147483647 + 1;2147483647::bigint + 1
9223372036854775807 + 1;9223372036854775807 + 1.0;-2147483648;- -1;+5;1e3;1e3 + 1;1.5e-3;.5;5.
1 / 0;1.0 / 0;1 / 0.0::float8;5 % 0;mod(10, 3);mod(-10, 3);mod(10.5, 3);abs(-5);abs(-5.5);abs(-5.5::float8)
round(2.5);round(-2.5);round(2.5::float8);round(3.5::float8);round(1234.567, 2);round(1234.567, -2);round(0.5)
trunc(-1.7);trunc(1234.567, 1);ceil(1.2);ceil(-1.2);floor(-1.2);floor(1.8::float8);sign(-3.2);sqrt(2);sqrt(-1)
ln(10);ln(0);log(1000);exp(1);pi();degrees(pi());radians(180);sin(0);cos(0);atan2(1, 1)
greatest(1, 2.5, 3);least(1, 2.5, 3);greatest(1, null, 3);greatest(null, null::int);least('b', 'a')
5::smallint + 1;1::real / 3;1::float8 / 3;100::numeric(5,2) / 7;22.0 / 7
12345678901234567890 * 10;0.00001 * 0.00001;123.456 - 0.456;1.10 = 1.1;1.10 > 1.1;1 = 1.0;1 < 1.5::float8
1.5 = 1.5::real;0.1 = 0.1::real;0.1::float8 = 0.1;3 in (1, 2.5, 3);3 not in (1, 2);3 not in (1, null);null in (1)
2 between 1 and 3;2 not between 1 and 3;2 between 3 and 1;2 between symmetric 3 and 1;null between 1 and 2
'5' + 3;'5' * '3'::int;'abc' + 1;5 || 'x';1.5::int;2.5::int;-1.5::int;1.5::float8::int;2.5::float8::int;'12'::int
'12.5'::int;'12.5'::numeric;'12.5'::numeric(3,0);999.99::numeric(4,1);cast('7' as bigint);int '7';float8 '1.5'
'nan'::float8;'inf'::float8 > 1e300;'nan'::float8 = 'nan'::float8;1e400::float8;1e-400::float8;1e38::real * 10
true::int;1::boolean;0::boolean;'yes'::boolean;null::boolean;123::text || 'a';1.50::text;1.5e10::float8::text
to_hex(255);17 % 5 = 2;-0.0::float8 = 0.0::float8;1 <> 2;1 != 1
"""
LOGIC = """
true and null;false and null;true or null;false or null;not null;null is null;null is not null;null = null
1 is distinct from null;null is distinct from null;null is not distinct from null;1 is not distinct from 1
(null::boolean) is unknown;true is not false;null::boolean is not true;(1 = 1) is true;not (1 = 2);not true or true
case when 1 > 2 then 'a' when 2 > 1 then 'b' else 'c' end;case 2 when 1 then 'x' when 2 then 'y' end
case when null then 1 else 2 end;case 3 when 1 then 'x' end;case when true then 1 else 1 / 0 end
case when false then 1 / 0 else 5 end;case when 1 = 0 then 1.5 else 2 end;case when true then 1 else 2.5 end
coalesce(null, 1);coalesce(null, null, 'a');coalesce(1, 1 / 0);coalesce(null, 1.5, 2);nullif(1, 1);nullif(1, 2)
nullif('a', 'b');nullif(1.0, 1);coalesce(nullif(0, 0), 7);false and 1 / 0 = 1;true or 1 / 0 = 1
'a' < 'b';'a' < 'B';'abc' < 'abd';'' < 'a';'Z' < 'a';'ä' > 'z';'a' = 'a ';true > false;true = 't'
(1 = 1) = (2 = 2);1 = 1 and 2 = 2 or 3 = 4;'b' between 'a' and 'c'
"""
TEXT = """
'a' || 'b';'a' || null;'a' || 1 || true;concat('a', null, 1, true);concat_ws('-', 1, null, 'x');length('äöü')
upper('straße');lower('ÀÉ');initcap('hello wORLD');trim('  x  ');trim(both 'x' from 'xxaxx');trim(leading 'x' from 'xax')
trim(trailing 'x' from 'xax');ltrim('  a');rtrim('a  ');btrim('xyax', 'xy');substring('hello' from 2 for 3)
substring('hello' from 2);substring('hello' for 2);substr('hello', -1, 3);left('hello', 2);left('hello', -2);right('hello', 2)
lpad('5', 3, '0');rpad('a', 3);lpad('hello', 2);replace('a-b-c', '-', '+');translate('abc', 'ab', 'x');position('l' in 'hello')
strpos('hello', 'z');split_part('a,b,c', ',', 2);split_part('a,b,c', ',', -1);repeat('ab', 3);reverse('abc');ascii('a');chr(228)
starts_with('hello', 'he');'hello' like 'h%o';'hello' like 'H%';'hello' ilike 'H%';'hello' not like '%z%';'a%b' like 'a\\%b'
'a%b' like 'a#%b' escape '#';'h_llo' like 'h\\_llo';null like 'a';'x' like null;'' like '';'' like '%';char_length('日本')
octet_length('日本');encode('abc'::bytea, 'hex');encode('\\xdeadbeef', 'base64');decode('616263', 'hex');length('\\x0102'::bytea)
'\\x61'::bytea || '\\x62'::bytea;'abc'::bytea::text;'\\x61'::text::bytea;'It''s';E'a\\nb';'a' 'b';$$dollar$$
to_char(1234.5, '9,999.99');to_char(-5, '999');to_char(0.5, 'FM990.00');to_char(42, 'RN');to_char(125::bigint, '999th')
to_char(1234.5::float8, 'FM9G999D0');to_char(timestamp '2025-01-14 10:05:06', 'YYYY-MM-DD HH24:MI:SS')
to_char(date '2025-01-14', 'Day, DD Month YYYY');to_char(date '2025-01-14', 'IYYY-"W"IW');to_char(interval '26:03:04', 'HH24:MI')
md5_missing('a');length(5);upper(5);length(null);'a' || 'b' = 'ab';'abc'::text < 'abd';pg_typeof(1.5);pg_typeof('a'::text)
"""
TIME = """
date '2024-02-29' + 1;date '2024-03-01' - date '2024-02-01';date '2024-01-31' + interval '1 month';date '2024-01-31' + 30
timestamp '2024-01-31 10:00' + interval '1 month 1 day';timestamp '2024-03-31' - interval '1 month';interval '1 day' * 1.5
timestamp '2024-03-01' - timestamp '2024-02-01 12:00';interval '1 month' / 2;interval '1 day' > interval '23 hours'
interval '1 mon' = interval '30 days';interval '90 minutes';interval '1' day;interval '1 day' - interval '1 hour'
extract(year from date '2024-02-29');extract(dow from date '2024-02-29');extract(epoch from timestamp '2024-01-01 00:00:00.5')
extract(second from timestamp '2024-01-01 00:00:01.25');extract(s from time '00:00:01.25');extract(msec from time '00:00:01.0005');extract(jd from timestamp '2024-01-01 18:00');extract(milliseconds from time '00:00:01.25');extract(quarter from date '2024-05-05')
extract(week from date '2021-01-03');extract(isoyear from date '2021-01-03');extract(doy from date '2024-12-31');extract(hour from interval '26 hours')
extract(epoch from interval '1 day 2 hours');extract(day from timestamptz '2024-01-01 23:30+00');extract(century from date '2001-01-01')
date_part('month', timestamp '2024-05-06');date_part('second', time '10:00:01.5');date_trunc('month', timestamp '2024-05-17 10:00')
date_trunc('week', timestamp '2024-05-17');date_trunc('hour', timestamptz '2024-05-17 10:59+00');date_trunc('day', interval '3 days 5 hours')
date_trunc('quarter', date '2024-05-17');date_trunc('decade', timestamp '2024-05-17');date_trunc('nope', timestamp '2024-05-17')
date_bin('15 minutes', timestamp '2024-01-01 10:22', timestamp '2024-01-01');age(timestamp '2024-03-01', timestamp '2023-12-31')
make_date(2024, 2, 29);make_date(2023, 2, 29);make_timestamp(2024, 1, 2, 3, 4, 5.5);make_interval(days => 3, hours => 4)
timestamp '2024-07-01 12:00' at time zone 'Europe/Berlin';timestamptz '2024-07-01 12:00+00' at time zone 'Europe/Berlin'
timestamptz '2024-07-01 12:00+02';timestamptz '2024-07-01 12:00 Europe/Berlin';timestamp '2024-07-01 12:00'::date;timestamp '2024-07-01 12:30'::time
date '2024-07-01'::timestamp;date '2024-07-01' = timestamp '2024-07-01';date '2024-07-01' < timestamptz '2024-07-01 01:00+00';'2024-07-01'::date
'2024-7-1'::date;'20240701'::date;'2024-02-30'::date;'2024-07-01 10:00'::timestamp + interval '1 day';time '10:00' + interval '15:00'
time '23:00' - time '01:00';date '2024-07-01' + time '10:00';to_date('05 Dec 2000', 'DD Mon YYYY');to_timestamp('2024-02-29 12:34', 'YYYY-MM-DD HH24:MI')
to_timestamp(1700000000);to_timestamp(1700000000.5);date '2024-12-31' - 365;date '0044-03-15 BC';date '2024-01-01' between '2023-12-31' and '2024-01-02'
interval '1 year 2 months 3 days 04:05:06';- interval '1 day';interval '1 day' + date '2024-01-01';2 * interval '1 hour';timestamp '2024-01-01' < '2024-01-02'
date '2024-05-05' in ('2024-05-05', '2024-05-06');'2024-05-05' = date '2024-05-05';greatest(date '2024-01-01', date '2023-01-01')
date_trunc('day', timestamptz '2024-07-01 23:30+00', 'Europe/Berlin');coalesce(null::date, date '2024-01-01');timestamp '2024-01-01 24:00'
extract(timezone from timestamptz '2024-07-01 12:00+00');extract(fortnight from date '2024-01-01');date '2024-01-01' * 2;now() = now()
current_date = now()::date;localtimestamp = now()::timestamp;time '10:00' < time '11:00';interval '1 day' / 0
"""


def expressions():
    for block in (NUMBERS, LOGIC, TEXT, TIME):
        for line in block.strip().split("\n"):
            yield from line.split(";")


def matrix():
    """Two types meeting in comparisons, CASE and arithmetic."""
    atoms = ["1", "2.5", "3::bigint", "1.5::float8", "'2'", "0.25::real", "4::smallint", "7.125::numeric(10,3)"]
    for a, b in itertools.product(atoms, repeat=2):
        for op in ("+", "*", "/", "<", "="):
            yield f"{a} {op} {b}"
        yield f"case when 1 = 1 then {a} else {b} end"
        yield f"coalesce(null, {a}, {b})"


def cases():
    return list(dict.fromkeys(itertools.chain(expressions(), matrix())))
