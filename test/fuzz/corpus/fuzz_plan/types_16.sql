SELECT i FROM t WHERE i = 1 AND 1 > 2;
SELECT random() > 2 AS a, pg_typeof(n) b FROM t;
SELECT date_trunc('day', now()), count(*) FROM t GROUP BY 1