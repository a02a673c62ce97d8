SELECT i IS TRUE FROM t;
SELECT i AND b FROM t;
SELECT CASE i WHEN 1 THEN 'a' ELSE x END a, nullif(i, 1) b, coalesce(NULL, dt, ts) c, least(1, 2.5, f) d, nullif('a', 'b') e FROM t