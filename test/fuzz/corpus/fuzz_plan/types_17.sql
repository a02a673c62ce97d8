SELECT i, sum(exp(d)) FROM t GROUP BY i;
SELECT i, sum(random()) FROM t GROUP BY i;
SELECT i, count(DISTINCT x) FROM t GROUP BY i