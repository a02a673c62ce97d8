SELECT position('a' IN x) a, trim(both ' ' FROM x) b, x LIKE 'a%' c, x NOT ILIKE 'b' d, to_char(n, '999') e, to_char(dt, 'YYYY') f, split_part(x, ',', 1) g FROM t;
SELECT 1 FROM t WHERE l > 1 AND i < l AND n = 1 AND f = 1.5 AND dt < ts AND tz > dt;
SELECT 1 FROM t WHERE i IN (1, 2) AND NOT x IN ('a', NULL) AND i BETWEEN 1 AND 3