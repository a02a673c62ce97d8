SELECT i % 2 AS l, count(*) FROM t GROUP BY i % 2 ORDER BY l;
SELECT i % 2 AS l FROM t GROUP BY l;
SELECT p FROM (SELECT product_id AS p, sum(amount) AS a, count(*) AS n FROM sales GROUP BY product_id) s WHERE a > 1