SELECT sum(sum(i)) FROM t;
SELECT sum(i) FILTER (WHERE max(i) > 1) FROM t;
SELECT i FROM t GROUP BY 3