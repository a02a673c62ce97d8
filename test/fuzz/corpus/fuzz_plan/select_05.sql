SELECT product_id FROM sales GROUP BY product_id ORDER BY sum(amount) DESC;
SELECT DISTINCT product_id AS p FROM sales ORDER BY product_id;
SELECT i FROM t LIMIT ALL