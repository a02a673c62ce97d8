\x
SELECT 1 AS a;
SELECT 1 AS a, 'text' AS b, true AS c, NULL AS d, 1.50 AS e, DATE '2025-01-14' AS f;
SELECT 'left' AS a_long_head, 'a long value' AS b;
SELECT * FROM (VALUES (1, 'a'), (22, 'bbb'), (NULL, NULL), (333, '')) AS t(n, s);
SELECT 1 AS a WHERE false;
SELECT E'two\nlines' AS x, 'one' AS y, E'a\nb\nc' AS z;
SELECT E'a\nlonger line' AS x, 12345 AS n, E'last\ncolumn' AS z;
SELECT E'trailing\n' AS x, E'\nleading' AS y;
SELECT E'tab\there' AS t, E'a\tb\tc' AS u, E'return\rhere' AS r, E'bell\x07' AS b;
SELECT 'ä ö ü' AS umlaut, '日本語' AS wide, 'x' AS "größe", '😀' AS e, E'e\u0301' AS combining;
SELECT 12345678901234567890.123 AS big, 0.1::float8 AS d, 'NaN'::float8 AS n, 1e300::float8 AS h;
SELECT '2025-01-14 10:00:00'::timestamp AS t, '10:00'::time AS u, INTERVAL '1 day 2 hours' AS i;
SELECT 't'::boolean AS yes, 'f'::boolean AS no;
SELECT 1 AS "a | b", 'x | y' AS "c,d", 'say "hi"' AS q, '\.' AS e;
SELECT E'multi\nhead' AS "one
two", 1 AS "n
m";
SELECT ' leading and trailing ' AS s;
SELECT 'a value that is longer than the words above it' AS a, 1 AS a_head_that_is_long;
SELECT 1 as a, 'xxxxxxxxxxxxxxxxxxxx' as b;
SELECT 1 AS head_of_eleven;
SELECT 1 AS a23456789, 2 AS b;
SELECT 1 AS a234567890, 2 AS b;
SELECT 1 AS a2345678901, 2 AS b;
SELECT 1 AS a23456789012, 2 AS b;
