SELECT nullif(1, dt) FROM t;
SELECT d::int a, i::boolean b, x::date c, ts::date d, tz::timestamp e, n::text f, x::numeric(5,1) g, d::smallint h, b::int i, date(ts) j, float8(n) k FROM t;
SELECT i::numeric a, l::numeric b, n::numeric c, d::numeric d, x::numeric e, '1.50'::numeric f, 7::numeric g, round(d::numeric, 2) h FROM t