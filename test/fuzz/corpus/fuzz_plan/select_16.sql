SELECT true, 1::int, i::bigint, '2025-01-01'::date, interval '1 day', CASE WHEN b THEN 1 END, CASE WHEN b THEN 1 ELSE i END, extract(year FROM dt), tz AT TIME ZONE 'UTC', (SELECT 1), (SELECT i FROM t), coalesce(i, 1), i IS NULL, -i, count(*) FROM t GROUP BY i, b, dt, tz;
SELECT day, DAY, "Day" FROM mixed;
SELECT value, "Value" FROM mixed