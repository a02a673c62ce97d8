SELECT amount, product_id FROM sales;
SELECT * FROM sales;
SELECT s.* FROM demo.sales s LIMIT 10