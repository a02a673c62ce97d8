SELECT product_id, sum(amount) FROM sales GROUP BY product_id;
SELECT sum(amount), product_id FROM sales GROUP BY 2 HAVING count(*) > 10;
SELECT count(*) FROM sales