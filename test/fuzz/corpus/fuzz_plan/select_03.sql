SELECT date_trunc('month', transaction_date::timestamp) AS month, count(*) FROM sales GROUP BY month;
SELECT sum(amount) / count(amount), avg(amount) FROM sales;
SELECT 1 FROM sales HAVING true