SELECT * FROM (SELECT 1, 'x' AS y) AS s(a);
SELECT * FROM (SELECT 1) AS s(a, b);
SELECT i FROM t WHERE i > (SELECT max(product_id) FROM sales)