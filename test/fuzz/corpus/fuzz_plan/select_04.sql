SELECT sum(amount), avg(amount), sum(amount) + 1, max(amount) FILTER (WHERE quantity > 1), min(amount) FILTER (WHERE quantity > 1), count(1), count(*) FROM sales;
SELECT product_id AS p FROM sales ORDER BY p DESC, 1 LIMIT 3 OFFSET 1 + 1;
SELECT product_id FROM sales ORDER BY amount * 2 NULLS FIRST